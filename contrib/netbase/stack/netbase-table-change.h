// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What every table that a user may watch reports: an entry came, changed or went, and why.
 *
 * One structure serves all tables, so that a log of changes can be replayed into the contents of
 * every table at any time. Which fields mean something depends on the table; the others keep their
 * defaults. An entry is identified by (table, domain, mac, address, source).
 */
#ifndef NETBASE_TABLE_CHANGE_H
#define NETBASE_TABLE_CHANGE_H

#include "netbase-types.h"

namespace weft::netbase
{

enum class Table : std::uint8_t
{
    BridgeFdb, ///< domain, mac -> port
    VtepFdb,   ///< domain (VNI), mac -> remote (VTEP address)
    Arp,       ///< address -> mac
    Groups,    ///< host side membership: address (group)
    Igmp,      ///< router side membership: port, address (group), source
    Multicast, ///< router's (source or none, address = group) -> port (incoming), text (outgoing)
    Routes,    ///< address/domain = prefix length -> text (next hops)
};

enum class TableOp : std::uint8_t
{
    Add,
    Update,
    Remove,
};

/// Why an entry changed.
enum class TableCause : std::uint8_t
{
    Configured,
    Learned,    ///< from a frame or packet that was seen
    Moved,      ///< learned elsewhere than it was known
    Aged,       ///< not refreshed in time
    PortDown,   ///< the port or link behind it went down
    Controller, ///< pushed by a controller
    Protocol,   ///< by a control protocol's message
    Evicted,    ///< to make room
    Flushed,    ///< cleared by order
};

/// A change of one entry.
struct TableChange
{
    TimeNs at{0};
    Table table = Table::BridgeFdb;
    TableOp op = TableOp::Add;
    TableCause cause = TableCause::Learned;
    std::uint32_t domain = 0; ///< VNI, VLAN or prefix length
    MacAddress mac;
    IpAddress address;      ///< key of ARP and multicast tables
    IpAddress source;       ///< of a multicast entry; none is *
    IpAddress remote;       ///< VTEP the entry points to
    std::int32_t port = -1; ///< port or interface index the entry points to; -1: none
    std::string text;       ///< what else a reader wants to know: "static", "out: 1 2 5"
};

} // namespace weft::netbase

#endif
