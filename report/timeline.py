# SPDX-License-Identifier: GPL-2.0-only
"""The key figure: what a flow met, what was decided, and what reached the LAN, on one time axis."""
import csv
import math

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from report import style
from report.marks import ROW, SIZE, Lanes, decision_lines, draw_lines, draw_strip, path_style
from report.story import MOS_FLOOR

THIN, THICK, CALL = 0.8, 2.8, 1.1
STRIP = 0.42
METRICS = {"stddev": "standard deviation", "rfc3550": "RFC 3550", "pdv95": "PDV 95 %", "pdv99": "PDV 99 %"}


class Panel:
    """One metric: its axis label, the paths' series, the flow's own, scale to the axis' unit, and the limit."""

    def __init__(self, name, label, path_series, flow_series, scale, limit, note="", floor=False):
        self.name, self.label = name, label
        self.path_series, self.flow_series = path_series, flow_series
        self.scale, self.limit, self.note, self.floor = scale, limit * scale, note, floor


def panels_of(story):
    """The panels that have something to show, top to bottom."""
    metric = (story.flow.get("sla") or {}).get("jitter_metric")
    metric = f" ({METRICS.get(metric, metric)})" if metric else ""
    all_panels = [
        Panel("delay", "one-way delay (ms)", "latency", "delay_mean_ms", 1, story.limit("latency_ms")),
        Panel("jitter", "jitter (ms)", "jitter", "jitter_ms", 1, story.limit("jitter_ms"), metric),
        Panel("loss", "loss (%)", "loss", "loss", 100, story.limit("loss")),
        Panel("MOS", "MOS (1 to 4.5)", None, "mos", 1, MOS_FLOOR, floor=True),
    ]
    return [
        panel
        for panel in all_panels
        if panel.name != "MOS" or not np.isnan(story.bins["mos"]).all()
    ]


def _used_only(path, values):
    """`values` where the path carried the flow, else NaN; one bin more on the right joins the line."""
    mask = path.used.copy()
    mask[1:] |= path.used[:-1]
    return np.where(mask, values, np.nan)


def _with_gaps(time, values, width):
    """Time and values with a NaN wherever bins are missing, so that no line bridges a gap."""
    holes = np.where(np.diff(time) > 1.5 * width)[0]
    return np.insert(time, holes + 1, time[holes] + width), np.insert(values, holes + 1, np.nan)


def _draw_limit(axes, panel, top):
    """Shades what lies beyond the limit and names it; says so where the limit is off the scale."""
    if math.isnan(panel.limit):
        return
    unit = {"loss": " %", "MOS": ""}.get(panel.name, " ms")
    if panel.floor:
        axes.axhspan(0, panel.limit, color=style.BREACH, linewidth=0, zorder=0.2, gid=f"sla-{panel.name}")
        text, y, va = f"below {panel.limit:.2f}: many users dissatisfied", panel.limit, "top"
    elif panel.limit <= top:
        axes.axhspan(panel.limit, top, color=style.BREACH, linewidth=0, zorder=0.2, gid=f"sla-{panel.name}")
        text, y, va = f"SLA {panel.limit:g}{unit}{panel.note}", panel.limit, "bottom"
    else:
        text, y, va = f"SLA {panel.limit:g}{unit}{panel.note}, above this scale", top, "top"
    if panel.floor or panel.limit <= top:
        axes.axhline(panel.limit, color=style.BREACH_EDGE, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1.5)
    axes.annotate(
        text, (1, y), (-2, 2 if va == "bottom" else -2), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", va=va, size=6.3, color=style.BREACH_EDGE, zorder=6,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.8},
    )


def _top_of(panel, story):
    """Upper end of the panel's axis: the data with some air; the limit too where it is not far above."""
    series = [story.bins[panel.flow_series]]
    if panel.name == "delay":
        series.append(story.bins["delay_p95_ms"])
    if panel.path_series:
        series += [getattr(path, panel.path_series) for path in story.paths]
    known = [np.nanmax(values) for values in series if len(values) and not np.isnan(values).all()]
    top = max(known, default=0.0) * panel.scale * 1.15
    if not math.isnan(panel.limit) and panel.limit < 2.2 * top:
        top = max(top, panel.limit * 1.3)
    elif top <= 0 and not math.isnan(panel.limit):
        top = panel.limit * 1.3
    return top or 1.0


def _draw_panel(axes, panel, story, looks, lanes):
    axes.set_xlim(lanes.low, lanes.high)
    axes.set_ylabel(panel.label)
    axes.yaxis.set_label_coords(-0.066, 0.5)
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=5)
    style.clean_axes(axes)
    top = 4.6 if panel.floor else _top_of(panel, story)
    if panel.floor:
        lowest = np.nanmin(story.bins["mos"])
        axes.set_ylim(max(1.0, min(3.2, lowest - 0.2)), top)
    else:
        axes.set_ylim(-0.03 * top, top)
    _draw_limit(axes, panel, top)
    draw_lines(axes, lanes)
    if panel.path_series:
        for path in story.paths:
            values = getattr(path, panel.path_series) * panel.scale
            colour, dashes, _ = looks[path.link]
            axes.plot(
                path.time, values, color=colour, linewidth=THIN, dashes=dashes, zorder=3,
                gid=f"path-{panel.name}-{path.link}",
            )
            axes.plot(
                path.time, _used_only(path, values), color=colour, linewidth=THICK, zorder=3.5,
                solid_capstyle="butt", gid=f"used-{panel.name}-{path.link}",
            )
    time, values = _with_gaps(
        story.middles(), story.bins[panel.flow_series] * panel.scale, story.run.interval
    )
    if panel.name == "delay":
        time95, p95 = _with_gaps(story.middles(), story.bins["delay_p95_ms"], story.run.interval)
        axes.fill_between(
            time95, values, p95, color="#7d8794", alpha=0.35, linewidth=0, zorder=2.5, gid="call-p95"
        )
    steps = {"drawstyle": "steps-mid"} if panel.name == "loss" else {}
    axes.plot(time, values, color=style.INK, linewidth=CALL, zorder=5, gid=f"call-{panel.name}", **steps)


def _legend(frame, story, looks):
    """Two rows under the title: the flow, the paths, and the shadings."""
    name = story.flow["name"]
    handles = [
        Line2D([], [], color=style.INK, linewidth=CALL, label=f"{name} as the LAN received it"),
        Patch(color="#7d8794", alpha=0.35, linewidth=0, label="delay, mean to 95th percentile"),
        Patch(color=style.BREACH, label="beyond the SLA"),
        Patch(color=style.EVENT, label="injected event"),
    ]
    for path in story.paths:
        colour, dashes, _ = looks[path.link]
        pattern = (0, dashes) if dashes[0] else "-"
        handles.append(Line2D([], [], color=colour, linewidth=THIN, linestyle=pattern, label=f"{path.link}, measured"))
        handles.append(Line2D([], [], color=colour, linewidth=THICK, label=f"{path.link}, in use"))
    rows = math.ceil(len(handles) / 4)
    frame.figure.legend(
        handles=handles, loc="upper left", ncol=4, fontsize=6.8, handlelength=2.2, columnspacing=1.4,
        labelspacing=0.35, borderpad=0, borderaxespad=0,
        bbox_to_anchor=(0.1 / style.WIDTH, 1 - frame.top / frame.height),
    )
    frame.skip(0.15 * rows + 0.08)


def describe(story):
    """The figure in words, for those who do not see it."""
    parts = [f"{story.question()} {story.answer()}."]
    for name, start, stop, label in story.events():
        parts.append(f"Injected from {start:g} s to {stop:g} s: {name}{f' ({label})' if label else ''}.")
    for span in story.spans:
        extra = f" with copies on {span.extra}" if span.extra else ""
        parts.append(f"{span.start:.1f} s to {span.stop:.1f} s on {span.primary}{extra}.")
    return " ".join(parts)


def draw_timeline(story, stem):
    """Draws the key figure of `story` into `stem`.svg and `stem`.pdf and its data into `stem`.csv."""
    panels, looks = panels_of(story), path_style(story)
    inner = style.WIDTH - 0.62 - 0.12
    lanes = Lanes(story, inner)
    notes = decision_lines(story, lanes, style.WIDTH - 1.0)
    answer = style.wrap(story.answer(), 8.5, style.WIDTH - 0.2)
    heights = {"delay": 1.55, "jitter": 1.3, "loss": 0.95, "MOS": 0.95}
    legend_rows = math.ceil((4 + 2 * len(story.paths)) / 4)
    height = (
        0.3 + 0.17 * len(answer) + 0.1 + 0.15 * legend_rows + 0.08 + lanes.height
        + sum(heights[panel.name] + 0.1 for panel in panels) + STRIP + 0.42 + 0.155 * len(notes) + 0.08
    )
    figure = style.new_figure(height)
    frame = style.Frame(figure)
    frame.text(0.22, 0.1, story.question(), size=11.5, weight="bold")
    for place, line in enumerate(answer):
        frame.text(0.42 + 0.17 * place, 0.1, line, size=8.5)
    frame.skip(0.3 + 0.17 * len(answer) + 0.1)
    _legend(frame, story, looks)
    lanes.draw(frame.add(lanes.height))
    for panel in panels:
        axes = frame.add(heights[panel.name])
        axes.tick_params(axis="x", labelbottom=False)
        _draw_panel(axes, panel, story, looks, lanes)
        frame.skip(0.1)
    strip = frame.add(STRIP)
    strip.set_xlim(lanes.low, lanes.high)
    style.clean_axes(strip)
    draw_strip(strip, story, looks, inner)
    for _, decision in lanes.decisions:
        strip.axvline(decision.time, color=style.INK, linewidth=0.7, zorder=3)
    strip.set_xlabel("simulated time (s)", labelpad=1)
    frame.skip(0.42)
    for place, (mark, time, line) in enumerate(notes):
        down = frame.top + 0.155 * place + 0.1
        frame.text(down, 0.2, mark, size=SIZE, weight="bold", ha="center")
        frame.text(down, 0.82, time, size=SIZE, ha="right")
        frame.text(down, 0.92, line, size=SIZE)
    style.save(figure, stem, story.question(), describe(story))
    write_data(story, panels, stem + ".csv")


def _cell(value):
    if isinstance(value, str):
        return value
    return "" if math.isnan(value) else f"{value:.6f}".rstrip("0").rstrip(".")


def write_data(story, panels, path):
    """The numbers behind the figure: one row for each point, span and mark."""
    rows = []
    units = {"delay": "ms", "jitter": "ms", "loss": "%", "MOS": ""}
    for panel in panels:
        series = [(story.flow["name"], story.bins["time_s"], story.bins[panel.flow_series], None)]
        if panel.name == "delay":
            series.append((f"{story.flow['name']} p95", story.bins["time_s"], story.bins["delay_p95_ms"], None))
        if panel.path_series:
            series += [(p.link, p.time, getattr(p, panel.path_series), p.used) for p in story.paths]
        for name, time, values, used in series:
            for place, (at, value) in enumerate(zip(time, values * panel.scale)):
                note = "" if used is None else ("in use" if used[place] else "")
                rows.append((panel.name, name, float(at), "", float(value), units[panel.name], note))
        rows.append((panel.name, "limit", "", "", float(panel.limit), units[panel.name], ""))
    for span in story.spans:
        rows.append(("path", span.primary, span.start, span.stop, "", "", f"copies on {span.extra}" if span.extra else ""))
    for name, start, stop, label in story.events():
        rows.append(("event", name, start, stop, "", "", label))
    for decision in story.decisions:
        rows.append(("decision", decision.brief, decision.time, "", "", "", decision.reason))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("panel", "series", "time_s", "until_s", "value", "unit", "note"))
        writer.writerows([_cell(cell) for cell in row] for row in rows)
