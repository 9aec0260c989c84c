// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What a run with a fabric records beside flows: frames on watched links, changes of tables, counts
 * of links and VTEPs over time. doc/results.md describes the files.
 */
#ifndef WEFT_ENGINE_RECORD_OVERLAY_RECORDS_H
#define WEFT_ENGINE_RECORD_OVERLAY_RECORDS_H

#include "engine/record/flow-observer.h"
#include "engine/record/table-log.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::engine
{

/// Columns of frames.csv after time, link, direction and size, in order. A scenario's expectations
/// name them.
enum class FrameColumn : std::uint8_t
{
    EthSource,
    EthDestination,
    OuterVlan,
    Source, ///< outer IP, or the only one
    Destination,
    Ttl,
    Tos,
    Df,       ///< 1 or 0
    Fragment, ///< "first", "middle", "last" or empty
    Protocol, ///< udp, tcp, icmp, igmp, pim, vrrp, gre, stt, arp, rarp, nd or a number
    SourcePort,
    DestinationPort,
    UdpChecksum,
    Encapsulation, ///< vxlan, nvgre, gre, stt, geneve or empty
    Vni,
    InnerSource, ///< MAC
    InnerDestination,
    InnerVlan,
    InnerKind, ///< arp-request, arp-reply, garp, rarp, ipv4, ipv6, icmp-request, icmp-reply, udp,
               ///< tcp, vrrp, other
    Message,   ///< of a control protocol: igmp-query, igmp-report, pim-hello, pim-join-prune, ...
    Summary,   ///< one line for a reader
    COUNT,
};

inline constexpr std::size_t FRAME_COLUMNS = static_cast<std::size_t>(FrameColumn::COUNT);

/// @return the column's name in frames.csv: "eth_source", "udp_checksum", ...
std::string_view ToString(FrameColumn column);

/// @return the column of that name
std::optional<FrameColumn> FindFrameColumn(std::string_view name);

/// A frame that crossed a watched link.
struct FrameRecord
{
    TimeNs time{0};         ///< when its first bit left the sender
    std::uint32_t link = 0; ///< index into OverlayRecord::WatchedLinks()
    bool outward = true;    ///< from the first end of the link's name to the second
    std::uint32_t size = 0; ///< bytes of the Ethernet frame without FCS
    std::array<std::string, FRAME_COLUMNS> columns;

    std::string&
    operator[](FrameColumn column)
    {
        return columns[static_cast<std::size_t>(column)];
    }

    const std::string&
    operator[](FrameColumn column) const
    {
        return columns[static_cast<std::size_t>(column)];
    }
};

/// One bin of one direction of a link.
struct LinkSample
{
    TimeNs time{0};         ///< start of the bin
    std::uint32_t link = 0; ///< index into OverlayRecord::Links()
    bool outward = true;
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0; ///< of Ethernet frames without FCS
    std::uint64_t drops = 0;
    double utilisation = 0; ///< fraction of the rate, preamble, FCS and gap included
};

/// One bin of a VTEP's counters; all but fdbEntries count what happened in the bin.
struct VtepSample
{
    TimeNs time{0};
    std::uint32_t vtep = 0; ///< index into OverlayRecord::Vteps()
    std::uint64_t encapsulated = 0;
    std::uint64_t decapsulated = 0;
    std::uint64_t floodedFrames = 0;
    std::uint64_t floodedCopies = 0;
    std::uint64_t floodedBytes = 0;
    std::uint64_t learned = 0;
    std::uint64_t moved = 0;
    std::uint64_t aged = 0;
    std::uint64_t drops = 0;
    std::uint64_t fdbEntries = 0; ///< at the end of the bin
};

/// Collects the above during a run. Calls of one kind come in order of time.
class OverlayRecord
{
  public:
    /// @return index for FrameRecord::link
    std::uint32_t AddWatchedLink(std::string name);
    /// @return index for LinkSample::link
    std::uint32_t AddLink(std::string name);
    /// @return index for VtepSample::vtep
    std::uint32_t AddVtep(std::string name);

    void
    OnFrame(FrameRecord frame)
    {
        m_frames.push_back(std::move(frame));
    }

    void
    OnLink(const LinkSample& sample)
    {
        m_linkSamples.push_back(sample);
    }

    void
    OnVtep(const VtepSample& sample)
    {
        m_vtepSamples.push_back(sample);
    }

    TableLog&
    Tables()
    {
        return m_tables;
    }

    const TableLog&
    Tables() const
    {
        return m_tables;
    }

    const std::vector<std::string>&
    WatchedLinks() const
    {
        return m_watched;
    }

    const std::vector<std::string>&
    Links() const
    {
        return m_links;
    }

    const std::vector<std::string>&
    Vteps() const
    {
        return m_vteps;
    }

    const std::vector<FrameRecord>&
    Frames() const
    {
        return m_frames;
    }

    const std::vector<LinkSample>&
    LinkSamples() const
    {
        return m_linkSamples;
    }

    const std::vector<VtepSample>&
    VtepSamples() const
    {
        return m_vtepSamples;
    }

    /// @return whether anything of this belongs into the results: there was a fabric
    bool Empty() const;

  private:
    std::vector<std::string> m_watched;
    std::vector<std::string> m_links;
    std::vector<std::string> m_vteps;
    std::vector<FrameRecord> m_frames;
    std::vector<LinkSample> m_linkSamples;
    std::vector<VtepSample> m_vtepSamples;
    TableLog m_tables;
};

} // namespace weft::engine

#endif
