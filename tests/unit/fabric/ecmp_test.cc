// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * How flows spread over equal-cost ways: evenly by chi-square, to one way where the hash does not
 * see them apart, to half of the second tier where both tiers hash alike.
 */
#include "netbase-flow-hash.h"
#include "netbase-udp.h"
#include "underlay-hash-mode.h"
#include "underlay-next-hop-group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

namespace weft::underlay
{
namespace
{

using netbase::Bytes;
using netbase::ByteView;
using netbase::IpAddress;

/// A tunnel packet between two endpoints, or a plain UDP packet.
struct Flow
{
    std::uint32_t source = 0x0a010101;
    std::uint32_t destination = 0x0a020202;
    std::uint16_t sourcePort = 49152;
    std::uint16_t destinationPort = 4789;
};

Bytes
Frame(const Flow& flow, const Bytes& payload = Bytes(32))
{
    netbase::UdpDatagram datagram;
    datagram.source = IpAddress::V4(flow.source);
    datagram.destination = IpAddress::V4(flow.destination);
    datagram.sourcePort = flow.sourcePort;
    datagram.destinationPort = flow.destinationPort;
    Bytes frame(14);
    frame[12] = 8;
    EXPECT_EQ(netbase::AppendUdpPacket(frame, datagram, payload), netbase::DropReason::None);
    return frame;
}

/// VXLAN header, VNI 864, and an inner frame of a UDP flow.
Bytes
Vxlan(std::uint16_t innerPort)
{
    Bytes payload{8, 0, 0, 0, 0, 3, 0x60, 0};
    const Bytes inner = Frame({0xc0a80064, 0xc0a80065, innerPort, 80});
    payload.insert(payload.end(), inner.begin(), inner.end());
    return payload;
}

/// The value of chi-square at @p freedom degrees of freedom that is exceeded with probability
/// 1e-7 (Wilson and Hilferty 1931; a margin over the 1e-6 of false alarm for the approximation).
double
Limit(double freedom)
{
    const double z = 5.1993;
    const double c = 2 / (9 * freedom);
    return freedom * std::pow(1 - c + z * std::sqrt(c), 3);
}

double
ChiSquare(const std::vector<int>& counts)
{
    double total = 0;
    for (const int count : counts)
    {
        total += count;
    }
    const double mean = total / static_cast<double>(counts.size());
    double sum = 0;
    for (const int count : counts)
    {
        sum += (count - mean) * (count - mean) / mean;
    }
    return sum;
}

NextHopGroup
Group(std::uint32_t members, std::uint32_t buckets = 0)
{
    NextHopGroup group(buckets);
    std::vector<NextHop> hops;
    for (std::uint32_t i = 0; i < members; ++i)
    {
        hops.push_back({i, IpAddress::V4(0xac100000 + i)});
    }
    group.Set(hops, 1);
    return group;
}

struct Spread
{
    std::uint32_t paths;
    int flows;
    std::uint32_t buckets;
};

class EvenSpread : public testing::TestWithParam<Spread>
{
};

INSTANTIATE_TEST_SUITE_P(Ecmp,
                         EvenSpread,
                         testing::Values(Spread{2, 1024, 0},
                                         Spread{3, 3000, 0},
                                         Spread{4, 1024, 0},
                                         Spread{4, 8192, 0},
                                         Spread{8, 8192, 0},
                                         Spread{16, 65536, 0},
                                         Spread{4, 8192, 256},
                                         Spread{8, 8192, 1024}));

TEST_P(EvenSpread, OfFlowsThatDifferInPortsOnly)
{
    const Spread& spread = GetParam();
    const NextHopGroup group = Group(spread.paths, spread.buckets);
    // Many routers, so that the mean of max/mean can be held against theory too.
    const int routers = 40;
    double worst = 0;
    double ratio = 0;
    for (int router = 0; router < routers; ++router)
    {
        std::vector<int> counts(spread.paths);
        Bytes frame = Frame({}, Bytes(4));
        const std::uint64_t seed = netbase::Mix64(static_cast<std::uint64_t>(router) + 1);
        for (int flow = 0; flow < spread.flows; ++flow)
        {
            netbase::Write16(&frame[34], static_cast<std::uint16_t>(flow));
            ++counts[group.Select(HashFrame(frame, HashMode::FiveTuple, seed)).port];
        }
        worst = std::max(worst, ChiSquare(counts));
        ratio += *std::max_element(counts.begin(), counts.end()) * 1.0 * spread.paths /
                 spread.flows / routers;
    }
    // The worst of 40 exceeds the limit with probability below 40e-7; buckets are dealt out evenly
    // here, as they are multiples of the paths.
    EXPECT_LT(worst, Limit(spread.paths - 1));
    const double k = spread.paths;
    const double expected = std::sqrt(2 * k * std::log(k) / spread.flows);
    EXPECT_GT(ratio, 1 + expected * 0.2) << "suspiciously even: not a hash";
    EXPECT_LT(ratio, 1 + expected * 1.5);
}

TEST(Ecmp, Layer3SendsAllFlowsOfTwoEndpointsOneWay)
{
    const NextHopGroup group = Group(4);
    std::set<std::uint32_t> ports;
    std::set<std::uint32_t> portsWithLayer4;
    for (std::uint16_t port = 0; port < 1024; ++port)
    {
        const Bytes frame = Frame({.sourcePort = static_cast<std::uint16_t>(49152 + port)});
        ports.insert(group.Select(HashFrame(frame, HashMode::Layer3, 7)).port);
        portsWithLayer4.insert(group.Select(HashFrame(frame, HashMode::FiveTuple, 7)).port);
    }
    EXPECT_EQ(ports.size(), 1u);
    EXPECT_EQ(portsWithLayer4.size(), 4u);
    // Different endpoints spread with layer 3, too.
    std::vector<int> counts(4);
    for (std::uint32_t host = 0; host < 4096; ++host)
    {
        ++counts[group.Select(HashFrame(Frame({.source = 0x0a000000 + host}), HashMode::Layer3, 7))
                     .port];
    }
    EXPECT_LT(ChiSquare(counts), Limit(3));
}

TEST(Ecmp, InnerHeadersAreSeenThroughTunnels)
{
    const NextHopGroup group = Group(4);
    std::vector<int> inner(4);
    std::set<std::uint32_t> outer;
    const auto vary = [&](const auto& frameOf) {
        inner.assign(4, 0);
        outer.clear();
        for (int port = 0; port < 4096; ++port)
        {
            const Bytes frame = frameOf(static_cast<std::uint16_t>(port));
            ++inner[group.Select(HashFrame(frame, HashMode::Inner, 3)).port];
            outer.insert(group.Select(HashFrame(frame, HashMode::FiveTuple, 3)).port);
        }
        EXPECT_EQ(outer.size(), 1u) << "outside they are all alike";
        EXPECT_LT(ChiSquare(inner), Limit(3));
    };
    vary([](std::uint16_t port) { return Frame({}, Vxlan(port)); });
    vary([](std::uint16_t port) {
        Bytes payload = Vxlan(port);
        payload[0] = 1; // Geneve with one word of options, carrying Ethernet
        payload[2] = 0x65;
        payload[3] = 0x58;
        payload.insert(payload.begin() + 8, 4, 0);
        return Frame({.destinationPort = 6081}, payload);
    });
    vary([](std::uint16_t port) {
        Bytes frame = Frame({}, Vxlan(port));
        frame[14 + 9] = 47; // GRE with a key, as NVGRE
        const std::uint8_t gre[8] = {0x20, 0, 0x65, 0x58, 0, 3, 0x60, 0};
        std::copy_n(gre, 8, frame.begin() + 34);
        frame.erase(frame.begin() + 42, frame.begin() + 50);
        return frame;
    });
}

TEST(Ecmp, InnerModeOfPlainTrafficIsTheFiveTuple)
{
    for (std::uint16_t port = 1; port < 100; ++port)
    {
        const Bytes frame = Frame({.sourcePort = port, .destinationPort = 80});
        EXPECT_EQ(HashFrame(frame, HashMode::Inner, 1), HashFrame(frame, HashMode::FiveTuple, 1));
    }
    // Cut short anywhere, it reads nothing behind the end (sanitisers watch).
    Bytes frame = Frame({}, Vxlan(1));
    while (!frame.empty())
    {
        frame.pop_back();
        for (int mode = 0; mode < 6; ++mode)
        {
            HashFrame(Bytes(frame), static_cast<HashMode>(mode), 1);
        }
    }
}

TEST(Ecmp, GreKeyCountsOnlyWhereAskedFor)
{
    std::set<std::uint64_t> five;
    std::set<std::uint64_t> keyed;
    for (std::uint8_t flowId = 0; flowId < 200; ++flowId)
    {
        Bytes frame = Frame({});
        frame[14 + 9] = 47;
        const std::uint8_t gre[8] = {0x20, 0, 0x65, 0x58, 0, 3, 0x60, flowId};
        std::copy_n(gre, 8, frame.begin() + 34);
        five.insert(HashFrame(frame, HashMode::FiveTuple, 1));
        keyed.insert(HashFrame(frame, HashMode::GreKey, 1));
    }
    EXPECT_EQ(five.size(), 1u);
    EXPECT_EQ(keyed.size(), 200u);
}

TEST(Ecmp, FragmentsOfOneDatagramStayTogether)
{
    Bytes first = Frame({});
    Bytes later = Frame({.sourcePort = 1, .destinationPort = 2});
    first[14 + 6] |= 0x20; // more fragments
    later[14 + 7] = 185;   // offset 1480
    for (const HashMode mode :
         {HashMode::FiveTuple, HashMode::Layer3, HashMode::Inner, HashMode::GreKey})
    {
        EXPECT_EQ(HashFrame(first, mode, 9), HashFrame(later, mode, 9)) << ToString(mode);
    }
    EXPECT_NE(HashFrame(first, HashMode::FiveTuple, 9),
              HashFrame(Frame({}), HashMode::FiveTuple, 9));
}

TEST(Ecmp, TwoTiersThatHashAlikeLeaveHalfOfTheSecondIdle)
{
    const NextHopGroup group = Group(2);
    const auto used = [&group](std::uint64_t firstSeed, std::uint64_t secondSeed) {
        std::map<std::pair<std::uint32_t, std::uint32_t>, int> links;
        for (int port = 0; port < 4096; ++port)
        {
            const Bytes frame = Frame({.sourcePort = static_cast<std::uint16_t>(port)});
            const auto up = group.Select(HashFrame(frame, HashMode::FiveTuple, firstSeed)).port;
            const auto next = group.Select(HashFrame(frame, HashMode::FiveTuple, secondSeed)).port;
            ++links[{up, next}];
        }
        return links;
    };
    EXPECT_EQ(used(1, 1).size(), 2u) << "of four links of the second tier";
    const auto spread = used(1, 2);
    ASSERT_EQ(spread.size(), 4u);
    std::vector<int> counts;
    for (const auto& [link, count] : spread)
    {
        counts.push_back(count);
    }
    EXPECT_LT(ChiSquare(counts), Limit(3));
}

TEST(Ecmp, ResilientGroupMovesTheDeadMembersFlowsOnly)
{
    for (const std::uint32_t buckets : {0u, 256u, 1000u})
    {
        const NextHopGroup before = Group(4, buckets);
        NextHopGroup after = before;
        std::vector<NextHop> rest = before.Members();
        rest.erase(rest.begin() + 1);
        after.Set(rest, 1);
        int moved = 0;
        int dead = 0;
        const int flows = 20000;
        for (int i = 0; i < flows; ++i)
        {
            const auto hash =
                HashFrame(Frame({.destination = 0x0a020000u + static_cast<std::uint32_t>(i >> 14),
                                 .sourcePort = static_cast<std::uint16_t>(i)},
                                Bytes(4)),
                          HashMode::FiveTuple,
                          1);
            const NextHop& was = before.Select(hash);
            dead += was.port == 1;
            moved += was.port != 1 && was != after.Select(hash);
            EXPECT_NE(after.Select(hash).port, 1u);
        }
        EXPECT_GT(dead, flows / 5);
        if (buckets > 0)
        {
            EXPECT_EQ(moved, 0) << "flows of living members stay";
            // Back again: it takes no more than its share, so the others lose only that.
            NextHopGroup back = after;
            back.Set(before.Members(), 1);
            int taken = 0;
            for (int i = 0; i < flows; ++i)
            {
                const auto hash = netbase::Mix64(static_cast<std::uint64_t>(i) + 1);
                const bool same = back.Select(hash) == after.Select(hash);
                taken += !same;
                EXPECT_TRUE(same || back.Select(hash).port == 1);
            }
            EXPECT_NEAR(taken, flows / 4, flows / 50);
        }
        else
        {
            // Regions of a quarter become thirds: the third member's loses a twelfth to the fourth.
            EXPECT_NEAR(moved, flows / 12, 5 * std::sqrt(flows / 12.0));
        }
    }
}

TEST(Ecmp, SharesOfBucketsDifferByOneAtMost)
{
    std::mt19937_64 random(5);
    NextHopGroup group(257);
    std::vector<NextHop> all;
    for (std::uint32_t i = 0; i < 12; ++i)
    {
        all.push_back({i, {}});
    }
    for (int step = 0; step < 300; ++step)
    {
        std::vector<NextHop> members;
        for (const NextHop& hop : all)
        {
            if (random() & 1)
            {
                members.push_back(hop);
            }
        }
        std::shuffle(members.begin(), members.end(), random);
        group.Set(members, 1);
        ASSERT_EQ(group.IsEmpty(), members.empty());
        if (members.empty())
        {
            continue;
        }
        std::map<std::uint32_t, std::uint32_t> share;
        for (std::uint64_t bucket = 0; bucket < 257; ++bucket)
        {
            // The middle of each bucket's region of the hash space.
            ++share[group.Select(((2 * bucket + 1) << 32) / 514 << 32).port];
        }
        ASSERT_EQ(share.size(), members.size());
        for (const auto& [port, count] : share)
        {
            EXPECT_GE(count, 257 / members.size());
            EXPECT_LE(count, 257 / members.size() + 1);
        }
    }
}

TEST(Ecmp, RoundRobinTakesTurns)
{
    const NextHopGroup group = Group(3);
    for (std::uint64_t turn = 0; turn < 9; ++turn)
    {
        EXPECT_EQ(group.SelectTurn(turn).port, turn % 3);
    }
}

TEST(Ecmp, RefusesWhatCannotBe)
{
    EXPECT_THROW(NextHopGroup(65536), std::invalid_argument);
    NextHopGroup small(2);
    EXPECT_THROW(small.Set({{1, {}}, {2, {}}, {3, {}}}, 1), std::invalid_argument);
    EXPECT_THROW(small.Set({{1, {}}, {1, {}}}, 1), std::invalid_argument);
}

} // namespace
} // namespace weft::underlay
