// SPDX-License-Identifier: GPL-2.0-only
#include "engine/build/translate-overlay.h"

#include "ns3/vxlan-preset.h"

#include <algorithm>
#include <set>

namespace weft::engine
{

namespace
{

vxlan::EncapsulationKind
KindOf(spec::EncapsulationKind kind)
{
    switch (kind)
    {
    case spec::EncapsulationKind::Nvgre:
        return vxlan::EncapsulationKind::Nvgre;
    case spec::EncapsulationKind::Gre:
        return vxlan::EncapsulationKind::GreTeb;
    case spec::EncapsulationKind::Stt:
        return vxlan::EncapsulationKind::Stt;
    case spec::EncapsulationKind::Geneve:
        return vxlan::EncapsulationKind::Geneve;
    case spec::EncapsulationKind::Vxlan:
        break;
    }
    return vxlan::EncapsulationKind::Vxlan;
}

vxlan::Preset
PresetOf(spec::OverlayPreset preset)
{
    switch (preset)
    {
    case spec::OverlayPreset::Linux:
        return vxlan::Preset::Linux;
    case spec::OverlayPreset::Ovs:
        return vxlan::Preset::Ovs;
    case spec::OverlayPreset::Rfc7348:
        break;
    }
    return vxlan::Preset::Rfc7348;
}

vxlan::SourcePortMode
SourcePortOf(spec::SourcePortKind kind)
{
    switch (kind)
    {
    case spec::SourcePortKind::Linux:
        return vxlan::SourcePortMode::Linux;
    case spec::SourcePortKind::TopBit:
        return vxlan::SourcePortMode::TopBit;
    case spec::SourcePortKind::Full:
        return vxlan::SourcePortMode::Full;
    case spec::SourcePortKind::Fixed:
        return vxlan::SourcePortMode::Fixed;
    case spec::SourcePortKind::Rfc:
        break;
    }
    return vxlan::SourcePortMode::Rfc;
}

vxlan::DfMode
DfOf(spec::OuterDf df)
{
    switch (df)
    {
    case spec::OuterDf::Set:
        return vxlan::DfMode::Set;
    case spec::OuterDf::Inherit:
        return vxlan::DfMode::Inherit;
    case spec::OuterDf::Clear:
        break;
    }
    return vxlan::DfMode::Clear;
}

vxlan::MappingKind
MappingOf(spec::Learning learning)
{
    switch (learning)
    {
    case spec::Learning::Static:
        return vxlan::MappingKind::Static;
    case spec::Learning::Controller:
        return vxlan::MappingKind::Controller;
    case spec::Learning::DataPlane:
        break;
    }
    return vxlan::MappingKind::DataPlane;
}

vxlan::ReplicationKind
ReplicationOf(spec::Replication replication)
{
    switch (replication)
    {
    case spec::Replication::HeadEnd:
        return vxlan::ReplicationKind::HeadEnd;
    case spec::Replication::ServiceNode:
        return vxlan::ReplicationKind::ServiceNode;
    case spec::Replication::Assisted:
        return vxlan::ReplicationKind::Assisted;
    case spec::Replication::None:
        return vxlan::ReplicationKind::None;
    case spec::Replication::Multicast:
        break;
    }
    return vxlan::ReplicationKind::Multicast;
}

/// Machines' caches: unconfirmed entries go after the given time, as simple hosts have it.
netbase::NeighbourConfig
NeighboursOf(spec::Duration timeout)
{
    netbase::NeighbourConfig neighbours = netbase::NeighbourConfig::Linux();
    if (timeout.count() > 0)
    {
        const std::uint32_t pending = neighbours.pendingPackets;
        neighbours = netbase::NeighbourConfig::Router(timeout);
        neighbours.pendingPackets = pending;
    }
    return neighbours;
}

std::vector<vxlan::NetworkConfig>
VtepNetworks(const spec::Scenario& scenario, spec::Index hypervisor)
{
    std::vector<std::vector<spec::Index>> members(scenario.networks.size());
    for (spec::Index h = 0; h < scenario.hypervisors.size(); ++h)
    {
        for (const spec::Index network : NetworksOf(scenario, h))
        {
            members[network].push_back(h);
        }
    }
    std::vector<vxlan::NetworkConfig> networks;
    for (const spec::Index n : NetworksOf(scenario, hypervisor))
    {
        const spec::VirtualNetwork& given = scenario.networks[n];
        vxlan::NetworkConfig network;
        network.vni = given.vni;
        network.group = given.group;
        network.vlan = given.vlan;
        for (const spec::Index other : members[n])
        {
            if (other != hypervisor)
            {
                network.floodList.push_back(scenario.hypervisors[other].attachment.address);
            }
        }
        networks.push_back(std::move(network));
    }
    return networks;
}

vxlan::VtepConfig
VtepConfigOf(const spec::Scenario& scenario, spec::Index index)
{
    const spec::Hypervisor& given = scenario.hypervisors[index];
    const spec::OverlaySettings& settings = given.overlay;
    vxlan::VtepConfig vtep;
    vtep.address = given.attachment.address;
    vtep.mtu = given.attachment.settings.mtu;
    vtep.encapsulation = EncapsulationOf(scenario, settings, vtep.mtu, given.name);
    vtep.networks = VtepNetworks(scenario, index);
    vtep.mapping = MappingOf(settings.learning);
    vtep.fdb.ageing = settings.ageing;
    vtep.fdb.mode = settings.ageSweep ? vxlan::AgeingMode::LinuxSweep : vxlan::AgeingMode::Exact;
    vtep.fdb.maxEntries = settings.fdbLimit;
    vtep.ageRefresh = settings.ageRefresh == spec::AgeRefresh::Receive
                          ? vxlan::AgeRefresh::OnReceive
                          : vxlan::AgeRefresh::OnReceiveOrTransmit;
    vtep.replication = ReplicationOf(settings.replication);
    vtep.headEndOrder = settings.preset == spec::OverlayPreset::Linux ? vxlan::HeadEndOrder::Linux
                                                                      : vxlan::HeadEndOrder::List;
    vtep.probe.interval = settings.probe;
    vtep.probe.multiplier = static_cast<std::uint8_t>(settings.probeMisses);
    if (settings.replication == spec::Replication::ServiceNode)
    {
        for (const auto& node : scenario.serviceNodes)
        {
            vtep.nodes.push_back(node.attachment.address);
        }
    }
    if (settings.replication == spec::Replication::Assisted)
    {
        for (spec::Index h = 0; h < scenario.hypervisors.size(); ++h)
        {
            if (!scenario.hypervisors[h].replicator)
            {
                continue;
            }
            const netbase::IpAddress address = ReplicatorAddress(scenario, h);
            if (h == index)
            {
                vtep.replicatorAddress = address;
            }
            else
            {
                vtep.nodes.push_back(address);
            }
        }
    }
    vtep.floodUnknownUnicast = settings.floodUnknown;
    vtep.floodOnNewLocalMac = settings.floodOnNewLocalMac;
    vtep.arpSuppression = settings.arpSuppression;
    vtep.mtuPolicy.fragment = settings.fragment;
    vtep.mtuPolicy.icmp = settings.pathMtu;
    return vtep;
}

} // namespace

bool
WantsTables(const spec::Scenario& scenario)
{
    return scenario.record.tables || std::any_of(scenario.expectations.begin(),
                                                 scenario.expectations.end(),
                                                 [](const spec::Expectation& e) {
                                                     return e.kind == spec::ExpectKind::Table;
                                                 });
}

std::vector<spec::Index>
NetworksOf(const spec::Scenario& scenario, spec::Index hypervisor)
{
    std::set<spec::Index> networks;
    const spec::Hypervisor& self = scenario.hypervisors[hypervisor];
    if (self.replicator && self.overlay.replication == spec::Replication::Assisted)
    {
        // RFC 9574 section 4: leaves may send it broadcasts of any network, with VMs of its own or
        // not.
        for (spec::Index n = 0; n < scenario.networks.size(); ++n)
        {
            networks.insert(n);
        }
    }
    for (const auto& vm : scenario.vms)
    {
        if (vm.hypervisor == hypervisor)
        {
            networks.insert(vm.network);
        }
    }
    for (const auto& event : scenario.events)
    {
        if (event.kind == spec::EventKind::Move && event.move.to == hypervisor)
        {
            networks.insert(scenario.vms[event.move.vm].network);
        }
    }
    for (const auto& gateway : scenario.gateways)
    {
        if (gateway.hypervisor != hypervisor)
        {
            continue;
        }
        for (const auto& interface : gateway.interfaces)
        {
            networks.insert(interface.network);
        }
    }
    return {networks.begin(), networks.end()};
}

netbase::IpAddress
ReplicatorAddress(const spec::Scenario& scenario, spec::Index hypervisor)
{
    const auto number = static_cast<std::uint32_t>(hypervisor + 1);
    if (scenario.hypervisors[hypervisor].attachment.address.IsV4())
    {
        return netbase::IpAddress::V4(0x0afe0000u | number);
    }
    std::array<std::uint8_t, 16> octets{0xfd, 0x00, 0xff, 0xfd};
    netbase::Write32(octets.data() + 12, number);
    return netbase::IpAddress::V6(octets);
}

std::uint64_t
KeyOf(const spec::Scenario& scenario, std::string_view name)
{
    // FNV-1a over the name, started from the seed; then the finaliser of SplitMix64.
    std::uint64_t key = 0xcbf29ce484222325ull ^ scenario.seed * 0x9e3779b97f4a7c15ull;
    for (const char c : name)
    {
        key = (key ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ull;
    }
    key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9ull;
    key = (key ^ key >> 27) * 0x94d049bb133111ebull;
    return key ^ key >> 31;
}

vxlan::EncapsulationConfig
EncapsulationOf(const spec::Scenario& scenario,
                const spec::OverlaySettings& settings,
                std::uint32_t mtu,
                std::string_view name)
{
    vxlan::EncapsulationConfig out =
        vxlan::MakeConfig(PresetOf(settings.preset), KindOf(settings.encapsulation));
    out.destinationPort = settings.destinationPort;
    out.sourcePort = SourcePortOf(settings.sourcePort);
    if (settings.preset == spec::OverlayPreset::Ovs &&
        settings.sourcePort == spec::SourcePortKind::Linux)
    {
        // Open vSwitch's own range ends one port later.
        out.sourcePort = vxlan::SourcePortMode::Range;
        out.sourcePortMin = 32768;
        out.sourcePortMax = 61000;
    }
    out.fixedSourcePort = settings.fixedSourcePort;
    out.symmetricHash = settings.symmetricHash;
    out.hashKey = KeyOf(scenario, std::string("ports of ") + std::string(name));
    out.checksum = settings.udpChecksum ? vxlan::ChecksumMode::Computed : vxlan::ChecksumMode::Zero;
    out.dropReservedBits = settings.dropReservedBits;
    out.dropInnerVlan = !settings.keepInnerVlan;
    out.ttlMode = settings.ttlInherit ? vxlan::FieldMode::Inherit : vxlan::FieldMode::Fixed;
    out.ttl = settings.ttl;
    out.multicastTtl = settings.multicastTtl;
    out.tosMode = settings.tosInherit ? vxlan::FieldMode::Inherit : vxlan::FieldMode::Fixed;
    out.tos = settings.tos;
    out.ecn = settings.ecn;
    out.df = DfOf(settings.df);
    out.mtu = mtu;
    return out;
}

netbase::EndpointConfig
EndpointOf(const spec::Scenario& scenario,
           const spec::Attachment& attachment,
           std::string_view name)
{
    netbase::EndpointConfig endpoint;
    endpoint.mac = attachment.mac;
    endpoint.address = attachment.address;
    endpoint.prefixLength = attachment.prefixLength;
    endpoint.gateway = attachment.gateway;
    endpoint.mtu = attachment.settings.mtu;
    endpoint.igmpVersion =
        static_cast<std::uint8_t>(scenario.fabric ? scenario.fabric->multicast.igmpVersion : 3);
    endpoint.key = KeyOf(scenario, std::string("host ") + std::string(name));
    return endpoint;
}

vxlan::HypervisorConfig
HypervisorConfigOf(const spec::Scenario& scenario, spec::Index index)
{
    const spec::Hypervisor& given = scenario.hypervisors[index];
    vxlan::HypervisorConfig config;
    config.hasVtep = given.vtep;
    config.vtep = VtepConfigOf(scenario, index);
    config.underlay = EndpointOf(scenario, given.attachment, given.name);
    config.bridge.fdb.ageing = given.overlay.bridgeAgeing;
    config.tables = WantsTables(scenario);
    config.bondKey = KeyOf(scenario, "bond of " + given.name);
    return config;
}

std::vector<netbase::IpAddress>
VtepsOf(const spec::Scenario& scenario, spec::Index network)
{
    std::vector<netbase::IpAddress> vteps;
    for (spec::Index h = 0; h < scenario.hypervisors.size(); ++h)
    {
        const auto networks = NetworksOf(scenario, h);
        if (std::binary_search(networks.begin(), networks.end(), network))
        {
            vteps.push_back(scenario.hypervisors[h].attachment.address);
        }
    }
    return vteps;
}

vxlan::ServiceHostConfig
ServiceNodeConfigOf(const spec::Scenario& scenario, spec::Index index)
{
    const spec::ServiceNode& given = scenario.serviceNodes[index];
    vxlan::ServiceHostConfig config;
    config.underlay = EndpointOf(scenario, given.attachment, given.name);
    vxlan::ServiceNodeConfig node;
    node.address = given.attachment.address;
    node.mtu = given.attachment.settings.mtu;
    node.encapsulation = EncapsulationOf(scenario, scenario.overlay, node.mtu, given.name);
    node.probe.interval = scenario.overlay.probe;
    node.probe.multiplier = static_cast<std::uint8_t>(scenario.overlay.probeMisses);
    config.serviceNode = node;
    config.tables = WantsTables(scenario);
    return config;
}

netbase::EndpointConfig
VmEndpointOf(const spec::Scenario& scenario, spec::Index index)
{
    const spec::Vm& vm = scenario.vms[index];
    netbase::EndpointConfig endpoint;
    endpoint.mac = vm.mac;
    endpoint.address = vm.address;
    endpoint.prefixLength = vm.prefixLength;
    endpoint.gateway = vm.gateway;
    endpoint.mtu = vm.mtu;
    endpoint.key = KeyOf(scenario, "machine " + vm.name);
    endpoint.neighbours = NeighboursOf(scenario.hypervisors[vm.hypervisor].overlay.arpTimeout);
    endpoint.neighbours.reportsChanges = WantsTables(scenario);
    return endpoint;
}

vxlan::PortConfig
PortOf(const spec::Scenario& scenario, spec::Index index)
{
    const spec::Vm& vm = scenario.vms[index];
    const spec::VirtualNetwork& network = scenario.networks[vm.network];
    vxlan::PortConfig port;
    if (vm.tagged)
    {
        port.kind = vxlan::PortKind::Trunk;
        port.vlans[network.vlan] = network.vni;
    }
    else
    {
        port.kind = vxlan::PortKind::Access;
        port.vni = network.vni;
    }
    return port;
}

vxlan::VrrpConfig
VrrpOf(const spec::Vrrp& vrrp)
{
    vxlan::VrrpConfig config;
    config.vrid = vrrp.id;
    config.priority = vrrp.priority;
    config.addresses = {vrrp.address};
    config.interval = vrrp.advertise;
    config.preempt = vrrp.preempt;
    return config;
}

vxlan::RouterConfig
RouterConfigOf(const spec::Scenario& scenario, spec::Index index)
{
    const spec::Gateway& gateway = scenario.gateways[index];
    vxlan::RouterConfig config;
    config.neighbours = netbase::NeighbourConfig::Router(gateway.arpTimeout);
    config.neighbours.maxEntries = gateway.arpCache;
    for (const auto& interface : gateway.interfaces)
    {
        vxlan::RouterInterfaceConfig out;
        out.vni = scenario.networks[interface.network].vni;
        out.mac = interface.mac;
        out.address = interface.address;
        out.prefixLength = interface.prefixLength;
        const auto vrrp =
            std::find_if(gateway.vrrp.begin(), gateway.vrrp.end(), [&](const spec::Vrrp& v) {
                return v.network == interface.network;
            });
        if (vrrp != gateway.vrrp.end())
        {
            out.vrrp = VrrpOf(*vrrp);
        }
        config.interfaces.push_back(out);
    }
    return config;
}

} // namespace weft::engine
