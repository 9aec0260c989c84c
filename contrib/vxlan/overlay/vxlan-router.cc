// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-router.h"

#include "netbase-arp.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

bool
IsUnicastV4(const IpAddress& address)
{
    const std::uint32_t value = address.ToV4();
    return address.IsV4() && value >> 28 < 14 && value >> 24 != 0 && value >> 24 != 127;
}

namespace
{

std::uint32_t
MaskOf(unsigned length)
{
    return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
}

[[noreturn]] void
Refuse(const std::string& text)
{
    throw std::invalid_argument(text);
}

void
CheckInterface(const RouterInterfaceConfig& interface, const std::string& name)
{
    if (interface.vni > MAX_VNI)
    {
        Refuse(name + ".vni is " + std::to_string(interface.vni) + "; it is 0 to 16777215");
    }
    if (interface.mac.IsZero() || interface.mac.IsGroup())
    {
        Refuse(name + ".mac is " + interface.mac.ToString() + "; it is a station's address");
    }
    if (!IsUnicastV4(interface.address))
    {
        Refuse(name + ".address is " + interface.address.ToString() + "; it is IPv4 unicast");
    }
    if (interface.prefixLength < 1 || interface.prefixLength > 31)
    {
        Refuse(name + ".prefixLength is " + std::to_string(interface.prefixLength) +
               "; it is 1 to 31");
    }
    if (interface.mtu < netbase::IPV4_MIN_MTU || interface.mtu > 65535)
    {
        Refuse(name + ".mtu is " + std::to_string(interface.mtu) + "; it is 68 to 65535");
    }
    const std::uint32_t mask = MaskOf(interface.prefixLength);
    if (interface.vrrp)
    {
        for (const IpAddress& address : interface.vrrp->addresses)
        {
            if (address.IsV4() && ((address.ToV4() ^ interface.address.ToV4()) & mask) != 0)
            {
                Refuse(name + ".vrrp.addresses has " + address.ToString() +
                       ", which is not in the interface's subnet");
            }
        }
    }
}

void
Check(const RouterConfig& config)
{
    if (config.interfaces.empty())
    {
        Refuse("router.interfaces is empty; a router has at least one");
    }
    for (std::size_t i = 0; i < config.interfaces.size(); ++i)
    {
        const RouterInterfaceConfig& a = config.interfaces[i];
        const std::string name = "router.interfaces[" + std::to_string(i) + "]";
        CheckInterface(a, name);
        for (std::size_t k = 0; k < i; ++k)
        {
            const RouterInterfaceConfig& b = config.interfaces[k];
            if (a.vni == b.vni)
            {
                Refuse(name + ".vni is " + std::to_string(a.vni) + ", as that of interface " +
                       std::to_string(k) + "; every interface has a network of its own");
            }
            const std::uint32_t mask = MaskOf(std::min(a.prefixLength, b.prefixLength));
            if (((a.address.ToV4() ^ b.address.ToV4()) & mask) == 0)
            {
                Refuse(name + ".address is " + a.address.ToString() + "/" +
                       std::to_string(a.prefixLength) +
                       ", whose subnet overlaps that of interface " + std::to_string(k));
            }
        }
    }
    if (!config.defaultGateway.IsNone() &&
        std::none_of(config.interfaces.begin(), config.interfaces.end(), [&](const auto& i) {
            return IsUnicastV4(config.defaultGateway) && i.address != config.defaultGateway &&
                   ((i.address.ToV4() ^ config.defaultGateway.ToV4()) & MaskOf(i.prefixLength)) ==
                       0;
        }))
    {
        Refuse("router.defaultGateway is " + config.defaultGateway.ToString() +
               "; it is another station in a subnet of an interface");
    }
}

} // namespace

Router::Router(const RouterConfig& config)
    : m_config((Check(config), config)), m_neighbours(config.neighbours)
{
    for (const RouterInterfaceConfig& interface : config.interfaces)
    {
        Interface& added = m_interfaces.emplace_back();
        added.address = interface.address.ToV4();
        added.mask = MaskOf(interface.prefixLength);
        added.network = added.address & added.mask;
        if (interface.vrrp)
        {
            added.vrrp.emplace(*interface.vrrp, interface.address);
        }
    }
}

// -- Who we are ------------------------------------------------------------------------------

bool
Router::IsOurMac(std::uint32_t interface, const MacAddress& mac) const
{
    const auto& vrrp = m_interfaces[interface].vrrp;
    return mac == m_config.interfaces[interface].mac ||
           (vrrp && vrrp->State() == VrrpState::Master && mac == vrrp->Mac());
}

std::optional<MacAddress>
Router::MacFor(std::uint32_t interface, const IpAddress& address) const
{
    const auto& vrrp = m_interfaces[interface].vrrp;
    if (vrrp)
    {
        const auto& addresses = vrrp->Config().addresses;
        if (std::find(addresses.begin(), addresses.end(), address) != addresses.end())
        {
            return vrrp->State() == VrrpState::Master ? std::optional(vrrp->Mac()) : std::nullopt;
        }
    }
    if (address == m_config.interfaces[interface].address)
    {
        return m_config.interfaces[interface].mac;
    }
    return std::nullopt;
}

bool
Router::IsOurAddress(std::uint32_t address) const
{
    return std::any_of(m_interfaces.begin(), m_interfaces.end(), [&](const Interface& interface) {
        if (interface.address == address)
        {
            return true;
        }
        if (!interface.vrrp || interface.vrrp->State() != VrrpState::Master)
        {
            return false;
        }
        const auto& addresses = interface.vrrp->Config().addresses;
        return std::find(addresses.begin(), addresses.end(), IpAddress::V4(address)) !=
               addresses.end();
    });
}

/// @return whether packets to an own address are taken (RFC 5798 section 6.1, Accept_Mode)
bool
Router::AcceptsFor(std::uint32_t address) const
{
    return std::any_of(m_interfaces.begin(), m_interfaces.end(), [&](const Interface& interface) {
        if (interface.address == address)
        {
            return true;
        }
        if (!interface.vrrp || !interface.vrrp->Config().accept)
        {
            return false;
        }
        const auto& addresses = interface.vrrp->Config().addresses;
        return std::find(addresses.begin(), addresses.end(), IpAddress::V4(address)) !=
               addresses.end();
    });
}

bool
Router::IsSubnetBroadcast(std::uint32_t address) const
{
    return std::any_of(m_interfaces.begin(), m_interfaces.end(), [&](const Interface& interface) {
        // A /31 has no broadcast address (RFC 3021).
        return interface.mask != 0xfffffffe && address == (interface.network | ~interface.mask);
    });
}

std::optional<Router::Hop>
Router::RouteTo(const IpAddress& destination) const
{
    const auto connected = [&](const IpAddress& address) -> std::optional<Hop> {
        const std::uint32_t value = address.ToV4();
        for (std::uint32_t i = 0; i < m_interfaces.size(); ++i)
        {
            if ((value & m_interfaces[i].mask) == m_interfaces[i].network)
            {
                return Hop{i, address};
            }
        }
        return std::nullopt;
    };
    if (const auto hop = connected(destination))
    {
        return hop;
    }
    return m_config.defaultGateway.IsNone() ? std::nullopt : connected(m_config.defaultGateway);
}

// -- State -----------------------------------------------------------------------------------

void
Router::Start(TimeNs now)
{
    if (m_up)
    {
        return;
    }
    m_up = true;
    m_neighbours.OnDeadline(now); // what fell due while it was down
    PumpCache(now);
    for (Interface& interface : m_interfaces)
    {
        if (interface.vrrp)
        {
            interface.vrrp->Start(now);
        }
    }
    PumpVrrp();
}

void
Router::Stop(TimeNs now, bool orderly)
{
    if (!m_up)
    {
        return;
    }
    for (Interface& interface : m_interfaces)
    {
        if (interface.vrrp && orderly)
        {
            interface.vrrp->Shutdown(now);
        }
        else if (interface.vrrp)
        {
            interface.vrrp->Fail(now);
        }
    }
    PumpVrrp();
    m_up = false;
    m_neighbours.Flush(now, netbase::TableCause::PortDown);
    PumpCache(now);
}

bool
Router::IsUp() const
{
    return m_up;
}

void
Router::AnnounceGarp()
{
    for (std::uint32_t i = 0; i < m_interfaces.size() && m_up; ++i)
    {
        const RouterInterfaceConfig& interface = m_config.interfaces[i];
        if (const auto mac = MacFor(i, interface.address))
        {
            auto& slot = m_frames.Push();
            slot.meta.interface = i;
            netbase::BuildGarp(slot.bytes, *mac, interface.address);
            ++m_counters.gratuitousSent;
        }
    }
}

TimeNs
Router::NextDeadline() const
{
    TimeNs next = m_up ? m_neighbours.NextDeadline() : NEVER;
    for (const Interface& interface : m_interfaces)
    {
        next = interface.vrrp ? std::min(next, interface.vrrp->NextDeadline()) : next;
    }
    return next;
}

void
Router::OnDeadline(TimeNs now)
{
    for (Interface& interface : m_interfaces)
    {
        if (interface.vrrp)
        {
            interface.vrrp->OnDeadline(now);
        }
    }
    PumpVrrp();
    if (m_up)
    {
        m_neighbours.OnDeadline(now);
        PumpCache(now);
    }
}

bool
Router::PollTableChange(netbase::TableChange& change)
{
    if (!m_neighbours.PollTableChange(change))
    {
        return false;
    }
    if (const auto hop = RouteTo(change.address))
    {
        change.domain = m_config.interfaces[hop->interface].vni;
        change.source = m_config.interfaces[hop->interface].address;
        change.port = static_cast<std::int32_t>(hop->interface);
    }
    return true;
}

bool
Router::PollTransition(VrrpTransition& transition, std::uint32_t& interface)
{
    for (std::uint32_t i = 0; i < m_interfaces.size(); ++i)
    {
        if (m_interfaces[i].vrrp && m_interfaces[i].vrrp->PollTransition(transition))
        {
            interface = i;
            return true;
        }
    }
    return false;
}

const RouterConfig&
Router::Config() const
{
    return m_config;
}

const RouterCounters&
Router::Counters() const
{
    return m_counters;
}

const netbase::NeighbourCache&
Router::Neighbours() const
{
    return m_neighbours;
}

const Vrrp*
Router::VrrpOf(std::uint32_t interface) const
{
    const auto& vrrp = m_interfaces.at(interface).vrrp;
    return vrrp ? &*vrrp : nullptr;
}

DropReason
Router::Drop(DropReason reason)
{
    m_counters.drops.Add(reason);
    return reason;
}

} // namespace weft::vxlan
