// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-hash-mode.h"

#include "netbase-ethernet.h"
#include "netbase-flow-hash.h"
#include "netbase-ipv4.h"

#include <array>
#include <optional>

namespace weft::underlay
{

namespace
{

using netbase::ByteView;
using netbase::FlowFields;
using netbase::Read16;
namespace flowpart = netbase::flowpart;
namespace protocol = netbase::protocol;
namespace ethertype = netbase::ethertype;

/// Where the upper layer of an unfragmented IP packet starts, and which protocol it is.
struct Upper
{
    std::size_t offset;
    std::uint8_t protocol;
};

std::optional<Upper>
UpperOf(ByteView frame)
{
    std::size_t at = netbase::ETHERNET_HEADER;
    if (frame.size() < at)
    {
        return std::nullopt;
    }
    std::uint16_t type = Read16(&frame[12]);
    if (type == ethertype::VLAN && frame.size() >= at + netbase::VLAN_TAG)
    {
        type = Read16(&frame[16]);
        at += netbase::VLAN_TAG;
    }
    if (type == ethertype::IPV4 && frame.size() >= at + 20)
    {
        const bool fragment = (Read16(&frame[at + 6]) & 0x3fff) != 0;
        const std::size_t header = (frame[at] & 0x0fu) * 4u;
        if (fragment || header < 20)
        {
            return std::nullopt;
        }
        return Upper{at + header, frame[at + 9]};
    }
    if (type == ethertype::IPV6 && frame.size() >= at + 40)
    {
        return Upper{at + 40, frame[at + 6]};
    }
    return std::nullopt;
}

/// @return the Ethernet frame that a tunnel packet carries; empty when it is none
ByteView
InnerFrame(ByteView frame)
{
    const auto upper = UpperOf(frame);
    if (!upper)
    {
        return {};
    }
    std::size_t at = upper->offset;
    if (upper->protocol == protocol::UDP && frame.size() >= at + 16)
    {
        constexpr std::uint16_t VXLAN = 4789;
        constexpr std::uint16_t VXLAN_LINUX = 8472;
        constexpr std::uint16_t GENEVE = 6081;
        const std::uint16_t port = Read16(&frame[at + 2]);
        if (port == VXLAN || port == VXLAN_LINUX)
        {
            at += 16;
        }
        else if (port == GENEVE && Read16(&frame[at + 10]) == ethertype::TEB)
        {
            at += 16 + (frame[at + 8] & 0x3fu) * 4u;
        }
        else
        {
            return {};
        }
    }
    else if (upper->protocol == protocol::GRE && frame.size() >= at + 4 &&
             Read16(&frame[at + 2]) == ethertype::TEB)
    {
        // RFC 2784 and 2890: checksum, key and sequence number take four octets each.
        const std::uint8_t flags = frame[at];
        at += 4 + (flags >> 7 & 1) * 4u + (flags >> 5 & 1) * 4u + (flags >> 4 & 1) * 4u;
    }
    else
    {
        return {};
    }
    return at + netbase::ETHERNET_HEADER <= frame.size() ? frame.subspan(at) : ByteView{};
}

} // namespace

std::string_view
ToString(HashMode mode)
{
    constexpr std::array<std::string_view, 6> NAMES{
        "5-tuple", "layer-3", "inner", "gre-key", "per-packet", "layer-2"};
    return NAMES[static_cast<std::size_t>(mode)];
}

std::uint64_t
HashFrame(ByteView frame, HashMode mode, std::uint64_t key)
{
    switch (mode)
    {
    case HashMode::PerPacket:
        return 0;
    case HashMode::Inner:
        if (const ByteView inner = InnerFrame(frame); !inner.empty())
        {
            return netbase::FlowHash(netbase::ReadFlowFields(inner), key);
        }
        break;
    case HashMode::Layer3:
    {
        const FlowFields fields = netbase::ReadFlowFields(frame);
        return netbase::FlowHash(fields, key, false, fields.ip ? flowpart::LAYER3 : flowpart::FLOW);
    }
    case HashMode::GreKey:
    {
        const FlowFields fields = netbase::ReadFlowFields(frame);
        return netbase::FlowHash(fields, key, false, flowpart::FLOW | flowpart::GRE_KEY);
    }
    case HashMode::Layer2:
        return netbase::FlowHash(netbase::ReadFlowFields(frame), key, false, flowpart::LAYER2);
    case HashMode::FiveTuple:
        break;
    }
    return netbase::FlowHash(netbase::ReadFlowFields(frame), key);
}

} // namespace weft::underlay
