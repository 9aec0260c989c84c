// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"
#include "engine/spec/presets.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

namespace
{

std::optional<Protocol>
BindProtocol(const View& view)
{
    const auto text = view.Text("protocol");
    return !text            ? std::nullopt
           : *text == "tcp" ? std::optional(Protocol::Tcp)
                            : std::optional(Protocol::Udp);
}

void
BindApplications(Binding& binding)
{
    for (const auto& [name, view] : binding.root.Entries("applications"))
    {
        Application application;
        application.name = name;
        application.about = About(view);
        application.protocol = BindProtocol(view);
        application.sourcePorts = view.Ports("source_ports");
        application.destinationPorts = view.Ports("destination_ports");
        application.prefixes = view.Prefixes("prefixes");
        const auto any = {"protocol", "source_ports", "destination_ports", "prefixes"};
        if (std::none_of(any.begin(), any.end(), [&](auto key) { return view.Has(key); }))
        {
            binding.diagnostics.Error(
                view.Where(""),
                fmt::format("application '{}' says nothing that packets could be told by", name));
        }
        binding.scenario.applications.push_back(std::move(application));
    }
}

void
BindSlas(Binding& binding)
{
    auto& slas = binding.scenario.slas;
    slas.assign(Presets().begin(), Presets().end());
    for (const auto& [name, view] : binding.root.Entries("slas"))
    {
        const auto preset = view.Text("preset").value_or(name);
        const auto base = std::find_if(
            Presets().begin(), Presets().end(), [&](const Sla& sla) { return sla.name == preset; });
        Sla sla;
        if (base != Presets().end())
        {
            sla = *base;
        }
        else if (!view.Has("preset"))
        {
            for (const auto key : {"latency", "jitter", "loss"})
            {
                if (!view.Has(key))
                {
                    binding.diagnostics.Error(
                        view.Where(key),
                        fmt::format(
                            "missing key '{}' in SLA '{}', which has no preset", key, name));
                }
            }
        }
        sla.name = name;
        sla.about = About(view);
        sla.latency = view.Time("latency").value_or(sla.latency);
        sla.jitter = view.Time("jitter").value_or(sla.jitter);
        sla.loss = view.Real("loss").value_or(sla.loss);
        sla.jitterMetric = view.Choice<JitterMetric>("jitter_metric").value_or(sla.jitterMetric);
        if (const auto at = IndexOf(slas, name))
        {
            slas[*at] = std::move(sla);
        }
        else
        {
            slas.push_back(std::move(sla));
        }
    }
}

Match
BindMatch(Binding& binding, const View& view)
{
    Match match;
    if (const auto application = view.Text("application"))
    {
        match.application = IndexOf(binding.scenario.applications, *application);
    }
    match.protocol = BindProtocol(view);
    const auto prefix = [&](std::string_view key) {
        const auto given = view.Prefixes(key);
        return given.empty() ? std::nullopt : std::optional(given.front());
    };
    match.source = prefix("source");
    match.destination = prefix("destination");
    match.sourcePorts = view.Ports("source_ports");
    match.destinationPorts = view.Ports("destination_ports");
    if (const auto segment = view.Integer("segment"))
    {
        match.segment = static_cast<unsigned>(*segment);
    }
    return match;
}

bool
MatchesEverything(const Match& match)
{
    return !match.application && !match.protocol && !match.source && !match.destination &&
           match.sourcePorts.empty() && match.destinationPorts.empty() && !match.segment;
}

LinkChoice
BindLinks(Binding& binding, const View& view)
{
    LinkChoice links{view.Names("prefer"), view.Names("mandatory"), view.Names("backup")};
    for (const auto& name : links.backup)
    {
        if (std::find(links.prefer.begin(), links.prefer.end(), name) != links.prefer.end())
        {
            binding.diagnostics.Error(
                view.ValueSpan("backup"),
                fmt::format("link '{}' cannot be both preferred and a backup", name));
        }
    }
    for (const auto* list : {&links.prefer, &links.backup})
    {
        for (const auto& name : *list)
        {
            if (!links.mandatory.empty() &&
                std::find(links.mandatory.begin(), links.mandatory.end(), name) ==
                    links.mandatory.end())
            {
                binding.diagnostics.Error(
                    view.ValueSpan("mandatory"),
                    fmt::format("link '{}' is not among the mandatory ones and is never used",
                                name));
            }
        }
    }
    return links;
}

Remedies
BindRemedies(const View& view, TrafficClass trafficClass)
{
    Remedies remedies;
    if (const auto fec = view.Sub("fec"))
    {
        remedies.fec = Fec{static_cast<unsigned>(fec.Integer("data").value_or(4)),
                           fec.Choice<FecGroup>("group").value_or(FecGroup::TunnelClass),
                           static_cast<unsigned>(fec.Integer("depth").value_or(1)),
                           fec.Time("flush").value_or(Duration{0}),
                           fec.Choice<FecWhen>("when").value_or(FecWhen::Always)};
    }
    remedies.duplicate = view.Toggle("duplicate").value_or(false);
    const bool paced = trafficClass == TrafficClass::Voice || trafficClass == TrafficClass::Video;
    const auto buffer = view.Sub("jitter_buffer");
    if (buffer || (!view.Has("jitter_buffer") && paced))
    {
        remedies.jitterBuffer =
            JitterBuffer{buffer.Time("cap").value_or(Duration{0}),
                         static_cast<unsigned>(buffer.Integer("packets").value_or(10))};
    }
    remedies.switchPath = view.Toggle("switch").value_or(true);
    remedies.duplicateAfter = view.Time("duplicate_after").value_or(Duration{0});
    remedies.switchAfter = view.Time("switch_after").value_or(Duration{0});
    remedies.returnAfter = view.Time("return_after").value_or(Duration{0});
    remedies.holdDown = view.Time("hold_down").value_or(Duration{0});
    return remedies;
}

} // namespace

void
BindPolicy(Binding& binding)
{
    BindApplications(binding);
    BindSlas(binding);
    auto& scenario = binding.scenario;
    std::string catchAll;
    for (const auto& [unused, view] : binding.root.Entries("policy"))
    {
        Rule rule;
        rule.name = view.Text("rule").value_or("");
        rule.about = About(view);
        rule.match = BindMatch(binding, view.Sub("match"));
        rule.trafficClass = view.Choice<TrafficClass>("class").value_or(TrafficClass::Bulk);
        rule.sla = IndexOf(scenario.slas, view.Text("sla").value_or(""))
                       .value_or(static_cast<Index>(rule.trafficClass));
        rule.links = BindLinks(binding, view.Sub("links"));
        rule.remedies = BindRemedies(view.Sub("remedies"), rule.trafficClass);
        if (!rule.name.empty() && IndexOf(scenario.rules, rule.name))
        {
            binding.diagnostics.Error(view.ValueSpan("rule"),
                                      fmt::format("there is a rule '{}' already", rule.name));
        }
        if (!catchAll.empty())
        {
            binding.diagnostics.Error(
                view.ValueSpan("rule"),
                fmt::format("rule '{}' is never reached: rule '{}' before it matches everything",
                            rule.name,
                            catchAll));
        }
        // A match that is there but wrong is not known to match everything.
        if (MatchesEverything(rule.match) && !view.Sub("match"))
        {
            catchAll = rule.name;
        }
        scenario.rules.push_back(std::move(rule));
    }
    if (catchAll.empty())
    {
        Rule rule;
        rule.name = IndexOf(scenario.rules, "default") ? "built-in-default" : "default";
        rule.trafficClass = TrafficClass::Bulk;
        rule.sla = static_cast<Index>(TrafficClass::Bulk);
        rule.remedies = BindRemedies(View(nullptr, "policy.remedies"), rule.trafficClass);
        scenario.rules.push_back(std::move(rule));
    }
}

} // namespace weft::spec
