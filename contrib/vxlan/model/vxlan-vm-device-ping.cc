// SPDX-License-Identifier: GPL-2.0-only
/** @file A virtual machine's pings: the instant travels in the request and comes back. */
#include "vxlan-uplink.h"
#include "vxlan-vm-device.h"

#include "ns3/netbase-icmp.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/simulator.h"

#include <stdexcept>

namespace ns3
{
namespace vxlan
{

using weft::netbase::Bytes;
using weft::netbase::ByteView;
using weft::netbase::IpAddress;
using weft::vxlan::DropReason;
namespace netbase = weft::netbase;

namespace
{

constexpr std::size_t STAMP = 8; ///< bytes of the instant in an echo request

/// @return what echo requests of a card carry as identifier @param mac of the card
uint16_t
EchoId(const Mac48Address& mac)
{
    uint8_t octets[6];
    mac.CopyTo(octets);
    return weft::netbase::Read16(octets + 4);
}

} // namespace

uint16_t
VmDevice::Ping(const IpAddress& to, uint32_t size, bool dontFragment)
{
    if (size < STAMP)
    {
        throw std::invalid_argument("Ping of " + m_name + ": a size of " + std::to_string(size) +
                                    " bytes has no room for the instant, which takes 8");
    }
    ++m_sequence;
    Bytes data(size);
    const auto now = static_cast<uint64_t>(Now().count());
    weft::netbase::Write32(data.data(), static_cast<uint32_t>(now >> 32));
    weft::netbase::Write32(data.data() + 4, static_cast<uint32_t>(now));
    for (std::size_t i = STAMP; i < size; ++i)
    {
        data[i] = static_cast<uint8_t>(i);
    }
    if (const auto reason = Impediment(); reason != DropReason::None)
    {
        Drop(reason, size);
        return m_sequence;
    }
    const auto reason = m_endpoint->Ping(to, EchoId(m_mac), m_sequence, data, Now(), dontFragment);
    if (reason != netbase::DropReason::None)
    {
        m_hostDropTrace(reason, size);
    }
    Flush();
    return m_sequence;
}

bool
VmDevice::TakePing(ByteView packet)
{
    constexpr std::size_t V4_PROTOCOL = 9;
    constexpr std::size_t V6_NEXT = 6;
    const bool v6 = packet[0] >> 4 == 6;
    if (packet[v6 ? V6_NEXT : V4_PROTOCOL] !=
        (v6 ? netbase::protocol::ICMPV6 : netbase::protocol::ICMP))
    {
        return false;
    }
    netbase::IcmpMessage message;
    netbase::IpFacts facts;
    if (netbase::ReadIcmp(packet, message) != netbase::DropReason::None ||
        message.kind != netbase::IcmpKind::EchoReply || message.id != EchoId(m_mac) ||
        message.body.size() < STAMP || netbase::ReadIp(packet, facts) != netbase::DropReason::None)
    {
        return false;
    }
    const auto sent = static_cast<int64_t>(
        static_cast<uint64_t>(weft::netbase::Read32(message.body.data())) << 32 |
        weft::netbase::Read32(message.body.data() + 4));
    m_pingTrace({facts.source,
                 message.sequence,
                 static_cast<uint32_t>(message.body.size()),
                 Simulator::Now() - NanoSeconds(sent)});
    return true;
}

} // namespace vxlan
} // namespace ns3
