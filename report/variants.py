# SPDX-License-Identifier: GPL-2.0-only
"""Several runs of one flow side by side: their labels, their merits, and whether their weather was the same."""
import math
import os

import numpy as np

from report.results import read_run
from report.story import Story
from report.tables import ReportError

TRUTH = ("true_latency_ms", "true_jitter_ms", "true_loss")


class Variant:
    """One run of a comparison: `label` names it, `story` is its flow in the compared direction."""

    def __init__(self, label, run, story):
        self.label, self.run, self.story = label, run, story

    def merit(self, metric):
        """A figure of merit: those of Story.measure, and "wan_bps", the flow's bit rate on the WAN."""
        if metric == "wan_bps":
            seconds = len(self.story.bins) * self.run.interval
            return 8 * self.story.measure("bytes_wire") / seconds
        return self.story.measure(metric)


def _labels(given, runs):
    """The given labels; else scenario names without the words they all start with; else the folders."""
    names = [run.name for run in runs]
    if len(set(names)) == len(names):
        parts = [name.split("-") for name in names]
        common = 0
        shortest = min(parts, key=len)
        while common < len(shortest) and all(part[common] == shortest[common] for part in parts):
            common += 1
        found = ["-".join(part[common:]) or name for part, name in zip(parts, names)]
    elif len({str(run.info["seed"]) for run in runs}) == len(runs):
        found = [f"{run.name}, seed {run.info['seed']}" for run in runs]
    else:
        found = [_override_label(run) for run in runs]
    labels = [own or auto for own, auto in zip(given, found)]
    if len(set(labels)) < len(labels):
        labels = [f"{label} ({place})" for place, label in enumerate(labels, start=1)]
    return labels


def _override_label(run):
    """What was overridden, by the last part of each key: "fec=off" of "policy.0.remedies.fec=off"."""
    pairs = [str(pair).partition("=") for pair in run.info.get("overrides") or []]
    return ", ".join(f"{key.rpartition('.')[2]}={value}" for key, _, value in pairs) or run.name


def read_runs(arguments):
    """(labels as given, runs) of DIR or LABEL=DIR."""
    given, runs = [], []
    for argument in arguments:
        label, sign, directory = argument.partition("=")
        if not sign or os.path.isdir(argument):
            label, directory = "", argument
        given.append(label)
        runs.append(read_run(directory))
    return given, runs


def labels_of(given, runs):
    """A name for each run: the label given, else its variant, else what its name or its overrides do not share."""
    if len({(run.name, run.variant) for run in runs}) == len(runs) and len({run.name for run in runs}) == 1:
        return [own or run.variant for own, run in zip(given, runs)]
    return _labels(given, runs)


def read_variants(arguments, flow=None, direction="forward"):
    """Reads runs given as DIR or LABEL=DIR; the flow is the first run's default unless named."""
    given, runs = read_runs(arguments)
    if flow is None:
        first = runs[0].default_flow()
        if first is None:
            raise ReportError(f"{runs[0].directory}: flows.csv has no flow to compare")
        flow = first["name"]
    labels = labels_of(given, runs)
    return [Variant(label, run, Story(run, run.flow(flow), direction)) for label, run in zip(labels, runs)]


def _truth(run):
    """Every true value by (path, direction seen from its first end, bin), whoever recorded it."""
    table = run.paths
    return {
        key: tuple(values)
        for key, *values in zip(
            zip(table["observer"], table["path"], table["direction"], table["time_s"]),
            *(table[name] for name in TRUTH),
        )
    }


def weather_note(variants):
    """(same, sentence): whether the runs met the same weather, by seed, events and recorded truth."""
    first, others = variants[0], variants[1:]
    for other in others:
        if other.run.info["seed"] != first.run.info["seed"]:
            return False, f"Not the same weather: {other.label} ran with another seed than {first.label}."
        if other.run.info["events"] != first.run.info["events"]:
            return False, f"Not the same weather: {other.label} has other events than {first.label}."
    reference, compared = _truth(first.run), 0
    for other in others:
        for key, values in _truth(other.run).items():
            if key not in reference:
                continue
            compared += 1
            if not np.allclose(values, reference[key], rtol=1e-9, atol=1e-9, equal_nan=True):
                _, path, _, time = key
                return False, f"Not the same weather: {other.label} differs from {first.label} on {path} at {time:g} s."
    if not compared:
        return True, "Same seed and events; the runs share no bin of paths.csv to compare."
    return True, f"The same weather: seed, events and the true delay, jitter and loss of {compared} path bins agree."


def conclusion(variants):
    """One sentence on what the comparison shows: the least loss, and the price."""
    known = [v for v in variants if not math.isnan(v.merit("loss"))]
    if not known:
        return ""
    best = min(known, key=lambda v: (v.merit("loss"), v.merit("wan_bps")))
    worst = max(known, key=lambda v: v.merit("loss"))
    text = f"Least loss: {best.label}, {100 * best.merit('loss'):.2f} %"
    if worst is not best:
        text += f" (most: {worst.label}, {100 * worst.merit('loss'):.2f} %)"
    cheapest = min(known, key=lambda v: v.merit("wan_bps"))
    if cheapest is not best and cheapest.merit("wan_bps") > 0:
        text += f", at {best.merit('wan_bps') / cheapest.merit('wan_bps'):.2f} times the bandwidth of {cheapest.label}"
    return text
