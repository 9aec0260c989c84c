// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Which VLANs a switch's port carries, and how (IEEE 802.1Q: port VLAN identifier, member set,
 * untagged set, with ingress filtering).
 */
#ifndef UNDERLAY_VLAN_PORT_H
#define UNDERLAY_VLAN_PORT_H

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

namespace weft::underlay
{

/// What a frame's tag means for a port.
class VlanPort
{
  public:
    /// Carries every VLAN: tagged but for VLAN 1.
    VlanPort();

    /// @param vlan 1 to 4094, which the port carries untagged, and no other
    /// @throws std::invalid_argument for other numbers
    static VlanPort Access(std::uint16_t vlan);

    /**
     * @param tagged 1 to 4094 each; empty: all
     * @param native VLAN of untagged frames, sent untagged; 0: untagged frames are refused
     * @throws std::invalid_argument for other numbers
     */
    static VlanPort Trunk(const std::vector<std::uint16_t>& tagged, std::uint16_t native = 1);

    /// @return VLAN of a frame that comes in; nothing when it is refused
    /// @param tag VLAN of its 802.1Q tag; nothing or 0 (priority tag): untagged
    std::optional<std::uint16_t> Classify(std::optional<std::uint16_t> tag) const;

    /// @return whether frames of a VLAN may come in and go out @param vlan 0 to 4095
    bool
    Carries(std::uint16_t vlan) const
    {
        return m_members[vlan & 0x0fff];
    }

    /// @return whether frames of a VLAN go out without a tag
    bool
    Untags(std::uint16_t vlan) const
    {
        return vlan == m_native;
    }

  private:
    std::bitset<4096> m_members;
    std::uint16_t m_native = 1;
};

} // namespace weft::underlay

#endif
