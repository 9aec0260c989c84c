// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-control-message.h"

#include <gtest/gtest.h>
#include <random>

namespace weft::sdwan
{
namespace
{

WindowStatistics
SomeStatistics()
{
    WindowStatistics s;
    s.received = 100;
    s.lost = 5;
    s.lossRuns = 2;
    s.reordered = 1;
    s.delays = 99;
    s.minUs = 16777215.5;
    s.meanExcessUs = 1234.5;
    s.deviationUs = 25000.0625;
    s.correlation = 0.75;
    s.rfc3550Us = 900.25;
    s.ipdvDeviationUs = 1000;
    s.pdv95 = {20000, 15000, 30000};
    s.pdv99 = {40000, 20000, 50000};
    return s;
}

std::vector<ControlMessage>
Samples()
{
    Report report;
    report.highestSequence = 0xfedcba98;
    report.stamp = 0xabcdef;
    report.holdUs = 1500;
    report.instantaneous = SomeStatistics();
    report.smoothed = SomeStatistics();
    report.smoothed.lost = 4;
    return {Probe{0x01020304},
            ProbeReply{7, 0xffffff, 90000},
            report,
            FlowAffinity{0x800001, {0x0a141e05, 0x0a140a05, 50000, 3479, 17, 3}, 0x010203}};
}

TEST(ControlMessage, RoundTripSeveralInOnePayload)
{
    Bytes payload;
    std::size_t size = 0;
    for (const ControlMessage& m : Samples())
    {
        Encode(m, payload);
        size += EncodedSize(m);
    }
    EXPECT_EQ(payload.size(), size);
    EXPECT_EQ(CheckControlPayload(payload), DropReason::None);
    ControlReader reader(payload);
    for (const ControlMessage& expected : Samples())
    {
        ControlMessage m;
        ASSERT_FALSE(reader.AtEnd());
        ASSERT_EQ(reader.Next(m), DropReason::None);
        EXPECT_EQ(m, expected);
    }
    EXPECT_TRUE(reader.AtEnd());
}

TEST(ControlMessage, BytesOfTheSmallOnes)
{
    Bytes payload;
    Encode(Probe{0x01020304}, payload);
    EXPECT_EQ(payload, (Bytes{1, 0, 4, 1, 2, 3, 4}));
    payload.clear();
    Encode(FlowAffinity{0x800001, {0x0a141e05, 0x0a140a05, 50000, 3479, 17, 3}, 0x010203}, payload);
    EXPECT_EQ(payload, (Bytes{4,  0, 22,   0,    0x80, 0,    1,  10, 20, 30, 5, 10, 20,
                              10, 5, 0xc3, 0x50, 0x0d, 0x97, 17, 3,  0,  1,  2, 3}));
}

TEST(ControlMessage, EveryTruncationIsRefused)
{
    for (const ControlMessage& m : Samples())
    {
        Bytes payload;
        Encode(m, payload);
        for (std::size_t n = 0; n < payload.size(); ++n)
        {
            EXPECT_EQ(CheckControlPayload(ByteView(payload).first(n)), DropReason::BadControl);
        }
        payload.push_back(0); // and so are trailing bytes
        EXPECT_EQ(CheckControlPayload(payload), DropReason::BadControl);
    }
}

TEST(ControlMessage, WhatIsRefused)
{
    const auto damaged = [](std::size_t message, std::size_t at, std::uint8_t value) {
        Bytes payload;
        Encode(Samples()[message], payload);
        payload[at] = value;
        return CheckControlPayload(payload);
    };
    EXPECT_EQ(damaged(0, 0, 0), DropReason::BadControl);              // unknown type
    EXPECT_EQ(damaged(0, 0, 5), DropReason::BadControl);              // unknown type
    EXPECT_EQ(damaged(0, 0, 2), DropReason::BadControl);              // another type's length
    EXPECT_EQ(damaged(1, 7, 1), DropReason::BadControl);              // stamp beyond 24 bits
    EXPECT_EQ(damaged(2, 7, 1), DropReason::BadControl);              // the same in a report
    EXPECT_EQ(damaged(2, 3 + 12 + 8, 0xff), DropReason::BadControl);  // more runs than losses
    EXPECT_EQ(damaged(2, 3 + 12 + 20, 0xff), DropReason::BadControl); // minimum beyond the stamp
    EXPECT_EQ(damaged(2, 3 + 12 + 34, 1), DropReason::BadControl);    // reserved
    EXPECT_EQ(damaged(2, 3 + 12 + 48, 0xff), DropReason::BadControl); // bound over the value
    EXPECT_EQ(damaged(3, 3, 1), DropReason::BadControl);              // flow beyond 24 bits
    EXPECT_EQ(damaged(3, 4, 0x81), DropReason::None);
}

TEST(ControlMessage, ClampsWhatDoesNotFit)
{
    Report r;
    r.instantaneous.deviationUs = 1e12;
    r.instantaneous.correlation = 1;
    Bytes payload;
    Encode(r, payload);
    ControlMessage m;
    ASSERT_EQ(ControlReader(payload).Next(m), DropReason::None);
    EXPECT_NEAR(std::get<Report>(m).instantaneous.deviationUs, 4294967295.0 / 16, 1);
    EXPECT_LT(std::get<Report>(m).instantaneous.correlation, 1);
}

// Random bytes, and random damage to valid ones: a verdict, never a crash; accepted payloads encode
// to the same bytes.
TEST(ControlMessage, RandomBytes)
{
    std::mt19937_64 random(1);
    int accepted = 0;
    for (int i = 0; i < 200000; ++i)
    {
        Bytes payload;
        if (i % 2)
        {
            payload.resize(random() % 200);
            for (auto& b : payload)
            {
                b = static_cast<std::uint8_t>(random());
            }
        }
        else
        {
            const auto samples = Samples();
            for (std::size_t n = 1 + random() % 3; n > 0; --n)
            {
                Encode(samples[random() % samples.size()], payload);
            }
            for (std::size_t n = random() % 4; n > 0; --n)
            {
                payload[random() % payload.size()] = static_cast<std::uint8_t>(random());
            }
            payload.resize(payload.size() - (random() % 4 == 0 ? random() % payload.size() : 0));
        }
        Bytes again;
        ControlReader reader(payload);
        bool good = !payload.empty();
        while (!reader.AtEnd())
        {
            ControlMessage m;
            if (reader.Next(m) != DropReason::None)
            {
                good = false;
                EXPECT_TRUE(reader.AtEnd());
                break;
            }
            Encode(m, again);
        }
        EXPECT_EQ(CheckControlPayload(payload) == DropReason::None, good);
        if (good)
        {
            ++accepted;
            EXPECT_EQ(again, payload);
        }
    }
    EXPECT_GT(accepted, 10000);
}

} // namespace
} // namespace weft::sdwan
