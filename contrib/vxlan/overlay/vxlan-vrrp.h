// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * A virtual router of VRRP version 3 (RFC 5798) for IPv4: the state machine of section 6.4.
 *
 * Skew = (256 - priority) x I / 256 and Master_Down = 3 x I + Skew, where I is the Master's
 * advertisement interval: 3.609 s with priority 100 and 1 s. On becoming Master a gratuitous ARP
 * request goes out for every address, from the virtual MAC.
 */
#ifndef VXLAN_VRRP_H
#define VXLAN_VRRP_H

#include "vxlan-vrrp-message.h"

#include "netbase-output-queue.h"

#include <array>

namespace weft::vxlan
{

struct VrrpConfig
{
    std::uint8_t vrid = 1;                     ///< 1-255
    std::uint8_t priority = 100;               ///< 1-254; 255: owns the addresses
    std::vector<IpAddress> addresses;          ///< virtual addresses, IPv4, 1 to 255
    TimeNs interval = std::chrono::seconds(1); ///< 10 ms to 40.95 s, a multiple of 10 ms
    bool preempt = true;                       ///< takes over from a lower priority
    /// With preempt: how long a Master of lower priority is respected after it was first heard.
    /// 0 is RFC 5798: its advertisements are ignored, so that Master_Down runs out.
    TimeNs preemptDelay{0};
    /// Accept_Mode: a Master that is not the owner answers for the addresses (ping). RFC 5798's
    /// default is false; keeping it true makes the gateway's address testable.
    bool accept = true;
};

enum class VrrpState : std::uint8_t
{
    Initialize,
    Backup,
    Master,
};

/// @return "initialize", "backup", "master"
std::string_view ToString(VrrpState state);

/// Why the state changed.
enum class VrrpCause : std::uint8_t
{
    Startup,    ///< Start()
    Owner,      ///< Start() with priority 255
    MasterDown, ///< no advertisement for Master_Down
    Resigned,   ///< the Master sent priority 0, and Skew has passed
    Preempted,  ///< took over from a lower priority, or gave way to a higher one
    Shutdown,   ///< Shutdown()
};

/// @return "master-down": lower case, words joined by hyphens
std::string_view ToString(VrrpCause cause);

struct VrrpTransition
{
    TimeNs at{0};
    VrrpState from = VrrpState::Initialize;
    VrrpState to = VrrpState::Initialize;
    VrrpCause cause = VrrpCause::Startup;
};

struct VrrpCounters
{
    std::uint64_t advertsSent = 0;
    std::uint64_t advertsReceived = 0; ///< valid ones of this VRID
    std::uint64_t resignationsSent = 0;
    std::uint64_t resignationsReceived = 0;
    std::uint64_t garpsSent = 0;
    std::uint64_t becameMaster = 0;
    /// Valid advertisements whose addresses differ from the configured ones (section 7.1: logged)
    std::uint64_t addressMismatches = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(VrrpError::Count)> errors{};
};

/// One virtual router on one interface. Sans-I/O.
class Vrrp
{
  public:
    /**
     * @param config the virtual router
     * @param source primary IPv4 address of the interface
     * @throws std::invalid_argument naming the field, its value and the rule
     */
    Vrrp(const VrrpConfig& config, const IpAddress& source);

    /// The interface came up. No effect outside Initialize.
    void Start(TimeNs now);
    /// The interface goes down in an orderly way: a Master says so with priority 0.
    void Shutdown(TimeNs now);
    /// The interface died: as Shutdown(), but nothing can be said.
    void Fail(TimeNs now);

    /// An IPv4 packet of protocol 112 arrived. @return None when it was taken
    VrrpError OnPacket(ByteView packet, TimeNs now);

    TimeNs NextDeadline() const;
    void OnDeadline(TimeNs now);

    /// Takes a frame to send: advertisement or gratuitous ARP. @return false when there is none
    bool PollFrame(Bytes& frame);
    /// Takes a change of state. @return false when there is none
    bool PollTransition(VrrpTransition& transition);

    VrrpState State() const;
    const VrrpConfig& Config() const;
    const VrrpCounters& Counters() const;
    /// @return the virtual router's MAC
    MacAddress Mac() const;
    bool IsOwner() const;
    /// @return Skew_Time with the Master's interval as it is known
    TimeNs Skew() const;
    /// @return Master_Down_Interval with the Master's interval as it is known
    TimeNs MasterDown() const;

  private:
    void Enter(VrrpState to, VrrpCause cause, TimeNs now);
    void BecomeMaster(VrrpCause cause, TimeNs now);
    void BecomeBackup(VrrpCause cause, TimeNs interval, TimeNs now);
    void SendAdvert(std::uint8_t priority);
    void OnAdvertAsBackup(TimeNs now);
    void OnAdvertAsMaster(TimeNs now);

    VrrpConfig m_config;
    IpAddress m_source;
    VrrpState m_state = VrrpState::Initialize;
    TimeNs m_masterInterval;   ///< advertisement interval of the present Master
    TimeNs m_timer = NEVER;    ///< Adver_Timer of a Master, Master_Down_Timer of a Backup
    TimeNs m_preempt = NEVER;  ///< Backup with a preemption delay: when it takes over
    bool m_resigned = false;   ///< the timer runs because the Master sent priority 0
    bool m_lowerHeard = false; ///< a lower priority advertised since the timer was set
    VrrpMessage m_message;     ///< read into, so that a warm router allocates nothing
    VrrpMessage m_advert;      ///< sent from
    netbase::OutputQueue<char> m_frames;
    std::vector<VrrpTransition> m_transitions; ///< not yet polled
    VrrpCounters m_counters;
};

} // namespace weft::vxlan

#endif
