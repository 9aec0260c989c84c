// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * XOR N+1 forward error correction: one parity packet repairs one lost packet among its N members.
 *
 * What is protected is the unit: a 12-byte prefix (class, flags, segment, flow ID, flow sequence,
 * length) and the plaintext payload, padded with zeros to the longest member's length; the parity
 * is the XOR of the members' units. (So a rebuilt packet has all that is needed to deliver it:
 * compare RFC 8627 section 6.3, and SRT, which covers the same fields.) The parity payload names
 * its members, which need not be contiguous:
 *
 *     byte 0     grouping (0 tunnel and class, 1 flow)
 *     byte 1     number of members n, 1..64
 *     bytes 2-5  sequence of the first member: tunnel sequence, or flow sequence when grouped by
 * flow then       n-1 offsets of 2 bytes from that sequence, ascending then       the XOR: class
 * (1), flags (1), segment (1), zero (1), flow (3), flow sequence (3), length (2), payload
 *
 * all in network byte order. With interleaving depth D, D columns are filled in turn, so that
 * members stand D packets apart; the D parities follow together when the last column is full, and
 * so stand D packets after the last member too.
 *
 * The shape is that of SRT's packet filter: feed the source, pack the control packet, receive.
 */
#ifndef SDWAN_FEC_H
#define SDWAN_FEC_H

#include "sdwan-vcmp-header.h"

#include <array>

namespace weft::sdwan
{

/// Whose packets share a parity, and by which sequence the members are named.
enum class FecGrouping : std::uint8_t
{
    TunnelClass =
        0,    ///< all protected packets of one class on one tunnel; parity must use the same tunnel
    Flow = 1, ///< one flow, whatever tunnels it uses; parity may use any
};

inline constexpr std::size_t FEC_MAX_MEMBERS = 64;
inline constexpr std::size_t FEC_MAX_DEPTH = 32;
inline constexpr std::size_t FEC_UNIT_PREFIX = 12;

/// @return by how many bytes a parity packet of @p members is longer than the longest of them. Room
/// to leave in the MTU.
constexpr std::size_t
FecParityOverhead(std::size_t members)
{
    return 6 + 2 * (members - 1) + FEC_UNIT_PREFIX;
}

struct FecConfig
{
    FecGrouping grouping = FecGrouping::TunnelClass;
    std::size_t data = 4;  ///< N, 1..64
    std::size_t depth = 1; ///< D, 1..32
    TimeNs flush =
        std::chrono::milliseconds(40); ///< a block is closed this long after its first packet; > 0
};

struct FecEncoderCounters
{
    std::uint64_t members = 0; ///< packets protected
    std::uint64_t sent = 0;    ///< parity packets made
    std::uint64_t flushed =
        0; ///< of these, made of fewer than N because of the timer (or a jump of the sequence)
    std::uint64_t bytes = 0; ///< of parity payload
};

/// The sending side: one for each (tunnel, class), or one for each flow.
class FecEncoder
{
  public:
    /// @throws std::invalid_argument naming the field that is out of range
    explicit FecEncoder(const FecConfig& config);

    /**
     * Adds a packet to the block. Its header must carry DATA and FEC_PROTECTED (and FEC_BY_FLOW if
     * so grouped).
     *
     * @param header as sent; `sequence` is the tunnel sequence it was (or is about to be) sealed
     * with
     * @param payload plaintext
     * @param now the present
     */
    void Feed(const VcmpHeader& header, ByteView payload, TimeNs now);

    /**
     * Takes the next parity packet that is due. Call until false after Feed() and at
     * NextDeadline().
     *
     * @param now the present
     * @param[out] header flags PARITY (and FEC_BY_FLOW), class, flow and first flow sequence: ready
     * for SecureTunnel::Seal()
     * @param[in,out] payload the parity payload is appended
     */
    bool PollParity(TimeNs now, VcmpHeader& header, Bytes& payload);

    /// When the open block is to be closed; NEVER if there is none. In the past while parities wait
    /// to be polled.
    TimeNs NextDeadline() const;

    /// Closes the open block; its parities can be polled at once.
    void Flush();

    const FecConfig&
    Config() const
    {
        return m_config;
    }

    const FecEncoderCounters&
    Counters() const
    {
        return m_counters;
    }

  private:
    struct Column
    {
        std::size_t members = 0;
        std::uint32_t base = 0;
        std::array<std::uint16_t, FEC_MAX_MEMBERS> offsets{};
        Bytes sum; ///< XOR of the units so far; its capacity is kept
    };

    std::uint32_t SequenceOf(const VcmpHeader& header) const;

    FecConfig m_config;
    std::vector<Column> m_columns; ///< 2 * depth: the open block, and the closed one being polled
    std::size_t m_open = 0;        ///< index of the open block's first column: 0 or depth
    std::size_t m_column = 0;      ///< column that the next packet goes to
    std::size_t m_count = 0;       ///< packets in the open block
    std::size_t m_ready = 0;       ///< closed columns still to be polled
    std::size_t m_nextReady = 0;
    TimeNs m_deadline = NEVER;
    VcmpHeader m_template;
    FecEncoderCounters m_counters;
};

struct FecDecoderConfig
{
    FecGrouping grouping = FecGrouping::TunnelClass;
    std::size_t units = 512;  ///< recent packets kept, 64..32768; N * D and the reordering within
    std::size_t pending = 64; ///< parities kept, 2..1024
    TimeNs patience =
        std::chrono::milliseconds(1000); ///< how long a parity waits for late members; > 0
};

/// What became of the parity packets received. received = used + wasted + unrecoverable + late +
/// malformed + waiting.
struct FecDecoderCounters
{
    std::uint64_t members = 0;       ///< protected packets seen
    std::uint64_t received = 0;      ///< parity packets
    std::uint64_t used = 0;          ///< rebuilt a packet
    std::uint64_t wasted = 0;        ///< all members had come
    std::uint64_t unrecoverable = 0; ///< two or more members never came
    std::uint64_t late = 0;          ///< came when members had already been forgotten
    std::uint64_t malformed = 0;     ///< did not parse, or gave something that is no packet
    std::uint64_t lateOriginals = 0; ///< packets that came after they had been rebuilt
};

/// The receiving side: one for each tunnel (all classes), or one for each flow.
class FecDecoder
{
  public:
    /// @throws std::invalid_argument naming the field that is out of range
    explicit FecDecoder(const FecDecoderConfig& config = {});

    /// Shows a received packet that carries FEC_PROTECTED (each copy may be shown). May make a
    /// packet rebuildable.
    void OnData(const VcmpHeader& header, ByteView payload, TimeNs now);

    /// Takes a parity packet. @return None, or BadParity if it does not parse.
    DropReason OnParity(const VcmpHeader& header, ByteView payload, TimeNs now);

    /**
     * Takes the next rebuilt packet. Call until false after OnData() and OnParity().
     *
     * @param[out] header as the sender gave it: class, flags, segment, flow, flow sequence;
     * timestamp 0, and tunnel sequence 0 when grouped by flow
     * @param[out] payload valid until the next call of any method
     */
    bool PollRebuilt(VcmpHeader& header, ByteView& payload);

    const FecDecoderCounters&
    Counters() const
    {
        return m_counters;
    }

    /// Parities that wait for members.
    std::size_t
    Waiting() const
    {
        return m_waiting.size();
    }

  private:
    struct Unit
    {
        std::uint32_t sequence = 0;
        bool used = false;
        bool rebuilt = false;
        Bytes bytes;
    };

    struct Pending
    {
        TimeNs arrived{};
        std::uint32_t base = 0;
        std::size_t missing = 0;
        std::array<std::uint16_t, FEC_MAX_MEMBERS> offsets{}; ///< of the missing members, from base
        Bytes sum;
    };

    /// A rebuilt unit that is to be polled; void if its slot has been given to another sequence
    /// since.
    struct Ready
    {
        std::uint32_t slot = 0;
        std::uint32_t sequence = 0;
    };

    std::uint32_t SequenceOf(const VcmpHeader& header) const;
    std::uint32_t Mask() const;
    void Allocate();
    std::size_t IndexOf(std::uint32_t sequence) const;
    Unit* Find(std::uint32_t sequence);
    std::uint32_t Store(std::uint32_t sequence);
    void IndexErase(std::uint32_t sequence);
    bool Forgotten(std::uint32_t sequence) const;
    void Absorb(std::uint32_t slot);
    void Settle(std::uint32_t slot);
    bool Rebuild(const Pending& parity);
    void Expire(TimeNs now);
    bool Parse(const VcmpHeader& header, ByteView payload, Pending& parity);

    FecDecoderConfig m_config;
    std::vector<Unit> m_units; ///< ring in order of arrival; empty until first used
    std::uint32_t m_nextUnit = 0;
    std::vector<std::uint16_t> m_index; ///< open addressing, sequence -> unit + 1; 0 is empty
    unsigned m_indexShift = 0;
    bool m_evicted = false;
    std::uint32_t m_lastEvicted = 0;
    std::vector<Pending> m_pool;
    std::vector<std::uint32_t> m_free;    ///< of the pool
    std::vector<std::uint32_t> m_waiting; ///< of the pool, in order of arrival
    std::vector<Ready> m_ready;
    std::size_t m_readyHead = 0;
    FecDecoderCounters m_counters;
};

} // namespace weft::sdwan

#endif
