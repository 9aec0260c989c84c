// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Types that every protocol core shares: time, bytes, MAC and IP addresses.
 */
#ifndef NETBASE_TYPES_H
#define NETBASE_TYPES_H

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::netbase
{

/// An instant since the host's arbitrary epoch, or a length of time.
using TimeNs = std::chrono::nanoseconds;

/// "Never": later than every instant.
inline constexpr TimeNs NEVER = TimeNs::max();

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// An EUI-48 address (IEEE 802).
struct MacAddress
{
    std::array<std::uint8_t, 6> octets{};

    /// @return ff:ff:ff:ff:ff:ff
    static MacAddress Broadcast();
    /// @param value its 48 low bits, the most significant octet first
    static MacAddress FromInteger(std::uint64_t value);
    /// @param text "00:50:56:00:00:01"; nothing when it is not of that form
    static std::optional<MacAddress> Parse(std::string_view text);
    /// @param octets at least 6 bytes
    static MacAddress Read(ByteView octets);

    /// Writes the six octets to the start of @p out.
    void Write(std::span<std::uint8_t> out) const;
    std::uint64_t ToInteger() const;
    bool IsBroadcast() const;
    /// @return whether the group bit is set (broadcast included)
    bool IsGroup() const;
    bool IsZero() const;
    /// @return "00:50:56:00:00:01"
    std::string ToString() const;

    friend auto operator<=>(const MacAddress&, const MacAddress&) = default;

    template <typename H>
    friend H
    AbslHashValue(H state, const MacAddress& address)
    {
        return H::combine(std::move(state), address.ToInteger());
    }
};

/// An IPv4 or IPv6 address. IPv4 is held as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). The default
/// is "none", ::.
struct IpAddress
{
    std::array<std::uint8_t, 16> octets{};

    /// @param address host byte order
    static IpAddress V4(std::uint32_t address);
    /// @param octets 16 bytes, network order
    static IpAddress V6(ByteView octets);
    /// @param text "10.0.0.1" or "2001:db8::1"; nothing when it is neither
    static std::optional<IpAddress> Parse(std::string_view text);

    bool IsNone() const;
    bool IsV4() const;
    /// @return 224.0.0.0/4 or ff00::/8
    bool IsMulticast() const;
    /// @return host byte order; meaningful for IPv4 only
    std::uint32_t ToV4() const;
    std::string ToString() const;

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

    template <typename H>
    friend H
    AbslHashValue(H state, const IpAddress& address)
    {
        return H::combine(std::move(state), address.octets);
    }
};

/// An IP network. For IPv4, length is 0 to 32.
struct IpPrefix
{
    IpAddress address; ///< host bits are zero
    unsigned length = 0;

    bool Contains(const IpAddress& host) const;
    /// @return "10.0.0.0/24"
    std::string ToString() const;
    friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

/// @return the Ethernet group address of an IP multicast group (RFC 1112 section 6.4, RFC 2464
/// section 7)
MacAddress GroupMac(const IpAddress& group);

// Big-endian fields. The caller guarantees the size.
inline std::uint16_t
Read16(const std::uint8_t* p)
{
    return static_cast<std::uint16_t>(p[0] << 8 | p[1]);
}

inline std::uint32_t
Read24(const std::uint8_t* p)
{
    return std::uint32_t{p[0]} << 16 | std::uint32_t{p[1]} << 8 | p[2];
}

inline std::uint32_t
Read32(const std::uint8_t* p)
{
    return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

inline void
Write16(std::uint8_t* p, std::uint16_t value)
{
    p[0] = static_cast<std::uint8_t>(value >> 8);
    p[1] = static_cast<std::uint8_t>(value);
}

inline void
Write24(std::uint8_t* p, std::uint32_t value)
{
    p[0] = static_cast<std::uint8_t>(value >> 16);
    p[1] = static_cast<std::uint8_t>(value >> 8);
    p[2] = static_cast<std::uint8_t>(value);
}

inline void
Write32(std::uint8_t* p, std::uint32_t value)
{
    Write16(p, static_cast<std::uint16_t>(value >> 16));
    Write16(p + 2, static_cast<std::uint16_t>(value));
}

} // namespace weft::netbase

#endif
