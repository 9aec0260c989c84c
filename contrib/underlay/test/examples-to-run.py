#! /usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# (command, run it, run it under valgrind) for test.py of an ns-3 tree.
cpp_examples = [
    ("underlay-two-sites", "True", "True"),
    ("underlay-leaf-spine", "True", "True"),
]
python_examples = []
