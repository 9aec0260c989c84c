# SPDX-License-Identifier: GPL-2.0-only
"""How figures look, and how they are written: one palette, one set of sizes, byte-identical files."""
import functools
import logging
import os
import re
from xml.sax.saxutils import escape

import matplotlib

# Notes on font caches and temporary folders are no news to the reader of a report.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

INK = "#1a1f27"
FAINT = "#6b7480"
GRID = "#e3e6ea"
EVENT = "#f8dca6"
EVENT_EDGE = "#a96a00"
BREACH = "#fbe6e2"
BREACH_EDGE = "#b03a2e"
# Okabe and Ito's colours, told apart with any common colour blindness; each with its own dash as well.
PATH_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#8c6d00")
PATH_DASHES = ((None, None), (5, 1.6), (1.6, 1.4), (6, 1.4, 1.4, 1.4), (9, 2), (3, 1.2))
PATH_HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----")
# Width of a figure in inches: the text width of A4 portrait with 15 mm margins.
WIDTH = 7.08

SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "weft",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "font.family": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.edgecolor": "#9aa3ad",
    "axes.labelcolor": INK,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "text.color": INK,
    "xtick.color": "#3f4751",
    "ytick.color": "#3f4751",
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
}


def prepare():
    """Sets every matplotlib setting: the user's own matplotlibrc has no say in a report."""
    matplotlib.rcdefaults()
    matplotlib.use("svg")
    matplotlib.rcParams.update(SETTINGS)


def new_figure(height):
    """A figure of the report's width and `height` inches, with no pyplot state behind it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), dpi=100)


class Frame:
    """Places axes by inches from the top: each `add` takes the next slice of the figure's height."""

    def __init__(self, figure, left=0.62, right=0.12):
        self.figure = figure
        self.height = figure.get_figheight()
        self.left, self.right = left, right
        self.top = 0.0

    def skip(self, inches):
        self.top += inches

    def add(self, inches, left=None, right=None, **keywords):
        """Axes of this height below everything so far, `left` and `right` inches from the edges."""
        left = self.left if left is None else left
        right = self.right if right is None else right
        self.top += inches
        return self.figure.add_axes(
            [
                left / WIDTH,
                1 - self.top / self.height,
                (WIDTH - left - right) / WIDTH,
                inches / self.height,
            ],
            **keywords,
        )

    def text(self, inches_down, x_inches, text, **keywords):
        """Text whose baseline stands `inches_down` from the top of the figure."""
        return self.figure.text(
            x_inches / WIDTH, 1 - inches_down / self.height, text, **keywords
        )


def clean_axes(axes):
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


@functools.lru_cache(maxsize=4096)
def text_width(text, size, weight="normal"):
    """Width of `text` in inches as matplotlib's own font metrics have it."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    if not text:
        return 0.0
    font = FontProperties(family="DejaVu Sans", weight=weight, size=size)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def fit(text, size, inches):
    """`text`, cut with an ellipsis where it is wider than `inches`."""
    if text_width(text, size) <= inches:
        return text
    while text and text_width(text + "\u2026", size) > inches:
        text = text[:-1]
    return text.rstrip(" ,;:") + "\u2026"


def wrap(text, size, inches):
    """`text` in lines no wider than `inches`, broken at blanks."""
    lines, line = [], ""
    for word in text.split(" "):
        trial = f"{line} {word}".strip()
        if line and text_width(trial, size) > inches:
            lines.append(line)
            trial = word
        line = trial
    return lines + [line]


def _plain_svg(path, title, description):
    """Drops the document type and metadata (dates, addresses), and adds title and description."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"<!DOCTYPE.*?>\s*", "", text, flags=re.S)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.S)
    head = f"<title>{escape(title)}</title>\n <desc>{escape(description)}</desc>\n "
    text = re.sub(r"(<svg\b[^>]*>\s*)", lambda m: m.group(1) + head, text, count=1)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def save(figure, stem, title, description):
    """Writes `stem`.svg and `stem`.pdf; the same figure gives the same bytes on every call."""
    os.makedirs(os.path.dirname(stem), exist_ok=True)
    figure.savefig(
        stem + ".svg",
        format="svg",
        metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
    )
    _plain_svg(stem + ".svg", title, description)
    figure.savefig(
        stem + ".pdf",
        format="pdf",
        metadata={"Title": title, "CreationDate": None, "Creator": "Weft", "Producer": None},
    )
