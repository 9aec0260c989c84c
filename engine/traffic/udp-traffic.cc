// SPDX-License-Identifier: GPL-2.0-only
#include "engine/traffic/udp-traffic.h"

#include "engine/traffic/stamp.h"

#include "ns3/inet-socket-address.h"
#include "ns3/nstime.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/udp-socket-factory.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <span>
#include <stdexcept>

namespace weft::engine
{

namespace
{

constexpr std::uint8_t PCMU = 0;           ///< RTP payload type of G.711 mu-law (RFC 3551)
constexpr std::uint8_t DYNAMIC = 111;      ///< RTP payload type commonly given to Opus
constexpr std::uint32_t RTP_EXTENSION = 8; ///< bytes of the extension of codecs that have one

/// RTP header and extension before the stamp; the rest of a codec's rtpBytes (SRTP's tag) ends the
/// packet.
std::size_t
StampOffset(const Codec* codec)
{
    if (!codec)
    {
        return 0;
    }
    return codec->rtpBytes >= RtpHeader::SIZE + RTP_EXTENSION ? RtpHeader::SIZE + RTP_EXTENSION
                                                              : RtpHeader::SIZE;
}

std::int64_t
Now()
{
    return ns3::Simulator::Now().GetNanoSeconds();
}

} // namespace

NS_OBJECT_ENSURE_REGISTERED(UdpTraffic);

UdpPattern
UdpPattern::Voice(const Codec& codec)
{
    UdpPattern pattern;
    pattern.payloadBytes = codec.payloadBytes + codec.rtpBytes;
    pattern.rateBps = pattern.payloadBytes * 8e3 / codec.packetIntervalMs;
    pattern.codec = &codec;
    return pattern;
}

ns3::TypeId
UdpTraffic::GetTypeId()
{
    static ns3::TypeId tid = ns3::TypeId("weft::engine::UdpTraffic")
                                 .SetParent<ns3::Application>()
                                 .SetGroupName("Weft")
                                 .AddConstructor<UdpTraffic>();
    return tid;
}

UdpTraffic::UdpTraffic() = default;
UdpTraffic::~UdpTraffic() = default;

void
UdpTraffic::Configure(const UdpEnd& end, FlowObserver& observer)
{
    if (end.active)
    {
        const std::size_t least = StampOffset(end.pattern.codec) + Stamp::SIZE;
        if (end.pattern.payloadBytes < least || end.pattern.payloadBytes > 65507)
        {
            throw std::invalid_argument(
                fmt::format("UdpTraffic::Configure: payloadBytes: {} is not from {} to 65507",
                            end.pattern.payloadBytes,
                            least));
        }
        if (!(end.pattern.rateBps > 0) || !std::isfinite(end.pattern.rateBps))
        {
            throw std::invalid_argument("UdpTraffic::Configure: rateBps: has to be above 0");
        }
        if (end.pattern.on.count() < 0 || end.pattern.off.count() < 0)
        {
            throw std::invalid_argument("UdpTraffic::Configure: on, off: have to be 0 or more");
        }
        m_payload.assign(end.pattern.payloadBytes, 0);
    }
    m_end = end;
    m_observer = &observer;
}

std::uint64_t
UdpTraffic::Sent() const
{
    return m_sequence;
}

std::uint64_t
UdpTraffic::Received() const
{
    return m_received;
}

std::uint64_t
UdpTraffic::Foreign() const
{
    return m_foreign;
}

std::uint64_t
UdpTraffic::Refused() const
{
    return m_refused;
}

void
UdpTraffic::DoDispose()
{
    m_next.Cancel();
    if (m_socket)
    {
        m_socket->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        m_socket->Close();
        m_socket = nullptr;
    }
    ns3::Application::DoDispose();
}

void
UdpTraffic::StartApplication()
{
    if (!m_observer)
    {
        throw std::logic_error("UdpTraffic: started before Configure");
    }
    m_socket = ns3::Socket::CreateSocket(GetNode(), ns3::UdpSocketFactory::GetTypeId());
    if (m_socket->Bind(ns3::InetSocketAddress(m_end.localAddress, m_end.localPort)) != 0)
    {
        throw std::runtime_error(
            fmt::format("UdpTraffic: UDP port {} of the host is taken", m_end.localPort));
    }
    m_socket->SetRecvCallback(ns3::MakeCallback(&UdpTraffic::Receive, this));
    m_waiting = m_end.active && m_end.answers;
    if (m_end.active && !m_waiting)
    {
        m_periodStart = Now();
        SendNext();
    }
}

void
UdpTraffic::StopApplication()
{
    m_waiting = false;
    m_next.Cancel();
}

void
UdpTraffic::SendNext()
{
    Stamp stamp{m_end.flow, m_end.sends, m_sequence, TimeNs(Now())};
    if (const Codec* codec = m_end.pattern.codec)
    {
        // The RTP clock: G.711 8 kHz (RFC 3551), Opus 48 kHz (RFC 7587).
        const double clock = codec->assumed ? 48 : 8;
        RtpHeader rtp;
        rtp.payloadType = codec->assumed ? DYNAMIC : PCMU;
        rtp.sequence = static_cast<std::uint16_t>(m_sequence);
        rtp.timestamp = static_cast<std::uint32_t>(
            m_sequence * static_cast<std::uint64_t>(clock * codec->packetIntervalMs));
        rtp.ssrc = stamp.FlowWord();
        rtp.extension = StampOffset(codec) > RtpHeader::SIZE;
        rtp.Write(m_payload);
    }
    stamp.Write(std::span(m_payload).subspan(StampOffset(m_end.pattern.codec)));
    auto packet =
        ns3::Create<ns3::Packet>(m_payload.data(), static_cast<std::uint32_t>(m_payload.size()));
    m_observer->OnSent(m_end.flow, m_end.sends, m_sequence, stamp.time, m_end.pattern.payloadBytes);
    ++m_sequence;
    ++m_inPeriod;
    if (m_socket->SendTo(packet, 0, ns3::InetSocketAddress(m_end.peerAddress, m_end.peerPort)) < 0)
    {
        ++m_refused;
    }
    ScheduleNext();
}

void
UdpTraffic::ScheduleNext()
{
    const UdpPattern& pattern = m_end.pattern;
    // Counted from the start of the period, so that rounding never adds up.
    const double gap = pattern.payloadBytes * 8e9 / pattern.rateBps;
    std::int64_t next = m_periodStart + std::llround(static_cast<double>(m_inPeriod) * gap);
    const std::int64_t on = pattern.on.count();
    if (on > 0 && pattern.off.count() > 0 && next >= m_periodStart + on)
    {
        m_periodStart += on + pattern.off.count();
        m_inPeriod = 0;
        next = m_periodStart;
    }
    m_next = ns3::Simulator::Schedule(
        ns3::NanoSeconds(std::max<std::int64_t>(next - Now(), 0)), &UdpTraffic::SendNext, this);
}

void
UdpTraffic::Receive(ns3::Ptr<ns3::Socket> socket)
{
    const Direction expected =
        m_end.sends == Direction::Forward ? Direction::Backward : Direction::Forward;
    const std::size_t offset = StampOffset(m_end.pattern.codec);
    std::array<std::uint8_t, RtpHeader::SIZE + RTP_EXTENSION + Stamp::SIZE> head;
    ns3::Address from;
    while (ns3::Ptr<ns3::Packet> packet = socket->RecvFrom(from))
    {
        const std::size_t read =
            packet->CopyData(head.data(), static_cast<std::uint32_t>(offset + Stamp::SIZE));
        const auto stamp = read < offset
                               ? std::nullopt
                               : Stamp::Read(std::span(head).subspan(offset, read - offset));
        if (!stamp || stamp->flow != m_end.flow || stamp->direction != expected)
        {
            ++m_foreign;
            continue;
        }
        ++m_received;
        m_observer->OnReceived(
            m_end.flow, expected, stamp->sequence, stamp->time, TimeNs(Now()), packet->GetSize());
        if (m_waiting)
        {
            m_waiting = false;
            m_periodStart = Now();
            SendNext();
        }
    }
}

} // namespace weft::engine
