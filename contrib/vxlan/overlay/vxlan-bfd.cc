// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-bfd.h"

#include "netbase-flow-hash.h"
#include "netbase-ip.h"
#include "netbase-ipv4.h"
#include "netbase-udp.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace weft::vxlan
{

namespace
{

using namespace std::chrono_literals;

constexpr TimeNs SLOW = 1s; ///< least transmission interval while not up (RFC 5880 section 6.8.3)
constexpr std::uint8_t VERSION = 1;
constexpr std::uint8_t FLAG_POLL = 0x20;
constexpr std::uint8_t FLAG_FINAL = 0x10;
constexpr std::uint8_t FLAG_AUTHENTICATION = 0x04;
constexpr std::uint8_t FLAG_MULTIPOINT = 0x01;
constexpr std::uint8_t DIAGNOSTIC_EXPIRED = 1;
constexpr std::uint8_t DIAGNOSTIC_NEIGHBOUR_DOWN = 3;
constexpr std::uint16_t FIRST_PORT = 49152; ///< RFC 5881 section 4
constexpr std::uint16_t PORTS = 16384;
constexpr std::uint8_t NETWORK_CONTROL = 0xc0; ///< TOS

std::uint32_t
ToMicroseconds(TimeNs time)
{
    return static_cast<std::uint32_t>(time / 1us);
}

} // namespace

DropReason
ReadBfd(ByteView payload, BfdPacket& packet)
{
    if (payload.size() < BFD_CONTROL_SIZE || payload[3] < BFD_CONTROL_SIZE ||
        payload[3] > payload.size())
    {
        return DropReason::Truncated;
    }
    const std::uint8_t* p = payload.data();
    packet.diagnostic = p[0] & 0x1f;
    packet.state = static_cast<BfdState>(p[1] >> 6);
    packet.poll = (p[1] & FLAG_POLL) != 0;
    packet.final = (p[1] & FLAG_FINAL) != 0;
    packet.multiplier = p[2];
    packet.myDiscriminator = netbase::Read32(p + 4);
    packet.yourDiscriminator = netbase::Read32(p + 8);
    packet.desiredMinTx = netbase::Read32(p + 12);
    packet.requiredMinRx = netbase::Read32(p + 16);
    const bool mayBeNew = packet.state == BfdState::Down || packet.state == BfdState::AdminDown;
    if (p[0] >> 5 != VERSION || packet.multiplier == 0 || packet.myDiscriminator == 0 ||
        (p[1] & (FLAG_AUTHENTICATION | FLAG_MULTIPOINT)) != 0 ||
        (packet.yourDiscriminator == 0 && !mayBeNew))
    {
        return DropReason::BadOuterHeader;
    }
    return DropReason::None;
}

void
AppendBfd(Bytes& out, const BfdPacket& packet)
{
    const auto at = out.size();
    out.resize(at + BFD_CONTROL_SIZE);
    std::uint8_t* p = out.data() + at;
    p[0] = static_cast<std::uint8_t>(VERSION << 5 | (packet.diagnostic & 0x1f));
    p[1] =
        static_cast<std::uint8_t>(static_cast<unsigned>(packet.state) << 6 |
                                  (packet.poll ? FLAG_POLL : 0) | (packet.final ? FLAG_FINAL : 0));
    p[2] = packet.multiplier;
    p[3] = BFD_CONTROL_SIZE;
    netbase::Write32(p + 4, packet.myDiscriminator);
    netbase::Write32(p + 8, packet.yourDiscriminator);
    netbase::Write32(p + 12, packet.desiredMinTx);
    netbase::Write32(p + 16, packet.requiredMinRx);
    netbase::Write32(p + 20, 0); // no echo function
}

void
Validate(const BfdConfig& config)
{
    if (config.interval < 1ms || config.interval > 1h)
    {
        throw std::invalid_argument("probe.interval is " + std::to_string(config.interval.count()) +
                                    " ns, but has to be 1 ms to 1 h");
    }
    if (config.multiplier == 0)
    {
        throw std::invalid_argument("probe.multiplier is 0, but has to be at least 1");
    }
}

BfdSession::BfdSession(const BfdConfig& config,
                       const IpAddress& local,
                       const IpAddress& remote,
                       std::uint32_t discriminator,
                       std::uint64_t key,
                       TimeNs now)
    : m_config(config), m_local(local), m_remote(remote), m_discriminator(discriminator),
      m_random(netbase::Mix64(key ^ netbase::Mix64(discriminator))),
      m_detect(now + config.interval * config.multiplier), m_transmit(now),
      m_remoteInterval(config.interval), m_remoteMultiplier(config.multiplier), m_remoteRequired(0)
{
    Validate(config);
}

void
BfdSession::OnPacket(const BfdPacket& packet, TimeNs now)
{
    const bool down = m_state == BfdState::Down || m_state == BfdState::AdminDown;
    if (packet.yourDiscriminator == 0 ? !down && packet.myDiscriminator != m_remoteDiscriminator
                                      : packet.yourDiscriminator != m_discriminator)
    {
        return;
    }
    m_remoteDiscriminator = packet.myDiscriminator;
    m_remoteInterval =
        std::max<TimeNs>(m_config.interval, std::chrono::microseconds{packet.desiredMinTx});
    m_remoteRequired = std::chrono::microseconds{packet.requiredMinRx};
    m_remoteMultiplier = packet.multiplier;
    if (packet.final)
    {
        m_polling = false;
    }
    const auto before = m_state;
    if (packet.state == BfdState::AdminDown ||
        (m_state == BfdState::Up && packet.state == BfdState::Down))
    {
        m_diagnostic = DIAGNOSTIC_NEIGHBOUR_DOWN;
        m_state = BfdState::Down;
    }
    else if (m_state == BfdState::Down)
    {
        m_state = packet.state == BfdState::Down   ? BfdState::Init
                  : packet.state == BfdState::Init ? BfdState::Up
                                                   : BfdState::Down;
    }
    else if (m_state == BfdState::Init && packet.state != BfdState::Down)
    {
        m_state = BfdState::Up;
    }
    if (m_state != BfdState::Down)
    {
        m_detect = now + m_remoteInterval * m_remoteMultiplier;
    }
    if (m_state != before)
    {
        // Said at once: otherwise each step of the handshake would wait for its turn.
        m_transmit = now;
        if (m_state == BfdState::Up)
        {
            m_usable = true;
            m_diagnostic = 0;
            m_polling = m_config.interval < SLOW;
        }
        else if (before == BfdState::Up)
        {
            m_usable = false;
        }
    }
    if (packet.poll)
    {
        m_final = true;
        m_transmit = now;
    }
    OnDeadline(now);
}

TimeNs
BfdSession::NextDeadline() const
{
    return std::min(m_transmit, m_detect);
}

void
BfdSession::OnDeadline(TimeNs now)
{
    if (now >= m_detect)
    {
        m_detect = NEVER;
        m_usable = false;
        if (m_state != BfdState::Down)
        {
            m_state = BfdState::Down;
            m_diagnostic = DIAGNOSTIC_EXPIRED;
            m_remoteDiscriminator = 0;
            m_polling = false;
        }
    }
    if (now >= m_transmit)
    {
        m_due = true;
        const TimeNs own =
            m_state == BfdState::Up ? m_config.interval : std::max(m_config.interval, SLOW);
        const TimeNs interval = std::max(own, m_remoteRequired);
        // 75 to 100 % of the interval, at most 90 % when one lost packet is already too many.
        m_random = netbase::Mix64(m_random + 0x9e3779b97f4a7c15);
        const std::uint32_t spread = m_config.multiplier == 1 ? 151 : 251;
        m_transmit = now + interval * (750 + netbase::HashBelow(m_random, spread)) / 1000;
    }
}

bool
BfdSession::Poll(Bytes& packet)
{
    if (!m_due)
    {
        return false;
    }
    m_due = false;
    const TimeNs own =
        m_state == BfdState::Up ? m_config.interval : std::max(m_config.interval, SLOW);
    Bytes payload;
    AppendBfd(payload,
              {.diagnostic = m_diagnostic,
               .state = m_state,
               .poll = m_polling && !m_final,
               .final = m_final,
               .multiplier = m_config.multiplier,
               .myDiscriminator = m_discriminator,
               .yourDiscriminator = m_remoteDiscriminator,
               .desiredMinTx = ToMicroseconds(own),
               .requiredMinRx = ToMicroseconds(m_config.interval)});
    m_final = false;
    netbase::AppendUdpPacket(
        packet,
        {.source = m_local,
         .destination = m_remote,
         .sourcePort = static_cast<std::uint16_t>(FIRST_PORT + m_discriminator % PORTS),
         .destinationPort = BFD_PORT,
         .ttl = 255,
         .tos = NETWORK_CONTROL,
         .id = ++m_ipId},
        payload);
    return true;
}

bool
IsBfd(ByteView ipPacket)
{
    if (ipPacket.size() < 28)
    {
        return false;
    }
    const bool v4 = ipPacket[0] >> 4 == 4;
    const std::size_t header = v4 ? (ipPacket[0] & 0xfu) * 4u : 40u;
    const std::uint8_t protocol = v4 ? ipPacket[9] : ipPacket[6];
    return protocol == netbase::protocol::UDP && ipPacket.size() >= header + 8 &&
           netbase::Read16(ipPacket.data() + header + 2) == BFD_PORT;
}

DropReason
ReadBfdPacket(ByteView ipPacket, BfdPacket& packet, IpAddress& source, IpAddress& destination)
{
    netbase::IpFacts facts;
    if (netbase::ReadIp(ipPacket, facts) != netbase::DropReason::None || facts.fragment)
    {
        return DropReason::BadOuterHeader;
    }
    const auto segment = facts.Payload(ipPacket);
    netbase::UdpHeader udp;
    if (netbase::ReadUdp(segment, udp) != netbase::DropReason::None)
    {
        return DropReason::Truncated;
    }
    if (!netbase::UdpChecksumOk(facts.source, facts.destination, segment))
    {
        return DropReason::BadChecksum;
    }
    source = facts.source;
    destination = facts.destination;
    return ReadBfd(segment.subspan(netbase::UDP_HEADER, udp.length - netbase::UDP_HEADER), packet);
}

BfdResponder::BfdResponder(const BfdConfig& config, std::size_t maxSessions, std::uint64_t key)
    : m_config(config), m_maxSessions(maxSessions), m_key(key)
{
    Validate(config);
}

DropReason
BfdResponder::OnPacket(const IpAddress& source,
                       const IpAddress& destination,
                       const BfdPacket& packet,
                       TimeNs now)
{
    auto found = m_sessions.find({source, destination});
    if (found == m_sessions.end())
    {
        if (m_sessions.size() >= m_maxSessions)
        {
            return DropReason::NoBuffer;
        }
        found = m_sessions
                    .emplace(std::pair{source, destination},
                             BfdSession{m_config, destination, source, ++m_last, m_key, now})
                    .first;
    }
    found->second.OnPacket(packet, now);
    return DropReason::None;
}

TimeNs
BfdResponder::NextDeadline() const
{
    TimeNs next = NEVER;
    for (const auto& [ends, session] : m_sessions)
    {
        next = std::min(next, session.NextDeadline());
    }
    return next;
}

void
BfdResponder::OnDeadline(TimeNs now)
{
    for (auto session = m_sessions.begin(); session != m_sessions.end();)
    {
        session->second.OnDeadline(now);
        session = session->second.Usable() ? std::next(session) : m_sessions.erase(session);
    }
}

bool
BfdResponder::Poll(Bytes& packet)
{
    return std::any_of(m_sessions.begin(), m_sessions.end(), [&packet](auto& session) {
        return session.second.Poll(packet);
    });
}

} // namespace weft::vxlan
