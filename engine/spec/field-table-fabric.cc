// SPDX-License-Identifier: GPL-2.0-only
/** @file Keys of fabrics. */
#include "engine/spec/field-table.h"

namespace weft::spec
{

namespace
{

using D = Dimension;
using T = Type;

// clang-format off
constexpr Field TABLE[] = {
    {.path = "fabric", .type = T::Map, .doc = "Ethernet links and routers, or switches, that hypervisors attach to.", .otherwise = "none; `clouds`, `sites` and `paths` are needed"},
    {.path = "fabric.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "fabric.kind", .type = T::Choice, .doc = "Leaves each linked to every spine, or routers and links as listed.", .values = "leaf-spine|custom", .fallback = "leaf-spine"},
    {.path = "fabric.forwarding", .type = T::Choice, .doc = "Routers, with VTEPs on the hypervisors; or 802.1Q switches with a spanning tree, and VLANs instead of VTEPs.", .values = "routed|bridged", .fallback = "routed"},
    {.path = "fabric.leaves", .type = T::Integer, .doc = "Leaves, called leaf1, leaf2 and so on.", .fallback = "2", .min = "1", .max = "128", .with = "kind=leaf-spine"},
    {.path = "fabric.spines", .type = T::Integer, .doc = "Spines, called spine1, spine2 and so on.", .fallback = "2", .min = "1", .max = "64", .with = "kind=leaf-spine"},
    {.path = "fabric.ip", .type = T::Choice, .doc = "IP version of the underlay.", .values = "4|6", .fallback = "4"},
    {.path = "fabric.rate", .type = T::Quantity, .doc = "Rate in each direction.", .dimension = D::Rate, .fallback = "10Gbps", .min = "1kbps", .max = "1000Gbps"},
    {.path = "fabric.delay", .type = T::Quantity, .doc = "Propagation delay, one way.", .dimension = D::Time, .fallback = "1us", .min = "0s", .max = "10s"},
    {.path = "fabric.mtu", .type = T::Quantity, .doc = "Longest IP packet.", .dimension = D::Size, .fallback = "9214B", .min = "576B", .max = "9216B"},
    {.path = "fabric.queue_limit", .type = T::Quantity, .doc = "Most bytes that wait in either direction.", .dimension = D::Size, .fallback = "1MiB", .min = "1500B", .max = "1GiB"},
    {.path = "fabric.convergence", .type = T::Quantity, .doc = "Time from a change of a link or router to new routes everywhere.", .dimension = D::Time, .fallback = "50ms", .min = "0s", .max = "1h"},
    {.path = "fabric.ecmp", .type = T::Map, .doc = "How routers choose among equal paths.", .otherwise = "defaults"},
    {.path = "fabric.ecmp.hash", .type = T::Choice, .doc = "What is hashed: addresses, protocol and ports; addresses only; the headers inside the envelope; the addresses and the GRE key; or nothing, packets taking turns.", .values = "5-tuple|layer-3|inner|gre-key|per-packet", .fallback = "5-tuple"},
    {.path = "fabric.ecmp.seed", .type = T::Choice, .doc = "Whether routers hash differently or all alike, which polarises their choices.", .values = "per-router|same", .fallback = "per-router"},
    {.path = "fabric.ecmp.resilient", .type = T::Toggle, .doc = "Whether flows keep their path while others fail.", .fallback = "off"},
    {.path = "fabric.mac_table", .type = T::Integer, .doc = "MAC addresses that a switch can hold.", .fallback = "16384", .min = "1", .max = "10000000", .with = "forwarding=bridged"},
    {.path = "fabric.mac_ageing", .type = T::Quantity, .doc = "When a switch forgets a MAC address it has not seen.", .dimension = D::Time, .fallback = "300s", .min = "1ms", .max = "1000h", .with = "forwarding=bridged"},
    {.path = "fabric.multicast", .type = T::MapOrOff, .doc = "IP multicast routing.", .otherwise = "off", .example = "{ mode: pim-sm, rp: spine1 }"},
    {.path = "fabric.multicast.mode", .type = T::Choice, .doc = "Routing protocol, or trees computed beforehand.", .values = "pim-sm|pim-dm|bidir|static", .required = true, .example = "pim-sm"},
    {.path = "fabric.multicast.rp", .type = T::Name, .doc = "Rendezvous point.", .refers = "routers", .otherwise = "the first spine, or the first router", .with = "mode=pim-sm|bidir", .example = "spine1"},
    {.path = "fabric.multicast.igmp", .type = T::Choice, .doc = "IGMP version of the hosts.", .values = "2|3", .fallback = "3"},
    {.path = "fabric.multicast.spt", .type = T::ChoiceOrQuantity, .doc = "When a last-hop router changes to the shortest-path tree: with the first packet, never, or above a rate.", .dimension = D::Rate, .values = "immediate|never", .fallback = "immediate", .min = "1bps", .max = "1000Gbps", .with = "mode=pim-sm", .example = "64kbps"},
    {.path = "fabric.multicast.register_forwarding", .type = T::Toggle, .doc = "Whether the RP forwards packets that come in Registers, as RFC 7761 has it; without, the first ones are lost.", .fallback = "on", .with = "mode=pim-sm"},
    {.path = "fabric.routers", .type = T::NamedMap, .doc = "Routers of a custom fabric, by name; of a leaf-spine fabric, what differs in generated ones.", .otherwise = "as generated", .example = "{ core1: {} }"},
    {.path = "fabric.routers.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "fabric.routers.address", .type = T::Address, .doc = "Loopback address.", .otherwise = "given out", .example = "10.255.0.1"},
    {.path = "fabric.routers.subnet", .type = T::Network, .doc = "Network that the hosts attached to it share; the router has its first address. No two routers' networks may overlap.", .otherwise = "each host has a network of its own, 10.K.H.0/24 (fd00:0:K:H::/64) for the H-th at the K-th router", .example = "10.1.0.0/16"},
    {.path = "fabric.links", .type = T::List, .doc = "Links of a custom fabric; of a leaf-spine fabric, what differs in generated ones, or more.", .otherwise = "as generated"},
    {.path = "fabric.links.about", .type = T::Text, .doc = "A remark.", .otherwise = "empty"},
    {.path = "fabric.links.between", .type = T::Names, .doc = "The two routers. The link is called first.second.", .refers = "routers", .required = true, .example = "[leaf1, spine1]"},
    {.path = "fabric.links.rate", .type = T::Quantity, .doc = "Rate in each direction.", .dimension = D::Rate, .otherwise = "that of `fabric`", .min = "1kbps", .max = "1000Gbps", .example = "1Gbps"},
    {.path = "fabric.links.delay", .type = T::Quantity, .doc = "Propagation delay, one way.", .dimension = D::Time, .otherwise = "that of `fabric`", .min = "0s", .max = "10s", .example = "5us"},
    {.path = "fabric.links.mtu", .type = T::Quantity, .doc = "Longest IP packet.", .dimension = D::Size, .otherwise = "that of `fabric`", .min = "576B", .max = "9216B", .example = "1500B"},
    {.path = "fabric.links.queue_limit", .type = T::Quantity, .doc = "Most bytes that wait in either direction.", .dimension = D::Size, .otherwise = "that of `fabric`", .min = "1500B", .max = "1GiB", .example = "256KiB"},
    {.path = "fabric.links.loss", .type = T::Quantity, .doc = "Fraction lost in each direction, each frame by itself.", .dimension = D::Fraction, .fallback = "0%", .min = "0%", .max = "100%", .example = "1%"},
    {.path = "fabric.links.members", .type = T::Integer, .doc = "Links of the bundle (LAG, as LACP forms it).", .fallback = "1", .min = "1", .max = "64"},
    {.path = "fabric.links.lag_hash", .type = T::Choice, .doc = "Headers whose hash chooses a link of the bundle.", .values = "layer-2|layer-3|layer-4", .fallback = "layer-4"},
    {.path = "fabric.links.firewall", .type = T::Choice, .doc = "A bump in the wire; dns drops packets to or from UDP port 53 that are no DNS messages.", .values = "none|dns", .fallback = "none"},
    {.path = "fabric.links.outer_vlan", .type = T::Integer, .doc = "802.1Q tag of everything on the wire.", .otherwise = "untagged", .min = "1", .max = "4094", .example = "100", .why = "802.1Q has 12 bits for the VLAN, of which 0 and 4095 are reserved: 4094 networks and no more"},
};
// clang-format on

} // namespace

std::span<const Field>
FabricFields()
{
    return TABLE;
}

} // namespace weft::spec
