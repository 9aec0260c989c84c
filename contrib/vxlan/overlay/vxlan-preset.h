// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Behaviours that belong together: the standard's, the Linux kernel's, Open vSwitch's.
 *
 * Sources: RFC 7348; Linux 6.18 and Open vSwitch 3.1 (user space datapath) as observed with VXLAN
 * over IPv4 and IPv6. For the other encapsulations, Linux and Ovs take over what is not VXLAN's own
 * (ports, TTL, DF, ECN, reserved bits); NVGRE drops inner 802.1Q tags (RFC 7637 section 3.2.1
 * forbids them), GRE-TEB, STT and Geneve carry them.
 */
#ifndef VXLAN_PRESET_H
#define VXLAN_PRESET_H

#include "vxlan-encapsulation.h"

#include <string_view>

namespace weft::vxlan
{

enum class Preset : std::uint8_t
{
    Rfc7348, ///< the standard's recommendations
    /// Linux: checksums computed, reserved bits dropped, TTL 1 to groups, symmetric hash, ports
    /// 32768-60999, inner tags kept, an inner CE hidden. The UDP port is 4789 although the driver
    /// takes VXLAN_PORT_LINUX_DEFAULT when it is told none.
    Linux,
    Ovs, ///< Open vSwitch: DF set, reserved bits dropped, ports 32768-61000, inner tags kept
};

/// @return "rfc7348", "linux", "ovs"
std::string_view ToString(Preset preset);

/// @return the behaviour; what a preset does not decide (hash key, MTU) has its default
EncapsulationConfig MakeConfig(Preset preset, EncapsulationKind kind = EncapsulationKind::Vxlan);

} // namespace weft::vxlan

#endif
