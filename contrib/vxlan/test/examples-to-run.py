#! /usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# (command, run it, run it under valgrind) for test.py of an ns-3 tree.
cpp_examples = [
    ("vxlan-two-hypervisors", "True", "True"),
]
python_examples = []
