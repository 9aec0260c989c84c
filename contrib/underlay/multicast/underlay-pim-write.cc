// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-pim-message.h"
#include "underlay-pim-wire.h"

#include "netbase-checksum.h"
#include "netbase-ipv4.h"

namespace weft::multicast
{

namespace
{

using namespace pim_wire;

void
Put8(Bytes& out, unsigned value)
{
    out.push_back(static_cast<std::uint8_t>(value));
}

void
Put16(Bytes& out, unsigned value)
{
    Put8(out, value >> 8);
    Put8(out, value & 0xff);
}

void
Put32(Bytes& out, std::uint32_t value)
{
    Put16(out, value >> 16);
    Put16(out, value & 0xffff);
}

void
PutUnicast(Bytes& out, const IpAddress& address)
{
    Put8(out, FAMILY_IPV4);
    Put8(out, 0);
    Put32(out, address.IsNone() ? 0 : address.ToV4());
}

void
PutGroup(Bytes& out, const IpAddress& group, unsigned maskLength = 32, bool bidirectional = false)
{
    Put8(out, FAMILY_IPV4);
    Put8(out, 0);
    Put8(out, bidirectional ? 0x80 : 0);
    Put8(out, maskLength);
    Put32(out, group.ToV4());
}

void
PutSource(Bytes& out, const PimSource& source)
{
    Put8(out, FAMILY_IPV4);
    Put8(out, 0);
    Put8(out, (source.sparse ? 4u : 0u) | (source.wildcard ? 2u : 0u) | (source.rpTree ? 1u : 0u));
    Put8(out, 32);
    Put32(out, source.address.ToV4());
}

void
PutOption(Bytes& out, std::uint16_t option, std::size_t length)
{
    Put16(out, option);
    Put16(out, static_cast<unsigned>(length));
}

PimType
Put(Bytes& out, const PimHello& hello)
{
    if (hello.holdtime)
    {
        PutOption(out, OPTION_HOLDTIME, 2);
        Put16(out, *hello.holdtime);
    }
    if (hello.lanPruneDelay)
    {
        PutOption(out, OPTION_LAN_PRUNE_DELAY, 4);
        Put16(out,
              (hello.lanPruneDelay->tracking ? 0x8000u : 0u) |
                  (hello.lanPruneDelay->propagation & 0x7fffu));
        Put16(out, hello.lanPruneDelay->override);
    }
    if (hello.drPriority)
    {
        PutOption(out, OPTION_DR_PRIORITY, 4);
        Put32(out, *hello.drPriority);
    }
    if (hello.generationId)
    {
        PutOption(out, OPTION_GENERATION_ID, 4);
        Put32(out, *hello.generationId);
    }
    if (hello.stateRefreshInterval)
    {
        PutOption(out, OPTION_STATE_REFRESH, 4);
        Put8(out, 1); // version
        Put8(out, *hello.stateRefreshInterval);
        Put16(out, 0);
    }
    if (hello.bidirectional)
    {
        PutOption(out, OPTION_BIDIRECTIONAL, 0);
    }
    if (!hello.addresses.empty())
    {
        PutOption(out, OPTION_ADDRESS_LIST, 6 * hello.addresses.size());
        for (const IpAddress& address : hello.addresses)
        {
            PutUnicast(out, address);
        }
    }
    return PimType::Hello;
}

PimType
Put(Bytes& out, const PimJoinPrune& message)
{
    PutUnicast(out, message.upstream);
    Put8(out, 0);
    Put8(out, static_cast<unsigned>(message.groups.size()));
    Put16(out, message.holdtime);
    for (const PimGroupRecord& record : message.groups)
    {
        PutGroup(out, record.group, record.maskLength, record.bidirectional);
        Put16(out, static_cast<unsigned>(record.joins.size()));
        Put16(out, static_cast<unsigned>(record.prunes.size()));
        for (const PimSource& source : record.joins)
        {
            PutSource(out, source);
        }
        for (const PimSource& source : record.prunes)
        {
            PutSource(out, source);
        }
    }
    return message.type;
}

PimType
Put(Bytes& out, const PimRegister& message)
{
    Put32(out, (message.border ? REGISTER_BORDER : 0) | (message.null ? REGISTER_NULL : 0));
    return PimType::Register; // the data packet follows once the checksum is there
}

PimType
Put(Bytes& out, const PimRegisterStop& message)
{
    PutGroup(out, message.group);
    PutUnicast(out, message.source);
    return PimType::RegisterStop;
}

PimType
Put(Bytes& out, const PimAssert& message)
{
    PutGroup(out, message.group);
    PutUnicast(out, message.source);
    Put32(out, (message.rpTree ? RP_TREE_BIT : 0) | (message.preference & ~RP_TREE_BIT));
    Put32(out, message.metric);
    return PimType::Assert;
}

PimType
Put(Bytes& out, const PimStateRefresh& message)
{
    PutGroup(out, message.group);
    PutUnicast(out, message.source);
    PutUnicast(out, message.originator);
    Put32(out, (message.rpTree ? RP_TREE_BIT : 0) | (message.preference & ~RP_TREE_BIT));
    Put32(out, message.metric);
    Put8(out, message.maskLength);
    Put8(out, message.ttl);
    Put8(out,
         (message.pruneIndicator ? 0x80u : 0u) | (message.pruneNow ? 0x40u : 0u) |
             (message.assertOverride ? 0x20u : 0u));
    Put8(out, message.interval);
    return PimType::StateRefresh;
}

PimType
Put(Bytes& out, const PimDfElection& message)
{
    PutUnicast(out, message.rp);
    Put32(out, message.sender.preference);
    Put32(out, message.sender.metric);
    if (message.kind == DfKind::Backoff || message.kind == DfKind::Pass)
    {
        PutUnicast(out, message.other);
        Put32(out, message.otherMetric.preference);
        Put32(out, message.otherMetric.metric);
    }
    if (message.kind == DfKind::Backoff)
    {
        Put16(out, message.interval);
    }
    return PimType::DfElection;
}

} // namespace

void
AppendPim(Bytes& out, const PimMessage& message)
{
    const std::size_t start = out.size();
    out.resize(start + PIM_HEADER);
    const PimType type = std::visit([&out](const auto& m) { return Put(out, m); }, message);
    out[start] = static_cast<std::uint8_t>(VERSION << 4 | static_cast<std::uint8_t>(type));
    if (const auto* election = std::get_if<PimDfElection>(&message))
    {
        out[start + 1] = static_cast<std::uint8_t>(static_cast<unsigned>(election->kind) << 4);
    }
    netbase::Write16(out.data() + start + 2, netbase::Checksum(ByteView(out).subspan(start)));
    if (const auto* packet = std::get_if<PimRegister>(&message))
    {
        out.insert(out.end(), packet->packet.begin(), packet->packet.end());
    }
}

void
AppendPimPacket(Bytes& out,
                const IpAddress& source,
                const IpAddress& destination,
                const PimMessage& message,
                std::uint8_t ttl)
{
    // The message is written in place behind room for the header, so that nothing is copied.
    const std::size_t start = out.size();
    out.resize(start + netbase::IPV4_HEADER);
    AppendPim(out, message);
    const netbase::Ipv4Header header{
        .tos = 0xc0,
        .totalLength = static_cast<std::uint16_t>(out.size() - start),
        .ttl = ttl,
        .protocol = netbase::protocol::PIM,
        .source = source,
        .destination = destination,
    };
    netbase::WriteIpv4(std::span(out).subspan(start), header);
}

} // namespace weft::multicast
