// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-multicast-config.h"

#include <stdexcept>

namespace weft::multicast
{

namespace
{

[[noreturn]] void
Refuse(const std::string& field, const std::string& value, const std::string& rule)
{
    throw std::invalid_argument(field + ": " + value + ": " + rule);
}

void
CheckTime(const std::string& field, TimeNs value, TimeNs least, TimeNs most)
{
    if (value < least || value > most)
    {
        const auto seconds = [](TimeNs t) {
            return std::to_string(std::chrono::duration<double>(t).count()) + " s";
        };
        Refuse(field, seconds(value), "has to be from " + seconds(least) + " to " + seconds(most));
    }
}

} // namespace

std::string_view
ToString(Mode mode)
{
    switch (mode)
    {
    case Mode::Sparse:
        return "sparse";
    case Mode::Dense:
        return "dense";
    case Mode::Bidirectional:
        return "bidirectional";
    case Mode::Static:
        return "static";
    }
    return "unknown";
}

void
CheckConfig(const RouterConfig& config)
{
    using namespace std::chrono_literals;
    for (std::size_t i = 0; i < config.ports.size(); ++i)
    {
        const PortConfig& port = config.ports[i];
        const std::string field = "ports[" + std::to_string(i) + "].";
        const bool unused = port.address.IsNone() && !port.pim && !port.igmp;
        if (unused)
        {
            continue;
        }
        if (!port.address.IsV4() || port.address.IsMulticast() || port.address.ToV4() == 0)
        {
            Refuse(field + "address", port.address.ToString(), "has to be an IPv4 unicast address");
        }
        if (port.prefixLength < 1 || port.prefixLength > 32)
        {
            Refuse(field + "prefixLength",
                   std::to_string(port.prefixLength),
                   "has to be from 1 to 32");
        }
    }
    if (!config.address.IsNone() && (!config.address.IsV4() || config.address.IsMulticast()))
    {
        Refuse("address", config.address.ToString(), "has to be an IPv4 unicast address");
    }
    for (std::size_t i = 0; i < config.rps.size(); ++i)
    {
        const RpMapping& mapping = config.rps[i];
        const std::string field = "rps[" + std::to_string(i) + "].";
        if (!mapping.rp.IsV4() || mapping.rp.IsMulticast())
        {
            Refuse(field + "rp", mapping.rp.ToString(), "has to be an IPv4 unicast address");
        }
        if (!mapping.groups.address.IsV4() || !mapping.groups.address.IsMulticast() ||
            mapping.groups.length < 4 || mapping.groups.length > 32)
        {
            Refuse(field + "groups", mapping.groups.ToString(), "has to lie within 224.0.0.0/4");
        }
    }
    const bool needsRp = config.mode == Mode::Sparse || config.mode == Mode::Bidirectional;
    if (needsRp && config.rps.empty())
    {
        Refuse("rps", "none", "this mode needs a Rendezvous Point");
    }
    if (config.igmpVersion != 2 && config.igmpVersion != 3)
    {
        Refuse("igmpVersion", std::to_string(config.igmpVersion), "has to be 2 or 3");
    }
    if (config.sptSwitch == SptSwitch::Threshold && config.sptThreshold == 0)
    {
        Refuse("sptThreshold", "0", "has to be positive");
    }
    if (config.mtu < 576 || config.mtu > 65535)
    {
        Refuse("mtu", std::to_string(config.mtu), "has to be from 576 to 65535");
    }
    if (config.maxSources == 0)
    {
        Refuse("maxSources", "0", "has to be positive");
    }
    CheckTime("sptWindow", config.sptWindow, 1ms, 1h);
    const PimTimers& pim = config.pim;
    CheckTime("pim.hello", pim.hello, 1s, 18000s);
    CheckTime("pim.helloHoldtime", pim.helloHoldtime, 1s, 65534s);
    CheckTime("pim.triggeredHello", pim.triggeredHello, 0s, 60s);
    CheckTime("pim.joinPrune", pim.joinPrune, 1s, 18000s);
    CheckTime("pim.joinPruneHoldtime", pim.joinPruneHoldtime, 1s, 65534s);
    CheckTime("pim.propagation", pim.propagation, 0s, 32767ms);
    CheckTime("pim.override", pim.override, 0s, 65535ms);
    CheckTime("pim.registerProbe", pim.registerProbe, 1ms, 3600s);
    CheckTime("pim.registerSuppression", pim.registerSuppression, 2 * pim.registerProbe, 65535s);
    CheckTime("pim.keepalive", pim.keepalive, 1s, 65535s);
    CheckTime("pim.rpKeepalive", pim.rpKeepalive, 1s, 262144s);
    CheckTime("pim.assertOverride", pim.assertOverride, 1ms, 3600s);
    CheckTime("pim.assertTime", pim.assertTime, pim.assertOverride + 1ms, 65535s);
    CheckTime("pim.graftRetry", pim.graftRetry, 1ms, 3600s);
    CheckTime("pim.pruneLimit", pim.pruneLimit, 1s, 65535s);
    CheckTime("pim.sourceActive", pim.sourceActive, 1s, 65535s);
    CheckTime("pim.stateRefresh", pim.stateRefresh, 1s, 255s);
    CheckTime("pim.dfOffer", pim.dfOffer, 1ms, 60s);
    CheckTime("pim.dfBackoff", pim.dfBackoff, 1ms, 65535ms);
    if (pim.dfRobustness < 1 || pim.dfRobustness > 16)
    {
        Refuse("pim.dfRobustness", std::to_string(pim.dfRobustness), "has to be from 1 to 16");
    }
    const IgmpTimers& igmp = config.igmp;
    if (igmp.robustness < 1 || igmp.robustness > 7)
    {
        Refuse("igmp.robustness", std::to_string(igmp.robustness), "has to be from 1 to 7");
    }
    CheckTime("igmp.queryInterval", igmp.queryInterval, 1s, 31744s);
    CheckTime("igmp.queryResponse",
              igmp.queryResponse,
              100ms,
              std::min<TimeNs>(igmp.queryInterval - 1ms, 3174400ms));
    CheckTime("igmp.lastMemberInterval", igmp.lastMemberInterval, 100ms, 3174400ms);
    if (igmp.lastMemberCount < 1 || igmp.lastMemberCount > 255)
    {
        Refuse("igmp.lastMemberCount",
               std::to_string(igmp.lastMemberCount),
               "has to be from 1 to 255");
    }
}

} // namespace weft::multicast
