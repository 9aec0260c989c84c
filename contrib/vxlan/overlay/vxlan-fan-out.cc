// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-fan-out.h"

#include "netbase-ipv4.h"
#include "netbase-ipv6.h"

#include <algorithm>

namespace weft::vxlan
{

std::size_t
FloodTargets::Count() const
{
    return static_cast<std::size_t>(std::count_if(
        list->begin(), list->end(), [this](const IpAddress& address) { return address != skip; }));
}

void
FanOut::Push(Bytes& packet, const UnderlayMeta& meta)
{
    auto& slot = m_queue.Push();
    slot.meta.meta = meta;
    slot.bytes.swap(packet);
}

void
FanOut::Push(Bytes& packet, const UnderlayMeta& meta, const FloodTargets& targets)
{
    auto& slot = m_queue.Push();
    slot.meta.meta = meta;
    slot.meta.targets = targets;
    slot.bytes.swap(packet);
}

bool
FanOut::Poll(Bytes& packet, UnderlayMeta& meta)
{
    if (!m_item.targets.list)
    {
        if (!m_queue.Pop(m_packet, m_item))
        {
            return false;
        }
        if (!m_item.targets.list)
        {
            packet.swap(m_packet);
            meta = m_item.meta;
            return true;
        }
        m_next = m_item.targets.Next(0);
    }
    const auto& list = *m_item.targets.list;
    const IpAddress& to = list[m_next];
    Readdress(m_packet, to);
    meta = m_item.meta;
    meta.destination = to;
    ++m_item.meta.copy;
    m_next = m_item.targets.Next(m_next + 1);
    if (m_next < list.size())
    {
        packet.assign(m_packet.begin(), m_packet.end());
    }
    else
    {
        packet.swap(m_packet);
        m_item.targets.list.reset();
    }
    return true;
}

Sent
Dispatcher::Send(PacketQueue& packets,
                 const UnderlayMeta& meta,
                 const FloodTargets& targets,
                 std::uint32_t mtu,
                 FanOut& out)
{
    Sent sent;
    NoMeta none;
    const std::size_t pieces = packets.Size();
    if (pieces == 1)
    {
        packets.Pop(m_packet, none);
        if (m_packet.size() <= mtu)
        {
            sent.copies = targets.list ? targets.Count() : 1;
            sent.bytes = sent.copies * m_packet.size();
            if (targets.list)
            {
                out.Push(m_packet, meta, targets);
            }
            else
            {
                out.Push(m_packet, meta);
            }
            return sent;
        }
        packets.Push().bytes.swap(m_packet);
    }
    // Several packets make up one copy: destination after destination, as a VTEP would send them.
    m_pieces.resize(std::max(m_pieces.size(), pieces));
    for (std::size_t i = 0; i < pieces; ++i)
    {
        packets.Pop(m_pieces[i], none);
    }
    UnderlayMeta copy = meta;
    const std::size_t end = targets.list ? targets.list->size() : 1;
    for (std::size_t t = targets.list ? targets.Next(0) : 0; t < end;
         t = targets.list ? targets.Next(t + 1) : 1)
    {
        if (targets.list)
        {
            copy.destination = (*targets.list)[t];
        }
        for (std::size_t i = 0; i < pieces; ++i)
        {
            m_packet.assign(m_pieces[i].begin(), m_pieces[i].end());
            Readdress(m_packet, copy.destination);
            SendOne(copy, mtu, out, sent);
        }
        ++sent.copies;
        ++copy.copy;
    }
    return sent;
}

void
Dispatcher::SendOne(const UnderlayMeta& meta, std::uint32_t mtu, FanOut& out, Sent& sent)
{
    if (m_packet.size() <= mtu)
    {
        sent.bytes += m_packet.size();
        out.Push(m_packet, meta);
        return;
    }
    const auto cut = [&](auto&& fragmenter) {
        for (m_fragment.clear(); fragmenter.Next(m_fragment); m_fragment.clear())
        {
            ++sent.fragments;
            sent.bytes += m_fragment.size();
            out.Push(m_fragment, meta);
        }
    };
    if (m_packet[0] >> 4 == 4)
    {
        cut(netbase::Ipv4Fragmenter(m_packet, mtu));
    }
    else
    {
        cut(netbase::Ipv6Fragmenter(m_packet, mtu, ++m_fragmentId));
    }
}

} // namespace weft::vxlan
