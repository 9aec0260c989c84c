# SPDX-License-Identifier: GPL-2.0-only
"""Runs over a fabric: figures and page say what the files say, and sections appear only with their data."""
import csv
import json
import os
import re
import unittest

from page_cases import table_rows
from support import Case, edit, fetched_addresses, group, read, report
from synthetic_fabric import write_fabric_run
from report.delivery import rows_of
from report.fabric import Names, groups, outages
from report.forwarding import history
from report.results import read_run
from report.variants import labels_of


class FabricCase(Case):
    """With runs over the invented fabric."""

    def fabric_run(self, variant="base", name=None):
        directory = os.path.join(self.folder, name or variant)
        write_fabric_run(directory, variant)
        return directory

    def rows(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    def change_info(self, directory, change):
        path = os.path.join(directory, "run.json")
        info = json.loads(read(path))
        change(info)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(info, file)


class Derived(FabricCase):
    """What the figures draw, computed without matplotlib."""

    def test_entries_are_replayed_into_pieces(self):
        table, nodes = history(read_run(self.fabric_run("base")))
        self.assertEqual(table, "vtep-fdb")
        self.assertEqual(list(nodes), ["host1", "host3", "host2"])
        entry = next(entry for entry in nodes["host1"] if entry.mac.endswith("02"))
        self.assertEqual(
            [(p.start, p.stop, p.target, p.why) for p in entry.pieces],
            [(0.501, 7.0, "10.1.2.10", "removed: aged"), (7.01, 10.0, "10.1.3.10", "")],
        )

    def test_an_update_ends_a_piece_where_the_next_begins(self):
        _, nodes = history(read_run(self.fabric_run("garp")))
        entry = nodes["host1"][0]
        self.assertEqual([(p.start, p.stop, p.target) for p in entry.pieces],
                         [(0.501, 4.2, "10.1.2.10"), (4.2, 10.0, "10.1.3.10")])
        self.assertEqual(entry.moves(), 1)

    def test_an_update_that_points_to_the_same_place_is_no_new_piece(self):
        directory = self.fabric_run("garp")
        edit(directory, "tables.csv", lambda t: t + "9,host1,vtep-fdb,update,learned,864,00:50:56:00:00:02,,,10.1.3.10,,\n")
        _, nodes = history(read_run(directory))
        self.assertEqual(len(nodes["host1"][0].pieces), 2)

    def test_bridged_fabrics_show_their_switches(self):
        table, nodes = history(read_run(self.fabric_run("bridged")))
        self.assertEqual((table, list(nodes)), ("bridge-fdb", ["leaf1"]))
        self.assertEqual([p.target for p in nodes["leaf1"][0].pieces], ["host2", "spine1"])

    def test_parallel_links_are_those_of_the_leaves(self):
        found = groups(read_run(self.fabric_run()))
        self.assertEqual([(g.title, [s.link for s in g.shares]) for g in found],
                         [("out of leaf1", ["leaf1.spine1", "leaf1.spine2"])])
        self.assertAlmostEqual(found[0].imbalance("bytes"), 1.4)
        self.assertAlmostEqual(found[0].imbalance("flows"), 1.4)

    def test_members_of_a_bundle_are_a_group(self):
        directory = self.fabric_run()

        def bundle(info):
            info["topology"]["fabric"]["links"][2]["members"] = 2
            info["scalars"].update({"link.leaf2.spine1.1.out.bytes": 10, "link.leaf2.spine1.2.out.bytes": 30,
                                    "link.leaf2.spine1.1.out.frames": 1, "link.leaf2.spine1.2.out.frames": 3})

        self.change_info(directory, bundle)
        found = {g.title: g for g in groups(read_run(directory))}
        self.assertAlmostEqual(found["bundle leaf2.spine1, out"].imbalance("bytes"), 1.5)

    def test_chains_of_routers_are_not_parallel(self):
        directory = self.fabric_run()

        def chain(info):
            fabric = info["topology"]["fabric"]
            fabric["kind"] = "custom"
            fabric["links"] = fabric["links"][:1] + fabric["links"][3:]  # leaf1 - spine1, leaf2 - spine2, uplinks
            fabric["links"][0]["second"] = "leaf2"  # leaf1 - leaf2 - spine2

        self.change_info(directory, chain)
        self.assertEqual(groups(read_run(directory)), [])

    def test_outages_are_those_of_run_json(self):
        run = read_run(self.fabric_run())
        self.assertEqual([item[:3] for item in outages(run)], [("feed", "forward", 3.0), ("ping", "forward", 0.0)])

    def test_flows_that_lost_nothing_do_not_fill_the_figure(self):
        directory = self.fabric_run()

        def many(info):
            for i in range(20):
                info["flows"].append({"name": f"f{i}", "kind": "ping", "from": "vm1", "to": "vm2"})
                info["scalars"].update({f"f{i}.forward.sent": 1, f"f{i}.forward.outage_s": 0})

        self.change_info(directory, many)
        rows, others = rows_of(read_run(directory))
        self.assertEqual((len(rows), others, rows[0].name), (4, 18, "feed"))

    def test_names_stand_for_addresses_that_are_theirs_alone(self):
        directory = self.fabric_run()
        names = Names(read_run(directory))
        self.assertEqual(names.address("10.1.2.10"), "host2")
        self.assertEqual(names.address("192.168.0.1"), "vm1")
        self.assertEqual(names.mac("00:50:56:00:00:01"), "vm1")

        def twice(info):
            fabric = info["topology"]["fabric"]
            fabric["networks"].append({"name": "other", "vni": 865, "group": "", "vlan": 0})
            fabric["vms"].append({**fabric["vms"][0], "name": "twin", "network": "other"})

        self.change_info(directory, twice)
        names = Names(read_run(directory))
        self.assertEqual(names.address("192.168.0.1"), "192.168.0.1")
        self.assertEqual(names.mac("00:50:56:00:00:01", "864"), "vm1")
        self.assertEqual(names.mac("00:50:56:00:00:01", "865"), "twin")
        self.assertEqual(names.mac("00:50:56:00:00:01"), "00:50:56:00:00:01")


class FabricPage(FabricCase):
    """Page and files of one run."""

    @classmethod
    def setUpClass(cls):
        case = cls("fabric_run")
        Case.setUp(case)
        cls.addClassCleanup(case.doCleanups)
        cls.run_dir = case.fabric_run()
        cls.out = case.report_ok(cls.run_dir)
        cls.page = read(cls.out, "index.html")
        cls.again = case.report_ok(cls.run_dir, "--out", os.path.join(case.folder, "again"), hash_seed="99")

    def setUp(self):
        pass

    def test_every_figure_repeats_byte_for_byte(self):
        names = sorted(os.listdir(os.path.join(self.out, "figures")))
        stems = ("balance", "delivery", "flooding", "forwarding")
        self.assertEqual(names, [f"{stem}.{kind}" for stem in stems for kind in ("csv", "pdf", "svg")])
        for name in ["index.html", *(os.path.join("figures", name) for name in names)]:
            with open(os.path.join(self.out, name), "rb") as first, open(os.path.join(self.again, name), "rb") as second:
                self.assertEqual(first.read(), second.read(), name)

    def test_nothing_is_fetched_and_ids_are_unique(self):
        self.assertEqual(fetched_addresses(self.page), [])
        ids = re.findall(r'\bid="?([^\s">]+)', self.page)
        self.assertEqual(len(ids), len(set(ids)))
        for target in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', self.page):
            self.assertIn("".join(target), ids)

    def test_every_figure_is_described(self):
        for stem in ("balance", "delivery", "flooding", "forwarding"):
            svg = read(self.out, "figures", stem + ".svg")
            self.assertRegex(svg, r"<title>[^<]{10,}</title>")
            self.assertRegex(svg, r"<desc>[^<]{20,}</desc>")
        self.assertIn("feed, forward: 1000 sent, 300 lost, silent for 3", read(self.out, "figures", "delivery.svg"))

    def test_what_carries_what(self):
        for text in ("Leaf-spine fabric of 4 routers, routed", "3 VTEPs with VXLAN", "replication: multicast (pim-sm)"):
            self.assertIn(text, self.page)
        self.assertNotIn("Variant base", self.page)

    def test_nothing_of_an_sdwan_without_one(self):
        for text in ("steering decision", "What the edges knew", "SLA", "MOS"):
            self.assertNotIn(text, self.page)

    def test_outage_is_drawn_and_labelled(self):
        svg = os.path.join(self.out, "figures", "delivery.svg")
        for gid in ("delivered-feed-forward-0", "lost-feed-forward-5", "outage-feed-forward", "event-leaves"):
            self.assertIsNotNone(group(svg, gid), gid)
        self.assertIsNone(group(svg, "lost-feed-forward-6"), "3 s are six bins")
        self.assertIsNone(group(svg, "outage-ping-forward"))
        self.assertIn("silent for 3\u00a0s", read(svg))

    def test_flow_table(self):
        row = table_rows(self.page, "Packets of each flow")[1]
        self.assertEqual(row[:7], ["feed", "vm1 \u2192 vm2", "bulk-udp", "1000", "300", "30\u202f%", "3\u00a0s, from 4\u00a0s on"])

    def test_a_move_changes_colour(self):
        svg = os.path.join(self.out, "figures", "forwarding.svg")
        fills = []
        for piece in (0, 1):
            element = group(svg, f"entry-host1-864-00:50:56:00:00:02-{piece}")
            self.assertIsNotNone(element)
            fills.append(re.search(r"fill: (#\w+)", element[0].get("style") or element.get("style")).group(1))
        self.assertNotEqual(*fills)

    def test_the_walk_lists_frames_in_order_and_leaves_out_repetitions(self):
        rows = table_rows(self.page, "The first frames of 76")[1:]
        self.assertEqual([row[0] for row in rows], sorted(row[0] for row in rows))
        self.assertEqual([row[2] for row in rows].count("pim-hello, 10.1.1.1 > 224.0.0.13"), 1)
        self.assertEqual(sum(row[2].startswith("udp") for row in rows), 3)
        self.assertEqual(rows[2], ["0.500001", "host1 \u2192 leaf1", "ARP: who has 192.168.0.2? tell 192.168.0.1", "vxlan 864",
                                   "host1 \u2192 239.0.3.96", "vm1 \u2192 everyone", "92"])

    def test_tables_of_vteps_and_links(self):
        rows = table_rows(self.page, "Frames and table entries of each VTEP")[1:]
        self.assertEqual([row[0] for row in rows], ["host1", "host2", "host3"])
        self.assertEqual(rows[0][3:6], ["6", "12", "1.1\u202fkB"])
        rows = table_rows(self.page, "Parallel links")[1:]
        self.assertEqual(rows[0], ["leaf1 \u2192 spine1", "103.6\u202fkB", "70\u202f%", "700", "7", "1.4"])

    def test_csv_holds_what_is_drawn(self):
        with open(os.path.join(self.out, "figures", "delivery.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        lost = sum(int(row[4]) for row in rows[1:] if len(row) == 5)
        self.assertEqual(lost, 300)
        self.assertIn(["feed", "forward", "4", "3"], rows)


class Sparse(FabricCase):
    """Runs that recorded little still give a page."""

    def test_without_tables_frames_and_vteps(self):
        directory = self.fabric_run()
        for name in ("tables.csv", "frames.csv", "vteps.csv", "links.csv"):
            os.remove(os.path.join(directory, name))
        page = read(self.report_ok(directory), "index.html")
        for text in ("Forwarding tables in time", "A packet\u2019s day", "Who flooded"):
            self.assertNotIn(text, page)
        self.assertIn("How long was each flow silent", page)

    def test_nothing_flooded_and_nothing_sent(self):
        directory = self.fabric_run("bridged")
        edit(directory, "flows.csv", lambda text: text.split("\n", 1)[0] + "\n")

        def nothing(info):
            info["scalars"], info["flows"], info["events"], info["verdicts"] = {}, [], [], []

        self.change_info(directory, nothing)
        page = read(self.report_ok(directory), "index.html")
        for text in ("Flooding", "The flows on one time axis", "What was received"):
            self.assertNotIn(f">{text}<", page)

    def test_another_variant_is_named(self):
        self.assertIn("Variant garp.", read(self.report_ok(self.fabric_run("garp")), "index.html"))

    def test_damage_is_named(self):
        directory = self.fabric_run()
        edit(directory, "tables.csv", lambda text: text.replace("0.501,", "soon,", 1))
        done = report(directory)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r'tables\.csv:\d+: time_s: "soon" is not a number')

    def test_a_flow_by_name_has_its_own_figure_as_well(self):
        out = self.report_ok(self.fabric_run(), "--flow", "feed")
        self.assertTrue(os.path.exists(os.path.join(out, "figures", "timeline-feed-forward.svg")))
        self.assertIn("timeline-feed-forward.svg", read(out, "index.html"))

    def test_an_sdwan_below_has_its_sections(self):
        directory = self.fabric_run()
        edit(directory, "decisions.csv", lambda text: text + "1.5,bristol,feed,1,r,open,,,,,,,,broadband,best path\n")
        page = read(self.report_ok(directory), "index.html")
        self.assertIn("Every steering decision.", page)


class FabricComparison(FabricCase):
    """Variants side by side."""

    def test_bars_and_table(self):
        runs = [self.fabric_run(variant) for variant in ("base", "garp", "bridged")]
        out = os.path.join(self.folder, "out")
        self.report_ok("--compare", *runs, "--out", out)
        page = read(out, "index.html")
        rows = table_rows(page, "The runs in figures")
        self.assertEqual(rows[0], ["run", "outage of feed", "frames flooded", "copies", "bytes of copies", "most / mean",
                                   "expectations met"])
        self.assertEqual(rows[1], ["base", "3\u00a0s", "8", "16", "1.47\u202fkB", "1.4", "0 of 1"])
        self.assertEqual(rows[2][:2], ["garp", "200\u00a0ms"])
        self.assertEqual(rows[3], ["bridged", "200\u00a0ms", "\u2013", "\u2013", "\u2013", "1.4", "1 of 1"])
        self.assertIn("Same seed, and the same events at the same times.", page)
        svg = os.path.join(out, "figures", "comparison.svg")
        for key in ("outage-feed-forward", "vteps.flooded_bytes", "balance"):
            self.assertIsNotNone(group(svg, f"bars-{key}-2"), key)
        self.assertEqual(self.rows(os.path.join(out, "figures", "comparison.csv"))[1][:2], ["base", "3"])
        self.report_ok("--compare", *runs, "--out", out + "2", hash_seed="5")
        self.assertEqual(read(out + "2", "index.html"), page)

    def test_names_of_runs(self):
        runs = [read_run(self.fabric_run(variant)) for variant in ("base", "garp")]
        self.assertEqual(labels_of(["", ""], runs), ["base", "garp"])
        self.assertEqual(labels_of(["mine", ""], runs), ["mine", "garp"])

    def test_other_seed_is_noticed_and_unknown_flow_refused(self):
        base, garp = self.fabric_run("base"), self.fabric_run("garp")
        self.change_info(garp, lambda info: info.update(seed=2))
        out = os.path.join(self.folder, "out")
        self.report_ok("--compare", base, garp, "--out", out)
        self.assertIn("garp ran with another seed than base.", read(out, "index.html"))
        done = report("--compare", base, garp, "--out", out, "--flow", "chat")
        self.assertEqual(done.returncode, 2)
        self.assertIn('no packets of flow "chat"', done.stderr)


if __name__ == "__main__":
    unittest.main()
