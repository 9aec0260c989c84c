// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind-expect.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

void
ExpectationBinder::BindWindow()
{
    auto& window = m_e.window;
    window.to = m_scenario.duration;
    const auto duration = m_scenario.duration;
    if (duration == Duration{0})
    {
        return; // wrong, and reported
    }
    if (const auto between = m_view.TimeWindow("between"))
    {
        std::tie(window.from, window.to) = *between;
        if (window.from >= window.to)
        {
            Error("between", "the window is empty");
            return;
        }
        if (window.from < Duration{0} || window.to > duration)
        {
            Error("between",
                  fmt::format(
                      "the window leaves the run, which ends at {}",
                      FormatQuantity(static_cast<double>(duration.count()), Dimension::Time)));
            return;
        }
    }
    window.after = BindMoment("after");
    window.until = BindMoment("until");
    window.within = m_view.Time("within");
    CheckWindow();
}

void
ExpectationBinder::CheckWindow()
{
    const auto& window = m_e.window;
    const auto known = [](const std::optional<Moment>& moment) {
        return moment && moment->kind != Moment::Kind::Decision;
    };
    const auto duration = m_scenario.duration;
    for (const auto key : {"after", "until"})
    {
        const auto& moment = key == std::string_view("after") ? window.after : window.until;
        if (known(moment) && moment->time > duration)
        {
            Error(key, "this is after the end of the run");
            return;
        }
    }
    const auto begin =
        std::max(window.from, known(window.after) ? window.after->time : Duration{0});
    auto end = std::min(window.to, known(window.until) ? window.until->time : window.to);
    const auto* last = known(window.until) ? "until" : "between";
    const bool beginKnown = !window.after || known(window.after);
    if (window.within && beginKnown)
    {
        if (*window.within > duration - begin)
        {
            Error("within",
                  fmt::format(
                      "the window leaves the run, which ends at {}",
                      FormatQuantity(static_cast<double>(duration.count()), Dimension::Time)));
            return;
        }
        end = std::min(end, begin + *window.within);
    }
    if (begin >= end)
    {
        Error(m_view.Has(last) ? last : "after", "the window is empty");
    }
}

std::optional<Moment>
ExpectationBinder::BindMoment(std::string_view key)
{
    const auto* node = m_view.Find(key);
    if (!node)
    {
        return std::nullopt;
    }
    if (const auto* time = std::get_if<std::int64_t>(&node->value))
    {
        return Moment{Moment::Kind::Time, Duration(*time), 0};
    }
    const auto* text = std::get_if<std::string>(&node->value);
    if (!text)
    {
        return std::nullopt;
    }
    const bool end = text->ends_with(".end");
    const auto name = text->substr(0, text->find('.'));
    if (const auto event = IndexOf(m_scenario.events, name))
    {
        const auto& e = m_scenario.events[*event];
        return Moment{
            end ? Moment::Kind::EventEnd : Moment::Kind::EventStart, end ? e.end : e.at, *event};
    }
    if (const auto other = IndexOf(m_scenario.expectations, name))
    {
        return Moment{Moment::Kind::Decision, Duration{0}, *other};
    }
    return std::nullopt;
}

} // namespace weft::spec
