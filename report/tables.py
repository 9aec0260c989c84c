# SPDX-License-Identifier: GPL-2.0-only
"""The CSV tables of a run: their columns, and a strict reader that says where a file is wrong.

A table keeps text columns as lists of str and the others as numpy arrays of float; an empty cell
(or `nan`) of a numeric column is NaN, which every figure takes as "not available".
"""
import csv
import math

import numpy as np


class ReportError(Exception):
    """The input cannot be reported on; the message says which file, where and why."""


class Columns:
    """The documented columns of one file, in order: `name:kind` with kind text, time, count, number or fraction."""

    def __init__(self, file, spec):
        self.file = file
        self.kinds = dict(item.split(":") for item in spec.split())

    @property
    def names(self):
        return list(self.kinds)


FLOWS = Columns(
    "flows.csv",
    "time_s:time flow:text direction:text sent:count delivered:count lost:count duplicates:count"
    " reordered:count delay_mean_ms:number delay_p95_ms:number delay_max_ms:number jitter_ms:number"
    " loss:fraction mos:number copies:number parity:count bytes_wire:count path:text",
)
PATHS = Columns(
    "paths.csv",
    "time_s:time observer:text path:text direction:text state:text latency_ms:number"
    " latency_low_ms:number latency_high_ms:number jitter_ms:number jitter_low_ms:number"
    " jitter_high_ms:number loss:fraction loss_low:fraction loss_high:fraction"
    " smoothed_latency_ms:number smoothed_jitter_ms:number smoothed_loss:fraction samples:count"
    " rtt_ms:number true_latency_ms:number true_jitter_ms:number true_loss:fraction in_sla:text",
)
DECISIONS = Columns(
    "decisions.csv",
    "time_s:time edge:text flow:text flow_id:text rule:text action:text metric:text value:number"
    " bound:number threshold:number timer:text timer_s:number from:text to:text reason:text",
)
DROPS = Columns("drops.csv", "place:text reason:text count:count bytes:count")
# Of runs with a fabric.
TABLES = Columns(
    "tables.csv",
    "time_s:time node:text table:text op:text cause:text domain:text mac:text address:text source:text"
    " remote:text port:text text:text",
)
FRAMES = Columns(
    "frames.csv",
    "time_s:time link:text direction:text size:count eth_source:text eth_destination:text outer_vlan:text"
    " source:text destination:text ttl:text tos:text df:text fragment:text protocol:text source_port:text"
    " destination_port:text udp_checksum:text encapsulation:text vni:text inner_source:text"
    " inner_destination:text inner_vlan:text inner_kind:text message:text summary:text",
)
LINKS = Columns(
    "links.csv",
    "time_s:time link:text direction:text frames:count bytes:count drops:count utilisation:number",
)
VTEPS = Columns(
    "vteps.csv",
    "time_s:time vtep:text encapsulated:count decapsulated:count flooded_frames:count flooded_copies:count"
    " flooded_bytes:count learned:count moved:count aged:count drops:count fdb_entries:count",
)


class Table:
    """Rows of one file by column; `table["loss"]` is the column, `len(table)` the number of rows."""

    def __init__(self, columns, data):
        self.columns = columns
        self.data = data

    def __len__(self):
        return len(self.data[self.columns.names[0]])

    def __getitem__(self, name):
        return self.data[name]

    def rows(self):
        """The rows as dicts, in file order."""
        names = self.columns.names
        return [dict(zip(names, cells)) for cells in zip(*(self.data[name] for name in names))]

    @classmethod
    def empty(cls, columns):
        """A table of these columns without a row."""
        kinds = columns.kinds
        return cls(columns, {name: [] if kinds[name] == "text" else np.array([]) for name in columns.names})

    def where(self, **equals):
        """The rows whose text columns have these values."""
        keep = [
            i
            for i in range(len(self))
            if all(self.data[name][i] == value for name, value in equals.items())
        ]
        data = {
            name: [column[i] for i in keep] if isinstance(column, list) else column[keep]
            for name, column in self.data.items()
        }
        return Table(self.columns, data)

    def slice(self, first, last):
        """Rows `first` to `last`, without `last`."""
        return Table(self.columns, {name: column[first:last] for name, column in self.data.items()})

    def distinct(self, *names):
        """The distinct values (or tuples of values) of text columns, in order of first appearance."""
        columns = [self.data[name] for name in names]
        seen = dict.fromkeys(zip(*columns))
        return [key[0] for key in seen] if len(names) == 1 else list(seen)


def _number(text, kind):
    """The value of a numeric cell, or an error text saying what the cell should have been."""
    if text == "" or text.lower() == "nan":
        return (math.nan, "is empty") if kind == "time" else (math.nan, None)
    try:
        value = float(text)
    except ValueError:
        return math.nan, "is not a number"
    if not math.isfinite(value):
        return math.nan, "is not finite"
    if kind == "fraction" and not 0 <= value <= 1:
        return value, "is outside 0 to 1"
    if kind in ("count", "time") and value < 0:
        return value, "is negative"
    return value, None


def _check_header(where, header, names):
    for position, name in enumerate(names):
        found = header[position] if position < len(header) else "missing"
        if found != name:
            raise ReportError(
                f'{where}:1: column {position + 1} is "{found}", expected "{name}"'
            )


def read_table(path, columns):
    """Reads `path`; columns after the documented ones are left alone."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, strict=True))
    except FileNotFoundError:
        raise ReportError(f"{path}: missing") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReportError(f"{path}: cannot be read: {error}") from None
    if not lines:
        raise ReportError(f"{path}: empty, expected a header line")
    names = columns.names
    _check_header(path, lines[0], names)
    cells = {name: [] for name in names}
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(lines[0]):
            raise ReportError(f"{path}:{number}: {len(line)} cells, expected {len(lines[0])}")
        for name, text in zip(names, line):
            kind = columns.kinds[name]
            if kind == "text":
                cells[name].append(text)
                continue
            value, problem = _number(text, kind)
            if problem:
                raise ReportError(f'{path}:{number}: {name}: "{text}" {problem}')
            cells[name].append(value)
    data = {
        name: column if columns.kinds[name] == "text" else np.array(column, dtype=float)
        for name, column in cells.items()
    }
    return Table(columns, data)
