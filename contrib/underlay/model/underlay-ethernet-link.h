// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * A full-duplex Ethernet link, or a bundle of several, between two devices.
 */
#ifndef UNDERLAY_ETHERNET_LINK_H
#define UNDERLAY_ETHERNET_LINK_H

#include "ns3/underlay-weather-config.h"
#include "underlay-frame-drop.h"

#include "ns3/callback.h"
#include "ns3/channel.h"
#include "ns3/nstime.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3
{
namespace underlay
{

class EthernetDevice;
class EthernetLane;
class Firewall;

/**
 * @ingroup underlay
 *
 * Forward is from the first device to the second. Loss and further delay may be given by weather,
 * keyed by (seed, name, direction): not by the order in which links are made.
 *
 * As a bundle (Members above 1; IEEE 802.1AX without its protocol's messages) each member is a line
 * of its own in each direction; a member that goes down is left out from that instant, at both
 * ends, and the bundle works while one member does.
 */
class EthernetLink : public Channel
{
  public:
    /// Called with whether the link works, when that changed.
    using ChangeCallback = Callback<void, bool>;

    /// @return the TypeId
    static TypeId GetTypeId();
    EthernetLink();
    ~EthernetLink() override;

    /**
     * Connects two devices that have no link yet. Attributes have to be set before.
     *
     * @param first one end, on a node
     * @param second the other, on a node
     * @param name of the link, such as "leaf1.spine1"
     */
    void Attach(Ptr<EthernetDevice> first, Ptr<EthernetDevice> second, const std::string& name);

    /// @param up whether the cable is whole
    void SetUp(bool up);
    /// @return whether the cable is whole
    bool IsUp() const;
    /// @param member below GetNMembers() @param up whether that cable of the bundle is whole
    void SetMemberUp(uint32_t member, bool up);
    /// @return whether frames can cross: cable and both ends work
    bool IsWorking() const;

    /**
     * Sets or replaces what may happen to frames on the wire, in each direction, and in each
     * member independently. Its delay comes on top of the link's. Frames under way keep their fate.
     *
     * @param seed of the run
     * @param forward from the first end to the second
     * @param backward the other way
     */
    void SetWeather(uint64_t seed,
                    const weft::underlay::WeatherConfig& forward,
                    const weft::underlay::WeatherConfig& backward);

    /// @param firewall that inspects frames of both directions in the middle of the wire; null:
    /// none
    void SetFirewall(Ptr<Firewall> firewall);
    /// @return the firewall; null: none
    Ptr<Firewall> GetFirewall() const;

    /// @param callback called when the link starts or stops working, in the context of the change
    void AddChangeCallback(ChangeCallback callback);

    /// @return name of the link
    const std::string& GetName() const;
    /// @return propagation delay
    Time GetDelay() const;
    /// @return members of the bundle
    uint32_t GetNMembers() const;
    /// @return the end that frames going forward leave; null before Attach()
    Ptr<EthernetDevice> GetFirst() const;
    /// @return the other end
    Ptr<EthernetDevice> GetSecond() const;
    /// @return every drop: "NAME forward", "NAME backward" by the sending side, "NAME at first",
    /// "NAME at second" by the receiving
    std::vector<FrameDropRecord> GetDrops() const;
    /// @return frames under way in both directions
    uint64_t GetUnderWay() const;

    // From Channel.
    std::size_t GetNDevices() const override;
    Ptr<NetDevice> GetDevice(std::size_t i) const override;

  protected:
    void DoDispose() override;

  private:
    friend class EthernetDevice;
    friend class EthernetLane;

    /// Works out whether the link works, and acts on a change.
    void Update();

    std::string m_name;                    ///< name
    Time m_delay;                          ///< propagation
    uint32_t m_members{1};                 ///< of the bundle
    bool m_up{true};                       ///< cable
    bool m_works{false};                   ///< cable and ends
    Ptr<EthernetDevice> m_first;           ///< one end
    Ptr<EthernetDevice> m_second;          ///< other end
    Ptr<Firewall> m_firewall;              ///< in the middle
    std::vector<ChangeCallback> m_changed; ///< to call
};

} // namespace underlay
} // namespace ns3

#endif
