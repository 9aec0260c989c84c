# SPDX-License-Identifier: GPL-2.0-only
"""Shared by the report's test cases: invented runs, the report as a child process, and readers of its output."""
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [ROOT, HERE]

from synthetic_run import write_run  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def report(*arguments, hash_seed="0", program=("-m", "report")):
    """Runs the report as users do; a changed hash seed finds output that hangs on the order of a set."""
    environment = dict(os.environ, PYTHONHASHSEED=hash_seed, PYTHONDONTWRITEBYTECODE="1")
    return subprocess.run(
        ["/usr/bin/python3", *program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def edit(directory, name, change):
    """Rewrites a file of a run through `change`, a function from text to text."""
    path = os.path.join(directory, name)
    old = read(path)
    new = change(old)
    assert new != old, f"the edit of {name} changes nothing"
    with open(path, "w", encoding="utf-8") as file:
        file.write(new)


def group(svg_path, gid):
    """The element of a drawing with this id, None where there is none."""
    for element in ElementTree.parse(svg_path).iter():
        if element.get("id") == gid:
            return element
    return None


def stroke_width(element):
    """The stroke width of the first path inside a group of a drawing."""
    for path in element.iter(SVG + "path"):
        found = re.search(r"stroke-width: ([\d.]+)", path.get("style") or "")
        if found:
            return float(found.group(1))
    raise AssertionError("no stroked path")


def fetched_addresses(text):
    """Every http(s) address that is not the name of an XML namespace."""
    return re.findall(r"https?://[^\s\"'<>]+", re.sub(r'xmlns(:\w+)?="[^"]*"', "", text))


class Case(unittest.TestCase):
    """A test case with a scratch folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_of(self, variant="all", name="run"):
        directory = os.path.join(self.folder, name)
        write_run(directory, variant)
        return directory

    def report_ok(self, *arguments, **keywords):
        """Runs the report and expects it to succeed; returns the folder of the page it names on stdout."""
        done = report(*arguments, **keywords)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(os.path.isfile(done.stdout.strip()), done.stdout)
        return os.path.dirname(done.stdout.strip())
