// SPDX-License-Identifier: GPL-2.0-only
// The controller's datagrams: bytes as documented, round trips, mutations; and a channel's promise:
// every record once, in order.
#include "overlay_test_util.h"
#include "vxlan-controller-agent.h"
#include "vxlan-controller-channel.h"
#include "vxlan-controller-server.h"

#include <gtest/gtest.h>

#include <set>

namespace weft::vxlan::test
{
namespace
{

using namespace std::chrono_literals;
using Type = ControllerRecordType;

TEST(ControllerMessage, BytesAsDocumented)
{
    Bytes datagram;
    StartController(datagram,
                    {.type = ControllerMessage::Update,
                     .session = 0x01020304,
                     .peerSession = 0x05060708,
                     .sequence = 9});
    AppendRecord(datagram, {.type = Type::Join, .vni = 864});
    AppendRecord(datagram,
                 {.type = Type::Learn,
                  .vni = 864,
                  .mac = Mac("00:50:56:00:00:64"),
                  .address = Ip("192.168.0.100"),
                  .at = 0x1122});
    AppendRecord(datagram,
                 {.type = Type::Install,
                  .vni = 864,
                  .mac = Mac("00:50:56:00:00:64"),
                  .address = {},
                  .remote = Ip("2001:db8::1")});
    AppendRecord(datagram, {.type = Type::End});
    FinishController(datagram, 7, 0x3344);
    EXPECT_EQ(ToHex(datagram),
              "0104005c"                           // version 1, Update, 92 bytes
              "0102030405060708"                   // sessions
              "0000000900000007"                   // sequence, acknowledgement
              "000000000000000000003344"           // reserved, clock
              "0105000360"                         // Join 864
              "0318000360005056000064"             // Learn
              "0000000000001122"                   // at
              "04c0a80064"                         // address
              "061d000360005056000064"             // Install
              "1020010db8000000000000000000000001" // behind
              "00"                                 // no address
              "0502");
}

ControllerRecord
RandomRecord(Random& random)
{
    ControllerRecord record;
    record.type = static_cast<Type>(1 + Below(random, 7));
    const auto address = [&random]() -> IpAddress {
        switch (Below(random, 3))
        {
        case 0:
            return {};
        case 1:
            return IpAddress::V4(1 + static_cast<std::uint32_t>(Below(random, 1u << 30)));
        default:
            Bytes octets = RandomBytes(random, 16);
            octets[0] = 0x20;
            return IpAddress::V6(octets);
        }
    };
    if (record.type != Type::End)
    {
        record.vni = static_cast<Vni>(Below(random, MAX_VNI + 1));
    }
    if (record.type != Type::End && record.type != Type::Join && record.type != Type::Leave)
    {
        record.mac = MacAddress::FromInteger(Below(random, 1ull << 40));
    }
    if (record.type == Type::Learn || record.type == Type::Lose)
    {
        record.at = random();
    }
    if (record.type == Type::Learn || record.type == Type::Install || record.type == Type::Withdraw)
    {
        record.address = address();
    }
    while (record.type == Type::Install && record.remote.IsNone())
    {
        record.remote = address();
    }
    return record;
}

TEST(ControllerMessage, RoundTrip)
{
    Random random(61);
    for (int i = 0; i < 5000; ++i)
    {
        const ControllerHeader header{.type = ControllerMessage::Update,
                                      .session = 1 + static_cast<std::uint32_t>(Below(random, 99)),
                                      .peerSession = 7,
                                      .sequence = 1 + static_cast<std::uint32_t>(i),
                                      .ack = static_cast<std::uint32_t>(random()),
                                      .clock = random()};
        Bytes datagram;
        StartController(datagram, header);
        std::vector<ControllerRecord> records(Below(random, 8));
        for (ControllerRecord& record : records)
        {
            record = RandomRecord(random);
            const std::size_t before = datagram.size();
            AppendRecord(datagram, record);
            ASSERT_EQ(datagram.size() - before, RecordSize(record));
        }
        FinishController(datagram, header.ack, header.clock);
        datagram.resize(datagram.size() + Below(random, 3)); // what follows the length is not read
        ControllerHeader read;
        ByteView rest;
        ASSERT_EQ(ReadController(datagram, read, rest), ControllerReason::None);
        ASSERT_EQ(read, header);
        for (const ControllerRecord& record : records)
        {
            ControllerRecord out;
            bool found = false;
            ASSERT_EQ(NextRecord(rest, out, found), ControllerReason::None);
            ASSERT_TRUE(found);
            ASSERT_EQ(out, record);
        }
        ControllerRecord out;
        bool found = true;
        ASSERT_EQ(NextRecord(rest, out, found), ControllerReason::None);
        ASSERT_FALSE(found);
    }
}

TEST(ControllerMessage, UnknownRecordsAreSkippedAndBadOnesNamed)
{
    const Bytes mixed = Hex("9904abcd 0502");
    ByteView records = mixed;
    ControllerRecord record;
    bool found = false;
    EXPECT_EQ(NextRecord(records, record, found), ControllerReason::None);
    EXPECT_TRUE(found);
    EXPECT_EQ(record.type, Type::End);
    for (const char* bad : {"05",                                       // cut
                            "0501",                                     // shorter than itself
                            "0503",                                     // longer than what is there
                            "050300",                                   // something behind
                            "01040003",                                 // VNI cut
                            "0412000360 010056000064 0000000000000000", // a group's address; length
                            "0413000360 010056000064 0000000000000000", // a group's address
                            "070b000360 005056000064",                  // no length of an address
                            "070e000360 005056000064 03010203",         // an address of 3 bytes
                            "060d000360 005056000064 0000"})            // behind no VTEP
    {
        const Bytes bytes = Hex(bad);
        records = bytes;
        EXPECT_EQ(NextRecord(records, record, found), ControllerReason::BadRecord) << bad;
        EXPECT_FALSE(found);
    }
}

/// Mutated datagrams into an agent and a server in the middle of a session: a reason, or the
/// session goes on.
TEST(ControllerMessage, MutationsHarmNeitherEnd)
{
    Random random(62);
    ControllerServer server({.key = 3}, 0s);
    ControllerAgent agent({.key = 4}, 0s);
    std::set<ControllerReason> reasons;
    TimeNs now{0};
    Bytes payload;
    IpAddress to;
    std::uint16_t port = 0;
    const auto mutate = [&random](Bytes bytes) {
        if (Below(random, 4) == 0)
        {
            bytes.resize(Below(random, bytes.size() + 1));
        }
        for (std::uint64_t n = Below(random, 4); n > 0 && !bytes.empty(); --n)
        {
            bytes[Below(random, bytes.size())] ^= static_cast<std::uint8_t>(1 + Below(random, 255));
        }
        return bytes;
    };
    agent.Join(10, now);
    for (int i = 0; i < 20'000; ++i)
    {
        now += 10ms;
        if (Below(random, 20) == 0)
        {
            agent.Learn(10, MacAddress::FromInteger(Below(random, 50)), {}, now);
        }
        agent.OnDeadline(now);
        server.OnDeadline(now);
        while (agent.PollDatagram(payload, now))
        {
            reasons.insert(server.OnDatagram(V4_ENDS.source, 9, mutate(payload), now));
            server.OnDatagram(V4_ENDS.source, 9, payload, now);
        }
        while (server.PollDatagram(payload, to, port, now))
        {
            reasons.insert(agent.OnDatagram(mutate(payload), now));
            agent.OnDatagram(payload, now);
        }
        for (ControllerCommand command; agent.PollCommand(command);)
        {
        }
    }
    for (const ControllerReason reason : {ControllerReason::None,
                                          ControllerReason::Truncated,
                                          ControllerReason::BadVersion,
                                          ControllerReason::BadMessage,
                                          ControllerReason::StaleSession})
    {
        EXPECT_TRUE(reasons.contains(reason)) << ToString(reason);
    }
    for (int i = 0; i < 10'000; ++i)
    {
        const Bytes garbage = RandomBytes(random, Below(random, 120));
        EXPECT_NE(server.OnDatagram(V4_ENDS.source, 9, garbage, now), ControllerReason::None);
        EXPECT_NE(agent.OnDatagram(garbage, now), ControllerReason::None);
    }
    for (int i = 0; i < 1000; ++i)
    {
        now += 10ms;
        agent.OnDeadline(now);
        server.OnDeadline(now);
        while (agent.PollDatagram(payload, now))
        {
            server.OnDatagram(V4_ENDS.source, 9, payload, now);
        }
        while (server.PollDatagram(payload, to, port, now))
        {
            agent.OnDatagram(payload, now);
        }
    }
    EXPECT_TRUE(agent.Connected()) << "left in peace, they find together again";
}

TEST(ControllerChannel, EveryRecordOnceAndInOrder)
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
    {
        Random random(seed);
        const ControllerChannelConfig config{.retransmit = 20ms,
                                             .window =
                                                 1 + static_cast<std::uint32_t>(Below(random, 16)),
                                             .datagram = 128};
        ControllerChannel a(config);
        ControllerChannel b(config);
        a.Open(1, 2, 0s);
        b.Open(2, 1, 0s);
        std::multimap<TimeNs, std::pair<bool, Bytes>> air;
        const std::uint32_t count = 500;
        std::uint32_t sent = 0;
        std::array<std::uint32_t, 2> received{};
        TimeNs now{0};
        for (; now < 60s && (received[0] < count || received[1] < count); now += 1ms)
        {
            for (std::uint64_t n = Below(random, 4); n > 0 && sent < count; --n)
            {
                a.Send({.type = Type::Join, .vni = sent});
                b.Send({.type = Type::Leave, .vni = sent++});
            }
            for (const bool fromA : {true, false})
            {
                for (Bytes bytes; (fromA ? a : b).PollDatagram(bytes, now);)
                {
                    ASSERT_LE(bytes.size(), 128u);
                    for (std::uint64_t copies = Below(random, 4); copies > 1; --copies)
                    {
                        air.emplace(now + 1ms * static_cast<int>(1 + Below(random, 30)),
                                    std::pair(fromA, bytes));
                    }
                }
            }
            while (!air.empty() && air.begin()->first <= now)
            {
                const auto [fromA, bytes] = air.begin()->second;
                air.erase(air.begin());
                ControllerHeader header;
                ByteView records;
                ASSERT_EQ(ReadController(bytes, header, records), ControllerReason::None);
                ControllerChannel& to = fromA ? b : a;
                to.OnDatagram(header, records, now);
                for (ControllerChannel::Received out; to.PollRecord(out);)
                {
                    ASSERT_EQ(out.record.vni, received[fromA]++);
                    ASSERT_EQ(out.record.type, fromA ? Type::Join : Type::Leave);
                }
            }
        }
        EXPECT_EQ(received[0], count) << seed;
        EXPECT_EQ(received[1], count) << seed;
        EXPECT_GT(a.Counters().retransmitted, 0u);
        EXPECT_EQ(a.Counters().recordsReceived, count);
    }
}

} // namespace
} // namespace weft::vxlan::test
