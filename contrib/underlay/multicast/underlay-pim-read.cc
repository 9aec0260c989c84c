// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-pim-message.h"
#include "underlay-pim-wire.h"

#include "netbase-checksum.h"

namespace weft::multicast
{

namespace
{

using namespace pim_wire;

/// Takes fields from a message. The first thing that is wrong sticks, and all that follows is zero.
class Reader
{
  public:
    explicit Reader(ByteView bytes) : m_rest(bytes)
    {
    }

    std::uint8_t
    U8()
    {
        return Take(1) ? m_field[0] : std::uint8_t{0};
    }

    std::uint16_t
    U16()
    {
        return Take(2) ? netbase::Read16(m_field.data()) : std::uint16_t{0};
    }

    std::uint32_t
    U32()
    {
        return Take(4) ? netbase::Read32(m_field.data()) : 0;
    }

    /// Encoded-Unicast address; 0.0.0.0 is allowed.
    IpAddress
    Unicast()
    {
        Family();
        const IpAddress address = IpAddress::V4(U32());
        Require(!address.IsMulticast());
        return address;
    }

    /// Encoded-Group address.
    IpAddress
    Group(unsigned& maskLength, bool& bidirectional)
    {
        Family();
        bidirectional = (U8() & 0x80) != 0;
        maskLength = U8();
        const IpAddress address = IpAddress::V4(U32());
        Require(maskLength <= 32 && (maskLength == 0 || address.IsMulticast()));
        return address;
    }

    PimSource
    Source()
    {
        Family();
        const std::uint8_t flags = U8();
        const unsigned maskLength = U8();
        PimSource source{.address = IpAddress::V4(U32()),
                         .sparse = (flags & 0x04) != 0,
                         .wildcard = (flags & 0x02) != 0,
                         .rpTree = (flags & 0x01) != 0};
        Require(maskLength == 32 && !source.address.IsMulticast()); // RFC 7761 section 4.9.1
        return source;
    }

    /// Cuts off a part of its own.
    Reader
    Sub(std::size_t size)
    {
        return Reader(Take(size) ? m_field : ByteView{});
    }

    void
    Require(bool right)
    {
        if (!right)
        {
            Fail(DropReason::BadHeader);
        }
    }

    void
    Fail(DropReason reason)
    {
        if (m_reason == DropReason::None)
        {
            m_reason = reason;
        }
    }

    bool
    Good() const
    {
        return m_reason == DropReason::None;
    }

    DropReason
    Reason() const
    {
        return m_reason;
    }

    ByteView
    Rest() const
    {
        return m_rest;
    }

  private:
    bool
    Take(std::size_t size)
    {
        if (!Good())
        {
            return false;
        }
        if (m_rest.size() < size)
        {
            Fail(DropReason::Truncated);
            return false;
        }
        m_field = m_rest.first(size);
        m_rest = m_rest.subspan(size);
        return true;
    }

    void
    Family()
    {
        const std::uint8_t family = U8();
        const std::uint8_t encoding = U8();
        if (Good() && (family != FAMILY_IPV4 || encoding != 0))
        {
            Fail(DropReason::Unsupported);
        }
    }

    ByteView m_rest;
    ByteView m_field;
    DropReason m_reason = DropReason::None;
};

DropReason
ReadHello(Reader in, PimHello& hello)
{
    while (in.Good() && !in.Rest().empty())
    {
        const std::uint16_t option = in.U16();
        const std::uint16_t length = in.U16();
        Reader value = in.Sub(length);
        if (!in.Good())
        {
            break;
        }
        switch (option)
        {
        case OPTION_HOLDTIME:
            value.Require(length == 2);
            hello.holdtime = value.U16();
            break;
        case OPTION_LAN_PRUNE_DELAY:
        {
            value.Require(length == 4);
            const std::uint16_t propagation = value.U16();
            hello.lanPruneDelay =
                PimLanPruneDelay{.tracking = (propagation & 0x8000) != 0,
                                 .propagation = static_cast<std::uint16_t>(propagation & 0x7fff),
                                 .override = value.U16()};
            break;
        }
        case OPTION_DR_PRIORITY:
            value.Require(length == 4);
            hello.drPriority = value.U32();
            break;
        case OPTION_GENERATION_ID:
            value.Require(length == 4);
            hello.generationId = value.U32();
            break;
        case OPTION_STATE_REFRESH:
            value.Require(length == 4);
            value.U8(); // version
            hello.stateRefreshInterval = value.U8();
            break;
        case OPTION_BIDIRECTIONAL:
            value.Require(length == 0);
            hello.bidirectional = true;
            break;
        case OPTION_ADDRESS_LIST:
            hello.addresses.clear();
            while (value.Good() && !value.Rest().empty())
            {
                hello.addresses.push_back(value.Unicast());
            }
            break;
        default:
            break; // RFC 7761 section 4.9.2: unknown options are ignored
        }
        if (!value.Good())
        {
            return value.Reason();
        }
    }
    return in.Reason();
}

DropReason
ReadJoinPrune(Reader in, PimJoinPrune& message)
{
    message.upstream = in.Unicast();
    in.U8();
    const unsigned groups = in.U8();
    message.holdtime = in.U16();
    for (unsigned g = 0; g < groups && in.Good(); ++g)
    {
        PimGroupRecord record;
        record.group = in.Group(record.maskLength, record.bidirectional);
        const unsigned joins = in.U16();
        const unsigned prunes = in.U16();
        // A count larger than what follows must not make us reserve room for it.
        for (unsigned i = 0; i < joins && in.Good(); ++i)
        {
            record.joins.push_back(in.Source());
        }
        for (unsigned i = 0; i < prunes && in.Good(); ++i)
        {
            record.prunes.push_back(in.Source());
        }
        message.groups.push_back(std::move(record));
    }
    return in.Reason();
}

DropReason
ReadRegister(Reader in, PimRegister& message)
{
    const std::uint32_t flags = in.U32();
    message.border = (flags & REGISTER_BORDER) != 0;
    message.null = (flags & REGISTER_NULL) != 0;
    message.packet = in.Rest();
    return in.Reason();
}

/// A group address that stands for one group.
IpAddress
OneGroup(Reader& in)
{
    unsigned maskLength = 0;
    bool bidirectional = false;
    const IpAddress group = in.Group(maskLength, bidirectional);
    in.Require(maskLength == 32);
    return group;
}

DropReason
ReadRegisterStop(Reader in, PimRegisterStop& message)
{
    message.group = OneGroup(in);
    message.source = in.Unicast();
    return in.Reason();
}

DropReason
ReadAssert(Reader in, PimAssert& message)
{
    message.group = OneGroup(in);
    message.source = in.Unicast();
    const std::uint32_t preference = in.U32();
    message.rpTree = (preference & RP_TREE_BIT) != 0;
    message.preference = preference & ~RP_TREE_BIT;
    message.metric = in.U32();
    return in.Reason();
}

DropReason
ReadStateRefresh(Reader in, PimStateRefresh& message)
{
    message.group = OneGroup(in);
    message.source = in.Unicast();
    message.originator = in.Unicast();
    const std::uint32_t preference = in.U32();
    message.rpTree = (preference & RP_TREE_BIT) != 0;
    message.preference = preference & ~RP_TREE_BIT;
    message.metric = in.U32();
    message.maskLength = in.U8();
    message.ttl = in.U8();
    const std::uint8_t flags = in.U8();
    message.pruneIndicator = (flags & 0x80) != 0;
    message.pruneNow = (flags & 0x40) != 0;
    message.assertOverride = (flags & 0x20) != 0;
    message.interval = in.U8();
    in.Require(message.maskLength <= 32);
    return in.Reason();
}

DropReason
ReadDfElection(Reader in, unsigned kind, PimDfElection& message)
{
    if (kind < 1 || kind > 4)
    {
        return DropReason::Unsupported;
    }
    message.kind = static_cast<DfKind>(kind);
    message.rp = in.Unicast();
    message.sender.preference = in.U32();
    message.sender.metric = in.U32();
    if (message.kind == DfKind::Backoff || message.kind == DfKind::Pass)
    {
        message.other = in.Unicast();
        message.otherMetric.preference = in.U32();
        message.otherMetric.metric = in.U32();
    }
    if (message.kind == DfKind::Backoff)
    {
        message.interval = in.U16();
    }
    return in.Reason();
}

bool
ChecksumRight(ByteView payload, PimType type)
{
    if (type == PimType::Register && payload.size() >= PIM_REGISTER_HEADER &&
        netbase::Checksum(payload.first(PIM_REGISTER_HEADER)) == 0)
    {
        return true;
    }
    return netbase::Checksum(payload) == 0;
}

} // namespace

DropReason
ReadPim(ByteView payload, PimMessage& message)
{
    if (payload.size() < PIM_HEADER)
    {
        return DropReason::Truncated;
    }
    if (payload[0] >> 4 != VERSION)
    {
        return DropReason::Unsupported;
    }
    const auto type = static_cast<PimType>(payload[0] & 15);
    if (!ChecksumRight(payload, type))
    {
        return DropReason::BadChecksum;
    }
    const Reader body(payload.subspan(PIM_HEADER));
    switch (type)
    {
    case PimType::Hello:
        return ReadHello(body, message.emplace<PimHello>());
    case PimType::Register:
        return ReadRegister(body, message.emplace<PimRegister>());
    case PimType::RegisterStop:
        return ReadRegisterStop(body, message.emplace<PimRegisterStop>());
    case PimType::JoinPrune:
    case PimType::Graft:
    case PimType::GraftAck:
    {
        auto& joinPrune = message.emplace<PimJoinPrune>();
        joinPrune.type = type;
        return ReadJoinPrune(body, joinPrune);
    }
    case PimType::Assert:
        return ReadAssert(body, message.emplace<PimAssert>());
    case PimType::StateRefresh:
        return ReadStateRefresh(body, message.emplace<PimStateRefresh>());
    case PimType::DfElection:
        return ReadDfElection(body, payload[1] >> 4, message.emplace<PimDfElection>());
    }
    return DropReason::Unsupported;
}

} // namespace weft::multicast
