// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-spanning-tree.h"

#include "ns3/underlay-shortest-paths.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/simulator.h"

#include <algorithm>

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlaySpanningTree");
NS_OBJECT_ENSURE_REGISTERED(SpanningTree);

namespace core = weft::underlay;

TypeId
SpanningTree::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::underlay::SpanningTree")
            .SetParent<Object>()
            .SetGroupName("Underlay")
            .AddConstructor<SpanningTree>()
            .AddAttribute("Convergence",
                          "Time from a change of a link or switch to the new tree in all switches.",
                          TimeValue(MilliSeconds(50)),
                          MakeTimeAccessor(&SpanningTree::m_convergence),
                          MakeTimeChecker(Time(0)));
    return tid;
}

SpanningTree::SpanningTree() = default;

SpanningTree::~SpanningTree() = default;

void
SpanningTree::DoDispose()
{
    m_pending.Cancel();
    m_root = nullptr;
    m_switches.clear();
    m_edges.clear();
    Object::DoDispose();
}

void
SpanningTree::AddSwitch(Ptr<VlanSwitch> bridge)
{
    m_switches.push_back(bridge);
}

void
SpanningTree::AddLink(Ptr<EthernetLink> link, uint32_t cost)
{
    NS_ABORT_MSG_UNLESS(cost >= 1, "link " << link->GetName() << ": cost must be at least 1");
    Edge edge{link, cost, {}, {}};
    const Ptr<EthernetDevice> ends[2] = {link->GetFirst(), link->GetSecond()};
    for (int end = 0; end < 2; ++end)
    {
        bool found = false;
        for (uint32_t bridge = 0; bridge < m_switches.size() && !found; ++bridge)
        {
            for (uint32_t port = 0; port < m_switches[bridge]->GetNPorts() && !found; ++port)
            {
                if (m_switches[bridge]->GetPortDevice(port) == ends[end])
                {
                    edge.bridge[end] = bridge;
                    edge.port[end] = port;
                    found = true;
                }
            }
        }
        NS_ABORT_MSG_UNLESS(found, "link " << link->GetName() << " is on no switch of the tree");
    }
    m_edges.push_back(edge);
    // The link keeps this alive: whoever built the fabric need not.
    link->AddChangeCallback(MakeCallback(&SpanningTree::OnChange, Ptr<SpanningTree>(this)));
}

void
SpanningTree::OnChange(bool /* works */)
{
    if (m_computations > 0 && m_pending.IsExpired())
    {
        m_pending = Simulator::Schedule(m_convergence, &SpanningTree::Compute, this);
    }
}

void
SpanningTree::Compute()
{
    m_pending.Cancel();
    ++m_computations;
    if (m_switches.empty())
    {
        return;
    }
    std::vector<uint64_t> ids;
    for (const auto& bridge : m_switches)
    {
        ids.push_back(bridge->GetBridgeId());
    }
    std::vector<core::GraphEdge> edges;
    std::vector<uint32_t> links;
    for (uint32_t i = 0; i < m_edges.size(); ++i)
    {
        if (m_edges[i].link->IsWorking())
        {
            edges.push_back({m_edges[i].bridge[0], m_edges[i].bridge[1], m_edges[i].cost});
            links.push_back(i);
        }
    }
    const core::Graph graph(static_cast<uint32_t>(m_switches.size()), std::move(edges));
    const core::ActiveTopology tree = core::ComputeSpanningTree(graph, ids);
    m_root = m_switches[std::min_element(ids.begin(), ids.end()) - ids.begin()];
    std::vector<bool> active(m_edges.size(), false);
    for (std::size_t i = 0; i < links.size(); ++i)
    {
        active[links[i]] = tree.active[i];
    }
    bool changed = false;
    for (std::size_t i = 0; i < m_edges.size(); ++i)
    {
        for (int end = 0; end < 2; ++end)
        {
            VlanSwitch& bridge = *m_switches[m_edges[i].bridge[end]];
            if (bridge.IsForwarding(m_edges[i].port[end]) != active[i])
            {
                bridge.SetForwarding(m_edges[i].port[end], active[i]);
                changed = true;
            }
        }
    }
    NS_LOG_INFO("computes the tree of " << m_switches.size() << " switches"
                                        << (changed ? ": changed" : ""));
    if (changed)
    {
        for (const auto& bridge : m_switches)
        {
            bridge->FlushTable();
        }
    }
}

Ptr<VlanSwitch>
SpanningTree::GetRoot() const
{
    return m_root;
}

uint32_t
SpanningTree::GetComputations() const
{
    return m_computations;
}

} // namespace underlay
} // namespace ns3
