# SPDX-License-Identifier: GPL-2.0-only
"""One finished run, read from its directory and checked: run.json and the tables beside it."""
import json
import math
import os

from report.tables import (
    DECISIONS, DROPS, FLOWS, FRAMES, LINKS, PATHS, TABLES, VTEPS, ReportError, Table, read_table,
)

# What run.json must hold for a report, as dotted key and type; everything else is optional.
REQUIRED = (
    ("weft", dict),
    ("weft.version", str),
    ("scenario", dict),
    ("scenario.name", str),
    ("scenario.digest", str),
    ("scenario.duration_s", (int, float)),
    ("scenario.record_interval_s", (int, float)),
    ("seed", (int, str)),
    ("flows", list),
    ("events", list),
    ("scalars", dict),
    ("verdicts", list),
)


class Run:
    """A finished run. `info` is run.json; `flows`, `paths`, `decisions` and `drops` are the tables of every
    run, `changes` (tables.csv), `frames`, `links` and `vteps` those of one with a fabric, empty elsewhere."""

    def __init__(self, directory, info, tables, fabric_tables):
        self.directory = directory
        self.info = info
        self.flows, self.paths, self.decisions, self.drops = tables
        self.changes, self.frames, self.links, self.vteps = fabric_tables

    @property
    def fabric(self):
        """What run.json says of the fabric; None where there is none."""
        return (self.info.get("topology") or {}).get("fabric")

    @property
    def variant(self):
        """Name of the scenario's variant; "base" where none was chosen."""
        return str(self.info.get("variant") or "base")

    @property
    def name(self):
        return self.info["scenario"]["name"]

    @property
    def duration(self):
        """Simulated seconds."""
        return float(self.info["scenario"]["duration_s"])

    @property
    def interval(self):
        """Width of a bin of flows.csv and paths.csv, in seconds."""
        return float(self.info["scenario"]["record_interval_s"])

    def scalar(self, key):
        """A scalar of run.json, NaN where the run has none of that name."""
        value = self.info["scalars"].get(key)
        return float(value) if isinstance(value, (int, float)) else math.nan

    def flow(self, name):
        """What run.json says of the flow `name`."""
        for flow in self.info["flows"]:
            if flow["name"] == name:
                return flow
        known = ", ".join(flow["name"] for flow in self.info["flows"]) or "none"
        raise ReportError(f'{self.directory}: no flow "{name}"; its flows: {known}')

    def default_flow(self):
        """The first voice flow that sent a packet, else the first flow, else None."""
        recorded = {name for name, sent in zip(self.flows["flow"], self.flows["sent"]) if sent > 0}
        present = [flow for flow in self.info["flows"] if flow["name"] in recorded]
        voice = [flow for flow in present if flow.get("kind") == "voice"]
        return (voice or present or [None])[0]

    def directions(self, name):
        """The directions in which a flow sent packets, forward first."""
        table = self.flows.where(flow=name)
        sent = {way for way, count in zip(table["direction"], table["sent"]) if count > 0}
        return sorted(sent, reverse=True)


def _lookup(info, dotted):
    for part in dotted.split("."):
        if not isinstance(info, dict) or part not in info:
            return None
        info = info[part]
    return info


def _read_info(path):
    try:
        with open(path, encoding="utf-8") as file:
            info = json.load(file)
    except FileNotFoundError:
        raise ReportError(
            f"{path}: missing; a run writes it last, so this run did not finish (or is not a run directory)"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise ReportError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    if not isinstance(info, dict):
        raise ReportError(f"{path}: expected an object")
    for key, kind in REQUIRED:
        value = _lookup(info, key)
        if value is None:
            raise ReportError(f'{path}: key "{key}" is missing')
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ReportError(f'{path}: key "{key}" has the wrong type ({type(value).__name__})')
    _check_lists(path, info)
    return info


def _check_lists(path, info):
    for key, needed in (
        ("flows", ("name",)),
        ("events", ("name", "start_s")),
        ("verdicts", ("name", "status")),
    ):
        for position, item in enumerate(info[key]):
            for name in needed:
                if not isinstance(item, dict) or item.get(name) is None:
                    raise ReportError(f'{path}: {key}[{position}] has no "{name}"')
    for position, verdict in enumerate(info["verdicts"]):
        if verdict["status"] not in ("pass", "fail"):
            raise ReportError(
                f'{path}: verdicts[{position}].status is "{verdict["status"]}", expected pass or fail'
            )
    if not info["scenario"]["duration_s"] > 0 or not info["scenario"]["record_interval_s"] > 0:
        raise ReportError(f"{path}: scenario.duration_s and record_interval_s must be above zero")


def _check_flows(path, info, flows):
    known = {flow["name"] for flow in info["flows"]}
    last = {}
    for number, (time, name, direction) in enumerate(
        zip(flows["time_s"], flows["flow"], flows["direction"]), start=2
    ):
        if name not in known:
            raise ReportError(f'{path}:{number}: flow "{name}" is not in run.json')
        if direction not in ("forward", "backward"):
            raise ReportError(
                f'{path}:{number}: direction "{direction}", expected forward or backward'
            )
        if time <= last.get((name, direction), -math.inf):
            raise ReportError(f"{path}:{number}: time_s does not increase")
        last[name, direction] = time


def _optional_table(directory, columns):
    """A table that is not written when there is nothing to write into it."""
    path = os.path.join(directory, columns.file)
    return read_table(path, columns) if os.path.exists(path) else Table.empty(columns)


def read_run(directory):
    """Reads and checks the run in `directory`; raises ReportError naming file, line and fault."""
    if not os.path.isdir(directory):
        raise ReportError(f"{directory}: no such directory")
    info = _read_info(os.path.join(directory, "run.json"))
    tables = [
        read_table(os.path.join(directory, columns.file), columns)
        for columns in (FLOWS, PATHS, DECISIONS, DROPS)
    ]
    _check_flows(os.path.join(directory, "flows.csv"), info, tables[0])
    has_fabric = bool((info.get("topology") or {}).get("fabric"))
    fabric_tables = [
        _optional_table(directory, columns) if has_fabric else Table.empty(columns)
        for columns in (TABLES, FRAMES, LINKS, VTEPS)
    ]
    return Run(directory, info, tables, fabric_tables)
