// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace weft::spec
{

namespace
{

/// Keys that say what an event happens to.
constexpr std::array TARGETS{"path", "link", "node", "move"};

class EventBinder
{
  public:
    EventBinder(Binding& binding, const View& view, Event& event)
        : m_binding(binding), m_scenario(binding.scenario), m_view(view), m_event(event)
    {
    }

    void
    Bind()
    {
        m_event.at = m_view.Time("at").value_or(Duration{0});
        const auto length = m_view.Time("for");
        m_event.end = length ? m_event.at + *length : m_scenario.duration;
        const bool moves = m_view.Has("move");
        m_event.move.stun = m_view.Time("stun").value_or(Duration{0});
        if (moves)
        {
            m_event.end = m_event.at + m_event.move.stun;
        }
        const bool known = m_scenario.duration > Duration{0};
        if (known && m_event.at >= m_scenario.duration)
        {
            ErrorAt("at", "begins after the end of the run");
        }
        else if (known && m_event.end > m_scenario.duration)
        {
            ErrorAt(moves ? "stun" : "for", "lasts beyond the end of the run");
        }
        m_event.shape = m_view.Choice<EventShape>("shape").value_or(EventShape::Step);
        m_event.period = m_view.Time("period").value_or(Duration{0});
        m_event.jitter = m_view.Time("jitter");
        m_event.addLoss = m_view.Real("loss").value_or(0);
        m_event.addDelay = m_view.Time("delay").value_or(Duration{0});
        m_event.down = m_view.Text("state") == "down";
        const auto direction = m_view.Text("direction").value_or("both");
        m_forward = direction != "backward";
        m_backward = direction != "forward";
        if (!moves)
        {
            const auto effects = {"jitter", "loss", "delay", "state"};
            if (std::none_of(
                    effects.begin(), effects.end(), [&](auto key) { return m_view.Has(key); }))
            {
                Error("",
                      fmt::format("event '{}' changes nothing: give jitter, loss, delay or state",
                                  m_event.name));
            }
        }
        BindTarget();
    }

  private:
    void
    Error(std::string_view key, std::string message)
    {
        m_binding.diagnostics.Error(m_view.Where(key), std::move(message));
    }

    void
    ErrorAt(std::string_view key, std::string message)
    {
        m_binding.diagnostics.Error(m_view.ValueSpan(key), std::move(message));
    }

    /// @return whether keys of fabrics mean something here
    bool
    Fabric() const
    {
        return m_binding.root.Has("fabric") || m_binding.root.Has("hypervisors");
    }

    void
    BindTarget()
    {
        std::vector<std::string_view> given;
        std::copy_if(TARGETS.begin(), TARGETS.end(), std::back_inserter(given), [&](auto key) {
            return m_view.Has(key);
        });
        if (given.size() != 1)
        {
            Error(given.size() > 1 && Fabric() ? given[1] : "link",
                  Fabric() ? fmt::format("event '{}' needs one of {}",
                                         m_event.name,
                                         fmt::join(TARGETS, ", "))
                           : fmt::format("event '{}' needs either 'path' or 'link'", m_event.name));
        }
        else if (given[0] == "path")
        {
            BindPathTarget();
        }
        else if (given[0] == "link")
        {
            BindLink();
        }
        else if (given[0] == "node")
        {
            BindNode();
        }
        else
        {
            BindMove();
        }
    }

    void
    BindPathTarget()
    {
        if (const auto found = BindPath(m_binding, m_view, "path"))
        {
            const auto [path, same] = *found;
            m_event.targets.push_back(
                {path, same ? m_forward : m_backward, same ? m_backward : m_forward});
            m_event.targetText = fmt::format("{}", fmt::join(m_view.Names("path"), ">"));
        }
    }

    void
    BindLink()
    {
        const auto name = m_view.Text("link");
        if (!name)
        {
            return; // wrong, and reported
        }
        const auto first = FindNode(m_binding, std::string_view(*name).substr(0, name->find('.')));
        if (!Fabric() || (first && first->kind == NodeKind::Site))
        {
            BindSiteLink(*name);
            return;
        }
        m_event.kind = EventKind::Wire;
        m_event.targetText = *name;
        if (const auto wire = BindWire(m_binding, m_view.ValueSpan("link"), *name, false))
        {
            m_event.wire = *wire;
            m_event.wireForward = m_forward;
            m_event.wireBackward = m_backward;
            const bool site = wire->kind == WireRef::Kind::Uplink &&
                              m_scenario.AttachmentOf(wire->node).site.has_value();
            if (site)
            {
                ErrorAt("link",
                        fmt::format("'{}' is behind an Edge; give a link of the site", *name));
            }
            if (wire->member != 0 && !m_event.down)
            {
                ErrorAt("link", "one link of a bundle goes down; loss is of the bundle");
            }
        }
        RefuseWeather("of a wire, 'loss' and 'state'");
        if (m_event.down && m_view.Has("direction"))
        {
            Error("direction", "a wire goes down in both directions");
        }
        if (m_event.down && m_view.Has("loss"))
        {
            Error("loss", "nothing passes while it is down");
        }
    }

    void
    BindSiteLink(const std::string& name)
    {
        const auto link = FindLink(m_scenario, name);
        if (!link)
        {
            return; // reported
        }
        m_event.link = link;
        m_event.targetText = m_scenario.Name(*link);
        for (Index i = 0; i < m_scenario.paths.size(); ++i)
        {
            const bool first = m_scenario.paths[i].first == *link;
            if (first || m_scenario.paths[i].second == *link)
            {
                m_event.targets.push_back(
                    {i, first ? m_forward : m_backward, first ? m_backward : m_forward});
            }
        }
        if (m_event.targets.empty() && m_binding.pathsKnown)
        {
            ErrorAt("link", fmt::format("no path uses link {}", m_scenario.Name(*link)));
        }
    }

    void
    BindNode()
    {
        m_event.kind = EventKind::Node;
        m_event.targetText = m_view.Text("node").value_or("");
        if (const auto node = FindNode(m_binding, m_event.targetText))
        {
            m_event.node = *node;
        }
        RefuseWeather("of a node, 'state'");
        for (const auto key : {"loss", "direction"})
        {
            if (m_view.Has(key))
            {
                Error(key,
                      fmt::format("'{}' has no meaning here: of a node, 'state' changes", key));
            }
        }
    }

    void
    BindMove()
    {
        m_event.kind = EventKind::Move;
        for (const auto key :
             {"for", "jitter", "loss", "delay", "state", "shape", "period", "direction"})
        {
            if (m_view.Has(key))
            {
                Error(key, fmt::format("'{}' has no meaning here: a VM moves", key));
            }
        }
        auto& move = m_event.move;
        move.announce = m_view.Choice<Announcement>("announce").value_or(Announcement::Garp);
        move.oldPortDown = m_view.Text("old_port") != "up";
        move.newFirst = m_view.Text("order") == "new-first";
        m_event.targetText = m_view.Text("move").value_or("");
        const auto vm = IndexOf(m_scenario.vms, m_event.targetText);
        const auto to = IndexOf(m_scenario.hypervisors, m_view.Text("to").value_or(""));
        if (!vm || !to)
        {
            return; // reported
        }
        move.vm = *vm;
        move.to = *to;
        if (move.newFirst && !move.oldPortDown)
        {
            Error("order", "the old port stays up, so there is no order");
        }
    }

    /// Refuses what only the weather of a path has.
    void
    RefuseWeather(std::string_view what)
    {
        for (const auto key : {"jitter", "delay", "shape", "period"})
        {
            if (m_view.Has(key))
            {
                Error(key, fmt::format("'{}' has no meaning here: {} change", key, what));
            }
        }
    }

    Binding& m_binding;
    Scenario& m_scenario;
    const View& m_view;
    Event& m_event;
    bool m_forward = true;
    bool m_backward = true;
};

/// Follows each VM's moves in time.
void
CheckMoves(Binding& binding, const std::vector<View>& views)
{
    const auto& scenario = binding.scenario;
    std::vector<Index> order;
    for (Index i = 0; i < scenario.events.size(); ++i)
    {
        // What is wrong with the names is reported there.
        if (scenario.events[i].kind == EventKind::Move &&
            IndexOf(scenario.vms, views[i].Text("move").value_or("")) &&
            IndexOf(scenario.hypervisors, views[i].Text("to").value_or("")))
        {
            order.push_back(i);
        }
    }
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
        return scenario.events[a].at < scenario.events[b].at;
    });
    struct Place
    {
        Index hypervisor;
        Duration since{-1};
        Index event = 0;
    };
    std::map<Index, Place> places;
    for (const auto i : order)
    {
        const auto& event = scenario.events[i];
        const auto& vm = scenario.vms[event.move.vm];
        auto& place = places.try_emplace(event.move.vm, Place{vm.hypervisor}).first->second;
        if (place.since >= event.at)
        {
            binding.diagnostics.Error(
                views[i].ValueSpan("at"),
                fmt::format("VM '{}' still moves: {}", vm.name, scenario.events[place.event].name));
        }
        else if (place.hypervisor == event.move.to)
        {
            binding.diagnostics.Error(views[i].ValueSpan("to"),
                                      fmt::format("VM '{}' is on '{}' already",
                                                  vm.name,
                                                  scenario.hypervisors[place.hypervisor].name));
        }
        const auto& from = scenario.hypervisors[place.hypervisor].attachment;
        const auto& to = scenario.hypervisors[event.move.to].attachment;
        if (from.router.has_value() != to.router.has_value())
        {
            binding.diagnostics.Error(
                views[i].ValueSpan("to"),
                "a VM does not move between the fabric and a site: nothing joins them");
        }
        place = {event.move.to, event.end, i};
    }
}

} // namespace

void
BindEvents(Binding& binding)
{
    std::vector<View> views;
    for (const auto& [name, view] : binding.root.Entries("events"))
    {
        Event event;
        event.name = name;
        event.about = About(view);
        EventBinder(binding, view, event).Bind();
        binding.scenario.events.push_back(std::move(event));
        views.push_back(view);
    }
    CheckMoves(binding, views);
}

} // namespace weft::spec
