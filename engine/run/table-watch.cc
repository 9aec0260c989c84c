// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run/table-watch.h"

#include "ns3/callback.h"
#include "ns3/netbase-table-change.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <functional>

namespace weft::engine
{

namespace
{

using netbase::Table;
using netbase::TableCause;
using netbase::TableChange;
using netbase::TableOp;

std::string_view
NameOf(Table table)
{
    switch (table)
    {
    case Table::BridgeFdb:
        return "bridge-fdb";
    case Table::VtepFdb:
        return "vtep-fdb";
    case Table::Arp:
        return "arp";
    case Table::Groups:
        return "groups";
    case Table::Igmp:
        return "igmp";
    case Table::Multicast:
        return "multicast";
    case Table::Routes:
        break;
    }
    return "routes";
}

std::string_view
NameOf(TableOp op)
{
    switch (op)
    {
    case TableOp::Add:
        return "add";
    case TableOp::Update:
        return "update";
    case TableOp::Remove:
        break;
    }
    return "remove";
}

std::string_view
NameOf(TableCause cause)
{
    switch (cause)
    {
    case TableCause::Configured:
        return "configured";
    case TableCause::Learned:
        return "learned";
    case TableCause::Moved:
        return "moved";
    case TableCause::Aged:
        return "aged";
    case TableCause::PortDown:
        return "port-down";
    case TableCause::Controller:
        return "controller";
    case TableCause::Protocol:
        return "protocol";
    case TableCause::Evicted:
        return "evicted";
    case TableCause::Flushed:
        break;
    }
    return "flushed";
}

std::string
TextOf(const netbase::IpAddress& address)
{
    return address.IsNone() ? std::string() : address.ToString();
}

} // namespace

/// One node. Ports are numbers in the cores; their names are asked for when they are needed, as
/// machines come and go.
class TableWatch::Node
{
  public:
    using PortName = std::function<std::string(std::int32_t)>;

    Node(TableLog& log, std::string name, PortName port)
        : m_log(log), m_name(std::move(name)), m_port(std::move(port))
    {
    }

    void
    OnChange(const TableChange& change)
    {
        TableRecord record;
        // The simulator's clock: the log is in order of time whatever a core's clock says.
        record.time = TimeNs(ns3::Simulator::Now().GetNanoSeconds());
        record.node = m_name;
        record.table = NameOf(change.table);
        record.op = NameOf(change.op);
        record.cause = NameOf(change.cause);
        const bool fdb = change.table == Table::BridgeFdb || change.table == Table::VtepFdb;
        // A router's memberships carry their port there, which has a column of its own.
        if (fdb || change.table == Table::Routes ||
            (change.domain != 0 && change.table != Table::Igmp))
        {
            record.domain = std::to_string(change.domain);
        }
        record.mac = change.mac.IsZero() ? std::string() : change.mac.ToString();
        record.address = TextOf(change.address);
        record.source = TextOf(change.source);
        record.remote = TextOf(change.remote);
        record.port = change.port < 0 ? std::string() : m_port(change.port);
        record.text = change.table == Table::Multicast ? PortsNamed(change.text) : change.text;
        m_log.Add(std::move(record));
    }

    template <typename T>
    void
    Connect(ns3::Ptr<T> object)
    {
        object->TraceConnectWithoutContext("TableChange", ns3::MakeCallback(&Node::OnChange, this));
    }

  private:
    /// @return "out: host1.uplink host2.uplink (rp)" for "out: 0 1 (rp)"
    std::string
    PortsNamed(const std::string& text) const
    {
        std::string named;
        std::size_t at = 0;
        while (at < text.size())
        {
            const std::size_t end = std::min(text.find(' ', at), text.size());
            const std::string word = text.substr(at, end - at);
            const bool port = !word.empty() && word.size() < 6 &&
                              word.find_first_not_of("0123456789") == std::string::npos;
            named += (named.empty() ? "" : " ") + (port ? m_port(std::stoi(word)) : word);
            at = end + 1;
        }
        return named;
    }

    TableLog& m_log;
    std::string m_name;
    PortName m_port;
};

TableWatch::TableWatch(const spec::Scenario& scenario, const Overlay& overlay, TableLog& log)
    : m_log(log)
{
    const auto add = [&](std::string name, Node::PortName port) -> Node& {
        m_nodes.push_back(std::make_unique<Node>(m_log, std::move(name), std::move(port)));
        return *m_nodes.back();
    };
    const auto number = [](std::int32_t port) { return std::to_string(port); };
    for (spec::Index h = 0; h < overlay.Hypervisors().size(); ++h)
    {
        const ns3::vxlan::Hypervisor* hypervisor = ns3::PeekPointer(overlay.Hypervisors()[h]);
        // The name of the machine behind a port: the one that was there last, if it has left.
        auto names = std::make_shared<std::map<std::int32_t, std::string>>();
        add(scenario.hypervisors[h].name,
            [&scenario, &overlay, hypervisor, names](std::int32_t port) {
                if (port == 0)
                {
                    return std::string("tunnel");
                }
                for (spec::Index v = 0; v < overlay.Vms().size(); ++v)
                {
                    const auto& vm = overlay.Vms()[v];
                    if (ns3::PeekPointer(vm->GetHypervisor()) == hypervisor &&
                        vm->GetPort() == static_cast<std::uint32_t>(port))
                    {
                        return (*names)[port] = scenario.vms[v].name;
                    }
                }
                const auto known = names->find(port);
                return known == names->end() ? std::to_string(port) : known->second;
            })
            .Connect(overlay.Hypervisors()[h]);
    }
    for (spec::Index v = 0; v < overlay.Vms().size(); ++v)
    {
        add(scenario.vms[v].name, number).Connect(overlay.Vms()[v]);
    }
    const Fabric* fabric = overlay.GetFabric();
    if (!fabric)
    {
        return;
    }
    for (spec::Index r = 0; r < scenario.fabric->routers.size(); ++r)
    {
        const std::string& name = scenario.fabric->routers[r].name;
        if (const auto router = fabric->Router(r))
        {
            Node& node = add(name, [router](std::int32_t port) {
                return static_cast<std::uint32_t>(port) < router->GetNPorts()
                           ? router->GetPortName(static_cast<std::uint32_t>(port))
                           : std::to_string(port);
            });
            node.Connect(router);
            if (const auto multicast = fabric->Multicast(r))
            {
                node.Connect(multicast);
            }
        }
        if (const auto bridge = fabric->Switch(r))
        {
            add(name, [bridge](std::int32_t port) {
                return static_cast<std::uint32_t>(port) < bridge->GetNPorts()
                           ? bridge->GetPortName(static_cast<std::uint32_t>(port))
                           : std::to_string(port);
            }).Connect(bridge);
        }
    }
}

TableWatch::~TableWatch() = default;

} // namespace weft::engine
