// SPDX-License-Identifier: GPL-2.0-only
/** @file A router's own part: ICMP, packets of its own, and its state. */
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-icmp.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/netbase-ipv6.h"
#include "underlay-fabric-router-impl.h"
#include "underlay-frame-edit.h"

#include <algorithm>

namespace ns3
{
namespace underlay
{

namespace netbase = weft::netbase;
using netbase::Bytes;
using netbase::IpAddress;
using weft::underlay::NextHop;

namespace
{

/// Octets of the Ethernet header.
constexpr uint32_t ETHERNET = netbase::ETHERNET_HEADER;

} // namespace

IpAddress
FabricRouter::Impl::Port::OwnAddress(bool v6) const
{
    for (const PortAddress& own : addresses)
    {
        if (own.address.IsV4() != v6)
        {
            return own.address;
        }
    }
    return {};
}

void
FabricRouter::Impl::Local(Port& in, Ptr<Packet> frame, uint8_t protocol)
{
    if (protocol == netbase::protocol::IGMP || protocol == netbase::protocol::PIM)
    {
        if (!multicast.IsNull())
        {
            counts.local.Add(frame->GetSize());
            frame->RemoveAtStart(ETHERNET);
            multicast(in.number, frame);
            return;
        }
    }
    else if (protocol == netbase::protocol::ICMP || protocol == netbase::protocol::ICMPV6)
    {
        const Bytes bytes = BytesOf(frame);
        const auto packet = netbase::ByteView(bytes).subspan(ETHERNET);
        netbase::IcmpMessage message;
        netbase::IpFacts facts;
        if (netbase::ReadIcmp(packet, message) == netbase::DropReason::None &&
            netbase::ReadIp(packet, facts) == netbase::DropReason::None)
        {
            counts.local.Add(frame->GetSize());
            Bytes reply;
            if (message.kind == netbase::IcmpKind::EchoRequest &&
                netbase::AppendEchoReply(reply, packet, facts.destination) ==
                    netbase::DropReason::None)
            {
                SendOwn(MakePacket(reply));
            }
            return; // an answer, or an error about a packet of the router's own
        }
        Drop(frame, FrameDrop::Malformed);
        return;
    }
    SendUnreachable(&in,
                    frame,
                    static_cast<uint8_t>(protocol == netbase::protocol::UDP
                                             ? netbase::Unreachable::Port
                                             : netbase::Unreachable::Protocol));
    Drop(frame, FrameDrop::UnknownProtocol);
}

template <typename Append>
void
FabricRouter::Impl::SendError(Port* in, Ptr<const Packet> frame, Append append)
{
    if (!in)
    {
        return; // about a packet of its own
    }
    const Bytes bytes = BytesOf(frame);
    const auto offending = netbase::ByteView(bytes).subspan(ETHERNET);
    const bool v6 = netbase::EtherTypeOf(offending) == netbase::ethertype::IPV6;
    IpAddress source = in->OwnAddress(v6);
    for (std::size_t i = 0; i < loopbacks.size() && source.IsNone(); ++i)
    {
        if (loopbacks[i].IsV4() != v6)
        {
            source = loopbacks[i];
        }
    }
    Bytes message;
    if (!source.IsNone() && append(message, source, offending) == netbase::DropReason::None)
    {
        SendOwn(MakePacket(message));
    }
}

void
FabricRouter::Impl::SendTimeExceeded(Port* in, Ptr<const Packet> frame)
{
    SendError(in, frame, [](Bytes& out, const IpAddress& source, netbase::ByteView offending) {
        return netbase::AppendTimeExceeded(out, source, offending);
    });
}

void
FabricRouter::Impl::SendTooBig(Port* in, Ptr<const Packet> frame, uint32_t mtu)
{
    SendError(in, frame, [mtu](Bytes& out, const IpAddress& source, netbase::ByteView offending) {
        return netbase::AppendPacketTooBig(out, source, offending, mtu);
    });
}

void
FabricRouter::Impl::SendUnreachable(Port* in, Ptr<const Packet> frame, uint8_t what)
{
    SendError(in, frame, [what](Bytes& out, const IpAddress& source, netbase::ByteView offending) {
        return netbase::AppendUnreachable(
            out, source, offending, static_cast<netbase::Unreachable>(what));
    });
}

bool
FabricRouter::Impl::SendOwn(Ptr<Packet> packet)
{
    Start start;
    std::fill_n(start.octets, ETHERNET, 0);
    start.size = ETHERNET + packet->CopyData(start.octets + ETHERNET, PeekSize() - ETHERNET);
    const uint8_t* ip = start.octets + ETHERNET;
    const bool v6 = start.size > ETHERNET && ip[0] >> 4 == 6;
    if (start.size < ETHERNET + (v6 ? netbase::IPV6_HEADER : netbase::IPV4_HEADER))
    {
        Drop(packet, FrameDrop::Malformed);
        return false;
    }
    netbase::Write16(start.octets + 12, v6 ? netbase::ethertype::IPV6 : netbase::ethertype::IPV4);
    const uint32_t length = packet->GetSize();
    ReplaceStart(packet, 0, {start.octets, ETHERNET});
    counts.originated.Add(packet->GetSize());
    if (!up)
    {
        Drop(packet, FrameDrop::NodeDown);
        return false;
    }
    const auto found =
        fib.LookUp(v6 ? IpAddress::V6({ip + 24, 16}) : IpAddress::V4(netbase::Read32(ip + 16)));
    if (!found || *found == LOCAL || groups[*found].IsEmpty())
    {
        Drop(packet, FrameDrop::NoRoute);
        return false;
    }
    const NextHop& hop = Choose(*found, start);
    if (!ports[hop.port]->device->IsLinkUp())
    {
        Drop(packet, FrameDrop::NextHopDown);
        return false;
    }
    if (length > ports[hop.port]->device->GetMtu())
    {
        TooLong(nullptr, packet, start, hop);
        return true;
    }
    return Output(std::move(packet), start, ETHERNET, hop);
}

void
FabricRouter::Impl::Emit(Port& port, Ptr<Packet> frame)
{
    counts.originated.Add(frame->GetSize());
    port.device->SendFrame(std::move(frame));
}

void
FabricRouter::Impl::SetUp(bool on)
{
    if (up == on)
    {
        return;
    }
    up = on;
    if (!on)
    {
        for (auto& [address, queue] : waiting)
        {
            for (; !queue.frames.IsEmpty(); queue.frames.PopFront())
            {
                Drop(queue.frames.Front(), FrameDrop::NodeDown);
            }
        }
        waiting.clear();
        waitingFrames = 0;
        Cache().Flush(Now());
        ServeCache();
    }
    for (const auto& port : ports)
    {
        port->device->SetPowered(on);
    }
}

void
FabricRouter::Impl::Port::OnLinkChange()
{
    if (device->IsLinkUp() == up)
    {
        return;
    }
    up = !up;
    if (!up && router->cache)
    {
        for (const IpAddress& host : hosts)
        {
            router->Cache().Remove(host, Now(), netbase::TableCause::PortDown);
        }
        router->ServeCache();
    }
    for (const auto& changed : router->portChanged)
    {
        changed(number, up);
    }
}

} // namespace underlay
} // namespace ns3
