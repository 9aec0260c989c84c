// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * One end of one VCMP tunnel: header, encryption, replay protection and key epochs, both
 * directions.
 *
 * Key epochs. Both ends share one epoch number E, starting at 0; each direction has its own key per
 * epoch. An end moves to E+1 by itself when its key is old or used up, or when it authenticates a
 * datagram of E+1. It moves by itself only if the peer was first heard in E at least
 * `overlap` ago. (This is QUIC's key update, RFC 9001 section 6.) So whatever is lost, for however
 * long, the two ends are never more than one epoch apart, and two bits in the header name the epoch
 * of every datagram: the current, the next, the previous while it is still accepted, or one that is
 * refused as UnknownEpoch.
 *
 * Invariants: a datagram that does not authenticate changes nothing but a counter; no (key, nonce)
 * pair is used twice; the tunnel sequence runs on over epochs.
 */
#ifndef SDWAN_SECURE_TUNNEL_H
#define SDWAN_SECURE_TUNNEL_H

#include "sdwan-key-schedule.h"
#include "sdwan-replay-window.h"
#include "sdwan-vcmp-header.h"

#include <array>

namespace weft::sdwan
{

struct SecureTunnelConfig
{
    CipherSuite suite = CipherSuite::Aes128Gcm;
    Bytes secret = {};      ///< shared by both ends; at least 16 bytes
    bool initiator = false; ///< true at exactly one of the two ends
    TimeNs rekeyInterval =
        std::chrono::seconds(60); ///< age at which a key is replaced; NEVER: not by age
    TimeNs overlap = std::chrono::seconds(
        5); ///< how long the previous epoch is accepted; less than the interval
    std::uint32_t replayWindow = 4096; ///< sequences remembered, 64..2^29
    std::uint32_t packetsPerKey = std::uint32_t{1}
                                  << 29; ///< a key is replaced after this many; 1..2^29
    std::uint32_t firstSequence = 0;     ///< tunnel sequence of the first datagram sent
};

struct SecureTunnelCounters
{
    std::uint64_t sealed = 0;
    std::uint64_t opened = 0;
    std::uint64_t epochChanges = 0;
    std::uint64_t exhausted =
        0; ///< Seal() refused: the key is used up and the peer never answered in its epoch
    /// Datagrams refused by Open(), by reason.
    std::array<std::uint64_t, static_cast<std::size_t>(DropReason::Count)> refused{};

    std::uint64_t
    Refused(DropReason reason) const
    {
        return refused[static_cast<std::size_t>(reason)];
    }
};

class SecureTunnel
{
  public:
    /// What came out of a datagram. Header and plaintext mean something only if the reason is None.
    struct Opened
    {
        DropReason reason = DropReason::None;
        VcmpHeader header;
        ByteView plaintext; ///< valid until the next call of Open()
    };

    /**
     * @param config see there
     * @param now the present: the first epoch's age counts from here
     * @throws std::invalid_argument naming the field that is out of range
     */
    explicit SecureTunnel(const SecureTunnelConfig& config, TimeNs now = TimeNs::zero());

    /// The tunnel sequence that the next Seal() will use.
    std::uint32_t
    NextSequence() const
    {
        return m_nextSequence;
    }

    /**
     * Makes a datagram.
     *
     * @param header class, flags, segment, flow and flow sequence; epoch, timestamp and sequence
     * are filled in here
     * @param payload what to encrypt; may be empty; not part of @p out
     * @param[in,out] out the datagram (VCMP_HEADER_SIZE + payload + VCMP_TAG_SIZE bytes) is
     * appended
     * @param now the local clock; goes into the timestamp
     * @return true; false with @p out unchanged when the key is used up (2 * packetsPerKey) and the
     * peer, never heard in this epoch, does not allow another
     */
    bool Seal(VcmpHeader header, ByteView payload, Bytes& out, TimeNs now);

    /**
     * Checks and decrypts a datagram.
     *
     * @param datagram UDP payload
     * @param now the local clock
     * @return reason None, Truncated, BadVersion, BadHeader, UnknownEpoch, TooOld, Replayed or
     * AuthenticationFailed. The cheap checks come first: a forged datagram may be refused under any
     * of these, and never under None.
     */
    Opened Open(ByteView datagram, TimeNs now);

    /// The epoch used for sending.
    std::uint32_t
    Epoch() const
    {
        return m_epoch;
    }

    const SecureTunnelCounters&
    Counters() const
    {
        return m_counters;
    }

  private:
    void EnterEpoch(std::uint32_t epoch, TimeNs now);
    void RekeyIfDue(TimeNs now);
    EpochKey* ReceiveKey(std::uint8_t wireEpoch, std::uint32_t& epoch, TimeNs now);
    Opened Refuse(DropReason reason);

    SecureTunnelConfig m_config;
    KeySchedule m_schedule;
    std::uint32_t m_epoch = 0; ///< of sending; the peer's is this, one less or one more
    std::uint32_t m_heardEpoch =
        0;               ///< newest epoch in which the peer was authenticated: m_epoch or one less
    TimeNs m_epochStart; ///< when m_epoch was entered
    TimeNs m_heardStart; ///< when m_heardEpoch was first heard: the overlap counts from here
    std::uint32_t m_nextSequence;
    std::uint32_t m_sealedInEpoch = 0;
    EpochKey m_sendKey;
    std::array<EpochKey, 4>
        m_receiveKeys; ///< by epoch modulo 4: previous, current and next are present
    ReplayWindow m_window;
    Bytes m_plain;
    SecureTunnelCounters m_counters;
};

} // namespace weft::sdwan

#endif
