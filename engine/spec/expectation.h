// SPDX-License-Identifier: GPL-2.0-only
/** @file The resolved scenario's expectations. Units as in scenario.h. */
#ifndef WEFT_SPEC_EXPECTATION_H
#define WEFT_SPEC_EXPECTATION_H

#include "engine/spec/overlay.h"

#include <utility>

namespace weft::spec
{

enum class ExpectKind
{
    Decision,   ///< such a decision is taken in the window
    NoDecision, ///< no such decision is taken in the window
    LanClean,   ///< the flow's receivers see no loss, duplicate or reordering in the window
    Cost,       ///< mean copies sent for each data packet of the flow in the window
    Follows,    ///< the answering Edge sends on the tunnel that the opening Edge uses
    Metric,     ///< a measured figure of the flow is below or above a bound in the window
    Outage,     ///< longest time without delivery beyond the sending interval
    Table,      ///< a table has or lacks entries
    Frames,     ///< how many frames pass a wire
    Counter,    ///< a figure of run.json
    Balance,    ///< whether wires share the load evenly
};

/// A table of a node, as netbase-table-change.h has them.
enum class TableKind
{
    BridgeFdb,
    VtepFdb,
    Arp,
    Groups,
    Igmp,
    Multicast,
    Routes,
};

/// Which entries of a table are meant: all that is given has to agree. Names stand resolved.
struct TablePattern
{
    std::optional<std::uint32_t> domain; ///< VNI, VLAN or prefix length
    std::optional<MacAddress> mac;
    std::optional<IpAddress> address;
    std::optional<IpAddress> source;
    std::optional<IpAddress> remote;
    std::optional<std::string> port; ///< as in the column of tables.csv
    std::optional<std::string> text; ///< to be found in the column of that name
};

/// A condition on a column of frames.csv: one of the texts, or a number in the range.
struct ColumnPattern
{
    std::string column;
    std::vector<std::string> values; ///< a name stands for all its addresses
    std::optional<std::pair<std::uint64_t, std::uint64_t>> range; ///< inclusive; instead of values
};

enum class BalanceOf
{
    Flows,
    Bytes,
    Frames,
};

/// What an Edge can decide. The names in files and results are those of ToString.
enum class Action
{
    Open,
    Duplicate,
    StopDuplicate,
    Switch,
    Return,
    FecOn,
    FecOff,
    LeastBad,
    PathDown,
    PathUp,
    Follow,
};

/// Directions of a flow that an expectation looks at.
enum class FlowDirection
{
    Forward,
    Backward,
    Both, ///< each direction the flow sends in has to satisfy it
};

/// A moment of the run that an expectation refers to.
struct Moment
{
    enum class Kind
    {
        Time,       ///< an instant
        EventStart, ///< of Scenario::events[index]
        EventEnd,   ///< of Scenario::events[index]
        Decision,   ///< when the decision of Scenario::expectations[index] was taken
    };
    Kind kind = Kind::Time;
    Duration time{0}; ///< Time, EventStart and EventEnd: the instant itself
    Index index = 0;
};

/// When an expectation applies: all that is given has to hold.
/// begin = max(from, moment of after); end = min(to, begin + within, moment of until).
struct Window
{
    Duration from{0};
    Duration to{0};
    std::optional<Moment> after;
    std::optional<Duration> within;
    std::optional<Moment> until;
};

enum class Metric
{
    DelayMean,
    DelayP50,
    DelayP95,
    DelayP99,
    DelayMax,
    Jitter, ///< RFC 3550, at the receiver
    Loss,
    MosMean,
    MosMin,
    Throughput, ///< bit/s of UDP or TCP payload delivered
    RttMean,    ///< ping: from request to reply
    RttP50,
    RttP95,
    RttP99,
    RttMax,
};

/// One thing the author of the scenario expects.
///
/// Which fields mean something depends on the kind:
///   Decision, NoDecision: action, flow (path events: path), edge, from, to, count
///   LanClean: flow, direction
///   Cost: flow, direction, cost, tolerance
///   Follows: flow, edge, lag
///   Metric: flow, direction, metric, below or above or both
///   Outage: flow, direction, below or above or both (seconds)
///   Table: table, node, has or lacks or neither (every entry), count, atLeast, atMost; looked at
///          at `at`, or else at the end of the window. With `has` and no count: at least one
///   Frames: wires (one), direction, where, count, atLeast, atMost
///   Counter: counter, equals with tolerance, below, above; at the end of the run
///   Balance: wires, direction, balanceOf, even
/// Directions of wires: Forward is from the node named first, or away from the host.
struct Expectation
{
    std::string name;
    std::string about;
    ExpectKind kind = ExpectKind::Decision;
    Window window;

    std::optional<Index> flow; ///< into Scenario::traffic; empty only for decisions about paths
    FlowDirection direction = FlowDirection::Both;

    Action action = Action::Open;
    std::optional<Index>
        edge; ///< site; for a flow's decisions the one the flow comes from, unless given
    std::optional<Index> path;       ///< path-down, path-up: which, when given
    std::optional<std::string> from; ///< local link name at the Edge
    std::optional<std::string> to;
    std::optional<unsigned> count; ///< exactly so many in the window

    double cost = 1;
    double tolerance = 0;

    Duration lag{0}; ///< longest time for which the two directions may differ after a move

    Metric metric = Metric::DelayMean;
    std::optional<double> below; ///< in seconds, fraction, MOS, bit/s or as the counter
    std::optional<double> above;

    TableKind table = TableKind::BridgeFdb;
    NodeRef node;
    std::optional<TablePattern> has;
    std::optional<TablePattern> lacks;
    std::optional<Moment> at;

    std::vector<WireRef> wires;
    std::vector<ColumnPattern> where;
    std::optional<std::uint64_t> atLeast;
    std::optional<std::uint64_t> atMost;

    std::string counter; ///< dotted path of a scalar of run.json
    std::optional<double> equals;

    BalanceOf balanceOf = BalanceOf::Flows;
    bool even = true; ///< false: the load has to be uneven
};

std::string_view ToString(ExpectKind kind);
std::string_view ToString(Action action);
std::string_view ToString(FlowDirection direction);
std::string_view ToString(Metric metric);
std::string_view ToString(TableKind kind);
std::string_view ToString(BalanceOf of);

} // namespace weft::spec

#endif
