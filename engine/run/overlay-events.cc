// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run/overlay-events.h"

#include "ns3/simulator.h"
#include "ns3/vxlan-move.h"

#include <fmt/format.h>

namespace weft::engine
{

namespace
{

ns3::vxlan::Announce
AnnounceOf(spec::Announcement announcement)
{
    switch (announcement)
    {
    case spec::Announcement::Garp:
        return ns3::vxlan::Announce::Garp;
    case spec::Announcement::Rarp:
        return ns3::vxlan::Announce::Rarp;
    case spec::Announcement::Qemu:
        return ns3::vxlan::Announce::Qemu;
    case spec::Announcement::None:
        break;
    }
    return ns3::vxlan::Announce::None;
}

void
SetWireUp(const Overlay& overlay, const spec::WireRef& ref, bool up)
{
    if (ref.kind == spec::WireRef::Kind::Port)
    {
        const auto vm = overlay.Vms().at(ref.node.index);
        if (const auto hypervisor = vm->GetHypervisor())
        {
            hypervisor->Do([&](vxlan::Hypervisor& core, netbase::TimeNs now) {
                core.SetPortUp(vm->GetPort(), up, now);
            });
        }
        return;
    }
    const auto link = overlay.GetFabric() ? overlay.GetFabric()->Find(ref) : nullptr;
    if (!link)
    {
        overlay.Hypervisors()
            .at(ref.node.index)
            ->Do([&](vxlan::Hypervisor& core, netbase::TimeNs now) {
                core.SetUplinkUp(0, up, now);
            });
        return;
    }
    if (ref.member > 0)
    {
        link->SetMemberUp(ref.member - 1, up);
    }
    else
    {
        link->SetUp(up);
    }
}

void
SetNodeUp(const spec::Scenario& scenario, const Overlay& overlay, const spec::NodeRef& ref, bool up)
{
    switch (ref.kind)
    {
    case spec::NodeKind::Router:
        if (const auto router = overlay.GetFabric()->Router(ref.index))
        {
            router->SetUp(up);
        }
        if (const auto bridge = overlay.GetFabric()->Switch(ref.index))
        {
            bridge->SetUp(up);
        }
        break;
    case spec::NodeKind::Hypervisor:
        overlay.Hypervisors().at(ref.index)->SetUp(up);
        break;
    case spec::NodeKind::Vm:
        overlay.Vms().at(ref.index)->SetUp(up);
        break;
    case spec::NodeKind::Gateway:
        overlay.Hypervisors()
            .at(scenario.gateways.at(ref.index).hypervisor)
            ->Do([&](vxlan::Hypervisor& core, netbase::TimeNs now) {
                // A failure says no goodbye.
                core.SetRouterUp(overlay.Gateways().at(ref.index), up, now, false);
            });
        break;
    case spec::NodeKind::Controller:
        overlay.Controller()->SetUp(up);
        break;
    case spec::NodeKind::ServiceNode:
        overlay.ServiceNodes().at(ref.index)->SetUp(up);
        break;
    case spec::NodeKind::None:
    case spec::NodeKind::Site:
        break;
    }
}

template <typename Action>
void
At(spec::Duration time, Action action)
{
    ns3::Simulator::Schedule(ns3::NanoSeconds(time.count()), action);
}

} // namespace

void
ScheduleOverlayEvents(const spec::Scenario& scenario, const Overlay& overlay)
{
    for (const auto& event : scenario.events)
    {
        switch (event.kind)
        {
        case spec::EventKind::Move:
            At(event.at, [&overlay, &event] {
                ns3::vxlan::MoveOptions options;
                options.announce = AnnounceOf(event.move.announce);
                options.stun = ns3::NanoSeconds(event.move.stun.count());
                options.oldPortDown = event.move.oldPortDown;
                options.order = event.move.newFirst ? ns3::vxlan::MoveOrder::NewFirst
                                                    : ns3::vxlan::MoveOrder::OldFirst;
                ns3::vxlan::MoveVm(overlay.Vms().at(event.move.vm),
                                   overlay.Hypervisors().at(event.move.to),
                                   options);
            });
            break;
        case spec::EventKind::Wire:
            if (event.down)
            {
                At(event.at, [&overlay, &event] { SetWireUp(overlay, event.wire, false); });
                At(event.end, [&overlay, &event] { SetWireUp(overlay, event.wire, true); });
            }
            break;
        case spec::EventKind::Node:
            At(event.at,
               [&scenario, &overlay, &event] { SetNodeUp(scenario, overlay, event.node, false); });
            At(event.end,
               [&scenario, &overlay, &event] { SetNodeUp(scenario, overlay, event.node, true); });
            break;
        case spec::EventKind::Weather:
            break;
        }
    }
}

std::string
OverlayEventLabel(const spec::Scenario& scenario, const spec::Event& event)
{
    switch (event.kind)
    {
    case spec::EventKind::Move:
        return fmt::format("{} moves to {}, announced by {}",
                           scenario.vms.at(event.move.vm).name,
                           scenario.hypervisors.at(event.move.to).name,
                           event.move.announce == spec::Announcement::None
                               ? "nothing"
                               : spec::ToString(event.move.announce));
    case spec::EventKind::Wire:
        return event.down ? std::string("down") : fmt::format("loss +{:g} %", event.addLoss * 100);
    case spec::EventKind::Node:
        return "down";
    case spec::EventKind::Weather:
        break;
    }
    return {};
}

} // namespace weft::engine
