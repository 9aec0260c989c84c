// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-vlan-port.h"

#include <stdexcept>
#include <string>

namespace weft::underlay
{

namespace
{

std::uint16_t
Checked(std::uint16_t vlan)
{
    if (vlan < 1 || vlan > 4094)
    {
        throw std::invalid_argument("vlan " + std::to_string(vlan) + ": must be 1 to 4094");
    }
    return vlan;
}

} // namespace

VlanPort::VlanPort()
{
    m_members.set();
    m_members.reset(0);
    m_members.reset(4095);
}

VlanPort
VlanPort::Access(std::uint16_t vlan)
{
    VlanPort port;
    port.m_members.reset();
    port.m_members.set(Checked(vlan));
    port.m_native = vlan;
    return port;
}

VlanPort
VlanPort::Trunk(const std::vector<std::uint16_t>& tagged, std::uint16_t native)
{
    VlanPort port;
    if (!tagged.empty())
    {
        port.m_members.reset();
        for (const std::uint16_t vlan : tagged)
        {
            port.m_members.set(Checked(vlan));
        }
    }
    port.m_native = native;
    if (native != 0)
    {
        port.m_members.set(Checked(native));
    }
    return port;
}

std::optional<std::uint16_t>
VlanPort::Classify(std::optional<std::uint16_t> tag) const
{
    const std::uint16_t vlan = tag.value_or(0) == 0 ? m_native : *tag;
    return vlan != 0 && Carries(vlan) ? std::optional(vlan) : std::nullopt;
}

} // namespace weft::underlay
