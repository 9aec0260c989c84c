// SPDX-License-Identifier: GPL-2.0-only
/** @file The E-model against exact values of G.107 and of Cole and Rosenbluth. */

#include "engine/record/e-model.h"

#include <gtest/gtest.h>

namespace weft::engine
{
namespace
{

constexpr double HALF_OF_LAST_DIGIT = 0.5e-4 + 1e-12;

TEST(EModel, FullDelayImpairment)
{
    const auto id = [](double ms) { return DelayImpairmentFactor(DelayImpairment::Full, ms); };
    EXPECT_EQ(id(0), 0);
    EXPECT_EQ(id(100), 0);
    EXPECT_NEAR(id(150), 0.1635, HALF_OF_LAST_DIGIT);
    EXPECT_NEAR(id(200), 3.0444, HALF_OF_LAST_DIGIT);
    EXPECT_NEAR(id(250), 8.9167, HALF_OF_LAST_DIGIT);
    EXPECT_NEAR(id(300), 14.7607, HALF_OF_LAST_DIGIT);
    EXPECT_NEAR(id(400), 24.0701, HALF_OF_LAST_DIGIT);
}

TEST(EModel, ColeRosenbluthDelayImpairment)
{
    const auto id = [](double ms) {
        return DelayImpairmentFactor(DelayImpairment::ColeRosenbluth, ms);
    };
    EXPECT_NEAR(id(100), 2.4, 1e-9);
    EXPECT_NEAR(id(200), 7.297, 1e-9);
    EXPECT_NEAR(id(400), 34.097, 1e-9);
}

TEST(EModel, DelayImpairmentNeverFalls)
{
    for (const auto form : {DelayImpairment::Full, DelayImpairment::ColeRosenbluth})
    {
        for (double ms = 0; ms < 800; ms += 0.5)
        {
            EXPECT_LE(DelayImpairmentFactor(form, ms), DelayImpairmentFactor(form, ms + 0.5)) << ms;
        }
    }
}

TEST(EModel, OpinionScore)
{
    EXPECT_NEAR(MosFromR(E_MODEL_R0), 4.4093, HALF_OF_LAST_DIGIT);
    EXPECT_EQ(MosFromR(0), 1);
    EXPECT_EQ(MosFromR(-20), 1);
    EXPECT_EQ(MosFromR(100), 4.5);
    EXPECT_EQ(MosFromR(140), 4.5);
    EXPECT_EQ(MosFromR(3), 1) << "the cubic dips below the scale";
}

struct Vector
{
    const char* what;
    double ie;
    double bpl;
    double loss;
    double ieEff;
    double r;
    double mos;
};

TEST(EModel, CodecsWithShortcutAt100Ms)
{
    // sources of Ie and Bpl: G.113 Appendix I
    const Vector vectors[] = {
        {"G.711 PLC 1 %", 0, 25.1, 0.01, 3.6398, 87.160, 4.2634},
        {"G.711 PLC 5 %", 0, 25.1, 0.05, 15.7807, 75.019, 3.8227},
        {"G.711 1 %", 0, 4.3, 0.01, 17.9245, 72.875, 3.7288},
        {"G.729A 2 %", 11, 19, 0.02, 19.0, 71.8, 3.6802},
    };
    for (const Vector& v : vectors)
    {
        SCOPED_TRACE(v.what);
        EXPECT_NEAR(EffectiveEquipmentImpairment(v.ie, v.bpl, v.loss), v.ieEff, HALF_OF_LAST_DIGIT);
        Codec codec = CODEC_G711;
        codec.ie = v.ie;
        codec.bpl = v.bpl;
        const CallQuality q = RateCall(codec, DelayImpairment::ColeRosenbluth, 100, v.loss);
        EXPECT_NEAR(q.r, v.r, 0.5e-3 + 1e-12);
        EXPECT_NEAR(q.mos, v.mos, HALF_OF_LAST_DIGIT);
    }
}

TEST(EModel, BurstsHurtMore)
{
    const CallQuality random =
        RateCall(CODEC_G711_NO_PLC, DelayImpairment::ColeRosenbluth, 100, 0.05, 1);
    const CallQuality bursty =
        RateCall(CODEC_G711_NO_PLC, DelayImpairment::ColeRosenbluth, 100, 0.05, 2);
    EXPECT_NEAR(random.mos, 2.0505, HALF_OF_LAST_DIGIT);
    EXPECT_NEAR(bursty.mos, 1.2805, HALF_OF_LAST_DIGIT);
}

TEST(EModel, BurstRatioOfTwoStateChain)
{
    EXPECT_DOUBLE_EQ(BurstRatio(0.05, 0.95), 1) << "independent losses";
    EXPECT_DOUBLE_EQ(BurstRatio(0.05, 0.45), 2);
}

TEST(EModel, CodecsByName)
{
    EXPECT_EQ(FindCodec("g711"), &CODEC_G711);
    EXPECT_EQ(FindCodec("g711-no-plc"), &CODEC_G711_NO_PLC);
    EXPECT_EQ(FindCodec("teams"), &CODEC_TEAMS);
    EXPECT_EQ(FindCodec("opus"), nullptr);
    EXPECT_TRUE(CODEC_TEAMS.assumed);
    EXPECT_FALSE(CODEC_G711.assumed);
    // 36 kbit/s of speech
    EXPECT_DOUBLE_EQ(CODEC_TEAMS.payloadBytes * 8 / CODEC_TEAMS.packetIntervalMs, 36);
    EXPECT_DOUBLE_EQ(CODEC_G711.payloadBytes * 8 / CODEC_G711.packetIntervalMs, 64);
}

} // namespace
} // namespace weft::engine
