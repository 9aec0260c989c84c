// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/table-log.h"

namespace weft::engine
{

namespace
{

bool
Wanted(const TableRecord& record, std::string_view node, std::string_view table)
{
    return (node.empty() || record.node == node) && (table.empty() || record.table == table);
}

} // namespace

TableLog::Key
TableLog::KeyOf(const TableRecord& record)
{
    const bool arp = record.table == "arp";
    const bool membership = record.table == "igmp";
    return {record.node,
            record.table,
            record.domain,
            arp ? std::string() : record.mac,
            record.address,
            membership ? record.source + " " + record.port : record.source};
}

std::map<TableLog::Key, TableRecord>
TableLog::ContentsAt(TimeNs time, std::string_view node, std::string_view table) const
{
    std::map<Key, TableRecord> contents;
    for (const TableRecord& record : m_records)
    {
        if (record.time > time)
        {
            break;
        }
        if (!Wanted(record, node, table))
        {
            continue;
        }
        if (record.op == "remove")
        {
            contents.erase(KeyOf(record));
        }
        else
        {
            contents[KeyOf(record)] = record;
        }
    }
    return contents;
}

std::vector<TableRecord>
TableLog::Changes(TimeNs from, TimeNs to, std::string_view node, std::string_view table) const
{
    std::vector<TableRecord> changes;
    for (const TableRecord& record : m_records)
    {
        if (record.time > to)
        {
            break;
        }
        if (record.time > from && Wanted(record, node, table))
        {
            changes.push_back(record);
        }
    }
    return changes;
}

} // namespace weft::engine
