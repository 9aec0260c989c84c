// SPDX-License-Identifier: GPL-2.0-only
#include "engine/traffic/stamp.h"

#include <algorithm>
#include <array>

namespace weft::engine
{

namespace
{

constexpr std::uint32_t MAGIC = 0x57454654; ///< "WEFT"
constexpr std::uint32_t BACKWARD = 0x80000000;

template <typename T>
void
Put(std::uint8_t* at, T value)
{
    for (std::size_t i = 0; i < sizeof(T); ++i)
    {
        at[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
    }
}

template <typename T>
T
Get(const std::uint8_t* at)
{
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
    {
        value = static_cast<T>((value << 8) | at[i]);
    }
    return value;
}

} // namespace

std::uint32_t
Stamp::FlowWord() const
{
    return flow | (direction == Direction::Backward ? BACKWARD : 0);
}

void
Stamp::Write(std::span<std::uint8_t> bytes) const
{
    Put(bytes.data(), MAGIC);
    Put(bytes.data() + 4, FlowWord());
    Put(bytes.data() + 8, sequence);
    Put(bytes.data() + 16, static_cast<std::uint64_t>(time.count()));
}

std::optional<Stamp>
Stamp::Read(std::span<const std::uint8_t> bytes)
{
    if (bytes.size() < SIZE || Get<std::uint32_t>(bytes.data()) != MAGIC)
    {
        return std::nullopt;
    }
    const auto word = Get<std::uint32_t>(bytes.data() + 4);
    return Stamp{word & ~BACKWARD,
                 (word & BACKWARD) != 0 ? Direction::Backward : Direction::Forward,
                 Get<std::uint64_t>(bytes.data() + 8),
                 TimeNs(static_cast<std::int64_t>(Get<std::uint64_t>(bytes.data() + 16)))};
}

void
RtpHeader::Write(std::span<std::uint8_t> bytes) const
{
    bytes[0] = extension ? 0x90 : 0x80; // version 2
    bytes[1] = payloadType;
    Put(bytes.data() + 2, sequence);
    Put(bytes.data() + 4, timestamp);
    Put(bytes.data() + 8, ssrc);
    if (extension)
    {
        Put(bytes.data() + SIZE, std::uint32_t{0xbede0001}); // one word of extension elements
        Put(bytes.data() + SIZE + 4, std::uint32_t{0});      // padding
    }
}

} // namespace weft::engine
