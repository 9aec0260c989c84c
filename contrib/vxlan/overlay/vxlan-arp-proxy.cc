// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-arp-proxy.h"

#include "netbase-ethernet.h"

namespace weft::vxlan
{

namespace
{

std::uint64_t
KeyOf(std::uint16_t domain, const IpAddress& address)
{
    return std::uint64_t{domain} << 32 | address.ToV4();
}

} // namespace

ArpProxy::ArpProxy(const ArpProxyConfig& config) : m_config(config)
{
    if (m_config.ageing == TimeNs::zero())
    {
        m_config.ageing = NEVER;
    }
}

bool
ArpProxy::Set(std::uint16_t domain,
              const IpAddress& address,
              const MacAddress& mac,
              FdbOrigin origin,
              TimeNs now)
{
    if (!address.IsV4())
    {
        return true; // neighbour discovery is not answered, so there is nothing to keep
    }
    const auto key = KeyOf(domain, address);
    const auto found = m_bindings.find(key);
    if (found != m_bindings.end())
    {
        if (found->second.origin != FdbOrigin::Static || origin == FdbOrigin::Static)
        {
            found->second = {.mac = mac, .origin = origin, .seen = now};
        }
        return true;
    }
    if (!MakeRoom(now))
    {
        ++m_counters.refused;
        return false;
    }
    m_bindings[key] = {.mac = mac, .origin = origin, .seen = now};
    return true;
}

bool
ArpProxy::Remove(std::uint16_t domain, const IpAddress& address, FdbOrigin origin)
{
    const auto found = m_bindings.find(KeyOf(domain, address));
    if (!address.IsV4() || found == m_bindings.end() || found->second.origin != origin)
    {
        return false;
    }
    m_bindings.erase(found);
    return true;
}

void
ArpProxy::RemoveDomain(std::uint16_t domain)
{
    absl::erase_if(m_bindings, [domain](const auto& item) { return item.first >> 32 == domain; });
}

void
ArpProxy::ReleaseController(TimeNs now)
{
    for (auto& [key, binding] : m_bindings)
    {
        if (binding.origin == FdbOrigin::Controller)
        {
            binding.origin = FdbOrigin::Learned;
            binding.seen = now;
        }
    }
}

void
ArpProxy::Overhear(std::uint16_t domain, const netbase::ArpPacket& arp, bool remote, TimeNs now)
{
    using netbase::ArpOperation;
    if ((arp.operation != ArpOperation::Request && arp.operation != ArpOperation::Reply) ||
        arp.sender == IpAddress::V4(0) || arp.senderMac.IsGroup() || arp.senderMac.IsZero())
    {
        return;
    }
    const auto key = KeyOf(domain, arp.sender);
    const auto found = m_bindings.find(key);
    if (found != m_bindings.end())
    {
        Binding& binding = found->second;
        if (binding.origin != FdbOrigin::Learned)
        {
            return;
        }
        if (!remote)
        {
            m_bindings.erase(found); // it is here, and answers for itself
            return;
        }
        m_counters.learned += binding.mac != arp.senderMac;
        binding.mac = arp.senderMac;
        binding.seen = now;
    }
    else if (remote)
    {
        if (!MakeRoom(now))
        {
            ++m_counters.refused;
            return;
        }
        ++m_counters.learned;
        m_bindings[key] = {.mac = arp.senderMac, .origin = FdbOrigin::Learned, .seen = now};
    }
}

std::optional<MacAddress>
ArpProxy::Find(std::uint16_t domain, const IpAddress& address, TimeNs now) const
{
    const auto found = m_bindings.find(KeyOf(domain, address));
    if (!address.IsV4() || found == m_bindings.end() || Aged(found->second, now))
    {
        return std::nullopt;
    }
    return found->second.mac;
}

bool
ArpProxy::IsQuestion(const netbase::ArpPacket& arp)
{
    return arp.operation == netbase::ArpOperation::Request && !netbase::IsGratuitous(arp) &&
           arp.sender != IpAddress::V4(0);
}

bool
ArpProxy::Answer(std::uint16_t domain, const netbase::ArpPacket& arp, TimeNs now, Bytes& reply)
{
    if (!IsQuestion(arp))
    {
        return false;
    }
    const auto mac = Find(domain, arp.target, now);
    if (!mac || *mac == arp.senderMac)
    {
        ++m_counters.missed;
        return false;
    }
    ++m_counters.answered;
    netbase::BuildArpReply(reply, arp, *mac);
    return true;
}

bool
ArpProxy::Aged(const Binding& binding, TimeNs now) const
{
    return binding.origin == FdbOrigin::Learned && m_config.ageing != NEVER &&
           now - binding.seen >= m_config.ageing;
}

/// Aged bindings are removed when room is needed, by a walk at most every sixteenth of the ageing
/// time.
bool
ArpProxy::MakeRoom(TimeNs now)
{
    if (m_bindings.size() < m_config.maxEntries)
    {
        return true;
    }
    if (m_config.ageing != NEVER && now >= m_nextPurge)
    {
        m_nextPurge = now + m_config.ageing / 16;
        absl::erase_if(m_bindings, [&](const auto& item) { return Aged(item.second, now); });
    }
    return m_bindings.size() < m_config.maxEntries;
}

} // namespace weft::vxlan
