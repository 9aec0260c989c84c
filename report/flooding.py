# SPDX-License-Identifier: GPL-2.0-only
"""Flooding over time: copies and bytes that each VTEP sent for frames whose destination it did not know."""
import csv

import numpy as np

from report import markup, sheet, style
from report.fabric import totals

PANEL = 1.25
LEFT = 0.62
# What run.json's replication means for the number of copies of one flooded frame.
MODES = {
    "multicast": "one copy of each frame to the network\u2019s group, the underlay makes the others",
    "head-end": "one copy of each frame for every other VTEP of the network",
    "service-node": "one copy of each frame to a service node, which makes the others",
    "assisted": "one copy of each frame to a replicator, which makes the others",
    "none": "no flooding: ARP is answered locally",
}


def shown(run):
    """The VTEPs drawn by name, those that sent the most copies first; and the number of the others."""
    sums = {vtep: copies for vtep, copies in totals(run, "flooded_copies").items() if copies > 0}
    names = list(sums)
    most = len(style.PATH_COLOURS)
    return names[:most], max(0, len(names) - most)


def answer(run):
    frames, copies, octets = (run.scalar(f"vteps.{what}") for what in ("flooded_frames", "flooded_copies", "flooded_bytes"))
    mode = str((run.fabric or {}).get("replication") or "")
    per = f" ({copies / frames:.3g} a frame)" if frames > 1 else ""
    text = (
        f"{markup.number(frames)} frame{'s' if frames != 1 else ''} flooded as {markup.number(copies)} "
        f"{'copies' if copies != 1 else 'copy'}{per}, {markup.octets(octets)} on the underlay."
    )
    if mode:
        text += f" Replication: {mode}" + (f" \u2013 {MODES[mode]}." if mode in MODES else ".")
    return text


def _series(run, names, column):
    """Bins, and {name: values} with "" for all others together."""
    times = np.unique(run.vteps["time_s"])
    place = {time: i for i, time in enumerate(times)}
    series = {name: np.zeros(len(times)) for name in [*names, ""]}
    for time, vtep, value in zip(run.vteps["time_s"], run.vteps["vtep"], run.vteps[column]):
        series[vtep if vtep in series else ""][place[time]] += value
    return times, series


def draw_flooding(run, stem):
    """Draws the figure into `stem`.svg and .pdf and its data into `stem`.csv; False when nothing was flooded."""
    names, others = shown(run)
    if not names:
        return False
    colours = {**sheet.colours(names), "": sheet.OTHERS}
    labels = {name: name for name in names}
    labels[""] = f"{others} other VTEP{'s' if others != 1 else ''}"
    drawn = [*names, ""] if others else names
    low, high = 0.0, run.duration
    events = sheet.Events(run, low, high, style.WIDTH - LEFT - 0.12)
    hatches = dict(zip(names, style.PATH_HATCHES))
    handles = [
        sheet.patch(colours[name], labels[name], edgecolor="white", hatch=hatches.get(name, ""), linewidth=0)
        for name in drawn
    ]
    title = "Who flooded, and how much?"
    body = sheet.legend_height(handles) + events.height + 2 * PANEL + 0.12 + 0.42
    frame = sheet.begin(title, answer(run), body)
    frame.left = LEFT
    sheet.legend(frame, handles)
    events.draw(frame)
    data = {}
    for place, (column, label, factor) in enumerate(_panels(run)):
        times, series = _series(run, names, column)
        data[column] = (times, series)
        axes = frame.add(PANEL)
        sheet.time_axis(axes, low, high, place == 1)
        axes.grid(axis="y")
        axes.locator_params(axis="y", nbins=5, integer=factor == 1)
        axes.set_ylabel(label)
        axes.yaxis.set_label_coords(-0.07, 0.5)
        below = np.zeros(len(times))
        for name in drawn:
            bars = axes.bar(times, factor * series[name], run.interval, bottom=below, align="edge", facecolor=colours[name],
                            edgecolor="white", hatch=hatches.get(name, ""), linewidth=0, zorder=2)
            sheet.name_bars(bars, f"{column}-{name or 'others'}")
            below = below + factor * series[name]
        axes.set_ylim(0, 1.08 * (below.max() or 1))
        events.mark(axes)
        frame.skip(0.12)
    words = [f"{name}: {int(total)} copies." for name, total in totals(run, "flooded_copies").items() if name in names]
    style.save(frame.figure, stem, title, " ".join([answer(run), *words]))
    _write_data(data, drawn, labels, stem + ".csv")
    return True


def _panels(run):
    """(column, axis label, factor): bytes in the unit that leaves readable ticks."""
    width = f"{run.interval:g} s"
    times, series = _series(run, [], "flooded_bytes")
    top = float(series[""].max()) if len(times) else 0
    factor, unit = (1e-6, "MB") if top >= 1e6 else (1e-3, "kB") if top >= 1e3 else (1, "B")
    return (("flooded_copies", f"copies per {width}", 1), ("flooded_bytes", f"{unit} per {width}", factor))


def _write_data(data, drawn, labels, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("series", "time_s", *(labels[name] for name in drawn)))
        for column, (times, series) in data.items():
            for place, time in enumerate(times):
                writer.writerow((column, f"{time:g}", *(f"{series[name][place]:g}" for name in drawn)))
