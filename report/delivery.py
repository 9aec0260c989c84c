# SPDX-License-Identifier: GPL-2.0-only
"""The key figure of a run over a fabric: what each flow delivered over time, and how long it was silent."""
import csv
import math

import numpy as np

from report import sheet, style
from report.fabric import duration, outages

ROW, GAP, LABEL = 0.62, 0.13, 1.2
MOST = 10  # flows and directions that are drawn
LEAST = 4  # of them, lost or not
DELIVERED, LOST = style.PATH_COLOURS[2], style.PATH_COLOURS[1]
SHADE = "#f3ddf0"


class Row:
    """One flow in one direction: bins, and the longest outage."""

    def __init__(self, run, name, direction, length, start):
        self.name, self.direction, self.length, self.start = name, direction, length, start
        self.kind = run.flow(name).get("kind") or ""
        self.bins = run.flows.where(flow=name, direction=direction)
        self.lost, self.sent = (run.scalar(f"{name}.{direction}.{what}") for what in ("lost", "sent"))

    def label(self, both):
        return f"{self.name}, {self.direction}" if both else self.name

    def outage_text(self):
        """What the row says of its longest outage."""
        if math.isnan(self.length):
            return ""
        if self.length == 0:
            return "nothing lost"
        return f"silent for {duration(self.length)}"


def rows_of(run):
    """(rows of the figure in the scenario's order, number of flows left out): the worst, and a few that lost nothing."""
    every = [Row(run, *outage) for outage in outages(run)]
    worst = sorted(every, key=lambda row: -(row.length if row.length == row.length else 0))
    losing = sum(row.length > 0 for row in every)
    shown = worst[: min(MOST, max(LEAST, losing + 1))]
    return [row for row in every if row in shown], len(every) - len(shown)


def question(run):
    events = run.info["events"]
    if not events:
        return "Did every packet arrive?"
    what = f"\u201c{events[0]['name']}\u201d" if len(events) == 1 else f"{len(events)} events"
    return f"How long was each flow silent around {what}?"


def answer(run):
    """The longest outage of all, and what was lost."""
    found = [item for item in outages(run) if item[2] > 0]
    lost = sum(run.scalar(f"{name}.{way}.lost") for name, way, _, _ in outages(run))
    if not found:
        return "Nothing was lost in any flow." if outages(run) else ""
    name, way, length, start = max(found, key=lambda item: item[2])
    return (
        f"Longest outage: {duration(length)}, of {name} ({way}) from {start:.6g}\u00a0s on; {lost:g} "
        f"packet{'s' if lost != 1 else ''} lost in all flows."
    )


def _draw_row(axes, row, run, low, high):
    bins, width = row.bins, run.interval
    delivered, lost = bins["delivered"], bins["lost"]
    edges = bins["time_s"]
    if row.length > 0:
        axes.axvspan(row.start, row.start + row.length, color=SHADE, linewidth=0, zorder=0.4, gid=f"outage-{row.name}-{row.direction}")
    bars = axes.bar(edges, delivered, width, align="edge", color=DELIVERED, linewidth=0, zorder=2)
    sheet.name_bars(bars, f"delivered-{row.name}-{row.direction}")
    some = lost > 0
    bars = axes.bar(edges[some], lost[some], width, bottom=delivered[some], align="edge", facecolor="white", edgecolor=LOST,
                    hatch="//////", linewidth=0.4, zorder=2.1)
    sheet.name_bars(bars, f"lost-{row.name}-{row.direction}")
    top = float(np.nanmax(delivered + lost)) if len(bins) else 1.0
    top = top or 1.0
    axes.set_ylim(0, 1.45 * top)
    axes.set_yticks([0, top])
    axes.set_yticklabels(["0", f"{top:g}"])
    _draw_outage(axes, row, 1.2 * top, low, high)


def _draw_outage(axes, row, y, low, high):
    """A bracket as long as the outage, with its length beside or above it."""
    text = row.outage_text()
    box = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.6}
    if row.length > 0:
        stop = row.start + row.length
        axes.plot([row.start, stop], [y, y], color=style.INK, linewidth=1, marker="|", markersize=5, zorder=5)
        room = high - stop > 0.3 * (high - low)
        anchor, ha, shift = (stop, "left", 5) if room else (row.start, "right", -5)
        axes.annotate(text, (anchor, y), (shift, 0), textcoords="offset points", ha=ha, va="center", size=7,
                      weight="bold", zorder=6, bbox=box)
    elif text:
        axes.annotate(text, (1, y), (-2, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                      ha="right", va="center", size=7, color=style.FAINT, zorder=6, bbox=box)


def draw_delivery(run, stem):
    """Draws the figure into `stem`.svg and .pdf and its data into `stem`.csv; False without a flow."""
    rows, others = rows_of(run)
    if not rows:
        return False
    low, high = 0.0, run.duration
    events = sheet.Events(run, low, high, style.WIDTH - LABEL - 0.12)
    handles = [sheet.patch(DELIVERED, "delivered")]
    if any(row.length > 0 for row in rows):
        handles.append(sheet.patch("white", "lost", edgecolor=LOST, hatch="//////"))
        handles.append(sheet.patch(SHADE, "longest outage"))
    if events.events:
        handles.append(sheet.line(style.EVENT_EDGE, "injected event"))
    body = sheet.legend_height(handles) + events.height + (ROW + GAP) * len(rows) + (0.46 if others else 0.3)
    frame = sheet.begin(question(run), answer(run), body)
    frame.left = LABEL
    sheet.legend(frame, handles)
    events.draw(frame)
    names = [row.name for row in rows]
    for place, row in enumerate(rows):
        axes = frame.add(ROW)
        sheet.time_axis(axes, low, high, place == len(rows) - 1)
        events.mark(axes)
        _draw_row(axes, row, run, low, high)
        middle = frame.top - ROW / 2
        label = style.fit(row.label(names.count(row.name) > 1), 7.5, LABEL - 0.5)
        frame.text(middle - 0.03, 0.1, label, size=7.5, weight="bold", va="bottom")
        per_bin = f"packets/{duration(run.interval)}"
        frame.text(middle + 0.11, 0.1, style.fit(per_bin, 6.3, LABEL - 0.3), size=6.3, color=style.FAINT)
        frame.skip(GAP)
    if others:
        frame.skip(0.25)
        frame.text(frame.top, 0.1, f"{others} more, which were not silent for longer.", size=6.8, color=style.FAINT)
    words = [f"{row.label(True)}: {row.sent:g} sent, {row.lost:g} lost, {row.outage_text()}." for row in rows]
    style.save(frame.figure, stem, question(run), " ".join([answer(run), *words]))
    _write_data(rows, stem + ".csv")
    return True


def _write_data(rows, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("flow", "direction", "time_s", "delivered", "lost"))
        for row in rows:
            for time, delivered, lost in zip(row.bins["time_s"], row.bins["delivered"], row.bins["lost"]):
                writer.writerow((row.name, row.direction, f"{time:g}", f"{delivered:g}", f"{lost:g}"))
        writer.writerow(())
        writer.writerow(("flow", "direction", "outage_from_s", "outage_s"))
        for row in rows:
            cells = ["" if math.isnan(v) else f"{v:.9g}" for v in (row.start, row.length)]
            writer.writerow((row.name, row.direction, *cells))
