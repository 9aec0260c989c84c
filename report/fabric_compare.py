# SPDX-License-Identifier: GPL-2.0-only
"""The comparison of runs over a fabric, usually the variants of one scenario: outage, flooding and balance side by side."""
import csv
import math
import os
from html import escape

import numpy as np

from report import fabric_sections, markup, sections, sheet, style
from report.fabric import duration, groups, most_uneven, outages
from report.tables import ReportError

STEM = "comparison"
BAR = 0.19
LABEL = 1.45
HEAD = 0.3
FLOWS = 4  # flows whose outages are drawn


class Measure:
    """One bar for each run: `values` in the runs' order, `show` makes a value's label."""

    def __init__(self, key, titles, values, show, colour):
        self.key, self.values, self.show, self.colour = key, values, show, colour
        self.title, self.short = titles  # of the figure's block, of the table's column


def _outage(run, flow, direction):
    return next((length for name, way, length, _ in outages(run) if (name, way) == (flow, direction)), math.nan)


def _worst_balance(run):
    group = most_uneven(groups(run))
    return group.imbalance("bytes") if group else math.nan


def measures(runs, flow=None):
    """What the runs differ in: outages of flows, flooding, balance; measures that are nothing in every run are left out."""
    sent = dict.fromkeys((name, way) for run in runs for name, way, _, _ in outages(run) if flow in (None, name))
    if flow is not None and not sent:
        raise ReportError(f'{runs[0].directory}: no packets of flow "{flow}" in any of the runs')
    silent = [key for key in sent if any(_outage(run, *key) > 0 for run in runs)]
    silent.sort(key=lambda key: -max(np.nan_to_num([_outage(run, *key) for run in runs])))
    found = []
    for name, way in silent[:FLOWS]:
        also = "" if way == "forward" else f" ({way})"
        titles = (f"longest outage of {name}{also}", f"outage of {name}{also}")
        found.append(Measure(f"outage-{name}-{way}", titles, [_outage(run, name, way) for run in runs], duration, 1))
    scalars = (
        ("vteps.flooded_frames", ("frames flooded", "frames flooded"), markup.number, 0),
        ("vteps.flooded_copies", ("copies that VTEPs sent of them", "copies"), markup.number, 0),
        ("vteps.flooded_bytes", ("bytes of these copies", "bytes of copies"), markup.octets, 0),
        ("fabric.bytes", ("bytes on all links between routers, of everything", "bytes between routers"), markup.octets, 2),
    )
    for name, titles, show, colour in scalars:
        found.append(Measure(name, titles, [run.scalar(name) for run in runs], show, colour))
    found.append(Measure("balance", ("parallel links: most / mean, by bytes", "most / mean"), [_worst_balance(run) for run in runs],
                         lambda value: markup.number(float(value), 3), 3))
    return [measure for measure in found if any(value > 0 for value in measure.values)]


def question(runs):
    names = list(dict.fromkeys(run.name for run in runs))
    return f"What did each variant of {names[0]} cost?" if len(names) == 1 else "What did each run cost?"


def answer(labels, found):
    """The shortest and the longest outage, or what else there is."""
    if not found:
        return "Nothing was lost and nothing flooded in any of these runs."
    measure = found[0]
    known = [(value, label) for value, label in zip(measure.values, labels) if not math.isnan(value)]
    (least, first), (most, last) = min(known), max(known)
    text = f"{measure.title[0].upper()}{measure.title[1:]}: {measure.show(least)} ({first})"
    return text + (f" to {measure.show(most)} ({last})." if most > least else " in every run.")


def _draw_measure(frame, measure, labels):
    frame.skip(HEAD)
    frame.text(frame.top - 0.08, 0.1, measure.title, size=8, weight="bold")
    height = BAR * len(labels)
    axes = frame.add(height, left=LABEL, right=0.75)
    places = np.arange(len(labels))
    values = np.nan_to_num(np.array(measure.values, dtype=float))
    bars = axes.barh(places, values, 0.72, color=style.PATH_COLOURS[measure.colour], linewidth=0)
    sheet.name_bars(bars, f"bars-{measure.key}")
    axes.set_xlim(0, values.max() or 1)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xticks([])
    if measure.key == "balance":
        axes.axvline(1, color=style.INK, linewidth=0.8, linestyle=(0, (3, 2)))
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    for place, value in zip(places, measure.values):
        text = "\u2013" if math.isnan(value) else measure.show(value)
        axes.annotate(text, (values[place], place), (3, 0), textcoords="offset points", va="center", size=6.8,
                      annotation_clip=False, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4})
        down = frame.top - height + BAR * (place + 0.5)
        frame.text(down, LABEL - 0.08, style.fit(labels[place], 7, LABEL - 0.2), size=7, va="center", ha="right")


def draw_fabrics(labels, runs, found, stem):
    """Draws a block of bars for each measure into `stem`.svg and .pdf and the numbers into `stem`.csv."""
    body = sum(HEAD + BAR * len(labels) + 0.06 for _ in found) + 0.1
    frame = sheet.begin(question(runs), answer(labels, found), body)
    for measure in found:
        _draw_measure(frame, measure, labels)
        frame.skip(0.06)
    words = [
        f"{label}: " + ", ".join(f"{m.title} {m.show(m.values[i])}" for m in found if not math.isnan(m.values[i])) + "."
        for i, label in enumerate(labels)
    ]
    style.save(frame.figure, stem, question(runs), " ".join([answer(labels, found), *words]))
    with open(stem + ".csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("run", *(measure.key for measure in found)))
        for i, label in enumerate(labels):
            writer.writerow((label, *("" if math.isnan(m.values[i]) else f"{m.values[i]:.15g}" for m in found)))


def _table(labels, runs, found):
    rows = []
    for i, (label, run) in enumerate(zip(labels, runs)):
        verdicts = run.info["verdicts"]
        met = sum(verdict["status"] == "pass" for verdict in verdicts)
        cells = [markup.DASH if math.isnan(m.values[i]) else escape(m.show(m.values[i])) for m in found]
        rows.append([escape(label), *cells, f"{met} of {len(verdicts)}" if verdicts else markup.DASH])
    head = ["run", *(escape(measure.short) for measure in found), "expectations met"]
    return markup.table("The runs in figures.", head, rows, ["h", *["n"] * (len(found) + 1)], cards=True)


def _sameness(labels, runs):
    """(same, sentence): whether seed and events are those of the first run."""
    first = runs[0]
    for label, run in zip(labels[1:], runs[1:]):
        if run.info["seed"] != first.info["seed"]:
            return False, f"{label} ran with another seed than {labels[0]}."
        times = [[(e["name"], e["start_s"]) for e in r.info["events"]] for r in (first, run)]
        if times[0] != times[1]:
            return False, f"{label} has other events than {labels[0]}."
    return True, "Same seed, and the same events at the same times."


def report_fabrics(labels, runs, options):
    """Writes the comparison's page and figure into options.out; returns the page's path."""
    from report import page
    from report.main import write

    if len(set(labels)) < len(labels):
        labels = [f"{label} ({place})" for place, label in enumerate(labels, start=1)]
    found = measures(runs, options.flow)
    same, note = _sameness(labels, runs)
    parts = [
        f"<header><h1>{escape(question(runs))}</h1></header>",
        fabric_sections.headline(runs[0], variant=False),
        "<main>",
        f'<section class="verdict {"ok" if same else "fail"}"><strong>{escape(answer(labels, found))}</strong>'
        f"<p>{escape(note)}</p></section>",
    ]
    if found:
        draw_fabrics(labels, runs, found, os.path.join(options.out, "figures", STEM))
        links = [(kind.upper(), f"figures/{STEM}.{kind}") for kind in ("svg", "pdf", "csv")]
        caption = 'Bars of one block share a scale. <span class="hint">Swipe sideways to see all of it.</span> Files:'
        parts.append("<h2 id=figure>The runs side by side</h2>")
        parts.append(markup.figure(os.path.join(options.out, links[0][1]), "f1", caption, links))
    parts += [
        "<h2 id=figures>In figures</h2>",
        _table(labels, runs, found),
        fabric_sections.METHOD.format(seed=markup.text(runs[0].info["seed"]), interval=runs[0].interval),
        _repeat(labels, runs),
        "</main>",
    ]
    return write(os.path.join(options.out, "index.html"), page.document("Comparison of runs", "\n".join(parts)))


def _repeat(labels, runs):
    items = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(run.name)}, digest {escape(run.info['scenario']['digest'])}, seed "
        f"{markup.text(run.info['seed'])}<br><code>{escape(sections.command_of(run))}</code></dd>"
        for label, run in zip(labels, runs)
    )
    return f"<h2 id=repeat>Repeat it</h2><dl>{items}</dl>"
