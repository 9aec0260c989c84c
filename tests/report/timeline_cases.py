# SPDX-License-Identifier: GPL-2.0-only
"""The key figure: what it derives, what it draws, and that it draws the same bytes again."""
import csv
import os
import unittest
import xml.etree.ElementTree as ElementTree

from support import Case, edit, fetched_addresses, group, read, stroke_width
from report.knowledge import judged_spans
from report.lanes import pack
from report.marks import named_decisions, shown_decisions
from report.results import read_run
from report.story import Story


def story_of(directory, direction="forward"):
    run = read_run(directory)
    return Story(run, run.default_flow(), direction)


class Lanes(unittest.TestCase):
    """Label placement."""

    def test_no_two_labels_of_a_row_touch(self):
        items = [(0.1 * step, 1.0 + step % 3) for step in range(60)]
        rows, placed = pack(items, 0, 8, 0.1)
        spans = {}
        for (_, width), (row, start) in zip(items, placed):
            for first, last in spans.setdefault(row, []):
                self.assertTrue(start >= last + 0.1 - 1e-9 or start + width <= first - 0.1 + 1e-9)
            spans[row].append((start, start + width))
        self.assertEqual(rows, len(spans))

    def test_a_label_at_the_right_end_turns_left(self):
        self.assertEqual(pack([(9.5, 2)], 0, 10, 0.1), (1, [(0, 7.5)]))

    def test_room_enough_needs_one_row(self):
        self.assertEqual(pack([(0, 1), (2, 1), (4, 1)], 0, 10, 0.1)[0], 1)


class Derived(Case):
    """The story behind the figure."""

    def test_path_in_use_changes_at_the_decisions(self):
        spans = story_of(self.run_of()).spans
        use = [(span.primary, span.extra) for span in spans]
        self.assertEqual(use, [("broadband", ""), ("broadband", "mpls"), ("mpls", ""), ("broadband", "")])
        self.assertEqual([span.start for span in spans[1:]], [30.812442, 32.812442, 56.104])
        self.assertEqual((spans[0].start, spans[-1].stop), (5.0, 85.0))
        for before, after in zip(spans, spans[1:]):
            self.assertEqual(before.stop, after.start)

    def test_backward_knows_its_sender_and_the_same_link_names(self):
        story = story_of(self.run_of(), "backward")
        self.assertEqual((story.sender, story.receiver), ("hq", "bristol"))
        self.assertEqual([path.name for path in story.paths], ["hq.dia>bristol.broadband", "hq.mpls>bristol.mpls"])
        self.assertEqual(story.links(), ["broadband", "mpls"])

    def test_answer_follows_the_numbers(self):
        directory = self.run_of()
        self.assertTrue(story_of(directory).answer().startswith("Yes: 0.00\u00a0% lost (0 of 4000 packets)"))
        edit(directory, "run.json", lambda t: t.replace('"call.forward.loss": 0.0', '"call.forward.loss": 0.02'))
        self.assertTrue(story_of(directory).answer().startswith("No, loss 2.00\u00a0% is over 1.00\u00a0%"))

    def test_scalars_missing_from_run_json_come_from_the_bins(self):
        directory = self.run_of("none")
        given = {m: story_of(directory).measure(m) for m in ("sent", "lost", "loss", "mos_mean", "mos_min")}
        edit(directory, "run.json", lambda t: t.replace('"call.forward.', '"other.forward.'))
        story = story_of(directory)
        for metric, value in given.items():
            self.assertAlmostEqual(story.measure(metric), value, places=9, msg=metric)

    def test_figure_names_at_most_twelve_decisions_inside_its_time(self):
        directory = self.run_of()
        row = "{:.3f},bristol,call,1,r,{},,,,,,,broadband,mpls,why"
        extra = [row.format(0.01, "path-up"), row.format(5.0201, "fec-on")]
        extra += [row.format(40 + step / 10, "fec-off") for step in range(20)]
        edit(directory, "decisions.csv", lambda text: text + "\n".join(extra) + "\n")
        story = story_of(directory)
        named = named_decisions(story)
        self.assertEqual([number for number, _ in named], list(range(1, 13)))
        times = [decision.time for _, decision in named]
        self.assertEqual(times, sorted(times))
        self.assertGreaterEqual(times[0], 5.02)
        self.assertEqual([d.action for _, d in named if d.action != "fec-off"], ["open", "duplicate", "switch", "return"])
        self.assertEqual(len(shown_decisions(story)), 24)

    def test_share_in_sla_counts_bins(self):
        story = story_of(self.run_of("none"))
        outside = sum(
            d > 65 or j > 15 or l > 0.01
            for d, j, l in zip(story.bins["delay_p95_ms"], story.bins["jitter_ms"], story.bins["loss"])
        )
        self.assertGreater(outside, 0)
        self.assertAlmostEqual(story.share_in_sla(), 1 - outside / len(story.bins))


class Drawing(Case):
    """The files."""

    @classmethod
    def setUpClass(cls):
        case = cls("run_of")
        Case.setUp(case)
        cls.addClassCleanup(case.doCleanups)
        cls.run_dir = case.run_of()
        cls.out = case.report_ok(cls.run_dir)
        cls.second = case.report_ok(cls.run_dir, "--out", os.path.join(case.folder, "again"), hash_seed="77")
        cls.svg = os.path.join(cls.out, "figures", "timeline-call-forward.svg")

    def setUp(self):
        pass

    def test_files_exist_and_repeat_byte_for_byte(self):
        names = sorted(os.listdir(os.path.join(self.out, "figures")))
        stems = ("paths-call-forward", "timeline-call-backward", "timeline-call-forward")
        kinds = [f"{stem}.{kind}" for stem in stems for kind in ("csv", "pdf", "svg")]
        self.assertEqual(names, kinds)
        for name in ["index.html", *(os.path.join("figures", name) for name in names)]:
            with open(os.path.join(self.out, name), "rb") as first, open(os.path.join(self.second, name), "rb") as second:
                self.assertEqual(first.read(), second.read(), name)

    def test_svg_stands_alone(self):
        root = ElementTree.parse(self.svg).getroot()
        self.assertTrue(root.tag.endswith("svg"))
        text = read(self.svg)
        self.assertEqual(fetched_addresses(text), [])
        self.assertNotIn("<metadata", text)
        self.assertIn("<title>Did the call from bristol to hq survive", text)
        self.assertIn("<desc>", text)

    def test_pdf_has_no_date(self):
        with open(self.svg.replace(".svg", ".pdf"), "rb") as file:
            pdf = file.read()
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertNotIn(b"CreationDate", pdf)

    def test_used_path_is_thicker_and_all_panels_stand(self):
        for panel in ("delay", "jitter", "loss"):
            for link in ("broadband", "mpls"):
                thin = stroke_width(group(self.svg, f"path-{panel}-{link}"))
                thick = stroke_width(group(self.svg, f"used-{panel}-{link}"))
                self.assertGreater(thick, 2 * thin)
            self.assertIsNotNone(group(self.svg, f"call-{panel}"))
            self.assertIsNotNone(group(self.svg, f"sla-{panel}"))
        for gid in ("call-MOS", "event-neighbour-torrent", "carries-mpls-2", "copies-mpls-1", "decision-4"):
            self.assertIsNotNone(group(self.svg, gid), gid)
        self.assertIsNone(group(self.svg, "decision-5"))

    def test_measured_stands_beside_true(self):
        svg = os.path.join(self.out, "figures", "paths-call-forward.svg")
        for link in ("broadband", "mpls"):
            for name in ("measured-jitter_ms", "true-true_jitter_ms", "measured-loss", "true-true_latency_ms"):
                self.assertIsNotNone(group(svg, f"{name}-{link}"), name)
        story = story_of(self.run_dir)
        self.assertEqual(judged_spans(story, story.paths[0], "out"), [(30.5, 35.5)])
        self.assertEqual(judged_spans(story, story.paths[1], "out"), [])
        self.assertEqual(judged_spans(story, story.paths[1], "unknown"), [(0.5, 1.0)])

    def test_csv_holds_what_is_drawn(self):
        with open(self.svg.replace(".svg", ".csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        used = {float(r["time_s"]) for r in rows if (r["panel"], r["series"], r["note"]) == ("delay", "mpls", "in use")}
        self.assertEqual((min(used), max(used)), (30.5, 56.0))
        path = [(r["series"], r["note"]) for r in rows if r["panel"] == "path"]
        self.assertEqual(path[1], ("broadband", "copies on mpls"))
        self.assertEqual(sum(r["panel"] == "MOS" and r["series"] == "call" for r in rows), 160)


if __name__ == "__main__":
    unittest.main()
