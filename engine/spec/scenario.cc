// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/scenario.h"
#include "engine/spec/name-of.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

namespace
{

std::uint32_t
MaskOf(unsigned length)
{
    return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
}

} // namespace

bool
Prefix::Contains(std::uint32_t host) const
{
    return (host & MaskOf(length)) == address;
}

bool
Prefix::Overlaps(const Prefix& other) const
{
    const auto mask = MaskOf(std::min(length, other.length));
    return (address & mask) == (other.address & mask);
}

Protocol
Flow::TransportProtocol() const
{
    return kind == TrafficKind::BulkTcp ? Protocol::Tcp : Protocol::Udp;
}

const Link&
Scenario::At(const LinkRef& ref) const
{
    return sites.at(ref.site).links.at(ref.link);
}

std::string
Scenario::Name(const LinkRef& ref) const
{
    return sites.at(ref.site).name + "." + At(ref).name;
}

std::string
Scenario::Name(const Path& path) const
{
    return Name(path.first) + ">" + Name(path.second);
}

std::string_view
ToString(CloudKind kind)
{
    return NameOf(kind, std::array<std::string_view, 2>{"internet", "l3vpn"});
}

std::string_view
ToString(QueueKind kind)
{
    return NameOf(kind, std::array<std::string_view, 2>{"fifo", "fq-codel"});
}

std::string_view
ToString(Cipher cipher)
{
    return NameOf(cipher, std::array<std::string_view, 3>{"aes-128-gcm", "aes-256-gcm", "null"});
}

std::string_view
ToString(Protocol protocol)
{
    return protocol == Protocol::Tcp ? "tcp" : "udp";
}

std::string_view
ToString(TrafficClass trafficClass)
{
    return NameOf(trafficClass,
                  std::array<std::string_view, 4>{"voice", "video", "transactional", "bulk"});
}

std::string_view
ToString(JitterMetric metric)
{
    return NameOf(metric, std::array<std::string_view, 4>{"rfc3550", "pdv95", "pdv99", "stddev"});
}

std::string_view
ToString(FecGroup group)
{
    return NameOf(group, std::array<std::string_view, 2>{"tunnel-class", "flow"});
}

std::string_view
ToString(FecWhen when)
{
    return NameOf(when, std::array<std::string_view, 2>{"always", "lossy"});
}

std::string_view
ToString(TrafficKind kind)
{
    return NameOf(kind,
                  std::array<std::string_view, 7>{
                      "voice", "onoff", "bulk-udp", "bulk-tcp", "ping", "broadcast", "arp"});
}

std::string_view
ToString(Codec codec)
{
    return NameOf(codec, std::array<std::string_view, 2>{"teams", "g711"});
}

std::string_view
ToString(EventShape shape)
{
    return NameOf(shape, std::array<std::string_view, 3>{"step", "ramp", "square"});
}

std::string_view
ToString(EventKind kind)
{
    return NameOf(kind, std::array<std::string_view, 4>{"weather", "move", "wire", "node"});
}

std::string_view
ToString(TableKind kind)
{
    return NameOf(kind,
                  std::array<std::string_view, 7>{
                      "bridge-fdb", "vtep-fdb", "arp", "groups", "igmp", "multicast", "routes"});
}

std::string_view
ToString(BalanceOf of)
{
    return NameOf(of, std::array<std::string_view, 3>{"flows", "bytes", "frames"});
}

std::string_view
ToString(ExpectKind kind)
{
    return NameOf(kind,
                  std::array<std::string_view, 11>{"decision",
                                                   "no_decision",
                                                   "lan",
                                                   "cost",
                                                   "follows",
                                                   "metric",
                                                   "outage",
                                                   "table",
                                                   "frames",
                                                   "counter",
                                                   "balance"});
}

std::string_view
ToString(Action action)
{
    return NameOf(action,
                  std::array<std::string_view, 11>{"open",
                                                   "duplicate",
                                                   "stop-duplicate",
                                                   "switch",
                                                   "return",
                                                   "fec-on",
                                                   "fec-off",
                                                   "least-bad",
                                                   "path-down",
                                                   "path-up",
                                                   "follow"});
}

std::string_view
ToString(FlowDirection direction)
{
    return NameOf(direction, std::array<std::string_view, 3>{"forward", "backward", "both"});
}

std::string_view
ToString(Metric metric)
{
    return NameOf(metric,
                  std::array<std::string_view, 15>{"delay.mean",
                                                   "delay.p50",
                                                   "delay.p95",
                                                   "delay.p99",
                                                   "delay.max",
                                                   "jitter",
                                                   "loss",
                                                   "mos.mean",
                                                   "mos.min",
                                                   "throughput",
                                                   "rtt.mean",
                                                   "rtt.p50",
                                                   "rtt.p95",
                                                   "rtt.p99",
                                                   "rtt.max"});
}

std::string
ToString(const Prefix& prefix)
{
    return fmt::format("{}.{}.{}.{}/{}",
                       prefix.address >> 24,
                       prefix.address >> 16 & 255,
                       prefix.address >> 8 & 255,
                       prefix.address & 255,
                       prefix.length);
}

} // namespace weft::spec
