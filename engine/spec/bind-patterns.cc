// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/bind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace weft::spec
{

namespace
{

std::optional<std::uint64_t>
Number(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty()
               ? std::optional(value)
               : std::nullopt;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>>
NumberRange(std::string_view text)
{
    const auto dash = text.find('-');
    const auto first = Number(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : Number(text.substr(dash + 1));
    return first && last && *first <= *last ? std::optional(std::pair(*first, *last))
                                            : std::nullopt;
}

/// Resolves what a pattern says: a name stands for the thing's addresses.
class PatternBinder
{
  public:
    PatternBinder(Binding& binding, const View& view)
        : m_binding(binding), m_scenario(binding.scenario), m_view(view)
    {
    }

    /// @return the text of a key, or nothing
    const std::string*
    Given(std::string_view key) const
    {
        const auto* node = m_view.Find(key);
        return node && node->kind == Node::Kind::Scalar ? &node->text : nullptr;
    }

    void
    Fail(std::string_view key, std::string message, const std::vector<std::string>& known = {})
    {
        const auto* text = Given(key);
        m_binding.diagnostics.Error(
            m_view.ValueSpan(key), std::move(message), text ? DidYouMean(*text, known) : "");
    }

    std::optional<std::uint32_t>
    NumberOf(std::string_view key, std::uint32_t most)
    {
        const auto* text = Given(key);
        const auto number = text ? Number(*text) : std::nullopt;
        if (text && (!number || *number > most))
        {
            Fail(key, fmt::format("'{}' is no number of 0 to {}", *text, most));
            return std::nullopt;
        }
        return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
    }

    /// @return the network a key names
    std::optional<Index>
    NetworkOf(std::string_view key)
    {
        const auto* text = Given(key);
        if (!text)
        {
            return std::nullopt;
        }
        const auto found = IndexOf(m_scenario.networks, *text);
        if (!found)
        {
            std::vector<std::string> names;
            for (const auto& network : m_scenario.networks)
            {
                names.push_back(network.name);
            }
            Fail(key, fmt::format("no network '{}'", *text), names);
        }
        return found;
    }

    std::vector<MacAddress>
    MacsOf(std::string_view key, std::optional<Index> network)
    {
        const auto* text = Given(key);
        if (!text)
        {
            return {};
        }
        if (const auto mac = MacAddress::Parse(*text))
        {
            return {*mac};
        }
        const auto node = FindNode(m_binding, *text);
        std::vector<MacAddress> macs;
        if (node && node->kind == NodeKind::Vm)
        {
            macs.push_back(m_scenario.vms[node->index].mac);
        }
        else if (node && node->kind == NodeKind::Gateway)
        {
            for (const auto& leg : m_scenario.gateways[node->index].interfaces)
            {
                if (!network || leg.network == *network)
                {
                    macs.push_back(leg.mac);
                }
            }
        }
        else if (node && IsHost(node->kind))
        {
            macs.push_back(m_scenario.AttachmentOf(*node).mac);
        }
        if (macs.empty())
        {
            Unknown(key, *text, "a MAC address or the name of something that has one");
        }
        return macs;
    }

    std::vector<IpAddress>
    AddressesOf(std::string_view key, std::optional<Index> network)
    {
        const auto* text = Given(key);
        if (!text)
        {
            return {};
        }
        if (const auto address = IpAddress::Parse(*text))
        {
            return {*address};
        }
        std::vector<IpAddress> addresses;
        const auto node = FindNode(m_binding, *text);
        if (node && node->kind == NodeKind::Vm)
        {
            addresses.push_back(m_scenario.vms[node->index].address);
        }
        else if (node && node->kind == NodeKind::Router)
        {
            addresses.push_back(m_scenario.fabric->routers[node->index].address);
        }
        else if (node && node->kind == NodeKind::Gateway)
        {
            for (const auto& leg : m_scenario.gateways[node->index].interfaces)
            {
                if (!network || leg.network == *network)
                {
                    addresses.push_back(leg.address);
                }
            }
        }
        else if (node && IsHost(node->kind))
        {
            addresses.push_back(m_scenario.AttachmentOf(*node).address);
        }
        else if (const auto group = IndexOf(m_scenario.networks, *text))
        {
            addresses.push_back(m_scenario.networks[*group].group);
        }
        if (addresses.empty())
        {
            Unknown(key, *text, "an IP address or the name of something that has one");
        }
        return addresses;
    }

  private:
    static bool
    IsHost(NodeKind kind)
    {
        return kind == NodeKind::Hypervisor || kind == NodeKind::Controller ||
               kind == NodeKind::ServiceNode;
    }

    void
    Unknown(std::string_view key, const std::string& text, std::string_view what)
    {
        if (!m_binding.fabricKnown)
        {
            return;
        }
        std::vector<std::string> names;
        for (const auto& [name, unused] : m_binding.nodes)
        {
            names.push_back(name);
        }
        for (const auto& network : m_scenario.networks)
        {
            names.push_back(network.name);
        }
        Fail(key, fmt::format("'{}' is not {}", text, what), names);
    }

    Binding& m_binding;
    const Scenario& m_scenario;
    const View& m_view;
};

/// What a column of frames.csv holds.
enum class ColumnKind
{
    Number,
    Mac,
    Address,
    Word,
};

/// The words that a column may hold; none: any.
struct Column
{
    std::string_view name;
    ColumnKind kind;
    std::string_view words{};
};

constexpr std::array COLUMNS{
    Column{"size", ColumnKind::Number},
    Column{"eth_source", ColumnKind::Mac},
    Column{"eth_destination", ColumnKind::Mac},
    Column{"outer_vlan", ColumnKind::Number},
    Column{"source", ColumnKind::Address},
    Column{"destination", ColumnKind::Address},
    Column{"ttl", ColumnKind::Number},
    Column{"tos", ColumnKind::Number},
    Column{"df", ColumnKind::Number},
    Column{"fragment", ColumnKind::Word, "first|middle|last"},
    Column{"protocol", ColumnKind::Word},
    Column{"source_port", ColumnKind::Number},
    Column{"destination_port", ColumnKind::Number},
    Column{"udp_checksum", ColumnKind::Number},
    Column{"encapsulation", ColumnKind::Word, "vxlan|nvgre|gre|stt|geneve"},
    Column{"vni", ColumnKind::Number},
    Column{"inner_source", ColumnKind::Mac},
    Column{"inner_destination", ColumnKind::Mac},
    Column{"inner_vlan", ColumnKind::Number},
    Column{"inner_kind", ColumnKind::Word},
    Column{"message", ColumnKind::Word},
};

} // namespace

TablePattern
BindTablePattern(Binding& binding, const View& view, TableKind table)
{
    PatternBinder binder(binding, view);
    const auto& scenario = binding.scenario;
    TablePattern pattern;
    const auto network = binder.NetworkOf("network");
    const bool bridged = scenario.fabric && scenario.fabric->forwarding == Forwarding::Bridged;
    std::vector<std::string_view> domains;
    for (const std::string_view key : {"network", "vni", "vlan", "length"})
    {
        if (view.Has(key))
        {
            domains.push_back(key);
        }
    }
    if (domains.size() > 1)
    {
        binding.diagnostics.Error(
            view.Where(domains[1]),
            fmt::format("'{}' already says what '{}' says", domains[0], domains[1]));
    }
    if (network)
    {
        pattern.domain =
            bridged ? scenario.networks[*network].vlan : scenario.networks[*network].vni;
    }
    for (const auto& [key, most] :
         {std::pair("vni", 0xffffffU), std::pair("vlan", 4094U), std::pair("length", 128U)})
    {
        if (const auto number = binder.NumberOf(key, most))
        {
            pattern.domain = *number;
        }
    }
    const auto refuse = [&](std::string_view key, bool meant) {
        if (view.Has(key) && !meant)
        {
            binding.diagnostics.Error(
                view.Where(key),
                fmt::format("entries of table {} have no '{}'", ToString(table), key));
        }
    };
    using K = TableKind;
    const bool fdb = table == K::BridgeFdb || table == K::VtepFdb;
    refuse("mac", fdb || table == K::Arp);
    refuse("remote", table == K::VtepFdb);
    refuse("source", table == K::Igmp || table == K::Multicast);
    refuse("address", !fdb);
    refuse("length", table == K::Routes);
    const auto single = [&](std::string_view key, const auto& values, auto& field) {
        if (values.size() > 1)
        {
            binder.Fail(key, "this has several; 'network' says which is meant");
        }
        else if (!values.empty())
        {
            field = values.front();
        }
    };
    single("mac", binder.MacsOf("mac", network), pattern.mac);
    single("address", binder.AddressesOf("address", network), pattern.address);
    single("remote", binder.AddressesOf("remote", network), pattern.remote);
    if (const auto* text = binder.Given("source"); text && *text == "none")
    {
        pattern.source = IpAddress{};
    }
    else
    {
        single("source", binder.AddressesOf("source", network), pattern.source);
    }
    for (const auto& [key, field] :
         {std::pair("port", &pattern.port), std::pair("text", &pattern.text)})
    {
        if (const auto* text = binder.Given(key))
        {
            *field = *text;
        }
    }
    return pattern;
}

std::vector<ColumnPattern>
BindColumns(Binding& binding, const View& view)
{
    PatternBinder binder(binding, view);
    std::vector<ColumnPattern> patterns;
    const auto network = binder.NetworkOf("network");
    if (network && view.Has("vni"))
    {
        binding.diagnostics.Error(view.Where("vni"), "'network' already says what 'vni' says");
    }
    if (network)
    {
        patterns.push_back(
            {"vni", {std::to_string(binding.scenario.networks[*network].vni)}, std::nullopt});
    }
    for (const auto& column : COLUMNS)
    {
        const auto* text = binder.Given(column.name);
        if (!text)
        {
            continue;
        }
        ColumnPattern pattern{std::string(column.name), {}, std::nullopt};
        switch (column.kind)
        {
        case ColumnKind::Number:
            pattern.range = NumberRange(*text);
            if (!pattern.range)
            {
                binder.Fail(
                    column.name,
                    fmt::format("'{}' is neither a number nor a range such as 49152-65535", *text));
            }
            break;
        case ColumnKind::Mac:
            for (const auto& mac : binder.MacsOf(column.name, network))
            {
                pattern.values.push_back(mac.ToString());
            }
            break;
        case ColumnKind::Address:
            for (const auto& address : binder.AddressesOf(column.name, network))
            {
                pattern.values.push_back(address.ToString());
            }
            break;
        case ColumnKind::Word:
            pattern.values.push_back(*text);
            if (const auto words = Split(column.words, '|');
                !column.words.empty() &&
                std::find(words.begin(), words.end(), *text) == words.end())
            {
                binder.Fail(column.name,
                            fmt::format("'{}' is no value of '{}'; it is one of {}",
                                        *text,
                                        column.name,
                                        fmt::join(words, ", ")),
                            words);
            }
            break;
        }
        patterns.push_back(std::move(pattern));
    }
    return patterns;
}

} // namespace weft::spec
