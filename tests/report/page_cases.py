# SPDX-License-Identifier: GPL-2.0-only
"""The page of a run and the comparison of several: they say what the run's files say, and fetch nothing."""
import csv
import html
import json
import os
import re
import unittest

from support import Case, edit, fetched_addresses, read, report
from report.variants import read_variants, weather_note


def table_rows(page, caption):
    """Cells as plain text of the table whose caption starts with `caption`."""
    found = re.search(rf"<caption><span>{re.escape(caption)}.*?</table>", page, re.S)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", found.group(0), re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    return [[html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in row] for row in cells]


class RunPage(Case):
    """One run, with failing expectations."""

    @classmethod
    def setUpClass(cls):
        case = cls("run_of")
        Case.setUp(case)
        cls.addClassCleanup(case.doCleanups)
        cls.run_dir = case.run_of("none")
        cls.page = read(case.report_ok(cls.run_dir), "index.html")
        cls.info = json.loads(read(cls.run_dir, "run.json"))

    def setUp(self):
        pass

    def test_nothing_is_fetched(self):
        self.assertEqual(fetched_addresses(self.page), [])
        self.assertNotRegex(self.page, r"<(link|img|iframe|script src)|@import|url\((?!#)")

    def test_ids_are_unique(self):
        ids = re.findall(r'\bid="?([^\s">]+)', self.page)
        self.assertEqual(len(ids), len(set(ids)))

    def test_inner_links_lead_somewhere(self):
        ids = set(re.findall(r'\bid="?([^\s">]+)', self.page))
        for target in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', self.page):
            self.assertIn("".join(target), ids)

    def test_verdict_band_counts_and_names_the_failed(self):
        band = re.search(r'<section class="verdict.*?</section>', self.page, re.S).group(0)
        verdicts = self.info["verdicts"]
        failed = [verdict for verdict in verdicts if verdict["status"] == "fail"]
        self.assertIn(f"{len(verdicts) - len(failed)} of {len(verdicts)} expectations met", band)
        self.assertEqual(re.findall(r'href="#expect-([^"]+)"', band), [verdict["name"] for verdict in failed])

    def test_table_of_expectations_says_what_run_json_says(self):
        rows = table_rows(self.page, "Every expectation")[1:]
        status = [row[1] for row in rows]
        self.assertEqual(status, sorted(status, key=lambda text: "not" not in text))
        by_name = {row[0]: row for row in rows}
        self.assertEqual(set(by_name), {verdict["name"] for verdict in self.info["verdicts"]})
        for verdict in self.info["verdicts"]:
            _, mark, statement, limit, measured, margin, detail = by_name[verdict["name"]]
            self.assertEqual("not met" not in mark, verdict["status"] == "pass")
            self.assertEqual(statement, verdict["statement"])
            self.assertEqual(detail, verdict["detail"] or "\u2013")
            for shown, key in ((limit, "threshold"), (measured, "measured"), (margin, "margin")):
                if verdict[key] is None:
                    self.assertEqual(shown, "\u2013")
                    continue
                number = re.match(r"[\u2212\d.]+", shown).group(0).replace("\u2212", "-")
                self.assertAlmostEqual(float(number), verdict[key], delta=6e-4)
                self.assertTrue(shown.endswith(verdict["unit"]))

    def test_decision_log_holds_every_row(self):
        with open(os.path.join(self.run_dir, "decisions.csv"), encoding="utf-8", newline="") as file:
            expected = list(csv.DictReader(file))
        rows = table_rows(self.page, "Every steering decision")[1:]
        self.assertEqual([row[4] for row in rows], [row["action"] for row in expected])
        self.assertEqual([row[10] for row in rows], [row["reason"] for row in expected])

    def test_drops_and_books(self):
        rows = table_rows(self.page, "Every drop")[1:]
        self.assertEqual(rows[0], ["cloud internet bristol.broadband>hq.dia", "weather-loss", "21", "3150"])
        self.assertIn("they balance", self.page)

    def test_provenance(self):
        for text in (self.info["scenario"]["digest"], self.info["weft"]["version"], " ".join(self.info["command"])):
            self.assertIn(text, self.page)

    def test_only_the_volatile_key_may_differ(self):
        edit(self.run_dir, "run.json", lambda text: text.replace('"wall_s": 1.93', '"wall_s": 9.99'))
        out = os.path.join(self.run_dir, "other")
        self.assertEqual(report(self.run_dir, "--out", out).returncode, 0)
        self.assertEqual(read(out, "index.html"), self.page)


class Comparison(Case):
    """Several runs."""

    def runs(self):
        return [self.run_of(variant, variant) for variant in ("none", "fec", "all")]

    def test_page_figure_and_table(self):
        none, fec, everything = self.runs()
        out = os.path.join(self.folder, "out")
        arguments = ("--compare", f"all remedies off={none}", fec, f"everything={everything}", "--out")
        self.report_ok(*arguments, out)
        page = read(out, "index.html")
        rows = table_rows(page, "The flow as the LAN received it")[1:]
        self.assertEqual([row[0] for row in rows], ["all remedies off", "fec", "everything"])
        self.assertEqual(rows[0][2], "6 / 4000")
        self.assertEqual(rows[2][1], "0\u202f%")
        self.assertIn("The same weather", page)
        self.assertEqual(fetched_addresses(page), [])
        self.report_ok(*arguments, out + "2", hash_seed="5")
        for name in ("index.html", *(f"figures/comparison.{kind}" for kind in ("svg", "pdf", "csv"))):
            with open(os.path.join(out, name), "rb") as first, open(os.path.join(out + "2", name), "rb") as second:
                self.assertEqual(first.read(), second.read(), name)

    def test_labels_are_what_the_names_do_not_share(self):
        fec, switch = self.run_of("fec", "a"), self.run_of("switch", "b")
        self.assertEqual([v.label for v in read_variants([fec, switch])], ["fec", "switch"])
        self.assertEqual([v.label for v in read_variants([fec, fec])], ["teams-call-fec (1)", "teams-call-fec (2)"])

    def test_overrides_name_runs_of_one_scenario(self):
        plain, changed = self.run_of("all", "a"), self.run_of("all", "b")
        edit(changed, "run.json", lambda t: t.replace('"overrides": []', '"overrides": ["policy.0.remedies.fec=off"]'))
        self.assertEqual([v.label for v in read_variants([plain, changed])], ["teams-call", "fec=off"])

    def test_other_weather_is_noticed(self):
        none, fec, _ = self.runs()
        self.assertTrue(weather_note(read_variants([none, fec]))[0])
        edit(fec, "paths.csv", lambda text: text.replace(",0.040000,voice", ",0.080000,voice", 1))
        same, note = weather_note(read_variants([none, fec]))
        self.assertFalse(same)
        self.assertIn("broadband", note)
        edit(none, "run.json", lambda text: text.replace('"seed": 1', '"seed": 2'))
        self.assertIn("another seed", weather_note(read_variants([none, fec]))[1])


if __name__ == "__main__":
    unittest.main()
