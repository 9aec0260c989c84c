// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/field.h"

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
    {.path = "record.capture", .type = T::Toggle, .doc = "Whether to write capture.pcapng with every datagram on the WAN links.", .fallback = "off"},

    {.path = "clouds", .type = T::NamedMap, .doc = "Provider networks, by name. A cloud carries datagrams between the links attached to it, and nowhere else.", .required = true},
    {.path = "clouds.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "clouds.kind", .type = T::Choice, .doc = "The Internet, or a private layer-3 VPN (MPLS) whose members reach only each other.", .values = "internet|l3vpn", .required = true, .example = "internet"},

    {.path = "sites", .type = T::NamedMap, .doc = "Offices, by name: each has an Edge, a LAN and links to clouds.", .required = true},
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

    {.path = "paths", .type = T::List, .doc = "Pairs of links of one cloud that reach each other, and the weather between them. Pairs not listed have no path.", .required = true},
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

    {.path = "traffic", .type = T::NamedMap, .doc = "Flows between hosts on the sites' LANs, by name.", .required = true},
    {.path = "traffic.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "traffic.kind", .type = T::Choice, .doc = "A voice call, UDP in periods of on and off, UDP at a constant rate, or TCP as fast as it goes.", .values = "voice|onoff|bulk-udp|bulk-tcp", .required = true, .example = "voice"},
    {.path = "traffic.application", .type = T::Name, .doc = "The application the flow is. Its protocol and ports have to be the flow's.", .refers = "applications", .otherwise = "none in particular", .example = "teams-audio"},
    {.path = "traffic.from", .type = T::Name, .doc = "Site of the host that opens the flow.", .refers = "sites", .required = true, .example = "bristol"},
    {.path = "traffic.to", .type = T::Name, .doc = "Site of the host that answers.", .refers = "sites", .required = true, .example = "hq"},
    {.path = "traffic.both_ways", .type = T::Toggle, .doc = "Whether the answering host sends the same in return.", .otherwise = "on for voice, off for the rest", .with = "kind=voice|onoff|bulk-udp", .example = "on"},
    {.path = "traffic.start", .type = T::Quantity, .doc = "When the first packet is sent.", .dimension = D::Time, .fallback = "0s", .min = "0s", .max = "1000h"},
    {.path = "traffic.stop", .type = T::Quantity, .doc = "When sending stops.", .dimension = D::Time, .otherwise = "the end of the run", .min = "0s", .max = "1000h", .example = "85s"},
    {.path = "traffic.source_port", .type = T::Integer, .doc = "Port of the host that opens the flow.", .otherwise = "the application's first, or 49152 and up in the order of the flows", .min = "1", .max = "65535", .example = "50000"},
    {.path = "traffic.destination_port", .type = T::Integer, .doc = "Port of the host that answers.", .otherwise = "the application's first, or 10000 and up in the order of the flows", .min = "1", .max = "65535", .example = "3479"},
    {.path = "traffic.codec", .type = T::Choice, .doc = "Voice profile: G.711 at 64 kbit/s, or a wide-band one like that of Teams.", .values = "teams|g711", .fallback = "g711", .with = "kind=voice"},
    {.path = "traffic.rate", .type = T::Quantity, .doc = "Rate of UDP payload, while on.", .dimension = D::Rate, .required = true, .min = "1kbps", .max = "1000Gbps", .with = "kind=onoff|bulk-udp", .example = "2Mbps"},
    {.path = "traffic.size", .type = T::Quantity, .doc = "UDP payload of a packet.", .dimension = D::Size, .fallback = "1200B", .min = "32B", .max = "9000B", .with = "kind=onoff|bulk-udp"},
    {.path = "traffic.on_time", .type = T::Quantity, .doc = "Length of a period of sending.", .dimension = D::Time, .fallback = "1s", .min = "1ms", .max = "24h", .with = "kind=onoff"},
    {.path = "traffic.off_time", .type = T::Quantity, .doc = "Length of a pause.", .dimension = D::Time, .fallback = "1s", .min = "0s", .max = "24h", .with = "kind=onoff"},
    {.path = "traffic.bytes", .type = T::Quantity, .doc = "Amount to transfer.", .dimension = D::Size, .otherwise = "transfer until `stop`", .min = "1B", .max = "1000GB", .with = "kind=bulk-tcp", .example = "10MB"},

    {.path = "events", .type = T::NamedMap, .doc = "What happens to the weather and when, by name.", .otherwise = "none"},
    {.path = "events.about", .type = T::Text, .doc = "A remark, shown in figures.", .otherwise = "empty"},
    {.path = "events.at", .type = T::Quantity, .doc = "When it begins.", .dimension = D::Time, .required = true, .min = "0s", .max = "1000h", .example = "30s"},
    {.path = "events.for", .type = T::Quantity, .doc = "How long it lasts.", .dimension = D::Time, .otherwise = "to the end of the run", .min = "1ms", .max = "1000h", .example = "5s"},
    {.path = "events.path", .type = T::LinkPair, .doc = "The path it happens to. Give this or `link`.", .otherwise = "`link` is needed", .example = "[bristol.broadband, hq.dia]"},
    {.path = "events.link", .type = T::LinkName, .doc = "The link it happens to: every path of the link.", .otherwise = "`path` is needed", .example = "bristol.broadband"},
    {.path = "events.direction", .type = T::Choice, .doc = "Direction: forward is from the first link of `path` to the second, or away from the site of `link`.", .values = "both|forward|backward", .fallback = "both"},
    {.path = "events.shape", .type = T::Choice, .doc = "Full effect at once, effect that grows to full at the end, or full effect in the first half of every `period`.", .values = "step|ramp|square", .fallback = "step"},
    {.path = "events.period", .type = T::Quantity, .doc = "Period of the square wave.", .dimension = D::Time, .required = true, .min = "1ms", .max = "24h", .with = "shape=square", .example = "2s"},
    {.path = "events.jitter", .type = T::Quantity, .doc = "Jitter that stands in for the path's own.", .dimension = D::Time, .otherwise = "unchanged", .min = "0s", .max = "10s", .example = "25ms"},
    {.path = "events.loss", .type = T::Quantity, .doc = "Added to the path's loss.", .dimension = D::Fraction, .otherwise = "unchanged", .min = "0%", .max = "100%", .sign = Sign::Addition, .example = "+1%"},
    {.path = "events.delay", .type = T::Quantity, .doc = "Added to the path's one-way delay.", .dimension = D::Time, .otherwise = "unchanged", .min = "0s", .max = "10s", .sign = Sign::Addition, .example = "+20ms"},
    {.path = "events.state", .type = T::Choice, .doc = "down: nothing passes.", .values = "down", .otherwise = "unchanged", .with = "shape=step|square", .example = "down"},

    {.path = "expect", .type = T::NamedMap, .doc = "What the author expects of the run, by name. Each has one of the keys decision, no_decision, lan, cost, follows and metric.", .otherwise = "none"},
    {.path = "expect.about", .type = T::Text, .doc = "A sentence for the report.", .otherwise = "one made from the keys"},
    {.path = "expect.decision", .type = T::Choice, .doc = "Such a decision is taken in the window.", .values = "open|duplicate|stop-duplicate|switch|return|fec-on|fec-off|least-bad|path-down|path-up|follow", .example = "switch"},
    {.path = "expect.no_decision", .type = T::Choice, .doc = "No such decision is taken in the window.", .values = "open|duplicate|stop-duplicate|switch|return|fec-on|fec-off|least-bad|path-down|path-up|follow", .example = "return"},
    {.path = "expect.lan", .type = T::Choice, .doc = "clean: of what is sent in the window the flow's receivers miss nothing, get nothing twice and nothing out of order.", .values = "clean", .example = "clean"},
    {.path = "expect.cost", .type = T::Quantity, .doc = "Mean copies sent for each data packet in the window. Parity is not counted.", .dimension = D::Copies, .min = "0x", .max = "16x", .example = "2x"},
    {.path = "expect.follows", .type = T::Name, .doc = "The flow's return packets take the tunnel that its forward packets take.", .refers = "traffic", .example = "call"},
    {.path = "expect.metric", .type = T::Choice, .doc = "A figure of the flow in the window is below or above a bound. Delays are one-way, LAN to LAN.", .values = "delay.mean|delay.p50|delay.p95|delay.p99|delay.max|jitter|loss|mos.mean|mos.min|throughput", .example = "delay.p95"},
    {.path = "expect.flow", .type = T::Name, .doc = "The flow it is about.", .refers = "traffic", .otherwise = "needed, but for path-down and path-up", .with = "decision|no_decision|lan|cost|metric", .example = "call"},
    {.path = "expect.direction", .type = T::Choice, .doc = "Direction of the flow; with both, each direction it sends in has to satisfy it.", .values = "both|forward|backward", .fallback = "both", .with = "lan|cost|metric"},
    {.path = "expect.edge", .type = T::Name, .doc = "Site of the Edge that decides.", .refers = "sites", .otherwise = "the one the flow comes from; for paths, any", .with = "decision|no_decision", .example = "bristol"},
    {.path = "expect.path", .type = T::LinkPair, .doc = "The path that goes down or up.", .otherwise = "any", .with = "decision=path-down|path-up,no_decision=path-down|path-up", .example = "[bristol.mpls, hq.mpls]"},
    {.path = "expect.from", .type = T::Name, .doc = "The Edge's link the decision leads away from.", .refers = "links", .otherwise = "any", .with = "decision|no_decision", .example = "broadband"},
    {.path = "expect.to", .type = T::Name, .doc = "The Edge's link the decision leads to.", .refers = "links", .otherwise = "any", .with = "decision|no_decision", .example = "mpls"},
    {.path = "expect.count", .type = T::Integer, .doc = "Exactly so many such decisions in the window.", .otherwise = "at least one", .min = "1", .max = "1000000", .with = "decision", .example = "1"},
    {.path = "expect.tolerance", .type = T::Quantity, .doc = "How far the cost may be off.", .dimension = D::Copies, .fallback = "0.02x", .min = "0x", .max = "16x", .with = "cost"},
    {.path = "expect.at", .type = T::Name, .doc = "Site whose return packets are meant.", .refers = "sites", .otherwise = "the one the flow goes to", .with = "follows", .example = "hq"},
    {.path = "expect.lag", .type = T::Quantity, .doc = "Longest time for which the directions may differ after a move.", .dimension = D::Time, .fallback = "100ms", .min = "0s", .max = "1h", .with = "follows"},
    {.path = "expect.below", .type = T::Bound, .doc = "Upper bound, in the metric's own unit (time, %, rate; MOS has none).", .otherwise = "none; one of below and above is needed", .with = "metric", .example = "50ms"},
    {.path = "expect.above", .type = T::Bound, .doc = "Lower bound, likewise.", .otherwise = "none; one of below and above is needed", .with = "metric", .example = "4"},
    {.path = "expect.between", .type = T::TimeWindow, .doc = "The window from one time to another. With other windows, what is common to them.", .otherwise = "the whole run", .example = "[5s, 6s]"},
    {.path = "expect.after", .type = T::Moment, .doc = "The window begins at a time, at an event (or `NAME.end`), or when the decision that another expectation names was taken.", .otherwise = "the start of the run", .example = "neighbour-torrent"},
    {.path = "expect.within", .type = T::Quantity, .doc = "Length of the window.", .dimension = D::Time, .otherwise = "to the end of the run", .min = "1us", .max = "1000h", .example = "2s"},
    {.path = "expect.until", .type = T::Moment, .doc = "The window ends then; written like `after`.", .otherwise = "the end of the run", .example = "comes-back"},
};
// clang-format on

} // namespace

std::span<const Field>
Fields()
{
    return TABLE;
}

} // namespace weft::spec
