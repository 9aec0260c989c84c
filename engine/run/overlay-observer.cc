// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run/overlay-observer.h"

#include "engine/build/translate-overlay.h"

#include "ns3/simulator.h"

#include <fmt/format.h>

namespace weft::engine
{

namespace
{

/// @return a hypervisor's counters so far
VtepSample
TotalsOf(const ns3::vxlan::Hypervisor& hypervisor)
{
    VtepSample totals;
    const vxlan::Vtep* vtep = hypervisor.GetCore().GetVtep();
    if (!vtep)
    {
        return totals;
    }
    const vxlan::VtepCounters& counters = vtep->Counters();
    const vxlan::FloodCount flooded = counters.FloodedTotal();
    totals.encapsulated = counters.encapsulated;
    totals.decapsulated = counters.decapsulated;
    totals.floodedFrames = flooded.frames;
    totals.floodedCopies = flooded.copies;
    totals.floodedBytes = flooded.bytes;
    totals.learned = vtep->Fdb().Counters().learned;
    totals.moved = vtep->Fdb().Counters().moved;
    totals.aged = vtep->Fdb().Counters().aged;
    totals.drops = counters.localDrops.Total() + counters.underlayDrops.Total();
    totals.fdbEntries = vtep->Fdb().Size();
    return totals;
}

std::string_view
NameOf(vxlan::FloodKind kind)
{
    switch (kind)
    {
    case vxlan::FloodKind::Broadcast:
        return "broadcast";
    case vxlan::FloodKind::Multicast:
        return "multicast";
    case vxlan::FloodKind::UnknownUnicast:
        return "unknown_unicast";
    case vxlan::FloodKind::NewSource:
        break;
    }
    return "new_source";
}

} // namespace

OverlayObserver::OverlayObserver(const spec::Scenario& scenario,
                                 const Overlay& overlay,
                                 Recorder& recorder)
    : m_scenario(scenario), m_overlay(overlay), m_recorder(recorder),
      m_wires(scenario, overlay, recorder), m_last(scenario.hypervisors.size())
{
    if (WantsTables(scenario))
    {
        m_tables.emplace(scenario, overlay, recorder.Overlay().Tables());
    }
    for (const auto& hypervisor : scenario.hypervisors)
    {
        m_vteps.push_back(recorder.Overlay().AddVtep(hypervisor.name));
    }
}

void
OverlayObserver::Capture(PcapngWriter& writer)
{
    m_wires.Capture(writer);
}

void
OverlayObserver::Sample(TimeNs start, spec::Duration bin)
{
    m_wires.Sample(start, bin);
    for (std::size_t h = 0; h < m_vteps.size(); ++h)
    {
        if (!m_scenario.hypervisors[h].vtep)
        {
            continue;
        }
        const VtepSample totals = TotalsOf(*m_overlay.Hypervisors()[h]);
        const VtepSample& last = m_last[h];
        VtepSample sample = totals;
        sample.time = start;
        sample.vtep = m_vteps[h];
        sample.encapsulated -= last.encapsulated;
        sample.decapsulated -= last.decapsulated;
        sample.floodedFrames -= last.floodedFrames;
        sample.floodedCopies -= last.floodedCopies;
        sample.floodedBytes -= last.floodedBytes;
        sample.learned -= last.learned;
        sample.moved -= last.moved;
        sample.aged -= last.aged;
        sample.drops -= last.drops;
        m_recorder.Overlay().OnVtep(sample);
        m_last[h] = totals;
    }
}

void
OverlayObserver::Finish(Books& books)
{
    FinishHypervisors();
    FinishMachines();
    FinishFabric();
    m_wires.Finish(books);
}

std::uint64_t
OverlayObserver::RecordDrops(const std::string& name, const ns3::vxlan::Hypervisor& hypervisor)
{
    const vxlan::Hypervisor& core = hypervisor.GetCore();
    std::uint64_t total = 0;
    const auto add = [&](std::string_view part, const auto& drops) {
        for (std::size_t r = 0; r < vxlan::DROP_REASONS; ++r)
        {
            const auto reason = static_cast<vxlan::DropReason>(r);
            if (drops[reason] > 0)
            {
                total += drops[reason];
                m_recorder.AddDrop(
                    fmt::format("{} {}", part, name), ToString(reason), drops[reason], 0);
            }
        }
    };
    add("hypervisor", core.Counters().drops);
    add("ports of", hypervisor.GetPortDrops());
    add("switch of", core.GetBridge().Counters().drops);
    if (const vxlan::Vtep* vtep = core.GetVtep())
    {
        add("vtep", vtep->Counters().localDrops);
        add("vtep", vtep->Counters().underlayDrops);
        for (const auto& drop : core.GetUnderlay()->Counters().drops.Entries())
        {
            total += drop.count;
            m_recorder.AddDrop("underlay of " + name, ToString(drop.reason), drop.count, 0);
        }
    }
    for (std::size_t r = 0; r < core.RouterCount(); ++r)
    {
        add("gateways of", core.GetRouter(r).Counters().drops);
    }
    return total;
}

void
OverlayObserver::FinishHypervisors()
{
    VtepSample all;
    for (std::size_t h = 0; h < m_overlay.Hypervisors().size(); ++h)
    {
        const ns3::vxlan::Hypervisor& hypervisor = *m_overlay.Hypervisors()[h];
        const std::string& name = m_scenario.hypervisors[h].name;
        const std::uint64_t dropped = RecordDrops(name, hypervisor);
        const auto set = [&](std::string_view figure, std::uint64_t value) {
            m_recorder.SetScalar(fmt::format("vtep.{}.{}", name, figure),
                                 static_cast<double>(value));
        };
        const vxlan::Vtep* vtep = hypervisor.GetCore().GetVtep();
        set("bridge_entries", hypervisor.GetCore().GetBridge().Fdb().Size());
        set("dropped", dropped);
        if (!vtep)
        {
            continue;
        }
        const VtepSample totals = TotalsOf(hypervisor);
        const vxlan::VtepCounters& counters = vtep->Counters();
        set("local_frames", counters.localFrames);
        set("unicast_frames", counters.unicastFrames);
        set("encapsulated", totals.encapsulated);
        set("encapsulated_bytes", counters.encapsulatedBytes);
        set("decapsulated", totals.decapsulated);
        set("flooded_frames", totals.floodedFrames);
        set("flooded_copies", totals.floodedCopies);
        set("flooded_bytes", totals.floodedBytes);
        for (const auto kind : {vxlan::FloodKind::Broadcast,
                                vxlan::FloodKind::Multicast,
                                vxlan::FloodKind::UnknownUnicast,
                                vxlan::FloodKind::NewSource})
        {
            set(fmt::format("flooded_frames_{}", NameOf(kind)), counters.Flooded(kind).frames);
            set(fmt::format("flooded_copies_{}", NameOf(kind)), counters.Flooded(kind).copies);
        }
        set("replicated_frames", counters.replicated.frames);
        set("replicated_copies", counters.replicated.copies);
        set("fragments_sent", counters.fragmentsSent);
        set("too_big_sent", counters.icmpSent);
        set("learned", totals.learned);
        set("moved", totals.moved);
        set("aged", totals.aged);
        set("refused", vtep->Fdb().Counters().refused);
        set("fdb_entries", totals.fdbEntries);
        all.encapsulated += totals.encapsulated;
        all.decapsulated += totals.decapsulated;
        all.floodedFrames += totals.floodedFrames;
        all.floodedCopies += totals.floodedCopies;
        all.floodedBytes += totals.floodedBytes;
        all.fdbEntries += totals.fdbEntries;
    }
    const auto set = [&](std::string_view figure, std::uint64_t value) {
        m_recorder.SetScalar(fmt::format("vteps.{}", figure), static_cast<double>(value));
    };
    set("encapsulated", all.encapsulated);
    set("decapsulated", all.decapsulated);
    set("flooded_frames", all.floodedFrames);
    set("flooded_copies", all.floodedCopies);
    set("flooded_bytes", all.floodedBytes);
    set("fdb_entries", all.fdbEntries);
}

void
OverlayObserver::FinishMachines()
{
    std::uint64_t requests = 0;
    for (std::size_t v = 0; v < m_overlay.Vms().size(); ++v)
    {
        const netbase::EndpointCounts& counts = m_overlay.Vms()[v]->GetEndpoint().Counters();
        const std::string& name = m_scenario.vms[v].name;
        requests += counts.requestsOut;
        m_recorder.SetScalar(fmt::format("vm.{}.arp_requests", name),
                             static_cast<double>(counts.requestsOut));
        m_recorder.SetScalar(fmt::format("vm.{}.frames_in", name),
                             static_cast<double>(counts.framesIn));
        m_recorder.SetScalar(fmt::format("vm.{}.frames_out", name),
                             static_cast<double>(counts.framesOut));
        for (const auto& drop : counts.drops.Entries())
        {
            m_recorder.AddDrop("vm " + name, ToString(drop.reason), drop.count, 0);
        }
    }
    m_recorder.SetScalar("vms.arp_requests", static_cast<double>(requests));
    for (std::size_t g = 0; g < m_overlay.Gateways().size(); ++g)
    {
        const auto& gateway = m_scenario.gateways[g];
        const vxlan::Router& router =
            m_overlay.Hypervisors()[gateway.hypervisor]->GetCore().GetRouter(
                m_overlay.Gateways()[g]);
        const auto set = [&](std::string_view figure, std::uint64_t value) {
            m_recorder.SetScalar(fmt::format("gateway.{}.{}", gateway.name, figure),
                                 static_cast<double>(value));
        };
        set("forwarded", router.Counters().forwarded);
        set("arp_requests", router.Counters().arpRequestsSent);
        set("icmp_errors", router.Counters().icmpErrors);
    }
}

void
OverlayObserver::FinishFabric()
{
    const Fabric* fabric = m_overlay.GetFabric();
    if (!fabric)
    {
        return;
    }
    std::uint64_t entries = 0;
    for (std::size_t r = 0; r < m_scenario.fabric->routers.size(); ++r)
    {
        const std::string& name = m_scenario.fabric->routers[r].name;
        if (const auto router = fabric->Router(r))
        {
            const auto& counts = router->GetCounts();
            m_recorder.SetScalar(fmt::format("router.{}.forwarded", name),
                                 static_cast<double>(counts.forwarded.packets));
            m_recorder.SetScalar(fmt::format("router.{}.copies", name),
                                 static_cast<double>(counts.copies.packets));
        }
        if (const auto multicast = fabric->Multicast(r))
        {
            const auto& counters = multicast->GetCore()->Counters();
            const auto set = [&](std::string_view figure, std::uint64_t value) {
                m_recorder.SetScalar(fmt::format("router.{}.{}", name, figure),
                                     static_cast<double>(value));
            };
            set("multicast_in", counters.dataIn);
            set("registers_in", counters.registersIn);
            set("registers_out", counters.registersOut);
            set("join_prunes_out", counters.joinPrunesOut);
            for (const auto* drops : {&counters.dataDrops, &counters.controlDrops})
            {
                for (std::size_t d = 0; d < static_cast<std::size_t>(multicast::DropReason::Count);
                     ++d)
                {
                    const auto reason = static_cast<multicast::DropReason>(d);
                    if (drops->Of(reason) > 0)
                    {
                        m_recorder.AddDrop(
                            "multicast of " + name, ToString(reason), drops->Of(reason), 0);
                    }
                }
            }
        }
        if (const auto bridge = fabric->Switch(r))
        {
            const auto& table = bridge->GetTable();
            entries += table.Size();
            const auto set = [&](std::string_view figure, std::uint64_t value) {
                m_recorder.SetScalar(fmt::format("switch.{}.{}", name, figure),
                                     static_cast<double>(value));
            };
            set("mac_entries", table.Size());
            set("learned", table.GetCounters().learned);
            set("moved", table.GetCounters().moved);
            set("refused", table.GetCounters().refused);
            set("flooded", bridge->GetCounts().flooded.packets);
            set("flooded_copies", bridge->GetCounts().copies.packets);
        }
    }
    m_recorder.SetScalar("switches.mac_entries", static_cast<double>(entries));
}

} // namespace weft::engine
