// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The plain structures a run hands to the record: one for each row of a result file and each object
 * of run.json.
 *
 * Units: TimeNs for instants and lengths of time unless the name ends in a unit; fractions are
 * 0..1; rates bit/s. A number that was not measured is NOT_AVAILABLE and becomes an empty cell
 * (null in JSON). doc/results.md describes the files.
 */
#ifndef WEFT_ENGINE_RECORD_RECORDS_H
#define WEFT_ENGINE_RECORD_RECORDS_H

#include "engine/record/flow-observer.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft::engine
{

/// "No such measurement": an empty cell.
inline constexpr double NOT_AVAILABLE = std::numeric_limits<double>::quiet_NaN();

/// One row of decisions.csv: a steering decision, or a path going up or down, with what caused it.
struct DecisionRecord
{
    TimeNs time{0};
    std::string edge; ///< site whose Edge decided
    std::string flow; ///< name of the flow in the scenario; empty for events of a path
    std::optional<std::uint32_t> flowId; ///< identifier on the wire
    std::string rule;                    ///< Business Policy rule
    std::string action; ///< open, duplicate, stop-duplicate, switch, return, fec-on, fec-off,
                        ///< least-bad, path-down, path-up, follow
    std::string metric; ///< latency, jitter, loss, probe; empty when none was the cause
    double value = NOT_AVAILABLE; ///< the measurement; ms for latency and jitter, fraction for loss
    double bound = NOT_AVAILABLE; ///< the confidence bound that was compared; unit of value
    double threshold = NOT_AVAILABLE;    ///< the limit it was compared with; unit of value
    std::string timer;                   ///< timer that ran out, e.g. switch-after; empty when none
    double timerSeconds = NOT_AVAILABLE; ///< its length, seconds
    std::string from;                    ///< link names at the deciding Edge
    std::string to;
    std::string reason; ///< one sentence
    std::string path; ///< path-down and path-up: "bristol.broadband>hq.dia", either way round; not
                      ///< in the file
};

/// One row of paths.csv: what one end believed of a path at the end of a bin, beside what was true.
struct PathSample
{
    TimeNs time{0};
    std::string observer; ///< site
    std::string path;     ///< "bristol.broadband>hq.dia", from the observer outwards
    bool outward =
        true; ///< out = from the observer, as reported back; in = towards it, measured here
    bool up = true;
    double latencyMs = NOT_AVAILABLE;
    double latencyLowMs = NOT_AVAILABLE;
    double latencyHighMs = NOT_AVAILABLE;
    double jitterMs = NOT_AVAILABLE;
    double jitterLowMs = NOT_AVAILABLE;
    double jitterHighMs = NOT_AVAILABLE;
    double loss = NOT_AVAILABLE;
    double lossLow = NOT_AVAILABLE;
    double lossHigh = NOT_AVAILABLE;
    double smoothedLatencyMs = NOT_AVAILABLE;
    double smoothedJitterMs = NOT_AVAILABLE;
    double smoothedLoss = NOT_AVAILABLE;
    std::uint64_t samples = 0;
    double rttMs = NOT_AVAILABLE;
    double trueLatencyMs = NOT_AVAILABLE;
    double trueJitterMs = NOT_AVAILABLE;
    double trueLoss = NOT_AVAILABLE;
    std::string inSla; ///< "voice:in;video:out", class:in|out|unknown
};

/// One row of drops.csv.
struct DropRecord
{
    std::string place;  ///< e.g. "cloud internet bristol.broadband>hq.dia", "edge hq"
    std::string reason; ///< lower case, hyphenated
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
};

/// The tunnel a flow's direction uses from an instant on, until the next PathUse.
struct PathUse
{
    TimeNs time{0};
    std::string tunnel; ///< its name the same way round for both directions, e.g.
                        ///< "bristol.broadband>hq.dia"
    std::string label;  ///< name of its link at the flow's `from` site, for both directions, e.g.
                        ///< "broadband"
    std::string copyTunnel; ///< the tunnel the copies take while duplicating; else empty
    std::string copyLabel;
};

/// What was put on a WAN link for a flow.
enum class WireKind : std::uint8_t
{
    Data = 0,   ///< first copy of a data packet
    Copy = 1,   ///< a further copy of one
    Parity = 2, ///< FEC parity charged to the flow
};

/// The SLA a flow is judged by; NOT_AVAILABLE where it sets no limit.
struct SlaLimits
{
    double latencyMs = NOT_AVAILABLE;
    double jitterMs = NOT_AVAILABLE;
    double loss = NOT_AVAILABLE;
    std::string jitterMetric; ///< rfc3550, pdv95, pdv99 or stddev
};

/// One flow of the scenario.
struct FlowInfo
{
    std::string name;
    std::string from; ///< site
    std::string to;   ///< site
    std::string kind; ///< voice, onoff, bulk-udp or bulk-tcp
    std::string trafficClass;
    std::string rule;
    std::string codec; ///< voice only: a name of e-model.h; gives the flow a MOS
    TimeNs start{0};
    TimeNs stop{0};
    bool bothWays = false;
    SlaLimits sla;
};

/// One timed event of the scenario.
struct EventRecord
{
    std::string name;
    TimeNs start{0};
    TimeNs end{0};
    std::string label;  ///< short text for a plot, e.g. "jitter 25 ms"
    std::string target; ///< e.g. "bristol.broadband>hq.dia", "link bristol.mpls"
};

struct LinkInfo
{
    std::string name;
    std::string cloud;
    double upBps = 0;
    double downBps = 0;
};

struct SiteInfo
{
    std::string name;
    std::string lan;
    std::vector<LinkInfo> links;
};

struct CloudInfo
{
    std::string name;
    std::string kind;
};

struct PathInfo
{
    std::string from; ///< "bristol.broadband"
    std::string to;
    double rttMs = NOT_AVAILABLE;
    double jitterMs = NOT_AVAILABLE;
    double loss = NOT_AVAILABLE;
};

struct FabricLinkInfo
{
    std::string name; ///< "leaf1.spine1", "host1.uplink"
    std::string first;
    std::string second;
    double rateBps = 0;
    unsigned members = 1;
};

struct HypervisorInfo
{
    std::string name;
    std::string at; ///< router, or site
    std::string address;
    bool vtep = true;
};

struct VmInfo
{
    std::string name;
    std::string hypervisor; ///< at the start
    std::string network;
    std::string address;
    std::string mac;
};

struct NetworkInfo
{
    std::string name;
    std::uint32_t vni = 0;
    std::string group;
    unsigned vlan = 0;
};

/// The fabric and what runs over it; all empty in a run without.
struct FabricInfo
{
    std::string kind;       ///< leaf-spine or custom
    std::string forwarding; ///< routed or bridged
    std::string multicast;  ///< off, pim-sm, ...
    std::string encapsulation;
    std::string learning;
    std::string replication;
    std::vector<std::string> routers;
    std::vector<FabricLinkInfo> links;
    std::vector<NetworkInfo> networks;
    std::vector<HypervisorInfo> hypervisors;
    std::vector<VmInfo> vms;
};

/// One expectation and what became of it.
struct Verdict
{
    std::string name;
    std::string kind; ///< decision, no_decision, lan, cost, follows or metric
    bool passed = false;
    std::string statement; ///< what is expected, as a sentence
    double measured = NOT_AVAILABLE;
    double threshold = NOT_AVAILABLE;
    std::string
        unit; ///< of measured, threshold and margin: s, ms, kbit/s, packets, fraction, MOS, x
    double margin = NOT_AVAILABLE; ///< distance to the limit; negative when on the wrong side of it
    std::string detail;            ///< what was measured, when and where
    double atSeconds = NOT_AVAILABLE; ///< the instant the verdict is about
};

/// Packets handed to the network by hosts, and what became of them; sent = delivered + dropped +
/// inFlight is a check.
struct Books
{
    std::uint64_t sent = 0;
    std::uint64_t delivered = 0;
    std::uint64_t dropped = 0;
    std::uint64_t inFlight = 0;
};

/// Facts of the host and the wall clock: all that may differ between two runs of the same scenario
/// and seed.
struct VolatileInfo
{
    double wallSeconds = NOT_AVAILABLE;
    double speed = NOT_AVAILABLE; ///< simulated seconds per wall second
    std::uint64_t events = 0;     ///< simulator events
    std::string host;
    std::string startedAt; ///< UTC, ISO 8601
    std::uint64_t peakRssKb = 0;
    std::vector<std::pair<std::string, std::string>> more; ///< further text facts, in this order
};

/// Everything of run.json that is not collected by the Recorder.
struct RunInfo
{
    std::string version;
    std::string commit; ///< empty when built outside a git checkout
    bool dirty = false;
    std::string ns3;
    std::string compiler;
    std::string scenario;
    std::string about;
    std::string file;
    std::string digest; ///< of the normalised scenario, hexadecimal
    TimeNs duration{0};
    TimeNs recordInterval{0};
    std::vector<std::string> command;
    std::vector<std::string> overrides; ///< "path=value"
    std::uint64_t seed = 1;
    std::vector<SiteInfo> sites;
    std::vector<CloudInfo> clouds;
    std::vector<PathInfo> paths;
    std::optional<FabricInfo> fabric;
    std::string variant; ///< "base" without
    Books books;
    VolatileInfo volatileInfo;
};

} // namespace weft::engine

#endif
