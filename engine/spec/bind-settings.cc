// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind-overlay.h"

#include <fmt/format.h>

namespace weft::spec
{

namespace
{

/// What the presets decide; figures measured on Linux 6.18 and Open vSwitch 3.1.
void
ApplyPreset(OverlaySettings& settings)
{
    const bool linux = settings.preset == OverlayPreset::Linux;
    const bool ovs = settings.preset == OverlayPreset::Ovs;
    constexpr std::uint32_t UNBOUNDED = 1'000'000;
    constexpr std::uint32_t OVS_MAC_TABLE = 8192;
    settings.ageSweep = linux;
    settings.fdbLimit = ovs ? OVS_MAC_TABLE : UNBOUNDED;
    settings.sourcePort = linux || ovs ? SourcePortKind::Linux : SourcePortKind::Rfc;
    settings.symmetricHash = linux;
    settings.udpChecksum = linux;
    settings.multicastTtl = linux ? 1 : 64;
    settings.df = ovs ? OuterDf::Set : OuterDf::Clear;
    settings.dropReservedBits = linux || ovs;
    settings.keepInnerVlan = linux || ovs;
    settings.fragment = linux;
    settings.pathMtu = linux;
}

std::uint16_t
PortOf(EncapsulationKind kind)
{
    switch (kind)
    {
    case EncapsulationKind::Vxlan:
        return 4789;
    case EncapsulationKind::Geneve:
        return 6081;
    case EncapsulationKind::Stt:
        return 7471;
    default:
        return 0; // no ports
    }
}

bool
HasUdp(EncapsulationKind kind)
{
    return kind == EncapsulationKind::Vxlan || kind == EncapsulationKind::Geneve;
}

/// What the preset decides is said by the encapsulation where that leaves no choice.
void
FitEncapsulation(Binding& binding, const View& view, OverlaySettings& s, bool portGiven)
{
    const auto name = ToString(s.encapsulation);
    const auto refuse = [&](std::string_view key, std::string message) {
        binding.diagnostics.Error(view.Where(key), std::move(message));
    };
    if (!HasUdp(s.encapsulation))
    {
        if (view.Has("udp_checksum") && s.udpChecksum)
        {
            refuse("udp_checksum", fmt::format("{} has no UDP header", name));
        }
        s.udpChecksum = false;
    }
    if (PortOf(s.encapsulation) == 0)
    {
        for (const auto key : {"port", "source_port"})
        {
            if (view.Has(key))
            {
                refuse(key, fmt::format("{} has no ports", name));
            }
        }
        s.destinationPort = 0;
    }
    else if (!portGiven)
    {
        s.destinationPort = PortOf(s.encapsulation);
    }
    if (s.encapsulation == EncapsulationKind::Nvgre)
    {
        if (view.Has("inner_vlan") && s.keepInnerVlan)
        {
            refuse("inner_vlan", "NVGRE carries no inner 802.1Q tag (RFC 7637 section 3.2)");
        }
        s.keepInnerVlan = false;
    }
}

} // namespace

void
BindSettings(Binding& binding, const View& view, OverlaySettings& s)
{
    const auto set = [](auto& field, const auto& value) {
        if (value)
        {
            field = static_cast<std::remove_reference_t<decltype(field)>>(*value);
        }
    };
    const bool portGiven = s.destinationPort != 0 && s.destinationPort != PortOf(s.encapsulation);
    if (const auto preset = view.Choice<OverlayPreset>("preset"))
    {
        s.preset = *preset;
        ApplyPreset(s);
    }
    set(s.encapsulation, view.Choice<EncapsulationKind>("encapsulation"));
    set(s.learning, view.Choice<Learning>("learning"));
    set(s.replication, view.Choice<Replication>("replication"));
    set(s.ageing, view.Time("ageing"));
    set(s.bridgeAgeing, view.Time("bridge_ageing"));
    set(s.ageRefresh, view.Choice<AgeRefresh>("age_refresh"));
    set(s.ageSweep, view.Toggle("age_sweep"));
    set(s.arpTimeout, view.Time("arp_timeout"));
    set(s.fdbLimit, view.Integer("fdb_limit"));
    set(s.destinationPort, view.Integer("port"));
    if (const auto port = view.Integer("source_port"))
    {
        s.sourcePort = SourcePortKind::Fixed;
        s.fixedSourcePort = static_cast<std::uint16_t>(*port);
    }
    else if (const auto word = view.Text("source_port"))
    {
        s.sourcePort = *word == "rfc"       ? SourcePortKind::Rfc
                       : *word == "linux"   ? SourcePortKind::Linux
                       : *word == "top-bit" ? SourcePortKind::TopBit
                                            : SourcePortKind::Full;
    }
    set(s.symmetricHash, view.Toggle("symmetric_hash"));
    set(s.udpChecksum, view.Toggle("udp_checksum"));
    const auto orInherit = [&](std::string_view key, std::uint8_t& value, bool& inherit) {
        if (view.Text(key))
        {
            inherit = true;
        }
        else if (const auto number = view.Integer(key))
        {
            inherit = false;
            value = static_cast<std::uint8_t>(*number);
        }
    };
    orInherit("ttl", s.ttl, s.ttlInherit);
    orInherit("tos", s.tos, s.tosInherit);
    set(s.multicastTtl, view.Integer("multicast_ttl"));
    set(s.df, view.Choice<OuterDf>("df"));
    if (const auto word = view.Text("reserved_bits"))
    {
        s.dropReservedBits = *word == "drop";
    }
    if (const auto word = view.Text("inner_vlan"))
    {
        s.keepInnerVlan = *word == "keep";
    }
    set(s.ecn, view.Toggle("ecn"));
    set(s.fragment, view.Toggle("fragment"));
    set(s.pathMtu, view.Toggle("path_mtu"));
    set(s.floodOnNewLocalMac, view.Toggle("flood_on_new_local_mac"));
    set(s.floodUnknown, view.Toggle("flood_unknown"));
    set(s.arpSuppression, view.Toggle("arp_suppression"));
    set(s.probe, view.Time("probe"));
    set(s.probeMisses, view.Integer("probe_misses"));
    FitEncapsulation(binding, view, s, portGiven || view.Has("port"));
    if (s.fragment && s.df == OuterDf::Set && view.Has("fragment"))
    {
        binding.diagnostics.Error(view.Where("fragment"),
                                  "a VTEP does not fragment what it sends with DF set: df");
    }
}

} // namespace weft::spec
