// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run/edge-observer.h"

#include "engine/build/translate.h"

#include "ns3/simulator.h"

#include <fmt/format.h>

namespace weft::engine
{

namespace
{

TimeNs
Now()
{
    return TimeNs{ns3::Simulator::Now().GetNanoSeconds()};
}

/// The measured figures of one direction of one tunnel.
void
Fill(PathSample& sample, const sdwan::PathQuality& quality)
{
    const auto& now = quality.instantaneous;
    if (now.latency.Known())
    {
        sample.latencyMs = now.latency.value;
        sample.latencyLowMs = now.latency.lower;
        sample.latencyHighMs = now.latency.upper;
    }
    const auto& jitter = now.Jitter(sdwan::JitterMetric::StandardDeviation);
    if (jitter.Known())
    {
        sample.jitterMs = jitter.value;
        sample.jitterLowMs = jitter.lower;
        sample.jitterHighMs = jitter.upper;
    }
    if (now.loss.Known())
    {
        sample.loss = now.loss.value;
        sample.lossLow = now.loss.lower;
        sample.lossHigh = now.loss.upper;
    }
    const auto& slow = quality.smoothed;
    if (slow.latency.Known())
    {
        sample.smoothedLatencyMs = slow.latency.value;
    }
    if (slow.Jitter(sdwan::JitterMetric::StandardDeviation).Known())
    {
        sample.smoothedJitterMs = slow.Jitter(sdwan::JitterMetric::StandardDeviation).value;
    }
    if (slow.loss.Known())
    {
        sample.smoothedLoss = slow.loss.value;
    }
    sample.samples = static_cast<std::uint64_t>(now.received + now.lost);
    if (quality.rttMs > 0)
    {
        sample.rttMs = quality.rttMs;
    }
}

std::string
DescribeDatagram(const sdwan::TransmitInfo& info)
{
    std::string kind = "control";
    if (info.flags & sdwan::vcmp::DATA)
    {
        kind = info.flags & sdwan::vcmp::DUPLICATE ? "copy" : "data";
    }
    else if (info.flags & sdwan::vcmp::PARITY)
    {
        kind = "parity";
    }
    return info.flow ? fmt::format("{}, tunnel {}, flow {}", kind, info.tunnel, info.flow)
                     : fmt::format("{}, tunnel {}", kind, info.tunnel);
}

} // namespace

std::size_t
EdgeObserver::KeyHash::operator()(const sdwan::FlowKey& key) const
{
    const std::uint64_t a = (std::uint64_t{key.source} << 32) | key.destination;
    const std::uint64_t b = (std::uint64_t{key.sourcePort} << 24) ^
                            (std::uint64_t{key.destinationPort} << 8) ^ key.protocol;
    return std::hash<std::uint64_t>()(a ^ (b * 0x9e3779b97f4a7c15u));
}

class EdgeObserver::SiteWatch
{
  public:
    /// One per link, so that the trace sink knows which.
    struct LinkWatch
    {
        EdgeObserver* observer;
        spec::Index site;
        spec::Index link;

        void
        OnReceive(ns3::Ptr<const ns3::Packet> packet)
        {
            observer->OnArrival(site, link, packet);
        }
    };

    SiteWatch(EdgeObserver& observer, spec::Index site) : m_observer(observer), m_site(site)
    {
        auto edge = observer.m_network.Sites()[site].edge;
        edge->TraceConnectWithoutContext("Event", ns3::MakeCallback(&SiteWatch::OnEvent, this));
        edge->TraceConnectWithoutContext("Transmit",
                                         ns3::MakeCallback(&SiteWatch::OnTransmit, this));
    }

    void
    Capture()
    {
        const auto& links = m_observer.m_network.Sites()[m_site].links;
        for (spec::Index l = 0; l < links.size(); ++l)
        {
            m_links.push_back(std::make_unique<LinkWatch>(LinkWatch{&m_observer, m_site, l}));
            links[l]->TraceConnectWithoutContext(
                "Receive", ns3::MakeCallback(&LinkWatch::OnReceive, m_links.back().get()));
        }
    }

  private:
    void
    OnEvent(const sdwan::EdgeEvent& event)
    {
        m_observer.OnEvent(m_site, event);
    }

    void
    OnTransmit(const sdwan::TransmitInfo& info, ns3::Ptr<const ns3::Packet> packet)
    {
        m_observer.OnTransmit(m_site, info, packet);
    }

    EdgeObserver& m_observer;
    spec::Index m_site;
    std::vector<std::unique_ptr<LinkWatch>> m_links;
};

EdgeObserver::EdgeObserver(const spec::Scenario& scenario,
                           const Network& network,
                           Recorder& recorder)
    : m_scenario(scenario), m_network(network), m_recorder(recorder),
      m_pathOf(scenario.sites.size()), m_byId(scenario.sites.size())
{
    for (spec::Index p = 0; p < scenario.paths.size(); ++p)
    {
        m_pathOf[scenario.paths[p].first.site].push_back(p);
        m_pathOf[scenario.paths[p].second.site].push_back(p);
    }
    for (spec::Index f = 0; f < scenario.traffic.size(); ++f)
    {
        if (scenario.traffic[f].fromKind != spec::NodeKind::Site)
        {
            continue; // of a machine: inside an envelope where an Edge sees it
        }
        const sdwan::FlowKey key = KeyOf(scenario, scenario.traffic[f]);
        m_flows[key] = {static_cast<FlowIndex>(f), Direction::Forward};
        m_flows[key.Reversed()] = {static_cast<FlowIndex>(f), Direction::Backward};
    }
    for (spec::Index s = 0; s < scenario.sites.size(); ++s)
    {
        m_sites.push_back(std::make_unique<SiteWatch>(*this, s));
    }
}

EdgeObserver::~EdgeObserver() = default;

void
EdgeObserver::Capture(PcapngWriter& writer)
{
    m_capture = &writer;
    for (spec::Index s = 0; s < m_scenario.sites.size(); ++s)
    {
        auto& interfaces = m_interfaces.emplace_back();
        for (spec::Index l = 0; l < m_scenario.sites[s].links.size(); ++l)
        {
            interfaces.push_back(writer.AddInterface(m_scenario.Name(spec::LinkRef{s, l})));
        }
        m_sites[s]->Capture();
    }
}

std::string
EdgeObserver::LabelAt(spec::Index path, spec::Index site) const
{
    const spec::Path& p = m_scenario.paths[path];
    return m_scenario.At(p.first.site == site ? p.first : p.second).name;
}

void
EdgeObserver::RecordPathUse(spec::Index site, const sdwan::EdgeEvent& event, const Flow& flow)
{
    const auto* state = m_network.Sites()[site].edge->GetDataplane().FindSendFlow(event.key);
    if (!state)
    {
        return;
    }
    const sdwan::Selection& selection = state->steering->Current();
    const spec::Index from = m_scenario.traffic[flow.index].from;
    PathUse use;
    use.time = Now();
    if (selection.primary != sdwan::NO_TUNNEL)
    {
        const spec::Index path = m_pathOf[site][selection.primary];
        use.tunnel = m_scenario.Name(m_scenario.paths[path]);
        use.label = LabelAt(path, from);
    }
    if (selection.duplicate != sdwan::NO_TUNNEL)
    {
        const spec::Index path = m_pathOf[site][selection.duplicate];
        use.copyTunnel = m_scenario.Name(m_scenario.paths[path]);
        use.copyLabel = LabelAt(path, from);
    }
    m_recorder.OnPathUse(flow.index, flow.direction, std::move(use));
}

void
EdgeObserver::OnEvent(spec::Index site, const sdwan::EdgeEvent& event)
{
    const sdwan::Decision& decision = event.decision;
    const auto& links = m_scenario.sites[site].links;
    DecisionRecord record;
    record.time = Now();
    record.edge = m_scenario.sites[site].name;
    record.rule = decision.rule;
    record.action = sdwan::ToString(decision.action);
    if (decision.metric != sdwan::SlaMetric::None)
    {
        record.metric = sdwan::ToString(decision.metric);
        record.value = decision.value;
        record.bound = decision.bound;
        record.threshold = decision.threshold;
    }
    if (!decision.timer.empty())
    {
        record.timer = decision.timer;
        record.timerSeconds = static_cast<double>(decision.timerValue.count()) / 1e9;
    }
    record.from = decision.from == sdwan::NO_TUNNEL ? "" : links[decision.fromLink].name;
    record.to = decision.to == sdwan::NO_TUNNEL ? "" : links[decision.toLink].name;
    record.reason = decision.reason;
    if (event.ofFlow)
    {
        record.flowId = event.flow;
        const auto found = m_flows.find(event.key);
        if (found != m_flows.end())
        {
            record.flow = m_scenario.traffic[found->second.index].name;
            m_byId[site][(std::uint64_t{event.peer} << 24) | event.flow] = found->second;
            RecordPathUse(site, event, found->second);
        }
    }
    else
    {
        const sdwan::TunnelId tunnel =
            decision.to == sdwan::NO_TUNNEL ? decision.from : decision.to;
        record.path = m_scenario.Name(m_scenario.paths[m_pathOf[site][tunnel]]);
    }
    m_recorder.OnDecision(std::move(record));
}

void
EdgeObserver::OnTransmit(spec::Index site,
                         const sdwan::TransmitInfo& info,
                         ns3::Ptr<const ns3::Packet> packet)
{
    ++m_wanSent;
    if (!(info.flags & sdwan::vcmp::CONTROL))
    {
        const auto found = m_byId[site].find((std::uint64_t{info.peer} << 24) | info.flow);
        if (found != m_byId[site].end())
        {
            const WireKind kind = info.flags & sdwan::vcmp::PARITY      ? WireKind::Parity
                                  : info.flags & sdwan::vcmp::DUPLICATE ? WireKind::Copy
                                                                        : WireKind::Data;
            m_recorder.OnWire(
                found->second.index, found->second.direction, Now(), kind, packet->GetSize());
        }
    }
    if (m_capture)
    {
        m_bytes.resize(packet->GetSize());
        packet->CopyData(m_bytes.data(), m_bytes.size());
        m_capture->Write(m_interfaces[site][info.link], Now(), m_bytes, DescribeDatagram(info));
    }
}

void
EdgeObserver::OnArrival(spec::Index site, spec::Index link, ns3::Ptr<const ns3::Packet> packet)
{
    m_bytes.resize(packet->GetSize());
    packet->CopyData(m_bytes.data(), m_bytes.size());
    m_capture->Write(m_interfaces[site][link], Now(), m_bytes);
}

void
EdgeObserver::SamplePaths(spec::Duration bin)
{
    const TimeNs now = Now();
    for (spec::Index s = 0; s < m_scenario.sites.size(); ++s)
    {
        const auto& dataplane = m_network.Sites()[s].edge->GetDataplane();
        for (sdwan::TunnelId t = 0; t < dataplane.TunnelCount(); ++t)
        {
            const sdwan::TunnelState& tunnel = dataplane.Tunnel(t);
            const spec::Index p = m_pathOf[s][t];
            const spec::Path& path = m_scenario.paths[p];
            const bool first = path.first.site == s;
            const PathEnds& ends = m_network.Paths()[p];
            for (const bool outward : {true, false})
            {
                PathSample sample;
                sample.time = now;
                sample.observer = m_scenario.sites[s].name;
                sample.path = m_scenario.Name(first ? path.first : path.second) + ">" +
                              m_scenario.Name(first ? path.second : path.first);
                sample.outward = outward;
                sample.up = tunnel.monitor.Usable();
                Fill(sample, outward ? tunnel.monitor.Forward() : tunnel.monitor.Reverse());
                const auto truth =
                    (first == outward ? ends.forward : ends.backward)->TruthOver(now - bin, now);
                sample.trueLatencyMs = static_cast<double>(truth.meanDelay.count()) * 1e-6;
                sample.trueJitterMs = static_cast<double>(truth.sdDelay.count()) * 1e-6;
                sample.trueLoss = truth.lost;
                if (outward)
                {
                    for (const auto& judge : tunnel.judges)
                    {
                        if (judge)
                        {
                            sample.inSla += fmt::format("{}{}:{}",
                                                        sample.inSla.empty() ? "" : ";",
                                                        judge->Profile().name,
                                                        sdwan::ToString(judge->Verdict().state));
                        }
                    }
                }
                m_recorder.OnPathSample(std::move(sample));
            }
        }
    }
}

Books
EdgeObserver::Finish()
{
    Books books;
    books.sent = m_wanSent;
    for (const auto& cloud : m_network.Clouds())
    {
        for (const auto& drop : cloud->GetDrops())
        {
            m_recorder.AddDrop(drop.place,
                               ns3::underlay::ToString(drop.reason),
                               drop.count.packets,
                               drop.count.bytes);
            books.dropped += drop.count.packets;
        }
        books.inFlight += cloud->GetUnderWay();
    }
    for (spec::Index s = 0; s < m_scenario.sites.size(); ++s)
    {
        for (const auto& link : m_network.Sites()[s].links)
        {
            books.delivered += link->GetReceived().packets;
        }
        const auto& dataplane = m_network.Sites()[s].edge->GetDataplane();
        const std::string place = "edge " + m_scenario.sites[s].name;
        for (std::size_t r = 1; r < static_cast<std::size_t>(sdwan::DropReason::Count); ++r)
        {
            const auto reason = static_cast<sdwan::DropReason>(r);
            const auto& drops = dataplane.Drops(reason);
            if (drops.packets > 0)
            {
                m_recorder.AddDrop(place, sdwan::ToString(reason), drops.packets, drops.bytes);
            }
        }
        const std::string prefix = "edge." + m_scenario.sites[s].name + ".";
        const sdwan::FecCounters fec = dataplane.Fec();
        const auto& received = dataplane.Received();
        const std::pair<const char*, std::uint64_t> counters[] = {
            {"parity_sent", fec.sent},
            {"parity_received", fec.received},
            {"parity_used", fec.used},
            {"parity_wasted", fec.wasted},
            {"parity_unrecoverable", fec.unrecoverable},
            {"parity_late", fec.late},
            {"lan_delivered", received.delivered},
            {"rebuilt", received.rebuilt},
            {"duplicates_dropped", received.duplicates},
            {"late_dropped", received.late},
            {"reordered", received.reordered},
        };
        for (const auto& [name, value] : counters)
        {
            m_recorder.SetScalar(prefix + name, static_cast<double>(value));
        }
    }
    return books;
}

} // namespace weft::engine
