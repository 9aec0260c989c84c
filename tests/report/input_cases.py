# SPDX-License-Identifier: GPL-2.0-only
"""Damaged, missing and sparse input: a clear error and exit code 2, or a report that copes."""
import json
import os
import unittest

from support import Case, edit, read, report
from report.results import read_run
from report.tables import ReportError


class Damage(Case):
    """Each fault is found, and the message names file, line and fault."""

    def fault(self, name, change, *expected):
        directory = self.run_of()
        edit(directory, name, change)
        with self.assertRaises(ReportError) as caught:
            read_run(directory)
        for text in (name, *expected):
            self.assertIn(text, str(caught.exception))

    def test_not_a_number(self):
        self.fault("flows.csv", lambda t: t.replace(",25,25,0,", ",25,many,0,", 1), ":12: delivered", '"many" is not a number')

    def test_fraction_out_of_range(self):
        self.fault("flows.csv", lambda t: t.replace("0.000000", "1.5", 1), "loss", "outside 0 to 1")

    def test_renamed_column(self):
        self.fault("paths.csv", lambda t: t.replace("observer", "watcher", 1), ":1: column 2", '"watcher"', '"observer"')

    def test_missing_column(self):
        self.fault("drops.csv", lambda t: t.replace(",bytes\n", "\n", 1), ":1: column 4", '"missing"')

    def test_short_line(self):
        self.fault("decisions.csv", lambda t: t + "1.5,bristol\n", ":9: 2 cells, expected 15")

    def test_time_running_back(self):
        self.fault("flows.csv", lambda t: t.replace("\n9.0,call,f", "\n8.0,call,f", 1), "time_s does not increase")

    def test_unknown_flow(self):
        self.fault("flows.csv", lambda t: t.replace("\n9.0,call", "\n9.0,chat", 1), 'flow "chat" is not in run.json')

    def test_empty_file(self):
        self.fault("drops.csv", lambda t: "", "expected a header line")

    def test_run_json_cut_short(self):
        self.fault("run.json", lambda t: t[: len(t) // 2], "not JSON")

    def test_run_json_without_key(self):
        self.fault("run.json", lambda t: t.replace('"digest"', '"digested"'), 'key "scenario.digest" is missing')

    def test_run_json_with_odd_verdict(self):
        self.fault("run.json", lambda t: t.replace('"pass"', '"maybe"', 1), 'status is "maybe"')


class CommandLine(Case):
    """What a user meets at the shell."""

    def refused(self, *arguments):
        done = report(*arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_unfinished_run(self):
        directory = self.run_of()
        os.remove(os.path.join(directory, "run.json"))
        self.assertIn("did not finish", self.refused(directory))
        self.assertFalse(os.path.exists(os.path.join(directory, "report")))

    def test_missing_table(self):
        directory = self.run_of()
        os.remove(os.path.join(directory, "paths.csv"))
        self.assertIn("paths.csv: missing", self.refused(directory))

    def test_no_such_directory(self):
        self.assertIn("no such directory", self.refused(os.path.join(self.folder, "nowhere")))

    def test_unknown_flow(self):
        self.assertIn('no flow "chat"; its flows: call', self.refused(self.run_of(), "--flow", "chat"))

    def test_compare_needs_out(self):
        self.assertIn("--out", self.refused("--compare", self.run_of()))

    def test_runs_as_a_file_from_anywhere(self):
        directory = self.run_of()
        self.report_ok(directory, program=("report/main.py",))


class Sparse(Case):
    """Runs with little in them still give a page."""

    def header_only(self, directory, name):
        edit(directory, name, lambda text: text.split("\n", 1)[0] + "\n")

    def test_no_decisions_no_drops_no_verdicts(self):
        directory = self.run_of()
        for name in ("decisions.csv", "drops.csv"):
            self.header_only(directory, name)
        info = json.loads(read(directory, "run.json"))
        info["verdicts"], info["events"], info["flows"][0]["sla"] = [], [], None
        with open(os.path.join(directory, "run.json"), "w", encoding="utf-8") as file:
            json.dump(info, file)
        page = read(self.report_ok(directory), "index.html")
        for text in ("No expectations were stated", "No steering decision", "Nothing was dropped", "stay within its SLA?"):
            self.assertIn(text, page)

    def test_no_flow_at_all(self):
        directory = self.run_of()
        self.header_only(directory, "flows.csv")
        self.assertIn("No flow was recorded", read(self.report_ok(directory), "index.html"))

    def test_one_path_and_no_voice(self):
        directory = self.run_of("none")
        edit(directory, "paths.csv", lambda text: "\n".join(l for l in text.split("\n") if "mpls" not in l))
        edit(directory, "run.json", lambda text: text.replace('"kind": "voice"', '"kind": "bulk-udp"'))

        def without_mos(text):
            lines = [line.split(",") for line in text.strip().split("\n")]
            return "\n".join(",".join(c if i != 13 or c == "mos" else "" for i, c in enumerate(l)) for l in lines) + "\n"

        edit(directory, "flows.csv", without_mos)
        edit(directory, "run.json", lambda text: text.replace(".mos_", ".other_"))
        page = read(self.report_ok(directory), "index.html")
        self.assertIn("Did flow call from bristol to hq survive", page)
        self.assertNotIn('id="f1-call-MOS"', page)
        self.assertIn('id="f1-call-delay"', page)

    def test_cells_without_a_value(self):
        directory = self.run_of()
        edit(directory, "flows.csv", lambda t: t.replace("9.3292,15.1877,18.1170,1.9575", "nan,,NaN,"))
        edit(directory, "paths.csv", lambda t: "\n".join(
            ",".join("" if 5 <= i <= 16 and n else c for i, c in enumerate(l.split(","))) for n, l in enumerate(t.split("\n"))))
        page = read(self.report_ok(directory), "index.html")
        self.assertNotIn(">nan<", page.lower())
        self.assertNotIn("nan ", page.lower().replace("finan", ""))

    def test_text_from_a_scenario_is_escaped(self):
        directory = self.run_of()
        edit(directory, "run.json", lambda t: t.replace("Bristol calls HQ", "<script>alert(1)</script> & HQ"))
        page = read(self.report_ok(directory), "index.html")
        self.assertNotIn("<script>alert", page)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt; &amp; HQ", page)


if __name__ == "__main__":
    unittest.main()
