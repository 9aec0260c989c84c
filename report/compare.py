# SPDX-License-Identifier: GPL-2.0-only
"""The comparison: one flow in several runs under the same weather, a row for each run."""
import csv
import math
import os
from html import escape

import numpy as np
from matplotlib.patches import Patch

from report import markup, page, sections, style
from report.story import MOS_FLOOR
from report.variants import conclusion, labels_of, read_runs, read_variants, weather_note

STEM = "comparison"
ROW = 0.92
COLUMNS = ("loss", "delay", "MOS", "copies")
TITLES = {"loss": "loss (%)", "delay": "one-way delay (ms)", "MOS": "MOS", "copies": "copies, by path"}
LABEL = 1.34


def _series(variant, column):
    bins = variant.story.bins
    return {
        "loss": 100 * bins["loss"],
        "delay": bins["delay_mean_ms"],
        "MOS": bins["mos"],
        "copies": bins["copies"],
    }[column]


def _limit(variant, column):
    return {
        "loss": 100 * variant.story.limit("loss"),
        "delay": variant.story.limit("latency_ms"),
        "MOS": MOS_FLOOR,
    }.get(column, math.nan)


def _columns(variants):
    return [c for c in COLUMNS if any(not np.isnan(_series(v, c)).all() for v in variants)]


def _range(variants, column):
    """One scale for the whole column, so that rows can be compared by eye."""
    values = [_series(v, column) for v in variants]
    if column == "delay":
        values += [v.story.bins["delay_p95_ms"] for v in variants]
    known = np.concatenate(values)
    known = known[~np.isnan(known)]
    top = float(known.max()) if len(known) else 1.0
    if column == "MOS":
        low = max(1.0, min(3.2, float(known.min()) - 0.2))
        return low, 4.5 + 0.28 * (4.5 - low)  # room for the summary above the line
    if column == "copies":
        return 0, max(2.0, math.ceil(top)) * 1.3
    limits = [_limit(v, column) for v in variants]
    near = [limit for limit in limits if limit < 2.2 * top]
    return -0.03 * (top or 1), max([1.3 * top, *(1.3 * limit for limit in near)]) or 1.0


def _summary(variant, column):
    value = variant.merit
    if column == "loss":
        return f"{100 * value('loss'):.2f} % in all" if not math.isnan(value("loss")) else ""
    if column == "delay":
        return f"p95 {value('delay_p95_ms'):.1f} ms" if not math.isnan(value("delay_p95_ms")) else ""
    if column == "MOS":
        return f"mean {value('mos_mean'):.2f}, min {value('mos_min'):.2f}" if not math.isnan(value("mos_mean")) else ""
    return f"{markup.bitrate(value('wan_bps'))} on the WAN".replace("\u202f", " ")


def _looks(variants):
    """Colour and hatch by link, the same in every row."""
    links = list(dict.fromkeys(link for variant in variants for link in variant.story.links()))
    return {
        link: style.PATH_COLOURS[place % len(style.PATH_COLOURS)] for place, link in enumerate(links)
    }


def _draw_copies(axes, variant, colours):
    """A block for each span: one copy of every packet on the primary path, another on the extra one."""
    for place, span in enumerate(variant.story.spans):
        wide = span.stop - span.start
        axes.bar(span.start, 1, wide, align="edge", color=colours[span.primary], linewidth=0,
                 gid=f"carries-{span.primary}-{place}")
        if span.extra:
            axes.bar(span.start, 1, wide, bottom=1, align="edge", color="white", edgecolor=colours[span.extra],
                     hatch="/////", linewidth=0.5, gid=f"copies-{span.extra}-{place}")
    axes.set_yticks([1, 2])
    axes.set_yticklabels(["1\u00d7", "2\u00d7"])


def _draw_cell(axes, variant, column, limits, span, colours):
    axes.set_xlim(*span)
    axes.set_ylim(*limits)
    style.clean_axes(axes)
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=4)
    if column == "MOS":
        axes.set_yticks([tick for tick in (1, 2, 3, 3.5, 4, 4.5) if limits[0] <= tick and (tick % 1 == 0 or limits[0] > 2.5)])
    for _, start, stop, _ in variant.story.events():
        axes.axvspan(start, stop, color=style.EVENT, alpha=0.6, linewidth=0, zorder=0.4)
    limit = _limit(variant, column)
    if limit <= limits[1]:
        low, high = (limits[0], limit) if column == "MOS" else (limit, limits[1])
        axes.axhspan(low, high, color=style.BREACH, linewidth=0, zorder=0.2)
        axes.axhline(limit, color=style.BREACH_EDGE, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1)
    time = variant.story.middles()
    if column == "copies":
        _draw_copies(axes, variant, colours)
    else:
        if column == "delay":
            axes.fill_between(time, _series(variant, column), variant.story.bins["delay_p95_ms"],
                              color="#7d8794", alpha=0.35, linewidth=0, zorder=2)
        steps = {"drawstyle": "steps-mid"} if column == "loss" else {}
        axes.plot(time, _series(variant, column), color=style.INK, linewidth=0.9, zorder=3,
                  gid=f"{column}-{variant.label}", **steps)
    axes.text(0.985, 0.97, _summary(variant, column), size=6.3, ha="right", va="top", zorder=5,
              transform=axes.transAxes, bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.8})


def question(variants):
    story = variants[0].story
    name = story.flow["name"]
    who = f"the {name}" if story.flow.get("kind") == "voice" else f"flow {name}"
    return f"What did each policy buy {who} from {story.sender} to {story.receiver}?"


def _description(variants):
    parts = [question(variants), conclusion(variants) + "."]
    parts += [f"{v.label}: " + ", ".join(_summary(v, c) for c in _columns(variants)) + "." for v in variants]
    return " ".join(parts)


def draw_comparison(variants, stem):
    """Draws the grid of runs and metrics into `stem`.svg and .pdf, and its data into `stem`.csv."""
    columns, colours = _columns(variants), _looks(variants)
    gap, right = 0.34, 0.1
    wide = (style.WIDTH - LABEL - right - gap * (len(columns) - 1)) / len(columns)
    lines = style.wrap(conclusion(variants), 8.5, style.WIDTH - 0.2)
    head = 0.17 * (len(lines) - 1)
    height = 0.98 + head + (ROW + 0.14) * len(variants) + 0.3
    figure = style.new_figure(height)
    frame = style.Frame(figure)
    frame.text(0.22, 0.1, question(variants), size=11.5, weight="bold")
    for place, line in enumerate(lines):
        frame.text(0.42 + 0.17 * place, 0.1, line, size=8.5)
    frame.skip(head + 0.55)
    _legend(frame, colours)
    frame.skip(0.29)
    for place, column in enumerate(columns):
        frame.text(frame.top + 0.1, LABEL + place * (wide + gap), TITLES[column], size=7.5, weight="bold")
    frame.skip(0.14)
    first = min(v.story.bins["time_s"][0] for v in variants)
    last = max(v.story.bins["time_s"][-1] + v.run.interval for v in variants)
    ranges = {column: _range(variants, column) for column in columns}
    for row, variant in enumerate(variants):
        frame.skip(ROW)
        frame.text(frame.top - ROW / 2, 0.1, "\n".join(_wrapped(variant.label)), size=8, weight="bold", va="center")
        for place, column in enumerate(columns):
            left = LABEL + place * (wide + gap)
            axes = figure.add_axes([left / style.WIDTH, 1 - frame.top / height, wide / style.WIDTH, ROW / height])
            _draw_cell(axes, variant, column, ranges[column], (first, last), colours)
            if row < len(variants) - 1:
                axes.tick_params(axis="x", labelbottom=False)
            else:
                axes.set_xlabel("simulated time (s)", labelpad=1, size=7)
        frame.skip(0.14)
    style.save(figure, stem, question(variants), _description(variants))
    _write_data(variants, columns, stem + ".csv")


def _wrapped(label):
    """The label in at most four lines that fit the left column, broken at hyphens and blanks."""
    room, lines, line = LABEL - 0.4, [], ""
    for part in label.replace("-", "- ").split():
        trial = line + ("" if line.endswith("-") or not line else " ") + part
        if line and style.text_width(trial, 8, "bold") > room:
            lines.append(line)
            trial = part
        line = trial
    lines = [style.fit(text, 8.6, room) for text in lines + [line]]  # bold runs wider than regular
    return lines if len(lines) <= 4 else lines[:3] + ["\u2026"]


def _legend(frame, colours):
    handles = [Patch(color=colour, label=f"on {link}") for link, colour in colours.items()]
    handles.append(Patch(facecolor="white", edgecolor=style.FAINT, hatch="/////", label="second copy"))
    handles.append(Patch(color="#7d8794", alpha=0.35, label="mean to p95"))
    handles.append(Patch(color=style.BREACH, label="beyond the SLA"))
    handles.append(Patch(color=style.EVENT, label="injected event"))
    frame.figure.legend(
        handles=handles, loc="upper left", ncol=len(handles), fontsize=6.8, handlelength=1.6, columnspacing=1.2,
        borderpad=0, borderaxespad=0, bbox_to_anchor=(0.1 / style.WIDTH, 1 - frame.top / frame.height),
    )


def _write_data(variants, columns, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("variant", "time_s", *columns, "path"))
        for variant in variants:
            cells = [_series(variant, column) for column in columns]
            for place, time in enumerate(variant.story.bins["time_s"]):
                values = ["" if math.isnan(c[place]) else f"{c[place]:g}" for c in cells]
                writer.writerow((variant.label, f"{time:g}", *values, variant.story.bins["path"][place]))


def _table(variants):
    cheapest = min(v.merit("wan_bps") for v in variants)
    rows = []
    for variant in variants:
        value, verdicts = variant.merit, variant.run.info["verdicts"]
        met = sum(verdict["status"] == "pass" for verdict in verdicts)
        bandwidth = value("wan_bps")
        rows.append(
            [
                escape(variant.label),
                markup.percent(value("loss"), 3),
                f"{markup.number(value('lost'))} / {markup.number(value('sent'))}",
                markup.number(value("delay_p95_ms"), 2),
                markup.number(value("mos_mean"), 2),
                markup.number(value("mos_min"), 2),
                markup.quantity(value("copies"), "x", 2),
                markup.bitrate(bandwidth),
                markup.quantity(bandwidth / cheapest, "x", 2) if cheapest > 0 else markup.DASH,
                f"{met} of {len(verdicts)}" if verdicts else markup.DASH,
            ]
        )
    head = ["run", "delivered loss", "lost / sent", "delay p95 (ms)", "MOS mean", "MOS min", "copies",
            "on the WAN", "to the cheapest", "expectations met"]
    return markup.table("The flow as the LAN received it, and what it cost.", head, rows, ["h", *["n"] * 9])


def _runs_part(variants):
    items = "".join(
        f"<dt>{escape(v.label)}</dt><dd>{escape(v.run.name)}, digest {escape(v.run.info['scenario']['digest'])}, seed "
        f"{markup.text(v.run.info['seed'])}<br><code>{escape(sections.command_of(v.run))}</code></dd>"
        for v in variants
    )
    return f"<h2 id=repeat>Repeat it</h2><dl>{items}</dl>"


def report_comparison(options):
    """Writes the comparison's page and figure into options.out; returns the page's path."""
    style.prepare()
    given, runs = read_runs(options.run)
    if all(run.fabric for run in runs):
        from report.fabric_compare import report_fabrics

        return report_fabrics(labels_of(given, runs), runs, options)
    variants = read_variants(options.run, options.flow, options.direction)
    draw_comparison(variants, os.path.join(options.out, "figures", STEM))
    same, note = weather_note(variants)
    links = [(kind.upper(), f"figures/{STEM}.{kind}") for kind in ("svg", "pdf", "csv")]
    caption = 'Every column has one scale. <span class="hint">Swipe sideways to see all of it.</span> Files:'
    body = "\n".join(
        [
            f"<header><h1>{escape(question(variants))}</h1></header><main>",
            f'<section class="verdict {"ok" if same else "fail"}"><strong>{escape(conclusion(variants))}</strong>'
            f"<p>{escape(note)}</p></section>",
            _table(variants),
            "<h2 id=figure>The runs side by side</h2>",
            markup.figure(os.path.join(options.out, links[0][1]), "f1", caption, links),
            page.METHOD.format(seed=markup.text(variants[0].run.info["seed"]), interval=variants[0].run.interval),
            _runs_part(variants),
            "</main>",
        ]
    )
    from report.main import write

    return write(os.path.join(options.out, "index.html"), page.document("Comparison of runs", body))
