// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Whether bytes are a DNS message (RFC 1035 section 4), as a firewall that knows the protocol
 * judges what goes to and from port 53.
 */
#ifndef UNDERLAY_DNS_CHECK_H
#define UNDERLAY_DNS_CHECK_H

#include "netbase-types.h"

namespace weft::underlay
{

/**
 * Walks the whole message: header, questions, resource records.
 *
 * @param message UDP payload
 * @param whole false: only the start of the message is here, and running out of bytes is no fault
 * @return true when the opcode is assigned (0 to 6 but 3), the reserved bit is clear, a query
 * carries no answer, there is at least one question or record, every name is well formed
 * (labels of at most 63 octets, 255 in all, pointers only backwards), every count is met, and
 * nothing follows
 */
bool IsDnsMessage(netbase::ByteView message, bool whole = true);

} // namespace weft::underlay

#endif
