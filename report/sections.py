# SPDX-License-Identifier: GPL-2.0-only
"""The parts of a run's page, each a function from the run to HTML."""
import math
import shlex
from html import escape

import numpy as np

from report import markup
from report.markup import DASH, number, percent, quantity, text


def verdict_band(run):
    """"n of m expectations met", then a sentence for each one that was not."""
    verdicts = run.info["verdicts"]
    failed = [verdict for verdict in verdicts if verdict["status"] == "fail"]
    if not verdicts:
        return '<section class="verdict none"><strong>No expectations were stated.</strong></section>'
    met = len(verdicts) - len(failed)
    out = [f'<section class="verdict {"fail" if failed else "ok"}" aria-label="Verdict">']
    out.append(f"<strong>{met} of {len(verdicts)} expectations met</strong>")
    if failed:
        out.append("<ul>")
        for verdict in failed:
            statement = (verdict.get("statement") or verdict["name"]).rstrip(".")
            detail = verdict.get("detail") or f"measured {_measured(verdict)}"
            out.append(
                f'<li><a href="#expect-{escape(verdict["name"])}">{escape(verdict["name"])}</a>: '
                f"{escape(statement)}. Found: {escape(detail.rstrip('.'))}.</li>"
            )
        out.append("</ul>")
    out.append("</section>")
    return "".join(out)


def _measured(verdict):
    return quantity(verdict.get("measured"), verdict.get("unit") or "")


def expectations(run):
    """The table of expectations, the failed ones first."""
    verdicts = sorted(run.info["verdicts"], key=lambda verdict: verdict["status"] != "fail")
    if not verdicts:
        return ""
    rows = []
    for verdict in verdicts:
        unit, good = verdict.get("unit") or "", verdict["status"] == "pass"
        rows.append(
            [
                escape(verdict["name"]),
                _mark(good),
                text(verdict.get("statement")),
                quantity(verdict.get("threshold"), unit),
                _measured(verdict),
                quantity(verdict.get("margin"), unit),
                text(verdict.get("detail")),
            ]
        )
    head = ["expectation", "verdict", "what was expected", "limit", "measured", "margin", "where and when"]
    return "<h2 id=expectations>What was expected</h2>" + markup.table(
        "Every expectation of the scenario with the measured value and its distance to the limit.",
        head,
        rows,
        ["h", "", "", "n", "n", "n", ""],
        ids=[f"expect-{verdict['name']}" for verdict in verdicts],
        cards=True,
    )


def _mark(good):
    return "<span class=pass>\u2714 met</span>" if good else "<span class=failed>\u2718 not met</span>"


def decision_log(run, numbers):
    """Every steering decision in order; `numbers` gives the number the key figure shows it under."""
    if not len(run.decisions):
        return "<h2 id=decisions>Decisions</h2><p>No steering decision was recorded.</p>"
    rows, ids = [], []
    for index, row in enumerate(run.decisions.rows()):
        unit = {"loss": "fraction", "latency": "ms", "jitter": "ms"}.get(row["metric"], "")
        measured = DASH
        if row["metric"]:
            measured = f"{escape(row['metric'])} {quantity(row['value'], unit)}"
            if not math.isnan(row["bound"]):
                measured += f" (bound {quantity(row['bound'], unit)})"
        timer = DASH
        if row["timer"]:
            timer = f"{escape(row['timer'])} {quantity(row['timer_s'], 's')}"
        route = " \u2192 ".join(escape(row[key]) for key in ("from", "to") if row[key])
        mark = numbers.get(index)
        rows.append(
            [
                str(mark) if mark else "",
                f"{row['time_s']:.3f}",
                text(row["edge"]),
                text(row["flow"]),
                f"<b>{escape(row['action'])}</b>",
                route or DASH,
                measured,
                quantity(row["threshold"], unit),
                timer,
                text(row["rule"]),
                text(row["reason"]),
            ]
        )
        ids.append(f"log-{mark}" if mark else "")
    head = [
        "#", "time (s)", "edge", "flow", "action", "from \u2192 to", "measured", "limit", "timer", "rule", "reason",
    ]
    return "<h2 id=decisions>Who decided what, and why</h2>" + markup.table(
        "Every steering decision." + (" The numbers are those of the figure above." if numbers else ""),
        head, rows, ["n", "n", "", "", "", "", "", "n", "", "", "w"], ids=ids, cards=True,
    )


def _mean(values):
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _covered(rows, metric, true):
    """The share of bins whose true value lies within the bounds the edge gave; NaN without any."""
    low, high, truth = rows[f"{metric}_low{true[0]}"], rows[f"{metric}_high{true[0]}"], rows[true[1]]
    known = ~(np.isnan(low) | np.isnan(high) | np.isnan(truth))
    return float(((low <= truth) & (truth <= high))[known].mean()) if known.any() else math.nan


def _in_sla(cells):
    """"voice 97 %" for each class: the share of judged bins in which the path was in its SLA."""
    tally = {}
    for cell in cells:
        for item in filter(None, cell.split(";")):
            name, _, state = item.partition(":")
            inside, judged = tally.get(name, (0, 0))
            if state != "unknown":
                tally[name] = (inside + (state == "in"), judged + 1)
    parts = [f"{escape(name)}\u00a0{percent(inside / judged, 1)}" for name, (inside, judged) in tally.items()]
    return ", ".join(parts) or DASH


def measured_and_true(run):
    """What each edge measured of each path beside what was true, over the whole run."""
    rows = []
    for observer, path, direction in run.paths.distinct("observer", "path", "direction"):
        series = run.paths.where(observer=observer, path=path, direction=direction)
        down = sum(state != "up" for state in series["state"])
        near, _, far = path.partition(">")
        way = f"{near} \u2192 {far}" if direction == "out" else f"{far} \u2192 {near}"
        pairs = []
        for metric, suffix, true in (
            ("latency", "_ms", "true_latency_ms"),
            ("jitter", "_ms", "true_jitter_ms"),
            ("loss", "", "true_loss"),
        ):
            show = (lambda value: percent(value, 2)) if metric == "loss" else (lambda value: number(value, 2))
            pairs += [
                show(_mean(series[metric + suffix])),
                show(_mean(series[true])),
                percent(_covered(series, metric, (suffix, true)), 0),
            ]
        rows.append(
            [escape(way), escape(observer), *pairs, _in_sla(series["in_sla"]),
             percent(down / len(series), 1) if down else "0"]
        )
    if not rows:
        return ""
    head = ["way", "seen by"]
    for metric, unit in (("delay", " (ms)"), ("jitter", " (ms)"), ("loss", "")):
        head += [f"{metric}{unit}", "true", "in bounds"]
    head += ["bins in SLA", "bins down"]
    return (
        "<h2 id=paths>What the edges knew, and what was true</h2>"
        + markup.table(
            "Means over the run. \u201cIn bounds\u201d: share of bins whose true value lay between the bounds the edge stated.",
            head, rows, ["h", ""] + ["n"] * 9 + ["", "n"],
        )
    )


def flows(run):
    """What became of each flow and direction."""
    from report.story import Story

    rows = []
    for name, direction in run.flows.distinct("flow", "direction"):
        if direction not in run.directions(name):
            continue
        story = Story(run, run.flow(name), direction)
        value = story.measure
        seconds = len(story.bins) * run.interval
        rows.append(
            [
                f"{escape(name)}, {direction}",
                text(run.flow(name).get("class") or run.flow(name).get("kind")),
                number(value("sent")),
                number(value("lost")),
                percent(value("loss"), 3),
                number(value("duplicates")),
                number(value("reordered")),
                number(value("delay_p95_ms"), 2),
                number(value("mos_mean"), 2),
                number(value("mos_min"), 2),
                quantity(value("copies"), "x", 2),
                markup.bitrate(8 * value("bytes_wire") / seconds),
            ]
        )
    if not rows:
        return ""
    head = ["flow", "class", "sent", "lost", "loss", "duplicated", "reordered", "delay p95 (ms)",
            "MOS mean", "MOS min", "copies", "on the WAN"]
    return "<h2 id=flows>What the LAN received</h2>" + markup.table(
        "Packets of each flow and direction, as the receiving application saw them.",
        head, rows, ["h", "", *["n"] * 10],
    )


def drops(run, what="datagrams put on the WAN"):
    """Drops by place and reason, and the books, which count `what`."""
    out = ["<h2 id=drops>Where packets went</h2>"]
    if len(run.drops):
        rows = [
            [escape(row["place"]), escape(row["reason"]), number(row["count"]), number(row["bytes"] or None)]
            for row in run.drops.rows()
        ]
        out.append(
            markup.table("Every drop has a place and a reason; all packets count here, probes and copies too.",
                         ["place", "reason", "packets", "bytes"], rows, ["h", "", "n", "n"])
        )
    else:
        out.append("<p>Nothing was dropped anywhere.</p>")
    books = run.info.get("books") or {}
    if all(isinstance(books.get(key), (int, float)) for key in ("sent", "delivered", "dropped", "in_flight")):
        total = books["delivered"] + books["dropped"] + books["in_flight"]
        balance = "they balance" if total == books["sent"] else f"<b class=failed>off by {books['sent'] - total:g}</b>"
        out.append(
            f"<p>The books: {number(books['sent'])} {what} = {number(books['delivered'])} delivered + "
            f"{number(books['dropped'])} dropped + {number(books['in_flight'])} in flight at the end; {balance}.</p>"
        )
    return "".join(out)


def network(run, head="<h2 id=network>The network</h2>"):
    """The access links and the paths between them, as configured."""
    topology = run.info.get("topology") or {}
    links = [
        [escape(f"{site['name']}.{link['name']}"), text(link.get("cloud")),
         _rate(link.get("up_bps")), _rate(link.get("down_bps")), text(site.get("lan"))]
        for site in topology.get("sites") or []
        for link in site.get("links") or []
    ]
    paths = [
        [escape(f"{path.get('from')} \u2013 {path.get('to')}"), number(path.get("rtt_ms")),
         number(path.get("jitter_ms")), percent(path.get("loss"))]
        for path in topology.get("paths") or []
    ]
    out = [head] if links or paths else []
    if links:
        out.append(markup.table("Access links.", ["link", "cloud", "up", "down", "LAN"], links, ["h", "", "n", "n", ""]))
    if paths:
        out.append(markup.table("Base weather of the paths, before events.",
                                ["path", "round trip (ms)", "jitter (ms)", "loss"], paths, ["h", "n", "n", "n"]))
    return "".join(out)


def _rate(value):
    return markup.bitrate(value) if isinstance(value, (int, float)) else DASH


def command_of(run):
    """The command that made the run, as one shell line."""
    command = run.info.get("command")
    if isinstance(command, list):
        return shlex.join(str(word) for word in command)
    return str(command or f"weft run {run.info['scenario'].get('file') or 'SCENARIO'}")
