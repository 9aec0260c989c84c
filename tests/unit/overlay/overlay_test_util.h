// SPDX-License-Identifier: GPL-2.0-only
/// @file Helpers of the overlay tests: frames, packets, random bytes, chi-square.
#ifndef WEFT_OVERLAY_TEST_UTIL_H
#define WEFT_OVERLAY_TEST_UTIL_H

#include "netbase-arp.h"
#include "netbase-ethernet.h"
#include "netbase-ipv4.h"
#include "netbase-udp.h"
#include "vxlan-encapsulation.h"

#include <cmath>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace weft::vxlan::test
{

using Random = std::mt19937_64;

inline IpAddress
Ip(std::string_view text)
{
    return IpAddress::Parse(text).value();
}

inline MacAddress
Mac(std::string_view text)
{
    return MacAddress::Parse(text).value();
}

inline Bytes
Hex(std::string_view text)
{
    const auto digit = [](char c) {
        return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    };
    Bytes bytes;
    int high = -1;
    for (const char c : text)
    {
        if (c == ' ')
        {
            continue;
        }
        if (high < 0)
        {
            high = digit(c);
            continue;
        }
        bytes.push_back(static_cast<std::uint8_t>(high << 4 | digit(c)));
        high = -1;
    }
    return bytes;
}

inline std::string
ToHex(ByteView bytes)
{
    std::string text;
    for (const std::uint8_t b : bytes)
    {
        text += "0123456789abcdef"[b >> 4];
        text += "0123456789abcdef"[b & 15];
    }
    return text;
}

/// Uniform in [0, n).
inline std::uint64_t
Below(Random& random, std::uint64_t n)
{
    return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
}

inline Bytes
RandomBytes(Random& random, std::size_t n)
{
    Bytes bytes(n);
    for (auto& b : bytes)
    {
        b = static_cast<std::uint8_t>(random());
    }
    return bytes;
}

/// What an inner frame is made of.
struct FrameSpec
{
    MacAddress destination = Mac("00:50:56:00:00:65");
    MacAddress source = Mac("00:50:56:00:00:64");
    IpAddress from = Ip("192.168.0.100");
    IpAddress to = Ip("192.168.0.101");
    std::uint16_t sourcePort = 40000;
    std::uint16_t destinationPort = 9;
    std::size_t payload = 72; ///< the frame has 114 bytes over IPv4
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;
    bool df = false;
    std::optional<std::uint16_t> tci{};
};

/// @return a frame with a UDP datagram
inline Bytes
UdpFrame(const FrameSpec& spec = {})
{
    Bytes frame;
    netbase::AppendEthernet(
        frame,
        {.destination = spec.destination,
         .source = spec.source,
         .tci = spec.tci,
         .type = spec.to.IsV4() ? netbase::ethertype::IPV4 : netbase::ethertype::IPV6});
    netbase::AppendUdpPacket(frame,
                             {.source = spec.from,
                              .destination = spec.to,
                              .sourcePort = spec.sourcePort,
                              .destinationPort = spec.destinationPort,
                              .ttl = spec.ttl,
                              .tos = spec.tos,
                              .dontFragment = spec.df},
                             Bytes(spec.payload, 0xab));
    return frame;
}

/// @return a frame that is not IP: random bytes behind an Ethernet header
inline Bytes
PlainFrame(Random& random, std::size_t size, std::uint16_t type = 0x88b5)
{
    Bytes frame = RandomBytes(random, size);
    frame[6] &= 0xfe;
    netbase::Write16(&frame[12], type);
    return frame;
}

inline const TunnelEnds V4_ENDS{Ip("10.1.1.10"), Ip("10.1.2.20")};
inline const TunnelEnds V6_ENDS{Ip("2001:db8:1::10"), Ip("2001:db8:2::20")};
inline const TunnelEnds GROUP_ENDS{Ip("10.1.1.10"), Ip("239.0.3.96")};

/// @return all packets in the queue
inline std::vector<Bytes>
Drain(PacketQueue& queue)
{
    std::vector<Bytes> packets;
    NoMeta meta;
    for (Bytes packet; queue.Pop(packet, meta); packet.clear())
    {
        packets.push_back(packet);
    }
    return packets;
}

/// Encapsulates into exactly one packet.
inline Bytes
Wrap(Encapsulation& encapsulation, ByteView frame, Vni vni, const TunnelEnds& ends = V4_ENDS)
{
    PacketQueue queue;
    if (encapsulation.Encapsulate(frame, vni, ends, queue) != DropReason::None || queue.Size() != 1)
    {
        return {};
    }
    return Drain(queue)[0];
}

/// Writes the IPv4 header checksum anew, for packets a test has changed.
inline void
MendIpv4(Bytes& packet)
{
    netbase::Write16(&packet[10], 0);
    netbase::Ipv4Header header;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 20; i += 2)
    {
        sum += netbase::Read16(&packet[i]);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    netbase::Write16(&packet[10], static_cast<std::uint16_t>(~sum));
}

inline const std::vector<EncapsulationKind> ALL_KINDS{EncapsulationKind::Vxlan,
                                                      EncapsulationKind::Nvgre,
                                                      EncapsulationKind::GreTeb,
                                                      EncapsulationKind::Stt,
                                                      EncapsulationKind::Geneve};

/**
 * Whether counts agree with equal expectations by Pearson's chi-square. The bound is the
 * Wilson-Hilferty approximation of the quantile with 5.2 standard deviations: a false alarm is
 * rarer than 2e-7.
 */
inline bool
Even(const std::vector<std::uint64_t>& counts)
{
    double total = 0;
    for (const auto n : counts)
    {
        total += static_cast<double>(n);
    }
    const double expected = total / static_cast<double>(counts.size());
    double chi = 0;
    for (const auto n : counts)
    {
        chi += (static_cast<double>(n) - expected) * (static_cast<double>(n) - expected) / expected;
    }
    const double k = static_cast<double>(counts.size()) - 1;
    const double root = 1 - 2 / (9 * k) + 5.2 * std::sqrt(2 / (9 * k));
    return chi < k * root * root * root;
}

} // namespace weft::vxlan::test

#endif
