// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-policy.h"

#include <algorithm>
#include <stdexcept>

namespace weft::sdwan
{

namespace
{

template <typename T, typename Holds>
bool
AnyOrEmpty(const std::vector<T>& list, Holds holds)
{
    return list.empty() || std::any_of(list.begin(), list.end(), holds);
}

[[noreturn]] void
Refuse(const std::string& where, const std::string& what)
{
    throw std::invalid_argument("policy: " + where + ": " + what);
}

void
CheckTuple(const std::string& where, const TupleMatch& t)
{
    for (const auto* ports : {&t.sourcePorts, &t.destinationPorts})
    {
        for (const PortRange& p : *ports)
        {
            if (p.first > p.last)
            {
                Refuse(where,
                       "port range " + std::to_string(p.first) + "-" + std::to_string(p.last) +
                           " is empty");
            }
        }
    }
    for (const auto* prefixes : {&t.sources, &t.destinations})
    {
        for (const Ipv4Prefix& p : *prefixes)
        {
            if (p.length > 32)
            {
                Refuse(where, "prefix length " + std::to_string(p.length) + " is not in 0..32");
            }
        }
    }
}

void
CheckRemedies(const std::string& where, const RemediationProfile& r)
{
    if (r.fec.mode != FecMode::Off)
    {
        if (r.fec.data < 2 || r.fec.data > 32)
        {
            Refuse(where, "fec.data = " + std::to_string(r.fec.data) + " is not in 2..32");
        }
        if (r.fec.depth < 1 || r.fec.depth > 16)
        {
            Refuse(where, "fec.depth = " + std::to_string(r.fec.depth) + " is not in 1..16");
        }
        if (r.fec.flush <= TimeNs{0})
        {
            Refuse(where, "fec.flush must be positive");
        }
    }
    if (r.jitterBuffer.enabled && (r.jitterBuffer.cap <= TimeNs{0} || r.jitterBuffer.packets < 1))
    {
        Refuse(where, "jitter buffer: cap and packets must be positive");
    }
    for (const TimeNs t : {r.duplicateAfter, r.switchAfter, r.returnAfter, r.holdDown})
    {
        if (t < TimeNs{0})
        {
            Refuse(where, "remedy timers must not be negative");
        }
    }
}

} // namespace

bool
TupleMatch::Matches(const FlowKey& key) const
{
    return (!protocol || *protocol == key.protocol) &&
           AnyOrEmpty(sourcePorts,
                      [&key](const PortRange& p) { return p.Contains(key.sourcePort); }) &&
           AnyOrEmpty(destinationPorts,
                      [&key](const PortRange& p) { return p.Contains(key.destinationPort); }) &&
           AnyOrEmpty(sources, [&key](const Ipv4Prefix& p) { return p.Contains(key.source); }) &&
           AnyOrEmpty(destinations,
                      [&key](const Ipv4Prefix& p) { return p.Contains(key.destination); });
}

LinkRank
LinkSelection::Rank(std::string_view link) const
{
    const auto in = [link](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), link) != names.end();
    };
    if (!mandatory.empty() && !in(mandatory))
    {
        return LinkRank::Forbidden;
    }
    return in(prefer) ? LinkRank::Preferred : in(backup) ? LinkRank::Backup : LinkRank::Available;
}

SteeringConfig
PolicyRule::Steering(FlowRole role) const
{
    SteeringConfig c;
    c.role = role;
    c.duplicate = remedies.duplicate;
    c.switchPaths = remedies.switchPaths;
    c.fec = remedies.fec.mode;
    if (const double limit = Sla().loss; limit < 1)
    {
        c.fecLossLevel = limit;
    }
    c.duplicateAfter = remedies.duplicateAfter;
    c.switchAfter = remedies.switchAfter;
    c.returnAfter = remedies.returnAfter;
    c.holdDown = remedies.holdDown;
    return c;
}

PolicyRule
Policy::DefaultRule()
{
    PolicyRule rule;
    rule.name = "default";
    return rule;
}

Policy::Policy(std::vector<PolicyRule> rules,
               std::vector<Application> applications,
               PolicyRule defaultRule)
    : m_rules(std::move(rules)), m_applications(std::move(applications)),
      m_default(std::move(defaultRule))
{
    for (std::size_t i = 0; i < m_applications.size(); ++i)
    {
        const Application& a = m_applications[i];
        const std::string where = "application " + a.name;
        const auto same = [&a](const Application& o) { return o.name == a.name; };
        if (a.name.empty())
        {
            Refuse("application " + std::to_string(i + 1), "has no name");
        }
        if (std::count_if(m_applications.begin(), m_applications.end(), same) > 1)
        {
            Refuse(where, "is defined twice");
        }
        CheckTuple(where, a.match);
    }
    CheckRemedies("rule " + m_default.name, m_default.remedies);
    for (std::size_t i = 0; i < m_rules.size(); ++i)
    {
        const PolicyRule& r = m_rules[i];
        const std::string where = "rule " + r.name;
        if (r.name.empty())
        {
            Refuse("rule " + std::to_string(i + 1), "has no name");
        }
        if (std::count_if(m_rules.begin(), m_rules.end(), [&r](const PolicyRule& o) {
                return o.name == r.name;
            }) > 1)
        {
            Refuse(where, "is defined twice");
        }
        CheckTuple(where, r.match.tuple);
        CheckRemedies(where, r.remedies);
        std::size_t application = NO_APPLICATION;
        if (r.match.application)
        {
            const auto it =
                std::find_if(m_applications.begin(),
                             m_applications.end(),
                             [&r](const Application& a) { return a.name == *r.match.application; });
            if (it == m_applications.end())
            {
                Refuse(where, "application " + *r.match.application + " is not defined");
            }
            application = static_cast<std::size_t>(it - m_applications.begin());
        }
        m_ruleApplication.push_back(application);
    }
}

std::size_t
Policy::Label(const FlowKey& key) const
{
    for (std::size_t i = 0; i < m_applications.size(); ++i)
    {
        if (m_applications[i].match.Matches(key))
        {
            return i;
        }
    }
    return NO_APPLICATION;
}

bool
Policy::Matches(std::size_t rule, const FlowKey& key, std::size_t application) const
{
    const RuleMatch& m = m_rules[rule].match;
    return (!m.segment || *m.segment == key.segment) &&
           (m_ruleApplication[rule] == NO_APPLICATION || m_ruleApplication[rule] == application) &&
           m.tuple.Matches(key);
}

Classification
Policy::Classify(const FlowKey& key) const
{
    const FlowKey back = key.Reversed();
    const std::size_t own = Label(key);
    const std::size_t reverse = Label(back);
    Classification c;
    const std::size_t label = own != NO_APPLICATION ? own : reverse;
    if (label != NO_APPLICATION)
    {
        c.application = m_applications[label].name;
    }
    for (std::size_t i = 0; i < m_rules.size(); ++i)
    {
        const bool forward = Matches(i, key, own);
        if (forward || Matches(i, back, reverse))
        {
            c.rule = &m_rules[i];
            c.ruleIndex = static_cast<std::uint16_t>(i);
            c.reversed = !forward;
            return c;
        }
    }
    c.rule = &m_default;
    c.ruleIndex = static_cast<std::uint16_t>(m_rules.size());
    return c;
}

} // namespace weft::sdwan
