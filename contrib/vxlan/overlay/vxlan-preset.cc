// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-preset.h"

namespace weft::vxlan
{

namespace
{

/// Ports Open vSwitch draws from.
constexpr std::uint16_t OVS_FIRST_PORT = 32768;
constexpr std::uint16_t OVS_LAST_PORT = 61000;

} // namespace

std::string_view
ToString(Preset preset)
{
    switch (preset)
    {
    case Preset::Rfc7348:
        return "rfc7348";
    case Preset::Linux:
        return "linux";
    case Preset::Ovs:
        return "ovs";
    }
    return "?";
}

EncapsulationConfig
MakeConfig(Preset preset, EncapsulationKind kind)
{
    const bool udp = kind == EncapsulationKind::Vxlan || kind == EncapsulationKind::Geneve;
    EncapsulationConfig config;
    config.kind = kind;
    config.dropInnerVlan = kind == EncapsulationKind::Nvgre ||
                           (kind == EncapsulationKind::Vxlan && preset == Preset::Rfc7348);
    switch (preset)
    {
    case Preset::Rfc7348:
        break;
    case Preset::Linux:
        config.sourcePort = SourcePortMode::Linux;
        config.symmetricHash = true;
        config.checksum = udp ? ChecksumMode::Computed : ChecksumMode::Zero;
        config.zeroChecksumOverIpv6 = false;
        config.dropReservedBits = true;
        config.multicastTtl = 1;
        config.ecnHidesCe = true;
        break;
    case Preset::Ovs:
        config.sourcePort = SourcePortMode::Range;
        config.sourcePortMin = OVS_FIRST_PORT;
        config.sourcePortMax = OVS_LAST_PORT;
        config.dropReservedBits = true;
        config.ecnHidesCe = true;
        config.ecnCeOnly = true;
        config.df = DfMode::Set;
        break;
    }
    return config;
}

} // namespace weft::vxlan
