// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * Builds a provider cloud, its access links and the weather between them.
 */
#ifndef UNDERLAY_CLOUD_HELPER_H
#define UNDERLAY_CLOUD_HELPER_H

#include "ns3/attribute.h"
#include "ns3/ipv4-address.h"
#include "ns3/object-factory.h"
#include "ns3/ptr.h"
#include "ns3/underlay-access-device.h"
#include "ns3/underlay-provider-cloud.h"

#include <cstdint>
#include <string>

namespace ns3
{

class Node;

namespace underlay
{

/**
 * @ingroup underlay
 *
 * @code
 *   CloudHelper internet("internet", ProviderCloud::Internet, 1);
 *   internet.SetDeviceAttribute("UplinkRate", DataRateValue(DataRate("50Mbps")));
 *   internet.Install(bristol, "bristol.broadband", "203.0.113.1");
 *   internet.Install(hq, "hq.dia", "203.0.113.2");
 *   internet.Connect("bristol.broadband", "hq.dia", {.delay = 6ms, .jitter = 4ms, .loss = 0.001});
 * @endcode
 */
class CloudHelper
{
  public:
    /**
     * @param name of the cloud
     * @param kind of network
     * @param seed of the weather: the run's seed
     */
    CloudHelper(const std::string& name, ProviderCloud::Kind kind, uint64_t seed);

    /**
     * @param name of an attribute of AccessDevice, for the devices installed from here on
     * @param value its value
     */
    void SetDeviceAttribute(const std::string& name, const AttributeValue& value);

    /**
     * Gives a node an access link into the cloud.
     *
     * @param node the node; a stack on it, if any, gets no interface from this
     * @param link name of the link, such as "bristol.mpls"
     * @param address in the cloud
     * @return the device
     */
    Ptr<AccessDevice> Install(Ptr<Node> node, const std::string& link, Ipv4Address address) const;

    /**
     * Sets both directions of a path to the same weather; their random processes differ. Events
     * name their direction.
     *
     * @param from name of the first link
     * @param to name of the second
     * @param weather of each direction
     */
    void Connect(const std::string& from,
                 const std::string& to,
                 const weft::underlay::WeatherConfig& weather) const;

    /**
     * Sets both directions of a path.
     *
     * @param from name of the first link
     * @param to name of the second
     * @param forward weather from the first to the second
     * @param backward weather from the second to the first
     */
    void Connect(const std::string& from,
                 const std::string& to,
                 const weft::underlay::WeatherConfig& forward,
                 const weft::underlay::WeatherConfig& backward) const;

    /// @return the cloud
    Ptr<ProviderCloud> GetCloud() const;

    /**
     * The weather is keyed by seed and name and draws from no ns-3 stream.
     *
     * @param stream first stream index to use
     * @return 0, the number of streams used
     */
    int64_t AssignStreams(int64_t stream) const;

  private:
    Ptr<ProviderCloud> m_cloud; ///< the cloud
    uint64_t m_seed;            ///< seed of the weather
    ObjectFactory m_devices;    ///< makes access devices
};

} // namespace underlay
} // namespace ns3

#endif
