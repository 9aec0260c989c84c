// SPDX-License-Identifier: GPL-2.0-only
#include "endpoint_pair.h"
#include "netbase-ipv4.h"
#include "netbase-ipv6.h"
#include "netbase-udp.h"

#include <algorithm>

#include <malloc.h>

namespace weft::netbase::test
{
namespace
{

using namespace std::chrono_literals;

Bytes
Udp(const IpAddress& from, const IpAddress& to, std::size_t size, bool df = false)
{
    UdpDatagram datagram;
    datagram.source = from;
    datagram.destination = to;
    datagram.sourcePort = 1000;
    datagram.destinationPort = 2000;
    datagram.dontFragment = df;
    datagram.id = 77;
    Bytes packet;
    AppendUdpPacket(packet, datagram, Bytes(size, 5));
    return packet;
}

bool
IsArp(const Bytes& frame)
{
    return Read16(frame.data() + 12) == ethertype::ARP;
}

/// Gives a host an ARP packet from a station that is no host here.
DropReason
HearArp(IpEndpoint& host,
        ArpOperation operation,
        const MacAddress& mac,
        const IpAddress& sender,
        const IpAddress& target,
        const MacAddress& to = MacAddress::Broadcast())
{
    Bytes frame;
    BuildArpFrame(frame, to, mac, {operation, mac, sender, {}, target});
    return host.OnFrame(frame, 0s);
}

TEST(Endpoint, PingBackToBack)
{
    for (const bool v6 : {false, true})
    {
        Hosts hosts(2, v6);
        const Bytes data = Hex("0102030405");
        EXPECT_EQ(hosts[0].Ping(hosts[1].Config().address, 9, 1, data, 0s), DropReason::None);
        EXPECT_EQ(hosts[0].Waiting(), 1u);
        const auto replies = hosts.Delivered(0);
        ASSERT_EQ(replies.size(), 1u) << v6;
        IcmpMessage message;
        ASSERT_EQ(ReadIcmp(replies[0], message), DropReason::None);
        EXPECT_EQ(message.kind, IcmpKind::EchoReply);
        EXPECT_EQ(message.id, 9);
        EXPECT_EQ(Bytes(message.body.begin(), message.body.end()), data);
        EXPECT_TRUE(hosts.Delivered(1).empty()) << "the host answers by itself";
        // Question, answer, echo, reply; nobody asks back: RFC 826 taught the other from the
        // question.
        EXPECT_EQ(hosts.segment.wire.size(), 4u);
        EXPECT_EQ(hosts[1].Counters().requestsOut, 0u);
        EXPECT_EQ(hosts[0].Counters().requestsOut, 1u);
        EXPECT_EQ(hosts[1].Counters().echoes, 1u);
        EXPECT_EQ(hosts[0].Waiting(), 0u);
        hosts[0].Ping(hosts[0].Config().address, 9, 2, data, 0s);
        ASSERT_EQ(hosts.Delivered(0).size(), 1u) << "to itself, without the wire";
        EXPECT_EQ(hosts.segment.wire.size(), 4u);
    }
}

TEST(Endpoint, GoesThroughTheGatewayAndRefusesWithout)
{
    Hosts hosts(2, false, [](EndpointConfig& config) {
        if (config.key == 1)
        {
            config.gateway = Ip("192.168.0.2");
        }
    });
    EXPECT_EQ(hosts[0].SendPacket(Udp(Ip("192.168.0.1"), Ip("8.8.8.8"), 10), 0s), DropReason::None);
    hosts.segment.Settle();
    ASSERT_EQ(hosts.segment.wire.size(), 3u);
    EXPECT_EQ(MacAddress::Read(hosts.segment.wire[2]), hosts[1].Config().mac);
    EXPECT_EQ(hosts[1].Counters().drops.Of(DropReason::NotOurAddress), 1u) << "no router";
    EXPECT_EQ(hosts[1].SendPacket(Udp(Ip("192.168.0.2"), Ip("8.8.8.8"), 10), 0s),
              DropReason::NoRoute);
    EXPECT_EQ(hosts[1].Ping(Ip("2001:db8::1"), 1, 1, {}, 0s), DropReason::NoRoute);
    EXPECT_EQ(hosts[1].Counters().drops.Of(DropReason::NoRoute), 2u);
    EXPECT_EQ(hosts[0].SendPacket(Hex("4500"), 0s), DropReason::Truncated);
    EXPECT_EQ(hosts[0].SendPacket(Bytes(40, 0), 0s), DropReason::BadHeader);
    EXPECT_EQ(hosts[0].SendPacket({}, 0s), DropReason::Truncated);
}

TEST(Endpoint, AnswersArpForItsOwnAddressesOnly)
{
    IpEndpoint host(HostConfig(1), 0s);
    const MacAddress other = Mac("00:50:56:00:00:09");
    Random random(41);
    Bytes frame;
    for (int i = 0; i < 10'000; ++i)
    {
        IpAddress target =
            IpAddress::V4(0xc0a80000u + static_cast<std::uint32_t>(Below(random, 256)));
        const bool own = target == host.Config().address;
        const bool there = host.OwnsAddress(Ip("192.168.0.200"));
        const bool expected = own || (there && target == Ip("192.168.0.200"));
        HearArp(host, ArpOperation::Request, other, Ip("192.168.0.9"), target);
        ASSERT_EQ(host.PollFrame(frame), expected) << target.ToString();
        ASSERT_FALSE(host.PollFrame(frame));
        if (Below(random, 50) == 0)
        {
            there ? static_cast<void>(host.RemoveAddress(Ip("192.168.0.200")))
                  : host.AddAddress(Ip("192.168.0.200"), 0s, Mac("00:00:5e:00:01:0a"));
        }
    }
}

TEST(Endpoint, GratuitousArpChangesWhatIsKnownOnly)
{
    IpEndpoint host(HostConfig(1), 0s);
    const MacAddress one = Mac("00:50:56:00:00:09");
    const MacAddress two = Mac("00:50:56:00:00:0a");
    const IpAddress address = Ip("192.168.0.9");
    Bytes frame;
    BuildGarp(frame, one, address);
    EXPECT_EQ(host.OnFrame(frame, 0s), DropReason::NotOurArp);
    EXPECT_EQ(host.Neighbours(), nullptr);
    HearArp(host, ArpOperation::Request, one, address, host.Config().address); // asks us: learned
    ASSERT_NE(host.Neighbours(), nullptr);
    EXPECT_EQ(host.Neighbours()->Find(address, 0s)->second, one);
    for (const GarpForm form : {GarpForm::Request, GarpForm::Reply})
    {
        const MacAddress& mac = form == GarpForm::Request ? two : one;
        BuildGarp(frame, mac, address, form);
        EXPECT_EQ(host.OnFrame(frame, 0s), DropReason::None);
        EXPECT_EQ(host.Neighbours()->Find(address, 0s)->second, mac);
    }
    // RARP names no address; who claims ours is not believed; nor is a group as a station.
    BuildRarp(frame, two);
    EXPECT_EQ(host.OnFrame(frame, 0s), DropReason::Rarp);
    BuildGarp(frame, two, host.Config().address);
    EXPECT_EQ(host.OnFrame(frame, 0s), DropReason::AddressConflict);
    BuildArpFrame(
        frame,
        MacAddress::Broadcast(),
        two,
        {ArpOperation::Reply, MacAddress::Broadcast(), address, {}, host.Config().address});
    EXPECT_EQ(host.OnFrame(frame, 0s), DropReason::BadSource);
    EXPECT_EQ(host.Neighbours()->Find(address, 0s)->second, one);
    // A probe (RFC 5227) for our address is answered, and teaches nothing.
    while (host.PollFrame(frame))
    {
    }
    EXPECT_EQ(HearArp(host, ArpOperation::Request, two, IpAddress::V4(0), host.Config().address),
              DropReason::None);
    EXPECT_TRUE(host.PollFrame(frame));
    EXPECT_EQ(host.Neighbours()->Size(), 1u);
    // What it announces itself.
    host.AnnounceGarp(0s);
    ASSERT_TRUE(host.PollFrame(frame));
    Bytes expected;
    BuildGarp(expected, host.Config().mac, host.Config().address);
    EXPECT_EQ(frame, expected);
    host.AnnounceRarp(0s);
    ASSERT_TRUE(host.PollFrame(frame));
    BuildRarp(expected, host.Config().mac);
    EXPECT_EQ(frame, expected);
    EXPECT_THROW(host.AnnounceGarp(0s, address), std::invalid_argument);
}

TEST(Endpoint, IgnoredFramesAreNamed)
{
    IpEndpoint host(HostConfig(1), 0s);
    const IpAddress mine = host.Config().address;
    const IpAddress other = Ip("192.168.0.9");
    const auto frame = [&](const char* to, const char* from, const IpAddress& destination) {
        Bytes octets;
        EthernetHeader header;
        header.destination = Mac(to);
        header.source = Mac(from);
        header.type = ethertype::IPV4;
        AppendEthernet(octets, header);
        const Bytes packet = Udp(other, destination, 10);
        octets.insert(octets.end(), packet.begin(), packet.end());
        return octets;
    };
    const char* own = "00:50:56:00:00:01";
    const char* sender = "00:50:56:00:00:09";
    EXPECT_EQ(host.OnFrame(frame(own, sender, mine), 0s), DropReason::None);
    EXPECT_EQ(host.OnFrame(frame("00:50:56:00:00:02", sender, mine), 0s), DropReason::NotOurMac);
    EXPECT_EQ(host.OnFrame(frame(own, sender, other), 0s), DropReason::NotOurAddress);
    EXPECT_EQ(host.OnFrame(frame(own, own, mine), 0s), DropReason::OwnSource);
    EXPECT_EQ(host.OnFrame(frame(own, "01:50:56:00:00:09", mine), 0s), DropReason::BadSource);
    EXPECT_EQ(host.OnFrame(frame("01:00:5e:01:01:01", sender, Ip("239.1.1.1")), 0s),
              DropReason::NotOurGroup);
    host.JoinGroup(Ip("239.129.1.1"), 0s); // shares its MAC address with 239.1.1.1
    EXPECT_EQ(host.OnFrame(frame("01:00:5e:01:01:01", sender, Ip("239.1.1.1")), 0s),
              DropReason::NotOurGroup);
    EXPECT_EQ(host.OnFrame(frame("01:00:5e:01:01:01", sender, Ip("239.129.1.1")), 0s),
              DropReason::None);
    EXPECT_EQ(host.OnFrame(frame("ff:ff:ff:ff:ff:ff", sender, Ip("192.168.0.255")), 0s),
              DropReason::None);
    EXPECT_EQ(host.OnFrame(frame("ff:ff:ff:ff:ff:ff", sender, Ip("255.255.255.255")), 0s),
              DropReason::None);
    Bytes tagged = frame(own, sender, mine);
    InsertTag(tagged, MakeTci(5));
    EXPECT_EQ(host.OnFrame(tagged, 0s), DropReason::Tagged);
    Bytes priority = frame(own, sender, mine);
    InsertTag(priority, MakeTci(0, 5));
    EXPECT_EQ(host.OnFrame(priority, 0s), DropReason::None);
    Bytes odd = frame(own, sender, mine);
    odd[12] = 0x12;
    EXPECT_EQ(host.OnFrame(odd, 0s), DropReason::UnknownEtherType);
    EXPECT_EQ(host.OnFrame(Bytes(13), 0s), DropReason::Truncated);
    Bytes broken = frame(own, sender, mine);
    broken[14 + 8] ^= 1;
    EXPECT_EQ(host.OnFrame(broken, 0s), DropReason::BadChecksum);
    const auto& c = host.Counters();
    EXPECT_EQ(c.framesIn, c.packetsDelivered + c.drops.Total());
    EXPECT_EQ(c.packetsDelivered, 5u);
}

TEST(Endpoint, MtuDfAndFragments)
{
    for (const bool v6 : {false, true})
    {
        Hosts hosts(2, v6);
        const IpAddress a = hosts[0].Config().address;
        const IpAddress b = hosts[1].Config().address;
        const std::size_t header = (v6 ? 40 : 20) + 8;
        // The first fragments wait for the neighbour's answer, in order.
        const Bytes big = Udp(a, b, 4000);
        EXPECT_EQ(hosts[0].SendPacket(big, 0s), DropReason::None);
        EXPECT_EQ(hosts[0].Waiting(), 3u);
        auto got = hosts.Delivered(1);
        ASSERT_EQ(got.size(), 1u);
        EXPECT_EQ(got[0], big);
        for (const Bytes& frame : hosts.segment.wire)
        {
            EXPECT_LE(frame.size(), 1514u);
        }
        EXPECT_EQ(hosts[0].Counters().fragmentsOut, 3u);
        EXPECT_EQ(hosts[0].SendPacket(Udp(a, b, 1500 - header, true), 0s), DropReason::None);
        EXPECT_EQ(hosts.Delivered(1).size(), 1u);
        SendOptions whole;
        whole.dontFragment = true;
        EXPECT_EQ(hosts[0].SendPacket(Udp(a, b, 1501 - header), 0s, whole), DropReason::TooBig);
        if (!v6)
        {
            EXPECT_EQ(hosts[0].SendPacket(Udp(a, b, 1501 - header, true), 0s), DropReason::TooBig);
        }
        // Both directions of a large ping in fragments.
        hosts[0].Ping(b, 1, 1, Bytes(5000), 0s);
        got = hosts.Delivered(0);
        ASSERT_EQ(got.size(), 1u);
        EXPECT_EQ(got[0].size(), 5000 + header);
        EXPECT_EQ(hosts[0].Ping(b, 1, 1, Bytes(5000), 0s, true), DropReason::TooBig);
    }
    Hosts strict(2, true, [](EndpointConfig& config) { config.fragmentsIpv6 = false; });
    EXPECT_EQ(strict[0].SendPacket(Udp(Ip("2001:db8::1"), Ip("2001:db8::2"), 1500), 0s),
              DropReason::TooBig);
}

TEST(Endpoint, PathMtuIsHeardAndForgotten)
{
    Hosts hosts(2);
    const IpAddress a = hosts[0].Config().address;
    const IpAddress b = hosts[1].Config().address;
    const Bytes packet = Udp(a, b, 1472, true);
    Bytes frame;
    const auto complain = [&](const Bytes& about, std::uint32_t mtu) {
        frame.clear();
        EthernetHeader header;
        header.destination = hosts[0].Config().mac;
        header.source = hosts[1].Config().mac;
        header.type = ethertype::IPV4;
        AppendEthernet(frame, header);
        AppendPacketTooBig(frame, Ip("192.168.0.254"), about, mtu);
        hosts[0].OnFrame(frame, hosts.segment.now);
    };
    complain(Udp(Ip("192.168.0.77"), b, 1472), 1400);
    EXPECT_EQ(hosts[0].PathMtu(b, 0s), 1500u) << "not about a packet of ours";
    complain(packet, 1450);
    EXPECT_EQ(hosts[0].PathMtu(b, 0s), 1450u);
    EXPECT_EQ(hosts[0].PathMtu(Ip("192.168.0.3"), 0s), 1500u);
    complain(packet, 1480);
    EXPECT_EQ(hosts[0].PathMtu(b, 0s), 1450u) << "it only sinks";
    EXPECT_EQ(hosts[0].SendPacket(packet, 0s), DropReason::TooBig);
    EXPECT_EQ(hosts[0].SendPacket(Udp(a, b, 1472), 0s), DropReason::None);
    EXPECT_EQ(hosts[0].Counters().packetsFragmented, 1u);
    EXPECT_EQ(hosts[0].PathMtu(b, 10min), 1500u);
    complain(Udp(a, Ip("192.168.0.9"), 1472), 0); // an old router: the next plateau
    EXPECT_EQ(hosts[0].PathMtu(Ip("192.168.0.9"), 0s), 1492u);
}

TEST(Endpoint, UnresolvedPacketsWaitAreBoundedAndFail)
{
    Hosts hosts(1, false, [](EndpointConfig& config) { config.neighbours.pendingPackets = 4; });
    for (int i = 0; i < 10; ++i)
    {
        EXPECT_EQ(hosts[0].SendPacket(Udp(Ip("192.168.0.1"), Ip("192.168.0.9"), 10), 0s),
                  DropReason::None);
    }
    EXPECT_EQ(hosts[0].Waiting(), 4u);
    EXPECT_EQ(hosts[0].Counters().drops.Of(DropReason::PendingFull), 6u);
    hosts.segment.RunUntil(2'999ms);
    EXPECT_EQ(hosts[0].Waiting(), 4u);
    hosts.segment.RunUntil(3s);
    EXPECT_EQ(hosts[0].Waiting(), 0u);
    EXPECT_EQ(hosts[0].Counters().drops.Of(DropReason::NeighbourFailed), 4u);
    EXPECT_EQ(hosts.segment.wire.size(), 3u) << "three questions";
    EXPECT_EQ(hosts[0].NextDeadline(), NEVER);
}

TEST(Endpoint, VirtualAddressesHaveTheirOwnMac)
{
    Hosts hosts(3);
    const IpAddress shared = Ip("192.168.0.254");
    const MacAddress vrrp = Mac("00:00:5e:00:01:0a");
    hosts[1].AddAddress(shared, 0s, vrrp);
    EXPECT_THROW(hosts[1].AddAddress(shared, 0s), std::invalid_argument);
    EXPECT_THROW(hosts[1].AddAddress(Ip("239.1.1.1"), 0s), std::invalid_argument);
    EXPECT_THROW(hosts[1].AddAddress(Ip("2001:db8::9"), 0s), std::invalid_argument);
    hosts[0].Ping(shared, 1, 1, {}, 0s);
    ASSERT_EQ(hosts.Delivered(0).size(), 1u);
    EXPECT_EQ(*hosts[0].Neighbours()->Find(shared, 0s),
              std::pair(NeighbourCache::State::Reachable, vrrp));
    EXPECT_EQ(MacAddress::Read(ByteView(hosts.segment.wire.back()).subspan(6)), vrrp);
    // Fail-over: the other takes it over and says so.
    EXPECT_TRUE(hosts[1].RemoveAddress(shared));
    hosts[2].AddAddress(shared, 0s, vrrp);
    hosts[2].AnnounceGarp(0s, shared);
    hosts.segment.Settle();
    const std::uint64_t before = hosts[1].Counters().drops.Of(DropReason::NotOurMac);
    hosts[0].Ping(shared, 1, 2, {}, 0s);
    EXPECT_EQ(hosts.Delivered(0).size(), 1u);
    EXPECT_EQ(hosts[2].Counters().echoes, 1u);
    EXPECT_EQ(hosts[1].Counters().drops.Of(DropReason::NotOurMac), before + 3)
        << "the echo, the answer to the new master's question, the reply";
    // A source MAC of the caller's choice: VRRP advertisements.
    SendOptions options;
    options.sourceMac = vrrp;
    hosts[2].SendPacket(Udp(Ip("192.168.0.3"), Ip("224.0.0.18"), 10), 0s, options);
    hosts.segment.Settle();
    EXPECT_EQ(MacAddress::Read(ByteView(hosts.segment.wire.back()).subspan(6)), vrrp);
    EXPECT_EQ(MacAddress::Read(hosts.segment.wire.back()), Mac("01:00:5e:00:00:12"));
}

TEST(Endpoint, GroupsAreReportedAndDelivered)
{
    Hosts hosts(3);
    const IpAddress group = Ip("239.0.3.96");
    EXPECT_TRUE(hosts[0].JoinGroup(group, 0s));
    EXPECT_FALSE(hosts[0].JoinGroup(group, 0s));
    EXPECT_THROW(hosts[0].JoinGroup(Ip("10.0.0.1"), 0s), std::invalid_argument);
    hosts.segment.RunUntil(5s);
    EXPECT_EQ(hosts.segment.wire.size(), 2u);
    EXPECT_EQ(MacAddress::Read(hosts.segment.wire[0]), Mac("01:00:5e:00:00:16"));
    TableChange change;
    ASSERT_TRUE(hosts[0].PollTableChange(change));
    EXPECT_EQ(change.table, Table::Groups);
    EXPECT_EQ(change.address, group);
    hosts[1].SendPacket(Udp(Ip("192.168.0.2"), group, 10), 5s);
    EXPECT_EQ(hosts.Delivered(0).size(), 1u);
    EXPECT_TRUE(hosts.Delivered(1).empty()) << "not looped back";
    EXPECT_TRUE(hosts.Delivered(2).empty());
    // A querier: host 2 speaks for a router.
    IgmpMessage query;
    query.maxResponse = 10s;
    Bytes packet;
    AppendIgmpPacket(packet, Ip("192.168.0.2"), IpAddress::V4(IGMP_ALL_HOSTS), query);
    hosts[1].SendPacket(packet, 5s);
    hosts.segment.RunUntil(20s);
    EXPECT_EQ(hosts[0].Igmp()->Counters().reports, 3u);
    EXPECT_EQ(hosts.Delivered(0).size(), 1u) << "IGMP is for upper layers too";
    EXPECT_TRUE(hosts[0].LeaveGroup(group, 20s));
    hosts[1].SendPacket(Udp(Ip("192.168.0.2"), group, 10), 20s);
    EXPECT_TRUE(hosts.Delivered(0).empty());
    // The same group as IPv6 has it: received, without MLD.
    Hosts six(2, true);
    six[0].JoinGroup(Ip("ff05::5"), 0s);
    six[1].SendPacket(Udp(Ip("2001:db8::2"), Ip("ff05::5"), 10), 0s);
    EXPECT_EQ(six.Delivered(0).size(), 1u);
}

TEST(Endpoint, InPlaceAndViewAvoidCopies)
{
    Hosts hosts(2);
    const Bytes packet = Udp(Ip("192.168.0.1"), Ip("192.168.0.2"), 100);
    hosts[0].AddNeighbour(Ip("192.168.0.2"), hosts[1].Config().mac, 0s);
    Bytes buffer(IpEndpoint::HEADROOM + packet.size());
    std::copy(packet.begin(), packet.end(), buffer.begin() + IpEndpoint::HEADROOM);
    const std::uint8_t* storage = buffer.data();
    EXPECT_EQ(hosts[0].SendInPlace(buffer, 0s), DropReason::None);
    Bytes frame;
    ASSERT_TRUE(hosts[0].PollFrame(frame));
    EXPECT_EQ(frame.data(), storage);
    frame.resize(frame.size() + 6); // padding of the wire
    ByteView view;
    EXPECT_EQ(hosts[1].Receive(frame, 0s, view), DropReason::None);
    EXPECT_EQ(view.data(), frame.data() + 14);
    EXPECT_EQ(Bytes(view.begin(), view.end()), packet);
    EXPECT_FALSE(hosts[1].PollPacket(buffer));
}

TEST(Endpoint, LinkWithoutArp)
{
    Hosts hosts(2, false, [](EndpointConfig& config) { config.resolves = false; });
    hosts[0].Ping(Ip("192.168.0.2"), 1, 1, {}, 0s);
    EXPECT_EQ(hosts.Delivered(0).size(), 1u);
    EXPECT_EQ(hosts.segment.wire.size(), 2u);
    EXPECT_TRUE(MacAddress::Read(hosts.segment.wire[0]).IsBroadcast());
}

TEST(Endpoint, TimedOutFragmentsAreToldToTheSender)
{
    Hosts hosts(2);
    hosts.segment.loses = [](const Bytes& frame) {
        Ipv4Header header;
        return ReadIpv4(ByteView(frame).subspan(14), header) == DropReason::None &&
               header.fragmentOffset != 0;
    };
    hosts[0].SendPacket(Udp(Ip("192.168.0.1"), Ip("192.168.0.2"), 3000), 0s);
    hosts.segment.RunUntil(60s);
    const auto got = hosts.Delivered(0);
    ASSERT_EQ(got.size(), 1u);
    IcmpMessage message;
    ASSERT_EQ(ReadIcmp(got[0], message), DropReason::None);
    EXPECT_EQ(message.kind, IcmpKind::TimeExceeded);
    EXPECT_EQ(message.code, 1);
    EXPECT_EQ(hosts[1].Counters().drops.Of(DropReason::FragmentTimeout), 1u);
}

TEST(Endpoint, DuplicateAddressIsNoticed)
{
    EndpointConfig twin = HostConfig(1, true);
    twin.mac = Mac("00:50:56:00:00:99");
    Hosts hosts(2, true);
    IpEndpoint other(twin, 0s);
    hosts.segment.Attach(other);
    other.AnnounceGarp(0s);
    hosts.segment.Settle();
    EXPECT_EQ(hosts[0].Counters().drops.Of(DropReason::AddressConflict), 1u);
}

TEST(Endpoint, RefusesNonsense)
{
    const auto with = [](auto change) {
        EndpointConfig config = HostConfig(1);
        change(config);
        return config;
    };
    for (const auto& config : {with([](auto& c) { c.mac = {}; }),
                               with([](auto& c) { c.mac = MacAddress::Broadcast(); }),
                               with([](auto& c) { c.address = {}; }),
                               with([](auto& c) { c.address = Ip("224.0.0.1"); }),
                               with([](auto& c) { c.prefixLength = 33; }),
                               with([](auto& c) { c.gateway = Ip("10.0.0.1"); }),
                               with([](auto& c) { c.gateway = Ip("2001:db8::1"); }),
                               with([](auto& c) { c.mtu = 67; }),
                               with([](auto& c) { c.mtu = 65536; }),
                               with([](auto& c) { c.igmpVersion = 4; }),
                               with([](auto& c) { c.ttl = 0; }),
                               with([](auto& c) { c.neighbours.reachable = 0s; }),
                               with([](auto& c) { c.reassembly.maxDatagrams = 0; })})
    {
        EXPECT_THROW(IpEndpoint(config, 0s), std::invalid_argument);
    }
    IpEndpoint host(HostConfig(1), 0s);
    EXPECT_THROW(host.SetMtu(60), std::invalid_argument);
    EXPECT_THROW(host.AddNeighbour(Ip("192.168.0.2"), MacAddress::Broadcast(), 0s),
                 std::invalid_argument);
}

/// An idle virtual machine is cheap: there are 20,000 of them. What it needs later comes later.
TEST(Endpoint, IdleHostsAreSmall)
{
    constexpr std::size_t COUNT = 10'000;
    std::vector<std::unique_ptr<IpEndpoint>> hosts;
    hosts.reserve(COUNT);
    const auto before = mallinfo2().uordblks;
    for (unsigned i = 1; i <= COUNT; ++i)
    {
        EndpointConfig config = HostConfig(1);
        config.mac = MacAddress::FromInteger(i);
        hosts.push_back(std::make_unique<IpEndpoint>(config, 0s));
    }
    EXPECT_LT((mallinfo2().uordblks - before) / COUNT, 700u);
    EXPECT_LT(sizeof(IpEndpoint), 600u);
    EXPECT_EQ(hosts[0]->NextDeadline(), NEVER);
    // Overhearing the announcement of another leaves it small.
    Bytes frame;
    BuildGarp(frame, Mac("00:50:56:00:00:99"), Ip("192.168.0.9"));
    for (auto& host : hosts)
    {
        host->OnFrame(frame, 0s);
    }
    EXPECT_LT((mallinfo2().uordblks - before) / COUNT, 750u);
}

/// Hosts that talk at random over a segment that loses frames, with small queues: every packet sent
/// is delivered, lost by the segment, dropped by name, or still waiting.
TEST(Endpoint, BooksBalance)
{
    for (std::uint64_t seed = 1; seed <= 6; ++seed)
    {
        Random random(seed);
        const bool v6 = seed % 2 == 0;
        Hosts hosts(5, v6, [seed](EndpointConfig& config) {
            config.neighbours.pendingPackets = 2;
            config.neighbours.maxEntries = 3;
            config.answersEcho = false;
            config.neighbours.revalidates = seed % 3 == 0;
        });
        std::uint64_t lost = 0;
        hosts.segment.loses = [&](const Bytes& frame) {
            const bool gone = Below(random, 10) == 0;
            const bool ndp = v6 && frame.size() > 60 && frame[20] == protocol::ICMPV6 &&
                             (frame[54] == 135 || frame[54] == 136);
            lost += gone && !IsArp(frame) && !ndp ? 1 : 0;
            return gone;
        };
        std::uint64_t offered = 0;
        std::uint64_t refused = 0;
        for (int i = 0; i < 20'000; ++i)
        {
            const auto from = Below(random, 5);
            const auto number = 1 + Below(random, 7); // two of which are nobody
            const IpAddress to = HostConfig(static_cast<unsigned>(number), v6).address;
            const IpAddress source = hosts[from].Config().address;
            ++offered;
            refused += hosts[from].SendPacket(Udp(source, to, Below(random, 1400)),
                                              hosts.segment.now) != DropReason::None;
            hosts.segment.RunUntil(hosts.segment.now +
                                   TimeNs(static_cast<std::int64_t>(Below(random, 1'000'000'000))));
        }
        std::uint64_t delivered = 0;
        std::uint64_t waiting = 0;
        std::uint64_t dropped = 0;
        std::uint64_t heard = 0;
        for (std::size_t i = 0; i < 5; ++i)
        {
            const auto& c = hosts[i].Counters();
            delivered += c.packetsDelivered;
            waiting += hosts[i].Waiting();
            for (const DropReason reason :
                 {DropReason::PendingFull, DropReason::CacheFull, DropReason::NeighbourFailed})
            {
                dropped += c.drops.Of(reason);
            }
            heard += hosts.Delivered(i).size();
        }
        EXPECT_EQ(refused, 0u);
        EXPECT_EQ(delivered, heard);
        EXPECT_EQ(offered, delivered + lost + dropped + waiting) << seed;
        EXPECT_GT(dropped, 100u);
        EXPECT_GT(lost, 100u);
    }
}

} // namespace
} // namespace weft::netbase::test
