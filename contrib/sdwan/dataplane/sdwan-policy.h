// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Business Policy: ordered rules, first match wins, on application label, 5-tuple, prefixes and
 * segment.
 *
 * A flow is classified once, by its first packet. Rules speak of the direction of the flow's
 * opener; a packet that runs against it matches the same rule, reversed (Classification::reversed),
 * so both ends of a flow find the same rule.
 */
#ifndef SDWAN_POLICY_H
#define SDWAN_POLICY_H

#include "sdwan-sla.h"
#include "sdwan-threshold-steering.h"

#include <optional>
#include <string>
#include <vector>

namespace weft::sdwan
{

/// Ports first..last, both included; 0..0xffff is any.
struct PortRange
{
    std::uint16_t first = 0;
    std::uint16_t last = 0xffff;

    bool
    Contains(std::uint16_t port) const
    {
        return port >= first && port <= last;
    }
};

/// IPv4 prefix in host byte order; length 0 is any.
struct Ipv4Prefix
{
    std::uint32_t address = 0;
    std::uint8_t length = 0; ///< 0..32

    bool
    Contains(std::uint32_t a) const
    {
        return length == 0 || ((a ^ address) >> (32 - length)) == 0;
    }
};

/// Conditions on a 5-tuple; all must hold, an empty list or nullopt holds always.
struct TupleMatch
{
    std::optional<std::uint8_t> protocol;    ///< IANA number
    std::vector<PortRange> sourcePorts;      ///< any of them
    std::vector<PortRange> destinationPorts; ///< any of them
    std::vector<Ipv4Prefix> sources;         ///< any of them
    std::vector<Ipv4Prefix> destinations;    ///< any of them

    bool Matches(const FlowKey& key) const;
};

/// A label and what carries it. The first application that matches gives a flow its label.
struct Application
{
    std::string name;
    TupleMatch match;
};

struct RuleMatch
{
    std::optional<std::string> application; ///< name in the application table
    TupleMatch tuple;
    std::optional<std::uint8_t> segment;
};

/// Names of local links. A name no local link has is ignored at that Edge.
struct LinkSelection
{
    std::vector<std::string> prefer;
    std::vector<std::string> mandatory; ///< not empty: all other links are forbidden
    std::vector<std::string> backup;

    /// Rank of a link by its name. A link that is mandatory and preferred is Preferred.
    LinkRank Rank(std::string_view link) const;
};

/// XOR N+1 FEC as a rule asks for it.
struct FecRemedy
{
    FecMode mode = FecMode::Off;
    bool perFlow = false;                         ///< group by flow instead of (tunnel, class)
    unsigned data = 4;                            ///< packets per parity, 2..32
    unsigned depth = 1;                           ///< interleaving, 1..16
    TimeNs flush = std::chrono::milliseconds{40}; ///< longest wait for a group to fill, > 0
};

struct JitterBufferRemedy
{
    bool enabled = false;
    TimeNs cap = std::chrono::milliseconds{200}; ///< longest hold, > 0
    unsigned packets = 10;                       ///< most packets held, >= 1
};

/// What may be done when a path degrades.
struct RemediationProfile
{
    FecRemedy fec;
    JitterBufferRemedy jitterBuffer;
    bool duplicate = false;
    bool switchPaths = true;
    TimeNs duplicateAfter{0};
    TimeNs switchAfter = std::chrono::seconds{2};
    TimeNs returnAfter = std::chrono::seconds{20};
    TimeNs holdDown = std::chrono::seconds{5};
};

struct PolicyRule
{
    std::string name;
    RuleMatch match;
    TrafficClass trafficClass = TrafficClass::Transactional;
    std::optional<SlaProfile> sla; ///< default: the preset of the class
    LinkSelection links;
    RemediationProfile remedies;

    /// The limits in force.
    SlaProfile
    Sla() const
    {
        return sla ? *sla : PresetSla(trafficClass);
    }

    /// Timers and permissions of the rule for a strategy. Every FEC mode but Off sends parity above
    /// the SLA's loss limit.
    SteeringConfig Steering(FlowRole role) const;
};

/// What the first packet of a flow is.
struct Classification
{
    const PolicyRule* rule = nullptr; ///< never null after Classify()
    std::uint16_t ruleIndex = 0;      ///< position; rules().size() for the default rule
    std::string_view application;     ///< empty: none
    bool reversed = false;            ///< the packet runs against the direction the rule describes
};

class Policy
{
  public:
    /**
     * @param rules in order
     * @param applications in order
     * @param defaultRule what matches when no rule does; its match is ignored
     * @throws std::invalid_argument for a rule without name, a repeated name, an unknown
     * application, a prefix longer than 32 bits, an empty port range or remedies out of range
     */
    explicit Policy(std::vector<PolicyRule> rules = {},
                    std::vector<Application> applications = {},
                    PolicyRule defaultRule = DefaultRule());

    /// Classifies a flow. No allocation. Within a rule the packet's own direction is tried before
    /// the reverse.
    Classification Classify(const FlowKey& key) const;

    const std::vector<PolicyRule>&
    Rules() const
    {
        return m_rules;
    }

    /// What matches when no rule does.
    const PolicyRule&
    Default() const
    {
        return m_default;
    }

    /// "default": transactional, any link, no remedies but switching.
    static PolicyRule DefaultRule();

  private:
    static constexpr std::size_t NO_APPLICATION = ~std::size_t{0};

    std::size_t Label(const FlowKey& key) const;
    bool Matches(std::size_t rule, const FlowKey& key, std::size_t application) const;

    std::vector<PolicyRule> m_rules;
    std::vector<Application> m_applications;
    std::vector<std::size_t> m_ruleApplication; ///< index into m_applications, or NO_APPLICATION
    PolicyRule m_default;
};

} // namespace weft::sdwan

#endif
