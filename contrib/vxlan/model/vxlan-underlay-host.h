// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * Hosts of the underlay that are no hypervisors: service nodes, controllers.
 */
#ifndef VXLAN_UNDERLAY_HOST_H
#define VXLAN_UNDERLAY_HOST_H

#include "vxlan-timer.h"
#include "vxlan-uplink.h"

#include "ns3/net-device.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"
#include "ns3/vxlan-service-host.h"

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
 * A device and a timer around a weft::vxlan::ServiceHost: answers ARP and ping, and takes datagrams
 * for whoever derives from it. Aggregate it to a node; the node needs no IP stack.
 */
class UnderlayHost : public Object
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();
    UnderlayHost();
    ~UnderlayHost() override;

    /**
     * Builds the host. Call once, with the object aggregated to its node.
     *
     * @param config throws std::invalid_argument naming the field when it is wrong. The underlay's
     * MAC address and whether it resolves addresses are taken from the device
     * @param uplink device of the node
     */
    void Configure(weft::vxlan::ServiceHostConfig config, Ptr<NetDevice> uplink);

    /// The host fails or comes back. While it is down, what comes to it is lost (NodeDown).
    /// @param up whether it works
    void SetUp(bool up);
    /// @return whether it works
    bool IsUp() const;
    /// @return the core, for counters
    const weft::vxlan::ServiceHost& GetHost() const;
    /// @return name
    const std::string& GetName() const;

    /// TracedCallback signature. @param frame complete Ethernet frame @param uplink always 0
    typedef void (*FrameTracedCallback)(weft::netbase::ByteView frame, uint32_t uplink);
    /// TracedCallback signature. @param change of the neighbour cache
    typedef void (*TableChangeTracedCallback)(const weft::netbase::TableChange& change);

  protected:
    void DoDispose() override;

    /// @return the core
    weft::vxlan::ServiceHost& ChangeHost();
    /// Sends what there is and moves the timer; after everything that may have made packets.
    void Drain();
    /// A datagram came. @param payload of it @param from where it is from and to which port
    virtual void OnDatagram(weft::netbase::ByteView payload,
                            const weft::vxlan::UnderlayDatagram& from);
    /// Gives what the derived class has to send to GetHost(). @return whether there was anything
    virtual bool SendMore();
    /// @return when OnDeadline() is to be called
    virtual weft::netbase::TimeNs NextDeadline() const;
    /// The deadline has come, or will.
    virtual void OnDeadline();
    /// The host failed, or came back. @param up whether it works
    virtual void OnUp(bool up);

  private:
    /// @param frame that came @param uplink always 0
    void OnFrame(weft::netbase::ByteView frame, uint32_t uplink);
    /// A deadline has come.
    void OnTimer();

    std::string m_name;                               ///< for messages
    std::unique_ptr<weft::vxlan::ServiceHost> m_host; ///< the core
    std::unique_ptr<Uplink> m_uplink;                 ///< the wire
    uint32_t m_context{0};                            ///< id of the node
    bool m_draining{false};                           ///< Drain() is at work further up
    weft::netbase::Bytes m_buffer;                    ///< frame or datagram being moved
    Timer m_timer;                                    ///< the one event
    TracedCallback<weft::netbase::ByteView, uint32_t> m_transmitTrace; ///< Transmit
    TracedCallback<weft::netbase::ByteView, uint32_t> m_receiveTrace;  ///< Receive
    TracedCallback<const weft::netbase::TableChange&> m_tableTrace;    ///< TableChange
};

/**
 * @ingroup vxlan
 * Replicates flooded frames for VTEPs.
 */
class ServiceNode : public UnderlayHost
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();

    /// Says which VTEPs a network has. @param vni network @param vteps all of its VTEPs
    void SetMembers(weft::vxlan::Vni vni, const std::vector<weft::netbase::IpAddress>& vteps);
};

} // namespace vxlan
} // namespace ns3

#endif
