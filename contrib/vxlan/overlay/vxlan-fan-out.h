// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Packets on their way to the underlay. A flooded frame is encapsulated once; its copies are made
 * one by one as they are taken, so that a flood to a thousand VTEPs holds one packet.
 */
#ifndef VXLAN_FAN_OUT_H
#define VXLAN_FAN_OUT_H

#include "vxlan-encapsulation.h"
#include "vxlan-replication.h"

#include <optional>

namespace weft::vxlan
{

/// Accompanies a packet to the underlay.
struct UnderlayMeta
{
    Vni vni = 0;
    IpAddress destination;
    std::optional<FloodKind> flood; ///< one copy of a flooded frame
    std::uint32_t copy = 0;         ///< of how many before it
    bool replicated = false;        ///< sent on for another VTEP
    bool probe = false;             ///< BFD, not a tunnel packet
    std::uint32_t frameSize = 0;    ///< of the inner frame
};

/// Addresses of one flood: a list without one of its members.
struct FloodTargets
{
    AddressList list;
    IpAddress skip; ///< none: nobody

    /// @return index of the next address at or behind @p i; the list's size when there is none
    std::size_t
    Next(std::size_t i) const
    {
        while (i < list->size() && (*list)[i] == skip)
        {
            ++i;
        }
        return i;
    }

    /// @return how many addresses
    std::size_t Count() const;
};

/// First in, first out; the copies of one flood in the order of its list.
class FanOut
{
  public:
    /// Adds one packet. @param packet is taken; comes back as another buffer
    void Push(Bytes& packet, const UnderlayMeta& meta);
    /// Adds a packet for several destinations, of which there is at least one.
    /// @param packet to any of them
    void Push(Bytes& packet, const UnderlayMeta& meta, const FloodTargets& targets);
    bool Poll(Bytes& packet, UnderlayMeta& meta);

  private:
    struct Item
    {
        UnderlayMeta meta;
        FloodTargets targets; ///< no list: the packet as it is
    };

    netbase::OutputQueue<Item> m_queue;
    Item m_item; ///< the flood under way; it has a list
    Bytes m_packet;
    std::size_t m_next = 0;
};

/// What left for one frame.
struct Sent
{
    std::uint64_t copies = 0;
    std::uint64_t bytes = 0;
    std::uint64_t fragments = 0;
};

/// Hands encapsulated frames to a queue, within the underlay's MTU.
class Dispatcher
{
  public:
    /**
     * @param packets what the encapsulation made of one frame; is emptied
     * @param meta of the first copy
     * @param targets no list: to the address the packets have
     * @param mtu IP MTU. Longer packets are cut into fragments: the caller has seen to it that they
     * may
     */
    Sent Send(PacketQueue& packets,
              const UnderlayMeta& meta,
              const FloodTargets& targets,
              std::uint32_t mtu,
              FanOut& out);

  private:
    void SendOne(const UnderlayMeta& meta, std::uint32_t mtu, FanOut& out, Sent& sent);

    std::vector<Bytes> m_pieces;
    Bytes m_packet;
    Bytes m_fragment;
    std::uint32_t m_fragmentId = 0;
};

} // namespace weft::vxlan

#endif
