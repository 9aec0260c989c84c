// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"
#include "engine/spec/geography.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace weft::spec
{

namespace
{

/// A queue that holds 50 ms at the direction's rate, and never less than 64 KiB.
std::uint64_t
DefaultQueueLimit(double rate)
{
    constexpr std::uint64_t LEAST = 64 << 10;
    return std::max(LEAST, static_cast<std::uint64_t>(std::llround(rate * 0.05 / 8)));
}

Link
BindLink(Binding& binding, const std::string& name, const View& view)
{
    Link link;
    link.name = name;
    link.about = About(view);
    const auto cloud = IndexOf(binding.scenario.clouds, view.Text("cloud").value_or(""));
    link.cloud = cloud.value_or(0);
    binding.pathsKnown = binding.pathsKnown && cloud;
    const bool both = view.Has("rate");
    for (const auto key : {"up", "down"})
    {
        if (both && view.Has(key))
        {
            binding.diagnostics.Error(view.Where(key),
                                      fmt::format("'rate' already says what '{}' says", key));
        }
        else if (!both && !view.Has(key))
        {
            binding.diagnostics.Error(
                view.Where(key),
                fmt::format(
                    "missing key '{}' in link '{}': give 'rate', or 'up' and 'down'", key, name));
        }
    }
    const double rate = view.Real("rate").value_or(0);
    link.up = view.Real("up").value_or(rate);
    link.down = view.Real("down").value_or(rate);
    link.queue = view.Choice<QueueKind>("queue").value_or(QueueKind::Fifo);
    const auto limit = view.Integer("queue_limit");
    link.upQueueLimit = limit ? static_cast<std::uint64_t>(*limit) : DefaultQueueLimit(link.up);
    link.downQueueLimit = limit ? static_cast<std::uint64_t>(*limit) : DefaultQueueLimit(link.down);
    link.mtu = static_cast<std::uint32_t>(view.Integer("mtu").value_or(1500));
    return link;
}

void
BindSites(Binding& binding)
{
    auto& scenario = binding.scenario;
    std::vector<View> views;
    for (const auto& [name, view] : binding.root.Entries("sites"))
    {
        Site site;
        site.name = name;
        site.about = About(view);
        if (const auto place = view.Sub("location"))
        {
            site.location =
                Location{place.Real("latitude").value_or(0), place.Real("longitude").value_or(0)};
        }
        const auto clock = view.Sub("clock");
        site.clock.offset = clock.Time("offset").value_or(Duration{0});
        site.clock.skewPpm = clock.Real("skew").value_or(0);
        if (const auto* links = view.Find("links");
            links && links->kind == Node::Kind::Map && links->entries.empty() == false)
        {
            for (const auto& [linkName, link] : view.Entries("links"))
            {
                site.links.push_back(BindLink(binding, linkName, link));
            }
        }
        const auto lan = view.Prefixes("lan");
        if (!lan.empty())
        {
            site.lan = lan.front();
            constexpr unsigned LONGEST = 29; // an Edge and a few hosts
            if (site.lan.length < 8 || site.lan.length > LONGEST)
            {
                binding.diagnostics.Error(
                    view.ValueSpan("lan"),
                    fmt::format("a LAN has a prefix length of 8 to {}", LONGEST));
            }
            for (Index i = 0; i < scenario.sites.size(); ++i)
            {
                const auto& other = scenario.sites[i];
                if (!views[i].Prefixes("lan").empty() && other.lan.Overlaps(site.lan))
                {
                    binding.diagnostics.Error(view.ValueSpan("lan"),
                                              fmt::format("LAN {} of '{}' overlaps {} of '{}'",
                                                          ToString(site.lan),
                                                          name,
                                                          ToString(other.lan),
                                                          other.name));
                }
            }
        }
        AddNode(binding, view.Where(""), name, {NodeKind::Site, scenario.sites.size()});
        scenario.sites.push_back(std::move(site));
        views.push_back(view);
    }
}

/// Applies what a path, or one direction of it, says of the weather.
void
BindWeather(const View& view, bool direction, Weather& weather)
{
    const auto given = [&](std::string_view key) { return !direction || view.Has(key); };
    if (given("jitter"))
    {
        weather.jitter = view.Time("jitter").value_or(Duration{0});
    }
    if (given("jitter_correlation"))
    {
        weather.jitterCorrelation = view.Time("jitter_correlation").value_or(Duration{0});
    }
    if (given("loss"))
    {
        weather.loss = view.Real("loss").value_or(0);
    }
    if (given("bad_period"))
    {
        weather.badPeriod = view.Time("bad_period").value_or(Duration{0});
    }
    if (given("reorder"))
    {
        weather.reorder = view.Real("reorder").value_or(0);
    }
    if (given("reorder_delay"))
    {
        weather.reorderDelay = view.Time("reorder_delay").value_or(Duration{0});
    }
    if (direction)
    {
        weather.delay = view.Time("delay").value_or(weather.delay);
    }
}

void
CheckFibreBound(Binding& binding, const View& view, const Path& path)
{
    const auto& a = binding.scenario.sites[path.first.site];
    const auto& b = binding.scenario.sites[path.second.site];
    if (!a.location || !b.location)
    {
        return;
    }
    const double km = GreatCircleKm(*a.location, *b.location);
    const double least = 2 * km / FIBRE_KM_PER_MS;
    const double given =
        std::chrono::duration<double, std::milli>(path.forward.delay + path.backward.delay).count();
    if (given < least)
    {
        const auto key = view.Has("rtt") ? "rtt" : view.Has("delay") ? "delay" : "forward";
        binding.diagnostics.Error(
            view.ValueSpan(key),
            fmt::format("a round trip of {:.4g} ms is quicker than light in fibre: {} and {} are "
                        "{:.0f} km apart, which takes at least {:.2f} ms",
                        given,
                        a.name,
                        b.name,
                        km,
                        least));
    }
}

/// Reads the base delays. @return whether both directions have one
bool
BindDelay(Binding& binding, const View& view, Path& path)
{
    const auto forward = view.Sub("forward");
    const auto backward = view.Sub("backward");
    const bool apart = forward.Has("delay") && backward.Has("delay");
    if (view.Has("rtt") && view.Has("delay"))
    {
        binding.diagnostics.Error(view.Where("delay"), "'rtt' already says what 'delay' says");
    }
    if (!view.Has("rtt") && !view.Has("delay") && !apart)
    {
        binding.diagnostics.Error(view.Where("between"), "a path needs 'rtt' or 'delay'");
        return false;
    }
    const auto rtt = view.Time("rtt");
    const auto delay = rtt ? std::optional(*rtt / 2) : view.Time("delay");
    const auto forwardDelay = forward.Time("delay");
    const auto backwardDelay = backward.Time("delay");
    if (!delay && !(forwardDelay && backwardDelay))
    {
        return false; // wrong, and reported
    }
    path.forward.delay = path.backward.delay = delay.value_or(Duration{0});
    return true;
}

void
BindPaths(Binding& binding)
{
    auto& scenario = binding.scenario;
    for (const auto& [unused, view] : binding.root.Entries("paths"))
    {
        Path path;
        const bool delays = BindDelay(binding, view, path);
        BindWeather(view, false, path.forward);
        path.backward = path.forward;
        BindWeather(view.Sub("forward"), true, path.forward);
        BindWeather(view.Sub("backward"), true, path.backward);
        for (const auto* weather : {&path.forward, &path.backward})
        {
            if (weather->reorder > 0 && weather->reorderDelay == Duration{0})
            {
                binding.diagnostics.Error(view.Where("reorder"), "'reorder' needs 'reorder_delay'");
                break;
            }
        }
        const auto names = view.Names("between");
        const auto first = names.size() == 2 ? FindLink(scenario, names[0]) : std::nullopt;
        const auto second = names.size() == 2 ? FindLink(scenario, names[1]) : std::nullopt;
        if (!first || !second)
        {
            binding.pathsKnown = false;
            continue;
        }
        path.first = *first;
        path.second = *second;
        const auto span = view.ValueSpan("between");
        if (first->site == second->site)
        {
            binding.pathsKnown = false;
            binding.diagnostics.Error(
                span,
                fmt::format("both links belong to site '{}'", scenario.sites[first->site].name));
            continue;
        }
        const auto& a = scenario.At(*first);
        const auto& b = scenario.At(*second);
        if (a.cloud != b.cloud && !binding.cloudsKnown)
        {
            continue; // perhaps only for want of a cloud that is named wrongly
        }
        if (a.cloud != b.cloud)
        {
            binding.pathsKnown = false;
            binding.diagnostics.Error(
                span,
                fmt::format(
                    "{} is in cloud '{}' and {} in cloud '{}'; a path stays inside one cloud",
                    names[0],
                    scenario.clouds[a.cloud].name,
                    names[1],
                    scenario.clouds[b.cloud].name));
            continue;
        }
        if (FindPath(scenario, *first, *second))
        {
            binding.diagnostics.Error(
                span, fmt::format("the path between {} and {} is given twice", names[0], names[1]));
            continue;
        }
        if (delays)
        {
            CheckFibreBound(binding, view, path);
        }
        scenario.paths.push_back(path);
    }
}

} // namespace

void
BindTopology(Binding& binding)
{
    for (const auto& [name, view] : binding.root.Entries("clouds"))
    {
        binding.scenario.clouds.push_back(
            {name, About(view), view.Choice<CloudKind>("kind").value_or(CloudKind::Internet)});
    }
    if (binding.scenario.clouds.empty())
    {
        // Reported; keeps the indices below valid.
        binding.scenario.clouds.emplace_back();
    }
    BindSites(binding);
    binding.cloudsKnown = binding.pathsKnown;
    const auto* paths = binding.root.Find("paths");
    binding.pathsKnown = binding.pathsKnown && paths && paths->kind == Node::Kind::List;
    BindPaths(binding);
    if (!binding.root.Has("clouds") && binding.scenario.sites.empty())
    {
        binding.scenario.clouds.clear();
    }
}

std::optional<LinkRef>
FindLink(const Scenario& scenario, std::string_view name)
{
    const auto dot = name.find('.');
    if (dot == std::string_view::npos)
    {
        return std::nullopt;
    }
    const auto site = IndexOf(scenario.sites, name.substr(0, dot));
    if (!site)
    {
        return std::nullopt;
    }
    const auto link = IndexOf(scenario.sites[*site].links, name.substr(dot + 1));
    return link ? std::optional(LinkRef{*site, *link}) : std::nullopt;
}

std::optional<std::pair<Index, bool>>
FindPath(const Scenario& scenario, const LinkRef& a, const LinkRef& b)
{
    for (Index i = 0; i < scenario.paths.size(); ++i)
    {
        const auto& path = scenario.paths[i];
        if (path.first == a && path.second == b)
        {
            return std::pair(i, true);
        }
        if (path.first == b && path.second == a)
        {
            return std::pair(i, false);
        }
    }
    return std::nullopt;
}

std::optional<std::pair<Index, bool>>
BindPath(Binding& binding, const View& view, std::string_view key)
{
    const auto names = view.Names(key);
    if (names.size() != 2)
    {
        return std::nullopt;
    }
    const auto a = FindLink(binding.scenario, names[0]);
    const auto b = FindLink(binding.scenario, names[1]);
    if (!a || !b)
    {
        return std::nullopt;
    }
    const auto found = FindPath(binding.scenario, *a, *b);
    if (!found && binding.pathsKnown)
    {
        auto& error = binding.diagnostics.Error(
            view.ValueSpan(key),
            fmt::format("there is no path between {} and {}", names[0], names[1]));
        std::vector<std::string> known;
        for (const auto& path : binding.scenario.paths)
        {
            known.push_back(binding.scenario.Name(path));
        }
        error.notes.push_back(ListNames("paths", known));
    }
    return found;
}

std::string
About(const View& view)
{
    return view.Text("about").value_or("");
}

} // namespace weft::spec
