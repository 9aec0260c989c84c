// SPDX-License-Identifier: GPL-2.0-only
// The header's bytes, its refusals, serial arithmetic and the 24-bit timestamp.
#include "sdwan-vcmp-header.h"
#include "wire_test_util.h"

#include <gtest/gtest.h>

namespace weft::sdwan::test
{
namespace
{

using namespace std::chrono_literals;

TEST(VcmpHeader, GoldenBytes)
{
    const VcmpHeader header{.epoch = 2,
                            .trafficClass = TrafficClass::Bulk,
                            .flags = vcmp::DATA | vcmp::DUPLICATE | vcmp::ORDERED,
                            .segment = 0x7e,
                            .timestamp = 0xabcdef,
                            .sequence = 0x01020304,
                            .flow = 0x8a0b0c,
                            .flowSequence = 0xfffefd};
    Bytes bytes(VCMP_HEADER_SIZE);
    Encode(header, bytes.data());
    EXPECT_EQ(bytes, Hex("6c437eabcdef010203048a0b0cfffefd"));
    VcmpHeader back;
    ASSERT_EQ(Decode(bytes, back), DropReason::None);
    EXPECT_EQ(back, header);
}

TEST(VcmpHeader, OverheadIsExactly44ClearAnd60Sealed)
{
    EXPECT_EQ(VCMP_OVERHEAD_CLEAR, 20U + 8U + 16U);
    EXPECT_EQ(VCMP_OVERHEAD, 60U);
    EXPECT_EQ(LargestPayload(1500), 1440U);
    EXPECT_EQ(LargestPayload(60), 0U);
    EXPECT_EQ(LargestPayload(0), 0U);
}

TEST(VcmpHeader, RoundTripsEveryValue)
{
    Random random(1);
    for (int i = 0; i < 100'000; ++i)
    {
        VcmpHeader header{.epoch = static_cast<std::uint8_t>(Below(random, 4)),
                          .trafficClass = static_cast<TrafficClass>(Below(random, 4)),
                          .flags = 0,
                          .segment = static_cast<std::uint8_t>(random()),
                          .timestamp = static_cast<std::uint32_t>(Below(random, 1 << 24)),
                          .sequence = static_cast<std::uint32_t>(random()),
                          .flow = static_cast<std::uint32_t>(Below(random, 1 << 24)),
                          .flowSequence = static_cast<std::uint32_t>(Below(random, 1 << 24))};
        do
        {
            header.flags = static_cast<std::uint8_t>(random());
        } while (!FlagsAgree(header.flags));
        std::uint8_t bytes[VCMP_HEADER_SIZE];
        Encode(header, bytes);
        VcmpHeader back;
        ASSERT_EQ(Decode(bytes, back), DropReason::None);
        ASSERT_EQ(back, header);
    }
}

TEST(VcmpHeader, EveryFirstAndSecondByteIsClassified)
{
    // All 65536 combinations: accepted exactly if version 1, reserved bits clear and one kind of
    // packet.
    Bytes bytes(VCMP_HEADER_SIZE);
    int accepted = 0;
    for (unsigned first = 0; first < 256; ++first)
    {
        for (unsigned flags = 0; flags < 256; ++flags)
        {
            bytes[0] = static_cast<std::uint8_t>(first);
            bytes[1] = static_cast<std::uint8_t>(flags);
            VcmpHeader header;
            const DropReason reason = Decode(bytes, header);
            if (first >> 6 != 1)
            {
                ASSERT_EQ(reason, DropReason::BadVersion);
            }
            else if ((first & 3) != 0)
            {
                ASSERT_EQ(reason, DropReason::BadHeader);
            }
            else
            {
                ASSERT_TRUE(reason == DropReason::None || reason == DropReason::BadHeader);
                accepted += reason == DropReason::None;
            }
        }
    }
    // 16 values of epoch and class; DATA: 8 with FEC_BY_FLOW clear, 4 with both FEC flags, times 2
    // for ACK_WANTED ...
    const int data = 2 * 2 * 2 * 3; // duplicate, ack, ordered, (protected, by flow) in {00, 10, 11}
    const int parity = 2 * 2 * 2;   // duplicate, ack, by flow
    const int control = 2;          // ack
    EXPECT_EQ(accepted, 16 * (data + parity + control));
}

TEST(VcmpHeader, TruncatedAtEveryLength)
{
    Bytes bytes = Hex("40010000000000000000000000000000");
    VcmpHeader header;
    for (std::size_t n = 0; n < VCMP_HEADER_SIZE; ++n)
    {
        EXPECT_EQ(Decode(ByteView(bytes).first(n), header), DropReason::Truncated);
    }
    EXPECT_EQ(Decode(bytes, header), DropReason::None);
}

TEST(Serial, DistanceAndOrderAcrossTheWrap)
{
    EXPECT_EQ(SerialDistance<24>(0xffffff, 0), 1);
    EXPECT_EQ(SerialDistance<24>(0, 0xffffff), -1);
    EXPECT_EQ(SerialDistance<24>(0, 0x7fffff), 0x7fffff);
    EXPECT_EQ(SerialDistance<24>(0, 0x800000), -0x800000);
    EXPECT_EQ(SerialDistance<32>(0xffffffff, 0), 1);
    EXPECT_EQ(SerialDistance<32>(0, 0x80000000), std::numeric_limits<std::int32_t>::min());
    EXPECT_TRUE(SerialBefore<24>(0xfffff0, 5));
    EXPECT_FALSE(SerialBefore<24>(5, 0xfffff0));
    EXPECT_FALSE(SerialBefore<32>(7, 7));
    EXPECT_EQ(SerialAdd<24>(0xffffff, 2), 1U);
    EXPECT_EQ(SerialAdd<24>(1, -3), 0xfffffeU);
    EXPECT_EQ(SerialAdd<32>(0, -1), 0xffffffffU);
}

TEST(Serial, UnwrapperRunsOnThroughWrapsAndReordering)
{
    Random random(2);
    SerialUnwrapper<24> unwrapper;
    std::int64_t truth = 0xfffff0;
    ASSERT_EQ(unwrapper.Unwrap(0xfffff0), truth);
    std::int64_t furthest = truth;
    for (int i = 0; i < 1'000'000; ++i)
    {
        truth = furthest + static_cast<std::int64_t>(Below(random, 400)) - 150;
        ASSERT_EQ(unwrapper.Unwrap(static_cast<std::uint32_t>(truth) & 0xffffff), truth);
        furthest = std::max(furthest, truth);
    }
    EXPECT_GT(furthest, 5 << 24) << "the test should have wrapped";
}

TEST(Timestamp, UnwrapsAgainstTheLocalClockEverywhereInItsPeriod)
{
    // Period 16.777216 s; the transit may be anything below half of it, the clocks may differ by
    // either sign.
    Random random(3);
    for (int i = 0; i < 200'000; ++i)
    {
        const TimeNs sent{static_cast<std::int64_t>(Below(random, 4'000'000'000'000))};
        const TimeNs transit{static_cast<std::int64_t>(Below(random, 16'700'000'000)) -
                             8'350'000'000};
        const TimeNs now = sent + transit;
        if (now < 0ns)
        {
            continue;
        }
        const TimeNs back = FromTimestamp(ToTimestamp(sent), now);
        ASSERT_LE(back, sent);
        ASSERT_LT(sent - back, 1us);
    }
}

TEST(Timestamp, WrapsAfterExactly2To24Microseconds)
{
    EXPECT_EQ(ToTimestamp(16'777'215us + 999ns), 0xffffffU);
    EXPECT_EQ(ToTimestamp(16'777'216us), 0U);
    EXPECT_EQ(FromTimestamp(0xffffff, 16'777'216us + 5ms), 16'777'215us);
    EXPECT_EQ(FromTimestamp(3, 16'777'215us), 16'777'219us)
        << "a stamp from just ahead of the local clock";
}

TEST(Timestamp, AnHourOfOffsetLeavesDifferencesUnchanged)
{
    // Two tunnels of one pair, 12 ms and 5 ms: their difference is exact whatever the peer's clock
    // says.
    for (const TimeNs offset :
         {0ns, TimeNs(1h), TimeNs(-1h), TimeNs(16'777'216us), TimeNs(8'388'607us)})
    {
        const TimeNs local = 7200s;
        const std::uint32_t stamp = ToTimestamp(local + offset);
        const TimeNs slow = local + 12ms - FromTimestamp(stamp, local + 12ms);
        const TimeNs fast = local + 5ms - FromTimestamp(stamp, local + 5ms);
        // Modulo the period: an offset of nearly half the period may put the two on different
        // turns.
        const auto period = std::chrono::nanoseconds(16'777'216us).count();
        EXPECT_EQ(((slow - fast).count() % period + period) % period, TimeNs(7ms).count());
    }
}

} // namespace
} // namespace weft::sdwan::test
