// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/check.h"

#include "engine/spec/check-names.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace weft::spec
{

namespace
{

bool
Contains(const std::vector<std::string>& words, std::string_view word)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

class Checker
{
  public:
    Checker(Node& root, Diagnostics& diagnostics)
        : m_root(root), m_diagnostics(diagnostics), m_names(root, diagnostics)
    {
    }

    void
    Check()
    {
        if (m_root.kind != Node::Kind::Map)
        {
            m_diagnostics.Error(m_root.span,
                                "a scenario is a map of keys such as 'scenario' and 'duration'");
            return;
        }
        CheckKeys(m_root, "", "the scenario");
    }

  private:
    /// Checks a map against the keys below @p path. @p where is the path with real names.
    void
    CheckKeys(Node& map, std::string_view path, const std::string& where)
    {
        const auto fields = ChildrenOf(path);
        const Node* const outer = std::exchange(m_map, &map);
        for (auto& entry : map.entries)
        {
            const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field* f) {
                return f->Key() == entry.key;
            });
            if (found == fields.end())
            {
                UnknownKey(entry, fields, path, where);
                continue;
            }
            CheckNode(entry.node, **found, path.empty() ? entry.key : where + "." + entry.key);
        }
        m_map = outer;
        for (const auto* field : fields)
        {
            const auto* given = map.Find(field->Key());
            const bool holds = Holds(map, *field);
            if (given && !holds)
            {
                m_diagnostics.Error(given->name,
                                    fmt::format("'{}' has no meaning here: it goes with {}",
                                                field->Key(),
                                                DescribeWith(*field)));
            }
            else if (!given && field->required && holds && !Waived(map, *field))
            {
                auto& error = m_diagnostics.Error(
                    map.name, fmt::format("missing key '{}' in {}", field->Key(), where));
                error.notes.push_back(fmt::format("{}: {}", field->Key(), field->doc));
            }
        }
    }

    /// @return whether a required key may be missing: what stands in for it is there, and nothing
    /// that goes with it
    static bool
    Waived(const Node& map, const Field& field)
    {
        const auto fields = ChildrenOf(field.Parent());
        return !field.unless.empty() && map.Find(field.unless) &&
               std::none_of(fields.begin(), fields.end(), [&](const Field* other) {
                   return other->unless == field.unless && map.Find(other->Key());
               });
    }

    void
    UnknownKey(const Node::Entry& entry,
               const std::vector<const Field*>& fields,
               std::string_view path,
               const std::string& where)
    {
        std::vector<std::string> known;
        for (const auto* field : fields)
        {
            known.emplace_back(field->Key());
        }
        auto& error = m_diagnostics.Error(entry.keySpan,
                                          fmt::format("unknown key '{}' in {}", entry.key, where),
                                          DidYouMean(entry.key, known));
        error.notes.push_back("known keys: " + fmt::format("{}", fmt::join(known, ", ")));
        std::vector<std::string> homes;
        for (const auto& field : Fields())
        {
            if (field.Key() == entry.key && field.Parent() != path && error.hint.empty())
            {
                homes.push_back(field.Parent().empty() ? "the top of the file"
                                                       : fmt::format("'{}'", field.Parent()));
            }
        }
        if (!homes.empty())
        {
            error.notes.push_back(
                fmt::format("'{}' is a key of {}", entry.key, fmt::join(homes, ", ")));
        }
    }

    /// @return whether the condition that a field goes with holds in a map
    static bool
    Holds(const Node& map, const Field& field)
    {
        if (field.with.empty())
        {
            return true;
        }
        for (const auto& [key, words] : field.Conditions())
        {
            if (key.empty())
            {
                if (std::any_of(words.begin(), words.end(), [&](const auto& other) {
                        return map.Find(other) != nullptr;
                    }))
                {
                    return true;
                }
                continue;
            }
            const auto* node = map.Find(key);
            const auto prefix =
                field.Parent().empty() ? key : fmt::format("{}.{}", field.Parent(), key);
            const auto* other = FindField(prefix);
            const auto text = node ? std::string_view(node->text) : other->fallback;
            // What is wrong with the other key is reported there.
            const bool wrong = !Contains(Split(other->values, '|'), text);
            if (Contains(words, text) || (wrong && (node || other->required)))
            {
                return !wrong || map.Find(field.Key()) != nullptr;
            }
        }
        return false;
    }

    static std::string
    DescribeWith(const Field& field)
    {
        std::vector<std::string> parts;
        for (const auto& [key, words] : field.Conditions())
        {
            parts.push_back(key.empty() ? fmt::format("'{}'", fmt::join(words, "', '"))
                                        : fmt::format("{}: {}", key, fmt::join(words, " or ")));
        }
        return fmt::format("{}", fmt::join(parts, "; "));
    }

    void
    CheckNode(Node& node, const Field& field, const std::string& where)
    {
        node.field = &field;
        if (node.kind == Node::Kind::Null)
        {
            m_diagnostics.Error(
                node.name,
                fmt::format("'{}' has no value; it needs {}", where, DescribeValue(field)));
            return;
        }
        switch (field.type)
        {
        case Type::Map:
        case Type::MapOrOff:
            CheckMap(node, field, where);
            return;
        case Type::NamedMap:
            CheckNamedMap(node, field, where);
            return;
        case Type::List:
            CheckList(node, field, where);
            return;
        case Type::Ports:
        case Type::Prefixes:
        case Type::Names:
        case Type::LinkPair:
        case Type::TimeWindow:
        case Type::Texts:
        case Type::Wires:
        case Type::WiresOrAll:
            if (node.kind == Node::Kind::List)
            {
                CheckScalars(node, field, where);
                return;
            }
            if (field.type == Type::Ports || field.type == Type::Prefixes ||
                field.type == Type::WiresOrAll)
            {
                break;
            }
            WrongKind(node, field, where);
            return;
        case Type::AddressMap:
            CheckAddressMap(node, field, where);
            return;
        default:
            break;
        }
        if (node.kind != Node::Kind::Scalar)
        {
            WrongKind(node, field, where);
            return;
        }
        CheckScalar(node, field, m_diagnostics);
        m_names.Check(node, field, m_map);
    }

    void
    CheckAddressMap(Node& map, const Field& field, const std::string& where)
    {
        if (map.kind != Node::Kind::Map)
        {
            WrongKind(map, field, where);
            return;
        }
        if (map.entries.empty())
        {
            m_diagnostics.Error(map.name, fmt::format("'{}' is empty", where));
        }
        Field address = field;
        address.type = Type::Address;
        address.example = "192.168.0.1";
        for (auto& entry : map.entries)
        {
            m_names.CheckKey(entry, field.refers);
            if (entry.node.kind != Node::Kind::Scalar)
            {
                m_diagnostics.Error(entry.keySpan,
                                    fmt::format("'{}.{}' needs an IP address", where, entry.key));
                continue;
            }
            CheckScalar(entry.node, address, m_diagnostics);
        }
    }

    void
    WrongKind(const Node& node, const Field& field, const std::string& where)
    {
        m_diagnostics.Error(node.span, fmt::format("'{}' needs {}", where, DescribeValue(field)));
    }

    void
    CheckMap(Node& node, const Field& field, const std::string& where)
    {
        if (node.kind == Node::Kind::Map)
        {
            CheckKeys(node, field.path, where);
            return;
        }
        const bool off = node.kind == Node::Kind::Scalar && !node.quoted &&
                         (node.text == "off" || node.text == "false");
        if (field.type == Type::MapOrOff && off)
        {
            node.value = false;
            return;
        }
        WrongKind(node, field, where);
    }

    void
    CheckNamedMap(Node& node, const Field& field, const std::string& where)
    {
        if (node.kind != Node::Kind::Map)
        {
            WrongKind(node, field, where);
            return;
        }
        if (node.entries.empty() && field.required)
        {
            m_diagnostics.Error(node.name, fmt::format("'{}' is empty", where));
        }
        for (auto& entry : node.entries)
        {
            const auto inside = where + "." + entry.key;
            if (!IsName(entry.key))
            {
                const auto lower = LowerName(entry.key);
                m_diagnostics.Error(
                    entry.keySpan,
                    fmt::format("'{}' is not a name: names are lower-case letters, digits and "
                                "hyphens, at most 64",
                                entry.key),
                    IsName(lower) ? fmt::format("did you mean '{}'?", lower) : "");
            }
            if (entry.node.kind != Node::Kind::Map)
            {
                m_diagnostics.Error(entry.keySpan, fmt::format("'{}' needs a map of keys", inside));
                continue;
            }
            CheckKeys(entry.node, field.path, inside);
        }
    }

    void
    CheckList(Node& node, const Field& field, const std::string& where)
    {
        if (node.kind != Node::Kind::List)
        {
            WrongKind(node, field, where);
            return;
        }
        if (node.entries.empty() && field.required)
        {
            m_diagnostics.Error(node.name, fmt::format("'{}' is empty", where));
        }
        for (std::size_t i = 0; i < node.entries.size(); ++i)
        {
            auto& item = node.entries[i].node;
            if (item.kind != Node::Kind::Map)
            {
                m_diagnostics.Error(item.kind == Node::Kind::Null ? node.name : item.span,
                                    fmt::format("'{}.{}' needs a map of keys", where, i));
                continue;
            }
            CheckKeys(item, field.path, fmt::format("{}.{}", where, i));
        }
    }

    /// A list of scalars; the value of the list is made of theirs.
    void
    CheckScalars(Node& list, const Field& field, const std::string& where)
    {
        const bool pair = field.type == Type::LinkPair || field.type == Type::TimeWindow;
        if (pair && list.entries.size() != 2)
        {
            WrongKind(list, field, where);
            return;
        }
        Field element = field;
        const bool wires = field.type == Type::Wires || field.type == Type::WiresOrAll;
        element.type = wires                            ? Type::Wire
                       : field.type == Type::Names      ? Type::Name
                       : field.type == Type::LinkPair   ? Type::LinkName
                       : field.type == Type::TimeWindow ? Type::Quantity
                                                        : field.type;
        element.dimension = field.type == Type::TimeWindow ? Dimension::Time : field.dimension;
        std::vector<std::string> names;
        std::vector<std::int64_t> times;
        std::vector<PortRange> ports;
        std::vector<Prefix> prefixes;
        bool good = true;
        for (auto& entry : list.entries)
        {
            auto& node = entry.node;
            if (node.kind != Node::Kind::Scalar)
            {
                m_diagnostics.Error(node.kind == Node::Kind::Null ? list.name : node.span,
                                    fmt::format("'{}' needs {}", where, DescribeValue(field)));
                good = false;
                continue;
            }
            CheckScalar(node, element, m_diagnostics);
            m_names.Check(node, element, m_map);
            if (const auto* name = std::get_if<std::string>(&node.value))
            {
                names.push_back(*name);
            }
            else if (const auto* time = std::get_if<std::int64_t>(&node.value))
            {
                times.push_back(*time);
            }
            else if (const auto* range = std::get_if<std::vector<PortRange>>(&node.value))
            {
                ports.push_back(range->front());
            }
            else if (const auto* prefix = std::get_if<std::vector<Prefix>>(&node.value))
            {
                prefixes.push_back(prefix->front());
            }
            else
            {
                good = false;
            }
        }
        if (!good)
        {
            return;
        }
        switch (field.type)
        {
        case Type::Ports:
            list.value = std::move(ports);
            break;
        case Type::Prefixes:
            list.value = std::move(prefixes);
            break;
        case Type::TimeWindow:
            list.value = std::move(times);
            break;
        default:
            list.value = std::move(names);
        }
    }

    Node& m_root;
    Diagnostics& m_diagnostics;
    NameChecker m_names;
    const Node* m_map = nullptr; ///< the one whose keys are looked at
};

} // namespace

void
CheckDocument(Node& root, Diagnostics& diagnostics)
{
    Checker(root, diagnostics).Check();
}

} // namespace weft::spec
