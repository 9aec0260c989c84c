// SPDX-License-Identifier: GPL-2.0-only
/** @file A small hand-made record, and what tests of expectations ask of it. */
#ifndef WEFT_TESTS_EXPECTATIONS_FIXTURE_H
#define WEFT_TESTS_EXPECTATIONS_FIXTURE_H

#include "engine/study/expectations.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::engine
{

using std::chrono::milliseconds;
using std::chrono::seconds;

/**
 * The record of a call from bristol to hq, 50 packets a second both ways from 0 s to 60 s: opens on
 * broadband, copies from 30.4 s, moves to mpls at 32.4 s, returns at 50 s; the event "spike" lasts
 * from 30 s to 35 s. Packet 100 is lost (sent at 2 s), packet 200 of the backward direction arrives
 * twice (sent at 4 s), forward 300 arrives late behind 301 and 302 (sent at 6 s).
 */
class Expectations : public testing::Test
{
  protected:
    Expectations()
    {
        m_scenario.duration = seconds(62);
        m_scenario.record.interval = milliseconds(500);
        m_scenario.clouds = {{"internet", "", spec::CloudKind::Internet}};
        for (const char* name : {"bristol", "hq"})
        {
            spec::Site site;
            site.name = name;
            spec::Link one;
            one.name = site.name == "hq" ? "dia" : "broadband";
            spec::Link two;
            two.name = "mpls";
            site.links = {one, two};
            m_scenario.sites.push_back(site);
        }
        spec::Path path;
        path.first = {0, 0};
        path.second = {1, 0};
        m_scenario.paths = {path};
        spec::Flow flow;
        flow.name = "call";
        flow.from = 0;
        flow.to = 1;
        flow.bothWays = true;
        m_scenario.traffic = {flow};
        spec::Event event;
        event.name = "spike";
        event.at = seconds(30);
        event.end = seconds(35);
        m_scenario.events = {event};

        FlowInfo info;
        info.name = "call";
        info.from = "bristol";
        info.to = "hq";
        info.codec = "g711";
        info.bothWays = true;
        m_recorder.AddFlow(info);
        for (const Direction d : {Direction::Forward, Direction::Backward})
        {
            Fill(d);
        }
        Decide(seconds(0), "open", "", "broadband");
        Decide(milliseconds(30400), "duplicate", "broadband", "mpls", "jitter");
        Decide(milliseconds(32400), "switch", "broadband", "mpls", "jitter");
        Decide(seconds(50), "return", "mpls", "broadband");
        DecisionRecord down;
        down.time = seconds(55);
        down.edge = "hq";
        down.action = "path-down";
        down.from = "dia";
        m_recorder.OnDecision(down);
        m_recorder.Finish(m_scenario.duration);
    }

    void
    Fill(Direction d)
    {
        const bool forward = d == Direction::Forward;
        // The backward direction follows 10 ms later.
        const TimeNs behind = milliseconds(forward ? 0 : 10);
        m_recorder.OnPathUse(0, d, {behind, "b>d", "broadband", "", ""});
        m_recorder.OnPathUse(
            0, d, {milliseconds(30400) + behind, "b>d", "broadband", "m>m", "mpls"});
        m_recorder.OnPathUse(0, d, {milliseconds(32400) + behind, "m>m", "mpls", "", ""});
        m_recorder.OnPathUse(0, d, {seconds(50) + behind, "b>d", "broadband", "", ""});
        struct Arrival
        {
            TimeNs time;
            std::uint64_t sequence;
        };
        std::vector<Arrival> arrivals;
        for (std::uint64_t i = 0; i < 3000; ++i)
        {
            const TimeNs sent = milliseconds(20) * i;
            m_recorder.OnSent(0, d, i, sent, 172);
            m_recorder.OnWire(0, d, sent, WireKind::Data, 240);
            if (sent >= milliseconds(30400) && sent < milliseconds(32400))
            {
                m_recorder.OnWire(0, d, sent, WireKind::Copy, 240);
            }
            if (forward && i == 100)
            {
                continue;
            }
            arrivals.push_back({sent + milliseconds(forward && i == 300 ? 60 : 6), i});
            if (!forward && i == 200)
            {
                arrivals.push_back({sent + milliseconds(9), i});
            }
        }
        std::stable_sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) {
            return a.time < b.time;
        });
        for (const Arrival& a : arrivals)
        {
            m_recorder.OnReceived(0, d, a.sequence, milliseconds(20) * a.sequence, a.time, 172);
        }
    }

    void
    Decide(
        TimeNs time, std::string action, std::string from, std::string to, std::string metric = "")
    {
        DecisionRecord d;
        d.time = time;
        d.edge = "bristol";
        d.flow = "call";
        d.rule = "teams-audio";
        d.action = std::move(action);
        d.from = std::move(from);
        d.to = std::move(to);
        d.metric = std::move(metric);
        d.value = 19.5;
        d.bound = 16.25;
        d.threshold = 15;
        m_recorder.OnDecision(d);
    }

    /// @return an expectation about the call over the whole run
    spec::Expectation
    Expect(std::string name, spec::ExpectKind kind)
    {
        spec::Expectation e;
        e.name = std::move(name);
        e.kind = kind;
        e.flow = 0;
        e.window.to = m_scenario.duration;
        return e;
    }

    spec::Expectation
    ExpectDecision(std::string name,
                   spec::Action action,
                   spec::ExpectKind kind = spec::ExpectKind::Decision)
    {
        spec::Expectation e = Expect(std::move(name), kind);
        e.action = action;
        return e;
    }

    static spec::Moment
    AfterEvent(bool end = false)
    {
        spec::Moment moment;
        moment.kind = end ? spec::Moment::Kind::EventEnd : spec::Moment::Kind::EventStart;
        moment.time = seconds(end ? 35 : 30);
        moment.index = 0;
        return moment;
    }

    static spec::Moment
    AfterDecision(spec::Index index)
    {
        spec::Moment moment;
        moment.kind = spec::Moment::Kind::Decision;
        moment.index = index;
        return moment;
    }

    std::vector<Verdict>
    JudgeAll(std::vector<spec::Expectation> expectations)
    {
        m_scenario.expectations = std::move(expectations);
        return Judge(m_scenario, m_recorder);
    }

    Verdict
    JudgeOne(spec::Expectation expectation)
    {
        return JudgeAll({std::move(expectation)}).at(0);
    }

    spec::Scenario m_scenario;
    Recorder m_recorder;
};

} // namespace weft::engine

#endif
