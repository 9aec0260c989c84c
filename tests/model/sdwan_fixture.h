// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Sites with Edges over provider clouds, and the fate of every LAN packet and every datagram.
 *
 * Hosts hand the Edges numbered packets. With the null cipher the number can be read on the wire,
 * so that what becomes of each copy is known.
 */
#ifndef WEFT_TESTS_SDWAN_FIXTURE_H
#define WEFT_TESTS_SDWAN_FIXTURE_H

#include "underlay_fixture.h"

#include "ns3/double.h"
#include "ns3/net-device-container.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/sdwan-edge-helper.h"

#include <memory>
#include <set>
#include <tuple>

namespace weft::tests
{

using SdwanDrop = weft::sdwan::DropReason;

inline constexpr std::size_t INNER_AT = 28 + weft::sdwan::VCMP_HEADER_SIZE;

/// What a WAN datagram carries, read off a wire without secrecy.
struct Datagram
{
    enum Kind
    {
        Data,
        Parity,
        Control
    };

    Kind kind = Control;
    uint32_t number = 0; ///< of the LAN packet, for Data
    bool copy = false;   ///< marked as duplicate
};

inline Datagram
Read(Ptr<const ns3::Packet> packet)
{
    uint8_t bytes[INNER_AT + 32] = {};
    packet->CopyData(bytes, sizeof(bytes));
    const uint8_t flags = bytes[29];
    Datagram d;
    d.copy = (flags & weft::sdwan::vcmp::DUPLICATE) != 0;
    if (flags & weft::sdwan::vcmp::DATA)
    {
        d.kind = Datagram::Data;
        const uint8_t* n = bytes + INNER_AT + 28;
        d.number = (uint32_t{n[0]} << 24) | (uint32_t{n[1]} << 16) | (uint32_t{n[2]} << 8) | n[3];
    }
    else if (flags & weft::sdwan::vcmp::PARITY)
    {
        d.kind = Datagram::Parity;
    }
    return d;
}

/// Clouds, sites and logs. Build: AddSite, AddLink, Connect, then Install, then SendAt, then Run.
class SdwanNet
{
  public:
    struct Event
    {
        weft::sdwan::SteeringAction action;
        bool own; ///< of a flow opened here, or of a path
        uint16_t from;
        uint16_t to;
        int64_t at; ///< simulated, ns

        friend bool operator==(const Event&, const Event&) = default;
    };

    struct Site
    {
        std::string name;
        Ptr<ns3::Node> host;
        Ptr<ns3::Node> node;
        Ptr<ns3::NetDevice> hostDevice;
        Ptr<ns3::sdwan::Edge> edge;
        std::vector<Ptr<AccessDevice>> links;

        // LAN side
        std::set<uint32_t> given;            ///< handed to the Edge
        std::multiset<uint32_t> delivered;   ///< to this site's host
        std::vector<Arrival> arrivals;       ///< the same, with times
        std::map<SdwanDrop, uint64_t> drops; ///< traced by the Edge
        std::vector<Event> events;

        // WAN side, by what the Edge sent and what its devices took in
        uint64_t wanSent = 0;
        uint64_t dataSent = 0;
        std::map<uint32_t, uint64_t> copiesSent;      ///< data datagrams by number
        std::map<uint32_t, int64_t> departures;       ///< of primary data on link 0, by number
        std::multiset<uint32_t> dataReceived;         ///< data datagrams that arrived
        std::map<uint32_t, int64_t> arrivedAt;        ///< of primary data on link 0, by number
        std::map<std::string, uint64_t> dataLostWhy;  ///< data datagrams lost of this sender
        std::set<std::pair<uint32_t, int64_t>> taken; ///< by the weather, link 0: number, departure
    };

    explicit SdwanNet(uint64_t seed) : helper(seed), m_seed(seed)
    {
        helper.SetCipher(weft::sdwan::CipherSuite::Null);
    }

    CloudHelper&
    AddCloud(const std::string& name)
    {
        m_clouds.push_back(std::make_unique<CloudHelper>(name, ProviderCloud::Internet, m_seed));
        return *m_clouds.back();
    }

    std::size_t
    AddSite(const std::string& name)
    {
        auto site = std::make_unique<Site>();
        const std::size_t index = sites.size();
        site->name = name;
        site->host = ns3::CreateObject<ns3::Node>();
        site->node = ns3::CreateObject<ns3::Node>();
        ns3::PointToPointHelper lan;
        lan.SetDeviceAttribute("DataRate", ns3::StringValue("10Gbps"));
        lan.SetQueue("ns3::DropTailQueue", "MaxSize", ns3::StringValue("100000p"));
        const auto ends = lan.Install(site->host, site->node);
        site->hostDevice = ends.Get(0);
        helper.AddEdge(name,
                       site->node,
                       ends.Get(1),
                       Host(index).CombineMask("255.255.255.0"),
                       "255.255.255.0");
        sites.push_back(std::move(site));
        return index;
    }

    Ptr<AccessDevice>
    AddLink(std::size_t site, CloudHelper& cloud, const std::string& link)
    {
        Site& s = *sites[site];
        const ns3::Ipv4Address address(
            static_cast<uint32_t>(0xc6120000u + (site << 8) + s.links.size() + 1));
        auto device = cloud.Install(s.node, s.name + "." + link, address);
        helper.AddLink(s.name, link, device, address);
        s.links.push_back(device);
        return device;
    }

    void
    Connect(CloudHelper& cloud,
            std::size_t a,
            const std::string& linkA,
            std::size_t b,
            const std::string& linkB,
            const weft::underlay::WeatherConfig& weather)
    {
        cloud.Connect(sites[a]->name + "." + linkA, sites[b]->name + "." + linkB, weather);
        helper.Connect(sites[a]->name, linkA, sites[b]->name, linkB);
    }

    /// @param hosts whether the hosts are numbered senders; otherwise the test gives them stacks
    void
    Install(bool hosts = true)
    {
        helper.Install();
        for (auto& pointer : sites)
        {
            Site* site = pointer.get();
            site->edge = helper.GetEdge(site->name);
            if (hosts)
            {
                site->host->RegisterProtocolHandler(
                    ns3::MakeCallback(&SdwanNet::OnHost, this), 0x0800, site->hostDevice);
            }
            site->edge->TraceConnectWithoutContext(
                "Drop",
                ns3::Callback<void, SdwanDrop, std::uint32_t>(
                    [site](SdwanDrop reason, std::uint32_t) { ++site->drops[reason]; }));
            site->edge->TraceConnectWithoutContext(
                "Event",
                ns3::Callback<void, const weft::sdwan::EdgeEvent&>(
                    [site](const weft::sdwan::EdgeEvent& event) {
                        site->events.push_back({event.decision.action,
                                                event.opener || !event.ofFlow,
                                                event.decision.from,
                                                event.decision.to,
                                                ns3::Simulator::Now().GetNanoSeconds()});
                    }));
            site->edge->TraceConnectWithoutContext(
                "Transmit",
                ns3::Callback<void, const weft::sdwan::TransmitInfo&, Ptr<const ns3::Packet>>(
                    [site](const weft::sdwan::TransmitInfo&, Ptr<const ns3::Packet> packet) {
                        ++site->wanSent;
                        const Datagram d = Read(packet);
                        if (d.kind == Datagram::Data)
                        {
                            ++site->dataSent;
                            ++site->copiesSent[d.number];
                        }
                    }));
            for (std::size_t l = 0; l < site->links.size(); ++l)
            {
                auto device = site->links[l];
                device->TraceConnectWithoutContext(
                    "Receive",
                    ns3::Callback<void, Ptr<const ns3::Packet>>(
                        [site, l](Ptr<const ns3::Packet> packet) {
                            const Datagram d = Read(packet);
                            if (d.kind == Datagram::Data)
                            {
                                site->dataReceived.insert(d.number);
                            }
                            if (d.kind == Datagram::Data && l == 0 && !d.copy)
                            {
                                site->arrivedAt[d.number] = ns3::Simulator::Now().GetNanoSeconds();
                            }
                        }));
                device->TraceConnectWithoutContext(
                    "Drop",
                    ns3::Callback<void, Ptr<const ns3::Packet>, DropReason>(
                        [this, site, l](Ptr<const ns3::Packet> packet, DropReason reason) {
                            OnWanDrop(*site, l, packet, reason);
                        }));
                if (l == 0)
                {
                    device->TraceConnectWithoutContext(
                        "Transmit",
                        ns3::Callback<void, Ptr<const ns3::Packet>, ns3::Time>(
                            [site](Ptr<const ns3::Packet> packet, ns3::Time departure) {
                                const Datagram d = Read(packet);
                                if (d.kind == Datagram::Data && !d.copy)
                                {
                                    site->departures[d.number] = departure.GetNanoSeconds();
                                }
                            }));
                }
            }
        }
    }

    static ns3::Ipv4Address
    Host(std::size_t site)
    {
        return ns3::Ipv4Address(static_cast<uint32_t>(0x0a140000u + (site << 8) + 10));
    }

    /// A packet of @p size bytes numbered @p number; the port names the flow.
    void
    SendAt(ns3::Time at,
           std::size_t from,
           std::size_t to,
           uint32_t number,
           uint32_t size = 200,
           uint16_t port = 5000)
    {
        Site* site = sites[from].get();
        ns3::Simulator::ScheduleWithContext(
            site->host->GetId(), at, [site, number, size, port, from, to]() {
                site->given.insert(number);
                site->hostDevice->Send(Numbered(number, size, Host(from), Host(to), port),
                                       site->hostDevice->GetBroadcast(),
                                       0x0800);
            });
    }

    void
    Run(ns3::Time until)
    {
        ns3::Simulator::Stop(until - ns3::Simulator::Now());
        ns3::Simulator::Run();
    }

    /// Every datagram the Edges sent is delivered, dropped for a reason, or under way.
    ::testing::AssertionResult
    WanBalances() const
    {
        uint64_t sent = 0;
        uint64_t offered = 0;
        uint64_t received = 0;
        uint64_t dropped = 0;
        uint64_t underWay = 0;
        for (const auto& site : sites)
        {
            sent += site->wanSent;
            for (const auto& device : site->links)
            {
                offered += device->GetOffered().packets;
                received += device->GetReceived().packets;
            }
        }
        for (const auto& cloud : m_clouds)
        {
            for (const auto& record : cloud->GetCloud()->GetDrops())
            {
                dropped += record.count.packets;
            }
            underWay += cloud->GetCloud()->GetUnderWay();
        }
        if (sent == offered && offered == received + dropped + underWay)
        {
            return ::testing::AssertionSuccess();
        }
        return ::testing::AssertionFailure()
               << "sent " << sent << ", offered " << offered << ", received " << received
               << ", dropped " << dropped << ", under way " << underWay << " at "
               << ns3::Simulator::Now();
    }

    uint64_t
    UnderWay() const
    {
        uint64_t sum = 0;
        for (const auto& cloud : m_clouds)
        {
            sum += cloud->GetCloud()->GetUnderWay();
        }
        return sum;
    }

    ns3::sdwan::EdgeHelper helper;
    std::vector<std::unique_ptr<Site>> sites;

  private:
    void
    OnHost(Ptr<ns3::NetDevice> device,
           Ptr<const ns3::Packet> packet,
           uint16_t,
           const ns3::Address&,
           const ns3::Address&,
           ns3::NetDevice::PacketType)
    {
        for (auto& site : sites)
        {
            if (site->hostDevice == device)
            {
                site->delivered.insert(NumberOf(packet));
                site->arrivals.push_back(
                    {NumberOf(packet), ns3::Simulator::Now().GetNanoSeconds()});
            }
        }
    }

    void
    OnWanDrop(Site& at, std::size_t link, Ptr<const ns3::Packet> packet, DropReason reason)
    {
        const Datagram d = Read(packet);
        if (d.kind != Datagram::Data)
        {
            return;
        }
        ++at.dataLostWhy[ns3::underlay::ToString(reason)];
        // The cloud's losses are traced at the sender, after Transmit told the departure.
        const bool lost = reason == DropReason::Loss || reason == DropReason::EventLoss;
        if (lost && link == 0 && !d.copy)
        {
            at.taken.insert({d.number, at.departures[d.number]});
        }
    }

    std::vector<std::unique_ptr<CloudHelper>> m_clouds;
    uint64_t m_seed;
};

/// A test that leaves no simulation behind.
class SdwanTest : public testing::Test
{
  protected:
    ~SdwanTest() override
    {
        ns3::Simulator::Destroy();
    }
};

} // namespace weft::tests

#endif
