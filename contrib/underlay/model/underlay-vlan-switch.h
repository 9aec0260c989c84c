// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * An 802.1Q learning switch.
 */
#ifndef UNDERLAY_VLAN_SWITCH_H
#define UNDERLAY_VLAN_SWITCH_H

#include "ns3/netbase-table-change.h"
#include "ns3/underlay-mac-table.h"
#include "ns3/underlay-vlan-port.h"
#include "underlay-ethernet-device.h"
#include "underlay-frame-drop.h"

#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"
#include "ns3/traced-callback.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ns3
{
namespace underlay
{

template <typename Owner>
class Deadline;

/**
 * @ingroup underlay
 *
 * Forwards frames between its ports by VLAN and destination address, learns source addresses
 * (independent learning: one entry a VLAN and address), floods what it does not know. The table is
 * bounded: what finds no room is not learned, so it is flooded. Which ports forward is the spanning
 * tree's to say (SpanningTree); a port that does not takes and gives no frames.
 */
class VlanSwitch : public Object
{
  public:
    /// @param frame the frame @param reason why it ended
    typedef void (*DropTracedCallback)(Ptr<const Packet> frame, FrameDrop reason);
    /// @param change of the MAC table
    typedef void (*TableChangeTracedCallback)(const weft::netbase::TableChange& change);

    /// Frames by what became of them.
    struct Counts
    {
        PacketCount received;  ///< frames that came in
        PacketCount forwarded; ///< sent to the one port where their destination is
        PacketCount flooded;   ///< sent to every port of their VLAN: unknown, broadcast, group
        PacketCount copies;    ///< sent by flooding
    };

    /// @return the TypeId
    static TypeId GetTypeId();
    VlanSwitch();
    ~VlanSwitch() override;

    /// @param name such as "leaf1"
    void SetName(const std::string& name);
    /// @return name
    const std::string& GetName() const;

    /// @param device of this switch's node @param name of the port @param config its VLANs
    /// @return number of the port, from 0 on
    uint32_t AddPort(Ptr<EthernetDevice> device,
                     const std::string& name,
                     const weft::underlay::VlanPort& config);
    /// @return number of ports
    uint32_t GetNPorts() const;
    /// @param port number @return its device
    Ptr<EthernetDevice> GetPortDevice(uint32_t port) const;
    /// @param port number @return its name
    const std::string& GetPortName(uint32_t port) const;
    /// @param port number @param forwards whether it is part of the spanning tree
    void SetForwarding(uint32_t port, bool forwards);
    /// @param port number @return whether it is part of the spanning tree
    bool IsForwarding(uint32_t port) const;
    /// Forgets every learned address (topology change).
    void FlushTable();

    /// @param priority first part of the bridge id: the lowest id is the root; 0 to 65535
    void SetPriority(uint16_t priority);
    /// @return the bridge id: priority and the lowest MAC address of a port
    uint64_t GetBridgeId() const;

    /// @param up whether the switch runs: otherwise its links are down and its table is empty
    void SetUp(bool up);
    /// @return whether it runs
    bool IsUp() const;

    /// @return frames by what became of them
    const Counts& GetCounts() const;
    /// @return drops inside the switch
    const FrameDropCounts& GetDrops() const;
    /// @return the table: entries and the counters of what was learned, moved, aged and refused
    const weft::underlay::MacTable& GetTable() const;

  protected:
    void DoDispose() override;

  private:
    class Impl;
    friend class Deadline<Impl>;

    std::unique_ptr<Impl> m_impl; ///< everything but what attributes and traces need here
    uint32_t m_tableLimit{0};     ///< entries
    Time m_ageing;                ///< of an entry
    TracedCallback<Ptr<const Packet>, FrameDrop> m_dropTrace;       ///< Drop
    TracedCallback<const weft::netbase::TableChange&> m_tableTrace; ///< TableChange
};

} // namespace underlay
} // namespace ns3

#endif
