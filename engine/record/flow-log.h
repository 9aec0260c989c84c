// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * One direction of one flow, packet by packet, as seen on the LAN by the two hosts.
 */
#ifndef WEFT_ENGINE_RECORD_FLOW_LOG_H
#define WEFT_ENGINE_RECORD_FLOW_LOG_H

#include "engine/record/e-model.h"
#include "engine/record/flow-observer.h"
#include "engine/record/records.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weft::engine
{

/**
 * A packet that has not arrived this long after it was sent is lost (RFC 2680 asks for a stated
 * wait). Packets younger than this at the end of the run that have not arrived are neither
 * delivered nor lost.
 */
inline constexpr TimeNs LOSS_WAIT = std::chrono::seconds(1);

/// Half-open stretch of time [from, to).
struct Window
{
    TimeNs from{0};
    TimeNs to = TimeNs::max();
};

/// Statistics of the packets of one window.
struct FlowStatistics
{
    // by sending time
    std::uint64_t sent = 0;
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;
    std::uint64_t deliveredBytes = 0; ///< transport payload
    double loss = NOT_AVAILABLE;      ///< lost / (delivered + lost)
    double delayMeanMs =
        NOT_AVAILABLE;                 ///< host to host, of delivered packets; first arrival counts
    double delayP50Ms = NOT_AVAILABLE; ///< percentiles by nearest rank
    double delayP95Ms = NOT_AVAILABLE;
    double delayP99Ms = NOT_AVAILABLE;
    double delayMaxMs = NOT_AVAILABLE;
    std::optional<CallQuality> quality; ///< voice flows with a settled packet in the window
    // by receiving time
    std::uint64_t duplicates = 0; ///< arrivals of a sequence that had arrived before
    std::uint64_t reordered =
        0; ///< RFC 4737: first arrivals whose sequence is below one that arrived before
    double jitterMs = NOT_AVAILABLE;    ///< RFC 3550 at the receiver, at the end of the window
    double jitterMaxMs = NOT_AVAILABLE; ///< its largest value in the window
    std::uint64_t receivedBytes = 0;    ///< of first arrivals in the window
    double throughputBps =
        NOT_AVAILABLE; ///< receivedBytes over the window's length (cut at the end of the run)
    // on the WAN, by sending time of the copy
    std::uint64_t wireData = 0;   ///< data packets put on the WAN
    std::uint64_t wireCopies = 0; ///< further copies of them
    std::uint64_t wireParity = 0;
    std::uint64_t wireBytes = 0;   ///< outer IP bytes of all three
    double copies = NOT_AVAILABLE; ///< (wireData + wireCopies) / wireData
};

/// A bin with fewer packets is too short a stretch of speech to have a least MOS of its own.
inline constexpr std::size_t MOS_LEAST_PACKETS = 10;

/// MOS over several bins.
struct QualityRange
{
    double mean = NOT_AVAILABLE;
    double minimum = NOT_AVAILABLE; ///< of bins with at least MOS_LEAST_PACKETS
    TimeNs minimumAt{0};            ///< start of that bin
};

/// A stretch of time in which nothing that was sent arrived.
struct FlowOutage
{
    TimeNs from{0};   ///< when the first lost packet was sent
    TimeNs length{0}; ///< until the first packet was sent that arrived again; 0: no packet was lost
    std::uint64_t lost = 0; ///< packets sent meanwhile
    /// false: it lasted to the end of the window, or until one sending interval after the last
    /// packet
    bool recovered = true;
};

/// An arrival out of the ordinary, or a packet that never came.
struct FlowAnomaly
{
    enum class Kind : std::uint8_t
    {
        Lost,      ///< time is when it was sent
        Duplicate, ///< time is when it arrived
        Reordered, ///< time is when it arrived
    };
    Kind kind;
    std::uint64_t sequence;
    TimeNs time;
};

/**
 * Keeps each packet of one direction of a flow: 48 bytes a packet, 16 for each packet on the WAN.
 *
 * Sequences are those of FlowObserver: dense from 0. An arrival whose sequence was never sent
 * counts as unknown and changes nothing else. Statistics may be asked for at any time; Finish()
 * says where the run ended.
 */
class FlowLog
{
  public:
    /// @param codec of a voice flow, else nullptr; outlives the log
    explicit FlowLog(const Codec* codec = nullptr, PlayoutBuffer playout = {});

    void OnSent(std::uint64_t sequence, TimeNs time, std::uint32_t bytes);
    void OnReceived(std::uint64_t sequence, TimeNs sentTime, TimeNs time, std::uint32_t bytes);
    void OnWire(TimeNs time, WireKind kind, std::uint32_t bytes);
    /// Uses of the same instant replace one another.
    void OnPathUse(PathUse use);
    /// @param end the end of the run; packets sent within LOSS_WAIT of it are not counted as lost
    void Finish(TimeNs end);

    /// @return statistics of the window
    FlowStatistics Statistics(Window window) const;
    /// @return statistics of the bins [0, interval), [interval, 2 interval), ... up to the end of
    /// the run
    std::vector<FlowStatistics> Bins(TimeNs interval) const;
    /// @return the longest run of lost packets among those sent in the window. Packets too young to
    /// be called lost are left out
    FlowOutage LongestOutage(Window window) const;
    /// @return losses, duplicates and reordered arrivals of packets sent in the window, in order of
    /// time
    std::vector<FlowAnomaly> Anomalies(Window window) const;
    /**
     * @param window the window
     * @param interval the bins are those of Bins(interval), cut to the window
     * @return mean (weighted by packets) and least MOS of the bins of a voice flow
     */
    QualityRange QualityOver(Window window, TimeNs interval) const;

    /// @return the path in use at @p time (changes at exactly that instant included), or nullptr
    /// before the first
    const PathUse* PathAt(TimeNs time) const;
    const std::vector<PathUse>& PathUses() const;

    std::uint64_t Sent() const;
    std::uint64_t Unknown() const;
    TimeNs End() const;
    /// @return smallest delay of the run in ms, the base of the playout buffer; NOT_AVAILABLE
    /// before any arrival
    double MinimumDelayMs() const;

  private:
    static constexpr std::int64_t NOT_ARRIVED = -1;

    struct PacketRecord
    {
        std::int64_t sent;  ///< ns
        std::int64_t delay; ///< ns of the first arrival, or NOT_ARRIVED
        std::uint32_t bytes;
    };

    struct WireRecord
    {
        std::int64_t time; ///< ns
        std::uint32_t bytes;
        WireKind kind;
    };

    struct ArrivalRecord
    {
        std::int64_t time; ///< ns
        std::uint32_t sequence;
        double jitterMs; ///< RFC 3550, after this arrival
    };

    struct PacketRange
    {
        std::size_t first;
        std::size_t last; ///< one past
    };

    PacketRange SentIn(Window window) const;
    PacketRange ArrivedIn(Window window) const;
    bool Settled(const PacketRecord& packet) const;
    std::optional<CallQuality> Quality(PacketRange range) const;

    const Codec* m_codec;
    PlayoutBuffer m_playout;
    std::vector<PacketRecord> m_packets;   ///< by sequence, so by sending time
    std::vector<ArrivalRecord> m_arrivals; ///< first arrivals, by time
    std::vector<FlowAnomaly> m_odd;        ///< duplicates and reordered arrivals, by time
    std::vector<WireRecord> m_wire;        ///< by time
    std::vector<PathUse> m_paths;          ///< by time
    std::uint64_t m_highest = 0;           ///< highest sequence that arrived, plus one
    std::uint64_t m_unknown = 0;
    std::int64_t m_lastDelay = NOT_ARRIVED; ///< of the arrival before, for the jitter
    std::int64_t m_minimumDelay = NOT_ARRIVED;
    double m_jitterNs = 0;
    TimeNs m_end = TimeNs::max();
};

} // namespace weft::engine

#endif
