# SPDX-License-Identifier: GPL-2.0-only
"""How load spread over parallel links, and how busy the links of the fabric were."""
import csv
import math

import numpy as np

from report import markup, sheet, style
from report.fabric import arrow, ends, groups, most_uneven

BAR = 0.15  # inches of a bar
HEAD = 0.2  # inches of a group's title
MOST = 5  # groups that are drawn
BARS = 12  # bars of a group
PANEL = 1.35
LABEL = 1.62
MEASURES = (("bytes", "bytes"), ("frames", "frames"), ("flows", "flows, by 5-tuple"))


def columns(found):
    """The measures that were counted on any of these groups."""
    return [item for item in MEASURES if any(group.total(item[0]) > 0 for group in found)]


def answer(found, peaks, known):
    if not found:
        (link, way), peak = next(iter(peaks.items()))
        return f"Busiest: {arrow(link, way, known)}, {_percent(peak)} of its rate in one bin at most."
    worst = most_uneven(found)
    return (
        f"Most / mean (dashed line) is 1 when all links carry the same. Furthest from it: {worst.title}, "
        f"{worst.imbalance('bytes'):.3g} by bytes; all on one link would be {len(worst.shares)}."
    )


def busiest(run):
    """{(link, direction): highest utilisation of a bin} of those where it is highest, as many as there are colours."""
    peaks = {}
    for link, way, value in zip(run.links["link"], run.links["direction"], run.links["utilisation"]):
        if value > peaks.get((link, way), 0):
            peaks[link, way] = value
    order = sorted(peaks, key=lambda key: (-peaks[key], key))
    return {key: peaks[key] for key in order[: len(style.PATH_COLOURS)]}


def _scale(run, peaks):
    """(axis label, title, rows -> values): utilisation; bits a second where that would be next to nothing."""
    if max(peaks.values()) >= 1e-3:
        return "utilisation (%)", "Utilisation of the busiest links", lambda rows: 100 * rows["utilisation"]
    top = max(float(np.nanmax(run.links.where(link=link, direction=way)["bytes"])) for link, way in peaks)
    factor, unit = (1e-6, "Mbps") if 8 * top / run.interval >= 1e6 else (1e-3, "kbps")
    return f"load ({unit})", "Load of the busiest links", lambda rows: factor * 8 * rows["bytes"] / run.interval


def _draw_group(frame, group, measures, known, number):
    shares = group.shares[:BARS]
    height = BAR * len(shares)
    frame.skip(HEAD)
    frame.text(frame.top - 0.07, 0.1, style.fit(group.title, 8.4, LABEL - 0.15), size=7.5, weight="bold")
    gap, right = 0.5, 0.45
    wide = (style.WIDTH - LABEL - right - gap * (len(measures) - 1)) / len(measures)
    frame.skip(height)
    for place, share in enumerate(shares):
        down = frame.top - height + BAR * (place + 0.5)
        text = arrow(share.link, share.direction, known) + (f", member {share.member}" if share.member else "")
        frame.text(down, 0.2, style.fit(text, 6.8, LABEL - 0.3), size=6.8, va="center")
    for column, (what, _) in enumerate(measures):
        left = LABEL + column * (wide + gap)
        axes = frame.figure.add_axes(
            [left / style.WIDTH, 1 - frame.top / frame.height, wide / style.WIDTH, height / frame.height]
        )
        _draw_bars(axes, group, shares, what, column, number)
        ratio = group.imbalance(what)
        if not math.isnan(ratio):
            frame.text(frame.top - height - 0.07, left, f"most / mean {ratio:.3g}", size=6.8, color=style.FAINT)


def _draw_bars(axes, group, shares, what, column, number):
    values = np.nan_to_num(np.array([getattr(share, what) for share in shares]))
    top = values.max() or 1
    places = np.arange(len(shares))
    bars = axes.barh(places, values, 0.74, color=style.PATH_COLOURS[column], linewidth=0)
    sheet.name_bars(bars, f"balance-{what}-{number}")
    if group.total(what) > 0:
        axes.axvline(group.total(what) / len(group.shares), color=style.INK, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.set_xlim(0, 1.02 * top)
    axes.set_ylim(len(shares) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xticks([])
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    for place, value in enumerate(group.values(what)[: len(shares)]):
        text = markup.octets(value) if what == "bytes" else markup.number(float(value))
        axes.annotate(text, (1, place), (3, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
                      size=6.3, annotation_clip=False)


def _draw_use(frame, run, peaks, events, known, low, high):
    """Utilisation or load over time of the busiest links."""
    frame.left = 0.62
    label, title, values = _scale(run, peaks)
    handles = [
        sheet.line(style.PATH_COLOURS[place], f"{arrow(link, way, known)} (at most {_percent(peak)})", style.PATH_DASHES[place])
        for place, ((link, way), peak) in enumerate(peaks.items())
    ]
    frame.skip(0.28)
    frame.text(frame.top - 0.1, 0.1, title, size=7.5, weight="bold")
    sheet.legend(frame, handles, 3)
    events.draw(frame)
    axes = frame.add(PANEL)
    sheet.time_axis(axes, low, high, True)
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=5)
    axes.set_ylabel(label)
    axes.yaxis.set_label_coords(-0.07, 0.5)
    for place, (link, way) in enumerate(peaks):
        rows = run.links.where(link=link, direction=way)
        axes.plot(
            rows["time_s"] + run.interval / 2, values(rows), color=style.PATH_COLOURS[place], linewidth=1.1,
            dashes=style.PATH_DASHES[place], drawstyle="steps-mid", zorder=3, gid=f"use-{link}-{way}",
        )
    axes.set_ylim(bottom=0)
    events.mark(axes)


def _percent(fraction):
    return f"{100 * fraction:.3g} %" if fraction >= 1e-5 else "under 0.001 %"


def draw_balance(run, stem):
    """Draws the figure into `stem`.svg and .pdf and its data into `stem`.csv; False when no link carried anything."""
    found, peaks = groups(run), busiest(run)
    if not found and not peaks:
        return False
    drawn, known = found[:MOST], ends(run)
    measures = columns(drawn)
    low, high = 0.0, run.duration
    events = sheet.Events(run, low, high, style.WIDTH - 0.62 - 0.12)
    body = sum(HEAD + 0.1 + BAR * min(len(group.shares), BARS) for group in drawn) + (0.2 if drawn else 0)
    if peaks:
        body += 0.28 + 0.15 * -(-len(peaks) // 3) + 0.08 + events.height + PANEL + 0.42
    title = "Did the load spread?" if found else "How busy were the links?"
    frame = sheet.begin(title, answer(found, peaks, known), body)
    if drawn:
        _titles(frame, measures)
    for number, group in enumerate(drawn, start=1):
        _draw_group(frame, group, measures, known, number)
        frame.skip(0.1)
    if peaks:
        _draw_use(frame, run, peaks, events, known, low, high)
    words = [f"{g.title}: most over mean {g.imbalance('bytes'):.3g} by bytes." for g in drawn]
    style.save(frame.figure, stem, title, " ".join([answer(found, peaks, known), *words]))
    _write_data(run, found, peaks, stem + ".csv")
    return True


def _titles(frame, measures):
    frame.skip(0.1)
    gap, right = 0.5, 0.45
    wide = (style.WIDTH - LABEL - right - gap * (len(measures) - 1)) / len(measures)
    for place, (_, title) in enumerate(measures):
        frame.text(frame.top, LABEL + place * (wide + gap), title, size=7, weight="bold")
    frame.skip(0.1)


def _write_data(run, found, peaks, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("group", "link", "direction", "member", "bytes", "frames", "flows"))
        for group in found:
            for share in group.shares:
                cells = ["" if math.isnan(v) else f"{v:.15g}" for v in (share.bytes, share.frames, share.flows)]
                writer.writerow((group.title, share.link, share.direction, share.member or "", *cells))
        writer.writerow(())
        writer.writerow(("time_s", "link", "direction", "utilisation"))
        for link, way in peaks:
            rows = run.links.where(link=link, direction=way)
            for time, value in zip(rows["time_s"], rows["utilisation"]):
                writer.writerow((f"{time:g}", link, way, f"{value:g}"))
