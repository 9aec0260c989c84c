// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * How a hypervisor behaves, as attributes of ns-3.
 */
#ifndef VXLAN_HYPERVISOR_SETTINGS_H
#define VXLAN_HYPERVISOR_SETTINGS_H

#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/vxlan-hypervisor.h"

#include <cstdint>

namespace ns3
{
namespace vxlan
{

/**
 * @ingroup vxlan
 * What Hypervisor::MakeConfig() makes a configuration of. Attributes that a preset decides are
 * "AsPreset", or 0, until they are set.
 */
class HypervisorSettings : public Object
{
  public:
    /// Behaviours that belong together.
    enum PresetKind
    {
        Rfc7348, ///< the standard's recommendations
        Linux,   ///< the kernel's driver
        Ovs,     ///< Open vSwitch
    };

    /// Envelopes, in the order of weft::vxlan::EncapsulationKind.
    enum EncapsulationKind
    {
        Vxlan,
        Nvgre,
        GreTeb,
        Stt,
        Geneve,
    };

    /// What fills the VTEP's table, in the order of weft::vxlan::MappingKind.
    enum LearningKind
    {
        DataPlane,  ///< flood and learn
        Static,     ///< installed entries only
        Controller, ///< pushed by a controller
    };

    /// Where flooded frames go, in the order of weft::vxlan::ReplicationKind.
    enum ReplicationKind
    {
        Multicast,   ///< to the network's group
        HeadEnd,     ///< a copy to every VTEP of the flood list
        ServiceNode, ///< a copy to a node that replicates
        Assisted,    ///< broadcast and multicast to a replicator (RFC 9574)
        NoFlooding,  ///< nowhere; ARP is answered locally
    };

    /// How the source port is drawn.
    enum SourcePortKind
    {
        AsPresetPort, ///< as the preset says
        RfcPorts,     ///< 49152-65535
        LinuxPorts,   ///< 32768-60999
        TopBitPorts,  ///< 32768-65535
        AllPorts,     ///< 0-65535
        FixedPort,    ///< FixedSourcePort
    };

    /// Yes, no, or what the preset says.
    enum Choice
    {
        AsPreset,
        Yes,
        No,
    };

    /// The outer "don't fragment" bit.
    enum DfKind
    {
        AsPresetDf, ///< as the preset says
        DfClear,
        DfSet,
        DfInherit, ///< the inner packet's
    };

    /// @return the TypeId
    static TypeId GetTypeId();
    HypervisorSettings();

    /**
     * @return a configuration that says what the attributes say; networks and addresses are
     * missing, and an MTU of 0 stands for the uplinks'
     */
    weft::vxlan::HypervisorConfig MakeConfig() const;

  private:
    bool m_hasVtep;                    ///< or 802.1Q
    PresetKind m_preset;               ///< what is not set otherwise
    EncapsulationKind m_encapsulation; ///< envelope
    uint16_t m_destinationPort;        ///< 0: the encapsulation's own
    SourcePortKind m_sourcePort;       ///< entropy
    uint16_t m_fixedSourcePort;        ///< of FixedPort
    Choice m_udpChecksum;              ///< computed
    Choice m_dropReservedBits;         ///< on receipt
    Choice m_dropInnerVlan;            ///< both ways
    Choice m_ecn;                      ///< RFC 6040
    uint8_t m_ttl;                     ///< 0: the preset's
    uint8_t m_multicastTtl;            ///< 0: the preset's
    Choice m_inheritTtl;               ///< from the inner packet
    uint8_t m_tos;                     ///< where it is not inherited
    Choice m_inheritTos;               ///< from the inner packet
    DfKind m_df;                       ///< of the envelope
    LearningKind m_learning;           ///< mapping
    ReplicationKind m_replication;     ///< flooding
    bool m_linuxOrder;                 ///< of head-end copies
    Time m_ageing;                     ///< of the VTEP FDB
    Time m_bridgeAgeing;               ///< of the switch
    bool m_linuxSweep;                 ///< ageing of the VTEP FDB
    bool m_refreshOnTransmit;          ///< of the VTEP FDB
    uint32_t m_fdbLimit;               ///< entries of the VTEP FDB
    uint32_t m_bridgeFdbLimit;         ///< entries of the switch
    bool m_floodUnknownUnicast;        ///< or drop
    bool m_floodOnNewLocalMac;         ///< so that a move is noticed
    bool m_arpSuppression;             ///< proxy
    uint32_t m_mtu;                    ///< of the underlay; 0: the uplinks'
    bool m_fragment;                   ///< envelopes
    bool m_reportTooBig;               ///< by ICMP
    bool m_traceFrames;                ///< Drop, Encapsulate, Decapsulate, Flood
    bool m_traceTables;                ///< TableChange
};

} // namespace vxlan
} // namespace ns3

#endif
