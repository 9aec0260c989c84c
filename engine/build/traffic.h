// SPDX-License-Identifier: GPL-2.0-only
/** @file Puts the traffic of a scenario onto the hosts of its network. */
#ifndef WEFT_ENGINE_BUILD_TRAFFIC_H
#define WEFT_ENGINE_BUILD_TRAFFIC_H

#include "engine/build/network.h"
#include "engine/build/overlay.h"
#include "engine/record/recorder.h"
#include "engine/record/records.h"
#include "engine/spec/scenario.h"
#include "engine/traffic/vm-traffic.h"

#include <memory>
#include <vector>

namespace weft::engine
{

/// @return what the record says of a flow of the scenario
FlowInfo FlowInfoOf(const spec::Scenario& scenario, const spec::Flow& flow);

/// The two ends of every flow of a scenario.
class Traffic
{
  public:
    /**
     * Installs them.
     *
     * @param scenario the scenario; flow i is reported under index i
     * @param network its sites
     * @param overlay its machines; null when it has none
     * @param observer told of every packet; all four must outlive the simulation
     */
    Traffic(const spec::Scenario& scenario,
            const Network& network,
            const Overlay* overlay,
            FlowObserver& observer);

    /// Sets the scalars that only the applications know.
    void Finish(Recorder& recorder) const;

  private:
    void AddCardTraffic(const spec::Scenario& scenario,
                        const Overlay& overlay,
                        spec::Index flow,
                        FlowObserver& observer);

    UdpPorts m_ports;
    std::vector<std::unique_ptr<VmTraffic>> m_cards;
};

} // namespace weft::engine

#endif
