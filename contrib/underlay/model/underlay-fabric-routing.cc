// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-fabric-routing.h"

#include "ns3/underlay-shortest-paths.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <utility>

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlayFabricRouting");
NS_OBJECT_ENSURE_REGISTERED(FabricRouting);

namespace core = weft::underlay;
using weft::netbase::IpAddress;
using weft::netbase::IpPrefix;

TypeId
FabricRouting::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::underlay::FabricRouting")
            .SetParent<Object>()
            .SetGroupName("Underlay")
            .AddConstructor<FabricRouting>()
            .AddAttribute("Convergence",
                          "Time from a change of a link or router to new routes in all routers.",
                          TimeValue(MilliSeconds(50)),
                          MakeTimeAccessor(&FabricRouting::m_convergence),
                          MakeTimeChecker(Time(0)));
    return tid;
}

FabricRouting::FabricRouting() = default;

FabricRouting::~FabricRouting() = default;

void
FabricRouting::DoDispose()
{
    m_pending.Cancel();
    m_routers.clear();
    m_edges.clear();
    Object::DoDispose();
}

void
FabricRouting::AddRouter(Ptr<FabricRouter> router)
{
    m_routers.push_back(router);
    m_groups.emplace_back();
}

void
FabricRouting::AddLink(Ptr<EthernetLink> link, uint32_t cost)
{
    NS_ABORT_MSG_UNLESS(cost >= 1, "link " << link->GetName() << ": cost must be at least 1");
    Edge edge{link, cost, {}, {}};
    const Ptr<EthernetDevice> ends[2] = {link->GetFirst(), link->GetSecond()};
    for (int end = 0; end < 2; ++end)
    {
        bool found = false;
        for (uint32_t router = 0; router < m_routers.size() && !found; ++router)
        {
            for (uint32_t port = 0; port < m_routers[router]->GetNPorts() && !found; ++port)
            {
                if (m_routers[router]->GetPortDevice(port) == ends[end])
                {
                    NS_ABORT_MSG_IF(m_routers[router]->GetPortAddresses(port).empty(),
                                    "link " << link->GetName()
                                            << ": a port between routers needs an address");
                    edge.router[end] = router;
                    edge.port[end] = port;
                    found = true;
                }
            }
        }
        NS_ABORT_MSG_UNLESS(found, "link " << link->GetName() << " is on no router of the fabric");
    }
    m_edges.push_back(edge);
    // The link keeps this alive: whoever built the fabric need not.
    link->AddChangeCallback(MakeCallback(&FabricRouting::OnChange, Ptr<FabricRouting>(this)));
}

void
FabricRouting::OnChange(bool /* works */)
{
    if (m_computations > 0 && m_pending.IsExpired())
    {
        m_pending = Simulator::Schedule(m_convergence, &FabricRouting::Compute, this);
    }
}

void
FabricRouting::Compute()
{
    NS_LOG_INFO("computes routes of " << m_routers.size() << " routers");
    m_pending.Cancel();
    ++m_computations;
    const auto count = static_cast<uint32_t>(m_routers.size());
    std::vector<core::GraphEdge> edges;
    std::vector<uint32_t> links;
    for (uint32_t i = 0; i < m_edges.size(); ++i)
    {
        if (m_edges[i].link->IsWorking())
        {
            edges.push_back({m_edges[i].router[0], m_edges[i].router[1], m_edges[i].cost});
            links.push_back(i);
        }
    }
    const core::Graph graph(count, std::move(edges));

    // Prefixes by who has them, and those that share their owners together.
    std::map<std::pair<IpAddress, unsigned>, std::vector<uint32_t>> owners;
    for (uint32_t router = 0; router < count; ++router)
    {
        for (const IpPrefix& prefix : m_routers[router]->GetConnected())
        {
            auto& who = owners[{prefix.address, prefix.length}];
            if (who.empty() || who.back() != router)
            {
                who.push_back(router);
            }
        }
    }
    std::map<std::vector<uint32_t>, std::vector<IpPrefix>> classes;
    for (const auto& [prefix, who] : owners)
    {
        classes[who].push_back({prefix.first, prefix.second});
    }
    for (const auto& [who, prefixes] : classes)
    {
        const auto distances = core::DistancesTo(graph, who);
        const bool v4 = std::any_of(prefixes.begin(), prefixes.end(), [](const IpPrefix& prefix) {
            return prefix.address.IsV4();
        });
        const bool v6 = std::any_of(prefixes.begin(), prefixes.end(), [](const IpPrefix& prefix) {
            return !prefix.address.IsV4();
        });
        for (uint32_t router = 0; router < count; ++router)
        {
            if (std::binary_search(who.begin(), who.end(), router))
            {
                continue;
            }
            const auto steps = core::FirstSteps(graph, distances, router);
            for (const bool family : {false, true})
            {
                if (family ? v6 : v4)
                {
                    Install(router, who, prefixes, family, steps, links, distances[router]);
                }
            }
        }
    }
    for (const auto& router : m_routers)
    {
        router->NotifyRoutesChanged();
    }
}

IpAddress
FabricRouting::NeighbourAt(const Edge& edge, int end, bool v6) const
{
    const auto& addresses = m_routers[edge.router[end]]->GetPortAddresses(edge.port[end]);
    for (const PortAddress& own : addresses)
    {
        if (own.address.IsV4() != v6)
        {
            return own.address;
        }
    }
    return addresses.front().address; // of the other family: RFC 8950
}

void
FabricRouting::Install(uint32_t router,
                       const std::vector<uint32_t>& who,
                       const std::vector<IpPrefix>& prefixes,
                       bool v6,
                       const std::vector<uint32_t>& steps,
                       const std::vector<uint32_t>& links,
                       uint64_t distance)
{
    FabricRouter& r = *m_routers[router];
    std::vector<core::NextHop> members;
    for (const uint32_t step : steps)
    {
        const Edge& edge = m_edges[links[step]];
        const int here = edge.router[0] == router ? 0 : 1;
        members.push_back({edge.port[here], NeighbourAt(edge, 1 - here, v6)});
    }
    const auto [at, added] = m_groups[router].try_emplace({who, v6}, 0);
    if (added)
    {
        at->second = r.AddGroup();
    }
    r.SetGroup(at->second, members, members.empty() ? 0 : static_cast<uint32_t>(distance));
    for (const IpPrefix& prefix : prefixes)
    {
        if (prefix.address.IsV4() != v6)
        {
            r.AddRoute(prefix, at->second);
        }
    }
}

uint32_t
FabricRouting::GetComputations() const
{
    return m_computations;
}

} // namespace underlay
} // namespace ns3
