// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-multicast-agent.h"

#include "ns3/netbase-ipv4.h"
#include "underlay-compat.h"

#include "ns3/boolean.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>

namespace ns3
{
namespace underlay
{

NS_LOG_COMPONENT_DEFINE("UnderlayMulticastAgent");
NS_OBJECT_ENSURE_REGISTERED(MulticastAgent);

namespace netbase = weft::netbase;
namespace multicast = weft::multicast;
using netbase::IpAddress;
using netbase::TimeNs;

namespace
{

/// Administrative distance of routes that are computed, as that of common link-state protocols.
constexpr uint32_t COMPUTED = 110;

/// @return the simulation's time
TimeNs
Now()
{
    return TimeNs(Simulator::Now().GetNanoSeconds());
}

/// @return a number that is different for different names @param seed of the run @param name any
uint64_t
KeyOf(uint64_t seed, const std::string& name)
{
    uint64_t h = 0xcbf29ce484222325 ^ seed; // FNV-1a
    for (const char c : name)
    {
        h = (h ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    }
    return h;
}

/// @return the first IPv4 address of a port, with its prefix; none if it has none
/// @param router the router @param port number
PortAddress
FirstV4(const FabricRouter& router, uint32_t port)
{
    for (const PortAddress& address : router.GetPortAddresses(port))
    {
        if (address.address.IsV4())
        {
            return address;
        }
    }
    return {};
}

} // namespace

/// The routes of the router.
class MulticastAgent::View : public multicast::UnicastView
{
  public:
    /// @param router to look into
    explicit View(const FabricRouter& router) : m_router(router)
    {
    }

    std::optional<multicast::UnicastRoute>
    RouteTo(const IpAddress& address) const override
    {
        const auto route = m_router.RouteTo(address);
        if (!route)
        {
            return std::nullopt;
        }
        if (route->local)
        {
            return multicast::UnicastRoute{};
        }
        return multicast::UnicastRoute{.port = static_cast<multicast::PortIndex>(route->port),
                                       .neighbour = route->nextHop,
                                       .preference = route->nextHop.IsNone() ? 0 : COMPUTED,
                                       .metric = route->metric};
    }

  private:
    const FabricRouter& m_router; ///< router
};

TypeId
MulticastAgent::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::underlay::MulticastAgent")
            .SetParent<Object>()
            .SetGroupName("Underlay")
            .AddConstructor<MulticastAgent>()
            .AddAttribute("Mode",
                          "Multicast routing protocol.",
                          EnumValue(SPARSE),
                          MakeEnumMemberAccessor<Mode>(&MulticastAgent::m_mode),
                          MakeEnumChecker(SPARSE,
                                          "Sparse",
                                          DENSE,
                                          "Dense",
                                          BIDIRECTIONAL,
                                          "Bidirectional",
                                          STATIC,
                                          "Static"))
            .AddAttribute(
                "SptSwitch",
                "Sparse mode: when a last-hop router joins the source's own tree.",
                EnumValue(IMMEDIATE),
                MakeEnumMemberAccessor<Spt>(&MulticastAgent::m_spt),
                MakeEnumChecker(IMMEDIATE, "Immediate", NEVER, "Never", THRESHOLD, "Threshold"))
            .AddAttribute("SptThreshold",
                          "Sparse mode: rate of a source above which its own tree is joined.",
                          DataRateValue(DataRate("64kbps")),
                          MakeDataRateAccessor(&MulticastAgent::m_sptThreshold),
                          MakeDataRateChecker())
            .AddAttribute("RegisterForwarding",
                          "Sparse mode: whether the Rendezvous Point forwards the packets that "
                          "come in Registers, as RFC 7761 has it.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&MulticastAgent::m_registerForwarding),
                          MakeBooleanChecker())
            .AddAttribute("StateRefresh",
                          "Dense mode: whether prunes are kept alive by State Refresh.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&MulticastAgent::m_stateRefresh),
                          MakeBooleanChecker())
            .AddAttribute("IgmpVersion",
                          "Newest version of IGMP that is spoken.",
                          UintegerValue(3),
                          MakeUintegerAccessor(&MulticastAgent::m_igmpVersion),
                          MakeUintegerChecker<uint32_t>(2, 3))
            .AddAttribute("Seed",
                          "Of the run; random delays are keyed by it and the router's name.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&MulticastAgent::m_seed),
                          MakeUintegerChecker<uint64_t>())
            .AddAttribute("TriggeredHello",
                          "Longest random delay of a PIM Hello after the start or for a newcomer "
                          "(RFC 7761 section 4.11).",
                          TimeValue(Seconds(5)),
                          MakeTimeAccessor(&MulticastAgent::m_triggeredHello),
                          MakeTimeChecker(Seconds(0), Seconds(60)))
            .AddAttribute("JoinPruneInterval",
                          "Time between periodic PIM Joins; they hold 3.5 times as long.",
                          TimeValue(Seconds(60)),
                          MakeTimeAccessor(&MulticastAgent::m_joinPrune),
                          MakeTimeChecker(Seconds(1), Seconds(18000)))
            .AddAttribute("QueryInterval",
                          "Time between general queries of IGMP (RFC 3376 section 8.2).",
                          TimeValue(Seconds(125)),
                          MakeTimeAccessor(&MulticastAgent::m_queryInterval),
                          MakeTimeChecker(Seconds(11), Seconds(31744)))
            .AddTraceSource("Drop",
                            "A packet that went no further, and why.",
                            MakeTraceSourceAccessor(&MulticastAgent::m_dropTrace),
                            "ns3::underlay::MulticastAgent::DropTracedCallback")
            .AddTraceSource("TableChange",
                            "A membership or forwarding entry came, changed or went.",
                            MakeTraceSourceAccessor(&MulticastAgent::m_tableTrace),
                            "ns3::underlay::MulticastAgent::TableChangeTracedCallback")
            .AddTraceSource(
                "Control",
                "An IGMP or PIM packet, or one taken out of a Register, sent on a port.",
                MakeTraceSourceAccessor(&MulticastAgent::m_controlTrace),
                "ns3::underlay::MulticastAgent::ControlTracedCallback");
    return tid;
}

MulticastAgent::MulticastAgent() = default;
MulticastAgent::~MulticastAgent() = default;

void
MulticastAgent::DoDispose()
{
    if (m_router)
    {
        m_router->SetMulticastHandler(FabricRouter::MulticastHandler());
    }
    m_deadline.reset();
    m_core.reset();
    m_view.reset();
    m_router = nullptr;
    m_membership = MembershipCallback();
    Object::DoDispose();
}

void
MulticastAgent::AddRendezvousPoint(const IpAddress& rp, const netbase::IpPrefix& groups)
{
    m_rps.push_back({.groups = groups, .rp = rp});
}

void
MulticastAgent::SetTimers(const multicast::PimTimers& timers, const multicast::IgmpTimers& igmp)
{
    m_pim = timers;
    m_igmp = igmp;
    m_triggeredHello = NanoSeconds(timers.triggeredHello.count());
    m_joinPrune = NanoSeconds(timers.joinPrune.count());
    m_queryInterval = NanoSeconds(igmp.queryInterval.count());
}

void
MulticastAgent::Start(Ptr<FabricRouter> router)
{
    NS_LOG_FUNCTION(this << router);
    if (m_core)
    {
        throw std::invalid_argument("router: " + router->GetName() +
                                    ": this agent was started already");
    }
    multicast::RouterConfig config;
    config.mode = static_cast<multicast::Mode>(m_mode);
    config.rps = m_rps;
    config.igmpVersion = m_igmpVersion;
    config.sptSwitch = static_cast<multicast::SptSwitch>(m_spt);
    config.sptThreshold = m_sptThreshold.GetBitRate();
    config.registerForwarding = m_registerForwarding;
    config.stateRefresh = m_stateRefresh;
    config.key = KeyOf(m_seed, router->GetName());
    config.pim = m_pim;
    config.igmp = m_igmp;
    config.pim.triggeredHello = TimeNs(m_triggeredHello.GetNanoSeconds());
    if (config.pim.joinPrune.count() != m_joinPrune.GetNanoSeconds())
    {
        config.pim.joinPrune = TimeNs(m_joinPrune.GetNanoSeconds());
        config.pim.joinPruneHoldtime = config.pim.joinPrune * 7 / 2;
    }
    config.igmp.queryInterval = TimeNs(m_queryInterval.GetNanoSeconds());
    for (const IpAddress& loopback : router->GetLoopbacks())
    {
        if (loopback.IsV4() && config.address.IsNone())
        {
            config.address = loopback;
        }
    }
    for (uint32_t port = 0; port < router->GetNPorts(); ++port)
    {
        const PortAddress first = FirstV4(*router, port);
        const bool speaks = !first.address.IsNone();
        multicast::PortConfig entry;
        entry.address = first.address;
        entry.prefixLength = std::max(1u, first.prefixLength);
        entry.pim = speaks && router->IsFabricPort(port);
        entry.igmp = speaks && !router->IsFabricPort(port);
        entry.up = router->IsPortUp(port);
        config.ports.push_back(entry);
    }
    auto view = std::make_unique<View>(*router);
    auto core = std::make_unique<multicast::MulticastRouter>(config, *view, Now());
    m_view = std::move(view);
    m_core = std::move(core);
    m_router = router;
    const Ptr<Node> node = router->GetObject<Node>();
    m_nodeId = node->GetId();
    node->AggregateObject(this);
    m_deadline = std::make_unique<Deadline<MulticastAgent>>(this);
    router->SetMulticastHandler(MakeCallback(&MulticastAgent::Receive, this));
    router->AddPortChangeCallback(MakeCallback(&MulticastAgent::OnPort, this));
    router->AddRouteChangeCallback(MakeCallback(&MulticastAgent::OnRoutes, this));
    Pump();
}

void
MulticastAgent::SetMembershipCallback(MembershipCallback callback)
{
    m_membership = callback;
}

void
MulticastAgent::InstallTree(const IpAddress& group,
                            int32_t upstream,
                            const multicast::PortSet& ports)
{
    m_core->InstallTree(group, upstream, ports, Now());
    Pump();
}

void
MulticastAgent::SetRoot(int32_t upstream)
{
    m_core->SetRoot(upstream, Now());
}

const multicast::MulticastRouter*
MulticastAgent::GetCore() const
{
    return m_core.get();
}

Ptr<FabricRouter>
MulticastAgent::GetRouter() const
{
    return m_router;
}

void
MulticastAgent::Receive(uint32_t port, Ptr<Packet> packet)
{
    const TimeNs now = Now();
    std::array<uint8_t, netbase::IPV4_HEADER> header{};
    multicast::Verdict verdict;
    const auto in = static_cast<multicast::PortIndex>(port);
    const bool known = packet->CopyData(header.data(), netbase::IPV4_HEADER) == header.size() &&
                       m_core->OnKnown(in, header, now, verdict);
    if (!known)
    {
        m_bytes.resize(packet->GetSize());
        packet->CopyData(m_bytes.data(), packet->GetSize());
        verdict = m_core->OnPacket(in, m_bytes, now);
    }
    if (!verdict.ports.empty())
    {
        m_ports.assign(verdict.ports.begin(), verdict.ports.end());
        m_router->ForwardOnPorts(packet, m_ports);
    }
    else if (verdict.reason != multicast::DropReason::None)
    {
        m_dropTrace(packet, verdict.reason);
    }
    if (!known)
    {
        Pump();
    }
}

void
MulticastAgent::OnPort(uint32_t port, bool up)
{
    if (m_core)
    {
        m_core->SetPortUp(static_cast<multicast::PortIndex>(port), up, Now());
        Pump();
    }
}

void
MulticastAgent::OnRoutes()
{
    if (m_core)
    {
        m_core->OnRoutesChanged(Now());
        Pump();
    }
}

void
MulticastAgent::OnDeadline()
{
    if (m_core->NextDeadline() <= Now())
    {
        m_core->OnDeadline(Now());
    }
    Pump();
}

void
MulticastAgent::Pump()
{
    multicast::PacketMeta meta;
    while (m_core->PollPacket(m_polled, meta))
    {
        auto packet = Create<Packet>(m_polled.data(), static_cast<uint32_t>(m_polled.size()));
        if (meta.port == multicast::NO_PORT)
        {
            m_router->SendIp(packet);
            continue;
        }
        const auto port = static_cast<uint32_t>(meta.port);
        m_controlTrace(port, packet);
        const auto group = IpAddress::V4(netbase::Read32(m_polled.data() + 16));
        m_router->SendOnPort(port, packet, netbase::GroupMac(group));
    }
    netbase::TableChange change;
    while (m_core->PollTableChange(change))
    {
        m_tableTrace(change);
    }
    multicast::PortIndex port = multicast::NO_PORT;
    IpAddress group;
    bool member = false;
    while (m_core->PollMembership(port, group, member))
    {
        if (!m_membership.IsNull())
        {
            m_membership(static_cast<uint32_t>(port), group, member);
        }
    }
    const TimeNs next = m_core->NextDeadline();
    if (next != netbase::NEVER)
    {
        m_deadline->At(std::max(next, Now()).count(), m_nodeId);
    }
}

} // namespace underlay
} // namespace ns3
