// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run/simulation.h"

#include "engine/build/network.h"
#include "engine/build/overlay.h"
#include "engine/build/traffic.h"
#include "engine/record/pcapng.h"
#include "engine/record/recorder.h"
#include "engine/record/results-dir.h"
#include "engine/record/writers.h"
#include "engine/run/build-info.h"
#include "engine/run/edge-observer.h"
#include "engine/run/overlay-events.h"
#include "engine/run/overlay-observer.h"
#include "engine/run/progress.h"
#include "engine/study/expectations.h"

#include "ns3/boolean.h"
#include "ns3/global-value.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/string.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <ctime>
#include <sys/resource.h>
#include <unistd.h>

namespace weft::engine
{

namespace
{

constexpr spec::Duration TICK = std::chrono::milliseconds(100);

volatile std::sig_atomic_t g_signal = 0;

/// While it lives, SIGINT and SIGTERM only leave a mark.
class SignalWatch
{
  public:
    SignalWatch()
    {
        g_signal = 0;
        struct sigaction action = {};
        action.sa_handler = [](int signal) { g_signal = signal; };
        // A second signal ends the process at once.
        action.sa_flags = SA_RESETHAND;
        sigaction(SIGINT, &action, &m_interrupt);
        sigaction(SIGTERM, &action, &m_terminate);
    }

    ~SignalWatch()
    {
        sigaction(SIGINT, &m_interrupt, nullptr);
        sigaction(SIGTERM, &m_terminate, nullptr);
    }

    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    struct sigaction m_interrupt;
    struct sigaction m_terminate;
};

/// Clears the simulator whatever way the run ends.
struct SimulatorScope
{
    ~SimulatorScope()
    {
        ns3::Simulator::Destroy();
    }
};

std::string
EventLabel(const spec::Scenario& scenario, const spec::Event& event)
{
    std::string label = OverlayEventLabel(scenario, event);
    if (!label.empty())
    {
        return label;
    }
    const auto add = [&label](const std::string& text) {
        label += (label.empty() ? "" : ", ") + text;
    };
    if (event.jitter)
    {
        add(fmt::format("jitter {:g} ms", static_cast<double>(event.jitter->count()) * 1e-6));
    }
    if (event.addLoss > 0)
    {
        add(fmt::format("loss +{:g} %", event.addLoss * 100));
    }
    if (event.addDelay.count() != 0)
    {
        add(fmt::format("delay {:+g} ms", static_cast<double>(event.addDelay.count()) * 1e-6));
    }
    if (event.down)
    {
        add("down");
    }
    return label;
}

FabricInfo
DescribeFabric(const spec::Scenario& scenario)
{
    FabricInfo info;
    const auto attached = [&](const spec::Attachment& attachment) {
        return attachment.router ? scenario.fabric->routers[*attachment.router].name
                                 : scenario.sites[*attachment.site].name;
    };
    const auto uplink = [&](const std::string& name, const spec::Attachment& attachment) {
        if (attachment.router)
        {
            info.links.push_back({name + ".uplink",
                                  name,
                                  attached(attachment),
                                  attachment.settings.rate,
                                  attachment.settings.members});
        }
    };
    if (scenario.fabric)
    {
        const spec::Fabric& fabric = *scenario.fabric;
        info.kind = spec::ToString(fabric.kind);
        info.forwarding = spec::ToString(fabric.forwarding);
        info.multicast = spec::ToString(fabric.multicast.mode);
        for (const auto& router : fabric.routers)
        {
            info.routers.push_back(router.name);
        }
        for (const auto& link : fabric.links)
        {
            info.links.push_back({link.name,
                                  fabric.routers[link.first].name,
                                  fabric.routers[link.second].name,
                                  link.settings.rate,
                                  link.settings.members});
        }
    }
    info.encapsulation = spec::ToString(scenario.overlay.encapsulation);
    info.learning = spec::ToString(scenario.overlay.learning);
    info.replication = spec::ToString(scenario.overlay.replication);
    for (const auto& network : scenario.networks)
    {
        info.networks.push_back({network.name,
                                 network.vni,
                                 network.group.IsNone() ? "" : network.group.ToString(),
                                 network.vlan});
    }
    for (const auto& hypervisor : scenario.hypervisors)
    {
        info.hypervisors.push_back({hypervisor.name,
                                    attached(hypervisor.attachment),
                                    hypervisor.attachment.address.ToString(),
                                    hypervisor.vtep});
        uplink(hypervisor.name, hypervisor.attachment);
    }
    if (scenario.controller)
    {
        uplink(scenario.controller->name, scenario.controller->attachment);
    }
    for (const auto& node : scenario.serviceNodes)
    {
        uplink(node.name, node.attachment);
    }
    for (const auto& vm : scenario.vms)
    {
        info.vms.push_back({vm.name,
                            scenario.hypervisors[vm.hypervisor].name,
                            scenario.networks[vm.network].name,
                            vm.address.ToString(),
                            vm.mac.ToString()});
    }
    return info;
}

RunInfo
Describe(const spec::Scenario& scenario, const RunOptions& options)
{
    const BuildInfo build = GetBuildInfo();
    RunInfo info;
    info.version = build.version;
    info.commit = build.commit;
    info.dirty = build.dirty;
    info.ns3 = build.ns3;
    info.compiler = build.compiler;
    info.scenario = scenario.name;
    info.about = scenario.about;
    info.file = scenario.file;
    info.digest = scenario.digest;
    info.duration = scenario.duration;
    info.recordInterval = scenario.record.interval;
    info.command = options.command;
    info.overrides = scenario.overrides;
    info.seed = scenario.seed;
    for (const auto& site : scenario.sites)
    {
        SiteInfo out{site.name, spec::ToString(site.lan), {}};
        for (const auto& link : site.links)
        {
            out.links.push_back({link.name, scenario.clouds[link.cloud].name, link.up, link.down});
        }
        info.sites.push_back(std::move(out));
    }
    for (const auto& cloud : scenario.clouds)
    {
        info.clouds.push_back({cloud.name, std::string(spec::ToString(cloud.kind))});
    }
    for (const auto& path : scenario.paths)
    {
        const double rtt = static_cast<double>((path.forward.delay + path.backward.delay).count());
        info.paths.push_back({scenario.Name(path.first),
                              scenario.Name(path.second),
                              rtt * 1e-6,
                              static_cast<double>(path.forward.jitter.count()) * 1e-6,
                              path.forward.loss});
    }
    if (scenario.fabric || !scenario.hypervisors.empty())
    {
        info.fabric = DescribeFabric(scenario);
    }
    info.variant = scenario.variant;
    return info;
}

VolatileInfo
Facts(double wall, spec::Duration simulated, std::uint64_t events, std::time_t started)
{
    VolatileInfo facts;
    facts.wallSeconds = wall;
    facts.speed = wall > 0 ? std::chrono::duration<double>(simulated).count() / wall : 0;
    facts.events = events;
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    facts.host = host;
    facts.startedAt = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(started));
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    facts.peakRssKb = static_cast<std::uint64_t>(usage.ru_maxrss);
    return facts;
}

/// Settings of ns-3 that hold for every run.
void
PrepareSimulator(std::uint64_t seed)
{
    ns3::GlobalValue::Bind("SchedulerType", ns3::StringValue("ns3::PriorityQueueScheduler"));
    ns3::GlobalValue::Bind("ChecksumEnabled", ns3::BooleanValue(true));
    ns3::RngSeedManager::SetSeed(static_cast<std::uint32_t>(1 + seed % 0x7fffffff));
    ns3::RngSeedManager::SetRun(1);
}

/// What happens every so often in simulated time: progress, the stop signal, samples of the paths.
class Ticker
{
  public:
    Ticker(Progress& progress, EdgeObserver& edges, OverlayObserver* overlay, spec::Duration bin)
        : m_progress(progress), m_edges(edges), m_overlay(overlay), m_bin(bin)
    {
        ns3::Simulator::Schedule(ns3::NanoSeconds(TICK.count()), &Ticker::Tick, this);
        ns3::Simulator::Schedule(ns3::NanoSeconds(bin.count()), &Ticker::Sample, this);
        if (m_overlay)
        {
            // In the last nanosecond of the bin, so that what happens at its very end is the next
            // one's, whichever event comes first.
            ns3::Simulator::Schedule(
                ns3::NanoSeconds(bin.count() - 1), &Ticker::SampleOverlay, this);
        }
    }

  private:
    void
    Tick()
    {
        m_progress.Update(spec::Duration{ns3::Simulator::Now().GetNanoSeconds()},
                          ns3::Simulator::GetEventCount());
        if (g_signal != 0)
        {
            ns3::Simulator::Stop();
            return;
        }
        ns3::Simulator::Schedule(ns3::NanoSeconds(TICK.count()), &Ticker::Tick, this);
    }

    void
    Sample()
    {
        m_edges.SamplePaths(m_bin);
        ns3::Simulator::Schedule(ns3::NanoSeconds(m_bin.count()), &Ticker::Sample, this);
    }

    void
    SampleOverlay()
    {
        m_overlay->Sample(m_start, m_bin);
        m_start += m_bin;
        ns3::Simulator::Schedule(ns3::NanoSeconds(m_bin.count()), &Ticker::SampleOverlay, this);
    }

    Progress& m_progress;
    EdgeObserver& m_edges;
    OverlayObserver* m_overlay; ///< null without a fabric
    spec::Duration m_bin;
    spec::Duration m_start{0}; ///< of the overlay's present bin
};

} // namespace

RunOutcome
RunScenario(const spec::LoadResult& loaded, const RunOptions& options)
{
    const spec::Scenario& scenario = *loaded.scenario;
    const std::time_t started = std::time(nullptr);
    const SignalWatch watch;
    // Made first: if results cannot be written, better to know before simulating.
    ResultsDir folder(options.results, scenario.name, scenario.digest, scenario.seed);
    Progress progress(scenario.name, scenario.duration, options.quiet);

    PrepareSimulator(scenario.seed);
    const SimulatorScope scope;
    Recorder recorder;
    for (const auto& flow : scenario.traffic)
    {
        recorder.AddFlow(FlowInfoOf(scenario, flow));
    }
    for (const auto& event : scenario.events)
    {
        recorder.AddEvent(
            {event.name, event.at, event.end, EventLabel(scenario, event), event.targetText});
    }
    const Network network(scenario);
    EdgeObserver observer(scenario, network, recorder);
    std::unique_ptr<Overlay> overlay;
    std::unique_ptr<OverlayObserver> overlayObserver;
    if (scenario.fabric || !scenario.hypervisors.empty())
    {
        overlay = std::make_unique<Overlay>(scenario, network);
        overlayObserver = std::make_unique<OverlayObserver>(scenario, *overlay, recorder);
        ScheduleOverlayEvents(scenario, *overlay);
    }
    std::unique_ptr<PcapngWriter> capture;
    if (scenario.record.capture)
    {
        capture = std::make_unique<PcapngWriter>(folder.File("capture.pcapng"));
        observer.Capture(*capture);
        if (overlayObserver)
        {
            overlayObserver->Capture(*capture);
        }
    }
    const Traffic traffic(scenario, network, overlay.get(), recorder);
    Ticker ticker(progress, observer, overlayObserver.get(), scenario.record.interval);

    // One nanosecond more, so that what is due at the very end still happens.
    ns3::Simulator::Stop(ns3::NanoSeconds(scenario.duration.count() + 1));
    ns3::Simulator::Run();
    const std::uint64_t events = ns3::Simulator::GetEventCount();
    const spec::Duration reached{
        std::min<std::int64_t>(ns3::Simulator::Now().GetNanoSeconds(), scenario.duration.count())};
    progress.Finish(reached, events);
    if (g_signal != 0)
    {
        throw Interrupted(fmt::format(
            "stopped by {} at {:.1f} s of simulated time; this run's results were discarded",
            strsignal(g_signal),
            std::chrono::duration<double>(reached).count()));
    }

    RunOutcome outcome;
    outcome.books = observer.Finish();
    if (overlayObserver)
    {
        overlayObserver->Finish(outcome.books);
    }
    traffic.Finish(recorder);
    recorder.Finish(scenario.duration, scenario.record.interval);
    outcome.verdicts = Judge(scenario, recorder);
    if (capture)
    {
        capture->Close();
    }
    RunInfo info = Describe(scenario, options);
    info.books = outcome.books;
    outcome.wallSeconds = progress.Wall();
    info.volatileInfo = Facts(outcome.wallSeconds, scenario.duration, events, started);
    WriteResults(folder, info, recorder, outcome.verdicts, loaded.text);
    outcome.folder = folder.FinalPath();
    return outcome;
}

} // namespace weft::engine
