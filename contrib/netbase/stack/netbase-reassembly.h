// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Reassembly of IPv4 and IPv6 fragments (RFC 791 section 3.2, RFC 8200 section 4.5).
 *
 * Invariants: memory is bounded; every fragment taken in is accounted for exactly once:
 * fragments = used + waiting + drops by reason. Fragments of a datagram never overlap: an exact
 * duplicate is dropped, any other overlap drops the whole datagram (RFC 5722; Linux does so for
 * IPv4 too), and what still comes of it counts as a datagram of its own that times out.
 */
#ifndef NETBASE_REASSEMBLY_H
#define NETBASE_REASSEMBLY_H

#include "netbase-drop-reason.h"
#include "netbase-ip.h"
#include "netbase-types.h"

namespace weft::netbase
{

struct ReassemblyConfig
{
    TimeNs timeout{std::chrono::seconds(30)}; ///< since a datagram's first fragment came; positive.
                                              ///< Linux 30 s (IPv4) and 60 s (IPv6), RFC 8200: 60 s
    std::uint32_t maxDatagrams = 64;          ///< incomplete ones at a time, at least 1
    std::uint32_t maxOctets = 4u << 20;       ///< held together (Linux: 4 MiB), at least 65535
};

class Reassembly
{
  public:
    struct Counts
    {
        std::uint64_t fragments = 0; ///< given to OnFragment()
        std::uint64_t used = 0;      ///< in datagrams that were completed
        std::uint64_t datagrams = 0; ///< completed
        DropCounters drops;          ///< fragments, by reason
    };

    /// @throws std::invalid_argument naming the field, its value and the rule
    explicit Reassembly(const ReassemblyConfig& config = {});

    /// Throws what the constructor would: for hosts that make it later.
    static void Check(const ReassemblyConfig& config);

    /**
     * Takes a fragment.
     *
     * @param packet complete IP packet for which ReadIp() says that it is a fragment
     * @param facts what ReadIp() said
     * @param now the present
     * @param[out] whole the datagram when this fragment completes it, as an unfragmented packet
     * (header of the fragment at offset 0, without its fragment fields; CE if any fragment bore it,
     * RFC 3168 section 5.3); otherwise empty
     * @return None, when it was kept or completes a datagram; otherwise why it (and maybe others)
     * was dropped: BadHeader (length no multiple of 8 though more follow, end contradicts what is
     * known), TooBig (datagram beyond 65535 octets), FragmentDuplicate, FragmentOverlap
     */
    DropReason OnFragment(ByteView packet, const IpFacts& facts, TimeNs now, Bytes& whole);

    /// @return when the oldest incomplete datagram is given up; NEVER when there is none
    TimeNs NextDeadline() const;

    /// Gives up what has waited for too long, counted as FragmentTimeout.
    void OnDeadline(TimeNs now);

    /// Takes the fragment at offset 0 of a datagram that timed out: the sender may be told (RFC
    /// 1122 section 3.3.2). Of several timed out since, only the newest 4 are kept.
    bool PollExpired(Bytes& fragment);

    /// @return fragments held
    std::uint64_t Waiting() const;

    const Counts&
    Counters() const
    {
        return m_counts;
    }

  private:
    struct Part
    {
        std::uint32_t offset;
        std::uint32_t end;
    };

    struct Datagram
    {
        IpAddress source;
        IpAddress destination;
        std::uint32_t id = 0;
        std::uint8_t protocol = 0; ///< IPv4 only: part of the key
        TimeNs expires{0};
        std::vector<Part> parts; ///< sorted by offset, disjoint
        Bytes header;            ///< all before the part of the fragment at offset 0, when it came
        std::size_t nextHeaderField = 0; ///< IPv6: where the fragment header is announced
        bool congestion = false;         ///< a fragment bore CE
        Bytes payload;
        std::uint32_t size = 0;    ///< of the whole payload; 0: not yet known
        std::uint32_t covered = 0; ///< octets that are there
    };

    std::size_t Find(const Datagram& key) const;
    void Drop(std::size_t index, DropReason reason);
    DropReason Insert(Datagram& datagram, Part part, ByteView payload);
    DropReason Complete(std::size_t index, Bytes& whole);

    ReassemblyConfig m_config;
    std::vector<Datagram> m_datagrams; ///< in order of their first fragment
    std::vector<Bytes> m_expired;
    std::uint32_t m_octets = 0;
    Counts m_counts;
};

} // namespace weft::netbase

#endif
