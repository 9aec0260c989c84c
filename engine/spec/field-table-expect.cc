// SPDX-License-Identifier: GPL-2.0-only
/** @file Keys of expectations and variants. */
#include "engine/spec/field-table.h"

namespace weft::spec
{

namespace
{

using D = Dimension;
using T = Type;

// clang-format off
constexpr Field TABLE[] = {
    {.path = "expect", .type = T::NamedMap, .doc = "What the author expects of the run, by name. Each has one of the keys decision, no_decision, lan, cost, follows, metric, outage, table, frames, counter and balance.", .otherwise = "none"},
    {.path = "expect.about", .type = T::Text, .doc = "A sentence for the report.", .otherwise = "one made from the keys"},
    {.path = "expect.decision", .type = T::Choice, .doc = "Such a decision is taken in the window.", .values = "open|duplicate|stop-duplicate|switch|return|fec-on|fec-off|least-bad|path-down|path-up|follow", .example = "switch"},
    {.path = "expect.no_decision", .type = T::Choice, .doc = "No such decision is taken in the window.", .values = "open|duplicate|stop-duplicate|switch|return|fec-on|fec-off|least-bad|path-down|path-up|follow", .example = "return"},
    {.path = "expect.lan", .type = T::Choice, .doc = "clean: of what is sent in the window the flow's receivers miss nothing, get nothing twice and nothing out of order.", .values = "clean", .example = "clean"},
    {.path = "expect.cost", .type = T::Quantity, .doc = "Mean copies sent for each data packet in the window. Parity is not counted.", .dimension = D::Copies, .min = "0x", .max = "16x", .example = "2x"},
    {.path = "expect.follows", .type = T::Name, .doc = "The flow's return packets take the tunnel that its forward packets take.", .refers = "traffic", .example = "call"},
    {.path = "expect.metric", .type = T::Choice, .doc = "A figure of the flow in the window is below or above a bound. Delays are one-way, from host to host; rtt is a ping's, from request to reply.", .values = "delay.mean|delay.p50|delay.p95|delay.p99|delay.max|jitter|loss|mos.mean|mos.min|throughput|rtt.mean|rtt.p50|rtt.p95|rtt.p99|rtt.max", .example = "delay.p95"},
    {.path = "expect.outage", .type = T::Name, .doc = "The longest time without delivery of the flow in the window, beyond its sending interval, is below or above a bound.", .refers = "traffic", .example = "stream"},
    {.path = "expect.table", .type = T::Choice, .doc = "A table of `node` has or lacks an entry, or so many.", .values = "bridge-fdb|vtep-fdb|arp|groups|igmp|multicast|routes", .example = "vtep-fdb"},
    {.path = "expect.frames", .type = T::Wire, .doc = "So many frames of the kind of `where` pass this wire in the window.", .example = "host1.uplink"},
    {.path = "expect.counter", .type = T::Text, .doc = "A figure of run.json at the end of the run, as a dotted path below `scalars`, is equal to, below or above a bound.", .example = "vtep.host1.flooded_copies"},
    {.path = "expect.balance", .type = T::Wires, .doc = "The load is spread evenly over these wires: by a chi-square test, which an even spread fails once in a million.", .example = "[leaf1.spine1, leaf1.spine2]"},
    {.path = "expect.flow", .type = T::Name, .doc = "The flow it is about.", .refers = "traffic", .otherwise = "needed, but for path-down and path-up", .with = "decision|no_decision|lan|cost|metric", .example = "call"},
    {.path = "expect.direction", .type = T::Choice, .doc = "Direction of the flow; with both, each direction it sends in has to satisfy it. Of a wire: out (or forward) is from the node named first, or away from the host, and with both, either direction counts.", .values = "both|forward|backward|out|in", .fallback = "both", .with = "lan|cost|metric|outage|frames|balance"},
    {.path = "expect.edge", .type = T::Name, .doc = "Site of the Edge that decides.", .refers = "sites", .otherwise = "the one the flow comes from; for paths, any", .with = "decision|no_decision", .example = "bristol"},
    {.path = "expect.path", .type = T::LinkPair, .doc = "The path that goes down or up.", .otherwise = "any", .with = "decision=path-down|path-up,no_decision=path-down|path-up", .example = "[bristol.mpls, hq.mpls]"},
    {.path = "expect.from", .type = T::Name, .doc = "The Edge's link the decision leads away from.", .refers = "links", .otherwise = "any", .with = "decision|no_decision", .example = "broadband"},
    {.path = "expect.to", .type = T::Name, .doc = "The Edge's link the decision leads to.", .refers = "links", .otherwise = "any", .with = "decision|no_decision", .example = "mpls"},
    {.path = "expect.count", .type = T::Integer, .doc = "Exactly so many such decisions, entries or frames in the window.", .otherwise = "at least one", .min = "0", .max = "1000000000", .with = "decision|table|frames", .example = "1"},
    {.path = "expect.at_least", .type = T::Integer, .doc = "So many entries or frames, or more.", .otherwise = "at least one", .min = "0", .max = "1000000000", .with = "table|frames", .example = "2"},
    {.path = "expect.at_most", .type = T::Integer, .doc = "So many entries or frames, or fewer.", .otherwise = "any number", .min = "0", .max = "1000000000", .with = "table|frames", .example = "10"},
    {.path = "expect.node", .type = T::Name, .doc = "Whose table it is.", .refers = "nodes", .required = true, .with = "table", .example = "host1"},
    {.path = "expect.has", .type = T::Map, .doc = "What an entry of the table holds; everything given has to agree.", .otherwise = "`count` and the like count every entry", .with = "table"},
    {.path = "expect.has.vni", .type = T::Pattern, .doc = "Virtual network it belongs to, by its identifier.", .values = "a number", .otherwise = "any", .example = "864"},
    {.path = "expect.has.network", .type = T::Pattern, .doc = "The same by the network's name; in a bridged fabric, the network's VLAN.", .values = "a name from `networks`", .otherwise = "any", .example = "web"},
    {.path = "expect.has.vlan", .type = T::Pattern, .doc = "VLAN it belongs to (bridge-fdb of a switch).", .values = "a number", .otherwise = "any", .example = "10"},
    {.path = "expect.has.length", .type = T::Pattern, .doc = "Prefix length (routes).", .values = "a number", .otherwise = "any", .example = "24"},
    {.path = "expect.has.mac", .type = T::Pattern, .doc = "MAC address; a VM's name stands for its own, a gateway's for that of its interface in the network.", .values = "a MAC address, or a name from `vms`, `gateways`", .otherwise = "any", .example = "vm1"},
    {.path = "expect.has.address", .type = T::Pattern, .doc = "IP address, group or prefix; names stand for the node's own address, a network's for its group.", .values = "an IP address, or a name of a node or network", .otherwise = "any", .example = "vm1"},
    {.path = "expect.has.source", .type = T::Pattern, .doc = "Source of a multicast entry; none for (*, G).", .values = "an IP address, a name from `hypervisors`, or none", .otherwise = "any", .example = "host1"},
    {.path = "expect.has.remote", .type = T::Pattern, .doc = "VTEP the entry points to.", .values = "an IP address, or a name of a node", .otherwise = "any", .example = "host2"},
    {.path = "expect.has.port", .type = T::Pattern, .doc = "Port the entry points to, as in the column of tables.csv.", .values = "text", .otherwise = "any", .example = "vm1"},
    {.path = "expect.has.text", .type = T::Pattern, .doc = "Text found in the column of that name of tables.csv.", .values = "text", .otherwise = "any", .example = "static"},
    {.path = "expect.lacks", .type = T::Map, .doc = "What no entry of the table holds.", .otherwise = "nothing is ruled out", .with = "table"},
    {.path = "expect.lacks.vni", .type = T::Pattern, .doc = "Virtual network it belongs to, by its identifier.", .values = "a number", .otherwise = "any", .example = "864"},
    {.path = "expect.lacks.network", .type = T::Pattern, .doc = "The same by the network's name; in a bridged fabric, the network's VLAN.", .values = "a name from `networks`", .otherwise = "any", .example = "web"},
    {.path = "expect.lacks.vlan", .type = T::Pattern, .doc = "VLAN it belongs to (bridge-fdb of a switch).", .values = "a number", .otherwise = "any", .example = "10"},
    {.path = "expect.lacks.length", .type = T::Pattern, .doc = "Prefix length (routes).", .values = "a number", .otherwise = "any", .example = "24"},
    {.path = "expect.lacks.mac", .type = T::Pattern, .doc = "MAC address; a VM's name stands for its own, a gateway's for that of its interface in the network.", .values = "a MAC address, or a name from `vms`, `gateways`", .otherwise = "any", .example = "vm1"},
    {.path = "expect.lacks.address", .type = T::Pattern, .doc = "IP address, group or prefix; names stand for the node's own address, a network's for its group.", .values = "an IP address, or a name of a node or network", .otherwise = "any", .example = "vm1"},
    {.path = "expect.lacks.source", .type = T::Pattern, .doc = "Source of a multicast entry; none for (*, G).", .values = "an IP address, a name from `hypervisors`, or none", .otherwise = "any", .example = "host1"},
    {.path = "expect.lacks.remote", .type = T::Pattern, .doc = "VTEP the entry points to.", .values = "an IP address, or a name of a node", .otherwise = "any", .example = "host2"},
    {.path = "expect.lacks.port", .type = T::Pattern, .doc = "Port the entry points to, as in the column of tables.csv.", .values = "text", .otherwise = "any", .example = "vm1"},
    {.path = "expect.lacks.text", .type = T::Pattern, .doc = "Text found in the column of that name of tables.csv.", .values = "text", .otherwise = "any", .example = "static"},
    {.path = "expect.where", .type = T::Map, .doc = "What the frames hold, by columns of frames.csv; everything given has to agree. Numbers may be a range first-last.", .otherwise = "every frame", .with = "frames"},
    {.path = "expect.where.size", .type = T::Pattern, .doc = "Bytes of the frame.", .values = "a number, or a range first-last", .otherwise = "any", .example = "142"},
    {.path = "expect.where.eth_source", .type = T::Pattern, .doc = "Outer source MAC address.", .values = "a MAC address, or the name of a VM, gateway or host", .otherwise = "any", .example = "vm1"},
    {.path = "expect.where.eth_destination", .type = T::Pattern, .doc = "Outer destination MAC address.", .values = "a MAC address, or the name of a VM, gateway or host", .otherwise = "any", .example = "ff:ff:ff:ff:ff:ff"},
    {.path = "expect.where.outer_vlan", .type = T::Pattern, .doc = "Outer 802.1Q VLAN.", .values = "a number, or a range first-last", .otherwise = "any", .example = "100"},
    {.path = "expect.where.source", .type = T::Pattern, .doc = "Outer source address.", .values = "an IP address, or the name of a node, or of a network for its group", .otherwise = "any", .example = "host1"},
    {.path = "expect.where.destination", .type = T::Pattern, .doc = "Outer destination address.", .values = "an IP address, or the name of a node, or of a network for its group", .otherwise = "any", .example = "239.0.3.96"},
    {.path = "expect.where.ttl", .type = T::Pattern, .doc = "Outer TTL.", .values = "a number, or a range first-last", .otherwise = "any", .example = "64"},
    {.path = "expect.where.tos", .type = T::Pattern, .doc = "Outer TOS.", .values = "a number, or a range first-last", .otherwise = "any", .example = "0"},
    {.path = "expect.where.df", .type = T::Pattern, .doc = "Outer DF bit.", .values = "a number, or a range first-last", .otherwise = "any", .example = "1"},
    {.path = "expect.where.fragment", .type = T::Pattern, .doc = "Which fragment it is: first, middle or last.", .values = "text", .otherwise = "any", .example = "first"},
    {.path = "expect.where.protocol", .type = T::Pattern, .doc = "Outer IP protocol.", .values = "text", .otherwise = "any", .example = "udp"},
    {.path = "expect.where.source_port", .type = T::Pattern, .doc = "Outer source port.", .values = "a number, or a range first-last", .otherwise = "any", .example = "49152-65535"},
    {.path = "expect.where.destination_port", .type = T::Pattern, .doc = "Outer destination port.", .values = "a number, or a range first-last", .otherwise = "any", .example = "4789"},
    {.path = "expect.where.udp_checksum", .type = T::Pattern, .doc = "Outer UDP checksum.", .values = "a number, or a range first-last", .otherwise = "any", .example = "0"},
    {.path = "expect.where.encapsulation", .type = T::Pattern, .doc = "Encapsulation.", .values = "text", .otherwise = "any", .example = "vxlan"},
    {.path = "expect.where.vni", .type = T::Pattern, .doc = "Network identifier.", .values = "a number, or a range first-last", .otherwise = "any", .example = "864"},
    {.path = "expect.where.network", .type = T::Pattern, .doc = "The same by the network's name.", .values = "a name from `networks`", .otherwise = "any", .example = "web"},
    {.path = "expect.where.inner_source", .type = T::Pattern, .doc = "Inner source MAC address.", .values = "a MAC address, or the name of a VM, gateway or host", .otherwise = "any", .example = "vm1"},
    {.path = "expect.where.inner_destination", .type = T::Pattern, .doc = "Inner destination MAC address.", .values = "a MAC address, or the name of a VM, gateway or host", .otherwise = "any", .example = "vm2"},
    {.path = "expect.where.inner_vlan", .type = T::Pattern, .doc = "Inner 802.1Q VLAN.", .values = "a number, or a range first-last", .otherwise = "any", .example = "10"},
    {.path = "expect.where.inner_kind", .type = T::Pattern, .doc = "What the inner frame is.", .values = "text", .otherwise = "any", .example = "arp-request"},
    {.path = "expect.where.message", .type = T::Pattern, .doc = "Message of a control protocol.", .values = "text", .otherwise = "any", .example = "igmp-report"},
    {.path = "expect.tolerance", .type = T::Bound, .doc = "How far the cost, or the counter, may be off.", .values = "of copies (0x to 16x) for a cost, without unit for a counter", .otherwise = "0.02x; of a counter 0", .with = "cost|counter", .example = "0.05x"},
    {.path = "expect.equals", .type = T::Number, .doc = "What the counter is.", .otherwise = "none; one of equals, below and above is needed", .with = "counter", .example = "3"},
    {.path = "expect.of", .type = T::Choice, .doc = "What is counted on each wire: flows by the wire they use, bytes or frames.", .values = "flows|bytes|frames", .fallback = "flows", .with = "balance"},
    {.path = "expect.even", .type = T::Toggle, .doc = "off: the load has to be uneven.", .fallback = "on", .with = "balance"},
    {.path = "expect.at", .type = T::PlaceOrMoment, .doc = "With `follows`, site whose return packets are meant; with `table`, when it is looked at: a moment, as for `after`.", .otherwise = "the site the flow goes to; the end of the window", .with = "follows|table", .example = "hq"},
    {.path = "expect.lag", .type = T::Quantity, .doc = "Longest time for which the directions may differ after a move.", .dimension = D::Time, .fallback = "100ms", .min = "0s", .max = "1h", .with = "follows"},
    {.path = "expect.below", .type = T::Bound, .doc = "Upper bound, in the metric's own unit (time, %, rate; MOS and counters have none).", .otherwise = "none; one of below and above is needed", .with = "metric|outage|counter", .example = "50ms"},
    {.path = "expect.above", .type = T::Bound, .doc = "Lower bound, likewise.", .otherwise = "none; one of below and above is needed", .with = "metric|outage|counter", .example = "4"},
    {.path = "expect.between", .type = T::TimeWindow, .doc = "The window from one time to another. With other windows, what is common to them.", .otherwise = "the whole run", .example = "[5s, 6s]"},
    {.path = "expect.after", .type = T::Moment, .doc = "The window begins at a time, at an event (or `NAME.end`), or when the decision that another expectation names was taken.", .otherwise = "the start of the run", .example = "neighbour-torrent"},
    {.path = "expect.within", .type = T::Quantity, .doc = "Length of the window.", .dimension = D::Time, .otherwise = "to the end of the run", .min = "1us", .max = "1000h", .example = "2s"},
    {.path = "expect.until", .type = T::Moment, .doc = "The window ends then; written like `after`.", .otherwise = "the end of the run", .example = "comes-back"},
    {.path = "expect.only", .type = T::Names, .doc = "Variants in which this is expected; `base` is the file as it stands.", .refers = "variants", .otherwise = "all", .example = "[garp]"},
    {.path = "expect.except", .type = T::Names, .doc = "Variants in which this is not expected.", .refers = "variants", .otherwise = "none", .example = "[base]"},

    {.path = "variants", .type = T::NamedMap, .doc = "Named sets of overrides. `weft run --variant NAME` runs one; `weft check` runs the file as it stands, called base, and then each of them.", .otherwise = "none"},
    {.path = "variants.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "variants.set", .type = T::Texts, .doc = "Overrides, each written path=value as for `--set`.", .required = true, .example = "[events.move.announce=garp]"},
};
// clang-format on

} // namespace

std::span<const Field>
ExpectFields()
{
    return TABLE;
}

} // namespace weft::spec
