# SPDX-License-Identifier: GPL-2.0-only
"""The parts of the page of a run over a fabric, each a function from the run to HTML."""
import re
from html import escape

from report import markup, sections
from report.fabric import Names, arrow, duration, ends, groups, outages, totals
from report.markup import DASH, number, percent, text

WALK = 60  # frames of the packet walk
ALIKE = 3  # of those that read alike
MACHINES = 8  # machines named for a hypervisor
ROWS = 40  # rows of a table of VTEPs

METHOD = """<h2 id=method>Method and limits</h2>
<ul>
<li>One run is one sample: seed {seed}. What a run draws at random (loss, timers of protocols, hashes of flows) comes from the seed alone.</li>
<li>Time series are in bins of {interval:g}&nbsp;s. A flow\u2019s bins go by the time a packet was sent. The length of an outage does not
 hang on the bins: it lasts from the sending of the first packet lost until the sending of the first that arrived again, so it is
 known to one sending interval. A packet that has not arrived after a second is lost.</li>
<li>Bytes of links are Ethernet frames without frame check sequence; utilisation counts preamble, check sequence and gap as well (24 bytes a frame).</li>
<li>Tables are what the simulated devices held. A bar begins when an entry was added and ends when it was removed or came to point elsewhere.</li>
<li>Switches, routers and hypervisors take no time to process a frame; queues, line rates and propagation do.</li>
</ul>
"""


def _count(things, noun):
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("ch") else "s")
    return f"{len(things)} {noun if len(things) == 1 else plural}"


def headline(run, variant=True):
    """What carries what, in one line; with the run's variant, unless not wanted."""
    fabric = run.fabric
    routers = fabric.get("routers") or []
    bridged = fabric.get("forwarding") == "bridged"
    parts = []
    if routers:
        kind = f"{fabric.get('kind') or 'custom'} fabric of {_count(routers, 'switch' if bridged else 'router')}"
        parts.append(f"{kind}, {fabric.get('forwarding') or 'routed'}")
    vteps = [h for h in fabric.get("hypervisors") or [] if h.get("vtep")]
    if vteps:
        parts.append(
            f"{_count(vteps, 'VTEP')} with {_encapsulation(fabric)}; learning: {fabric.get('learning')}; "
            f"replication: {fabric.get('replication')}" + (f" ({fabric['multicast']})" if _multicast(fabric) else "")
        )
    elif fabric.get("hypervisors"):
        parts.append(f"{_count(fabric['hypervisors'], 'hypervisor')} without tunnels (802.1Q)")
    machines = f"{_count(fabric.get('vms') or [], 'machine')} in {_count(fabric.get('networks') or [], 'network')}"
    parts.append(machines)
    line = escape(". ".join(part[:1].upper() + part[1:] for part in parts))
    named = f" <b>Variant {escape(run.variant)}.</b>" if variant and run.variant != "base" else ""
    return f"<p class=topology>{line}.{named}</p>"


def _encapsulation(fabric):
    name = str(fabric.get("encapsulation") or "")
    return {"vxlan": "VXLAN", "nvgre": "NVGRE", "stt": "STT", "gre": "GRE", "geneve": "Geneve"}.get(name, name)


def _multicast(fabric):
    return fabric.get("replication") == "multicast" and fabric.get("multicast") not in (None, "", "off")


def flows(run):
    """What became of each flow and direction, with its longest outage."""
    rows = []
    for name, direction, length, start in outages(run):
        value = lambda metric, stem=f"{name}.{direction}": run.scalar(f"{stem}.{metric}")  # noqa: E731
        flow = run.flow(name)
        way = f"{flow.get('from')} \u2192 {flow.get('to')}" if flow.get("to") else f"{flow.get('from')} \u2192 all"
        if direction == "backward":
            way = f"{flow.get('to')} \u2192 {flow.get('from')}"
        outage = duration(length) if length > 0 else "none" if length == 0 else DASH
        if length > 0:
            outage += f", from {start:.6g}\u00a0s on"
        rows.append([
            escape(name), escape(way), text(flow.get("kind")), number(value("sent")), number(value("lost")),
            percent(value("loss"), 3), escape(outage), number(value("duplicates")), number(value("reordered")),
            number(value("delay_mean_ms"), 4), number(value("delay_p95_ms"), 4), number(value("delay_max_ms"), 4),
        ])
    if not rows:
        return ""
    head = ["flow", "way", "kind", "sent", "lost", "loss", "longest outage", "duplicated", "reordered", "delay mean (ms)",
            "p95 (ms)", "max (ms)"]
    return "<h2 id=flows>What was received</h2>" + markup.table(
        "Packets of each flow and direction, as the receiving machine saw them. A ping\u2019s delay is its round trip.",
        head, rows, ["h", "", "", "n", "n", "n", "", "n", "n", "n", "n", "n"], cards=True,
    )


def broadcasts(run):
    """What every broadcast flow's receivers heard, and how far apart."""
    rows = []
    for flow in run.info["flows"]:
        value = lambda figure, name=flow["name"]: run.scalar(f"{name}.{figure}")  # noqa: E731
        if value("receivers") >= 0:
            rows.append([
                escape(flow["name"]), number(value("receivers")), number(value("arrivals")), number(value("arrivals_lost")),
                number(value("arrivals_duplicate")), number(value("complete")), number(value("skew_mean_us"), 3),
                number(value("skew_max_us"), 3),
            ])
    if not rows:
        return ""
    return markup.table(
        "Broadcasts at all their receivers. Skew: from a frame\u2019s first arrival to its last, of those that all heard.",
        ["flow", "receivers", "arrivals", "missing", "duplicated", "heard by all", "skew mean (\u00b5s)", "max (\u00b5s)"],
        rows, ["h", *["n"] * 7],
    )


def flooding(run):
    """What each VTEP did, in figures."""
    columns = ("encapsulated", "decapsulated", "flooded_frames", "flooded_copies", "flooded_bytes", "learned", "moved",
               "aged", "drops")
    sums = {column: totals(run, column) for column in columns}
    last = dict(zip(run.vteps["vtep"], run.vteps["fdb_entries"]))
    names = list(sums["flooded_copies"])
    rows = [
        [escape(name)] + [markup.octets(sums[c][name]) if c == "flooded_bytes" else number(sums[c][name]) for c in columns]
        + [number(last[name])]
        for name in names[:ROWS]
    ]
    if not rows:
        return ""
    head = ["VTEP", "encapsulated", "decapsulated", "flooded frames", "copies", "bytes of copies", "learned", "moved",
            "aged", "dropped", "entries at the end"]
    rest = f" {len(names) - ROWS} more are in vteps.csv." if len(names) > ROWS else ""
    return markup.table(f"Frames and table entries of each VTEP over the run, most copies first.{rest}",
                        head, rows, ["h", *["n"] * 10])


def balance(run):
    """The parallel links in figures."""
    known, rows = ends(run), []
    for group in groups(run)[:ROWS]:
        for place, share in enumerate(group.shares):
            total = group.total("bytes")
            member = f", member {share.member}" if share.member else ""
            rows.append([
                escape(arrow(share.link, share.direction, known) + member),
                markup.octets(share.bytes),
                percent(share.bytes / total, 1) if total > 0 else DASH,
                number(share.frames),
                number(share.flows),
                number(group.imbalance("bytes"), 3) if place == 0 else "",
            ])
    if not rows:
        return ""
    return markup.table(
        "Parallel links. Most / mean, by bytes, is 1 when all of a group carry the same. Flows are counted where an expectation asks for it.",
        ["link", "bytes", "share", "frames", "flows", "most / mean"], rows, ["h", "n", "n", "n", "n", "n"],
    )


def _worth_showing(frames):
    """(indices of the frames of the walk, number of repetitions left out before its end).

    Of a control message on a link and way the first is shown, of other frames that read alike the first three.
    """
    seen, kept, left = {}, [], 0
    for index in range(len(frames)):
        message = frames["message"][index]
        control = message.startswith(("igmp-", "pim-")) or frames["protocol"][index] in ("igmp", "pim")
        words = message if control else re.sub(r"(ping \w+|fragment at) \d+", r"\1", frames["summary"][index])
        key = (frames["link"][index], frames["direction"][index], words)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > (1 if control else ALIKE):
            left += 1
            continue
        kept.append(index)
        if len(kept) == WALK:
            break
    return kept, left


def walk(run):
    """The packet walk: the first frames of the watched links in order of time."""
    frames = run.frames
    if not len(frames):
        return ""
    names, known = Names(run), ends(run)
    kept, repeated = _worth_showing(frames)
    rows = []
    for index in kept:
        cell = lambda column, i=index: frames[column][i]  # noqa: E731
        envelope = f"{cell('encapsulation')} {cell('vni')}".strip()
        outer = DASH
        if cell("source"):
            outer = escape(f"{names.address(cell('source'))} \u2192 {names.address(cell('destination'))}")
        inner = DASH
        if cell("inner_source"):
            inner = escape(f"{_short(names, cell('inner_source'), cell('vni'))} \u2192 {_short(names, cell('inner_destination'), cell('vni'))}")
        summary = cell("summary")
        if envelope and summary.startswith(envelope + ": "):
            summary = summary[len(envelope) + 2 :]
        rows.append([
            f"{cell('time_s'):.6f}", escape(arrow(cell("link"), cell("direction"), known)), text(summary),
            text(envelope), outer, inner, number(cell("size")),
        ])
    if len(rows) == len(frames):
        note = f"All {len(rows)} frames on the watched links, by the time their first bit was sent."
    else:
        note = (
            f"The first frames of {number(len(frames))} on the watched links, by the time their first bit was sent; "
            f"repetitions ({number(repeated)} up to the last row) are left out. All are in frames.csv."
        )
    head = ["time (s)", "link", "what", "envelope", "addresses", "inner frame", "bytes"]
    return "<h2 id=walk>A packet\u2019s day</h2>" + markup.table(
        note, head, rows, ["n", "", "w", "", "", "", "n"], cards=True,
    )


def _short(names, mac, vni):
    return "everyone" if mac == "ff:ff:ff:ff:ff:ff" else names.mac(mac, vni)


def inventory(run):
    """Networks and hypervisors, as configured."""
    fabric, names = run.fabric, Names(run)
    networks, hypervisors = fabric.get("networks") or [], fabric.get("hypervisors") or []
    if not networks and not hypervisors:
        return ""
    members = {}
    for vm in fabric.get("vms") or []:
        members[vm.get("network")] = members.get(vm.get("network"), 0) + 1
    out = ["<h2 id=network>The networks and their hosts</h2>"]
    rows = [
        [escape(network["name"]), str(network.get("vni") or 0), text(network.get("group")),
         str(network["vlan"]) if network.get("vlan") else DASH, str(members.get(network["name"], 0))]
        for network in networks[:ROWS]
    ]
    if rows:
        rest = f" {len(networks) - ROWS} more are in run.json." if len(networks) > ROWS else ""
        out.append(markup.table(f"Virtual networks.{rest}", ["network", "VNI", "group", "VLAN", "machines"], rows,
                                ["h", "n", "", "n", "n"]))
    rows = []
    for hypervisor in hypervisors[:ROWS]:
        mine = names.machines_of.get(hypervisor["name"], [])
        listed = ", ".join(mine[:MACHINES]) + (f" and {len(mine) - MACHINES} more" if len(mine) > MACHINES else "")
        rows.append([escape(hypervisor["name"]), text(hypervisor.get("at")), text(hypervisor.get("address")),
                     "yes" if hypervisor.get("vtep") else "no", text(listed)])
    if rows:
        rest = f" {len(hypervisors) - ROWS} more are in run.json." if len(hypervisors) > ROWS else ""
        table = markup.table(f"Hypervisors and the machines on them at the start.{rest}",
                             ["hypervisor", "attached to", "address", "VTEP", "machines"], rows, ["h", "", "", "", "w"])
        out.append(f"<details{' open' if len(rows) <= 8 else ''}><summary>{_count(hypervisors, 'hypervisor')}</summary>{table}</details>")
    return "".join(out)


def drops(run):
    """Drops by place and reason, and the books, said of what they count here."""
    wan, fabric = len(run.paths), run.fabric.get("links")
    what = "frames put on the links of the fabric"
    if wan:
        what = "datagrams and frames put on the links of WAN and fabric" if fabric else "datagrams put on the WAN"
    return sections.drops(run, what)
