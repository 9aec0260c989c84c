// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * A hypervisor on a node of ns-3.
 */
#ifndef VXLAN_HYPERVISOR_NODE_H
#define VXLAN_HYPERVISOR_NODE_H

#include "vxlan-hypervisor-settings.h"
#include "vxlan-timer.h"
#include "vxlan-uplink.h"
#include "vxlan-vm-device.h"

#include "ns3/net-device.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"
#include "ns3/vxlan-controller-agent.h"
#include "ns3/vxlan-hypervisor.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ns3
{
namespace vxlan
{

/**
 * @ingroup vxlan
 *
 * A hypervisor: net devices, virtual machines and one timer around a weft::vxlan::Hypervisor, and
 * nothing else. Aggregate it to a node; the node needs no IP stack. Uplinks are any net devices
 * that carry Ethernet frames or IP packets.
 *
 * Frames are handled in the event in which they arrive, one after the other: a frame that is
 * answered at once waits for its turn, so that nothing nests. Machines that answer each other
 * without ever waiting keep time from passing; PortDelay, positive, lets it.
 */
class Hypervisor : public HypervisorSettings
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    Hypervisor();
    ~Hypervisor() override;

    /**
     * Builds the hypervisor. Call once, with the object aggregated to its node. What the attributes
     * of the VTEP and the switch say counts only if @p config comes from MakeConfig().
     *
     * @param config throws std::invalid_argument naming the field when it is wrong. The number of
     * uplinks, and with a VTEP the underlay's MAC address and whether it resolves addresses, are
     * taken from the devices, and so is a VTEP's MTU of 0; without
     * resolution and gateway everything is sent to the other end; keys that are 0 are derived from
     * Name, Seed and what they are for
     * @param uplinks devices of the node; several form one bond and get the first one's address
     */
    void Configure(weft::vxlan::HypervisorConfig config,
                   const std::vector<Ptr<NetDevice>>& uplinks);

    /**
     * Attaches a machine; its port is up. On a trunk of one VLAN a machine without a Vlan gets that
     * one.
     *
     * @param vm configured, attached nowhere
     * @param port its networks
     * @return the port
     */
    uint32_t AddVm(Ptr<VmDevice> vm, const weft::vxlan::PortConfig& port);
    /// @param vm attached here; it leaves, and its port goes
    void RemoveVm(Ptr<VmDevice> vm);
    /**
     * Attaches a device to the switch: a layer-2 gateway to the Ethernet behind it.
     *
     * @param device of the node; has to support SendFrom()
     * @param port its networks, and the VLANs they are there
     * @return the port
     */
    uint32_t AddPort(Ptr<NetDevice> device, const weft::vxlan::PortConfig& port);
    /// Adds a router between networks. @param config of it @return its index
    uint32_t AddRouter(const weft::vxlan::RouterConfig& config);

    /**
     * Reports local stations to a controller and takes its pushes; VtepConfig::mapping is
     * Controller. Call once, after Configure().
     *
     * @param server address of the ControllerNode
     * @param config a key of 0 is derived as others are; throws std::invalid_argument when it, or
     * the hypervisor's configuration, does not fit
     */
    void SetController(const weft::netbase::IpAddress& server,
                       weft::vxlan::ControllerAgentConfig config = {});
    /// @return the controller's agent, for counters; null if there is none
    const weft::vxlan::ControllerAgent* GetAgent() const;
    /// @return commands of the controller that the VTEP could not follow: an unknown network, a
    /// full table, a static entry
    uint64_t GetRefusedCommands() const;

    /// The node fails, or comes back having forgotten what it learned. While it is down everything
    /// that comes to it is lost (NodeDown). Its machines run on, cut off. @param up whether it
    /// works
    void SetUp(bool up);
    /// @return whether the node works
    bool IsUp() const;

    /// What to do with the core.
    using Change = std::function<void(weft::vxlan::Hypervisor& core, weft::netbase::TimeNs now)>;
    /// Does something with the core that may leave frames to send, and sends them. @param change it
    void Do(const Change& change);

    /// @return the core, for counters and tables
    const weft::vxlan::Hypervisor& GetCore() const;
    /// @return discarded frames at ports: for machines that are being moved, and at vacant ports
    const weft::vxlan::DropCounts& GetPortDrops() const;
    /// @return name
    const std::string& GetName() const;
    /// @return machines attached, by port
    std::vector<Ptr<VmDevice>> GetVms() const;

    /// TracedCallback signature. @param event what happened to a frame
    typedef void (*EventTracedCallback)(const weft::vxlan::HypervisorEvent& event);
    /// TracedCallback signature. @param change of any table of the hypervisor
    typedef void (*TableChangeTracedCallback)(const weft::netbase::TableChange& change);
    /// TracedCallback signature. @param frame complete Ethernet frame @param uplink its index
    typedef void (*FrameTracedCallback)(weft::netbase::ByteView frame, uint32_t uplink);
    /// TracedCallback signature. @param packet to the underlay address: echo replies, ICMP errors
    typedef void (*PacketTracedCallback)(weft::netbase::ByteView packet);
    /// TracedCallback signature. @param transition of VRRP @param router its index @param interface
    /// of the router
    typedef void (*VrrpTracedCallback)(const weft::vxlan::VrrpTransition& transition,
                                       uint32_t router,
                                       uint32_t interface);
    /// TracedCallback signature. @param command of the controller
    typedef void (*CommandTracedCallback)(const weft::vxlan::ControllerCommand& command);
    /// TracedCallback signature. @param event step of a move, at both ends
    typedef void (*MoveTracedCallback)(const MoveEvent& event);

  protected:
    void DoDispose() override;

  private:
    friend class VmDevice;
    friend class Mover;

    /// What is behind a port of the switch; nothing behind a port in use is a vacant one.
    struct Port
    {
        bool used = false;              ///< the switch has such a port
        Ptr<VmDevice> vm;               ///< a machine
        std::unique_ptr<Uplink> wire;   ///< a device
        weft::vxlan::PortConfig config; ///< as given
    };

    /// The agent of a controller.
    struct Agent
    {
        weft::netbase::IpAddress server;           ///< whom it talks to
        weft::vxlan::ControllerAgentConfig config; ///< as given
        std::unique_ptr<weft::vxlan::ControllerAgent> core;
    };

    /// Makes the agent's core, new to everything.
    void StartAgent();
    /// Moves what the agent and the core have for each other. @return whether there was anything
    bool DrainAgent();
    /// Makes a port. @param config of it @return its number
    uint32_t MakePort(const weft::vxlan::PortConfig& config);
    /// Removes a port. @param port number
    void DropPort(uint32_t port);
    /// @return a port in use @param port number
    Port& GetPort(uint32_t port);
    /// @param key if it is 0, derived from Name, Seed and @p purpose @param purpose any
    void DeriveKey(uint64_t& key, const char* purpose) const;
    /// @param frame that came @param uplink by which
    void OnUplinkFrame(weft::netbase::ByteView frame, uint32_t uplink);
    /// @param uplink that went up or down
    void OnUplinkChange(uint32_t uplink);
    /// @param frame that came from a device @param port by which
    void OnWireFrame(weft::netbase::ByteView frame, uint32_t port);
    /// @param port whose device went up or down
    void OnWireChange(uint32_t port);
    /// A deadline has come.
    void OnTimer();
    /// A machine has frames to take. @param vm attached here
    void Ready(VmDevice* vm);
    /// A machine leaves. @param vm attached here
    void Forget(VmDevice* vm);
    /// The node's first event: begins to move frames.
    void Start();
    /// Moves frames until there are none, reports, and moves the timer.
    void Drain();
    /// Takes what the machines have to send. @return whether there was anything
    bool DrainVms();
    /// Sends what the core has ready. @return whether there was anything
    bool DrainCore();
    /// Tells of what happened.
    void Report();
    /// @param port at which a frame leaves the switch @param frame it
    void DeliverAt(uint32_t port, weft::netbase::ByteView frame);
    /// @param reason why @param frame discarded at a port
    void Drop(weft::vxlan::DropReason reason, weft::netbase::ByteView frame);
    /// @return id of the node
    uint32_t GetContext() const;
    /// @return the node
    Ptr<Node> GetNode() const;

    std::unique_ptr<weft::vxlan::Hypervisor> m_core;
    std::unique_ptr<Agent> m_agent; ///< null without a controller
    std::string m_name;             ///< for messages and keys
    uint64_t m_seed{1};             ///< of keys
    uint32_t m_context{0};          ///< id of the node
    Time m_portDelay;               ///< from the switch to a machine
    std::vector<std::unique_ptr<Uplink>> m_uplinks;
    std::vector<Port> m_ports;           ///< by number
    std::vector<VmDevice*> m_ready;      ///< machines with frames to take
    std::vector<VmDevice*> m_taking;     ///< those of which frames are being taken
    uint64_t m_refusedCommands{0};       ///< of the controller
    bool m_draining{false};              ///< Drain() is at work further up
    bool m_started{false};               ///< Start() has run: nothing moves before
    weft::netbase::Bytes m_frame;        ///< being moved
    weft::vxlan::DropCounts m_portDrops; ///< at ports
    Timer m_timer;                       ///< the one event

    TracedCallback<const weft::vxlan::HypervisorEvent&> m_dropTrace;        ///< Drop
    TracedCallback<const weft::vxlan::HypervisorEvent&> m_encapsulateTrace; ///< Encapsulate
    TracedCallback<const weft::vxlan::HypervisorEvent&> m_decapsulateTrace; ///< Decapsulate
    TracedCallback<const weft::vxlan::HypervisorEvent&> m_floodTrace;       ///< Flood
    TracedCallback<const weft::netbase::TableChange&> m_tableTrace;         ///< TableChange
    TracedCallback<weft::netbase::ByteView, uint32_t> m_transmitTrace;      ///< Transmit
    TracedCallback<weft::netbase::ByteView, uint32_t> m_receiveTrace;       ///< Receive
    TracedCallback<weft::netbase::ByteView> m_packetTrace;                  ///< UnderlayPacket
    TracedCallback<const weft::vxlan::VrrpTransition&, uint32_t, uint32_t> m_vrrpTrace; ///< Vrrp
    TracedCallback<const weft::vxlan::ControllerCommand&> m_commandTrace; ///< ControllerCommand
    TracedCallback<const MoveEvent&> m_moveTrace;                         ///< Move
};

} // namespace vxlan
} // namespace ns3

#endif
