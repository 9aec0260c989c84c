// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-firewall.h"

#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/netbase-types.h"
#include "ns3/underlay-dns-check.h"

#include <algorithm>
#include <array>

namespace ns3
{
namespace underlay
{

NS_OBJECT_ENSURE_REGISTERED(Firewall);

namespace netbase = weft::netbase;

TypeId
Firewall::GetTypeId()
{
    static TypeId tid = TypeId("ns3::underlay::Firewall")
                            .SetParent<Object>()
                            .SetGroupName("Underlay")
                            .AddConstructor<Firewall>();
    return tid;
}

bool
Firewall::Inspect(Ptr<const Packet> frame)
{
    constexpr uint16_t DNS = 53;
    constexpr std::size_t UDP = 8;
    // Most frames are let through by their first bytes.
    std::array<uint8_t, 128> start;
    const std::size_t copied = frame->CopyData(start.data(), start.size());
    netbase::EthernetHeader ethernet;
    if (netbase::ReadEthernet({start.data(), copied}, ethernet) != netbase::DropReason::None)
    {
        return true;
    }
    const std::size_t at = ethernet.payloadOffset;
    const bool v4 = ethernet.type == netbase::ethertype::IPV4;
    const bool mayBeUdp = v4 ? copied >= at + 20 && start[at + 9] == netbase::protocol::UDP
                             : ethernet.type == netbase::ethertype::IPV6 && copied >= at + 40;
    if (!mayBeUdp)
    {
        return true;
    }
    if (v4)
    {
        const std::size_t udp = at + (start[at] & 0x0fu) * 4u;
        if (udp + 4 <= copied && netbase::Read16(&start[udp]) != DNS &&
            netbase::Read16(&start[udp + 2]) != DNS)
        {
            return true;
        }
    }
    netbase::Bytes bytes(frame->GetSize());
    frame->CopyData(bytes.data(), static_cast<uint32_t>(bytes.size()));
    const auto packet = netbase::ByteView(bytes).subspan(at);
    netbase::IpFacts facts;
    if (netbase::ReadIp(packet, facts) != netbase::DropReason::None ||
        facts.protocol != netbase::protocol::UDP || (facts.fragment && facts.fragmentOffset > 0))
    {
        return true;
    }
    const auto udp = facts.Payload(packet);
    if (udp.size() < UDP || (netbase::Read16(&udp[0]) != DNS && netbase::Read16(&udp[2]) != DNS))
    {
        return true;
    }
    m_inspected.Add(frame->GetSize());
    const std::size_t length = netbase::Read16(&udp[4]);
    const bool whole = !facts.fragment;
    const bool fits = length >= UDP && (whole ? length <= udp.size() : length >= udp.size());
    if (fits &&
        weft::underlay::IsDnsMessage(udp.subspan(UDP, std::min(length, udp.size()) - UDP), whole))
    {
        return true;
    }
    m_refused.Add(frame->GetSize());
    return false;
}

const PacketCount&
Firewall::GetInspected() const
{
    return m_inspected;
}

const PacketCount&
Firewall::GetRefused() const
{
    return m_refused;
}

} // namespace underlay
} // namespace ns3
