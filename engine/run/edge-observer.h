// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Watches the Edges of a network for the record: decisions, what goes onto the WAN for which flow,
 * what each end believes of its paths, and the drops.
 *
 * It only looks: a run with and without it is the same.
 */
#ifndef WEFT_ENGINE_RUN_EDGE_OBSERVER_H
#define WEFT_ENGINE_RUN_EDGE_OBSERVER_H

#include "engine/build/network.h"
#include "engine/record/pcapng.h"
#include "engine/record/recorder.h"
#include "engine/spec/scenario.h"

#include <memory>
#include <unordered_map>
#include <vector>

namespace weft::engine
{

class EdgeObserver
{
  public:
    /**
     * Connects to the traces of every Edge.
     *
     * @param scenario the scenario
     * @param network its network
     * @param recorder where everything goes; all three must outlive this
     */
    EdgeObserver(const spec::Scenario& scenario, const Network& network, Recorder& recorder);
    ~EdgeObserver();

    /// Also writes every WAN datagram, as it is sent and as it arrives. Throws ResultsError.
    void Capture(PcapngWriter& writer);

    /// Records what every Edge believes of its paths now, beside the truth of the bin that ends
    /// now.
    void SamplePaths(spec::Duration bin);

    /// Records drops, counters and the books at the end of the run. @return the books of the WAN
    Books Finish();

  private:
    struct Flow
    {
        FlowIndex index = 0;
        Direction direction = Direction::Forward;
    };

    struct KeyHash
    {
        std::size_t operator()(const sdwan::FlowKey& key) const;
    };

    class SiteWatch; ///< the trace sinks of one site

    void OnEvent(spec::Index site, const sdwan::EdgeEvent& event);
    void OnTransmit(spec::Index site,
                    const sdwan::TransmitInfo& info,
                    ns3::Ptr<const ns3::Packet> packet);
    void OnArrival(spec::Index site, spec::Index link, ns3::Ptr<const ns3::Packet> packet);
    void RecordPathUse(spec::Index site, const sdwan::EdgeEvent& event, const Flow& flow);
    std::string LabelAt(spec::Index path, spec::Index site) const;

    const spec::Scenario& m_scenario;
    const Network& m_network;
    Recorder& m_recorder;
    std::vector<std::unique_ptr<SiteWatch>> m_sites;
    std::vector<std::vector<spec::Index>> m_pathOf; ///< by site and tunnel
    std::unordered_map<sdwan::FlowKey, Flow, KeyHash> m_flows;
    std::vector<std::unordered_map<std::uint64_t, Flow>> m_byId; ///< by site; key peer << 24 | flow
    PcapngWriter* m_capture = nullptr;
    std::vector<std::vector<std::uint32_t>> m_interfaces; ///< of the capture, by site and link
    std::vector<std::uint8_t> m_bytes;
    std::uint64_t m_wanSent = 0;
};

} // namespace weft::engine

#endif
