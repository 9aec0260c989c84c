// SPDX-License-Identifier: GPL-2.0-only
/** @file Contents of tables, and what changed, as text for a reader. */
#ifndef WEFT_ENGINE_RECORD_TABLE_TEXT_H
#define WEFT_ENGINE_RECORD_TABLE_TEXT_H

#include "engine/record/table-log.h"

#include <string>
#include <vector>

namespace weft::engine
{

/**
 * One block for each table that has entries, by node and table, columns aligned.
 *
 * @param contents as TableLog::ContentsAt() gives it
 * @param at the instant, for the age of each entry
 */
std::string TableText(const std::map<TableLog::Key, TableRecord>& contents, TimeNs at);

/// One line a change: "5.2 s  host1  vtep-fdb  + 00:50:56:00:00:64 in 864 -> 10.0.1.10 (learned)".
std::string ChangesText(const std::vector<TableRecord>& changes);

/// One row as a JSON object, without a line end.
std::string TableRowJson(const TableRecord& record);

} // namespace weft::engine

#endif
