# SPDX-License-Identifier: GPL-2.0-only
"""What is laid over or beside the panels of a timeline: events, decisions, and the strip of the path in use."""
from report import style
from report.lanes import pack
from report.story import STEERING

ROW = 0.175  # inches of a row of labels
SIZE = 6.8  # points of a label
MOST = 12  # decisions named in a figure; the page's log has them all


def shown_decisions(story):
    """Decisions inside the figure's time axis, the most telling first; parity that goes on as the flow opens is none."""
    low, high = story.time_limits()
    opened = [decision.time for decision in story.decisions if decision.action == "open"]
    rank = {action: place for place, action in enumerate(STEERING)}
    shown = [
        d
        for d in story.decisions
        if low <= d.time <= high
        and not (d.action == "fec-on" and any(abs(d.time - time) < 0.01 for time in opened))
    ]
    return sorted(shown, key=lambda d: (rank.get(d.action, len(rank)), d.time, d.row))


def named_decisions(story):
    """(number, decision) of those the figure names: at most MOST, numbered by time."""
    named = shown_decisions(story)[:MOST]
    return list(enumerate(sorted(named, key=lambda d: (d.time, d.row)), start=1))


class Lanes:
    """The rows above the panels: injected events as bars, decisions as numbered labels."""

    def __init__(self, story, inches):
        self.story = story
        self.low, self.high = story.time_limits()
        self.scale = (self.high - self.low) / inches  # seconds per inch
        self.events = story.events()
        texts = [self._event_text(event) for event in self.events]
        self.event_rows, self.event_places = self._pack(
            [(e[1], self._event_width(e, t)) for e, t in zip(self.events, texts)]
        )
        self.event_texts = texts
        self.decisions = named_decisions(story)
        self.unnamed = shown_decisions(story)[MOST:]
        words = [decision.brief for _, decision in self.decisions]
        if self._pack([self._item(d, w) for (_, d), w in zip(self.decisions, words)])[0] > 4:
            words = [""] * len(words)
        self.words = words
        self.decision_rows, self.decision_places = self._pack(
            [self._item(d, w) for (_, d), w in zip(self.decisions, words)]
        )

    def _event_text(self, event):
        name, _, _, label = event
        return f"{name}: {label}" if label else name

    def _wide(self, text):
        return style.text_width(text, SIZE) * self.scale

    def _event_width(self, event, text):
        """Width of bar and label: the label stands inside the bar where it fits, else to its right."""
        bar, label = event[2] - event[1], self._wide(text) + 0.1 * self.scale
        return bar if label <= bar else bar + label

    def _item(self, decision, word):
        return decision.time, self._wide(word) + (0.22 if word else 0.16) * self.scale

    def _pack(self, items):
        return pack(items, self.low, self.high, 0.06 * self.scale)

    @property
    def height(self):
        """Inches of the whole lane."""
        return ROW * (self.event_rows + self.decision_rows) + 0.06

    def draw(self, axes):
        """Draws into axes whose x is time; y counts inches from the top."""
        axes.set_xlim(self.low, self.high)
        axes.set_ylim(self.height, 0)
        axes.axis("off")
        axes.patch.set_visible(False)
        for event, text, (row, start) in zip(self.events, self.event_texts, self.event_places):
            middle = ROW * (row + 0.5)
            axes.barh(
                middle, event[2] - event[1], ROW * 0.86, left=event[1],
                color=style.EVENT, edgecolor=style.EVENT_EDGE, linewidth=0.5,
                gid=f"event-{event[0]}",
            )
            wide = self._wide(text) + 0.1 * self.scale
            inside, left = wide <= event[2] - event[1], start < event[1] - 1e-9
            anchor = event[1] if inside or left else event[2]
            axes.text(
                anchor + (-0.05 if left else 0.05) * self.scale, middle, text, size=SIZE,
                ha="right" if left else "left", va="center_baseline", color="#5c3a00",
            )
        for (number, decision), word, (row, start) in zip(
            self.decisions, self.words, self.decision_places
        ):
            self._draw_decision(axes, number, decision, word, row, start)

    def _draw_decision(self, axes, number, decision, word, row, start):
        y = ROW * (self.event_rows + row + 0.5) + 0.03
        axes.plot(
            [decision.time] * 2, [y, self.height], color=style.INK, linewidth=0.7,
            clip_on=False, zorder=1,
        )
        left = start < decision.time - 1e-9
        axes.plot(
            [decision.time], [y], marker="o", markersize=8.6, color="white",
            markeredgecolor=style.INK, markeredgewidth=0.7, clip_on=False, zorder=3,
            gid=f"decision-{number}",
        )
        axes.text(
            decision.time, y, str(number), size=6, ha="center", va="center_baseline", zorder=4
        )
        axes.text(
            decision.time + (-0.09 if left else 0.09) * self.scale, y, word, size=SIZE,
            ha="right" if left else "left", va="center_baseline", zorder=3,
        )


def draw_lines(axes, lanes):
    """Events as shaded spans and decisions as vertical lines through one panel."""
    for _, start, stop, _ in lanes.events:
        axes.axvspan(start, stop, color=style.EVENT, alpha=0.45, linewidth=0, zorder=0.4)
    for decision in lanes.unnamed:
        axes.axvline(decision.time, color="#9aa3ad", linewidth=0.4, zorder=1.9)
    for _, decision in lanes.decisions:
        axes.axvline(decision.time, color=style.INK, linewidth=0.7, zorder=2)


def path_style(story):
    """Colour, dashes and hatch of each link, in the order of story.links()."""
    looks = {}
    for place, link in enumerate(story.links()):
        turn = place % len(style.PATH_COLOURS)
        looks[link] = (style.PATH_COLOURS[turn], style.PATH_DASHES[turn], style.PATH_HATCHES[turn])
    return looks


def draw_strip(axes, story, looks, inches):
    """Gantt of the path in use: the primary path above, the path that gets copies below it, hatched."""
    low, high = axes.get_xlim()
    axes.set_ylim(2, 0)
    axes.set_yticks([0.5, 1.5])
    axes.set_yticklabels(["carries", "copies on"])
    axes.tick_params(axis="y", length=0)
    for place, span in enumerate(story.spans):
        for lane, link in ((0, span.primary), (1, span.extra)):
            if not link:
                continue
            colour = looks[link][0]
            axes.barh(
                lane + 0.5, span.stop - span.start, 0.8, left=span.start,
                color=colour if lane == 0 else "white", edgecolor="white" if lane == 0 else colour,
                hatch="" if lane == 0 else "/////", linewidth=0.5,
                gid=f"{'carries' if lane == 0 else 'copies'}-{link}-{place}",
            )
            wide = style.text_width(link, SIZE, "bold") + 0.08
            room = (span.stop - span.start) / (high - low) * inches
            if lane == 0 and wide <= room:
                axes.text(
                    (span.start + span.stop) / 2, 0.5, link, size=SIZE, weight="bold",
                    color="white", ha="center", va="center_baseline",
                )
            elif lane == 1:
                _label_copies(axes, story.spans[place + 1 :], span, looks, (high - low) / inches)


def _label_copies(axes, later, span, looks, scale):
    """Says beside a span of duplication what it means, where there is room before the next one."""
    text = f"{span.extra}: every packet twice"
    start = span.stop + 0.05 * scale
    stop = start + style.text_width(text, SIZE) * scale
    following = next((other.start for other in later if other.extra), axes.get_xlim()[1])
    if stop < following:
        axes.text(start, 1.5, text, size=SIZE, color=looks[span.extra][0], va="center_baseline")


def decision_lines(story, lanes, inches):
    """(number, time, text) of each named decision, cut to `inches`, and one for those not named."""
    lines = []
    for number, decision in lanes.decisions:
        route = " \u2192 ".join(name for name in (decision.source, decision.target) if name)
        text = f"{decision.action} {route}"
        if decision.reason:
            text += f": {decision.reason}"
        lines.append((str(number), f"{decision.time:.2f} s", style.fit(text, SIZE, inches)))
    if lanes.unnamed:
        rest = len(lanes.unnamed)
        lines.append(("+", "", f"{rest} more (thin grey lines): see decisions.csv or the page's decision log"))
    return lines
