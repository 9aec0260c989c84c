# SPDX-License-Identifier: GPL-2.0-only
"""The report of a run: HTML page and matplotlib figures, made from the documented result files alone."""
