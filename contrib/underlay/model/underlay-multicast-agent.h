// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Multicast routing of a fabric router: IGMP towards hosts, PIM towards other routers.
 */
#ifndef UNDERLAY_MULTICAST_AGENT_H
#define UNDERLAY_MULTICAST_AGENT_H

#include "ns3/netbase-table-change.h"
#include "ns3/underlay-multicast-router.h"
#include "underlay-deadline.h"
#include "underlay-fabric-router.h"

#include "ns3/callback.h"
#include "ns3/data-rate.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"
#include "ns3/traced-callback.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ns3
{
namespace underlay
{

/**
 * @ingroup underlay
 *
 * Drives a weft::multicast::MulticastRouter with the packets, ports, routes and time of a
 * FabricRouter; aggregated to the router's Node by Start(). Ports towards other routers speak PIM,
 * ports towards hosts IGMP; a port without an IPv4 address speaks neither. IPv4 only.
 *
 * Everything random comes from the attribute Seed and the router's name.
 */
class MulticastAgent : public Object
{
  public:
    /// Mode, as attribute; see weft::multicast::Mode.
    enum Mode
    {
        SPARSE,
        DENSE,
        BIDIRECTIONAL,
        STATIC,
    };

    /// When a last-hop router leaves the shared tree; see weft::multicast::SptSwitch.
    enum Spt
    {
        IMMEDIATE,
        NEVER,
        THRESHOLD,
    };

    /// Called when hosts on a port began or ceased to want a group: port, group, whether they do.
    using MembershipCallback = Callback<void, uint32_t, weft::netbase::IpAddress, bool>;

    /// @param packet IP packet @param reason why it ended
    typedef void (*DropTracedCallback)(Ptr<const Packet> packet,
                                       weft::multicast::DropReason reason);
    /// @param change of memberships (Igmp) or of forwarding entries (Multicast)
    typedef void (*TableChangeTracedCallback)(const weft::netbase::TableChange& change);

    /// @param port number @param packet IP packet
    typedef void (*ControlTracedCallback)(uint32_t port, Ptr<const Packet> packet);

    /// @return the TypeId
    static TypeId GetTypeId();
    MulticastAgent();
    ~MulticastAgent() override;

    /// Adds a Rendezvous Point. @param rp address of a router, such as its loopback @param groups
    /// that it serves
    void AddRendezvousPoint(const weft::netbase::IpAddress& rp,
                            const weft::netbase::IpPrefix& groups = {
                                weft::netbase::IpAddress::V4(0xe0000000), 4});

    /// @param timers of PIM, in place of the standards' defaults; attributes go before them
    /// @param igmp timers of IGMP
    void SetTimers(const weft::multicast::PimTimers& timers,
                   const weft::multicast::IgmpTimers& igmp);

    /**
     * Begins to route multicast now. The router has to have all its ports and addresses.
     *
     * @param router on a node
     * @throws std::invalid_argument when the configuration makes no sense
     */
    void Start(Ptr<FabricRouter> router);

    /// @param callback static trees: who computes them
    void SetMembershipCallback(MembershipCallback callback);
    /// Static trees: see weft::multicast::MulticastRouter::InstallTree(). @param group group
    /// @param upstream port or -1 @param ports all of the tree
    void InstallTree(const weft::netbase::IpAddress& group,
                     int32_t upstream,
                     const weft::multicast::PortSet& ports);
    /// Static trees: see weft::multicast::MulticastRouter::SetRoot(). @param upstream port or -1
    void SetRoot(int32_t upstream);

    /// @return the core, to look at; null before Start()
    const weft::multicast::MulticastRouter* GetCore() const;
    /// @return the router that is driven; null before Start()
    Ptr<FabricRouter> GetRouter() const;

  protected:
    void DoDispose() override;

  private:
    friend class Deadline<MulticastAgent>;
    class View;

    /// @param port it came in by @param packet IP packet
    void Receive(uint32_t port, Ptr<Packet> packet);
    /// @param port number @param up whether its link works
    void OnPort(uint32_t port, bool up);
    void OnRoutes();
    void OnDeadline();
    /// Sends what the core wants sent, reports what changed, and sets the next deadline.
    void Pump();

    Mode m_mode{SPARSE};                                      ///< attribute
    Spt m_spt{IMMEDIATE};                                     ///< attribute
    DataRate m_sptThreshold;                                  ///< attribute
    bool m_registerForwarding{true};                          ///< attribute
    bool m_stateRefresh{true};                                ///< attribute
    uint32_t m_igmpVersion{3};                                ///< attribute
    uint64_t m_seed{0};                                       ///< attribute
    Time m_triggeredHello;                                    ///< attribute
    Time m_joinPrune;                                         ///< attribute
    Time m_queryInterval;                                     ///< attribute
    weft::multicast::PimTimers m_pim;                         ///< the others
    weft::multicast::IgmpTimers m_igmp;                       ///< the others
    std::vector<weft::multicast::RpMapping> m_rps;            ///< Rendezvous Points
    Ptr<FabricRouter> m_router;                               ///< driven
    uint32_t m_nodeId{0};                                     ///< of the router
    std::unique_ptr<View> m_view;                             ///< its routes
    std::unique_ptr<weft::multicast::MulticastRouter> m_core; ///< what decides
    std::unique_ptr<Deadline<MulticastAgent>> m_deadline;     ///< of the core
    MembershipCallback m_membership;                          ///< static trees
    std::vector<uint32_t> m_ports;                            ///< reused
    std::vector<uint8_t> m_bytes;                             ///< reused
    weft::netbase::Bytes m_polled;                            ///< reused

    TracedCallback<Ptr<const Packet>, weft::multicast::DropReason> m_dropTrace; ///< drops
    TracedCallback<const weft::netbase::TableChange&> m_tableTrace;             ///< tables
    TracedCallback<uint32_t, Ptr<const Packet>> m_controlTrace; ///< control packets sent on ports
};

} // namespace underlay
} // namespace ns3

#endif
