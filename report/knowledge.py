# SPDX-License-Identifier: GPL-2.0-only
"""The second figure: what the sending edge knew of each path, beside what was true, and how it judged the path."""
import csv
import math

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from report import style
from report.marks import path_style
from report.timeline import METRICS

ROW, GAP, LABEL = 0.95, 0.38, 1.15
# Column: title, measured, low, high, true, factor to the axis' unit, SLA limit.
COLUMNS = (
    ("one-way delay (ms)", "latency_ms", "latency_low_ms", "latency_high_ms", "true_latency_ms", 1, "latency_ms"),
    ("jitter (ms)", "jitter_ms", "jitter_low_ms", "jitter_high_ms", "true_jitter_ms", 1, "jitter_ms"),
    ("loss (%)", "loss", "loss_low", "loss_high", "true_loss", 100, "loss"),
)


def rows_of(story, path):
    """The rows of paths.csv behind `path`: the sender's own, outwards."""
    return story.run.paths.where(observer=story.sender, direction="out", path=path.name)


def judgement(story, cell):
    """in, out or unknown in one in_sla cell: of the flow's class, or of the one profile that is judged; else ""."""
    states = dict(item.partition(":")[::2] for item in cell.split(";") if item)
    if len(states) == 1:
        return next(iter(states.values()))
    return states.get(story.flow.get("class") or "", "")


def judged_spans(story, path, wanted):
    """Spans of (start, stop) in which the path's judgement was `wanted`; each one holds until the next row."""
    spans, width = [], story.run.interval
    rows = rows_of(story, path)
    for time, cell in zip(rows["time_s"], rows["in_sla"]):
        if judgement(story, cell) != wanted:
            continue
        if spans and time - spans[-1][1] < width / 2:
            spans[-1][1] = time + width
        else:
            spans.append([time, time + width])
    return [tuple(span) for span in spans]


def _draw_cell(axes, story, path, column, look, top):
    title, measured, low, high, true, factor, limit = column
    rows = rows_of(story, path)
    time = rows["time_s"]
    style.clean_axes(axes)
    axes.grid(axis="y")
    axes.set_ylim(-0.03 * top, top)
    axes.locator_params(axis="y", nbins=4)
    for start, stop in judged_spans(story, path, "out"):
        axes.axvspan(start, stop, color=style.BREACH, linewidth=0, zorder=0.2)
    for start, stop in judged_spans(story, path, "unknown"):
        axes.axvspan(start, stop, facecolor="white", edgecolor="#c9cfd6", hatch="////", linewidth=0, zorder=0.2)
    bound = story.limit(limit) * factor
    if bound <= top:
        axes.axhline(bound, color=style.BREACH_EDGE, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1)
    axes.fill_between(time, factor * rows[low], factor * rows[high], color=look[0], alpha=0.25, linewidth=0, zorder=2)
    axes.plot(time, factor * rows[measured], color=look[0], linewidth=1.0, zorder=3, gid=f"measured-{measured}-{path.link}")
    axes.plot(time, factor * rows[true], color=style.INK, linewidth=0.8, dashes=(2.5, 1.5), zorder=4,
              gid=f"true-{true}-{path.link}")


def _top(story, column):
    """One scale for a column: measured and true with some air, bounds as far as they fit."""
    _, measured, _, high, true, factor, limit = column
    values = [rows_of(story, path)[name] for path in story.paths for name in (measured, true)]
    known = np.concatenate(values)
    known = known[~np.isnan(known)]
    top = 1.25 * factor * float(known.max()) if len(known) else 0.0
    bound = story.limit(limit) * factor
    if not math.isnan(bound) and (bound < 2.2 * top or top <= 0):
        top = max(top, 1.3 * bound)
    return top or 1.0


def question(story):
    return f"Did {story.sender} know its paths to {story.receiver}?"


def answer(story):
    """The share of bins, over all paths, in which the truth lay within the stated bounds, by metric."""
    parts = []
    for title, _, low, high, true, _, _ in COLUMNS:
        inside = judged = 0
        for path in story.paths:
            rows = rows_of(story, path)
            known = ~(np.isnan(rows[low]) | np.isnan(rows[high]) | np.isnan(rows[true]))
            inside += int(((rows[low] <= rows[true]) & (rows[true] <= rows[high]))[known].sum())
            judged += int(known.sum())
        if judged:
            parts.append(f"{title.partition(' (')[0]} {100 * inside / judged:.0f}\u00a0%")
    return "Bins with the true value inside the stated bounds: " + ", ".join(parts) if parts else "Nothing was measured"


def draw_knowledge(story, stem):
    """Draws the figure into `stem`.svg and .pdf and its data into `stem`.csv; False when there is no path."""
    if not story.paths:
        return False
    looks, right = path_style(story), 0.1
    wide = (style.WIDTH - LABEL - right - GAP * (len(COLUMNS) - 1)) / len(COLUMNS)
    height = 0.98 + (ROW + 0.14) * len(story.paths) + 0.3
    figure = style.new_figure(height)
    frame = style.Frame(figure)
    frame.text(0.22, 0.1, question(story), size=11.5, weight="bold")
    frame.text(0.42, 0.1, answer(story), size=8.5)
    metric = (story.flow.get("sla") or {}).get("jitter_metric")
    handles = [
        Line2D([], [], color=style.INK, linewidth=0.8, dashes=(2.5, 1.5), label="true"),
        Line2D([], [], color=style.FAINT, linewidth=1.0, label="measured"),
        Patch(color=style.FAINT, alpha=0.25, label="its stated bounds"),
        Patch(color=style.BREACH, label=f"judged out of SLA ({story.flow.get('class') or 'no class'})"),
        Patch(facecolor="white", edgecolor="#c9cfd6", hatch="////", label="not known yet"),
    ]
    figure.legend(handles=handles, loc="upper left", ncol=5, fontsize=6.8, handlelength=1.9, columnspacing=1.2,
                  borderpad=0, borderaxespad=0, bbox_to_anchor=(0.1 / style.WIDTH, 1 - 0.55 / height))
    frame.skip(0.98)
    for place, column in enumerate(COLUMNS):
        title = column[0]
        if column[1] == "jitter_ms" and metric:
            title = f"jitter, {METRICS.get(metric, metric)} (ms)"
        frame.text(0.94, LABEL + place * (wide + GAP), title, size=7.5, weight="bold")
    tops = [_top(story, column) for column in COLUMNS]
    last = max(path.time[-1] for path in story.paths) + story.run.interval
    for row, path in enumerate(story.paths):
        frame.skip(ROW)
        frame.text(frame.top - ROW / 2, 0.1, style.fit(path.link, 8, LABEL - 0.4), size=8, weight="bold", va="center", color=looks[path.link][0])
        for place, column in enumerate(COLUMNS):
            left = LABEL + place * (wide + GAP)
            axes = figure.add_axes([left / style.WIDTH, 1 - frame.top / height, wide / style.WIDTH, ROW / height])
            _draw_cell(axes, story, path, column, looks[path.link], tops[place])
            axes.set_xlim(0, last)
            if row < len(story.paths) - 1:
                axes.tick_params(axis="x", labelbottom=False)
            else:
                axes.set_xlabel("simulated time (s)", labelpad=1, size=7)
        frame.skip(0.14)
    style.save(figure, stem, question(story), f"{question(story)} {answer(story)}.")
    _write_data(story, stem + ".csv")
    return True


def _write_data(story, path):
    names = [name for column in COLUMNS for name in column[1:5]]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "time_s", *names, "judged"))
        for item in story.paths:
            for row in rows_of(story, item).rows():
                cells = ["" if math.isnan(row[name]) else f"{row[name]:g}" for name in names]
                writer.writerow((item.name, f"{row['time_s']:g}", *cells, judgement(story, row["in_sla"])))
