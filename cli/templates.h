// SPDX-License-Identifier: GPL-2.0-only
/** @file The scenarios that `weft new` starts from. @NAME@ stands for the scenario's name. */
#ifndef WEFT_CLI_TEMPLATES_H
#define WEFT_CLI_TEMPLATES_H

#include <array>
#include <string_view>

namespace weft::cli
{

struct Template
{
    std::string_view name;
    std::string_view summary;
    std::string_view text;
};

inline constexpr std::string_view BRANCH_TEMPLATE =
    R"(scenario: @NAME@
about: A branch with two Internet links calls its head office; one link degrades.
duration: 60s                    # simulated time; every quantity carries its unit
seed: 1

clouds:                          # provider networks; `weft explain clouds` tells more
  internet: { kind: internet }

sites:                           # each has an Edge, a LAN and links to clouds
  branch:
    lan: 10.1.0.0/24
    links:
      cable: { cloud: internet, up: 20Mbps, down: 100Mbps }
      lte:   { cloud: internet, rate: 30Mbps }
  hq:
    lan: 10.0.0.0/24
    links:
      fibre: { cloud: internet, rate: 1Gbps }

paths:                           # the weather between pairs of links of one cloud
  - { between: [branch.cable, hq.fibre], rtt: 14ms, jitter: 2ms, loss: 0.05% }
  - { between: [branch.lte, hq.fibre], rtt: 38ms, jitter: 5ms, loss: 0.1%, bad_period: 60ms }

slas:                            # built in: voice, video, transactional, bulk
  calls: { preset: voice, jitter: 15ms }

policy:                          # ordered; the first rule that matches decides
  - rule: calls
    match: { protocol: udp, destination_ports: 5004-5060 }
    class: voice
    sla: calls
    links: { prefer: [cable] }
    remedies: { duplicate: on, switch_after: 2s, return_after: 10s }

traffic:
  call: { kind: voice, from: branch, to: hq, start: 2s, stop: 58s, destination_port: 5004 }

events:                          # what happens to the weather, and when
  congestion: { at: 20s, for: 5s, path: [branch.cable, hq.fibre], jitter: 25ms }

expect:                          # what `weft run` and `weft check` verify
  opens-on-cable: { decision: open, flow: call, to: cable, within: 5s }
  moves-to-lte:   { decision: switch, flow: call, from: cable, to: lte, after: congestion, within: 8s }
  comes-back:     { decision: return, flow: call, to: cable, after: congestion.end, within: 30s }
  good-call:      { metric: mos.mean, flow: call, above: 3.6 }
)";

inline constexpr std::string_view BLACKOUT_TEMPLATE =
    R"(scenario: @NAME@
about: MPLS fails under a running call, which goes on over the Internet.
duration: 40s

clouds:
  internet: { kind: internet }
  mpls: { kind: l3vpn }          # members reach only each other

sites:
  branch:
    lan: 10.1.0.0/24
    links:
      mpls: { cloud: mpls, rate: 20Mbps }
      dsl:  { cloud: internet, up: 20Mbps, down: 80Mbps }
  hq:
    lan: 10.0.0.0/24
    links:
      mpls: { cloud: mpls, rate: 100Mbps }
      dia:  { cloud: internet, rate: 1Gbps }

paths:
  - { between: [branch.mpls, hq.mpls], rtt: 10ms, jitter: 0.5ms }
  - { between: [branch.dsl, hq.dia], rtt: 18ms, jitter: 3ms, loss: 0.1% }

policy:
  - rule: calls
    match: { protocol: udp }
    class: voice
    links: { prefer: [mpls] }
    remedies: { return_after: 10s }

traffic:
  call: { kind: voice, from: branch, to: hq, start: 2s, stop: 38s }

events:
  cut: { at: 15s, for: 5s, link: branch.mpls, state: down }

expect:
  leaves-mpls: { decision: switch, flow: call, from: mpls, to: dsl, after: cut, within: 500ms }
  comes-back:  { decision: return, flow: call, to: mpls, after: cut.end, within: 15s }
)";

inline constexpr std::string_view GLOBALCO_TEMPLATE =
    R"(scenario: @NAME@
about: Four offices of GlobalCo, joined by MPLS and the Internet where they have them.
duration: 60s

clouds:
  internet: { kind: internet }
  globalco-mpls: { kind: l3vpn }

sites:                           # with locations, a path quicker than light in fibre is an error
  hq:
    about: London
    location: { latitude: 51.5072, longitude: -0.1276 }
    lan: 10.20.10.0/24
    links:
      mpls: { cloud: globalco-mpls, rate: 200Mbps }
      dia:  { cloud: internet, rate: 1Gbps }
  bristol:
    location: { latitude: 51.4545, longitude: -2.5879 }
    lan: 10.20.30.0/24
    links:
      mpls:      { cloud: globalco-mpls, rate: 50Mbps }
      broadband: { cloud: internet, rate: 200Mbps }
  newcastle:
    location: { latitude: 54.9783, longitude: -1.6178 }
    lan: 10.20.40.0/24
    links:
      broadband: { cloud: internet, up: 20Mbps, down: 80Mbps }
  new-york:
    location: { latitude: 40.7128, longitude: -74.0060 }
    lan: 10.20.50.0/24
    links:
      mpls: { cloud: globalco-mpls, rate: 50Mbps }
      dia:  { cloud: internet, rate: 200Mbps }

paths:                           # pairs that are not listed have no path
  - { between: [bristol.mpls, hq.mpls], rtt: 5ms, jitter: 0.5ms }
  - { between: [bristol.broadband, hq.dia], rtt: 12ms, jitter: 4ms, loss: 0.1%, bad_period: 20ms }
  - { between: [newcastle.broadband, hq.dia], rtt: 16ms, jitter: 4ms, loss: 0.1%, bad_period: 20ms }
  - { between: [new-york.mpls, hq.mpls], rtt: 76ms, jitter: 0.5ms, loss: 0.01% }
  - { between: [new-york.dia, hq.dia], rtt: 74ms, jitter: 2ms, loss: 0.05%, bad_period: 20ms }

applications:
  teams-audio: { protocol: udp, source_ports: 50000-50019, destination_ports: 3478-3481 }

policy:
  - rule: teams-audio
    match: { application: teams-audio }
    class: voice
    links: { prefer: [broadband, dia] }
    remedies: { fec: { data: 4 }, duplicate: on }

traffic:
  bristol-call:   { kind: voice, codec: teams, application: teams-audio, from: bristol, to: hq, start: 1s }
  newcastle-call: { kind: voice, codec: teams, application: teams-audio, from: newcastle, to: hq, start: 2s }
  backup:         { kind: bulk-tcp, from: new-york, to: hq, start: 5s, bytes: 20MB }

expect:
  bristol-quality:   { metric: mos.mean, flow: bristol-call, above: 4 }
  newcastle-quality: { metric: delay.p95, flow: newcastle-call, below: 60ms }
)";

inline constexpr std::string_view VXLAN_TEMPLATE =
    R"(scenario: @NAME@
about: Machines on a leaf-spine fabric talk over VXLAN, and one of them moves.
duration: 20s                    # simulated time; every quantity carries its unit

fabric:                          # leaf1.., spine1..; `weft explain fabric` tells more
  leaves: 2
  spines: 2
  multicast: { mode: pim-sm, rp: spine1 }

overlay:                         # how VTEPs behave
  preset: rfc7348                # or linux, ovs
  replication: multicast         # or head-end, service-node, assisted, none

networks:
  web: { vni: 864, subnet: 192.168.0.0/24 }

hypervisors:
  host: { count: 4 }             # host1 to host4, on the leaves in turn

vms:
  vm: { count: 8 }               # vm1 to vm8, on the hypervisors in turn

traffic:
  ping: { kind: ping, from: vm1, to: vm2, start: 1s, interval: 100ms }

events:
  move: { at: 10s, move: vm2, to: host4, announce: garp, stun: 50ms }

expect:                          # what `weft run` and `weft check` verify
  quick:      { metric: rtt.p95, flow: ping, below: 1ms }
  learns:     { table: vtep-fdb, node: host1, has: { network: web, mac: vm2, remote: host2 }, at: 5s }
  moves-well: { outage: ping, after: move, within: 5s, below: 500ms }

variants:                        # `weft run FILE --variant NAME`; `weft check` runs them all
  head-end: { about: The same without multicast in the fabric., set: [overlay.replication=head-end] }
)";

inline constexpr std::array TEMPLATES{
    Template{"branch", "two Internet links, a call that moves and returns", BRANCH_TEMPLATE},
    Template{"blackout", "MPLS fails under a call", BLACKOUT_TEMPLATE},
    Template{"vxlan", "machines on a leaf-spine fabric, one of which moves", VXLAN_TEMPLATE},
    Template{"globalco", "four offices on MPLS and the Internet", GLOBALCO_TEMPLATE},
};

} // namespace weft::cli

#endif
