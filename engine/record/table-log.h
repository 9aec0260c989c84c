// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The history of every table of every node: what changed, when and why; replayed into the contents
 * at any time.
 */
#ifndef WEFT_ENGINE_RECORD_TABLE_LOG_H
#define WEFT_ENGINE_RECORD_TABLE_LOG_H

#include "engine/record/flow-observer.h"

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace weft::engine
{

/// One row of tables.csv. Cells that mean nothing for the table are empty.
struct TableRecord
{
    TimeNs time{0};
    std::string node;
    std::string table;   ///< bridge-fdb, vtep-fdb, arp, groups, igmp, multicast or routes
    std::string op;      ///< add, update or remove
    std::string cause;   ///< learned, moved, aged, port-down, ...
    std::string domain;  ///< VNI or VLAN; prefix length of a route
    std::string mac;     ///< key of the FDBs, value of ARP
    std::string address; ///< key of ARP; group; network of a route
    std::string source;  ///< of a multicast entry, or "*"
    std::string remote;  ///< VTEP an entry points to
    std::string port;    ///< port or interface it points to
    std::string text;    ///< further facts
};

/// The rows' history, in order of time.
class TableLog
{
  public:
    /// What tells an entry apart: node, table, domain, key MAC (not of ARP), address, source, and
    /// for memberships the port.
    using Key =
        std::tuple<std::string, std::string, std::string, std::string, std::string, std::string>;

    /// @param record not earlier than the one before
    void
    Add(TableRecord record)
    {
        m_records.push_back(std::move(record));
    }

    const std::vector<TableRecord>&
    Records() const
    {
        return m_records;
    }

    static Key KeyOf(const TableRecord& record);

    /**
     * The entries that exist at an instant, changes at exactly that instant included.
     *
     * @param time the instant
     * @param node only of this node; empty: of all
     * @param table only this table; empty: all
     * @return the latest row of each entry, by key
     */
    std::map<Key, TableRecord> ContentsAt(TimeNs time,
                                          std::string_view node = {},
                                          std::string_view table = {}) const;

    /// @return the rows with from < time <= to, of a node and table as above
    std::vector<TableRecord> Changes(TimeNs from,
                                     TimeNs to,
                                     std::string_view node = {},
                                     std::string_view table = {}) const;

  private:
    std::vector<TableRecord> m_records;
};

} // namespace weft::engine

#endif
