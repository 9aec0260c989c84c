// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The bytes a traffic application puts into its payloads, so that the receiver measures from bytes
 * alone.
 *
 * The stamp, big-endian: 4 bytes "WEFT", 4 bytes flow and direction, 8 bytes sequence, 8 bytes
 * sending instant in nanoseconds of simulated time. Voice puts an RTP header (RFC 3550) before it,
 * whose sequence is the low 16 bits of the stamp's and whose SSRC is the stamp's flow word.
 */
#ifndef WEFT_ENGINE_TRAFFIC_STAMP_H
#define WEFT_ENGINE_TRAFFIC_STAMP_H

#include "engine/record/flow-observer.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace weft::engine
{

/// What a payload says of itself.
struct Stamp
{
    static constexpr std::size_t SIZE = 24;

    FlowIndex flow = 0; ///< below 2^31
    Direction direction = Direction::Forward;
    std::uint64_t sequence = 0;
    TimeNs time{0};

    /// Writes the stamp at the start of @p bytes, which hold at least SIZE.
    void Write(std::span<std::uint8_t> bytes) const;
    /// @return the stamp at the start of @p bytes; nothing when they are too short or do not start
    /// with one
    static std::optional<Stamp> Read(std::span<const std::uint8_t> bytes);
    /// @return the stamp's second word: flow and direction, also the SSRC of voice
    std::uint32_t FlowWord() const;
};

/// The RTP header of a voice packet.
struct RtpHeader
{
    static constexpr std::size_t SIZE = 12;

    std::uint8_t payloadType = 0;
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0; ///< in units of the codec's RTP clock
    std::uint32_t ssrc = 0;
    bool extension = false; ///< 8 bytes of padding-only extension (RFC 8285) follow

    void Write(std::span<std::uint8_t> bytes) const;
};

} // namespace weft::engine

#endif
