// SPDX-License-Identifier: GPL-2.0-only
/** @file A router's own part: neighbours, ICMP, and packets of its own. */
#include "ns3/netbase-arp.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-icmp.h"
#include "ns3/netbase-ip.h"
#include "ns3/netbase-ipv4.h"
#include "ns3/netbase-ipv6.h"
#include "ns3/netbase-ndp.h"
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
using netbase::MacAddress;
using netbase::TimeNs;
using weft::underlay::NextHop;

namespace
{

/// Octets of the Ethernet header.
constexpr uint32_t ETHERNET = netbase::ETHERNET_HEADER;

/// @return the simulation's time
TimeNs
Now()
{
    return TimeNs(Simulator::Now().GetNanoSeconds());
}

/// @return bytes of a packet @param packet packet
Bytes
BytesOf(Ptr<const Packet> packet)
{
    Bytes bytes(packet->GetSize());
    packet->CopyData(bytes.data(), static_cast<uint32_t>(bytes.size()));
    return bytes;
}

/// @return a frame @param destination MAC @param source MAC @param packet IP packet in it
Bytes
Framed(const MacAddress& destination, const MacAddress& source, const Bytes& packet)
{
    netbase::EthernetHeader header;
    header.destination = destination;
    header.source = source;
    header.type = netbase::EtherTypeOf(packet);
    Bytes frame;
    frame.reserve(ETHERNET + packet.size());
    netbase::AppendEthernet(frame, header);
    frame.insert(frame.end(), packet.begin(), packet.end());
    return frame;
}

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

bool
FabricRouter::Impl::IsBehind(const Port& in, const IpAddress& address) const
{
    const auto value = fib.LookUp(address);
    return value && *value != LOCAL && *value == in.onLink;
}

bool
FabricRouter::Impl::AnswersFor(const Port& in,
                               const IpAddress& target,
                               const IpAddress& asker) const
{
    if (target == asker)
    {
        return false;
    }
    bool near = false;
    for (const PortAddress& own : in.addresses)
    {
        if (own.address == target)
        {
            return true;
        }
        near = near || netbase::IpPrefix{own.address, own.prefixLength}.Contains(target);
    }
    if (!near)
    {
        return false;
    }
    const auto value = fib.LookUp(target);
    return value && *value != in.onLink && (*value == LOCAL || !groups[*value].IsEmpty());
}

void
FabricRouter::Impl::ReceiveArp(Port& in, Ptr<Packet> frame)
{
    const Bytes bytes = BytesOf(frame);
    netbase::ArpPacket arp;
    if (netbase::ReadArp(netbase::ByteView(bytes).subspan(ETHERNET), arp) !=
        netbase::DropReason::None)
    {
        Drop(frame, FrameDrop::Malformed);
        return;
    }
    if (arp.senderMac.IsGroup())
    {
        Drop(frame, FrameDrop::BadSource);
        return;
    }
    counts.local.Add(frame->GetSize());
    const bool answer =
        arp.operation == netbase::ArpOperation::Request && AnswersFor(in, arp.target, arp.sender);
    if (IsBehind(in, arp.sender))
    {
        if (arp.operation == netbase::ArpOperation::Reply)
        {
            Cache().OnAnswer(arp.sender, arp.senderMac, Now());
        }
        else if (answer)
        {
            Cache().Learn(arp.sender, arp.senderMac, Now());
        }
        else
        {
            Cache().Update(arp.sender, arp.senderMac, Now());
        }
        ServeCache();
    }
    if (answer)
    {
        Bytes reply;
        netbase::BuildArpReply(reply, arp, in.device->GetMac());
        Emit(in, MakePacket(reply));
    }
}

bool
FabricRouter::Impl::ReceiveNdp(Port& in, Ptr<Packet> frame)
{
    constexpr uint32_t TYPE = ETHERNET + netbase::IPV6_HEADER;
    constexpr uint8_t SOLICITATION = 135;
    constexpr uint8_t ADVERTISEMENT = 136;
    const Bytes bytes = BytesOf(frame);
    if (bytes.size() <= TYPE || (bytes[TYPE] != SOLICITATION && bytes[TYPE] != ADVERTISEMENT))
    {
        return false;
    }
    netbase::NdpMessage message;
    if (netbase::ReadNdp(netbase::ByteView(bytes).subspan(ETHERNET), message) !=
        netbase::DropReason::None)
    {
        Drop(frame, FrameDrop::Malformed);
        return true;
    }
    counts.local.Add(frame->GetSize());
    if (!message.solicitation)
    {
        if (message.linkAddress && IsBehind(in, message.target))
        {
            Cache().OnAnswer(message.target, *message.linkAddress, Now());
            ServeCache();
        }
        return true;
    }
    const bool answer = AnswersFor(in, message.target, message.source);
    if (message.linkAddress && IsBehind(in, message.source))
    {
        if (answer)
        {
            Cache().Learn(message.source, *message.linkAddress, Now());
        }
        else
        {
            Cache().Update(message.source, *message.linkAddress, Now());
        }
        ServeCache();
    }
    // Duplicate address detection asks from no address; only an owner answers that.
    const bool own = std::any_of(
        in.addresses.begin(), in.addresses.end(), [&message](const PortAddress& address) {
            return address.address == message.target;
        });
    if (answer && (own || !message.source.IsNone()))
    {
        netbase::NdpMessage reply;
        reply.source = message.target;
        reply.solicited = !message.source.IsNone();
        reply.destination = reply.solicited ? message.source : *IpAddress::Parse("ff02::1");
        reply.target = message.target;
        reply.linkAddress = in.device->GetMac();
        reply.router = true;
        reply.override = true;
        Bytes packet;
        netbase::AppendNdp(packet, reply);
        const MacAddress to = reply.solicited ? message.linkAddress.value_or(MacAddress::Read(
                                                    netbase::ByteView(bytes).subspan(6, 6)))
                                              : netbase::GroupMac(reply.destination);
        Emit(in, MakePacket(Framed(to, in.device->GetMac(), packet)));
    }
    return true;
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
FabricRouter::Impl::Resolve(Port& port, const IpAddress& address, Ptr<Packet> frame)
{
    Waiting& queue = waiting[address];
    queue.port = port.number;
    if (queue.frames.GetSize() >= owner.m_pendingLimit)
    {
        Drop(queue.frames.Front(), FrameDrop::PendingFull);
        queue.frames.PopFront();
        --waitingFrames;
    }
    queue.frames.PushBack(frame);
    ++waitingFrames;
    if (queue.frames.GetSize() == 1)
    {
        // The cache holds the address in place of the frames.
        if (Cache().Hold(address, address.octets, Now()) != netbase::DropReason::None)
        {
            waiting.erase(address);
            --waitingFrames;
            Drop(frame, FrameDrop::Unresolved);
        }
    }
    ServeCache();
}

void
FabricRouter::Impl::ServeCache()
{
    const auto take = [this](const IpAddress& address) {
        Waiting taken;
        const auto at = waiting.find(address);
        if (at != waiting.end())
        {
            taken = std::move(at->second);
            waiting.erase(at);
            waitingFrames -= taken.frames.GetSize();
        }
        return taken;
    };
    netbase::NeighbourCache::Request request;
    while (Cache().PollRequest(request))
    {
        const auto value = fib.LookUp(request.address);
        if (value && *value != LOCAL && !groups[*value].IsEmpty())
        {
            Ask(*ports[groups[*value].Members().front().port],
                request.address,
                request.unicast ? &*request.unicast : nullptr);
        }
    }
    Bytes held;
    MacAddress mac;
    while (Cache().PollReleased(held, mac))
    {
        IpAddress address;
        std::copy_n(held.begin(), address.octets.size(), address.octets.begin());
        for (Waiting ready = take(address); !ready.frames.IsEmpty(); ready.frames.PopFront())
        {
            Ptr<Packet> frame = ready.frames.Front();
            ReplaceStart(frame, 6, mac.octets);
            ports[ready.port]->device->SendFrame(std::move(frame));
        }
    }
    IpAddress address;
    while (Cache().PollFailed(held, address))
    {
        for (Waiting failed = take(address); !failed.frames.IsEmpty(); failed.frames.PopFront())
        {
            SendUnreachable(ports[failed.port].get(),
                            failed.frames.Front(),
                            static_cast<uint8_t>(netbase::Unreachable::Host));
            Drop(failed.frames.Front(), FrameDrop::Unresolved);
        }
    }
    netbase::TableChange change;
    while (Cache().PollTableChange(change))
    {
        const auto value = fib.LookUp(change.address);
        if (value && *value != LOCAL && !groups[*value].IsEmpty())
        {
            change.port = static_cast<int32_t>(groups[*value].Members().front().port);
        }
        owner.m_tableTrace(change);
    }
    if (Cache().NextDeadline() != netbase::NEVER)
    {
        deadline.At(std::max(Cache().NextDeadline(), Now()).count(), nodeId);
    }
}

void
FabricRouter::Impl::Ask(Port& port, const IpAddress& address, const MacAddress* unicast)
{
    const MacAddress& mac = port.device->GetMac();
    const IpAddress own = port.OwnAddress(!address.IsV4());
    if (own.IsNone())
    {
        return; // unanswered: fails in time
    }
    Bytes frame;
    if (address.IsV4())
    {
        netbase::BuildArpRequest(
            frame, mac, own, address, unicast ? *unicast : MacAddress::Broadcast());
    }
    else
    {
        netbase::NdpMessage question;
        question.solicitation = true;
        question.source = own;
        question.destination = unicast ? address : netbase::SolicitedNode(address);
        question.target = address;
        question.linkAddress = mac;
        Bytes packet;
        netbase::AppendNdp(packet, question);
        frame = Framed(unicast ? *unicast : netbase::GroupMac(question.destination), mac, packet);
    }
    Emit(port, MakePacket(frame));
}

void
FabricRouter::Impl::OnDeadline()
{
    Cache().OnDeadline(Now());
    ServeCache();
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
