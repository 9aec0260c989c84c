# SPDX-License-Identifier: GPL-2.0-only
"""Places labels so that none touches another: greedy interval packing into rows."""


def pack(items, low, high, gap):
    """Rows for labels that hang beside an anchor.

    `items` are (anchor, width) with ascending anchors, all in one unit; a label stands to the right
    of its anchor, or to the left where it would cross `high`. Returns (rows, placed): the number of
    rows, and for each item (row, start of the label). No two labels of a row are nearer than `gap`.
    """
    taken, placed = [], []
    for anchor, width in items:
        start = anchor if anchor + width <= high else max(low, anchor - width)
        for row, spans in enumerate(taken):
            if all(start >= stop + gap or start + width + gap <= first for first, stop in spans):
                break
        else:
            row = len(taken)
            taken.append([])
        taken[row].append((start, start + width))
        placed.append((row, start))
    return len(taken), placed
