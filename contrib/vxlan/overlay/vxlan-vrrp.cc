// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-vrrp.h"

#include "netbase-arp.h"

#include <algorithm>
#include <stdexcept>

namespace weft::vxlan
{

namespace
{

using namespace std::chrono_literals;

constexpr TimeNs CENTISECOND = 10ms;
constexpr std::int64_t MAX_INTERVAL = 4095; ///< centiseconds, 12 bits

void
Check(const VrrpConfig& config, const IpAddress& source)
{
    const auto refuse = [](const std::string& text) { throw std::invalid_argument(text); };
    if (config.vrid == 0)
    {
        refuse("vrrp.vrid is 0; it is 1 to 255");
    }
    if (config.priority == 0)
    {
        refuse("vrrp.priority is 0, which means resignation; it is 1 to 255");
    }
    if (config.addresses.empty() || config.addresses.size() > 255)
    {
        refuse("vrrp.addresses has " + std::to_string(config.addresses.size()) +
               " entries; it has 1 to 255");
    }
    for (const IpAddress& address : config.addresses)
    {
        if (!address.IsV4() || address.IsMulticast())
        {
            refuse("vrrp.addresses has " + address.ToString() + "; it has IPv4 unicast addresses");
        }
    }
    if (config.interval < CENTISECOND || config.interval > MAX_INTERVAL * CENTISECOND ||
        config.interval % CENTISECOND != 0ns)
    {
        refuse("vrrp.interval is " + std::to_string(config.interval.count()) +
               " ns; it is a multiple of 10 ms, from 10 ms to 40.95 s");
    }
    if (config.preemptDelay < 0ns)
    {
        refuse("vrrp.preemptDelay is negative; it is at least 0");
    }
    if (!source.IsV4() || source.IsMulticast())
    {
        refuse("vrrp: the primary address is " + source.ToString() + "; it is an IPv4 address");
    }
    const bool owns = std::find(config.addresses.begin(), config.addresses.end(), source) !=
                      config.addresses.end();
    if (owns != (config.priority == 255))
    {
        refuse("vrrp.priority is " + std::to_string(config.priority) + " and the interface's " +
               source.ToString() + (owns ? " is" : " is not") +
               " among vrrp.addresses; priority 255 is for the owner of the addresses, and only "
               "for it");
    }
}

} // namespace

std::string_view
ToString(VrrpState state)
{
    switch (state)
    {
    case VrrpState::Initialize:
        return "initialize";
    case VrrpState::Backup:
        return "backup";
    case VrrpState::Master:
        return "master";
    }
    return "?";
}

std::string_view
ToString(VrrpCause cause)
{
    switch (cause)
    {
    case VrrpCause::Startup:
        return "startup";
    case VrrpCause::Owner:
        return "owner";
    case VrrpCause::MasterDown:
        return "master-down";
    case VrrpCause::Resigned:
        return "resigned";
    case VrrpCause::Preempted:
        return "preempted";
    case VrrpCause::Shutdown:
        return "shutdown";
    }
    return "?";
}

Vrrp::Vrrp(const VrrpConfig& config, const IpAddress& source)
    : m_config(config), m_source(source), m_masterInterval(config.interval)
{
    Check(config, source);
    m_advert.vrid = config.vrid;
    m_advert.interval = static_cast<std::uint16_t>(config.interval / CENTISECOND);
    m_advert.source = source;
    m_advert.addresses = config.addresses;
}

void
Vrrp::Start(TimeNs now)
{
    if (m_state != VrrpState::Initialize)
    {
        return;
    }
    if (IsOwner())
    {
        BecomeMaster(VrrpCause::Owner, now);
        return;
    }
    BecomeBackup(VrrpCause::Startup, m_config.interval, now);
}

void
Vrrp::Shutdown(TimeNs now)
{
    if (m_state == VrrpState::Master)
    {
        SendAdvert(0);
    }
    Fail(now);
}

void
Vrrp::Fail(TimeNs now)
{
    if (m_state == VrrpState::Initialize)
    {
        return;
    }
    m_timer = NEVER;
    m_preempt = NEVER;
    m_resigned = false;
    m_lowerHeard = false;
    Enter(VrrpState::Initialize, VrrpCause::Shutdown, now);
}

VrrpError
Vrrp::OnPacket(ByteView packet, TimeNs now)
{
    VrrpError error = ReadVrrpPacket(packet, m_message);
    if (error == VrrpError::None && m_message.vrid != m_config.vrid)
    {
        error = VrrpError::OtherRouter;
    }
    else if (error == VrrpError::None && m_message.source == m_source)
    {
        error = VrrpError::OwnAdvert;
    }
    else if (error == VrrpError::None && m_state == VrrpState::Initialize)
    {
        error = VrrpError::Inactive;
    }
    else if (error == VrrpError::None && IsOwner() && m_message.priority == 255)
    {
        error = VrrpError::AddressOwner;
    }
    if (error != VrrpError::None)
    {
        ++m_counters.errors[static_cast<std::size_t>(error)];
        return error;
    }
    ++m_counters.advertsReceived;
    m_counters.resignationsReceived += m_message.priority == 0 ? 1 : 0;
    m_counters.addressMismatches += m_message.addresses == m_config.addresses ? 0 : 1;
    if (m_state == VrrpState::Backup)
    {
        OnAdvertAsBackup(now);
    }
    else
    {
        OnAdvertAsMaster(now);
    }
    return VrrpError::None;
}

void
Vrrp::OnAdvertAsBackup(TimeNs now)
{
    if (m_message.priority == 0)
    {
        m_timer = now + Skew();
        m_preempt = NEVER;
        m_resigned = true;
        return;
    }
    const bool lower = m_message.priority < m_config.priority;
    if (lower && m_config.preempt && m_config.preemptDelay == 0ns)
    {
        m_lowerHeard = true;
        return; // Master_Down runs out, as if nobody was there
    }
    if (!lower || !m_config.preempt)
    {
        m_preempt = NEVER;
    }
    else if (m_preempt == NEVER)
    {
        m_preempt = now + m_config.preemptDelay;
    }
    m_masterInterval = std::max<std::int64_t>(m_message.interval, 1) * CENTISECOND;
    m_timer = now + MasterDown();
    m_resigned = false;
    m_lowerHeard = false;
}

void
Vrrp::OnAdvertAsMaster(TimeNs now)
{
    if (m_message.priority == 0)
    {
        SendAdvert(m_config.priority);
        m_timer = now + m_config.interval;
        return;
    }
    const bool stronger =
        m_message.priority > m_config.priority ||
        (m_message.priority == m_config.priority && m_message.source.ToV4() > m_source.ToV4());
    if (stronger)
    {
        BecomeBackup(
            VrrpCause::Preempted, std::max<std::int64_t>(m_message.interval, 1) * CENTISECOND, now);
    }
}

TimeNs
Vrrp::NextDeadline() const
{
    return std::min(m_timer, m_preempt);
}

void
Vrrp::OnDeadline(TimeNs now)
{
    if (m_state == VrrpState::Master && now >= m_timer)
    {
        SendAdvert(m_config.priority);
        m_timer = now + m_config.interval;
    }
    else if (m_state == VrrpState::Backup && now >= m_preempt)
    {
        BecomeMaster(VrrpCause::Preempted, now);
    }
    else if (m_state == VrrpState::Backup && now >= m_timer)
    {
        BecomeMaster(m_resigned     ? VrrpCause::Resigned
                     : m_lowerHeard ? VrrpCause::Preempted
                                    : VrrpCause::MasterDown,
                     now);
    }
}

void
Vrrp::BecomeMaster(VrrpCause cause, TimeNs now)
{
    SendAdvert(m_config.priority);
    for (const IpAddress& address : m_config.addresses)
    {
        netbase::BuildGarp(m_frames.Push().bytes, Mac(), address);
        ++m_counters.garpsSent;
    }
    m_timer = now + m_config.interval;
    m_preempt = NEVER;
    m_resigned = false;
    m_lowerHeard = false;
    ++m_counters.becameMaster;
    Enter(VrrpState::Master, cause, now);
}

void
Vrrp::BecomeBackup(VrrpCause cause, TimeNs interval, TimeNs now)
{
    m_masterInterval = interval;
    m_timer = now + MasterDown();
    m_preempt = NEVER;
    m_resigned = false;
    m_lowerHeard = false;
    Enter(VrrpState::Backup, cause, now);
}

void
Vrrp::Enter(VrrpState to, VrrpCause cause, TimeNs now)
{
    m_transitions.push_back({.at = now, .from = m_state, .to = to, .cause = cause});
    m_state = to;
}

void
Vrrp::SendAdvert(std::uint8_t priority)
{
    m_advert.priority = priority;
    WriteVrrpFrame(m_advert, m_frames.Push().bytes);
    ++m_counters.advertsSent;
    m_counters.resignationsSent += priority == 0 ? 1 : 0;
}

bool
Vrrp::PollFrame(Bytes& frame)
{
    char none = 0;
    return m_frames.Pop(frame, none);
}

bool
Vrrp::PollTransition(VrrpTransition& transition)
{
    if (m_transitions.empty())
    {
        return false;
    }
    transition = m_transitions.front();
    m_transitions.erase(m_transitions.begin());
    return true;
}

VrrpState
Vrrp::State() const
{
    return m_state;
}

const VrrpConfig&
Vrrp::Config() const
{
    return m_config;
}

const VrrpCounters&
Vrrp::Counters() const
{
    return m_counters;
}

MacAddress
Vrrp::Mac() const
{
    return VrrpMac(m_config.vrid);
}

bool
Vrrp::IsOwner() const
{
    return m_config.priority == 255;
}

TimeNs
Vrrp::Skew() const
{
    return (256 - m_config.priority) * m_masterInterval / 256;
}

TimeNs
Vrrp::MasterDown() const
{
    return 3 * m_masterInterval + Skew();
}

} // namespace weft::vxlan
