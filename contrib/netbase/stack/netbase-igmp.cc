// SPDX-License-Identifier: GPL-2.0-only
#include "netbase-igmp.h"

#include "netbase-checksum.h"
#include "netbase-ipv4.h"

#include <algorithm>

namespace weft::netbase
{

namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t SHORT_MESSAGE = 8; ///< versions 1 and 2, and a version 3 report's header
constexpr std::size_t V3_QUERY = 12;
constexpr std::size_t RECORD = 8;
constexpr TimeNs TENTH = milliseconds(100);
constexpr std::uint32_t LARGEST_CODE = 31744; ///< (15 | 16) << 10

/// Number of TENTHs or seconds that a code has to say.
std::uint32_t
Units(TimeNs time, TimeNs unit)
{
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(time / unit, 0, static_cast<std::int64_t>(LARGEST_CODE)));
}

IpAddress
ReadV4(const std::uint8_t* p)
{
    return IpAddress::V4(Read32(p));
}

DropReason
ReadQuery(ByteView payload, IgmpMessage& message)
{
    const std::uint8_t* p = payload.data();
    message.group = ReadV4(p + 4);
    if (message.group.ToV4() != 0 && !message.group.IsMulticast())
    {
        return DropReason::BadHeader;
    }
    if (payload.size() == SHORT_MESSAGE)
    {
        message.version = p[1] == 0 ? 1 : 2;
        message.maxResponse = p[1] == 0 ? TimeNs(seconds(10)) : p[1] * TENTH;
        return DropReason::None;
    }
    if (payload.size() < V3_QUERY)
    {
        return DropReason::BadHeader;
    }
    message.version = 3;
    message.maxResponse = DecodeIgmpCode(p[1]) * TENTH;
    message.suppress = (p[8] & 8) != 0;
    message.robustness = p[8] & 7;
    message.queryInterval = seconds(DecodeIgmpCode(p[9]));
    const std::size_t sources = Read16(p + 10);
    if (payload.size() < V3_QUERY + 4 * sources)
    {
        return DropReason::Truncated;
    }
    for (std::size_t i = 0; i < sources; ++i)
    {
        message.sources.push_back(ReadV4(p + V3_QUERY + 4 * i));
    }
    return DropReason::None;
}

DropReason
ReadRecords(ByteView payload, IgmpMessage& message)
{
    message.version = 3;
    const std::size_t records = Read16(payload.data() + 6);
    ByteView rest = payload.subspan(SHORT_MESSAGE);
    for (std::size_t i = 0; i < records; ++i)
    {
        if (rest.size() < RECORD)
        {
            return DropReason::Truncated;
        }
        const std::size_t sources = Read16(rest.data() + 2);
        const std::size_t length = RECORD + 4 * sources + 4 * std::size_t{rest[1]};
        if (rest.size() < length)
        {
            return DropReason::Truncated;
        }
        IgmpRecord record;
        record.group = ReadV4(rest.data() + 4);
        if (rest[0] < 1 || rest[0] > 6 || !record.group.IsMulticast())
        {
            return DropReason::BadHeader;
        }
        record.type = static_cast<IgmpRecordType>(rest[0]);
        for (std::size_t s = 0; s < sources; ++s)
        {
            record.sources.push_back(ReadV4(rest.data() + RECORD + 4 * s));
        }
        message.records.push_back(std::move(record));
        rest = rest.subspan(length);
    }
    return DropReason::None;
}

void
Append16(Bytes& out, std::size_t value)
{
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void
AppendV4(Bytes& out, const IpAddress& address)
{
    out.insert(out.end(), address.octets.begin() + 12, address.octets.end());
}

} // namespace

std::uint32_t
DecodeIgmpCode(std::uint8_t code)
{
    return code < 128 ? code : ((code & 15u) | 16u) << (((code >> 4) & 7) + 3);
}

std::uint8_t
EncodeIgmpCode(std::uint32_t units)
{
    if (units < 128)
    {
        return static_cast<std::uint8_t>(units);
    }
    units = std::min(units, LARGEST_CODE);
    unsigned exponent = 0;
    while (units >> (exponent + 3) > 31)
    {
        ++exponent;
    }
    return static_cast<std::uint8_t>(0x80 | exponent << 4 | (units >> (exponent + 3) & 15));
}

DropReason
ReadIgmp(ByteView payload, IgmpMessage& message)
{
    if (payload.size() < SHORT_MESSAGE)
    {
        return DropReason::Truncated;
    }
    if (Checksum(payload) != 0)
    {
        return DropReason::BadChecksum;
    }
    message = IgmpMessage{};
    message.type = static_cast<IgmpType>(payload[0]);
    switch (message.type)
    {
    case IgmpType::Query:
        return ReadQuery(payload, message);
    case IgmpType::V3Report:
        return ReadRecords(payload, message);
    case IgmpType::V1Report:
    case IgmpType::V2Report:
    case IgmpType::V2Leave:
        message.version = message.type == IgmpType::V1Report ? 1 : 2;
        message.group = ReadV4(payload.data() + 4);
        return message.group.IsMulticast() ? DropReason::None : DropReason::BadHeader;
    }
    return DropReason::Unsupported;
}

void
AppendIgmp(Bytes& out, const IgmpMessage& message)
{
    const std::size_t start = out.size();
    out.push_back(static_cast<std::uint8_t>(message.type));
    std::uint8_t code = 0;
    if (message.type == IgmpType::Query && message.version == 2)
    {
        // 0 would make it a version 1 query.
        code = static_cast<std::uint8_t>(
            std::clamp<std::int64_t>(message.maxResponse / TENTH, 1, 255));
    }
    else if (message.type == IgmpType::Query && message.version == 3)
    {
        code = EncodeIgmpCode(Units(message.maxResponse, TENTH));
    }
    out.push_back(code);
    Append16(out, 0);
    if (message.type == IgmpType::V3Report)
    {
        Append16(out, 0);
        Append16(out, message.records.size());
        for (const IgmpRecord& record : message.records)
        {
            out.push_back(static_cast<std::uint8_t>(record.type));
            out.push_back(0);
            Append16(out, record.sources.size());
            AppendV4(out, record.group);
            for (const IpAddress& source : record.sources)
            {
                AppendV4(out, source);
            }
        }
    }
    else
    {
        AppendV4(out, message.group);
        if (message.type == IgmpType::Query && message.version == 3)
        {
            out.push_back(
                static_cast<std::uint8_t>((message.suppress ? 8 : 0) | (message.robustness & 7)));
            out.push_back(EncodeIgmpCode(Units(message.queryInterval, seconds(1))));
            Append16(out, message.sources.size());
            for (const IpAddress& source : message.sources)
            {
                AppendV4(out, source);
            }
        }
    }
    Write16(out.data() + start + 2, Checksum(ByteView(out).subspan(start)));
}

void
AppendIgmpPacket(Bytes& out,
                 const IpAddress& source,
                 const IpAddress& destination,
                 const IgmpMessage& message)
{
    const std::size_t start = out.size();
    Ipv4Header header;
    header.tos = 0xc0;
    header.dontFragment = true;
    header.ttl = 1;
    header.protocol = protocol::IGMP;
    header.source = source;
    header.destination = destination;
    header.routerAlert = true;
    AppendIpv4Packet(out, header, {});
    AppendIgmp(out, message);
    header.totalLength = static_cast<std::uint16_t>(out.size() - start);
    WriteIpv4(std::span(out).subspan(start), header);
}

} // namespace weft::netbase
