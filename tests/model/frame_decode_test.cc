// SPDX-License-Identifier: GPL-2.0-only
/** @file Frames read into the columns of frames.csv: what the cores build is what the columns say.
 */

#include "engine/run/frame-decode.h"

#include "ns3/netbase-arp.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-icmp.h"
#include "ns3/netbase-igmp.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/netbase-udp.h"
#include "ns3/underlay-pim-message.h"
#include "ns3/vxlan-encapsulation.h"
#include "ns3/vxlan-vrrp-message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace weft::engine
{
namespace
{

using netbase::Bytes;
using netbase::IpAddress;
using netbase::MacAddress;
using C = FrameColumn;
using testing::HasSubstr;

const MacAddress MAC_A = MacAddress::FromInteger(0x005056000001);
const MacAddress MAC_B = MacAddress::FromInteger(0x005056000002);
const IpAddress IP_A = IpAddress::V4(0xc0a80064);
const IpAddress IP_B = IpAddress::V4(0xc0a80065);
const IpAddress VTEP_A = IpAddress::V4(0x0a14010a);
const IpAddress VTEP_B = IpAddress::V4(0x0a14020a);
const IpAddress GROUP = IpAddress::V4(0xef000360);

FrameRecord
Decode(const Bytes& frame, EnvelopeHints hints = {})
{
    FrameRecord record;
    record[C::Summary] = "from before";
    DecodeFrame(frame, hints, record);
    return record;
}

/// A frame around an IP packet.
Bytes
Framed(const Bytes& packet, std::optional<std::uint16_t> tci = {})
{
    netbase::EthernetHeader header;
    header.destination = MAC_B;
    header.source = MAC_A;
    header.tci = tci;
    header.type = (packet.at(0) >> 4) == 6 ? netbase::ethertype::IPV6 : netbase::ethertype::IPV4;
    Bytes frame;
    netbase::AppendEthernet(frame, header);
    frame.insert(frame.end(), packet.begin(), packet.end());
    return frame;
}

Bytes
Echo(bool reply)
{
    Bytes packet;
    netbase::AppendEcho(packet, IP_A, IP_B, reply, 1, 7, Bytes(56));
    return packet;
}

IpAddress
V6(std::uint8_t last)
{
    Bytes octets(16);
    octets[0] = 0x20;
    octets[1] = 0x01;
    octets[15] = last;
    return IpAddress::V6(octets);
}

/// What an encapsulation makes of a frame, as frames of the underlay.
std::vector<Bytes>
Enveloped(vxlan::EncapsulationConfig config,
          const Bytes& inner,
          std::uint32_t vni,
          const vxlan::TunnelEnds& ends)
{
    const auto encapsulation = vxlan::MakeEncapsulation(config);
    vxlan::PacketQueue queue;
    EXPECT_EQ(encapsulation->Encapsulate(inner, vni, ends, queue), vxlan::DropReason::None);
    std::vector<Bytes> frames;
    Bytes packet;
    vxlan::NoMeta meta;
    while (queue.Pop(packet, meta))
    {
        frames.push_back(Framed(packet));
    }
    return frames;
}

Bytes
ArpRequest()
{
    Bytes frame;
    netbase::BuildArpRequest(frame, MAC_A, IP_A, IP_B);
    return frame;
}

// ---------------------------------------------------------------- without an envelope

TEST(FrameDecode, ArpOfEveryKind)
{
    FrameRecord r = Decode(ArpRequest());
    EXPECT_EQ(r[C::EthSource], "00:50:56:00:00:01");
    EXPECT_EQ(r[C::EthDestination], "ff:ff:ff:ff:ff:ff");
    EXPECT_EQ(r[C::Protocol], "arp");
    EXPECT_EQ(r[C::Message], "arp-request");
    EXPECT_EQ(r[C::Summary], "ARP: who has 192.168.0.101? tell 192.168.0.100");
    EXPECT_EQ(r[C::Encapsulation], "");
    EXPECT_EQ(r[C::Source], "");

    netbase::ArpPacket request;
    request.sender = IP_A;
    request.senderMac = MAC_A;
    request.target = IP_B;
    Bytes frame;
    netbase::BuildArpReply(frame, request, MAC_B);
    r = Decode(frame);
    EXPECT_EQ(r[C::Message], "arp-reply");
    EXPECT_EQ(r[C::Summary], "ARP: 192.168.0.101 is at 00:50:56:00:00:02");

    for (const auto form : {netbase::GarpForm::Request, netbase::GarpForm::Reply})
    {
        netbase::BuildGarp(frame, MAC_A, IP_A, form);
        r = Decode(frame);
        EXPECT_EQ(r[C::Message], "garp");
        EXPECT_EQ(r[C::Summary], "gratuitous ARP: 192.168.0.100 is at 00:50:56:00:00:01");
    }

    netbase::BuildRarp(frame, MAC_A);
    r = Decode(frame);
    EXPECT_EQ(r[C::Protocol], "rarp");
    EXPECT_EQ(r[C::Message], "rarp");
    EXPECT_EQ(r[C::Summary], "RARP: 00:50:56:00:00:01 is here");
}

TEST(FrameDecode, PingWithItsHeaderFields)
{
    FrameRecord r = Decode(Framed(Echo(false), netbase::MakeTci(100, 5)));
    EXPECT_EQ(r[C::OuterVlan], "100");
    EXPECT_EQ(r[C::Source], "192.168.0.100");
    EXPECT_EQ(r[C::Destination], "192.168.0.101");
    EXPECT_EQ(r[C::Ttl], "64");
    EXPECT_EQ(r[C::Tos], "0");
    EXPECT_EQ(r[C::Protocol], "icmp");
    EXPECT_EQ(r[C::Message], "icmp-request");
    EXPECT_EQ(r[C::Summary], "ping request 7, 192.168.0.100 > 192.168.0.101");
    EXPECT_EQ(r[C::SourcePort], "");
    r = Decode(Framed(Echo(true)));
    EXPECT_EQ(r[C::OuterVlan], "");
    EXPECT_EQ(r[C::Message], "icmp-reply");
}

TEST(FrameDecode, IcmpErrors)
{
    const Bytes offending = Echo(false);
    Bytes packet;
    netbase::AppendPacketTooBig(packet, VTEP_A, offending, 1400);
    FrameRecord r = Decode(Framed(packet));
    EXPECT_EQ(r[C::Message], "icmp-too-big");
    EXPECT_THAT(r[C::Summary], HasSubstr("MTU 1400"));
    packet.clear();
    netbase::AppendTimeExceeded(packet, VTEP_A, offending);
    EXPECT_EQ(Decode(Framed(packet))[C::Message], "icmp-time-exceeded");
    packet.clear();
    netbase::AppendUnreachable(packet, VTEP_A, offending, netbase::Unreachable::Port);
    EXPECT_EQ(Decode(Framed(packet))[C::Message], "icmp-unreachable");
}

TEST(FrameDecode, UdpPortsAndChecksum)
{
    netbase::UdpDatagram datagram;
    datagram.source = IP_A;
    datagram.destination = IP_B;
    datagram.sourcePort = 5000;
    datagram.destinationPort = 53;
    datagram.dontFragment = true;
    datagram.tos = 0xb8;
    datagram.checksum = false;
    Bytes packet;
    netbase::AppendUdpPacket(packet, datagram, Bytes(20));
    FrameRecord r = Decode(Framed(packet));
    EXPECT_EQ(r[C::Protocol], "udp");
    EXPECT_EQ(r[C::SourcePort], "5000");
    EXPECT_EQ(r[C::DestinationPort], "53");
    EXPECT_EQ(r[C::UdpChecksum], "0");
    EXPECT_EQ(r[C::Df], "1");
    EXPECT_EQ(r[C::Tos], "184");
    EXPECT_EQ(r[C::Encapsulation], "");
    packet.clear();
    datagram.checksum = true;
    netbase::AppendUdpPacket(packet, datagram, Bytes(20));
    EXPECT_NE(Decode(Framed(packet))[C::UdpChecksum], "0");
}

TEST(FrameDecode, IgmpMessages)
{
    const auto decode = [](const netbase::IgmpMessage& message) {
        Bytes packet;
        netbase::AppendIgmpPacket(packet, VTEP_A, GROUP, message);
        const FrameRecord r = Decode(Framed(packet));
        EXPECT_EQ(r[C::Protocol], "igmp");
        EXPECT_EQ(r[C::Ttl], "1");
        return r;
    };
    netbase::IgmpMessage message;
    EXPECT_EQ(decode(message)[C::Message], "igmp-query");
    message.group = GROUP;
    EXPECT_EQ(decode(message)[C::Message], "igmp-group-query");
    message.type = netbase::IgmpType::V2Report;
    EXPECT_EQ(decode(message)[C::Message], "igmp-report");
    EXPECT_THAT(decode(message)[C::Summary], HasSubstr("239.0.3.96"));
    message.type = netbase::IgmpType::V2Leave;
    EXPECT_EQ(decode(message)[C::Message], "igmp-leave");
    message.type = netbase::IgmpType::V3Report;
    message.records = {{netbase::IgmpRecordType::ChangeToExclude, GROUP, {}},
                       {netbase::IgmpRecordType::ChangeToInclude, IpAddress::V4(0xef000361), {}}};
    EXPECT_EQ(decode(message)[C::Message], "igmp-v3-report");
    EXPECT_THAT(decode(message)[C::Summary], HasSubstr("239.0.3.96, leave 239.0.3.97"));
}

TEST(FrameDecode, PimMessages)
{
    const auto name = [](const multicast::PimMessage& message) {
        Bytes packet;
        multicast::AppendPimPacket(
            packet, VTEP_A, IpAddress::V4(multicast::PIM_ALL_ROUTERS), message);
        const FrameRecord r = Decode(Framed(packet));
        EXPECT_EQ(r[C::Protocol], "pim");
        EXPECT_EQ(r[C::Encapsulation], "") << "a Register is no envelope of a virtual network";
        return r[C::Message];
    };
    EXPECT_EQ(name(multicast::PimHello{}), "pim-hello");
    multicast::PimJoinPrune join;
    join.upstream = VTEP_B;
    EXPECT_EQ(name(join), "pim-join-prune");
    join.type = multicast::PimType::Graft;
    EXPECT_EQ(name(join), "pim-graft");
    join.type = multicast::PimType::GraftAck;
    EXPECT_EQ(name(join), "pim-graft-ack");
    const Bytes data = Echo(false);
    multicast::PimRegister registered;
    registered.packet = data;
    EXPECT_EQ(name(registered), "pim-register");
    EXPECT_EQ(name(multicast::PimRegisterStop{GROUP, VTEP_A}), "pim-register-stop");
    multicast::PimAssert assertion;
    assertion.group = GROUP;
    assertion.source = VTEP_A;
    EXPECT_EQ(name(assertion), "pim-assert");
    multicast::PimStateRefresh refresh;
    refresh.group = GROUP;
    refresh.source = VTEP_A;
    refresh.originator = VTEP_A;
    EXPECT_EQ(name(refresh), "pim-state-refresh");
    multicast::PimDfElection election;
    election.rp = VTEP_A;
    EXPECT_EQ(name(election), "pim-df-election");
}

TEST(FrameDecode, VrrpAdvertisement)
{
    vxlan::VrrpMessage message;
    message.vrid = 10;
    message.priority = 120;
    message.source = IP_A;
    message.addresses = {IP_B};
    Bytes frame;
    vxlan::WriteVrrpFrame(message, frame);
    const FrameRecord r = Decode(frame);
    EXPECT_EQ(r[C::Protocol], "vrrp");
    EXPECT_EQ(r[C::Message], "vrrp");
    EXPECT_EQ(r[C::Ttl], "255");
    EXPECT_THAT(r[C::Summary], HasSubstr("VRRP 10 priority 120"));
}

TEST(FrameDecode, Fragments)
{
    netbase::UdpDatagram datagram;
    datagram.source = IP_A;
    datagram.destination = IP_B;
    datagram.destinationPort = 4789;
    Bytes packet;
    netbase::AppendUdpPacket(packet, datagram, Bytes(3000));
    netbase::Ipv4Fragmenter fragmenter(packet, 1500);
    std::vector<std::string> parts;
    for (Bytes part; fragmenter.Next(part); part.clear())
    {
        const FrameRecord r = Decode(Framed(part));
        parts.push_back(r[C::Fragment]);
        EXPECT_EQ(r[C::DestinationPort].empty(), parts.size() > 1)
            << "only the first has a UDP header";
    }
    EXPECT_EQ(parts, (std::vector<std::string>{"first", "middle", "last"}));
}

TEST(FrameDecode, TheFirstFragmentOfAnEnvelopeShowsIt)
{
    netbase::UdpDatagram datagram;
    datagram.source = IP_A;
    datagram.destination = IP_B;
    Bytes inner;
    netbase::AppendUdpPacket(inner, datagram, Bytes(1472));
    const auto encapsulation = vxlan::MakeEncapsulation({});
    vxlan::PacketQueue queue;
    encapsulation->Encapsulate(Framed(inner), 864, {VTEP_A, VTEP_B}, queue);
    Bytes packet;
    vxlan::NoMeta meta;
    ASSERT_TRUE(queue.Pop(packet, meta));
    netbase::Ipv4Fragmenter fragmenter(packet, 1500);
    Bytes part;
    ASSERT_TRUE(fragmenter.Next(part));
    FrameRecord r = Decode(Framed(part));
    EXPECT_EQ(r[C::Fragment], "first");
    EXPECT_EQ(r[C::Encapsulation], "vxlan");
    EXPECT_EQ(r[C::Vni], "864");
    EXPECT_EQ(r[C::InnerSource], "00:50:56:00:00:01");
    EXPECT_EQ(r[C::Summary], "vxlan 864: the first part of a frame");
    part.clear();
    ASSERT_TRUE(fragmenter.Next(part));
    r = Decode(Framed(part));
    EXPECT_EQ(r[C::Fragment], "last");
    EXPECT_EQ(r[C::Encapsulation], "");
    EXPECT_THAT(r[C::Summary], HasSubstr("udp fragment at 1480"));
}

// ---------------------------------------------------------------- envelopes

struct Case
{
    vxlan::EncapsulationKind kind;
    const char* name;
    const char* protocol;
    const char* port;
    bool nvgre;
};

class FrameDecodeEnvelope : public testing::TestWithParam<Case>
{
};

TEST_P(FrameDecodeEnvelope, OuterAndInnerHeaders)
{
    const Case& which = GetParam();
    vxlan::EncapsulationConfig config;
    config.kind = which.kind;
    config.ttl = 33;
    EnvelopeHints hints;
    hints.nvgre = which.nvgre;
    const std::uint32_t vni = 0x123456;
    for (const bool v6 : {false, true})
    {
        const vxlan::TunnelEnds ends =
            v6 ? vxlan::TunnelEnds{V6(1), V6(2)} : vxlan::TunnelEnds{VTEP_A, VTEP_B};
        const auto frames = Enveloped(config, ArpRequest(), vni, ends);
        ASSERT_EQ(frames.size(), 1u);
        const FrameRecord r = Decode(frames[0], hints);
        EXPECT_EQ(r[C::Encapsulation], which.name);
        EXPECT_EQ(r[C::Vni], std::to_string(vni));
        EXPECT_EQ(r[C::Protocol], which.protocol);
        EXPECT_EQ(r[C::DestinationPort], which.port);
        EXPECT_EQ(r[C::Source], v6 ? "2001::1" : "10.20.1.10");
        EXPECT_EQ(r[C::Destination], v6 ? "2001::2" : "10.20.2.10");
        EXPECT_EQ(r[C::Ttl], "33");
        EXPECT_EQ(r[C::InnerSource], "00:50:56:00:00:01");
        EXPECT_EQ(r[C::InnerDestination], "ff:ff:ff:ff:ff:ff");
        EXPECT_EQ(r[C::InnerKind], "arp-request");
        EXPECT_EQ(r[C::InnerVlan], "");
        EXPECT_EQ(r[C::Message], "") << "the envelope is not the message";
        EXPECT_EQ(r[C::Summary],
                  std::string(which.name) +
                      " 1193046: ARP: who has 192.168.0.101? tell 192.168.0.100");
    }
}

TEST_P(FrameDecodeEnvelope, InnerTagAndKinds)
{
    const Case& which = GetParam();
    vxlan::EncapsulationConfig config;
    config.kind = which.kind;
    config.dropInnerVlan = false;
    EnvelopeHints hints;
    hints.nvgre = which.nvgre;
    const auto decode = [&](const Bytes& inner) {
        return Decode(Enveloped(config, inner, 0x5000, {VTEP_A, GROUP}).at(0), hints);
    };
    FrameRecord r = decode(Framed(Echo(false), netbase::MakeTci(7)));
    EXPECT_EQ(r[C::InnerKind], "icmp-request");
    EXPECT_EQ(r[C::InnerVlan], "7") << "STT carries it in its own header";
    EXPECT_EQ(r[C::Destination], "239.0.3.96");
    Bytes odd;
    netbase::EthernetHeader header;
    header.source = MAC_A;
    header.destination = MAC_B;
    header.type = 0x88b5;
    netbase::AppendEthernet(odd, header);
    odd.resize(60);
    r = decode(odd);
    EXPECT_EQ(r[C::InnerKind], "other");
    EXPECT_THAT(r[C::Summary], HasSubstr("EtherType 0x88b5"));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds,
    FrameDecodeEnvelope,
    testing::Values(Case{vxlan::EncapsulationKind::Vxlan, "vxlan", "udp", "4789", false},
                    Case{vxlan::EncapsulationKind::Nvgre, "nvgre", "gre", "", true},
                    Case{vxlan::EncapsulationKind::GreTeb, "gre", "gre", "", false},
                    Case{vxlan::EncapsulationKind::Stt, "stt", "stt", "7471", false},
                    Case{vxlan::EncapsulationKind::Geneve, "geneve", "udp", "6081", false}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(FrameDecode, SegmentsOfStt)
{
    vxlan::EncapsulationConfig config;
    config.kind = vxlan::EncapsulationKind::Stt;
    netbase::UdpDatagram datagram;
    datagram.source = IP_A;
    datagram.destination = IP_B;
    Bytes packet;
    netbase::AppendUdpPacket(packet, datagram, Bytes(4000));
    const auto frames = Enveloped(config, Framed(packet), 864, {VTEP_A, VTEP_B});
    ASSERT_GT(frames.size(), 2u);
    EXPECT_EQ(Decode(frames[0])[C::Vni], "864");
    EXPECT_EQ(Decode(frames[0])[C::InnerSource], "00:50:56:00:00:01");
    const FrameRecord r = Decode(frames[1]);
    EXPECT_EQ(r[C::Encapsulation], "stt");
    EXPECT_EQ(r[C::Vni], "") << "only the first segment has the STT header";
    EXPECT_THAT(r[C::Summary], HasSubstr("stt segment at"));
}

TEST(FrameDecode, AnotherPortIsSaidByTheScenario)
{
    vxlan::EncapsulationConfig config;
    config.destinationPort = 9999;
    Bytes frame = Enveloped(config, ArpRequest(), 864, {VTEP_A, VTEP_B}).at(0);
    EXPECT_EQ(Decode(frame)[C::Encapsulation], "");
    EnvelopeHints hints;
    hints.port = 9999;
    EXPECT_EQ(Decode(frame, hints)[C::Encapsulation], "vxlan");
    config.kind = vxlan::EncapsulationKind::Geneve;
    hints.geneve = true;
    frame = Enveloped(config, ArpRequest(), 864, {VTEP_A, VTEP_B}).at(0);
    EXPECT_EQ(Decode(frame, hints)[C::Encapsulation], "geneve");
    config.kind = vxlan::EncapsulationKind::Stt;
    hints.geneve = false;
    hints.stt = true;
    frame = Enveloped(config, ArpRequest(), 864, {VTEP_A, VTEP_B}).at(0);
    EXPECT_EQ(Decode(frame, hints)[C::Encapsulation], "stt");
    // The Linux kernel's port is known without.
    config.kind = vxlan::EncapsulationKind::Vxlan;
    config.destinationPort = 8472;
    frame = Enveloped(config, ArpRequest(), 864, {VTEP_A, VTEP_B}).at(0);
    EXPECT_EQ(Decode(frame)[C::Encapsulation], "vxlan");
}

// ---------------------------------------------------------------- what is no frame of ours

TEST(FrameDecode, WhatCannotBeReadSaysSo)
{
    EXPECT_EQ(Decode({})[C::Summary], "cut short");
    EXPECT_EQ(Decode(Bytes(13))[C::Summary], "cut short");
    Bytes frame = Framed(Echo(false));
    frame.resize(20);
    EXPECT_EQ(Decode(frame)[C::Summary], "malformed IP packet");
    frame = ArpRequest();
    frame.resize(30);
    EXPECT_EQ(Decode(frame)[C::Summary], "malformed ARP packet");
    vxlan::EncapsulationConfig config;
    frame = Enveloped(config, ArpRequest(), 864, {VTEP_A, VTEP_B}).at(0);
    frame.resize(frame.size() - 30); // the IP header's length is too long now
    EXPECT_EQ(Decode(frame)[C::Summary], "malformed IP packet");
}

/// Nothing that arrives on a wire brings the observer down: cut and changed frames of each kind.
TEST(FrameDecode, NothingCrashes)
{
    std::vector<Bytes> seeds{ArpRequest(), Framed(Echo(false))};
    for (const auto kind : {vxlan::EncapsulationKind::Vxlan,
                            vxlan::EncapsulationKind::Nvgre,
                            vxlan::EncapsulationKind::GreTeb,
                            vxlan::EncapsulationKind::Stt,
                            vxlan::EncapsulationKind::Geneve})
    {
        vxlan::EncapsulationConfig config;
        config.kind = kind;
        seeds.push_back(Enveloped(config, ArpRequest(), 0x5000, {VTEP_A, VTEP_B}).at(0));
        seeds.push_back(Enveloped(config, Framed(Echo(false)), 0x5000, {V6(1), V6(2)}).at(0));
    }
    Bytes packet;
    netbase::AppendIgmpPacket(packet, VTEP_A, GROUP, {});
    seeds.push_back(Framed(packet));
    std::mt19937 random(4789);
    std::size_t read = 0;
    for (int round = 0; round < 20'000; ++round)
    {
        Bytes frame = seeds[random() % seeds.size()];
        for (unsigned flips = random() % 6; flips > 0; --flips)
        {
            frame[random() % frame.size()] = static_cast<std::uint8_t>(random());
        }
        if (random() % 2 == 0)
        {
            frame.resize(random() % (frame.size() + 8));
            frame.shrink_to_fit(); // so that a sanitiser sees a byte too far
        }
        EnvelopeHints hints;
        hints.nvgre = random() % 2 == 0;
        hints.stt = random() % 2 == 0;
        hints.port = hints.stt ? 7471 : 0;
        const FrameRecord r = Decode(frame, hints);
        EXPECT_NE(r[C::Summary], "from before");
        read += !r[C::Encapsulation].empty();
    }
    EXPECT_GT(read, 1000u) << "some are still envelopes";
}

} // namespace
} // namespace weft::engine
