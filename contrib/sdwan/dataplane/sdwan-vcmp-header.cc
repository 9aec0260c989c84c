// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-vcmp-header.h"

namespace weft::sdwan
{

namespace
{

void
Put24(std::uint8_t* at, std::uint32_t value)
{
    at[0] = static_cast<std::uint8_t>(value >> 16);
    at[1] = static_cast<std::uint8_t>(value >> 8);
    at[2] = static_cast<std::uint8_t>(value);
}

std::uint32_t
Get24(const std::uint8_t* at)
{
    return (std::uint32_t{at[0]} << 16) | (std::uint32_t{at[1]} << 8) | at[2];
}

} // namespace

void
Encode(const VcmpHeader& header, std::uint8_t* out)
{
    out[0] = static_cast<std::uint8_t>((VCMP_VERSION << 6) | ((header.epoch & 3) << 4) |
                                       ((static_cast<unsigned>(header.trafficClass) & 3) << 2));
    out[1] = header.flags;
    out[2] = header.segment;
    Put24(out + 3, header.timestamp);
    out[6] = static_cast<std::uint8_t>(header.sequence >> 24);
    Put24(out + 7, header.sequence);
    Put24(out + 10, header.flow);
    Put24(out + 13, header.flowSequence);
}

DropReason
Decode(ByteView datagram, VcmpHeader& header)
{
    if (datagram.size() < VCMP_HEADER_SIZE)
    {
        return DropReason::Truncated;
    }
    const std::uint8_t* in = datagram.data();
    if (in[0] >> 6 != VCMP_VERSION)
    {
        return DropReason::BadVersion;
    }
    if ((in[0] & 3) != 0 || !FlagsAgree(in[1]))
    {
        return DropReason::BadHeader;
    }
    header.epoch = (in[0] >> 4) & 3;
    header.trafficClass = static_cast<TrafficClass>((in[0] >> 2) & 3);
    header.flags = in[1];
    header.segment = in[2];
    header.timestamp = Get24(in + 3);
    header.sequence = (std::uint32_t{in[6]} << 24) | Get24(in + 7);
    header.flow = Get24(in + 10);
    header.flowSequence = Get24(in + 13);
    return DropReason::None;
}

} // namespace weft::sdwan
