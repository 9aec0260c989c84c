# SPDX-License-Identifier: GPL-2.0-only
"""What the figures of a fabric share: the head with question and answer, and injected events on the time axis."""
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from report import style
from report.lanes import pack

ROW = 0.165  # inches of a row of event labels
SIZE = 6.6  # points of an event label
MOST = 8  # rows of event labels
OTHERS = "#a3abb5"


def begin(title, answer, body):
    """A new figure with its head drawn, `body` inches below it. Returns its frame."""
    lines = style.wrap(answer, 8.5, style.WIDTH - 0.2) if answer else []
    head = 0.3 + 0.17 * len(lines) + 0.1
    frame = style.Frame(style.new_figure(head + body))
    frame.text(0.22, 0.1, title, size=11.5, weight="bold")
    for place, line in enumerate(lines):
        frame.text(0.42 + 0.17 * place, 0.1, line, size=8.5)
    frame.skip(head)
    return frame


def legend(frame, handles, columns=None, left=0.1):
    """A legend in rows at the frame's present height; moves the frame below it."""
    columns = columns or len(handles)
    frame.figure.legend(
        handles=handles, loc="upper left", ncol=columns, fontsize=6.8, handlelength=1.6, columnspacing=1.2,
        labelspacing=0.35, handletextpad=0.6, borderpad=0, borderaxespad=0,
        bbox_to_anchor=(left / style.WIDTH, 1 - frame.top / frame.height),
    )
    frame.skip(legend_height(handles, columns))


def legend_height(handles, columns=None):
    rows = -(-len(handles) // (columns or len(handles)))
    return 0.15 * rows + 0.08


def line(colour, label, dashes=(None, None)):
    return Line2D([], [], color=colour, linewidth=1.3, label=label, linestyle=(0, dashes) if dashes[0] else "-")


def patch(colour, label, **keywords):
    return Patch(facecolor=colour, label=label, **keywords)


class Events:
    """The injected events of a run on a time axis from `low` to `high` seconds that is `inches` wide."""

    def __init__(self, run, low, high, inches):
        self.low, self.high = low, high
        scale = (high - low) / inches
        self.events = []
        for event in sorted(run.info["events"], key=lambda e: (e["start_s"], e["name"])):
            end = event.get("end_s")
            end = run.duration if end is None else float(end)
            if event["start_s"] <= high and end >= low:
                text = " ".join(filter(None, (event["name"], _in_brackets(event))))
                self.events.append((float(event["start_s"]), end, style.fit(text, SIZE, inches * 0.6), event["name"]))
        items = [(start, scale * (style.text_width(text, SIZE) + 0.08)) for start, _, text, _ in self.events]
        self.rows, self.places = pack(items, low, high, 0.05 * scale)
        self.rows = min(self.rows, MOST)

    @property
    def height(self):
        return ROW * self.rows + (0.05 if self.rows else 0)

    def draw(self, frame):
        """The labels, in the next slice of the frame."""
        if not self.rows:
            return
        axes = frame.add(self.height)
        axes.set_xlim(self.low, self.high)
        axes.set_ylim(self.rows + 0.05 / ROW, 0)
        axes.axis("off")
        for (start, _, text, name), (row, place) in zip(self.events, self.places):
            if row >= MOST:
                continue
            turned = place < start
            axes.plot([start, start], [row + 0.1, self.rows + 0.5], color=style.EVENT_EDGE, linewidth=0.7,
                      gid=f"event-{name}", clip_on=True)
            axes.annotate(
                text, (start, row + 0.5), (-3 if turned else 3, 0), textcoords="offset points", size=SIZE, va="center",
                ha="right" if turned else "left", color="#7a4c00",
            )
        self.mark(axes, shade=False)

    def mark(self, axes, shade=True):
        """Lines and shading through a panel."""
        for start, end, _, _ in self.events:
            if shade and end > start:
                axes.axvspan(start, end, color=style.EVENT, alpha=0.55, linewidth=0, zorder=0.3)
            if shade:
                axes.axvline(start, color=style.EVENT_EDGE, linewidth=0.7, zorder=4)


def _in_brackets(event):
    """What it does, and to what where that does not say it."""
    label, target = str(event.get("label") or ""), str(event.get("target") or "")
    if label and target and not any(part in label for part in target.split()):
        label = f"{target}: {label}"
    return f"({label})" if label else ""


def time_axis(axes, low, high, last):
    """Sets the axis; only the `last` of several panels has labels."""
    axes.set_xlim(low, high)
    style.clean_axes(axes)
    if last:
        axes.set_xlabel("simulated time (s)", labelpad=1)
    else:
        axes.tick_params(axis="x", labelbottom=False)


def name_bars(bars, stem):
    """Gives each bar an identifier of its own: `stem`-0, `stem`-1 and so on."""
    for place, bar in enumerate(bars):
        bar.set_gid(f"{stem}-{place}")


def colours(names):
    """A colour for each of at most as many names as the palette has; the others share grey."""
    palette = style.PATH_COLOURS
    return {name: palette[i] if i < len(palette) else OTHERS for i, name in enumerate(names)}
