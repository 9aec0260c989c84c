// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Keeps the history of every table of a network's overlay and fabric: FDBs, ARP caches,
 * memberships, multicast state, routes.
 *
 * It only looks: a run with and without it is the same.
 */
#ifndef WEFT_ENGINE_RUN_TABLE_WATCH_H
#define WEFT_ENGINE_RUN_TABLE_WATCH_H

#include "engine/build/overlay.h"
#include "engine/record/table-log.h"
#include "engine/spec/scenario.h"

#include <memory>
#include <vector>

namespace weft::engine
{

class TableWatch
{
  public:
    /// Connects to all tables. @param scenario the scenario @param overlay its overlay
    /// @param log where changes go; all three must outlive this
    TableWatch(const spec::Scenario& scenario, const Overlay& overlay, TableLog& log);
    ~TableWatch();

  private:
    class Node; ///< the trace sink of one node

    TableLog& m_log;
    std::vector<std::unique_ptr<Node>> m_nodes;
};

} // namespace weft::engine

#endif
