// SPDX-License-Identifier: GPL-2.0-only
/** @file Makes several things of one that says `count`. */
#ifndef WEFT_SPEC_EXPAND_H
#define WEFT_SPEC_EXPAND_H

#include "engine/spec/document.h"

namespace weft::spec
{

/**
 * Replaces every named thing with a `count` by NAME1 to NAMEn, in its place. Keys that the field
 * table counts are one higher for each. What stands beside it under such a name says what differs
 * there.
 *
 * @param root a document that CheckDocument has looked at
 */
void ExpandCounts(Node& root, Diagnostics& diagnostics);

/// @return an address @p steps further on
netbase::IpAddress Next(netbase::IpAddress address, std::uint32_t steps = 1);

/// @return a MAC address @p steps further on
netbase::MacAddress Next(const netbase::MacAddress& address, std::uint64_t steps = 1);

} // namespace weft::spec

#endif
