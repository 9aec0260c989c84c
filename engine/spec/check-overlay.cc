// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind-overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weft::spec
{

namespace
{

/// What an encapsulation adds to a frame's IP packet, inner Ethernet header included and outer
/// excluded; STT is left out, as it cuts to size.
unsigned
OverheadOf(EncapsulationKind kind, bool ipv6)
{
    constexpr unsigned ETHERNET = 14;
    constexpr unsigned UDP = 8;
    constexpr unsigned HEADER = 8; // of VXLAN, Geneve without options, GRE with a key
    const unsigned ip = ipv6 ? 40 : 20;
    const bool udp = kind == EncapsulationKind::Vxlan || kind == EncapsulationKind::Geneve;
    return ip + (udp ? UDP : 0) + HEADER + ETHERNET;
}

class OverlayChecker
{
  public:
    explicit OverlayChecker(Binding& binding)
        : m_binding(binding), m_root(binding.root), m_scenario(binding.scenario)
    {
    }

    void
    Check()
    {
        if (!m_root.Has("hypervisors"))
        {
            CheckNeedless();
            return;
        }
        CheckVms();
        if (m_scenario.hypervisors.empty())
        {
            if (m_root.Find("hypervisors")->kind == Node::Kind::Map &&
                m_root.Find("hypervisors")->entries.empty())
            {
                Error(m_root.Where("hypervisors"), "'hypervisors' is empty");
            }
            return;
        }
        if (Bridged())
        {
            CheckBridged();
            return;
        }
        CheckUsers();
        CheckEncapsulations();
        CheckMtu();
        CheckJoined();
    }

  private:
    Diagnostic&
    Error(Span span, std::string message)
    {
        return m_binding.diagnostics.Error(span, std::move(message));
    }

    bool
    Bridged() const
    {
        return m_scenario.fabric && m_scenario.fabric->forwarding == Forwarding::Bridged;
    }

    void
    CheckNeedless()
    {
        for (const auto key :
             {"fabric", "overlay", "networks", "vms", "gateways", "controller", "service_nodes"})
        {
            if (m_root.Has(key))
            {
                Error(m_root.Where(key), fmt::format("'{}' needs 'hypervisors'", key))
                    .notes.push_back(fmt::format("hypervisors: {}", FindField("hypervisors")->doc));
            }
        }
    }

    void
    CheckVms()
    {
        for (const auto key : {"vms", "gateways"})
        {
            if (m_root.Has(key) && !m_root.Has("networks"))
            {
                Error(m_root.Where(key), fmt::format("'{}' needs 'networks'", key))
                    .notes.push_back(fmt::format("networks: {}", FindField("networks")->doc));
            }
        }
    }

    void
    CheckBridged()
    {
        for (const auto key : {"controller", "service_nodes"})
        {
            if (m_root.Has(key))
            {
                Error(m_root.Where(key),
                      fmt::format("a bridged fabric has no VTEPs, and '{}' is for them", key));
            }
        }
        const auto only = {"bridge_ageing", "arp_timeout"};
        const auto* overlay = m_root.Find("overlay");
        for (const auto& entry : overlay ? overlay->entries : std::vector<Node::Entry>{})
        {
            if (std::find(only.begin(), only.end(), entry.key) == only.end())
            {
                Error(entry.keySpan,
                      fmt::format("a bridged fabric has no VTEPs: of 'overlay' only {} mean "
                                  "something",
                                  fmt::join(only, " and ")));
            }
        }
        for (const auto& [name, view] : m_root.Entries("hypervisors"))
        {
            for (const auto key : {"overlay", "replicator"})
            {
                if (view.Has(key))
                {
                    Error(view.Where(key), "a bridged fabric has no VTEPs");
                }
            }
            if (view.Has("site"))
            {
                Error(view.Where("site"), "a bridged fabric does not reach behind an Edge");
            }
        }
    }

    /// Where a setting of a hypervisor's VTEP is said: its own, those of all, or the hypervisor.
    Span
    Said(const View& hypervisor, std::string_view key) const
    {
        const auto own = hypervisor.Sub("overlay");
        const auto all = m_root.Sub("overlay");
        return own.Has(key)   ? own.ValueSpan(key)
               : all.Has(key) ? all.ValueSpan(key)
               : all          ? m_root.Where("overlay")
                              : hypervisor.Where("");
    }

    void
    CheckUsers()
    {
        const auto views = m_root.Entries("hypervisors");
        // What one variant has no use for, another may have.
        const bool alone = m_scenario.variants.empty();
        bool controlled = false;
        bool noded = false;
        const bool replicators = std::any_of(m_scenario.hypervisors.begin(),
                                             m_scenario.hypervisors.end(),
                                             [](const Hypervisor& h) { return h.replicator; });
        for (Index i = 0; i < m_scenario.hypervisors.size() && i < views.size(); ++i)
        {
            const auto& hypervisor = m_scenario.hypervisors[i];
            const auto& view = views[i].second;
            const auto& s = hypervisor.overlay;
            controlled = controlled || s.learning == Learning::Controller;
            noded = noded || s.replication == Replication::ServiceNode;
            if (s.learning == Learning::Controller && !m_root.Has("controller"))
            {
                Error(Said(view, "learning"), "learning from a controller needs 'controller'")
                    .notes.push_back(fmt::format("controller: {}", FindField("controller")->doc));
            }
            CheckReplication(view, hypervisor, replicators);
            if (alone && hypervisor.replicator && s.replication != Replication::Assisted)
            {
                Error(view.Where("replicator"),
                      fmt::format("replication is {}, and only with assisted replication there are "
                                  "replicators",
                                  ToString(s.replication)));
            }
        }
        if (alone && m_root.Has("controller") && !controlled)
        {
            Error(m_root.Where("controller"), "no VTEP learns from the controller")
                .notes.emplace_back("overlay.learning: controller");
        }
        if (alone && m_root.Has("service_nodes") && !noded)
        {
            Error(m_root.Where("service_nodes"), "no VTEP replicates by service nodes")
                .notes.emplace_back("overlay.replication: service-node");
        }
    }

    void
    CheckReplication(const View& view, const Hypervisor& hypervisor, bool replicators)
    {
        const auto span = Said(view, "replication");
        const auto& s = hypervisor.overlay;
        switch (s.replication)
        {
        case Replication::Multicast:
            if (hypervisor.attachment.site)
            {
                Error(span,
                      "behind an Edge there is no multicast: the SD-WAN overlay carries none");
            }
            else if (m_scenario.fabric && m_scenario.fabric->ipVersion == 6)
            {
                Error(span, "multicast replication is not supported over an IPv6 underlay");
            }
            else if (m_scenario.fabric && m_scenario.fabric->multicast.mode == MulticastMode::Off &&
                     !m_root.Sub("fabric").Sub("multicast"))
            {
                Error(span, "multicast replication needs 'fabric.multicast'")
                    .notes.push_back(fmt::format("fabric.multicast.mode: {}",
                                                 FindField("fabric.multicast.mode")->doc));
            }
            break;
        case Replication::ServiceNode:
            if (!m_root.Has("service_nodes"))
            {
                Error(span, "replication by service nodes needs 'service_nodes'")
                    .notes.push_back(
                        fmt::format("service_nodes: {}", FindField("service_nodes")->doc));
            }
            break;
        case Replication::Assisted:
            if (!replicators)
            {
                Error(span, "assisted replication needs a hypervisor with 'replicator: on'");
            }
            break;
        case Replication::None:
            if (s.learning == Learning::DataPlane)
            {
                Error(span, "without replication nothing is ever learned from the data plane")
                    .notes.emplace_back("overlay.learning: static or controller");
            }
            break;
        case Replication::HeadEnd:
            break;
        }
    }

    void
    CheckEncapsulations()
    {
        const auto& hypervisors = m_scenario.hypervisors;
        const bool nvgre = std::any_of(hypervisors.begin(), hypervisors.end(), [](const auto& h) {
            return h.overlay.encapsulation == EncapsulationKind::Nvgre;
        });
        const auto views = m_root.Entries("networks");
        for (Index i = 0; nvgre && i < m_scenario.networks.size() && i < views.size(); ++i)
        {
            constexpr std::uint32_t LEAST = 0x1000;
            constexpr std::uint32_t MOST = 0xfffffe;
            const auto& network = m_scenario.networks[i];
            if (network.vni < LEAST || network.vni > MOST)
            {
                Error(views[i].second.ValueSpan("vni"),
                      fmt::format(
                          "NVGRE has no identifier {}: it is {} to {}", network.vni, LEAST, MOST))
                    .notes.emplace_back("0x000000 to 0x000FFF and 0xFFFFFF are reserved (RFC 7637 "
                                        "section 3.2)");
            }
        }
    }

    /// Warns once where the largest VM's packets do not fit the narrowest wire.
    void
    CheckMtu()
    {
        if (!m_scenario.fabric)
        {
            return;
        }
        const bool ipv6 = m_scenario.fabric->ipVersion == 6;
        std::uint32_t narrowest = UINT32_MAX;
        std::string wire;
        const auto narrow = [&](const EthernetSettings& settings, const std::string& name) {
            if (settings.mtu < narrowest)
            {
                narrowest = settings.mtu;
                wire = name;
            }
        };
        for (const auto& link : m_scenario.fabric->links)
        {
            narrow(link.settings, link.name);
        }
        for (const auto& hypervisor : m_scenario.hypervisors)
        {
            narrow(hypervisor.attachment.settings, hypervisor.name + ".uplink");
        }
        const Vm* largest = nullptr;
        for (const auto& vm : m_scenario.vms)
        {
            const auto& s = m_scenario.hypervisors[vm.hypervisor].overlay;
            const bool fits = vm.mtu + OverheadOf(s.encapsulation, ipv6) <= narrowest ||
                              s.fragment || s.pathMtu || s.encapsulation == EncapsulationKind::Stt;
            if (!fits && (!largest || vm.mtu > largest->mtu))
            {
                largest = &vm;
            }
        }
        if (!largest)
        {
            return;
        }
        const auto& s = m_scenario.hypervisors[largest->hypervisor].overlay;
        const auto overhead = OverheadOf(s.encapsulation, ipv6);
        const auto fabric = m_root.Sub("fabric");
        m_binding.diagnostics
            .Warning(fabric.Has("mtu") ? fabric.ValueSpan("mtu") : m_root.Where("vms"),
                     fmt::format("packets of VM '{}' do not fit {}: {} + {} bytes of {} are more "
                                 "than an MTU of {}",
                                 largest->name,
                                 wire,
                                 largest->mtu,
                                 overhead,
                                 ToString(s.encapsulation),
                                 narrowest))
            .notes.emplace_back("they are dropped: overlay.fragment and overlay.path_mtu say what "
                                "else may become of them");
    }

    /// Warns of networks between the fabric and sites, which nothing joins.
    void
    CheckJoined()
    {
        std::map<Index, std::pair<bool, bool>> places; // by network: in the fabric, at sites
        const auto add = [&](Index network, Index hypervisor) {
            const bool site = m_scenario.hypervisors[hypervisor].attachment.site.has_value();
            (site ? places[network].second : places[network].first) = true;
        };
        for (const auto& vm : m_scenario.vms)
        {
            if (vm.network < m_scenario.networks.size() &&
                vm.hypervisor < m_scenario.hypervisors.size())
            {
                add(vm.network, vm.hypervisor);
            }
        }
        for (const auto& [network, place] : places)
        {
            if (place.first && place.second)
            {
                Error(m_root.Where("vms"),
                      fmt::format("network '{}' has VMs both in the fabric and behind an Edge, "
                                  "which nothing joins",
                                  m_scenario.networks[network].name));
            }
        }
    }

    Binding& m_binding;
    const View& m_root;
    const Scenario& m_scenario;
};

} // namespace

void
CheckOverlay(Binding& binding)
{
    OverlayChecker(binding).Check();
}

} // namespace weft::spec
