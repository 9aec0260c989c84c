# SPDX-License-Identifier: GPL-2.0-only
"""`python3 -m report RUN_DIR` from the project's root."""
import sys

from report.main import main

sys.exit(main(sys.argv[1:]))
