# SPDX-License-Identifier: GPL-2.0-only
"""What one flow met in one direction: its bins, the paths it could take, the one it took, and why.

Everything a figure draws is computed here, without matplotlib, so that it can be tested and written
to the figure's CSV.
"""
import math
from dataclasses import dataclass, field

import numpy as np

from report.tables import ReportError

# ITU-T G.107 Annex B: below this MOS the transmission quality class is "many users dissatisfied".
MOS_FLOOR = 3.60
# A bin with fewer packets is too short a stretch of speech for a least MOS (as doc/results.md has it).
MOS_LEAST_PACKETS = 10
# Order of importance where not every decision can be named in a figure.
STEERING = (
    "open switch return duplicate stop-duplicate least-bad path-down path-up follow fec-on fec-off".split()
)


@dataclass
class Path:
    """One path as its sending edge knew it at the instants of paths.csv (the ends of bins).

    `used` says of each instant whether the path carried the flow before the next one.
    """

    name: str
    link: str
    time: np.ndarray
    latency: np.ndarray
    jitter: np.ndarray
    loss: np.ndarray
    used: np.ndarray = field(default=None)


@dataclass
class Span:
    """The links that carried the flow from `start` to `stop`; `extra` got copies, where not empty."""

    start: float
    stop: float
    primary: str
    extra: str


@dataclass
class Decision:
    """One row of decisions.csv that concerns this flow and direction; `row` is its index in the file."""

    row: int
    time: float
    action: str
    source: str
    target: str
    reason: str

    @property
    def brief(self):
        """Action and link in two or three words."""
        link = self.target or self.source
        return f"{self.action} {link}".strip()


def split_path(text):
    """("broadband", "mpls") of "broadband+mpls"; ("", "") of nothing."""
    primary, _, extra = text.partition("+")
    return primary, extra


def _active(bins):
    """The bins from the first to the last in which a packet was sent."""
    sent = np.flatnonzero(bins["sent"] > 0)
    return bins.slice(int(sent[0]), int(sent[-1]) + 1) if len(sent) else bins.slice(0, 0)


def _mean(values):
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


class Story:
    """The story of `flow` (a flow's entry of run.json) in `direction` of `run`."""

    def __init__(self, run, flow, direction):
        self.run = run
        self.flow = flow
        self.direction = direction
        self.bins = _active(run.flows.where(flow=flow["name"], direction=direction))
        if not len(self.bins):
            raise ReportError(
                f'{run.directory}: flows.csv has no packets of flow "{flow["name"]}" {direction}'
            )
        ends = (flow.get("from", ""), flow.get("to", ""))
        self.sender, self.receiver = ends if direction == "forward" else ends[::-1]
        self.decisions = self._find_decisions()
        self.spans = self._find_spans()
        self.paths = self._find_paths()

    def middles(self):
        """The middle of each bin: where a figure puts its point, in seconds."""
        return self.bins["time_s"] + self.run.interval / 2

    def time_limits(self):
        """The flow's life with a little air: idle time before and after would only take room."""
        first, last = self.bins["time_s"][0], self.bins["time_s"][-1] + self.run.interval
        air = 0.02 * (last - first)
        return max(0.0, first - air), min(max(self.run.duration, last), last + air)

    # -- limits and events ---------------------------------------------------------------------

    def limit(self, metric):
        """The SLA limit of "latency_ms", "jitter_ms" or "loss" (a fraction); NaN where there is none."""
        value = (self.flow.get("sla") or {}).get(metric)
        return float(value) if isinstance(value, (int, float)) else math.nan

    def events(self):
        """(name, start, end, label) of every injected event, by start; an open end is the run's end."""
        found = []
        for event in self.run.info["events"]:
            end = event.get("end_s")
            end = self.run.duration if end is None else float(end)
            label = str(event.get("label") or "")
            found.append((event["name"], float(event["start_s"]), end, label))
        return sorted(found, key=lambda event: (event[1], event[0]))

    # -- path in use ---------------------------------------------------------------------------

    def _find_decisions(self):
        name, mine = self.flow["name"], []
        for index, row in enumerate(self.run.decisions.rows()):
            if self.sender and row["edge"] != self.sender:
                continue
            if row["flow"] in (name, ""):
                mine.append(
                    Decision(
                        index,
                        float(row["time_s"]),
                        row["action"],
                        row["from"],
                        row["to"],
                        row["reason"],
                    )
                )
        return sorted(mine, key=lambda decision: (decision.time, decision.row))

    def _edge_time(self, start, stop):
        """The instant inside (start, stop] at which the path changed: a decision's, else the bin's end."""
        times = [d.time for d in self.decisions if start < d.time <= stop and d.target]
        return times[-1] if times else stop

    def _find_spans(self):
        """Spans of equal use, from the bins; a change is put at the decision that caused it."""
        width, spans = self.run.interval, []
        for start, text in zip(self.bins["time_s"], self.bins["path"]):
            stop, links = float(start) + width, split_path(text)
            if spans and (spans[-1].primary, spans[-1].extra) == links and start - spans[-1].stop < width / 2:
                spans[-1].stop = stop
            elif spans and start - spans[-1].stop < width / 2:
                change = self._edge_time(float(start), stop) if text else float(start)
                spans[-1].stop = change
                spans.append(Span(change, stop, *links))
            else:
                spans.append(Span(float(start), stop, *links))
        return [span for span in spans if span.primary]

    def in_use(self, link, time):
        """Whether the flow was sent over `link` at some instant from `time` until one bin later."""
        stop = time + self.run.interval
        return any(
            link in (span.primary, span.extra) and span.start < stop and span.stop > time
            for span in self.spans
        )

    # -- paths ---------------------------------------------------------------------------------

    def _find_paths(self):
        """The sender's paths to the receiver in paths.csv, as the sender knew them ("out")."""
        table, found = self.run.paths.where(observer=self.sender, direction="out"), []
        for name in table.distinct("path"):
            near, _, far = name.partition(">")
            if self.receiver and far.partition(".")[0] != self.receiver:
                continue
            rows = table.where(path=name)
            link = self._label(near, far)
            path = Path(
                name, link, rows["time_s"], rows["latency_ms"], rows["jitter_ms"], rows["loss"]
            )
            path.used = np.array([self.in_use(link, time) for time in path.time], dtype=bool)
            found.append(path)
        # The path that opened the flow first, then as in the file.
        first = self.spans[0].primary if self.spans else ""
        return sorted(found, key=lambda path: path.link != first)

    def _label(self, near, far):
        """The link's name at the flow's `from` site, as flows.csv calls it in both directions."""
        end = far if self.direction == "backward" and far else near
        return end.partition(".")[2] or end

    def links(self):
        """Every link the figure names, in the order of its colours."""
        names = [path.link for path in self.paths]
        for span in self.spans:
            names += [span.primary, span.extra]
        return [name for name in dict.fromkeys(names) if name]

    # -- figures of merit ------------------------------------------------------------------------

    def measure(self, metric):
        """A scalar of this flow and direction: run.json's where it has it, else from the bins."""
        value = self.run.scalar(f"{self.flow['name']}.{self.direction}.{metric}")
        return value if not math.isnan(value) else self._from_bins(metric)

    def _from_bins(self, metric):
        bins = self.bins
        sent = np.nansum(bins["sent"])
        if metric in ("sent", "lost", "delivered", "bytes_wire", "duplicates", "reordered"):
            return float(np.nansum(bins[metric]))
        if metric == "loss":
            return float(np.nansum(bins["lost"]) / sent) if sent else math.nan
        if metric == "copies":
            weights = np.where(np.isnan(bins["copies"]), 0, bins["sent"])
            total = np.nansum(weights)
            return float(np.nansum(weights * bins["copies"]) / total) if total else math.nan
        if metric == "mos_mean":
            return _mean(bins["mos"])
        if metric == "mos_min":
            known = bins["mos"][~np.isnan(bins["mos"]) & (bins["sent"] >= MOS_LEAST_PACKETS)]
            return float(known.min()) if len(known) else math.nan
        if metric == "delay_p95_ms":  # of the bins' own 95th percentiles: an upper estimate
            known = bins["delay_p95_ms"][~np.isnan(bins["delay_p95_ms"])]
            return float(np.percentile(known, 95)) if len(known) else math.nan
        if metric == "jitter_ms":
            return _mean(bins["jitter_ms"])
        return math.nan

    def share_in_sla(self):
        """The share of bins whose 95th percentile of delay, jitter and loss were all within the SLA."""
        columns = (("delay_p95_ms", "latency_ms"), ("jitter_ms", "jitter_ms"), ("loss", "loss"))
        limits = [(self.bins[column], self.limit(limit)) for column, limit in columns]
        if all(math.isnan(limit) for _, limit in limits):
            return math.nan
        judged = ~np.isnan(self.bins["loss"])
        outside = np.zeros(len(self.bins), dtype=bool)
        for values, limit in limits:
            outside |= values > limit  # never true of a NaN
        return float(1 - outside[judged].mean()) if judged.any() else math.nan

    def complaints(self):
        """What of the delivered flow was beyond its limits, as phrases; empty when nothing was.

        The rule: loss of the whole flow within the SLA's loss, 95th percentile of delay within its
        latency, and no bin's MOS below 3.60 (ITU-T G.107 Annex B).
        """
        found = []
        loss, delay, mos = (self.measure(m) for m in ("loss", "delay_p95_ms", "mos_min"))
        if loss > self.limit("loss"):
            found.append(f"loss {loss:.2%} is over {self.limit('loss'):.2%}".replace("%", " %"))
        if delay > self.limit("latency_ms"):
            found.append(f"delay p95 {delay:.1f} ms is over {self.limit('latency_ms'):g} ms")
        if mos < MOS_FLOOR:
            found.append(f"MOS fell to {mos:.2f}")
        return found

    def question(self):
        """The figure's title, as a question."""
        name, events = self.flow["name"], self.events()
        who = f"the {name}" if self.flow.get("kind") == "voice" else f"flow {name}"
        if self.sender and self.receiver:
            who += f" from {self.sender} to {self.receiver}"
        if not events:
            return f"Did {who} stay within its SLA?"
        what = f"\u201c{events[0][0]}\u201d" if len(events) == 1 else f"{len(events)} injected events"
        return f"Did {who} survive {what}?"

    def answer(self):
        """Its answer in one line, with the numbers that decide it."""
        loss, lost, sent = (self.measure(metric) for metric in ("loss", "lost", "sent"))
        facts = []
        if not math.isnan(loss):
            facts.append(f"{100 * loss:.2f} % lost ({lost:.0f} of {sent:.0f} packets)")
        if not math.isnan(self.measure("delay_p95_ms")):
            facts.append(f"delay p95 {self.measure('delay_p95_ms'):.1f} ms")
        if not math.isnan(self.measure("mos_mean")):
            facts.append(
                f"MOS {self.measure('mos_mean'):.2f} mean, {self.measure('mos_min'):.2f} at worst"
            )
        share = self.share_in_sla()
        if not math.isnan(share):
            facts.append(f"in SLA {100 * share:.1f} % of the time".replace("100.0", "100"))
        complaints = self.complaints()
        start = "No, " + " and ".join(complaints) if complaints else "Yes"
        line = start + (": " + ", ".join(facts) if facts else "")
        return line.replace(" %", "\u00a0%").replace(" ms", "\u00a0ms")
