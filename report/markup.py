# SPDX-License-Identifier: GPL-2.0-only
"""Small pieces of HTML: escaped text, numbers with units, tables, and figures laid inline."""
import math
import re
from html import escape

DASH = "\u2013"
NARROW = "\u202f"


def text(value):
    """`value` as HTML text; an en dash where there is nothing."""
    return escape(str(value)) if value not in (None, "") else DASH


def number(value, digits=2):
    """A number with at most `digits` decimals, grouped from ten thousand on; a dash for NaN or None."""
    if value is None or isinstance(value, float) and math.isnan(value):
        return DASH
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    sign, size = ("\u2212" if value < 0 else ""), abs(value)
    if float(size) == int(size):
        return sign + (f"{int(size):,}".replace(",", NARROW) if size >= 10000 else f"{int(size)}")
    if size < 10**-digits:
        return f"{sign}{size:.3g}"
    return sign + f"{size:.{digits}f}".rstrip("0").rstrip(".")


def quantity(value, unit, digits=3):
    """A number and its unit; a fraction ("1", "fraction" or "ratio" by name) is given in per cent."""
    shown = number(value, digits)
    if shown == DASH or not unit or isinstance(value, str):
        return shown
    if unit == "fraction":
        return f"{number(100 * value, digits)}{NARROW}%"
    if abs(value) == 1:
        unit = {"frames": "frame", "entries": "entry", "packets": "packet", "decisions": "decision"}.get(unit, unit)
    unit = {"x": "\u00d7", "1x": "\u00d7"}.get(unit, unit)
    return f"{shown}{unit}" if unit == "\u00d7" else f"{shown}{NARROW}{escape(unit)}"


def percent(value, digits=3):
    """A fraction in per cent."""
    return quantity(value, "fraction", digits)


def octets(count):
    """A number of bytes in the largest decimal unit that leaves at least 1."""
    if count is None or math.isnan(count):
        return DASH
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(count) >= factor:
            return f"{number(count / factor, 2)}{NARROW}{unit}"
    return f"{number(count, 0)}{NARROW}B"


def bitrate(bits):
    """A bit rate in the largest unit that leaves at least 1."""
    for factor, unit in ((1e9, "Gbps"), (1e6, "Mbps"), (1e3, "kbps")):
        if bits >= factor:
            return f"{number(bits / factor, 1)}{NARROW}{unit}"
    return f"{number(bits, 1)}{NARROW}bps"


def table(caption, head, rows, kinds=None, ids=None, cards=False):
    """A table inside a scrolling frame.

    `head` are column titles, `rows` lists of ready HTML cells; `kinds` gives each column "n" for
    numbers (right-aligned), "h" for the row's heading, "w" for long text, or "" for text. `cards`
    turns each row into a card on a narrow screen, with the titles beside the cells.
    """
    kinds = kinds or [""] * len(head)
    out = [f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">']
    out.append(f"<table{' class=cards' if cards else ''}>")
    out.append(f"<caption><span>{escape(caption)}</span></caption><thead><tr>")
    for title, kind in zip(head, kinds):
        out.append(f'<th scope="col"{" class=n" if kind == "n" else ""}>{title}</th>')
    out.append("</tr></thead><tbody>")
    for place, row in enumerate(rows):
        mark = f' id="{escape(ids[place])}"' if ids and ids[place] else ""
        out.append(f"<tr{mark}>")
        for title, cell, kind in zip(head, row, kinds):
            tag = 'th scope="row"' if kind == "h" else f"td class={kind}" if kind else "td"
            label = f' data-label="{escape(title)}"' if cards else ""
            label += " data-none" if cards and cell == DASH else ""
            out.append(f"<{tag}{label}>{cell}</{tag.split()[0]}>")
        out.append("</tr>")
    out.append("</tbody></table></div>")
    return "".join(out)


def inline_svg(path, prefix):
    """The SVG of a file as an element of a page: no prolog, and ids that no other figure shares."""
    with open(path, encoding="utf-8") as file:
        svg = file.read()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(href=")#', rf"\1#{prefix}-", svg)
    svg = svg.replace("url(#", f"url(#{prefix}-")
    svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = svg.replace("<title>", f'<title id="{prefix}-title">', 1)
    svg = svg.replace("<desc>", f'<desc id="{prefix}-desc">', 1)
    return svg.replace(
        "<svg", f'<svg role="img" aria-labelledby="{prefix}-title" aria-describedby="{prefix}-desc"', 1
    )


def figure(svg_path, prefix, caption, links):
    """A figure with its caption and links to its files (name, relative address)."""
    files = " \u00b7 ".join(f'<a href="{escape(href)}">{escape(name)}</a>' for name, href in links)
    return (
        f'<figure><div class="plot scroll" tabindex="0" role="region" aria-label="Figure">'
        f"{inline_svg(svg_path, prefix)}</div>"
        f"<figcaption>{caption} <span class=files>{files}</span></figcaption></figure>"
    )
