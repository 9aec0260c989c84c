// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Puts STT frames together from their segments (draft-davie-stt-08 section 3.2).
 *
 * Invariants: a frame comes out once all its bytes have come, in whatever order; segments that
 * overlap others without repeating them are refused; what incomplete frames hold together is
 * bounded, the oldest makes room; a frame waits for a fixed time since its first segment. Every
 * frame given up is counted.
 */
#ifndef VXLAN_STT_REASSEMBLY_H
#define VXLAN_STT_REASSEMBLY_H

#include "vxlan-types.h"

#include <absl/container/flat_hash_map.h>

#include <utility>

namespace weft::vxlan
{

class SttReassembly
{
  public:
    /// What the segments of one frame have in common.
    struct Key
    {
        IpAddress source;
        IpAddress destination;
        std::uint16_t sourcePort = 0;
        std::uint32_t id = 0; ///< acknowledgement number

        friend bool operator==(const Key&, const Key&) = default;

        template <typename H>
        friend H
        AbslHashValue(H state, const Key& key)
        {
            return H::combine(
                std::move(state), key.source, key.destination, key.sourcePort, key.id);
        }
    };

    struct Segment
    {
        std::uint16_t length = 0; ///< of the whole frame, STT header included
        std::uint16_t offset = 0;
        std::uint8_t tos = 0; ///< of the outer header
        ByteView data;
    };

    /// A complete frame.
    struct Frame
    {
        ByteView bytes;       ///< STT header first; valid until the next call
        std::uint8_t tos = 0; ///< of the first segment to come; CE when any segment had it
    };

    SttReassembly(TimeNs timeout, std::size_t maxBytes);

    /**
     * Takes a segment.
     *
     * @param[out] frame without bytes unless this segment completes it
     * @return None; Truncated (no data); BadTunnelHeader (beyond its frame, overlapping, another
     * length than before); Duplicate; NoBuffer (longer than the bound)
     */
    DropReason Add(const Key& key, const Segment& segment, TimeNs now, Frame& frame);

    /// @return when Expire() has to be called: at once when frames had to make room
    TimeNs NextDeadline() const;

    /// @return frames given up since the last call
    std::uint32_t Expire(TimeNs now);

    /// @return incomplete frames
    std::size_t
    Waiting() const
    {
        return m_index.size();
    }

  private:
    static constexpr std::uint32_t NONE = 0xffffffff;

    struct Entry
    {
        Key key;
        TimeNs deadline{0};
        std::uint8_t tos = 0;
        Bytes data;
        /// What has come: [begin, end), ascending, neither touching nor overlapping.
        std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
        std::uint32_t next = NONE; ///< younger, or next free
        std::uint32_t previous = NONE;
    };

    Entry& Open(const Key& key, const Segment& segment, TimeNs now);
    void Close(std::uint32_t slot);
    void GiveUpOldest();
    static DropReason Mark(Entry& entry, std::uint32_t begin, std::uint32_t end);

    const TimeNs m_timeout;
    const std::size_t m_maxBytes;
    std::vector<Entry> m_entries; ///< closed ones keep their buffers
    absl::flat_hash_map<Key, std::uint32_t> m_index;
    std::uint32_t m_oldest = NONE;
    std::uint32_t m_youngest = NONE;
    std::uint32_t m_free = NONE;
    std::size_t m_bytes = 0; ///< of open entries
    std::uint32_t m_givenUp = 0;
    TimeNs m_givenUpAt{0};
};

} // namespace weft::vxlan

#endif
