// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Types shared by the multicast core: drop reasons, sets of ports, routes as the core sees them.
 */
#ifndef UNDERLAY_MULTICAST_TYPES_H
#define UNDERLAY_MULTICAST_TYPES_H

#include "netbase-types.h"

#include <array>
#include <bit>
#include <string>
#include <string_view>
#include <vector>

namespace weft::multicast
{

using netbase::Bytes;
using netbase::ByteView;
using netbase::IpAddress;
using netbase::IpPrefix;
using netbase::NEVER;
using netbase::TimeNs;

/// Index of a router's interface, 0 up.
using PortIndex = std::int32_t;

/// No port at all.
inline constexpr PortIndex NO_PORT = -1;

/// Why a packet, or a control message, went no further. Every discard has one of these.
enum class DropReason : std::uint8_t
{
    None,                 ///< it was not dropped
    Truncated,            ///< shorter than its headers or counts say
    BadHeader,            ///< a field has a value that its standard forbids
    BadChecksum,          ///< IP, PIM or IGMP checksum wrong
    Unsupported,          ///< well formed, but a type, version or address family not implemented
    PortDown,             ///< arrived by a port that is down or does not exist
    NotMulticast,         ///< no multicast packet, and no control message for this router
    LinkLocal,            ///< to 224.0.0.0/24, which is never forwarded (RFC 5771 section 4)
    TtlExpired,           ///< TTL ran out here
    OwnPacket,            ///< its source is one of our own addresses
    NoNeighbour,          ///< PIM message from a router that sent no Hello
    NotForUs,             ///< Join/Prune, Register or other message addressed to another router
    WrongMode,            ///< message of another PIM mode than the one that runs here
    WrongRp,              ///< names another Rendezvous Point than the one configured
    Disabled,             ///< the protocol is switched off on the port
    NotOnLink,            ///< IGMP from a source outside the link's network (RFC 3376 section 9.2)
    NoRp,                 ///< no Rendezvous Point is configured for the group
    NoRoute,              ///< no route towards the source or the Rendezvous Point
    NoState,              ///< no entry for the group, and none may be made from data
    RpfFailed,            ///< arrived by another port than the one towards its source or the RP
    NoListener,           ///< an entry exists, but nobody behind it wants the packet
    Pruned,               ///< everybody downstream pruned it (dense mode)
    NotForwarder,         ///< another router is Designated Forwarder on the link (bidirectional)
    RegisterNotForwarded, ///< decapsulated Register at a Rendezvous Point that does not forward it
    RegisterTooLong,      ///< does not fit an IP packet after encapsulation
    LateRegister,         ///< Register for a source whose packets arrive natively
    CacheFull,            ///< no room for another source's state
    Count                 ///< number of reasons; not a reason
};

/// @return "rpf-failed": lower case, words joined by hyphens
std::string_view ToString(DropReason reason);

/// Counts by reason.
class DropCounters
{
  public:
    /// Adds one; None is not counted. @return @p reason, for the caller to pass on
    DropReason
    Add(DropReason reason)
    {
        ++m_counts[static_cast<std::size_t>(reason)];
        return reason;
    }

    std::uint64_t
    Of(DropReason reason) const
    {
        return reason == DropReason::None ? 0 : m_counts[static_cast<std::size_t>(reason)];
    }

    std::uint64_t Total() const;

  private:
    std::array<std::uint64_t, static_cast<std::size_t>(DropReason::Count)> m_counts{};
};

/// @return whether a group is of 224.0.0.0/24, which no router forwards (RFC 5771 section 4)
inline bool
IsLinkLocal(const IpAddress& group)
{
    return group.ToV4() >> 8 == 0xe00000;
}

/// A set of ports.
class PortSet
{
  public:
    PortSet() = default;
    PortSet(std::initializer_list<PortIndex> ports);

    bool
    Has(PortIndex port) const
    {
        const auto word = static_cast<std::size_t>(port) / 64;
        return port >= 0 && word < m_words.size() && (m_words[word] >> (port % 64) & 1) != 0;
    }

    /// Adds a port, which must not be negative.
    void Add(PortIndex port);
    void Remove(PortIndex port);
    bool Empty() const;
    std::size_t Size() const;

    PortSet& operator|=(const PortSet& other);
    PortSet& operator-=(const PortSet& other);

    friend PortSet
    operator|(PortSet a, const PortSet& b)
    {
        return a |= b;
    }

    /// Difference of sets.
    friend PortSet
    operator-(PortSet a, const PortSet& b)
    {
        return a -= b;
    }

    friend bool operator==(const PortSet& a, const PortSet& b);

    /// Calls @p use with every port in ascending order.
    template <typename F>
    void
    ForEach(F&& use) const
    {
        for (std::size_t w = 0; w < m_words.size(); ++w)
        {
            for (std::uint64_t bits = m_words[w]; bits != 0; bits &= bits - 1)
            {
                use(static_cast<PortIndex>(w * 64 + static_cast<unsigned>(std::countr_zero(bits))));
            }
        }
    }

    std::vector<PortIndex> ToVector() const;
    /// @return "1 2 5"
    std::string ToString() const;

  private:
    std::vector<std::uint64_t> m_words;
};

/// How unicast packets to an address leave the router: one row of the MRIB (RFC 7761 section 4.1).
struct UnicastRoute
{
    PortIndex port = NO_PORT;     ///< NO_PORT: the address is this router's own (loopback)
    IpAddress neighbour;          ///< next hop; none: the address is on the link itself, or ours
    std::uint32_t preference = 0; ///< administrative distance; lower is better
    std::uint32_t metric = 0;     ///< lower is better
    friend bool operator==(const UnicastRoute&, const UnicastRoute&) = default;
};

/// The unicast routes, as given by the host. Answers must stay the same until OnRoutesChanged().
class UnicastView
{
  public:
    virtual ~UnicastView() = default;
    /// @return the one route that is used for reverse path checks, or nothing when unreachable
    virtual std::optional<UnicastRoute> RouteTo(const IpAddress& address) const = 0;
};

} // namespace weft::multicast

#endif
