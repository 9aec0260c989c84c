// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/e-model.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace weft::engine
{

const Codec CODEC_G711{
    .name = "g711",
    .about = "G.711 with packet-loss concealment; Ie and Bpl of G.113 Appendix I",
    .ie = 0,
    .bpl = 25.1,
    .packetIntervalMs = 20,
    .ownDelayMs = 20,
    .payloadBytes = 160,
    .rtpBytes = 12,
    .assumed = false,
};

const Codec CODEC_G711_NO_PLC{
    .name = "g711-no-plc",
    .about = "G.711 without packet-loss concealment; Ie and Bpl of G.113 Appendix I",
    .ie = 0,
    .bpl = 4.3,
    .packetIntervalMs = 20,
    .ownDelayMs = 20,
    .payloadBytes = 160,
    .rtpBytes = 12,
    .assumed = false,
};

const Codec CODEC_TEAMS{
    .name = "teams",
    .about = "Opus-like at 36 kbit/s with SRTP; Ie and Bpl assumed to be those of G.711 with "
             "concealment",
    .ie = 0,
    .bpl = 25.1,
    .packetIntervalMs = 20,
    .ownDelayMs = 26.5,
    .payloadBytes = 90,
    .rtpBytes = 30,
    .assumed = true,
};

const Codec*
FindCodec(std::string_view name)
{
    static constexpr std::array ALL{&CODEC_G711, &CODEC_G711_NO_PLC, &CODEC_TEAMS};
    const auto* found =
        std::find_if(ALL.begin(), ALL.end(), [&](const Codec* c) { return c->name == name; });
    return found == ALL.end() ? nullptr : *found;
}

double
DelayImpairmentFactor(DelayImpairment form, double delayMs)
{
    if (form == DelayImpairment::ColeRosenbluth)
    {
        return 0.024 * delayMs + 0.11 * std::max(0.0, delayMs - 177.3);
    }
    if (delayMs <= 100)
    {
        return 0;
    }
    const double x = std::log2(delayMs / 100);
    return 25 * (std::pow(1 + std::pow(x, 6), 1.0 / 6) -
                 3 * std::pow(1 + std::pow(x / 3, 6), 1.0 / 6) + 2);
}

double
EffectiveEquipmentImpairment(double ie, double bpl, double loss, double burstR)
{
    const double percent = 100 * loss;
    return ie + (95 - ie) * percent / (percent / burstR + bpl);
}

double
BurstRatio(double a, double r)
{
    return 1 / (a + r);
}

double
MosFromR(double r)
{
    if (r <= 0)
    {
        return 1;
    }
    if (r >= 100)
    {
        return 4.5;
    }
    // The cubic dips below 1 for R < 6.5; the scale does not.
    return std::max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

CallQuality
RateCall(const Codec& codec, DelayImpairment form, double delayMs, double loss, double burstR)
{
    const double r = E_MODEL_R0 - DelayImpairmentFactor(form, delayMs) -
                     EffectiveEquipmentImpairment(codec.ie, codec.bpl, loss, burstR);
    return {delayMs, loss, burstR, r, MosFromR(r)};
}

} // namespace weft::engine
