// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Watches what runs over a fabric for the record: wires, tables, VTEPs, machines, drops.
 *
 * It only looks: a run with and without it is the same.
 */
#ifndef WEFT_ENGINE_RUN_OVERLAY_OBSERVER_H
#define WEFT_ENGINE_RUN_OVERLAY_OBSERVER_H

#include "engine/build/overlay.h"
#include "engine/record/pcapng.h"
#include "engine/record/recorder.h"
#include "engine/run/table-watch.h"
#include "engine/run/wire-watch.h"
#include "engine/spec/scenario.h"

#include <memory>
#include <optional>
#include <vector>

namespace weft::engine
{

class OverlayObserver
{
  public:
    /// Connects. @param scenario the scenario @param overlay its overlay @param recorder where
    /// everything goes; all three must outlive this
    OverlayObserver(const spec::Scenario& scenario, const Overlay& overlay, Recorder& recorder);

    /// Also writes every frame of watched wires. Throws ResultsError.
    void Capture(PcapngWriter& writer);

    /// Records what has happened in the present bin. @param start its start @param bin its length
    void Sample(TimeNs start, spec::Duration bin);

    /// Records totals and drops at the end of the run, and adds the fabric's frames to the books.
    void Finish(Books& books);

  private:
    /// @return how many there were
    std::uint64_t RecordDrops(const std::string& name, const ns3::vxlan::Hypervisor& hypervisor);
    void FinishHypervisors();
    void FinishMachines();
    void FinishFabric();

    const spec::Scenario& m_scenario;
    const Overlay& m_overlay;
    Recorder& m_recorder;
    WireWatch m_wires;
    std::optional<TableWatch> m_tables;
    std::vector<std::uint32_t> m_vteps; ///< index in the record, by hypervisor
    std::vector<VtepSample> m_last;     ///< totals when the last bin ended, by hypervisor
};

} // namespace weft::engine

#endif
