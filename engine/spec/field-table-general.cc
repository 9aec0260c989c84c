// SPDX-License-Identifier: GPL-2.0-only
/** @file Keys of the scenario as a whole, of sites, clouds and the SD-WAN overlay. */
#include "engine/spec/field-table.h"

namespace weft::spec
{

namespace
{

using D = Dimension;
using T = Type;

// clang-format off
constexpr Field TABLE[] = {
    {.path = "scenario", .type = T::NewName, .doc = "Name of the scenario; results go under results/ in a folder of that name.", .required = true, .example = "teams-call"},
    {.path = "about", .type = T::Text, .doc = "What the scenario shows, in prose.", .otherwise = "empty", .example = "The call moves to MPLS and comes back."},
    {.path = "duration", .type = T::Quantity, .doc = "Simulated time.", .dimension = D::Time, .required = true, .min = "1ms", .max = "1000h", .example = "90s"},
    {.path = "seed", .type = T::Integer, .doc = "Seed of every random process. The same seed and scenario give the same run.", .fallback = "1", .min = "0", .max = "9007199254740991"},

    {.path = "record", .type = T::Map, .doc = "What is recorded besides decisions and totals.", .otherwise = "defaults"},
    {.path = "record.interval", .type = T::Quantity, .doc = "Width of the bins of time series.", .dimension = D::Time, .fallback = "500ms", .min = "1ms", .max = "1h"},
    {.path = "record.capture", .type = T::Toggle, .doc = "Whether to write capture.pcapng with every datagram on the WAN links and every frame of the wires in `frames`.", .fallback = "off"},
    {.path = "record.frames", .type = T::WiresOrAll, .doc = "Wires whose frames are decoded into frames.csv; all: every link and uplink of the fabric.", .otherwise = "none", .example = "[leaf1.spine1, host1.uplink]"},
    {.path = "record.tables", .type = T::Toggle, .doc = "Whether to write every change of every forwarding table, ARP cache and group membership to tables.csv.", .otherwise = "on with a fabric, else off", .example = "on"},

    {.path = "clouds", .type = T::NamedMap, .doc = "Provider networks, by name. A cloud carries datagrams between the links attached to it, and nowhere else.", .required = true, .unless = "fabric"},
    {.path = "clouds.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "clouds.kind", .type = T::Choice, .doc = "The Internet, or a private layer-3 VPN (MPLS) whose members reach only each other.", .values = "internet|l3vpn", .required = true, .example = "internet"},

    {.path = "sites", .type = T::NamedMap, .doc = "Offices, by name: each has an Edge, a LAN and links to clouds.", .required = true, .unless = "fabric"},
    {.path = "sites.about", .type = T::Text, .doc = "A remark, such as the town.", .otherwise = "empty"},
    {.path = "sites.location", .type = T::Map, .doc = "Where the site is. With both ends known, a path quicker than light in fibre is an error.", .otherwise = "unknown"},
    {.path = "sites.location.latitude", .type = T::Number, .doc = "Degrees, north positive.", .required = true, .min = "-90", .max = "90", .example = "51.4545"},
    {.path = "sites.location.longitude", .type = T::Number, .doc = "Degrees, east positive.", .required = true, .min = "-180", .max = "180", .example = "-2.5879"},
    {.path = "sites.lan", .type = T::Prefix, .doc = "The site's network. No two sites' networks may overlap.", .required = true, .example = "10.20.30.0/24"},
    {.path = "sites.clock", .type = T::Map, .doc = "How the Edge's clock differs from true time.", .otherwise = "true time"},
    {.path = "sites.clock.offset", .type = T::Quantity, .doc = "Added to the clock.", .dimension = D::Time, .fallback = "0s", .min = "-8760h", .max = "8760h"},
    {.path = "sites.clock.skew", .type = T::Quantity, .doc = "Rate error of the clock.", .dimension = D::Skew, .fallback = "0ppm", .min = "-1000ppm", .max = "1000ppm"},
    {.path = "sites.links", .type = T::NamedMap, .doc = "The site's attachments to clouds, by name.", .required = true},
    {.path = "sites.links.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "sites.links.cloud", .type = T::Name, .doc = "The cloud the link leads to.", .refers = "clouds", .required = true, .example = "internet"},
    {.path = "sites.links.rate", .type = T::Quantity, .doc = "Rate in both directions; stands for equal `up` and `down`.", .dimension = D::Rate, .otherwise = "`up` and `down` are needed", .min = "1kbps", .max = "1000Gbps", .example = "200Mbps"},
    {.path = "sites.links.up", .type = T::Quantity, .doc = "Rate from the site.", .dimension = D::Rate, .otherwise = "as `rate`", .min = "1kbps", .max = "1000Gbps", .example = "20Mbps"},
    {.path = "sites.links.down", .type = T::Quantity, .doc = "Rate to the site.", .dimension = D::Rate, .otherwise = "as `rate`", .min = "1kbps", .max = "1000Gbps", .example = "80Mbps"},
    {.path = "sites.links.queue", .type = T::Choice, .doc = "Queue at either end of the link: drop tail, or FQ-CoDel (RFC 8290).", .values = "fifo|fq-codel", .fallback = "fifo"},
    {.path = "sites.links.queue_limit", .type = T::Quantity, .doc = "Most bytes that wait in either direction.", .dimension = D::Size, .otherwise = "50 ms at the direction's rate, at least 64KiB", .min = "1500B", .max = "1GiB", .example = "256KiB"},
    {.path = "sites.links.mtu", .type = T::Quantity, .doc = "Largest IPv4 datagram.", .dimension = D::Size, .fallback = "1500B", .min = "576B", .max = "9216B"},

    {.path = "paths", .type = T::List, .doc = "Pairs of links of one cloud that reach each other, and the weather between them. Pairs not listed have no path.", .required = true, .unless = "fabric"},
    {.path = "paths.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "paths.between", .type = T::LinkPair, .doc = "The two links. Forward is from the first to the second.", .required = true, .example = "[bristol.mpls, hq.mpls]"},
    {.path = "paths.rtt", .type = T::Quantity, .doc = "Base round trip, half of it each way. Give this or `delay`.", .dimension = D::Time, .otherwise = "`delay` is needed", .min = "0s", .max = "10s", .example = "12ms"},
    {.path = "paths.delay", .type = T::Quantity, .doc = "Base one-way delay.", .dimension = D::Time, .otherwise = "half of `rtt`", .min = "0s", .max = "5s", .example = "6ms"},
    {.path = "paths.jitter", .type = T::Quantity, .doc = "Standard deviation of the delay added to the base.", .dimension = D::Time, .fallback = "0ms", .min = "0s", .max = "10s", .example = "4ms"},
    {.path = "paths.jitter_correlation", .type = T::Quantity, .doc = "Time constant over which the added delay is alike.", .dimension = D::Time, .fallback = "100ms", .min = "1ms", .max = "1h"},
    {.path = "paths.loss", .type = T::Quantity, .doc = "Mean loss.", .dimension = D::Fraction, .fallback = "0%", .min = "0%", .max = "100%", .example = "0.1%"},
    {.path = "paths.bad_period", .type = T::Quantity, .doc = "Mean length of a period in which everything is lost.", .dimension = D::Time, .fallback = "20ms", .min = "1us", .max = "1h"},
    {.path = "paths.reorder", .type = T::Quantity, .doc = "Fraction of packets held back by `reorder_delay`.", .dimension = D::Fraction, .fallback = "0%", .min = "0%", .max = "100%"},
    {.path = "paths.reorder_delay", .type = T::Quantity, .doc = "How long a reordered packet is held back.", .dimension = D::Time, .fallback = "0ms", .min = "0s", .max = "10s"},
    {.path = "paths.forward", .type = T::Map, .doc = "What differs from the first link to the second.", .otherwise = "as above"},
    {.path = "paths.backward", .type = T::Map, .doc = "What differs from the second link to the first.", .otherwise = "as above"},
#define WEFT_DIRECTION(NAME) \
    {.path = "paths." NAME ".delay", .type = T::Quantity, .doc = "Base one-way delay in this direction.", .dimension = D::Time, .otherwise = "that of the path", .min = "0s", .max = "5s", .example = "6ms"}, \
    {.path = "paths." NAME ".jitter", .type = T::Quantity, .doc = "Standard deviation of the delay added in this direction.", .dimension = D::Time, .otherwise = "that of the path", .min = "0s", .max = "10s", .example = "4ms"}, \
    {.path = "paths." NAME ".jitter_correlation", .type = T::Quantity, .doc = "Time constant over which the added delay is alike.", .dimension = D::Time, .otherwise = "that of the path", .min = "1ms", .max = "1h", .example = "100ms"}, \
    {.path = "paths." NAME ".loss", .type = T::Quantity, .doc = "Mean loss in this direction.", .dimension = D::Fraction, .otherwise = "that of the path", .min = "0%", .max = "100%", .example = "0.1%"}, \
    {.path = "paths." NAME ".bad_period", .type = T::Quantity, .doc = "Mean length of a period in which everything is lost.", .dimension = D::Time, .otherwise = "that of the path", .min = "1us", .max = "1h", .example = "20ms"}, \
    {.path = "paths." NAME ".reorder", .type = T::Quantity, .doc = "Fraction of packets held back by `reorder_delay`.", .dimension = D::Fraction, .otherwise = "that of the path", .min = "0%", .max = "100%", .example = "1%"}, \
    {.path = "paths." NAME ".reorder_delay", .type = T::Quantity, .doc = "How long a reordered packet is held back.", .dimension = D::Time, .otherwise = "that of the path", .min = "0s", .max = "10s", .example = "5ms"},
    WEFT_DIRECTION("forward")
    WEFT_DIRECTION("backward")
#undef WEFT_DIRECTION

    {.path = "tunnels", .type = T::Map, .doc = "Settings of all tunnels. There is one tunnel for each path.", .otherwise = "defaults"},
    {.path = "tunnels.cipher", .type = T::Choice, .doc = "Packet protection; null protects nothing and keeps the size.", .values = "aes-128-gcm|aes-256-gcm|null", .fallback = "aes-128-gcm"},
    {.path = "tunnels.rekey", .type = T::Quantity, .doc = "Life of a key.", .dimension = D::Time, .fallback = "8h", .min = "1s", .max = "8760h"},
    {.path = "tunnels.probe", .type = T::Quantity, .doc = "Time between probes of a path without traffic. Three missed in a row make it unusable.", .dimension = D::Time, .fallback = "100ms", .min = "1ms", .max = "1min"},
    {.path = "tunnels.idle_probe", .type = T::Quantity, .doc = "The same once a pair of sites has been idle for `idle_after`.", .dimension = D::Time, .fallback = "500ms", .min = "1ms", .max = "10min"},
    {.path = "tunnels.idle_after", .type = T::Quantity, .doc = "Time without user traffic after which probes slow down.", .dimension = D::Time, .fallback = "5min", .min = "1s", .max = "24h"},

    {.path = "applications", .type = T::NamedMap, .doc = "What makes packets an application, by name. Every condition given has to hold.", .otherwise = "none"},
    {.path = "applications.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "applications.protocol", .type = T::Choice, .doc = "Transport protocol.", .values = "tcp|udp", .otherwise = "any", .example = "udp"},
    {.path = "applications.source_ports", .type = T::Ports, .doc = "Ports of the side that opens the flow.", .otherwise = "any", .example = "50000-50019"},
    {.path = "applications.destination_ports", .type = T::Ports, .doc = "Ports of the side that answers.", .otherwise = "any", .example = "3478-3481"},
    {.path = "applications.prefixes", .type = T::Prefixes, .doc = "Networks of the side that answers.", .otherwise = "any", .example = "[10.20.10.0/24]"},

    {.path = "slas", .type = T::NamedMap, .doc = "Limits beyond which a path is out of SLA, by name. voice, video, transactional and bulk are built in and may be changed.", .otherwise = "none"},
    {.path = "slas.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "slas.preset", .type = T::Choice, .doc = "Built-in limits to start from.", .values = "voice|video|transactional|bulk", .otherwise = "the built-in limits of the same name; without such, all limits are needed", .example = "voice"},
    {.path = "slas.latency", .type = T::Quantity, .doc = "Most one-way latency.", .dimension = D::Time, .otherwise = "as preset: voice and video 65ms, transactional 80ms, bulk 500ms", .min = "1us", .max = "1h", .example = "65ms"},
    {.path = "slas.jitter", .type = T::Quantity, .doc = "Most jitter.", .dimension = D::Time, .otherwise = "as preset: voice 30ms, video 10ms, transactional 200ms, bulk 500ms", .min = "1us", .max = "1h", .example = "15ms"},
    {.path = "slas.loss", .type = T::Quantity, .doc = "Most loss.", .dimension = D::Fraction, .otherwise = "as preset: voice 1%, video 0.1%, transactional 3%, bulk 10%", .min = "0%", .max = "100%", .example = "1%"},
    {.path = "slas.jitter_metric", .type = T::Choice, .doc = "Definition of jitter: RFC 3550's smoothed mean deviation, a percentile of RFC 5481's PDV, or the standard deviation of the one-way delay.", .values = "rfc3550|pdv95|pdv99|stddev", .fallback = "stddev"},

    {.path = "policy", .type = T::List, .doc = "Rules of the Business Policy for all sites, in order; the first that matches decides. What matches none is class bulk, without remedies but switching.", .otherwise = "none"},
    {.path = "policy.rule", .type = T::NewName, .doc = "Name of the rule.", .required = true, .example = "teams-audio"},
    {.path = "policy.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "policy.match", .type = T::Map, .doc = "Conditions on a flow; every one given has to hold.", .otherwise = "everything matches"},
    {.path = "policy.match.application", .type = T::Name, .doc = "The application it is.", .refers = "applications", .otherwise = "any", .example = "teams-audio"},
    {.path = "policy.match.protocol", .type = T::Choice, .doc = "Transport protocol.", .values = "tcp|udp", .otherwise = "any", .example = "udp"},
    {.path = "policy.match.source", .type = T::Prefix, .doc = "Network of the side that opens the flow.", .otherwise = "any", .example = "10.20.30.0/24"},
    {.path = "policy.match.destination", .type = T::Prefix, .doc = "Network of the side that answers.", .otherwise = "any", .example = "10.20.10.0/24"},
    {.path = "policy.match.source_ports", .type = T::Ports, .doc = "Ports of the side that opens the flow.", .otherwise = "any", .example = "50000-50019"},
    {.path = "policy.match.destination_ports", .type = T::Ports, .doc = "Ports of the side that answers.", .otherwise = "any", .example = "[80, 443]"},
    {.path = "policy.match.segment", .type = T::Integer, .doc = "Segment (VRF) of the flow.", .otherwise = "any", .min = "0", .max = "255", .example = "0"},
    {.path = "policy.class", .type = T::Choice, .doc = "Service class.", .values = "voice|video|transactional|bulk", .required = true, .example = "voice"},
    {.path = "policy.sla", .type = T::Name, .doc = "Limits that paths are judged by.", .refers = "slas", .otherwise = "the built-in one of the class", .example = "voice"},
    {.path = "policy.links", .type = T::Map, .doc = "Wishes about the Edge's own links, by name.", .otherwise = "the path with the most margin"},
    {.path = "policy.links.prefer", .type = T::Names, .doc = "Used, in this order, while in SLA.", .refers = "links", .otherwise = "none", .example = "[broadband]"},
    {.path = "policy.links.mandatory", .type = T::Names, .doc = "No others are ever used.", .refers = "links", .otherwise = "none", .example = "[mpls]"},
    {.path = "policy.links.backup", .type = T::Names, .doc = "Used only when no other is usable.", .refers = "links", .otherwise = "none", .example = "[lte]"},
    {.path = "policy.remedies", .type = T::Map, .doc = "What may be done about a path out of SLA.", .otherwise = "defaults"},
    {.path = "policy.remedies.fec", .type = T::MapOrOff, .doc = "XOR parity: one parity packet after every `data` packets.", .fallback = "off", .example = "{ data: 4 }"},
    {.path = "policy.remedies.fec.data", .type = T::Integer, .doc = "Data packets to a parity packet.", .fallback = "4", .min = "1", .max = "32"},
    {.path = "policy.remedies.fec.group", .type = T::Choice, .doc = "Which packets share parity: all of the class on the tunnel, or those of one flow.", .values = "tunnel-class|flow", .fallback = "tunnel-class"},
    {.path = "policy.remedies.fec.depth", .type = T::Integer, .doc = "Interleaving: groups that are filled in turn.", .fallback = "1", .min = "1", .max = "16"},
    {.path = "policy.remedies.fec.flush", .type = T::Quantity, .doc = "Age at which a group that is not full gets its parity.", .dimension = D::Time, .fallback = "100ms", .min = "1ms", .max = "10s"},
    {.path = "policy.remedies.fec.when", .type = T::Choice, .doc = "Always, or only while the path loses more than the SLA allows.", .values = "always|lossy", .fallback = "always"},
    {.path = "policy.remedies.duplicate", .type = T::Toggle, .doc = "Send copies on a second path while the first is out of SLA.", .fallback = "off"},
    {.path = "policy.remedies.jitter_buffer", .type = T::MapOrOff, .doc = "Receiver's buffer, used while paths' delays differ or the flow is copied.", .otherwise = "on for voice and video, off for the rest", .example = "{ cap: 200ms }"},
    {.path = "policy.remedies.jitter_buffer.cap", .type = T::Quantity, .doc = "Longest that a packet is held.", .dimension = D::Time, .fallback = "200ms", .min = "1ms", .max = "10s"},
    {.path = "policy.remedies.jitter_buffer.packets", .type = T::Integer, .doc = "Most packets held.", .fallback = "10", .min = "1", .max = "1024"},
    {.path = "policy.remedies.switch", .type = T::Toggle, .doc = "Move the flow to another path in mid-flow.", .fallback = "on"},
    {.path = "policy.remedies.duplicate_after", .type = T::Quantity, .doc = "Time out of SLA before copies are sent.", .dimension = D::Time, .fallback = "0s", .min = "0s", .max = "1h"},
    {.path = "policy.remedies.switch_after", .type = T::Quantity, .doc = "Time out of SLA before the flow moves. A dead path is left at once.", .dimension = D::Time, .fallback = "2s", .min = "0s", .max = "1h"},
    {.path = "policy.remedies.return_after", .type = T::Quantity, .doc = "Time for which a preferred path has to have been in SLA before the flow returns.", .dimension = D::Time, .fallback = "20s", .min = "0s", .max = "24h"},
    {.path = "policy.remedies.hold_down", .type = T::Quantity, .doc = "Least time between two moves of a flow, unless its path is dead.", .dimension = D::Time, .fallback = "5s", .min = "0s", .max = "24h"},
};
// clang-format on

} // namespace

std::span<const Field>
GeneralFields()
{
    return TABLE;
}

} // namespace weft::spec
