// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/writers.h"

#include "engine/record/overlay-writers.h"
#include "engine/record/text.h"
#include "engine/record/verdict-json.h"

namespace weft::engine
{

std::string
FlowsCsv(const Recorder& recorder, TimeNs interval)
{
    CsvWriter csv(
        "time_s,flow,direction,sent,delivered,lost,duplicates,reordered,delay_mean_ms,delay_p95_ms,"
        "delay_max_ms,jitter_ms,loss,mos,copies,parity,bytes_wire,path");
    for (const Recorder::Flow& flow : recorder.Flows())
    {
        for (const Direction direction : {Direction::Forward, Direction::Backward})
        {
            const FlowLog& log = flow.Log(direction);
            if (log.Sent() == 0)
            {
                continue;
            }
            TimeNs time{0};
            for (const FlowStatistics& s : log.Bins(interval))
            {
                // The end of the bin is the start of the next: what changes there belongs to the
                // next.
                const PathUse* use = log.PathAt(time + interval - TimeNs(1));
                std::string path = use ? use->label : "";
                if (use && !use->copyLabel.empty())
                {
                    path += "+" + use->copyLabel;
                }
                csv.Time(time)
                    .Text(flow.info.name)
                    .Text(ToString(direction))
                    .Count(s.sent)
                    .Count(s.delivered)
                    .Count(s.lost)
                    .Count(s.duplicates)
                    .Count(s.reordered)
                    .Value(s.delayMeanMs)
                    .Value(s.delayP95Ms)
                    .Value(s.delayMaxMs)
                    .Value(s.jitterMs)
                    .Value(s.loss)
                    .Value(s.quality ? s.quality->mos : NOT_AVAILABLE)
                    .Value(s.copies)
                    .Count(s.wireParity)
                    .Count(s.wireBytes)
                    .Text(path)
                    .EndRow();
                time += interval;
            }
        }
    }
    return csv.Take();
}

std::string
PathsCsv(const Recorder& recorder)
{
    CsvWriter csv(
        "time_s,observer,path,direction,state,latency_ms,latency_low_ms,latency_high_ms,jitter_ms,"
        "jitter_low_ms,jitter_high_ms,loss,loss_low,loss_high,smoothed_latency_ms,smoothed_jitter_"
        "ms,"
        "smoothed_loss,samples,rtt_ms,true_latency_ms,true_jitter_ms,true_loss,in_sla");
    for (const PathSample& s : recorder.PathSamples())
    {
        csv.Time(s.time)
            .Text(s.observer)
            .Text(s.path)
            .Text(s.outward ? "out" : "in")
            .Text(s.up ? "up" : "down")
            .Value(s.latencyMs)
            .Value(s.latencyLowMs)
            .Value(s.latencyHighMs)
            .Value(s.jitterMs)
            .Value(s.jitterLowMs)
            .Value(s.jitterHighMs)
            .Value(s.loss)
            .Value(s.lossLow)
            .Value(s.lossHigh)
            .Value(s.smoothedLatencyMs)
            .Value(s.smoothedJitterMs)
            .Value(s.smoothedLoss)
            .Count(s.samples)
            .Value(s.rttMs)
            .Value(s.trueLatencyMs)
            .Value(s.trueJitterMs)
            .Value(s.trueLoss)
            .Text(s.inSla)
            .EndRow();
    }
    return csv.Take();
}

std::string
DecisionsCsv(const Recorder& recorder)
{
    CsvWriter csv("time_s,edge,flow,flow_id,rule,action,metric,value,bound,threshold,timer,timer_s,"
                  "from,to,reason");
    for (const DecisionRecord& d : recorder.Decisions())
    {
        csv.Time(d.time).Text(d.edge).Text(d.flow);
        if (d.flowId)
        {
            csv.Count(*d.flowId);
        }
        else
        {
            csv.Text("");
        }
        csv.Text(d.rule)
            .Text(d.action)
            .Text(d.metric)
            .Value(d.value)
            .Value(d.bound)
            .Value(d.threshold)
            .Text(d.timer)
            .Value(d.timerSeconds)
            .Text(d.from)
            .Text(d.to)
            .Text(d.reason)
            .EndRow();
    }
    return csv.Take();
}

std::string
DropsCsv(const Recorder& recorder)
{
    CsvWriter csv("place,reason,count,bytes");
    for (const DropRecord& drop : recorder.Drops())
    {
        csv.Text(drop.place).Text(drop.reason).Count(drop.count).Count(drop.bytes).EndRow();
    }
    return csv.Take();
}

namespace
{

void
WriteFabric(JsonWriter& json, const FabricInfo& fabric)
{
    json.BeginObject("fabric");
    json.Text("kind", fabric.kind);
    json.Text("forwarding", fabric.forwarding);
    json.Text("multicast", fabric.multicast);
    json.Text("encapsulation", fabric.encapsulation);
    json.Text("learning", fabric.learning);
    json.Text("replication", fabric.replication);
    json.BeginArray("routers");
    for (const std::string& router : fabric.routers)
    {
        json.Text({}, router);
    }
    json.EndArray();
    json.BeginArray("links");
    for (const FabricLinkInfo& link : fabric.links)
    {
        json.BeginObject();
        json.Text("name", link.name);
        json.Text("first", link.first);
        json.Text("second", link.second);
        json.Value("rate_bps", link.rateBps);
        json.Count("members", link.members);
        json.EndObject();
    }
    json.EndArray();
    json.BeginArray("networks");
    for (const NetworkInfo& network : fabric.networks)
    {
        json.BeginObject();
        json.Text("name", network.name);
        json.Count("vni", network.vni);
        json.Text("group", network.group);
        json.Count("vlan", network.vlan);
        json.EndObject();
    }
    json.EndArray();
    json.BeginArray("hypervisors");
    for (const HypervisorInfo& hypervisor : fabric.hypervisors)
    {
        json.BeginObject();
        json.Text("name", hypervisor.name);
        json.Text("at", hypervisor.at);
        json.Text("address", hypervisor.address);
        json.Flag("vtep", hypervisor.vtep);
        json.EndObject();
    }
    json.EndArray();
    json.BeginArray("vms");
    for (const VmInfo& vm : fabric.vms)
    {
        json.BeginObject();
        json.Text("name", vm.name);
        json.Text("hypervisor", vm.hypervisor);
        json.Text("network", vm.network);
        json.Text("address", vm.address);
        json.Text("mac", vm.mac);
        json.EndObject();
    }
    json.EndArray();
    json.EndObject();
}

void
WriteTopology(JsonWriter& json, const RunInfo& run)
{
    json.BeginObject("topology");
    json.BeginArray("sites");
    for (const SiteInfo& site : run.sites)
    {
        json.BeginObject();
        json.Text("name", site.name);
        json.Text("lan", site.lan);
        json.BeginArray("links");
        for (const LinkInfo& link : site.links)
        {
            json.BeginObject();
            json.Text("name", link.name);
            json.Text("cloud", link.cloud);
            json.Value("up_bps", link.upBps);
            json.Value("down_bps", link.downBps);
            json.EndObject();
        }
        json.EndArray();
        json.EndObject();
    }
    json.EndArray();
    json.BeginArray("clouds");
    for (const CloudInfo& cloud : run.clouds)
    {
        json.BeginObject();
        json.Text("name", cloud.name);
        json.Text("kind", cloud.kind);
        json.EndObject();
    }
    json.EndArray();
    json.BeginArray("paths");
    for (const PathInfo& path : run.paths)
    {
        json.BeginObject();
        json.Text("from", path.from);
        json.Text("to", path.to);
        json.Value("rtt_ms", path.rttMs);
        json.Value("jitter_ms", path.jitterMs);
        json.Value("loss", path.loss);
        json.EndObject();
    }
    json.EndArray();
    if (run.fabric)
    {
        WriteFabric(json, *run.fabric);
    }
    json.EndObject();
}

void
WriteEvents(JsonWriter& json, const Recorder& recorder)
{
    json.BeginArray("events");
    for (const EventRecord& event : recorder.Events())
    {
        json.BeginObject();
        json.Text("name", event.name);
        json.Time("start_s", event.start);
        json.Time("end_s", event.end);
        json.Text("label", event.label);
        json.Text("target", event.target);
        json.EndObject();
    }
    json.EndArray();
}

void
WriteFlows(JsonWriter& json, const Recorder& recorder)
{
    json.BeginArray("flows");
    for (const Recorder::Flow& flow : recorder.Flows())
    {
        const FlowInfo& info = flow.info;
        json.BeginObject();
        json.Text("name", info.name);
        json.Text("from", info.from);
        json.Text("to", info.to);
        json.Text("kind", info.kind);
        json.Text("class", info.trafficClass);
        json.Text("rule", info.rule);
        json.Text("codec", info.codec);
        json.Time("start_s", info.start);
        json.Time("stop_s", info.stop);
        json.BeginObject("sla");
        json.Value("latency_ms", info.sla.latencyMs);
        json.Value("jitter_ms", info.sla.jitterMs);
        json.Value("loss", info.sla.loss);
        json.Text("jitter_metric", info.sla.jitterMetric);
        json.EndObject();
        json.EndObject();
    }
    json.EndArray();
}

void
WriteVolatile(JsonWriter& json, const VolatileInfo& info)
{
    json.BeginObject("volatile");
    json.Value("wall_s", info.wallSeconds);
    json.Value("speed", info.speed);
    json.Count("events", info.events);
    json.Text("host", info.host);
    json.Text("started_at", info.startedAt);
    json.Count("peak_rss_kb", info.peakRssKb);
    for (const auto& [key, value] : info.more)
    {
        json.Text(key, value);
    }
    json.EndObject();
}

} // namespace

std::string
RunJson(const RunInfo& run, const Recorder& recorder, const std::vector<Verdict>& verdicts)
{
    JsonWriter json;
    json.BeginObject();
    json.BeginObject("weft");
    json.Text("version", run.version);
    json.BeginObject("git");
    json.Text("commit", run.commit);
    json.Flag("dirty", run.dirty);
    json.EndObject();
    json.Text("ns3", run.ns3);
    json.Text("compiler", run.compiler);
    json.EndObject();
    json.BeginObject("scenario");
    json.Text("name", run.scenario);
    json.Text("about", run.about);
    json.Text("file", run.file);
    json.Text("digest", run.digest);
    json.Time("duration_s", run.duration);
    json.Time("record_interval_s", run.recordInterval);
    json.EndObject();
    json.BeginArray("command");
    for (const std::string& word : run.command)
    {
        json.Text({}, word);
    }
    json.EndArray();
    json.BeginArray("overrides");
    for (const std::string& override : run.overrides)
    {
        json.Text({}, override);
    }
    json.EndArray();
    json.Count("seed", run.seed);
    if (!run.variant.empty() && (run.fabric || run.variant != "base"))
    {
        json.Text("variant", run.variant);
    }
    WriteTopology(json, run);
    WriteEvents(json, recorder);
    WriteFlows(json, recorder);
    json.BeginObject("scalars");
    for (const auto& [name, value] : recorder.Scalars())
    {
        json.Value(name, value);
    }
    json.EndObject();
    json.BeginArray("verdicts");
    for (const Verdict& verdict : verdicts)
    {
        WriteVerdict(json, verdict);
    }
    json.EndArray();
    json.BeginObject("books");
    json.Count("sent", run.books.sent);
    json.Count("delivered", run.books.delivered);
    json.Count("dropped", run.books.dropped);
    json.Count("in_flight", run.books.inFlight);
    json.EndObject();
    WriteVolatile(json, run.volatileInfo);
    json.EndObject();
    return json.Take();
}

void
WriteResults(ResultsDir& dir,
             const RunInfo& run,
             const Recorder& recorder,
             const std::vector<Verdict>& verdicts,
             std::string_view scenarioText)
{
    dir.WriteFile("scenario.yaml", scenarioText);
    dir.WriteFile("flows.csv", FlowsCsv(recorder, run.recordInterval));
    dir.WriteFile("paths.csv", PathsCsv(recorder));
    dir.WriteFile("decisions.csv", DecisionsCsv(recorder));
    dir.WriteFile("drops.csv", DropsCsv(recorder));
    const OverlayRecord& overlay = recorder.Overlay();
    if (!overlay.Empty())
    {
        dir.WriteFile("links.csv", LinksCsv(overlay));
        dir.WriteFile("vteps.csv", VtepsCsv(overlay));
        dir.WriteFile("tables.csv", TablesCsv(overlay.Tables()));
        if (!overlay.WatchedLinks().empty())
        {
            dir.WriteFile("frames.csv", FramesCsv(overlay));
        }
    }
    dir.Commit(RunJson(run, recorder, verdicts));
}

} // namespace weft::engine
