// SPDX-License-Identifier: GPL-2.0-only
// The router between networks: forwarding, ICMP, ARP cache and its bound.
#include "vxlan-router.h"

#include "netbase-endpoint.h"
#include "netbase-udp.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <stdexcept>

namespace weft::vxlan::test
{
namespace
{

using namespace std::chrono_literals;
using netbase::EndpointConfig;
using netbase::IpEndpoint;

constexpr Vni WEB = 864;
constexpr Vni DB = 865;

IpAddress
Address(unsigned network, unsigned host)
{
    return IpAddress::V4(0xc0a80000 + (network << 8) + host);
}

MacAddress
RouterMac(unsigned interface)
{
    return MacAddress::FromInteger(0x02000000aa00 + interface);
}

RouterConfig
TwoNetworks()
{
    RouterConfig config;
    for (unsigned i = 0; i < 2; ++i)
    {
        RouterInterfaceConfig interface;
        interface.vni = i == 0 ? WEB : DB;
        interface.mac = RouterMac(i);
        interface.address = Address(i, 1);
        config.interfaces.push_back(interface);
    }
    return config;
}

/// Hosts on the router's networks; each network is a hub without delay.
class Segments
{
  public:
    explicit Segments(const RouterConfig& config) : router(config)
    {
        router.Start(now);
    }

    std::size_t
    Add(unsigned network, unsigned number, std::uint8_t ttl = 64)
    {
        EndpointConfig config;
        config.mac = MacAddress::FromInteger(0x005056000000 + (network << 8) + number);
        config.address = Address(network, number);
        config.prefixLength = 24;
        config.gateway = Address(network, 1);
        config.ttl = ttl;
        hosts.push_back({network, std::make_unique<IpEndpoint>(config, now), {}, {}});
        return hosts.size() - 1;
    }

    IpEndpoint&
    operator[](std::size_t host)
    {
        return *hosts[host].endpoint;
    }

    /// Exchanges frames until all is quiet.
    void
    Settle()
    {
        bool busy = true;
        Bytes frame;
        while (busy)
        {
            busy = false;
            RouterOutput output;
            while (router.PollFrame(frame, output))
            {
                busy = true;
                for (Host& host : hosts)
                {
                    if (host.network == output.interface)
                    {
                        host.endpoint->OnFrame(frame, now);
                    }
                }
            }
            for (std::size_t from = 0; from < hosts.size(); ++from)
            {
                while (hosts[from].endpoint->PollFrame(frame))
                {
                    busy = true;
                    reasons.push_back(router.OnFrame(hosts[from].network, frame, now));
                    for (std::size_t to = 0; to < hosts.size(); ++to)
                    {
                        if (to != from && hosts[to].network == hosts[from].network)
                        {
                            hosts[to].endpoint->OnFrame(frame, now);
                        }
                    }
                }
                while (hosts[from].endpoint->PollPacket(frame))
                {
                    netbase::IcmpMessage message;
                    if (netbase::ReadIcmp(frame, message) == netbase::DropReason::None &&
                        message.kind == netbase::IcmpKind::EchoReply)
                    {
                        ++hosts[from].replies;
                        continue;
                    }
                    hosts[from].packets.push_back(frame);
                }
            }
        }
        const RouterCounters& c = router.Counters();
        EXPECT_EQ(c.forwarded + c.made,
                  c.sent + router.Neighbours().Waiting() + c.drops[DropReason::NoNeighbour] +
                      c.drops[DropReason::NoBuffer]);
    }

    void
    RunTo(TimeNs until)
    {
        Settle();
        while (true)
        {
            TimeNs next = router.NextDeadline();
            for (const Host& host : hosts)
            {
                next = std::min(next, host.endpoint->NextDeadline());
            }
            if (next > until)
            {
                break;
            }
            ASSERT_GE(next, now);
            now = next;
            router.OnDeadline(now);
            for (Host& host : hosts)
            {
                host.endpoint->OnDeadline(now);
            }
            Settle();
        }
        now = until;
    }

    void
    Ping(std::size_t from, const IpAddress& to, std::size_t size = 56, bool dontFragment = false)
    {
        hosts[from].endpoint->Ping(to, 1, 1, Bytes(size), now, dontFragment);
        Settle();
    }

    struct Host
    {
        std::uint32_t network;
        std::unique_ptr<IpEndpoint> endpoint;
        int replies;
        std::vector<Bytes> packets;
    };

    TimeNs now{0};
    Router router;
    std::vector<Host> hosts;
    std::vector<DropReason> reasons;
};

netbase::IcmpMessage
Icmp(const Bytes& packet)
{
    netbase::IcmpMessage message;
    EXPECT_EQ(netbase::ReadIcmp(packet, message), netbase::DropReason::None);
    return message;
}

TEST(Router, ForwardsBetweenNetworksAndTakesOneFromTheTtl)
{
    Segments net(TwoNetworks());
    const auto a = net.Add(0, 100);
    const auto b = net.Add(1, 101);
    net.Ping(a, Address(1, 101));
    EXPECT_EQ(net.hosts[a].replies, 1);
    EXPECT_EQ(net.router.Counters().forwarded, 2U);
    EXPECT_EQ(net.router.Counters().sent, 2U);
    EXPECT_EQ(net.router.Counters().sentBytes, 2U * 84);

    Bytes packet;
    netbase::AppendUdpPacket(packet,
                             {.source = Address(0, 100),
                              .destination = Address(1, 101),
                              .sourcePort = 1,
                              .destinationPort = 2,
                              .ttl = 2},
                             Bytes(10));
    net[a].SendPacket(packet, net.now);
    net.Settle();
    ASSERT_EQ(net.hosts[b].packets.size(), 1U);
    netbase::Ipv4Header header;
    ASSERT_EQ(netbase::ReadIpv4(net.hosts[b].packets[0], header), netbase::DropReason::None)
        << "checksum included";
    EXPECT_EQ(header.ttl, 1);
    EXPECT_EQ(header.source, Address(0, 100));
}

TEST(Router, AnswersEchoOnEveryAddressFromEveryNetwork)
{
    Segments net(TwoNetworks());
    const auto a = net.Add(0, 100);
    net.Ping(a, Address(0, 1));
    net.Ping(a, Address(1, 1));
    EXPECT_EQ(net.hosts[a].replies, 2);
    EXPECT_EQ(net.router.Counters().delivered, 2U);
    EXPECT_EQ(net.router.Counters().echoes, 2U);
    EXPECT_EQ(net.router.Counters().forwarded, 0U);
}

TEST(Router, TimeExceededComesFromTheNearInterface)
{
    Segments net(TwoNetworks());
    const auto a = net.Add(0, 100, 1);
    net.Add(1, 101);
    net.Ping(a, Address(1, 101));
    EXPECT_EQ(net.hosts[a].replies, 0);
    ASSERT_EQ(net.hosts[a].packets.size(), 1U);
    EXPECT_EQ(Icmp(net.hosts[a].packets[0]).kind, netbase::IcmpKind::TimeExceeded);
    netbase::Ipv4Header header;
    netbase::ReadIpv4(net.hosts[a].packets[0], header);
    EXPECT_EQ(header.source, Address(0, 1));
    EXPECT_EQ(net.router.Counters().drops[DropReason::TtlExpired], 1U);
}

TEST(Router, UnreachableNetworkHostAndPort)
{
    Segments net(TwoNetworks());
    const auto a = net.Add(0, 100);
    net.Ping(a, IpAddress::V4(0x08080808));
    ASSERT_EQ(net.hosts[a].packets.size(), 1U);
    EXPECT_EQ(Icmp(net.hosts[a].packets[0]).type, 3);
    EXPECT_EQ(Icmp(net.hosts[a].packets[0]).code, 0) << "network";
    EXPECT_EQ(net.router.Counters().drops[DropReason::NoRoute], 1U);

    net.Ping(a, Address(1, 200)); // nobody answers ARP: three questions, a second apart
    EXPECT_EQ(net.hosts[a].packets.size(), 1U);
    net.RunTo(net.now + 2999ms);
    EXPECT_EQ(net.hosts[a].packets.size(), 1U);
    net.RunTo(net.now + 1ms);
    ASSERT_EQ(net.hosts[a].packets.size(), 2U);
    EXPECT_EQ(Icmp(net.hosts[a].packets[1]).code, 1) << "host";
    EXPECT_EQ(net.router.Counters().drops[DropReason::NoNeighbour], 1U);
    EXPECT_EQ(net.router.Counters().arpRequestsSent, 3U);

    Bytes packet;
    netbase::AppendUdpPacket(packet,
                             {.source = Address(0, 100),
                              .destination = Address(0, 1),
                              .sourcePort = 1,
                              .destinationPort = 2},
                             Bytes(10));
    net[a].SendPacket(packet, net.now);
    net.Settle();
    ASSERT_EQ(net.hosts[a].packets.size(), 3U);
    EXPECT_EQ(Icmp(net.hosts[a].packets[2]).code, 3) << "port";
}

TEST(Router, DefaultRouteTakesTheRest)
{
    RouterConfig config = TwoNetworks();
    config.defaultGateway = Address(1, 254);
    Segments net(config);
    const auto a = net.Add(0, 100);
    const auto beyond = net.Add(1, 254);
    net[beyond].AddAddress(IpAddress::V4(0x08080808), net.now);
    net.Ping(a, IpAddress::V4(0x08080808));
    EXPECT_EQ(net.hosts[a].replies, 1);
}

TEST(Router, MtuOfTheFarInterface)
{
    RouterConfig config = TwoNetworks();
    config.interfaces[1].mtu = 1000;
    Segments net(config);
    const auto a = net.Add(0, 100);
    net.Add(1, 101);
    net.Ping(a, Address(1, 101), 1400);
    EXPECT_EQ(net.hosts[a].replies, 1) << "cut on the way there, whole on the way back";
    EXPECT_EQ(net.router.Counters().fragmented, 1U);
    net.Ping(a, Address(1, 101), 1400, true);
    EXPECT_EQ(net.hosts[a].replies, 1);
    ASSERT_FALSE(net.hosts[a].packets.empty());
    EXPECT_EQ(Icmp(net.hosts[a].packets.back()).kind, netbase::IcmpKind::PacketTooBig);
    EXPECT_EQ(Icmp(net.hosts[a].packets.back()).mtu, 1000U);
    EXPECT_EQ(net.router.Counters().drops[DropReason::TooBig], 1U);
}

TEST(Router, RefusesByName)
{
    Segments net(TwoNetworks());
    const auto a = net.Add(0, 100);
    net.Ping(a, Address(0, 1));
    const auto offer = [&](auto change) {
        Bytes packet;
        netbase::AppendUdpPacket(packet,
                                 {.source = Address(0, 100),
                                  .destination = Address(1, 101),
                                  .sourcePort = 1,
                                  .destinationPort = 2},
                                 Bytes(10));
        Bytes frame;
        netbase::AppendEthernet(frame,
                                {.destination = RouterMac(0),
                                 .source = MacAddress::FromInteger(0x005056000064),
                                 .tci = {},
                                 .type = netbase::ethertype::IPV4});
        frame.insert(frame.end(), packet.begin(), packet.end());
        change(frame);
        return net.router.OnFrame(0, frame, net.now);
    };
    EXPECT_EQ(offer([](Bytes&) {}), DropReason::None);
    EXPECT_EQ(offer([](Bytes& f) { f.resize(10); }), DropReason::Truncated);
    EXPECT_EQ(offer([](Bytes& f) { f.resize(30); }), DropReason::Truncated);
    EXPECT_EQ(offer([](Bytes& f) { f[5] ^= 1; }), DropReason::NotForUs) << "another station";
    EXPECT_EQ(offer([](Bytes& f) { f[6] |= 1; }), DropReason::BadInnerFrame) << "source a group";
    EXPECT_EQ(offer([](Bytes& f) { RouterMac(0).Write(std::span(f).subspan(6)); }),
              DropReason::OwnSource);
    EXPECT_EQ(offer([](Bytes& f) { netbase::InsertTag(f, 5); }), DropReason::VlanMismatch);
    EXPECT_EQ(offer([](Bytes& f) { f[24] ^= 1; }), DropReason::BadChecksum);
    EXPECT_EQ(offer([](Bytes& f) { netbase::Write16(&f[12], 0x86dd); }), DropReason::NoRoute);
    EXPECT_EQ(offer([](Bytes& f) { netbase::Write16(&f[12], 0x88cc); }), DropReason::NotForUs);
    net.router.Stop(net.now, true);
    EXPECT_EQ(offer([](Bytes&) {}), DropReason::PortDown);
    EXPECT_EQ(net.router.NextDeadline(), NEVER);
}

/// Pings every machine of one network in turn through a router whose cache has so many entries.
std::uint64_t
ArpRequestsFor(std::uint32_t entries, unsigned machines, int rounds, std::uint64_t* evictions)
{
    RouterConfig config = TwoNetworks();
    config.neighbours = netbase::NeighbourConfig::Router(1h);
    config.neighbours.maxEntries = entries;
    Segments net(config);
    const auto client = net.Add(0, 250);
    for (unsigned i = 0; i < machines; ++i)
    {
        net.Add(1, 10 + i);
    }
    for (int round = 0; round < rounds; ++round)
    {
        for (unsigned i = 0; i < machines; ++i)
        {
            net.Ping(client, Address(1, 10 + i));
            net.now += 1ms;
        }
    }
    EXPECT_EQ(net.hosts[client].replies, static_cast<int>(machines) * rounds) << "nothing is lost";
    EXPECT_LE(net.router.Neighbours().Size(), entries);
    *evictions = net.router.Neighbours().Counters().evictions;
    return net.router.Counters().arpRequestsSent;
}

TEST(RouterArpCache, ThatHoldsAllMachinesAsksOnceForEach)
{
    std::uint64_t evictions = 0;
    EXPECT_EQ(ArpRequestsFor(21, 20, 5, &evictions), 20U);
    EXPECT_EQ(evictions, 0U);
}

TEST(RouterArpCache, ThatIsTooSmallAsksAgainAndAgain)
{
    // In turn and least recently used first out: the client, used in every exchange, stays, and
    // every machine is forgotten before its turn comes again.
    std::uint64_t evictions = 0;
    EXPECT_EQ(ArpRequestsFor(10, 20, 5, &evictions), 100U);
    EXPECT_EQ(evictions, 100U - 9U);
}

TEST(RouterVrrp, OnlyTheMasterAnswersForTheVirtualAddress)
{
    RouterConfig config = TwoNetworks();
    config.interfaces[0].vrrp = VrrpConfig{.vrid = 9, .addresses = {Address(0, 254)}};
    Segments net(config);
    const auto a = net.Add(0, 100);
    const auto b = net.Add(1, 101);
    net.Ping(a, Address(0, 254));
    EXPECT_EQ(net.hosts[a].replies, 0) << "still a Backup";
    net.RunTo(4s);
    ASSERT_EQ(net.router.VrrpOf(0)->State(), VrrpState::Master);
    EXPECT_EQ(net.router.VrrpOf(1), nullptr);
    net.Ping(a, Address(0, 254));
    EXPECT_EQ(net.hosts[a].replies, 1);
    const auto entry = net[a].Neighbours()->Find(Address(0, 254), net.now);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->second, VrrpMac(9));
    // A frame to the virtual MAC is routed.
    net[a].AddNeighbour(Address(0, 1), VrrpMac(9), net.now);
    net.Ping(a, Address(1, 101));
    EXPECT_EQ(net.hosts[a].replies, 2);
    VrrpTransition transition;
    std::uint32_t interface = 9;
    ASSERT_TRUE(net.router.PollTransition(transition, interface));
    EXPECT_EQ(interface, 0U);
    net.router.Stop(net.now, true);
    EXPECT_EQ(net.router.VrrpOf(0)->Counters().resignationsSent, 1U);
    static_cast<void>(b);
}

TEST(RouterVrrp, WithoutAcceptModePingsToTheVirtualAddressAreNotTaken)
{
    RouterConfig config = TwoNetworks();
    config.interfaces[0].vrrp =
        VrrpConfig{.vrid = 9, .addresses = {Address(0, 254)}, .accept = false};
    Segments net(config);
    const auto a = net.Add(0, 100);
    net.RunTo(4s);
    net.Ping(a, Address(0, 254));
    EXPECT_EQ(net.hosts[a].replies, 0);
    EXPECT_EQ(net.router.Counters().drops[DropReason::NotForUs], 1U);
    net.Ping(a, Address(0, 1));
    EXPECT_EQ(net.hosts[a].replies, 1);
}

TEST(RouterVrrp, AnOwnerAnswersWithTheVirtualMac)
{
    RouterConfig config = TwoNetworks();
    config.interfaces[0].vrrp =
        VrrpConfig{.vrid = 9, .priority = 255, .addresses = {Address(0, 1)}};
    Segments net(config);
    const auto a = net.Add(0, 100);
    net.Ping(a, Address(0, 1));
    EXPECT_EQ(net.hosts[a].replies, 1);
    EXPECT_EQ(net[a].Neighbours()->Find(Address(0, 1), net.now)->second, VrrpMac(9));
}

TEST(RouterTables, ChangesNameNetworkAndInterface)
{
    Segments net(TwoNetworks());
    const auto a = net.Add(0, 100);
    net.Add(1, 101);
    net.Ping(a, Address(1, 101));
    std::map<IpAddress, netbase::TableChange> last;
    netbase::TableChange change;
    while (net.router.PollTableChange(change))
    {
        EXPECT_EQ(change.table, netbase::Table::Arp);
        last[change.address] = change;
    }
    ASSERT_EQ(last.size(), 2U);
    EXPECT_EQ(last[Address(0, 100)].domain, WEB);
    EXPECT_EQ(last[Address(0, 100)].source, Address(0, 1));
    EXPECT_EQ(last[Address(1, 101)].domain, DB);
    EXPECT_EQ(last[Address(1, 101)].port, 1);
    EXPECT_EQ(last[Address(1, 101)].mac, net[1].Config().mac);
}

TEST(RouterFuzz, RandomFramesAreNamedAndNeverForwardedDamaged)
{
    std::mt19937_64 random(5);
    Segments net(TwoNetworks());
    const auto a = net.Add(0, 100);
    net.Add(1, 101);
    net.Ping(a, Address(1, 101));
    Bytes good;
    netbase::AppendEthernet(good,
                            {.destination = RouterMac(0),
                             .source = MacAddress::FromInteger(0x005056000064),
                             .tci = {},
                             .type = netbase::ethertype::IPV4});
    netbase::AppendUdpPacket(good,
                             {.source = Address(0, 100),
                              .destination = Address(1, 101),
                              .sourcePort = 1,
                              .destinationPort = 2},
                             Bytes(40));
    std::uint64_t dropped = 0;
    const std::uint64_t before = net.router.Counters().drops.Total();
    Bytes out;
    for (int i = 0; i < 100'000; ++i)
    {
        Bytes frame = good;
        if (random() % 3 == 0)
        {
            frame.resize(random() % 80);
            for (std::size_t k = 12; k < frame.size(); ++k)
            {
                frame[k] = static_cast<std::uint8_t>(random());
            }
            if (frame.size() > 14 && random() % 2 == 0)
            {
                netbase::Write16(&frame[12], random() % 2 == 0 ? 0x0800 : 0x0806);
            }
        }
        else
        {
            for (std::uint64_t n = 1 + random() % 3; n > 0; --n)
            {
                frame[random() % frame.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
            }
            if (random() % 4 == 0)
            {
                frame.resize(random() % (frame.size() + 1));
            }
        }
        dropped += net.router.OnFrame(0, frame, 0s) == DropReason::None ? 0 : 1;
        RouterOutput output;
        while (net.router.PollFrame(out, output))
        {
            netbase::EthernetHeader ethernet;
            ASSERT_EQ(netbase::ReadEthernet(out, ethernet), netbase::DropReason::None);
            if (ethernet.type == netbase::ethertype::IPV4)
            {
                netbase::Ipv4Header header;
                ASSERT_EQ(netbase::ReadIpv4(ByteView(out).subspan(14), header),
                          netbase::DropReason::None);
                ASSERT_GE(header.ttl, 1);
            }
        }
    }
    EXPECT_GT(dropped, 50'000U);
    EXPECT_GE(net.router.Counters().drops.Total() - before, dropped) << "every refusal is counted";
}

TEST(RouterConfigRefused, NamesFieldValueAndRule)
{
    const auto refusal = [](auto change) -> std::string {
        RouterConfig config = TwoNetworks();
        change(config);
        try
        {
            Router router(config);
        }
        catch (const std::invalid_argument& error)
        {
            return error.what();
        }
        return {};
    };
    const auto has = [&](auto change, const std::string& text) {
        const std::string message = refusal(change);
        EXPECT_NE(message.find(text), std::string::npos) << message << " lacks " << text;
    };
    EXPECT_EQ(refusal([](RouterConfig&) {}), "");
    has([](RouterConfig& c) { c.interfaces.clear(); }, "router.interfaces is empty");
    has([](RouterConfig& c) { c.interfaces[1].vni = 1 << 24; }, "interfaces[1].vni is 16777216");
    has([](RouterConfig& c) { c.interfaces[1].vni = WEB; }, "interfaces[1].vni is 864");
    has([](RouterConfig& c) { c.interfaces[0].mac = MacAddress::Broadcast(); }, ".mac is ff:ff");
    has([](RouterConfig& c) { c.interfaces[0].address = IpAddress::V4(0xe0000001); },
        ".address is 224.0.0.1");
    has([](RouterConfig& c) { c.interfaces[0].prefixLength = 0; }, ".prefixLength is 0");
    has([](RouterConfig& c) { c.interfaces[0].prefixLength = 32; }, ".prefixLength is 32");
    has([](RouterConfig& c) { c.interfaces[0].mtu = 67; }, ".mtu is 67");
    has([](RouterConfig& c) { c.interfaces[1].address = Address(0, 2); }, "overlaps");
    has([](RouterConfig& c) { c.interfaces[1].prefixLength = 16; }, "overlaps");
    has([](RouterConfig& c) { c.defaultGateway = IpAddress::V4(0x0a000001); },
        "router.defaultGateway is 10.0.0.1");
    has([](RouterConfig& c) { c.defaultGateway = Address(0, 1); }, "another station");
    has([](RouterConfig& c) { c.interfaces[0].vrrp = VrrpConfig{.addresses = {Address(1, 254)}}; },
        "not in the interface's subnet");
    has([](RouterConfig& c) { c.interfaces[0].vrrp = VrrpConfig{}; }, "vrrp.addresses");
}

} // namespace
} // namespace weft::vxlan::test
