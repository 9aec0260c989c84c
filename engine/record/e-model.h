// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Voice quality by the E-model, ITU-T G.107 (narrow band), with every parameter but the ones below
 * at its default:
 *
 *     R = 93.2 - Id - Ie,eff        Ie,eff = Ie + (95 - Ie) * Ppl / (Ppl / BurstR + Bpl)
 *
 * with Ppl in percent. Delays are mouth to ear, in milliseconds: packetisation, network, playout
 * buffer and decoder. Two forms of the delay impairment Id exist and they differ; both are here
 * under their names.
 */
#ifndef WEFT_ENGINE_RECORD_E_MODEL_H
#define WEFT_ENGINE_RECORD_E_MODEL_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace weft::engine
{

/// R of a call without any impairment but the defaults of G.107.
inline constexpr double E_MODEL_R0 = 93.2;

/// Which form of the delay impairment to use.
enum class DelayImpairment : std::uint8_t
{
    /// G.107 (Idd, default delay sensitivity): zero up to 100 ms, then a sixth-power form.
    Full,
    /// Cole and Rosenbluth, "Voice over IP performance monitoring", CCR 31(2), 2001: 0.024 d + 0.11
    /// (d - 177.3)+.
    ColeRosenbluth,
};

/**
 * @param form the form
 * @param delayMs mouth-to-ear delay, ms, >= 0
 * @return Id, points of R
 */
double DelayImpairmentFactor(DelayImpairment form, double delayMs);

/**
 * @param ie equipment impairment without loss, 0..95
 * @param bpl packet-loss robustness, > 0
 * @param loss fraction lost, 0..1
 * @param burstR burst ratio: mean length of loss bursts over that of independent losses at the same
 * rate; 1 when random
 * @return Ie,eff, points of R
 */
double EffectiveEquipmentImpairment(double ie, double bpl, double loss, double burstR = 1);

/// @return the burst ratio 1 / (a + r) of a two-state loss chain, a = P(good to bad), r = P(bad to
/// good), each per packet
double BurstRatio(double a, double r);

/// @return mean opinion score, 1..4.5, of rating factor @p r (G.107 Annex B)
double MosFromR(double r);

/// What the E-model needs to know of a codec, and what the traffic application needs to send it.
struct Codec
{
    std::string_view name;
    std::string_view about;
    double ie;
    double bpl;
    double packetIntervalMs; ///< one packet is sent each interval
    double
        ownDelayMs; ///< packetisation plus look-ahead: what the codec adds to the network's delay
    std::uint32_t payloadBytes; ///< RTP payload of one packet
    std::uint32_t rtpBytes;     ///< RTP header, its extensions and SRTP's tag
    bool assumed;               ///< ie and bpl are an assumption, not a tabulated value
};

/// G.711 with packet-loss concealment (G.113 Appendix I: Ie 0, Bpl 25.1), 20 ms packets, plain RTP.
extern const Codec CODEC_G711;
/// As CODEC_G711 without concealment (Bpl 4.3).
extern const Codec CODEC_G711_NO_PLC;
/**
 * An Opus-like Teams profile, an ASSUMPTION: 20 ms packets of 90 bytes (36 kbit/s), 6.5 ms
 * look-ahead, RTP with 8 bytes of header extension and SRTP's 10-byte tag. No narrow-band Ie and
 * Bpl are tabulated for Opus; G.711's with concealment stand in, so that two codecs under the same
 * weather differ only in size and delay.
 */
extern const Codec CODEC_TEAMS;

/// @return the codec called @p name (g711, g711-no-plc, teams), or nullptr
const Codec* FindCodec(std::string_view name);

/// How the receiver's playout buffer turns network delay and jitter into mouth-to-ear delay and
/// loss.
struct PlayoutBuffer
{
    /**
     * Fixed buffer: every packet is played this long after the smallest network delay of the flow's
     * direction in the whole run. A packet whose delay exceeds that minimum by more than this
     * counts as lost.
     */
    double depthMs = 60;
};

/// What one stretch of a call sounded like.
struct CallQuality
{
    double delayMs; ///< mouth to ear
    double loss;    ///< lost in the network or too late for playout, fraction
    double burstR;
    double r;
    double mos;
};

/**
 * @param codec the codec
 * @param form form of the delay impairment
 * @param delayMs mouth-to-ear delay
 * @param loss fraction lost or late
 * @param burstR burst ratio
 * @return the rating
 */
CallQuality RateCall(
    const Codec& codec, DelayImpairment form, double delayMs, double loss, double burstR = 1);

} // namespace weft::engine

#endif
