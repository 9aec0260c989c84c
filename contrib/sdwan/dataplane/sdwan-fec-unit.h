// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The unit that XOR parity covers (layout: sdwan-fec.h), shared by encoder and decoder. Not for
 * other users.
 */
#ifndef SDWAN_FEC_UNIT_H
#define SDWAN_FEC_UNIT_H

#include "sdwan-fec.h"
#include "sdwan-xor.h"

#include <algorithm>

namespace weft::sdwan::fec
{

inline std::uint8_t*
Put(std::uint8_t* at, std::uint32_t value, unsigned bytes)
{
    while (bytes-- > 0)
    {
        *at++ = static_cast<std::uint8_t>(value >> (8 * bytes));
    }
    return at;
}

inline std::uint32_t
Get(const std::uint8_t* at, unsigned bytes)
{
    std::uint32_t value = 0;
    while (bytes-- > 0)
    {
        value = (value << 8) | *at++;
    }
    return value;
}

/// The prefix: what, beside the payload, is needed to deliver a rebuilt packet. A copy's unit
/// equals the original's.
inline std::array<std::uint8_t, FEC_UNIT_PREFIX>
MakePrefix(const VcmpHeader& header, std::size_t length)
{
    std::array<std::uint8_t, FEC_UNIT_PREFIX> prefix;
    prefix[0] = static_cast<std::uint8_t>(header.trafficClass);
    prefix[1] = header.flags & static_cast<std::uint8_t>(~vcmp::DUPLICATE);
    prefix[2] = header.segment;
    prefix[3] = 0;
    std::uint8_t* at = Put(prefix.data() + 4, header.flow, 3);
    at = Put(at, header.flowSequence, 3);
    Put(at, static_cast<std::uint32_t>(length), 2);
    return prefix;
}

/// Makes @p unit the unit of one packet.
inline void
MakeUnit(const VcmpHeader& header, ByteView payload, Bytes& unit)
{
    const auto prefix = MakePrefix(header, payload.size());
    unit.resize(FEC_UNIT_PREFIX + payload.size());
    std::copy(prefix.begin(), prefix.end(), unit.begin());
    std::copy(payload.begin(), payload.end(), unit.begin() + FEC_UNIT_PREFIX);
}

/// Adds a packet's unit to @p sum, which grows to the longest.
inline void
AddUnit(const VcmpHeader& header, ByteView payload, Bytes& sum)
{
    const auto prefix = MakePrefix(header, payload.size());
    if (sum.size() < FEC_UNIT_PREFIX + payload.size())
    {
        sum.resize(FEC_UNIT_PREFIX + payload.size());
    }
    XorInto(sum.data(), prefix.data(), FEC_UNIT_PREFIX);
    XorInto(sum.data() + FEC_UNIT_PREFIX, payload.data(), payload.size());
}

/**
 * Reads a unit that the parity gave back.
 *
 * @param unit prefix, payload and padding
 * @param[out] header as the sender gave it, timestamp and tunnel sequence 0
 * @param[out] length of the payload
 * @return whether it is a unit that an encoder could have been fed: anything else means the parity
 * lied about its members
 */
inline bool
ReadUnit(ByteView unit, VcmpHeader& header, std::size_t& length)
{
    header = {};
    header.flags = unit[1];
    header.segment = unit[2];
    header.trafficClass = static_cast<TrafficClass>(unit[0] & 3);
    header.flow = Get(unit.data() + 4, 3);
    header.flowSequence = Get(unit.data() + 7, 3);
    length = Get(unit.data() + 10, 2);
    return unit[0] < TRAFFIC_CLASSES && unit[3] == 0 && FlagsAgree(unit[1]) &&
           header.Has(vcmp::DATA) && header.Has(vcmp::FEC_PROTECTED) &&
           !header.Has(vcmp::DUPLICATE) && FEC_UNIT_PREFIX + length <= unit.size() &&
           std::all_of(unit.begin() + static_cast<std::ptrdiff_t>(FEC_UNIT_PREFIX + length),
                       unit.end(),
                       [](std::uint8_t b) { return b == 0; });
}

} // namespace weft::sdwan::fec

#endif
