// SPDX-License-Identifier: GPL-2.0-only
/** @file A router's neighbours: ARP, neighbour discovery, and frames that wait for an address. */
#include "ns3/netbase-arp.h"
#include "ns3/netbase-ethernet.h"
#include "ns3/netbase-icmp.h"
#include "ns3/netbase-ip.h"
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

namespace
{

/// Octets of the Ethernet header.
constexpr uint32_t ETHERNET = netbase::ETHERNET_HEADER;

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

} // namespace underlay
} // namespace ns3
