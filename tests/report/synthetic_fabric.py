# SPDX-License-Identifier: GPL-2.0-only
"""Writes an invented run over a fabric in the documented result format, so that the report can be tested without a simulation.

    python3 tests/report/synthetic_fabric.py OUT_DIR [base|garp|bridged]

Three hosts on two leaves with two spines; vm2 moves from host2 to host3 at 4 s. Without an announcement vm1's
packets are lost until host1's entry ages; with one the outage is the 200 ms of the move.
"""
import csv
import json
import os
import sys

DURATION, INTERVAL = 10.0, 0.5
RATE = 100  # packets a second
MOVE = 4.0
OUTAGE = {"base": 3.0, "garp": 0.2, "bridged": 0.2}
ADDRESS = {f"host{i}": f"10.1.{i}.10" for i in (1, 2, 3)}
MAC = {f"vm{i}": f"00:50:56:00:00:0{i}" for i in (1, 2, 3)}
FLOWS = (
    "time_s,flow,direction,sent,delivered,lost,duplicates,reordered,delay_mean_ms,delay_p95_ms,"
    "delay_max_ms,jitter_ms,loss,mos,copies,parity,bytes_wire,path"
)
PATHS = (
    "time_s,observer,path,direction,state,latency_ms,latency_low_ms,latency_high_ms,jitter_ms,"
    "jitter_low_ms,jitter_high_ms,loss,loss_low,loss_high,smoothed_latency_ms,smoothed_jitter_ms,"
    "smoothed_loss,samples,rtt_ms,true_latency_ms,true_jitter_ms,true_loss,in_sla"
)
DECISIONS = (
    "time_s,edge,flow,flow_id,rule,action,metric,value,bound,threshold,timer,timer_s,from,to,reason"
)
TABLES = "time_s,node,table,op,cause,domain,mac,address,source,remote,port,text"
FRAMES = (
    "time_s,link,direction,size,eth_source,eth_destination,outer_vlan,source,destination,ttl,tos,df,fragment,"
    "protocol,source_port,destination_port,udp_checksum,encapsulation,vni,inner_source,inner_destination,"
    "inner_vlan,inner_kind,message,summary"
)
LINKS = "time_s,link,direction,frames,bytes,drops,utilisation"
VTEPS = (
    "time_s,vtep,encapsulated,decapsulated,flooded_frames,flooded_copies,flooded_bytes,learned,moved,aged,drops,fdb_entries"
)
FABRIC_LINKS = ("leaf1.spine1", "leaf1.spine2", "leaf2.spine1", "leaf2.spine2")
# Packets that leaf1 sends over each spine, of a hundred.
SPLIT = {"leaf1.spine1": 70, "leaf1.spine2": 30}


def lost_in(variant, start):
    """Packets of a bin that are lost."""
    stop = MOVE + OUTAGE[variant]
    return round(RATE * max(0.0, min(start + INTERVAL, stop) - max(start, MOVE)))


def bins():
    return [i * INTERVAL for i in range(int(DURATION / INTERVAL))]


def flow_rows(variant):
    rows, sent = [], int(RATE * INTERVAL)
    for time in bins():
        lost = lost_in(variant, time)
        delay = ["0.012", "0.013", "0.015", "0.001"] if lost < sent else ["", "", "", ""]
        rows.append([time, "feed", "forward", sent, sent - lost, lost, 0, 0, *delay, lost / sent, "", "", 0, 0, ""])
    for time in bins():
        rows.append([time, "ping", "forward", 1, 1, 0, 0, 0, "0.03", "0.03", "0.03", "", 0, "", "", 0, 0, ""])
    return rows


def table_rows(variant):
    until = MOVE + OUTAGE[variant]

    def row(time, node, table, op, cause, vm, where):
        remote = ADDRESS[where] if table == "vtep-fdb" else ""
        port = "" if table == "vtep-fdb" else where
        return [time, node, table, op, cause, 864, MAC[vm], "", "", remote, port, ""]

    if variant == "bridged":
        return [row(0.5, "leaf1", "bridge-fdb", "add", "learned", "vm1", "host1"),
                row(0.6, "leaf1", "bridge-fdb", "add", "learned", "vm2", "host2"),
                row(until, "leaf1", "bridge-fdb", "update", "moved", "vm2", "spine1")]
    rows = [row(0.5, node, "vtep-fdb", "add", "learned", "vm1", "host1") for node in ("host2", "host3")]
    rows += [row(0.501, "host1", "vtep-fdb", "add", "learned", "vm2", "host2"),
             row(0.502, "host1", "vtep-fdb", "add", "learned", "vm3", "host3"),
             row(2.0, "host3", "vtep-fdb", "add", "learned", "vm2", "host2")]
    if variant == "base":
        rows += [row(until, "host1", "vtep-fdb", "remove", "aged", "vm2", "host2"),
                 row(until + 0.01, "host1", "vtep-fdb", "add", "learned", "vm2", "host3")]
    else:
        rows.append(row(until, "host1", "vtep-fdb", "update", "moved", "vm2", "host3"))
    rows.append(row(until, "host3", "vtep-fdb", "remove", "moved", "vm2", "host2"))
    return sorted(rows, key=lambda cells: cells[0])


def frame(time, link, direction, size, **cells):
    names = FRAMES.split(",")
    known = {"time_s": f"{time:.9f}", "link": link, "direction": direction, "size": size, **cells}
    return [known.get(name, "") for name in names]


def frame_rows():
    arp = {"inner_source": MAC["vm1"], "inner_destination": "ff:ff:ff:ff:ff:ff", "inner_kind": "arp-request",
           "summary": "vxlan 864: ARP: who has 192.168.0.2? tell 192.168.0.1"}
    answer = {"inner_source": MAC["vm2"], "inner_destination": MAC["vm1"], "inner_kind": "arp-reply",
              "summary": f"vxlan 864: ARP: 192.168.0.2 is at {MAC['vm2']}"}
    tunnel = {"protocol": "udp", "encapsulation": "vxlan", "vni": 864, "destination_port": 4789, "udp_checksum": 0}
    rows = [frame(0.1 * i, "host1.uplink", "in", 46, source="10.1.1.1", destination="224.0.0.13", protocol="pim",
                  message="pim-hello", summary="pim-hello, 10.1.1.1 > 224.0.0.13") for i in range(3)]
    rows += [
        frame(0.5, "vm1.port", "out", 42, protocol="arp", message="arp-request",
              summary="ARP: who has 192.168.0.2? tell 192.168.0.1"),
        frame(0.500001, "host1.uplink", "out", 92, source=ADDRESS["host1"], destination="239.0.3.96", **tunnel, **arp),
        frame(0.500009, "host2.uplink", "out", 92, source=ADDRESS["host2"], destination=ADDRESS["host1"], **tunnel, **answer)]
    for i in range(70):
        rows.append(frame(0.6 + 0.01 * i, "host1.uplink", "out", 148, source=ADDRESS["host1"], destination=ADDRESS["host2"],
                          inner_source=MAC["vm1"], inner_destination=MAC["vm2"], inner_kind="udp",
                          summary="vxlan 864: udp 192.168.0.1:5000 > 192.168.0.2:5000", **tunnel))
    return rows


def link_rows():
    rows = []
    for time in bins():
        for link in (*FABRIC_LINKS, "host1.uplink", "host2.uplink", "host3.uplink"):
            for way in ("out", "in"):
                share = SPLIT.get(link, 0) if way == "out" else 0
                frames = share // 2
                rows.append([time, link, way, frames, 148 * frames, 0, frames * 148 * 8 / INTERVAL / 1e6])
    return rows


def vtep_rows(variant):
    rows = []
    for time in bins():
        for place, host in enumerate(ADDRESS):
            flooded = (2 if place == 0 else 1) if time == 0.5 else 0
            if variant == "base" and place == 0 and time == MOVE + OUTAGE["base"]:
                flooded = 4
            rows.append([time, host, 50 if place == 0 else 1, 50 if place else 1, flooded, 2 * flooded, 184 * flooded,
                         1 if time == 0.5 else 0, 0, 0, 0, 2])
    return rows


def information(variant):
    bridged = variant == "bridged"
    lost = sum(lost_in(variant, time) for time in bins())
    sent = int(RATE * DURATION)
    split = {link: int(sent * share / 100) for link, share in SPLIT.items()}
    scalars = {
        "feed.forward.sent": sent, "feed.forward.delivered": sent - lost, "feed.forward.lost": lost,
        "feed.forward.loss": lost / sent, "feed.forward.duplicates": 0, "feed.forward.reordered": 0,
        "feed.forward.delay_mean_ms": 0.012, "feed.forward.delay_p95_ms": 0.013, "feed.forward.delay_max_ms": 0.015,
        "feed.forward.outage_s": OUTAGE[variant], "feed.forward.outage_from_s": MOVE,
        "ping.forward.sent": 20, "ping.forward.delivered": 20, "ping.forward.lost": 0, "ping.forward.loss": 0,
        "ping.forward.delay_mean_ms": 0.03, "ping.forward.outage_s": 0}
    if not bridged:
        rows = vtep_rows(variant)
        scalars.update({"vteps.flooded_frames": sum(r[4] for r in rows), "vteps.flooded_copies": sum(r[5] for r in rows),
                        "vteps.flooded_bytes": sum(r[6] for r in rows)})
    for link in FABRIC_LINKS:
        for way in ("out", "in"):
            frames = split.get(link, 0) if way == "out" else 0
            stem = f"link.{link}.{way}"
            scalars.update({f"{stem}.frames": frames, f"{stem}.bytes": 148 * frames, f"{stem}.drops": 0})
            if link.startswith("leaf1"):
                scalars[f"{stem}.flows"] = frames // 100
    good = OUTAGE[variant] < 1
    return {
        "weft": {"version": "0.1.0", "git": {"commit": "0ec1551", "dirty": False}, "ns3": "3.37", "compiler": "g++ 12.2.0"},
        "scenario": {"name": "silent-move", "about": "A machine moves without a word.",
                     "file": "scenarios/vxlan/silent-move.weft.yaml", "digest": {"base": "1", "garp": "2", "bridged": "3"}[variant] * 32,
                     "duration_s": DURATION, "record_interval_s": INTERVAL},
        "command": ["weft", "run", "scenarios/vxlan/silent-move.weft.yaml"], "overrides": [], "seed": 1,
        "topology": {
            "sites": [], "clouds": [], "paths": [],
            "fabric": {
                "kind": "leaf-spine", "forwarding": "bridged" if bridged else "routed", "multicast": "pim-sm",
                "encapsulation": "vxlan", "learning": "data-plane", "replication": "multicast",
                "routers": ["leaf1", "leaf2", "spine1", "spine2"],
                "links": [{"name": link, "first": link.split(".")[0], "second": link.split(".")[1], "rate_bps": 1e9,
                           "members": 1} for link in FABRIC_LINKS]
                + [{"name": f"{h}.uplink", "first": h, "second": "leaf1" if h == "host1" else "leaf2", "rate_bps": 1e9,
                    "members": 1} for h in ADDRESS],
                "networks": [{"name": "tenant", "vni": 864, "group": "239.0.3.96", "vlan": 10}],
                "hypervisors": [{"name": h, "at": "leaf1" if h == "host1" else "leaf2", "address": a, "vtep": not bridged}
                                for h, a in ADDRESS.items()],
                "vms": [{"name": f"vm{i}", "hypervisor": f"host{i}", "network": "tenant", "address": f"192.168.0.{i}",
                         "mac": MAC[f"vm{i}"]} for i in (1, 2, 3)]}},
        "events": [{"name": "leaves", "start_s": MOVE, "end_s": MOVE, "label": "moves to host3", "target": "vm2"}],
        "flows": [{"name": "feed", "from": "vm1", "to": "vm2", "kind": "bulk-udp", "class": "", "rule": "", "codec": "",
                   "start_s": 0, "stop_s": DURATION, "sla": {}},
                  {"name": "ping", "from": "vm1", "to": "vm3", "kind": "ping", "class": "", "rule": "", "codec": "",
                   "start_s": 0, "stop_s": DURATION, "sla": {}}],
        "scalars": scalars,
        "verdicts": [{"name": "short", "kind": "outage", "status": "pass" if good else "fail",
                      "statement": "The longest outage of feed is below 1 s after leaves.", "measured": OUTAGE[variant],
                      "threshold": 1.0, "unit": "s", "margin": 1 - OUTAGE[variant],
                      "detail": f"forward: {OUTAGE[variant]} s from 4 s on, {lost} packets lost", "at_s": 4.0}],
        "books": {"sent": 3000, "delivered": 2999 - lost, "dropped": lost, "in_flight": 1},
        "variant": variant,
        "volatile": {"wall_s": 0.4, "speed": 25, "events": 12345, "host": "example", "peak_rss_kb": 51200},
    }


def write_csv(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(header + "\n")
        csv.writer(file, lineterminator="\n").writerows(rows)


def write_fabric_run(directory, variant="base"):
    """Writes the variant's run into `directory`, creating it."""
    os.makedirs(directory, exist_ok=True)
    drops = [["hypervisor host2", "no-local-port", 300, 0]] if variant == "base" else []
    files = {"flows.csv": (FLOWS, flow_rows(variant)), "paths.csv": (PATHS, []), "decisions.csv": (DECISIONS, []),
             "drops.csv": ("place,reason,count,bytes", drops), "tables.csv": (TABLES, table_rows(variant)),
             "links.csv": (LINKS, link_rows()), "frames.csv": (FRAMES, frame_rows()),
             "vteps.csv": (VTEPS, [] if variant == "bridged" else vtep_rows(variant))}
    for name, (header, rows) in files.items():
        write_csv(os.path.join(directory, name), header, rows)
    with open(os.path.join(directory, "run.json"), "w", encoding="utf-8") as file:
        json.dump(information(variant), file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    write_fabric_run(sys.argv[1], *sys.argv[2:3])
