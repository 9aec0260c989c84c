// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Random networks of VTEPs with random moves: no frame goes round, none arrives twice, none leaves
 * its network, broadcasts reach everybody, known unicast its station, and all books balance.
 */
#include "overlay_net.h"

#include <gtest/gtest.h>

namespace
{

using namespace weft::vxlan;
using namespace weft::vxlan::test;

const IpAddress NODE = Ip("10.0.9.1");
const IpAddress REPLICATOR = Ip("10.0.8.1");

struct Station
{
    Vni vni = 0;
    MacAddress mac;
    std::size_t host = 0;
    PortId port = NO_PORT;
};

class World
{
  public:
    explicit World(std::uint64_t seed) : m_random(seed)
    {
        const std::size_t hosts = 2 + Below(m_random, 6);
        const Vni networks = static_cast<Vni>(1 + Below(m_random, 4));
        const bool shared = Below(m_random, 2) == 0;
        const ReplicationKind kinds[] = {ReplicationKind::Multicast,
                                         ReplicationKind::HeadEnd,
                                         ReplicationKind::ServiceNode,
                                         ReplicationKind::Assisted};
        const EncapsulationKind wraps[] = {EncapsulationKind::Vxlan,
                                           EncapsulationKind::Nvgre,
                                           EncapsulationKind::GreTeb,
                                           EncapsulationKind::Stt,
                                           EncapsulationKind::Geneve};
        const auto kind = kinds[Below(m_random, 4)];
        VtepConfig config;
        config.encapsulation.kind = wraps[Below(m_random, 5)];
        config.replication = kind;
        config.ageRefresh =
            Below(m_random, 2) ? AgeRefresh::OnReceive : AgeRefresh::OnReceiveOrTransmit;
        config.fdb.ageing = 1s * (1 + static_cast<int>(Below(m_random, 40)));
        config.fdb.mode = Below(m_random, 2) ? AgeingMode::Exact : AgeingMode::LinuxSweep;
        config.fdb.maxEntries = 2 + Below(m_random, 30);
        config.fdb.full = Below(m_random, 2) ? FullPolicy::Refuse : FullPolicy::EvictOldest;
        config.floodOnNewLocalMac = Below(m_random, 2) == 0;
        config.headEndOrder = Below(m_random, 2) ? HeadEndOrder::List : HeadEndOrder::Linux;
        BridgeConfig bridge;
        bridge.fdb.ageing = 1s * (1 + static_cast<int>(Below(m_random, 60)));
        bridge.fdb.maxEntries = 4 + Below(m_random, 40);
        bridge.fdb.full = config.fdb.full;

        if (kind == ReplicationKind::ServiceNode)
        {
            ServiceNodeConfig node;
            node.address = NODE;
            node.encapsulation = config.encapsulation;
            auto& core = m_net.AddNode(node).core;
            for (Vni n = 0; n < networks; ++n)
            {
                core.SetMembers(FIRST + n, AllVteps(hosts));
            }
            config.nodes = {NODE};
            m_serviceNode = true;
        }
        for (Vni n = 0; n < networks; ++n)
        {
            config.networks.push_back({.vni = FIRST + n,
                                       .group = IpAddress::V4(0xef000001 + (shared ? 0 : n)),
                                       .floodList = AllVteps(hosts)});
        }
        for (std::size_t i = 0; i < hosts; ++i)
        {
            config.address = VtepAddress(i);
            config.encapsulation.hashKey = seed * 100 + i;
            if (kind == ReplicationKind::Assisted)
            {
                config.replicatorAddress = i == 0 ? REPLICATOR : IpAddress{};
                config.nodes = i == 0 ? std::vector<IpAddress>{} : std::vector{REPLICATOR};
            }
            m_net.AddHost(config, bridge);
        }
        // Duplicate MAC addresses in different networks are legal, and wanted here.
        for (Vni n = 0; n < networks; ++n)
        {
            const auto stations = 1 + Below(m_random, 8);
            for (std::uint32_t s = 0; s < stations; ++s)
            {
                m_stations.push_back({.vni = FIRST + n, .mac = StationMac(s)});
                Place(m_stations.back(), Below(m_random, hosts));
            }
        }
        m_net.RunUntil(5s);
    }

    void
    Step()
    {
        Station& station = m_stations[Below(m_random, m_stations.size())];
        const auto what = Below(m_random, 100);
        if (what < 8)
        {
            Move(station);
        }
        else if (what < 20)
        {
            m_net.RunUntil(m_net.Now() + 1ms * static_cast<int>(Below(m_random, 20'000)));
        }
        else if (what < 40)
        {
            Send(station, MacAddress::Broadcast());
        }
        else if (what < 50)
        {
            Send(station, Mac("01:00:5e:00:00:fb"));
        }
        else
        {
            // Perhaps to nobody, perhaps to itself.
            Send(station, StationMac(static_cast<std::uint32_t>(Below(m_random, 10))));
        }
    }

    /// When everybody has announced itself since the last move, unicast arrives where it should,
    /// unless tables are too small: then it is flooded, and still arrives.
    void
    ExpectConverged()
    {
        for (const Station& station : m_stations)
        {
            Send(station, MacAddress::Broadcast());
        }
        for (const Station& from : m_stations)
        {
            for (const Station& to : m_stations)
            {
                if (from.vni != to.vni || &from == &to)
                {
                    continue;
                }
                const auto reached = Send(from, to.mac);
                EXPECT_TRUE(reached.contains({to.host, to.port}))
                    << "unicast did not arrive from host " << from.host << " at " << to.host;
            }
        }
    }

    void
    ExpectBooks() const
    {
        auto& net = const_cast<Net&>(m_net);
        for (std::size_t i = 0; i < m_net.Size(); ++i)
        {
            EXPECT_EQ(Unbalanced(net.At(i)), "") << "host " << i;
        }
    }

    std::uint64_t
    Moves() const
    {
        return m_moves;
    }

  private:
    static constexpr Vni FIRST = 5000;

    void
    Place(Station& station, std::size_t host)
    {
        station.host = host;
        station.port = m_net.At(host).bridge.AddPort({.vni = station.vni});
        m_ports[{host, station.port}] = station.vni;
    }

    void
    Move(Station& station)
    {
        ++m_moves;
        if (Below(m_random, 2))
        {
            m_net.At(station.host).bridge.RemovePort(station.port, m_net.Now());
            m_ports.erase({station.host, station.port});
        } // else the old port stays up, with nobody behind it
        Place(station, Below(m_random, m_net.Size()));
    }

    /// @return ports that a frame came out of
    std::set<std::pair<std::size_t, PortId>>
    Send(const Station& from, const MacAddress& to)
    {
        m_net.TakeDeliveries();
        m_net.TakeCrossings();
        const auto serial = ++m_serial;
        m_net.Send(from.host, from.port, PlainFrame(to, from.mac, serial));
        std::set<std::pair<std::size_t, PortId>> reached;
        for (const auto& delivery : m_net.TakeDeliveries())
        {
            EXPECT_EQ(SerialOf(delivery.frame), serial);
            const std::pair at{delivery.host, delivery.port};
            EXPECT_TRUE(reached.insert(at).second) << "arrived twice";
            EXPECT_NE(at, (std::pair{from.host, from.port})) << "came back";
            const auto port = m_ports.find(at);
            EXPECT_TRUE(port != m_ports.end() && port->second == from.vni) << "leaked";
        }
        // A copy for each other VTEP, and one to the service node where that makes them.
        EXPECT_LE(m_net.TakeCrossings().size(), m_net.Size() - 1 + (m_serviceNode ? 1 : 0));
        if (to.IsGroup())
        {
            for (const auto& [at, vni] : m_ports)
            {
                const bool sender = at.first == from.host && at.second == from.port;
                EXPECT_EQ(reached.contains(at), vni == from.vni && !sender)
                    << "a broadcast did not reach everybody of its network";
            }
        }
        return reached;
    }

    Random m_random;
    Net m_net;
    std::vector<Station> m_stations;
    std::map<std::pair<std::size_t, PortId>, Vni> m_ports;
    bool m_serviceNode = false;
    std::uint32_t m_serial = 0;
    std::uint64_t m_moves = 0;
};

class RandomWorlds : public testing::TestWithParam<int>
{
};

TEST_P(RandomWorlds, NoLoopNoDuplicateNoLeakAndBooksBalance)
{
    for (int i = 0; i < 10; ++i)
    {
        SCOPED_TRACE("world " + std::to_string(GetParam() * 10 + i));
        World world(static_cast<std::uint64_t>(GetParam() * 10 + i));
        for (int step = 0; step < 400; ++step)
        {
            world.Step();
            if (HasFailure())
            {
                return;
            }
        }
        world.ExpectConverged();
        world.ExpectBooks();
        EXPECT_GT(world.Moves(), 0u);
        if (HasFailure())
        {
            return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWorlds, testing::Range(0, 20));

} // namespace
