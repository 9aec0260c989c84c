// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * (Network, IPv4 address) -> MAC of stations behind tunnels and here, and ARP answers from it.
 *
 * Answers as RFC 9161 section 3.1 asks of a proxy: never to gratuitous ARP or probes (sender
 * 0.0.0.0), which are for everybody. IPv6 neighbour discovery is not answered: it is multicast and
 * flooded as such.
 */
#ifndef VXLAN_ARP_PROXY_H
#define VXLAN_ARP_PROXY_H

#include "vxlan-mac-table.h"

#include "netbase-arp.h"

#include <absl/container/flat_hash_map.h>

#include <optional>

namespace weft::vxlan
{

struct ArpProxyConfig
{
    std::size_t maxEntries = 65536;
    TimeNs ageing = std::chrono::seconds{300}; ///< of what was overheard; 0 or NEVER: it stays
};

struct ArpProxyCounters
{
    std::uint64_t answered = 0;
    std::uint64_t missed = 0;  ///< requests that nothing was known for
    std::uint64_t learned = 0; ///< overheard: new or changed
    std::uint64_t refused = 0; ///< not kept: full
};

class ArpProxy
{
  public:
    explicit ArpProxy(const ArpProxyConfig& config);

    /// Configured or pushed by a controller. @return false when it is full
    bool Set(std::uint16_t domain,
             const IpAddress& address,
             const MacAddress& mac,
             FdbOrigin origin,
             TimeNs now);
    /// @return whether there was one of that origin
    bool Remove(std::uint16_t domain, const IpAddress& address, FdbOrigin origin);
    void RemoveDomain(std::uint16_t domain);
    /// A controller's entries become overheard ones.
    void ReleaseController(TimeNs now);
    /// An ARP packet was seen. A sender here answers for itself, and is forgotten.
    /// @param remote whether it came from a tunnel
    void Overhear(std::uint16_t domain, const netbase::ArpPacket& arp, bool remote, TimeNs now);
    /// @return whether somebody asks for an address of another, and wants an answer
    static bool IsQuestion(const netbase::ArpPacket& arp);
    /// @return MAC of an address that has not aged
    std::optional<MacAddress> Find(std::uint16_t domain,
                                   const IpAddress& address,
                                   TimeNs now) const;
    /// Answers a request. @param[out] reply complete frame to the asker
    /// @return false when it is not to be answered or nothing is known
    bool Answer(std::uint16_t domain, const netbase::ArpPacket& arp, TimeNs now, Bytes& reply);

    std::size_t
    Size() const
    {
        return m_bindings.size();
    }

    const ArpProxyCounters&
    Counters() const
    {
        return m_counters;
    }

  private:
    struct Binding
    {
        MacAddress mac;
        FdbOrigin origin = FdbOrigin::Learned;
        TimeNs seen{0};
    };

    bool Aged(const Binding& binding, TimeNs now) const;
    bool MakeRoom(TimeNs now);

    ArpProxyConfig m_config;
    absl::flat_hash_map<std::uint64_t, Binding> m_bindings; ///< by domain << 32 | address
    TimeNs m_nextPurge{0};
    ArpProxyCounters m_counters;
};

} // namespace weft::vxlan

#endif
