# SPDX-License-Identifier: GPL-2.0-only
"""Writes an invented run in the documented result format, so that the report can be tested without a simulation.

    python3 tests/report/synthetic_run.py OUT_DIR [all|none|fec|duplicate|switch]

The story is the Teams call: broadband's jitter spikes from 30 s to 35 s; the variant says which
remedies the edges use. Numbers are plausible, not simulated; everything follows from one fixed seed.
"""
import csv
import json
import math
import os
import random
import sys

DURATION = 90.0
INTERVAL = 0.5
PER_BIN = 25
CALL = (5.0, 85.0)
SPIKE = (30.0, 35.0)
FLOWS = (
    "time_s,flow,direction,sent,delivered,lost,duplicates,reordered,delay_mean_ms,delay_p95_ms,"
    "delay_max_ms,jitter_ms,loss,mos,copies,parity,bytes_wire,path"
)
PATHS = (
    "time_s,observer,path,direction,state,latency_ms,latency_low_ms,latency_high_ms,jitter_ms,"
    "jitter_low_ms,jitter_high_ms,loss,loss_low,loss_high,smoothed_latency_ms,smoothed_jitter_ms,"
    "smoothed_loss,samples,rtt_ms,true_latency_ms,true_jitter_ms,true_loss,in_sla"
)
DECISIONS = (
    "time_s,edge,flow,flow_id,rule,action,metric,value,bound,threshold,timer,timer_s,from,to,reason"
)
DROPS = "place,reason,count,bytes"
# Link at Bristol: (far link, one-way ms, jitter ms, loss, mean bad period in bins of loss).
LINKS = {"mpls": ("mpls", 2.5, 0.5, 0.0), "broadband": ("dia", 6.0, 4.0, 0.001)}


def weather():
    """True delay, jitter and loss of each link and direction, bin by bin; the same for every variant."""
    draw = random.Random(20)
    bins = int(DURATION / INTERVAL)
    truth = {}
    for link, (_, base, jitter, loss) in LINKS.items():
        for direction in ("forward", "backward"):
            rows = []
            for i in range(bins):
                bad = link == "broadband" and SPIKE[0] <= i * INTERVAL < SPIKE[1]
                sigma = 25.0 if bad else jitter
                spread = sigma * draw.uniform(0.8, 1.2)
                lost = 0.04 if bad and draw.random() < 0.5 else (0.04 if draw.random() < 12 * loss else 0.0)
                rows.append((base + 0.8 * spread, spread, lost))
            truth[link, direction] = rows
    return truth


def steering(variant):
    """Decisions of the call at Bristol, and the links in use as a function of time."""
    duplicates = variant in ("all", "duplicate")
    switches = variant in ("all", "switch")
    made = [(5.020113, "open", "", "", "", "", "", "", "", "broadband",
             "first packet of the flow; broadband is preferred and in SLA")]
    if duplicates:
        made.append((30.812442, "duplicate", "jitter", 17.93, 15.41, 15, "duplicate_after", 0, "broadband", "mpls",
                     "jitter of broadband is at least 15.41 ms, limit 15 ms; copies on mpls"))
    if switches:
        made.append((32.812442, "switch", "jitter", 24.61, 21.07, 15, "switch_after", 2, "broadband", "mpls",
                     "jitter of broadband over the limit of 15 ms for 2 s; mpls has the most margin"))
        made.append((56.104, "return", "jitter", 4.12, 6.2, 15, "return_after", 20, "mpls", "broadband",
                     "broadband has been in SLA for 20 s; it is preferred"))
    elif duplicates:
        made.append((41.32, "stop-duplicate", "jitter", 4.31, 6.9, 15, "hold_down", 5, "broadband", "",
                     "broadband is in SLA again"))

    def links(time):
        primary, extra = "broadband", ""
        for at, action, *_, to, _ in made:
            if at > time:
                break
            if action in ("switch", "return"):
                primary, extra = to, ""
            elif action == "duplicate":
                extra = to
            elif action == "stop-duplicate":
                extra = ""
        return primary, extra

    return made, links


def mos(delay, loss):
    """The E-model of a G.711-like codec, simplified."""
    r = 93.2 - 0.024 * delay - 0.11 * (delay - 177.3) * (delay > 177.3) - 95 * loss / (loss + 0.043 + 0.15)
    r = max(0.0, min(100.0, r))
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def flow_rows(variant, truth, links):
    rows = []
    for direction in ("forward", "backward"):
        jitter = 1.0
        for i in range(int(DURATION / INTERVAL)):
            primary, extra = links((i + 1) * INTERVAL)
            if not CALL[0] <= i * INTERVAL < CALL[1]:  # idle: no packet, yet the path of the flow stands
                path = primary if i * INTERVAL >= CALL[1] else ""
                rows.append([i * INTERVAL, "call", direction, *[0] * 5, *[""] * 6, "", 0, 0, path])
                continue
            used = [truth[link, direction][i] for link in (primary, extra) if link]
            delay = min(row[0] for row in used) + 0.4
            spread = min(row[1] for row in used)
            raw = math.prod(row[2] for row in used)
            lost = round(PER_BIN * raw)
            if variant in ("all", "fec") and lost and i % 7:
                lost = 0
            jitter += (0.6 * spread - jitter) * 0.8
            hold = 3.0 * spread if variant == "all" and extra else 0.0
            copies = 1 + bool(extra)
            parity = PER_BIN // 4 if variant in ("all", "fec") else 0
            names = [link for link in (primary, extra) if link]
            rows.append([
                i * INTERVAL, "call", direction, PER_BIN, PER_BIN - lost, lost, 0, 0,
                f"{delay + hold:.4f}", f"{delay + hold + 1.6 * spread:.4f}", f"{delay + hold + 2.4 * spread:.4f}",
                f"{jitter if not hold else 0.4:.4f}", f"{lost / PER_BIN:.6f}",
                f"{mos(delay + hold + 40, 0.3 * lost / PER_BIN):.4f}", copies, parity,
                PER_BIN * copies * 130 + parity * 132, "+".join(names),
            ])
    return rows


def path_rows(truth):
    draw = random.Random(7)
    rows = []
    for observer, direction in (("bristol", "out"), ("bristol", "in"), ("hq", "out"), ("hq", "in")):
        way = "forward" if (observer == "bristol") == (direction == "out") else "backward"
        for link, (far, *_) in LINKS.items():
            near, name = (link, far) if observer == "bristol" else (far, link)
            peer = "hq" if observer == "bristol" else "bristol"
            smooth = None
            for i, (delay, jitter, loss) in enumerate(truth[link, way]):
                seen, spread = delay * draw.uniform(0.97, 1.03), jitter * draw.uniform(0.85, 1.15)
                smooth = (seen, spread, loss) if smooth is None else tuple(
                    old + (new - old) / 40 for old, new in zip(smooth, (seen, spread, loss)))
                state = "in" if spread < 15 else "out"
                known = [f"{seen:.4f}", f"{seen - 0.4:.4f}", f"{seen + 0.4:.4f}", f"{spread:.4f}",
                         f"{0.8 * spread:.4f}", f"{1.3 * spread:.4f}", f"{loss:.6f}", f"{0.6 * loss:.6f}",
                         f"{min(1, loss + 0.01):.6f}", *(f"{value:.6f}" for value in smooth)]
                if i == 0:
                    known, state = [""] * len(known), "unknown"
                rows.append([(i + 1) * INTERVAL, observer, f"{observer}.{near}>{peer}.{name}", direction, "up", *known,
                             PER_BIN if i else 0, f"{2 * seen:.4f}" if i else "", f"{delay:.4f}", f"{jitter:.4f}",
                             f"{loss:.6f}", f"voice:{state}"])
    rows.sort(key=lambda row: row[0])
    return rows


def decision_rows(made):
    rows = []
    for at, action, metric, value, bound, limit, timer, timer_s, source, to, reason in made:
        rows.append([f"{at:.6f}", "bristol", "call", 1, "teams-audio", action, metric, value, bound, limit, timer,
                     timer_s, source, to, reason])
        if action in ("open", "switch", "return"):
            there = LINKS[to][0]
            back = LINKS[source][0] if source else ""
            rows.append([f"{at + 0.0034:.6f}", "hq", "call", 1, "teams-audio", "follow", "", "", "", "", "", "", back,
                         there, "the peer's packets of this flow came by this tunnel"])
    return rows


def verdicts(variant):
    good = variant == "all"
    return [
        {"name": "opens-on-broadband", "kind": "decision", "status": "pass", "statement":
         "call opens on broadband between 5 s and 6 s", "measured": 5.020113, "threshold": 6.0, "unit": "s",
         "margin": 0.979887, "detail": "at 5.020 s", "at_s": 5.020113},
        {"name": "copies-on-both", "kind": "decision", "status": "pass" if variant in ("all", "duplicate") else "fail",
         "statement": "call is duplicated within 2 s after neighbour-torrent",
         "measured": 0.812442 if variant in ("all", "duplicate") else None, "threshold": 2.0, "unit": "s",
         "margin": 1.187558 if variant in ("all", "duplicate") else None,
         "detail": "at 30.812 s" if variant in ("all", "duplicate") else "no such decision", "at_s": None},
        {"name": "lan-clean", "kind": "lan", "status": "pass" if good else "fail", "statement":
         "the LAN sees no loss, duplicate or reordering from neighbour-torrent until the return",
         "measured": 0 if good else 7, "threshold": 0, "unit": "packets", "margin": 0 if good else -7,
         "detail": "clean" if good else "7 lost, first at 30.5 s", "at_s": None},
        {"name": "delay", "kind": "metric", "status": "pass", "statement": "delay.p95 of call below 50 ms",
         "measured": 18.2, "threshold": 50.0, "unit": "ms", "margin": 31.8, "detail": "", "at_s": None},
    ]


def information(variant, rows):
    mine = [row for row in rows if row[2] == "forward" and row[3]]
    sent, lost = sum(row[3] for row in mine), sum(row[5] for row in mine)
    values = sorted(float(row[9]) for row in mine)
    scalars = {
        "call.forward.sent": sent, "call.forward.lost": lost, "call.forward.loss": lost / sent,
        "call.forward.delay_p95_ms": values[int(0.95 * len(values))],
        "call.forward.mos_mean": sum(float(row[13]) for row in mine) / len(mine),
        "call.forward.mos_min": min(float(row[13]) for row in mine),
        "edge.bristol.parity_sent": sum(row[15] for row in mine),
    }
    digest = {"all": "3f9a2c51", "none": "90b1d7e4", "fec": "51c07aa2", "duplicate": "c8e4410f", "switch": "7d20b3f9"}
    return {
        "weft": {"version": "0.1.0", "git": {"commit": "0ec1551", "dirty": False}, "ns3": "3.37", "compiler": "g++ 12.2.0"},
        "scenario": {"name": "teams-call" if variant == "all" else f"teams-call-{variant}",
                     "about": "Bristol calls HQ on Teams over broadband; a neighbour's torrent spikes its jitter;"
                     " the call moves to MPLS and comes back.", "file": "scenarios/globalco/teams-call.weft.yaml",
                     "digest": digest[variant] * 8, "duration_s": DURATION, "record_interval_s": INTERVAL},
        "command": ["weft", "run", "scenarios/globalco/teams-call.weft.yaml"], "overrides": [], "seed": 1,
        "topology": {
            "sites": [
                {"name": "bristol", "lan": "10.20.30.0/24", "links": [
                    {"name": "mpls", "cloud": "globalco-mpls", "up_bps": 50e6, "down_bps": 50e6},
                    {"name": "broadband", "cloud": "internet", "up_bps": 200e6, "down_bps": 200e6}]},
                {"name": "hq", "lan": "10.20.10.0/24", "links": [
                    {"name": "mpls", "cloud": "globalco-mpls", "up_bps": 200e6, "down_bps": 200e6},
                    {"name": "dia", "cloud": "internet", "up_bps": 1e9, "down_bps": 1e9}]}],
            "clouds": [{"name": "internet", "kind": "internet"}, {"name": "globalco-mpls", "kind": "l3vpn"}],
            "paths": [{"from": "bristol.mpls", "to": "hq.mpls", "rtt_ms": 5, "jitter_ms": 0.5, "loss": 0},
                      {"from": "bristol.broadband", "to": "hq.dia", "rtt_ms": 12, "jitter_ms": 4, "loss": 0.001}]},
        "events": [{"name": "neighbour-torrent", "start_s": SPIKE[0], "end_s": SPIKE[1], "label": "jitter 25 ms",
                    "target": "bristol.broadband>hq.dia"}],
        "flows": [{"name": "call", "from": "bristol", "to": "hq", "kind": "voice", "class": "voice",
                   "rule": "teams-audio", "codec": "teams", "start_s": CALL[0], "stop_s": CALL[1],
                   "sla": {"latency_ms": 65, "jitter_ms": 15, "loss": 0.01, "jitter_metric": "stddev"}}],
        "scalars": scalars,
        "verdicts": verdicts(variant),
        "books": {"sent": 2 * sent, "delivered": 2 * sent - lost, "dropped": lost, "in_flight": 0},
        "volatile": {"wall_s": 1.93, "speed": 46.6, "events": 612345, "host": "example", "peak_rss_kb": 51200},
    }


def write_csv(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(header + "\n")
        csv.writer(file, lineterminator="\n").writerows(rows)


def write_run(directory, variant="all"):
    """Writes the variant's run into `directory`, creating it."""
    os.makedirs(directory, exist_ok=True)
    truth = weather()
    made, links = steering(variant)
    rows = flow_rows(variant, truth, links)
    write_csv(os.path.join(directory, "flows.csv"), FLOWS, rows)
    write_csv(os.path.join(directory, "paths.csv"), PATHS, path_rows(truth))
    write_csv(os.path.join(directory, "decisions.csv"), DECISIONS, decision_rows(made))
    write_csv(os.path.join(directory, "drops.csv"), DROPS, [
        ["cloud internet bristol.broadband>hq.dia", "weather-loss", 21, 3150],
        ["cloud internet hq.dia>bristol.broadband", "weather-loss", 17, 2550],
        ["edge hq", "duplicate-copy", 98, 12740]])
    with open(os.path.join(directory, "run.json"), "w", encoding="utf-8") as file:
        json.dump(information(variant, rows), file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    write_run(sys.argv[1], *sys.argv[2:3])
