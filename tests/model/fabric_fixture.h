// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Hosts on a fabric: UDP packets with a number in them, answers to ARP and neighbour solicitation,
 * and a log of what came.
 */
#ifndef WEFT_TESTS_FABRIC_FIXTURE_H
#define WEFT_TESTS_FABRIC_FIXTURE_H

#include "ns3/netbase-arp.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-icmp.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/netbase-ndp.h"
#include "ns3/netbase-udp.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/underlay-fabric-helper.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weft::tests
{

using netbase::Bytes;
using netbase::ByteView;
using netbase::IpAddress;
using netbase::MacAddress;
using ns3::MicroSeconds;
using ns3::MilliSeconds;
using ns3::Ptr;
using ns3::Seconds;
using ns3::Simulator;
using ns3::underlay::EthernetDevice;
using ns3::underlay::EthernetLink;
using ns3::underlay::FabricAttachment;
using ns3::underlay::FabricHelper;
using ns3::underlay::FabricHostConfig;
using ns3::underlay::FabricLinkConfig;
using ns3::underlay::FabricRouter;
using ns3::underlay::FrameDrop;
using ns3::underlay::VlanSwitch;

/// What a numbered packet is made of.
struct Sent
{
    IpAddress from{};
    IpAddress to{};
    std::uint16_t sourcePort = 1000;
    std::uint16_t destinationPort = 2000;
    std::uint32_t id = 0;
    std::size_t size = 100; ///< of the IP packet
    std::uint8_t ttl = 64;
    bool dontFragment = false;
};

inline Bytes
Packet(const Sent& sent)
{
    const std::size_t headers = sent.from.IsV4() ? 28 : 48;
    Bytes payload(sent.size - headers);
    netbase::Write32(payload.data(), sent.id);
    netbase::UdpDatagram datagram;
    datagram.source = sent.from;
    datagram.destination = sent.to;
    datagram.sourcePort = sent.sourcePort;
    datagram.destinationPort = sent.destinationPort;
    datagram.ttl = sent.ttl;
    datagram.dontFragment = sent.dontFragment;
    datagram.id = static_cast<std::uint16_t>(sent.id);
    Bytes packet;
    EXPECT_EQ(netbase::AppendUdpPacket(packet, datagram, payload), netbase::DropReason::None);
    return packet;
}

inline Bytes
Frame(const MacAddress& to, const MacAddress& from, ByteView packet)
{
    netbase::EthernetHeader header;
    header.destination = to;
    header.source = from;
    header.type = netbase::EtherTypeOf(packet);
    Bytes frame;
    netbase::AppendEthernet(frame, header);
    frame.insert(frame.end(), packet.begin(), packet.end());
    return frame;
}

inline Ptr<ns3::Packet>
ToPacket(const Bytes& bytes)
{
    return ns3::Create<ns3::Packet>(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
}

inline Bytes
ToBytes(Ptr<const ns3::Packet> packet)
{
    Bytes bytes(packet->GetSize());
    packet->CopyData(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    return bytes;
}

/// A packet that came.
struct Got
{
    std::int64_t at = 0; ///< ns
    netbase::EthernetHeader ethernet;
    netbase::IpFacts ip;
    std::uint32_t id = 0; ///< of a numbered packet
    Bytes packet;         ///< IP packet
};

/// A host on a router: sends to its gateway, and answers who asks for its address.
class Host
{
  public:
    Host(FabricHelper& fabric, const std::string& router, const FabricHostConfig& config = {})
        : place(fabric.AttachHost(router, ns3::CreateObject<ns3::Node>(), config))
    {
        place.device->SetFrameHandler(ns3::MakeCallback(&Host::OnFrame, this));
    }

    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// Sends now. Addresses that are none are filled in.
    void
    Send(Sent sent)
    {
        if (sent.from.IsNone())
        {
            sent.from = place.address;
        }
        SendPacket(Packet(sent));
    }

    void
    SendPacket(const Bytes& packet)
    {
        place.device->SendFrame(ToPacket(Frame(place.gatewayMac, place.mac, packet)));
    }

    /// Sends at an instant.
    void
    SendAt(ns3::Time at, const Sent& sent)
    {
        Simulator::ScheduleWithContext(
            place.device->GetNode()->GetId(), at, [this, sent]() { Send(sent); });
    }

    /// @return numbers of the packets that came, in order
    std::vector<std::uint32_t>
    Ids() const
    {
        std::vector<std::uint32_t> ids;
        for (const Got& got : received)
        {
            ids.push_back(got.id);
        }
        return ids;
    }

    FabricAttachment place;
    bool answers = true;
    std::vector<Got> received; ///< UDP
    std::vector<Got> icmp;     ///< ICMP but neighbour discovery
    int questions = 0;         ///< ARP requests and solicitations for this host

  private:
    bool
    OnFrame(Ptr<ns3::Packet> frame)
    {
        const Bytes bytes = ToBytes(frame);
        Got got;
        got.at = Simulator::Now().GetNanoSeconds();
        EXPECT_EQ(netbase::ReadEthernet(bytes, got.ethernet), netbase::DropReason::None);
        const auto payload = ByteView(bytes).subspan(got.ethernet.payloadOffset);
        if (got.ethernet.type == netbase::ethertype::ARP)
        {
            netbase::ArpPacket arp;
            EXPECT_EQ(netbase::ReadArp(payload, arp), netbase::DropReason::None);
            if (arp.operation == netbase::ArpOperation::Request && arp.target == place.address)
            {
                ++questions;
                Bytes reply;
                netbase::BuildArpReply(reply, arp, place.mac);
                if (answers)
                {
                    place.device->SendFrame(ToPacket(reply));
                }
            }
            return true;
        }
        EXPECT_EQ(netbase::ReadIp(payload, got.ip), netbase::DropReason::None);
        got.packet.assign(payload.begin(), payload.end());
        netbase::NdpMessage nd;
        if (netbase::ReadNdp(payload, nd) == netbase::DropReason::None)
        {
            if (nd.solicitation && nd.target == place.address)
            {
                ++questions;
                netbase::NdpMessage reply;
                reply.source = place.address;
                reply.destination = nd.source;
                reply.target = place.address;
                reply.linkAddress = place.mac;
                reply.solicited = true;
                reply.override = true;
                Bytes packet;
                netbase::AppendNdp(packet, reply);
                if (answers)
                {
                    place.device->SendFrame(ToPacket(Frame(*nd.linkAddress, place.mac, packet)));
                }
            }
            return true;
        }
        if (got.ip.protocol == netbase::protocol::UDP)
        {
            const auto udp = got.ip.Payload(got.packet);
            got.id = got.ip.fragmentOffset == 0 && udp.size() >= 12 ? netbase::Read32(&udp[8]) : 0;
            received.push_back(got);
        }
        else
        {
            icmp.push_back(got);
        }
        return true;
    }
};

/// A test that leaves no simulation behind.
class FabricTest : public testing::Test
{
  protected:
    ~FabricTest() override
    {
        Simulator::Destroy();
    }

    static void
    RunUntil(ns3::Time at)
    {
        Simulator::Stop(at - Simulator::Now());
        Simulator::Run();
    }

    /// @return packets dropped under a reason anywhere in the fabric
    static std::uint64_t
    Dropped(const FabricHelper& fabric, FrameDrop reason)
    {
        std::uint64_t sum = 0;
        for (const auto& record : fabric.GetDrops())
        {
            sum += record.reason == reason ? record.count.packets : 0;
        }
        return sum;
    }

    /// @return packets dropped anywhere in the fabric
    static std::uint64_t
    Dropped(const FabricHelper& fabric)
    {
        std::uint64_t sum = 0;
        for (const auto& record : fabric.GetDrops())
        {
            sum += record.count.packets;
        }
        return sum;
    }
};

} // namespace weft::tests

#endif
