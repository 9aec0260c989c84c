// SPDX-License-Identifier: GPL-2.0-only
/** @file Keys of traffic and events. */
#include "engine/spec/field-table.h"

namespace weft::spec
{

namespace
{

using D = Dimension;
using T = Type;

// clang-format off
constexpr Field TABLE[] = {
    {.path = "traffic", .type = T::NamedMap, .doc = "Flows between hosts on the sites' LANs or between VMs, by name.", .required = true, .unless = "hypervisors"},
    {.path = "traffic.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "traffic.count", .type = T::Integer, .doc = "So many flows alike, called NAME1, NAME2 and so on, each with ports one higher.", .otherwise = "one, called NAME", .min = "1", .max = "16384", .example = "64"},
    {.path = "traffic.kind", .type = T::Choice, .doc = "A voice call, UDP in periods of on and off, UDP at a constant rate, or TCP as fast as it goes; among VMs also ICMP echo, UDP to everyone in the network, or an address that is resolved over and over.", .values = "voice|onoff|bulk-udp|bulk-tcp|ping|broadcast|arp", .required = true, .example = "voice"},
    {.path = "traffic.application", .type = T::Name, .doc = "The application the flow is. Its protocol and ports have to be the flow's.", .refers = "applications", .otherwise = "none in particular", .with = "kind=voice|onoff|bulk-udp|bulk-tcp", .example = "teams-audio"},
    {.path = "traffic.from", .type = T::Name, .doc = "Site of the host that opens the flow, or the VM that does; a ping may also come from a hypervisor.", .refers = "sites|vms|hypervisors", .required = true, .example = "bristol"},
    {.path = "traffic.to", .type = T::NameOrAddress, .doc = "Site of the host that answers, or the VM that does; of a ping also a hypervisor or gateway, of a ping and ARP also an address, such as that of a virtual router.", .refers = "sites|vms|hypervisors|gateways", .required = true, .with = "kind=voice|onoff|bulk-udp|bulk-tcp|ping|arp", .example = "hq"},
    {.path = "traffic.both_ways", .type = T::Toggle, .doc = "Whether the answering host sends the same in return.", .otherwise = "on for voice, off for the rest", .with = "kind=voice|onoff|bulk-udp", .example = "on"},
    {.path = "traffic.start", .type = T::Quantity, .doc = "When the first packet is sent.", .dimension = D::Time, .fallback = "0s", .min = "0s", .max = "1000h"},
    {.path = "traffic.stop", .type = T::Quantity, .doc = "When sending stops.", .dimension = D::Time, .otherwise = "the end of the run", .min = "0s", .max = "1000h", .example = "85s"},
    {.path = "traffic.source_port", .type = T::Integer, .doc = "Port of the host that opens the flow.", .otherwise = "the application's first, or 49152 and up in the order of the flows", .min = "1", .max = "65535", .with = "kind=voice|onoff|bulk-udp|bulk-tcp|broadcast", .example = "50000", .counts = true},
    {.path = "traffic.destination_port", .type = T::Integer, .doc = "Port of the host that answers.", .otherwise = "the application's first, or 10000 and up in the order of the flows", .min = "1", .max = "65535", .with = "kind=voice|onoff|bulk-udp|bulk-tcp|broadcast", .example = "3479", .counts = true},
    {.path = "traffic.codec", .type = T::Choice, .doc = "Voice profile: G.711 at 64 kbit/s, or a wide-band one like that of Teams.", .values = "teams|g711", .fallback = "g711", .with = "kind=voice"},
    {.path = "traffic.rate", .type = T::Quantity, .doc = "Rate of UDP payload, while on.", .dimension = D::Rate, .required = true, .min = "1kbps", .max = "1000Gbps", .with = "kind=onoff|bulk-udp|broadcast", .example = "2Mbps"},
    {.path = "traffic.size", .type = T::Quantity, .doc = "UDP payload of a packet; of a ping, ICMP payload.", .dimension = D::Size, .otherwise = "1200B; for a ping 56B", .min = "32B", .max = "9000B", .with = "kind=onoff|bulk-udp|ping|broadcast", .example = "1000B"},
    {.path = "traffic.interval", .type = T::Quantity, .doc = "Time from one to the next.", .dimension = D::Time, .fallback = "1s", .min = "10us", .max = "1h", .with = "kind=ping|arp"},
    {.path = "traffic.packets", .type = T::Integer, .doc = "How many are sent.", .otherwise = "as many as there is time for", .min = "1", .max = "1000000000", .with = "kind=ping|broadcast|arp", .example = "5"},
    {.path = "traffic.df", .type = T::Toggle, .doc = "Whether the ping may not be fragmented: DF is set.", .fallback = "off", .with = "kind=ping", .example = "on"},
    {.path = "traffic.on_time", .type = T::Quantity, .doc = "Length of a period of sending.", .dimension = D::Time, .fallback = "1s", .min = "1ms", .max = "24h", .with = "kind=onoff"},
    {.path = "traffic.off_time", .type = T::Quantity, .doc = "Length of a pause.", .dimension = D::Time, .fallback = "1s", .min = "0s", .max = "24h", .with = "kind=onoff"},
    {.path = "traffic.bytes", .type = T::Quantity, .doc = "Amount to transfer.", .dimension = D::Size, .otherwise = "transfer until `stop`", .min = "1B", .max = "1000GB", .with = "kind=bulk-tcp", .example = "10MB"},

    {.path = "events", .type = T::NamedMap, .doc = "What happens and when, by name: to the weather of paths, to wires and nodes of the fabric, to VMs that move.", .otherwise = "none"},
    {.path = "events.about", .type = T::Text, .doc = "A remark, shown in figures.", .otherwise = "empty"},
    {.path = "events.at", .type = T::Quantity, .doc = "When it begins.", .dimension = D::Time, .required = true, .min = "0s", .max = "1000h", .example = "30s"},
    {.path = "events.for", .type = T::Quantity, .doc = "How long it lasts.", .dimension = D::Time, .otherwise = "to the end of the run", .min = "1ms", .max = "1000h", .example = "5s"},
    {.path = "events.path", .type = T::LinkPair, .doc = "The path it happens to. Give this, `link`, `node` or `move`.", .otherwise = "one of the others is needed", .example = "[bristol.broadband, hq.dia]"},
    {.path = "events.link", .type = T::WireOrLink, .doc = "The link it happens to: every path of a site's link, or a wire of the fabric (a link between routers, or a host's uplink; with a number, one link of a bundle: leaf1.spine1.2).", .otherwise = "one of the others is needed", .example = "bristol.broadband"},
    {.path = "events.node", .type = T::Name, .doc = "The router, hypervisor, VM, gateway, controller or service node it happens to.", .refers = "nodes", .otherwise = "one of the others is needed", .example = "spine1"},
    {.path = "events.move", .type = T::Name, .doc = "The VM that moves.", .refers = "vms", .otherwise = "one of the others is needed", .example = "vm1"},
    {.path = "events.to", .type = T::Name, .doc = "The hypervisor it moves to.", .refers = "hypervisors", .required = true, .with = "move", .example = "host3"},
    {.path = "events.announce", .type = T::Choice, .doc = "What tells the network: nothing, a gratuitous ARP, a RARP, or five RARPs as QEMU sends them.", .values = "none|garp|rarp|qemu", .fallback = "garp", .with = "move"},
    {.path = "events.stun", .type = T::Quantity, .doc = "How long the VM stands still.", .dimension = D::Time, .fallback = "0ms", .min = "0s", .max = "1h", .with = "move", .example = "200ms"},
    {.path = "events.old_port", .type = T::Choice, .doc = "Whether the port it leaves goes down, or stays up and is mute.", .values = "down|up", .fallback = "down", .with = "move"},
    {.path = "events.order", .type = T::Choice, .doc = "Whether the old port goes down before the new one comes up, or after.", .values = "old-first|new-first", .fallback = "old-first", .with = "move"},
    {.path = "events.direction", .type = T::Choice, .doc = "Direction: forward is from the first link of `path` to the second, or away from the site or host of `link`; of a wire between routers, from the one named first.", .values = "both|forward|backward", .fallback = "both"},
    {.path = "events.shape", .type = T::Choice, .doc = "Full effect at once, effect that grows to full at the end, or full effect in the first half of every `period`.", .values = "step|ramp|square", .fallback = "step"},
    {.path = "events.period", .type = T::Quantity, .doc = "Period of the square wave.", .dimension = D::Time, .required = true, .min = "1ms", .max = "24h", .with = "shape=square", .example = "2s"},
    {.path = "events.jitter", .type = T::Quantity, .doc = "Jitter that stands in for the path's own.", .dimension = D::Time, .otherwise = "unchanged", .min = "0s", .max = "10s", .example = "25ms"},
    {.path = "events.loss", .type = T::Quantity, .doc = "Added to the path's loss.", .dimension = D::Fraction, .otherwise = "unchanged", .min = "0%", .max = "100%", .sign = Sign::Addition, .example = "+1%"},
    {.path = "events.delay", .type = T::Quantity, .doc = "Added to the path's one-way delay.", .dimension = D::Time, .otherwise = "unchanged", .min = "0s", .max = "10s", .sign = Sign::Addition, .example = "+20ms"},
    {.path = "events.state", .type = T::Choice, .doc = "down: nothing passes; a node is dead.", .values = "down", .otherwise = "unchanged", .with = "shape=step|square", .example = "down"},
};
// clang-format on

} // namespace

std::span<const Field>
TrafficFields()
{
    return TABLE;
}

} // namespace weft::spec
