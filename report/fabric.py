# SPDX-License-Identifier: GPL-2.0-only
"""What a fabric is made of, as run.json and the tables have it: names behind addresses, parallel links, totals."""
import math

import numpy as np


class Names:
    """Names of hypervisors and machines behind their addresses."""

    def __init__(self, run):
        fabric = run.fabric or {}
        self.by_address, self.by_mac = {}, {}
        for hypervisor in fabric.get("hypervisors") or []:
            self.by_address[hypervisor.get("address")] = hypervisor["name"]
        machines = {}
        for vm in fabric.get("vms") or []:
            self.by_mac.setdefault(vm.get("mac"), []).append(vm)
            machines.setdefault(vm.get("address"), []).append(vm["name"])
        for address, names in machines.items():
            if len(names) == 1:  # networks may use the same addresses
                self.by_address.setdefault(address, names[0])
        self.machines_of = {}
        for vm in fabric.get("vms") or []:
            self.machines_of.setdefault(vm.get("hypervisor"), []).append(vm["name"])
        self.networks = {network["name"]: network for network in fabric.get("networks") or []}

    def address(self, text):
        """The hypervisor or machine of this address, else the address."""
        return self.by_address.get(text, text)

    def mac(self, text, domain=""):
        """The machine of this MAC address in the network of this VNI or VLAN, else the MAC address."""
        owners = self.by_mac.get(text, [])
        if len(owners) > 1 and domain:
            mine = [vm for vm in owners if domain in self._numbers(vm.get("network"))]
            owners = mine or owners
        return owners[0]["name"] if len(owners) == 1 else text

    def _numbers(self, network):
        found = self.networks.get(network) or {}
        return {str(found.get("vni")), str(found.get("vlan"))}


def ends(run):
    """{link: (first, second)}: where a link's direction "out" comes from and goes to."""
    return {link["name"]: (link.get("first", ""), link.get("second", "")) for link in (run.fabric or {}).get("links") or []}


def arrow(link, direction, known):
    """"leaf1 → spine1" of a link's name and direction; `known` is what ends() gave."""
    first, second = known.get(link) or _ends_of_name(link)
    return f"{first} \u2192 {second}" if direction == "out" else f"{second} \u2192 {first}"


def _ends_of_name(link):
    first, _, second = link.partition(".")
    return first, {"port": "switch", "uplink": "network"}.get(second, second) or "?"


class Share:
    """One of several links that share a load, in one direction."""

    def __init__(self, run, name, direction, member=None):
        stem = f"link.{name}.{direction}" if member is None else f"link.{name}.{member}.{direction}"
        self.link, self.direction = name, direction
        self.label = name if member is None else f"{name} member {member}"
        self.member = member
        self.bytes, self.frames, self.flows = (run.scalar(f"{stem}.{what}") for what in ("bytes", "frames", "flows"))


class Group:
    """Parallel links of one router in one direction, or the members of one aggregated link."""

    def __init__(self, title, shares):
        self.title, self.shares = title, shares

    def values(self, what):
        return np.array([getattr(share, what) for share in self.shares], dtype=float)

    def total(self, what):
        return float(np.nansum(self.values(what)))

    def imbalance(self, what):
        """Largest over mean; NaN where nothing was counted."""
        values = self.values(what)
        total = np.nansum(values)
        return float(np.nanmax(values) * len(values) / total) if total > 0 else math.nan


def groups(run):
    """Every set of parallel links that carried anything, the busiest first.

    Links from a router to neighbours that have another neighbour in common are parallel: they are
    alternatives on the way to that one. In a leaf-spine fabric only the leaves choose.
    """
    fabric = run.fabric or {}
    routers = set(fabric.get("routers") or [])
    links = [link for link in fabric.get("links") or [] if {link.get("first"), link.get("second")} <= routers]
    near = {}
    for link in links:
        near.setdefault(link["first"], []).append((link["second"], link["name"], "out"))
        near.setdefault(link["second"], []).append((link["first"], link["name"], "in"))
    around = {router: {other for other, _, _ in near[router]} for router in near}
    chooses = {link["first"] for link in links} if fabric.get("kind") == "leaf-spine" else set(near)
    found = []
    for router in sorted(chooses, key=natural):
        left = list(near.get(router, []))
        while left:
            others = {left[0][0]}
            others |= {other for other, _, _ in left if (around[other] & around[left[0][0]]) - {router}}
            mine = [item for item in left if item[0] in others]
            left = [item for item in left if item[0] not in others]
            if len(mine) > 1:
                found.append(Group(f"out of {router}", [Share(run, name, way) for _, name, way in mine]))
    for link in fabric.get("links") or []:
        for way in ("out", "in"):
            members = int(link.get("members") or 1)
            if members > 1:
                title = f"bundle {link['name']}, {way}"
                found.append(Group(title, [Share(run, link["name"], way, m + 1) for m in range(members)]))
    busy = [group for group in found if group.total("frames") > 0]
    return sorted(busy, key=lambda group: -group.total("bytes"))


def most_uneven(found):
    """The group with the largest most / mean by bytes, of those that carry at least a tenth of what the busiest does."""
    busy = [group for group in found if group.total("bytes") >= 0.1 * found[0].total("bytes")]
    return max(busy, key=lambda group: group.imbalance("bytes"), default=None)


def natural(name):
    head = name.rstrip("0123456789")
    return head, int(name[len(head):] or 0)


def totals(run, column):
    """{vtep: sum of this column of vteps.csv}, the largest first."""
    sums = {}
    for vtep, value in zip(run.vteps["vtep"], run.vteps[column]):
        sums[vtep] = sums.get(vtep, 0.0) + value
    return dict(sorted(sums.items(), key=lambda item: (-item[1], natural(item[0]))))


def outages(run):
    """[(flow, direction, seconds, start or NaN)] of every flow and direction that sent, as run.json lists the flows."""
    found = []
    for flow in run.info["flows"]:
        for direction in ("forward", "backward"):
            stem = f"{flow['name']}.{direction}"
            if run.scalar(f"{stem}.sent") > 0:
                found.append((flow["name"], direction, run.scalar(f"{stem}.outage_s"), run.scalar(f"{stem}.outage_from_s")))
    return found


def duration(seconds):
    """"11.03 s", "250 ms": three digits at most where they say something."""
    if math.isnan(seconds):
        return "unknown"
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.4g}\u00a0s"
    return f"{1e3 * seconds:.3g}\u00a0ms"
