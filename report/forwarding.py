# SPDX-License-Identifier: GPL-2.0-only
"""Forwarding tables in time: a bar for each entry from its add to its end, coloured by where it points to."""
import csv

from report import sheet, style
from report.fabric import Names, natural

BAR = 0.165  # inches of an entry's row
HEAD = 0.22
NODES = 4  # nodes that are drawn
ENTRIES = 12  # entries of a node
LABEL = 1.3
# The table whose strips are drawn, with the column its entries point to; the first that has changes.
TABLES = (("vtep-fdb", "remote"), ("bridge-fdb", "port"))


class Piece:
    """One stretch in which an entry pointed to `target`; `why` is what ended it, empty at the end of the run."""

    def __init__(self, start, target):
        self.start, self.target, self.stop, self.why = start, target, None, ""


class Entry:
    """One (network, MAC) of one node."""

    def __init__(self, node, domain, mac):
        self.node, self.domain, self.mac, self.pieces = node, domain, mac, []

    def change(self, time, op, cause, target):
        last = self.pieces[-1] if self.pieces and self.pieces[-1].stop is None else None
        if last and op == "update" and target == last.target:
            return
        if last:
            last.stop, last.why = time, "removed: " + cause if op == "remove" else cause
        if op != "remove":
            self.pieces.append(Piece(time, target))

    def moves(self):
        return sum(1 for a, b in zip(self.pieces, self.pieces[1:]) if a.target != b.target)


def history(run):
    """(table, {node: entries}) of the table that is drawn, the node with the most moves first."""
    for table, column in TABLES:
        entries = {}
        changes = run.changes
        for time, node, name, op, cause, domain, mac, target in zip(
            *(changes[c] for c in ("time_s", "node", "table", "op", "cause", "domain", "mac", column))
        ):
            if name == table:
                key = (node, domain, mac)
                entries.setdefault(key, Entry(*key)).change(float(time), op, cause, target)
        if entries:
            nodes = {}
            for entry in entries.values():
                nodes.setdefault(entry.node, []).append(entry)
            for mine in nodes.values():
                for entry in mine:
                    for piece in entry.pieces:
                        piece.stop = run.duration if piece.stop is None else piece.stop
                mine.sort(key=lambda e: (-e.moves(), e.pieces[0].start if e.pieces else 0, e.domain, e.mac))
            switches = set((run.fabric or {}).get("routers") or [])
            order = sorted(
                nodes, key=lambda n: (-sum(e.moves() for e in nodes[n]), n not in switches, -len(nodes[n]), natural(n))
            )
            return table, {node: nodes[node] for node in order}
    return "", {}


def _words(table, nodes):
    moves = sum(entry.moves() for mine in nodes.values() for entry in mine)
    count = sum(len(mine) for mine in nodes.values())
    what = "VTEP" if table == "vtep-fdb" else "bridge"
    text = f"{count} entries of {what} forwarding tables on {len(nodes)} node{'s' if len(nodes) != 1 else ''}; "
    return text + (f"{moves} change{'s' if moves != 1 else ''} of where one points to." if moves else "none ever pointed elsewhere.")


def draw_forwarding(run, stem):
    """Draws the figure into `stem`.svg and .pdf and its data into `stem`.csv; False without recorded tables."""
    table, nodes = history(run)
    if not nodes:
        return False
    names = Names(run)
    show = names.address if table == "vtep-fdb" else str
    drawn = dict(list(nodes.items())[:NODES])
    targets = list(dict.fromkeys(
        piece.target for mine in drawn.values() for entry in mine[:ENTRIES] for piece in entry.pieces
    ))
    targets.sort(key=show)
    colours = sheet.colours(targets)
    named = [target for target in targets if colours[target] != sheet.OTHERS]
    handles = [sheet.patch(colours[t], f"behind {show(t)}" if t else "nowhere") for t in named]
    if len(named) < len(targets):
        handles.append(sheet.patch(sheet.OTHERS, "behind others, named in the bars"))
    low, high = 0.0, run.duration
    events = sheet.Events(run, low, high, style.WIDTH - LABEL - 0.12)
    several = len({entry.domain for mine in drawn.values() for entry in mine}) > 1
    body = sheet.legend_height(handles, 5) + events.height + 0.4
    for mine in drawn.values():
        body += HEAD + BAR * min(len(mine), ENTRIES) + 0.08 + (0.15 if len(mine) > ENTRIES else 0)
    if len(nodes) > NODES:
        body += 0.16
    title = "What did each forwarding table know, and when?"
    frame = sheet.begin(title, _words(table, nodes), body)
    frame.left = LABEL
    sheet.legend(frame, handles, 5)
    events.draw(frame)
    for place, (node, mine) in enumerate(drawn.items()):
        _draw_node(frame, (node, mine), (low, high), place == len(drawn) - 1, events, (colours, show, names, several))
    if len(nodes) > NODES:
        frame.skip(0.5)
        rest = len(nodes) - NODES
        frame.text(frame.top, 0.1, f"{rest} more node{'s' if rest != 1 else ''} in tables.csv.", size=6.8, color=style.FAINT)
    style.save(frame.figure, stem, title, _describe(drawn, names, show, table, nodes))
    _write_data(table, nodes, names, show, stem + ".csv")
    return True


def _draw_node(frame, item, span, last, events, looks):
    node, mine = item
    colours, show, names, several = looks
    shown = mine[:ENTRIES]
    frame.skip(HEAD)
    frame.text(frame.top - 0.07, 0.1, f"{node} knows", size=7.5, weight="bold")
    height = BAR * len(shown)
    axes = frame.add(height)
    sheet.time_axis(axes, *span, last and len(mine) <= ENTRIES)
    axes.set_xlim(*span)
    if last:
        axes.tick_params(axis="x", labelbottom=True)
        axes.set_xlabel("simulated time (s)", labelpad=1)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_yticks([])
    inches = style.WIDTH - LABEL - 0.12
    for row, entry in enumerate(shown):
        label = names.mac(entry.mac, entry.domain) + (f" in {entry.domain}" if several else "")
        frame.text(frame.top - height + BAR * (row + 0.5), 0.2, style.fit(label, 6.8, LABEL - 0.3), size=6.8, va="center")
        for number, piece in enumerate(entry.pieces):
            axes.barh(row, piece.stop - piece.start, 0.76, left=piece.start, color=colours[piece.target], linewidth=0,
                      zorder=2, gid=f"entry-{node}-{entry.domain}-{entry.mac}-{number}")
            _label_piece(axes, row, piece, entry.pieces[number + 1 :], span, inches, show)
    events.mark(axes)
    if len(mine) > ENTRIES:
        frame.skip(0.15)
        rest = len(mine) - ENTRIES
        frame.text(frame.top - 0.03, 0.2, f"and {rest} more", size=6.8, color=style.FAINT)
    frame.skip(0.08)


def _label_piece(axes, row, piece, later, span, inches, show):
    """The target's name inside the bar and the reason of its end behind it, where they fit."""
    scale = (span[1] - span[0]) / inches
    name = show(piece.target)
    if style.text_width(name, 6) + 0.08 < (piece.stop - piece.start) / scale:
        axes.annotate(name, (piece.start, row), (2.5, -0.3), textcoords="offset points", size=6, va="center", color="white",
                      zorder=3)
    if piece.why.startswith("removed"):
        text = piece.why.removeprefix("removed: ")
        room = ((later[0].start if later else span[1]) - piece.stop) / scale
        if style.text_width(text, 6) + 0.08 < room:
            axes.annotate(text, (piece.stop, row), (2.5, -0.3), textcoords="offset points", size=6, va="center",
                          color=style.FAINT, zorder=3)


def _describe(drawn, names, show, table, nodes):
    parts = [_words(table, nodes)]
    for node, mine in drawn.items():
        for entry in [entry for entry in mine if entry.moves()][:ENTRIES]:
            steps = ", ".join(f"{show(p.target)} from {p.start:.6g} s" for p in entry.pieces)
            parts.append(f"{node}: {names.mac(entry.mac, entry.domain)} behind {steps}.")
    return " ".join(parts)


def _write_data(table, nodes, names, show, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("node", "table", "domain", "mac", "machine", "target", "from_s", "until_s", "end"))
        for node, mine in nodes.items():
            for entry in mine:
                for piece in entry.pieces:
                    machine = names.mac(entry.mac, entry.domain)
                    writer.writerow((
                        node, table, entry.domain, entry.mac, machine if machine != entry.mac else "",
                        show(piece.target), f"{piece.start:.9f}".rstrip("0").rstrip("."),
                        f"{piece.stop:.9f}".rstrip("0").rstrip("."), piece.why,
                    ))
