// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * A provider's network as its customers see it: addresses, and the weather between them.
 */
#ifndef UNDERLAY_PROVIDER_CLOUD_H
#define UNDERLAY_PROVIDER_CLOUD_H

#include "ns3/underlay-path-weather.h"
#include "underlay-drop-reason.h"

#include "ns3/channel.h"
#include "ns3/ipv4-address.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{
namespace underlay
{

class AccessDevice;
class ProviderCloud;

/// One direction between two members of a cloud.
struct CloudPath
{
    AccessDevice* from{nullptr};                          ///< sender
    AccessDevice* to{nullptr};                            ///< receiver
    std::shared_ptr<weft::underlay::PathWeather> weather; ///< what happens in between
    PacketCount carried;                                  ///< packets that got across
    DropCounts drops{};                                   ///< packets the weather took
};

/**
 * @ingroup underlay
 *
 * A channel that carries IPv4 packets between its members, each an AccessDevice with an address.
 * The network inside is not simulated hop by hop: between two members stands one PathWeather each
 * way, asked at the instant the packet's last bit leaves the sender's uplink. Packets are not
 * altered; the TTL in particular stays (the provider's routers are hidden, as under MPLS without
 * TTL propagation).
 *
 * A packet whose destination no member owns, or to which no path was set, is dropped with that as
 * its reason.
 */
class ProviderCloud : public Channel
{
  public:
    /// What kind of network this is. Both reach members only; the reason for the rest differs.
    enum Kind
    {
        Internet, ///< unknown destinations: NoSuchMember
        L3vpn,    ///< MPLS VPN (RFC 4364): destinations outside: NotInVpn
    };

    /// @return the TypeId
    static TypeId GetTypeId();
    ProviderCloud();
    ~ProviderCloud() override;

    /**
     * Makes a device a member.
     *
     * @param device member of no cloud yet
     * @param address unique in the cloud
     * @param name of the access link, such as "bristol.mpls"; unique in the cloud
     */
    void Attach(Ptr<AccessDevice> device, Ipv4Address address, const std::string& name);

    /**
     * Lets further addresses lead to a member, as a route of the provider does: longest prefix
     * first, members' own addresses before any prefix.
     *
     * @param network its address
     * @param mask its mask
     * @param name of the member
     */
    void AddRoute(Ipv4Address network, Ipv4Mask mask, const std::string& name);

    /**
     * Sets or replaces one direction of a path. Packets under way keep their fate.
     *
     * @param from name of the sending member
     * @param to name of the receiving member
     * @param weather of that direction; not null
     */
    void SetPath(const std::string& from,
                 const std::string& to,
                 std::shared_ptr<weft::underlay::PathWeather> weather);

    /**
     * Sets both directions: makes a PathWeather named "from>to" for each.
     *
     * @param seed of the run
     * @param from name of the first member
     * @param to name of the second
     * @param forward weather from the first to the second
     * @param backward weather from the second to the first
     */
    void SetPaths(uint64_t seed,
                  const std::string& from,
                  const std::string& to,
                  const weft::underlay::WeatherConfig& forward,
                  const weft::underlay::WeatherConfig& backward);

    /**
     * @param from name of the sending member
     * @param to name of the receiving member
     * @return the weather, null where there is no path
     */
    std::shared_ptr<weft::underlay::PathWeather> GetWeather(const std::string& from,
                                                            const std::string& to) const;

    /// @return one direction of a path, null where there is none @param from sender @param to
    /// receiver
    const CloudPath* GetPath(const std::string& from, const std::string& to) const;

    /// @return the member of that name, null if there is none @param name of the access link
    Ptr<AccessDevice> GetMember(const std::string& name) const;

    /// @return name of the cloud
    const std::string& GetName() const;

    /**
     * @return every drop so far: first the members' links in order of attachment ("link
     * bristol.mpls up", then down), then the paths by name ("cloud internet
     * bristol.broadband>hq.dia")
     */
    std::vector<DropRecord> GetDrops() const;

    /// @return packets that the members' Send() took and that neither were delivered nor dropped
    /// yet
    uint64_t GetUnderWay() const;

    // From Channel.
    std::size_t GetNDevices() const override;
    Ptr<NetDevice> GetDevice(std::size_t i) const override;

  protected:
    void DoDispose() override;

  private:
    friend class AccessDevice;

    /// Addresses that lead to a member.
    struct Route
    {
        Ipv4Address network; ///< address
        Ipv4Mask mask;       ///< mask
        uint32_t member;     ///< owner
    };

    /**
     * Carries a packet; called by the sender's device.
     *
     * @param from the sender
     * @param packet whose ownership passes on
     * @param departure its last bit on the uplink, ns
     */
    void Carry(AccessDevice& from, Ptr<Packet> packet, int64_t departure);
    /**
     * @param from the sender
     * @param address destination
     * @param [out] reason why there is no path
     * @return the path, null if there is none
     */
    CloudPath* FindPath(AccessDevice& from, Ipv4Address address, DropReason& reason);
    /// @param device whose packets that have not left its uplink are lost
    void Revoke(AccessDevice& device);
    /// @return number of the member, which must exist @param name of the access link
    uint32_t Number(const std::string& name) const;
    /// Forgets what devices remember of paths.
    void ForgetLookups();

    std::string m_name;                          ///< name
    Kind m_kind{Internet};                       ///< kind
    std::vector<Ptr<AccessDevice>> m_members;    ///< by number
    std::map<std::string, uint32_t> m_byName;    ///< number by name
    std::map<Ipv4Address, uint32_t> m_byAddress; ///< number by address
    std::vector<Route> m_routes;                 ///< longest mask first
    std::map<std::pair<uint32_t, uint32_t>, CloudPath>
        m_paths; ///< by numbers of sender and receiver
};

} // namespace underlay
} // namespace ns3

#endif
