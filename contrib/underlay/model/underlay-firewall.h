// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup underlay
 * A firewall in a wire that lets nothing pass for DNS that is not DNS.
 */
#ifndef UNDERLAY_FIREWALL_H
#define UNDERLAY_FIREWALL_H

#include "underlay-drop-reason.h"

#include "ns3/object.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"

namespace ns3
{
namespace underlay
{

/**
 * @ingroup underlay
 *
 * Stateless inspection of frames, by EthernetLink in both directions: a UDP datagram from or to
 * port 53 whose payload is no DNS message (RFC 1035) is refused (NotDns). A fragmented datagram's
 * first fragment is refused when what it holds of the message is not the start of one; later
 * fragments have no ports and pass. TCP passes.
 */
class Firewall : public Object
{
  public:
    /// @return the TypeId
    static TypeId GetTypeId();

    /// @param frame complete @return whether it may pass
    bool Inspect(Ptr<const Packet> frame);

    /// @return datagrams from or to port 53 that were looked into
    const PacketCount& GetInspected() const;
    /// @return those that were refused
    const PacketCount& GetRefused() const;

  private:
    PacketCount m_inspected; ///< looked into
    PacketCount m_refused;   ///< of these
};

} // namespace underlay
} // namespace ns3

#endif
