// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-hypervisor-settings.h"

#include "vxlan-compat.h"

#include "ns3/boolean.h"
#include "ns3/enum.h"
#include "ns3/uinteger.h"
#include "ns3/vxlan-preset.h"

namespace ns3
{
namespace vxlan
{

NS_OBJECT_ENSURE_REGISTERED(HypervisorSettings);

TypeId
HypervisorSettings::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::vxlan::HypervisorSettings")
            .SetParent<Object>()
            .SetGroupName("Vxlan")
            .AddConstructor<HypervisorSettings>()
            .AddAttribute(
                "HasVtep",
                "Whether there is a VTEP; otherwise networks leave the uplinks as 802.1Q VLANs.",
                BooleanValue(true),
                MakeBooleanAccessor(&HypervisorSettings::m_hasVtep),
                MakeBooleanChecker())
            .AddAttribute("Preset",
                          "Behaviours that belong together.",
                          EnumValue(Rfc7348),
                          MakeEnumMemberAccessor<PresetKind>(&HypervisorSettings::m_preset),
                          MakeEnumChecker(Rfc7348, "Rfc7348", Linux, "Linux", Ovs, "Ovs"))
            .AddAttribute(
                "Encapsulation",
                "The envelope of frames on the underlay.",
                EnumValue(Vxlan),
                MakeEnumMemberAccessor<EncapsulationKind>(&HypervisorSettings::m_encapsulation),
                MakeEnumChecker(
                    Vxlan, "Vxlan", Nvgre, "Nvgre", GreTeb, "GreTeb", Stt, "Stt", Geneve, "Geneve"))
            .AddAttribute("DestinationPort",
                          "UDP or TCP port of tunnels; 0: the encapsulation's own.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&HypervisorSettings::m_destinationPort),
                          MakeUintegerChecker<uint16_t>())
            .AddAttribute("SourcePort",
                          "Range of the source port, which is a hash of the inner headers.",
                          EnumValue(AsPresetPort),
                          MakeEnumMemberAccessor<SourcePortKind>(&HypervisorSettings::m_sourcePort),
                          MakeEnumChecker(AsPresetPort,
                                          "AsPreset",
                                          RfcPorts,
                                          "Rfc",
                                          LinuxPorts,
                                          "Linux",
                                          TopBitPorts,
                                          "TopBit",
                                          AllPorts,
                                          "Full",
                                          FixedPort,
                                          "Fixed"))
            .AddAttribute("FixedSourcePort",
                          "Source port when SourcePort is Fixed.",
                          UintegerValue(4789),
                          MakeUintegerAccessor(&HypervisorSettings::m_fixedSourcePort),
                          MakeUintegerChecker<uint16_t>())
            .AddAttribute("UdpChecksum",
                          "Whether outer UDP checksums are computed rather than zero.",
                          EnumValue(AsPreset),
                          MakeEnumMemberAccessor<Choice>(&HypervisorSettings::m_udpChecksum),
                          MakeEnumChecker(AsPreset, "AsPreset", Yes, "Yes", No, "No"))
            .AddAttribute(
                "DropReservedBits",
                "Whether packets with reserved bits set are dropped rather than accepted.",
                EnumValue(AsPreset),
                MakeEnumMemberAccessor<Choice>(&HypervisorSettings::m_dropReservedBits),
                MakeEnumChecker(AsPreset, "AsPreset", Yes, "Yes", No, "No"))
            .AddAttribute(
                "DropInnerVlan",
                "Whether frames with an inner 802.1Q tag are dropped (RFC 7348 section 6.1).",
                EnumValue(AsPreset),
                MakeEnumMemberAccessor<Choice>(&HypervisorSettings::m_dropInnerVlan),
                MakeEnumChecker(AsPreset, "AsPreset", Yes, "Yes", No, "No"))
            .AddAttribute(
                "Ecn",
                "Whether ECN is copied on encapsulation and combined on decapsulation (RFC 6040).",
                EnumValue(AsPreset),
                MakeEnumMemberAccessor<Choice>(&HypervisorSettings::m_ecn),
                MakeEnumChecker(AsPreset, "AsPreset", Yes, "Yes", No, "No"))
            .AddAttribute("Ttl",
                          "Outer TTL of unicast; 0: the preset's.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&HypervisorSettings::m_ttl),
                          MakeUintegerChecker<uint8_t>())
            .AddAttribute("MulticastTtl",
                          "Outer TTL of packets to groups; 0: the preset's.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&HypervisorSettings::m_multicastTtl),
                          MakeUintegerChecker<uint8_t>())
            .AddAttribute("InheritTtl",
                          "Whether the outer TTL is that of the inner packet.",
                          EnumValue(AsPreset),
                          MakeEnumMemberAccessor<Choice>(&HypervisorSettings::m_inheritTtl),
                          MakeEnumChecker(AsPreset, "AsPreset", Yes, "Yes", No, "No"))
            .AddAttribute("Tos",
                          "Outer TOS where it is not inherited.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&HypervisorSettings::m_tos),
                          MakeUintegerChecker<uint8_t>())
            .AddAttribute("InheritTos",
                          "Whether the outer TOS is that of the inner packet.",
                          EnumValue(AsPreset),
                          MakeEnumMemberAccessor<Choice>(&HypervisorSettings::m_inheritTos),
                          MakeEnumChecker(AsPreset, "AsPreset", Yes, "Yes", No, "No"))
            .AddAttribute(
                "Df",
                "The outer \"don't fragment\" bit.",
                EnumValue(AsPresetDf),
                MakeEnumMemberAccessor<DfKind>(&HypervisorSettings::m_df),
                MakeEnumChecker(
                    AsPresetDf, "AsPreset", DfClear, "Clear", DfSet, "Set", DfInherit, "Inherit"))
            .AddAttribute(
                "Learning",
                "What fills the table of the VTEP.",
                EnumValue(DataPlane),
                MakeEnumMemberAccessor<LearningKind>(&HypervisorSettings::m_learning),
                MakeEnumChecker(DataPlane, "DataPlane", Static, "Static", Controller, "Controller"))
            .AddAttribute(
                "Replication",
                "Where broadcast, unknown unicast and multicast go.",
                EnumValue(Multicast),
                MakeEnumMemberAccessor<ReplicationKind>(&HypervisorSettings::m_replication),
                MakeEnumChecker(Multicast,
                                "Multicast",
                                HeadEnd,
                                "HeadEnd",
                                ServiceNode,
                                "ServiceNode",
                                Assisted,
                                "Assisted",
                                NoFlooding,
                                "None"))
            .AddAttribute("LinuxHeadEndOrder",
                          "Whether the first of the flood list gets its copy last, as from the "
                          "kernel's driver.",
                          BooleanValue(false),
                          MakeBooleanAccessor(&HypervisorSettings::m_linuxOrder),
                          MakeBooleanChecker())
            .AddAttribute(
                "Ageing",
                "Life of an entry of the VTEP's table that is not refreshed; 0: for ever.",
                TimeValue(Seconds(300)),
                MakeTimeAccessor(&HypervisorSettings::m_ageing),
                MakeTimeChecker(Seconds(0)))
            .AddAttribute(
                "BridgeAgeing",
                "Life of an entry of the switch's table that is not refreshed; 0: for ever.",
                TimeValue(Seconds(300)),
                MakeTimeAccessor(&HypervisorSettings::m_bridgeAgeing),
                MakeTimeChecker(Seconds(0)))
            .AddAttribute("LinuxSweep",
                          "Whether the VTEP's table ages by sweeps, as the kernel's driver does.",
                          BooleanValue(false),
                          MakeBooleanAccessor(&HypervisorSettings::m_linuxSweep),
                          MakeBooleanChecker())
            .AddAttribute(
                "RefreshOnTransmit",
                "Whether an entry of the VTEP's table is refreshed by frames to the station too.",
                BooleanValue(false),
                MakeBooleanAccessor(&HypervisorSettings::m_refreshOnTransmit),
                MakeBooleanChecker())
            .AddAttribute("FdbLimit",
                          "Most entries of the VTEP's table; what does not fit is not learned.",
                          UintegerValue(1 << 20),
                          MakeUintegerAccessor(&HypervisorSettings::m_fdbLimit),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("BridgeFdbLimit",
                          "Most entries of the switch's table; what does not fit is not learned.",
                          UintegerValue(1 << 20),
                          MakeUintegerAccessor(&HypervisorSettings::m_bridgeFdbLimit),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute(
                "FloodUnknownUnicast",
                "Whether frames for stations that are not known are flooded rather than dropped.",
                BooleanValue(true),
                MakeBooleanAccessor(&HypervisorSettings::m_floodUnknownUnicast),
                MakeBooleanChecker())
            .AddAttribute("FloodOnNewLocalMac",
                          "Whether the first frame of a station that is new here is flooded even "
                          "if its destination is known.",
                          BooleanValue(false),
                          MakeBooleanAccessor(&HypervisorSettings::m_floodOnNewLocalMac),
                          MakeBooleanChecker())
            .AddAttribute(
                "ArpSuppression",
                "Whether ARP requests for known addresses are answered instead of being flooded.",
                BooleanValue(false),
                MakeBooleanAccessor(&HypervisorSettings::m_arpSuppression),
                MakeBooleanChecker())
            .AddAttribute(
                "UnderlayMtu",
                "Largest IP packet of the underlay, bytes; 0: the smallest MTU of the uplinks.",
                UintegerValue(0),
                MakeUintegerAccessor(&HypervisorSettings::m_mtu),
                MakeUintegerChecker<uint32_t>())
            .AddAttribute(
                "Fragment",
                "Whether envelopes longer than that are cut into IP fragments where DF permits.",
                BooleanValue(false),
                MakeBooleanAccessor(&HypervisorSettings::m_fragment),
                MakeBooleanChecker())
            .AddAttribute("ReportTooBig",
                          "Whether inner packets with DF that do not fit are answered by ICMP.",
                          BooleanValue(false),
                          MakeBooleanAccessor(&HypervisorSettings::m_reportTooBig),
                          MakeBooleanChecker())
            .AddAttribute("TraceFrames",
                          "Whether Drop, Encapsulate, Decapsulate and Flood tell of frames in the "
                          "switch and the tunnel.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&HypervisorSettings::m_traceFrames),
                          MakeBooleanChecker())
            .AddAttribute("TraceTables",
                          "Whether TableChange tells of changes.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&HypervisorSettings::m_traceTables),
                          MakeBooleanChecker());
    return tid;
}

HypervisorSettings::HypervisorSettings() = default;

weft::vxlan::HypervisorConfig
HypervisorSettings::MakeConfig() const
{
    namespace core = weft::vxlan;
    const auto choose = [](Choice choice, auto& field, auto yes, auto no) {
        if (choice != AsPreset)
        {
            field = choice == Yes ? yes : no;
        }
    };
    core::HypervisorConfig config;
    config.hasVtep = m_hasVtep;
    core::VtepConfig& vtep = config.vtep;
    core::EncapsulationConfig& envelope = vtep.encapsulation;
    envelope = core::MakeConfig(static_cast<core::Preset>(m_preset),
                                static_cast<core::EncapsulationKind>(m_encapsulation));
    if (m_destinationPort != 0)
    {
        envelope.destinationPort = m_destinationPort;
    }
    switch (m_sourcePort)
    {
    case AsPresetPort:
        break;
    case RfcPorts:
        envelope.sourcePort = core::SourcePortMode::Rfc;
        break;
    case LinuxPorts:
        envelope.sourcePort = core::SourcePortMode::Linux;
        break;
    case TopBitPorts:
        envelope.sourcePort = core::SourcePortMode::TopBit;
        break;
    case AllPorts:
        envelope.sourcePort = core::SourcePortMode::Full;
        break;
    case FixedPort:
        envelope.sourcePort = core::SourcePortMode::Fixed;
        envelope.fixedSourcePort = m_fixedSourcePort;
        break;
    }
    choose(
        m_udpChecksum, envelope.checksum, core::ChecksumMode::Computed, core::ChecksumMode::Zero);
    choose(m_dropReservedBits, envelope.dropReservedBits, true, false);
    choose(m_dropInnerVlan, envelope.dropInnerVlan, true, false);
    choose(m_ecn, envelope.ecn, true, false);
    envelope.ttl = m_ttl != 0 ? m_ttl : envelope.ttl;
    envelope.multicastTtl = m_multicastTtl != 0 ? m_multicastTtl : envelope.multicastTtl;
    choose(m_inheritTtl, envelope.ttlMode, core::FieldMode::Inherit, core::FieldMode::Fixed);
    envelope.tos = m_tos;
    choose(m_inheritTos, envelope.tosMode, core::FieldMode::Inherit, core::FieldMode::Fixed);
    switch (m_df)
    {
    case AsPresetDf:
        break;
    case DfClear:
        envelope.df = core::DfMode::Clear;
        break;
    case DfSet:
        envelope.df = core::DfMode::Set;
        break;
    case DfInherit:
        envelope.df = core::DfMode::Inherit;
        break;
    }
    vtep.mapping = static_cast<core::MappingKind>(m_learning);
    vtep.replication = static_cast<core::ReplicationKind>(m_replication);
    vtep.headEndOrder = m_linuxOrder ? core::HeadEndOrder::Linux : core::HeadEndOrder::List;
    vtep.fdb.ageing = weft::netbase::TimeNs(m_ageing.GetNanoSeconds());
    vtep.fdb.mode = m_linuxSweep ? core::AgeingMode::LinuxSweep : core::AgeingMode::Exact;
    vtep.fdb.maxEntries = m_fdbLimit;
    vtep.ageRefresh =
        m_refreshOnTransmit ? core::AgeRefresh::OnReceiveOrTransmit : core::AgeRefresh::OnReceive;
    config.bridge.fdb.ageing = weft::netbase::TimeNs(m_bridgeAgeing.GetNanoSeconds());
    config.bridge.fdb.maxEntries = m_bridgeFdbLimit;
    vtep.floodUnknownUnicast = m_floodUnknownUnicast;
    vtep.floodOnNewLocalMac = m_floodOnNewLocalMac;
    vtep.arpSuppression = m_arpSuppression;
    vtep.mtu = m_mtu;
    vtep.mtuPolicy.fragment = m_fragment;
    vtep.mtuPolicy.icmp = m_reportTooBig;
    config.events = m_traceFrames;
    config.tables = m_traceTables;
    return config;
}

} // namespace vxlan
} // namespace ns3
