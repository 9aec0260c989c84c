// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/overlay-writers.h"

#include "engine/record/text.h"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <stdexcept>

namespace weft::engine
{

namespace
{

constexpr std::string_view TABLES_HEADER =
    "time_s,node,table,op,cause,domain,mac,address,source,remote,port,text";
constexpr std::size_t TABLES_COLUMNS = 12;

std::string_view
DirectionName(bool outward)
{
    return outward ? "out" : "in";
}

/// Splits one row of RFC 4180 off @p text. @return false when a quoted cell does not end
bool
TakeRow(std::string_view& text, std::vector<std::string>& cells)
{
    cells.assign(1, {});
    bool quoted = false;
    std::size_t i = 0;
    for (; i < text.size(); ++i)
    {
        const char c = text[i];
        if (quoted)
        {
            if (c != '"')
            {
                cells.back() += c;
            }
            else if (i + 1 < text.size() && text[i + 1] == '"')
            {
                cells.back() += '"';
                ++i;
            }
            else
            {
                quoted = false;
            }
        }
        else if (c == '"')
        {
            quoted = true;
        }
        else if (c == ',')
        {
            cells.emplace_back();
        }
        else if (c == '\n')
        {
            ++i;
            break;
        }
        else
        {
            cells.back() += c;
        }
    }
    text.remove_prefix(i);
    return !quoted;
}

/// Exactly what Seconds() wrote: no detour over floating point.
bool
ReadSeconds(const std::string& text, TimeNs& time)
{
    const auto point = text.find('.');
    const std::string whole = text.substr(0, point);
    std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
    if (fraction.size() > 9)
    {
        return false;
    }
    fraction.resize(9, '0');
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    const auto read = [](const std::string& digits, std::int64_t& value) {
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return error == std::errc() && end == digits.data() + digits.size() && value >= 0;
    };
    if (!read(whole, seconds) || !read(fraction, nanoseconds) || seconds > 9'000'000'000)
    {
        return false;
    }
    time = TimeNs(seconds * 1'000'000'000 + nanoseconds);
    return true;
}

} // namespace

std::string
TablesCsv(const TableLog& tables)
{
    CsvWriter csv(TABLES_HEADER);
    for (const TableRecord& r : tables.Records())
    {
        csv.Time(r.time)
            .Text(r.node)
            .Text(r.table)
            .Text(r.op)
            .Text(r.cause)
            .Text(r.domain)
            .Text(r.mac)
            .Text(r.address)
            .Text(r.source)
            .Text(r.remote)
            .Text(r.port)
            .Text(r.text)
            .EndRow();
    }
    return csv.Take();
}

TableLog
ReadTablesCsv(std::string_view text)
{
    TableLog log;
    std::vector<std::string> cells;
    const bool whole = text.ends_with('\n');
    const auto wrong = [](std::size_t row, std::string_view what) {
        return std::invalid_argument(fmt::format("row {}: {}", row, what));
    };
    if (!TakeRow(text, cells) || cells.size() != TABLES_COLUMNS || cells[0] != "time_s")
    {
        throw wrong(1, fmt::format("the header is not '{}'", TABLES_HEADER));
    }
    for (std::size_t row = 2; !text.empty(); ++row)
    {
        if (!TakeRow(text, cells))
        {
            throw wrong(row, "a quoted cell does not end");
        }
        if (text.empty() && !whole)
        {
            throw wrong(row, "the file breaks off in the middle of a row");
        }
        if (cells.size() != TABLES_COLUMNS)
        {
            throw wrong(
                row,
                fmt::format("{} cells where there should be {}", cells.size(), TABLES_COLUMNS));
        }
        TableRecord r;
        if (!ReadSeconds(cells[0], r.time))
        {
            throw wrong(row, fmt::format("'{}' is not a time in seconds", cells[0]));
        }
        if (!log.Records().empty() && r.time < log.Records().back().time)
        {
            throw wrong(row, "earlier than the row before");
        }
        r.node = cells[1];
        r.table = cells[2];
        r.op = cells[3];
        if (r.op != "add" && r.op != "update" && r.op != "remove")
        {
            throw wrong(row, fmt::format("'{}' is not add, update or remove", r.op));
        }
        r.cause = cells[4];
        r.domain = cells[5];
        r.mac = cells[6];
        r.address = cells[7];
        r.source = cells[8];
        r.remote = cells[9];
        r.port = cells[10];
        r.text = cells[11];
        log.Add(std::move(r));
    }
    return log;
}

std::string
FramesCsv(const OverlayRecord& record)
{
    std::string header = "time_s,link,direction,size";
    for (std::size_t i = 0; i < FRAME_COLUMNS; ++i)
    {
        header += ',';
        header += ToString(static_cast<FrameColumn>(i));
    }
    CsvWriter csv(header);
    for (const FrameRecord& frame : record.Frames())
    {
        csv.Time(frame.time)
            .Text(record.WatchedLinks()[frame.link])
            .Text(DirectionName(frame.outward))
            .Count(frame.size);
        for (const std::string& cell : frame.columns)
        {
            csv.Text(cell);
        }
        csv.EndRow();
    }
    return csv.Take();
}

std::string
LinksCsv(const OverlayRecord& record)
{
    CsvWriter csv("time_s,link,direction,frames,bytes,drops,utilisation");
    for (const LinkSample& s : record.LinkSamples())
    {
        csv.Time(s.time)
            .Text(record.Links()[s.link])
            .Text(DirectionName(s.outward))
            .Count(s.frames)
            .Count(s.bytes)
            .Count(s.drops)
            .Value(s.utilisation)
            .EndRow();
    }
    return csv.Take();
}

std::string
VtepsCsv(const OverlayRecord& record)
{
    CsvWriter csv("time_s,vtep,encapsulated,decapsulated,flooded_frames,flooded_copies,"
                  "flooded_bytes,learned,moved,aged,drops,fdb_entries");
    for (const VtepSample& s : record.VtepSamples())
    {
        csv.Time(s.time)
            .Text(record.Vteps()[s.vtep])
            .Count(s.encapsulated)
            .Count(s.decapsulated)
            .Count(s.floodedFrames)
            .Count(s.floodedCopies)
            .Count(s.floodedBytes)
            .Count(s.learned)
            .Count(s.moved)
            .Count(s.aged)
            .Count(s.drops)
            .Count(s.fdbEntries)
            .EndRow();
    }
    return csv.Take();
}

} // namespace weft::engine
