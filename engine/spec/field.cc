// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/field.h"

#include <fmt/format.h>

namespace weft::spec
{

std::string_view
Field::Key() const
{
    const auto dot = path.rfind('.');
    return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::string_view
Field::Parent() const
{
    const auto dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::vector<Condition>
Field::Conditions() const
{
    std::vector<Condition> conditions;
    for (const auto& alternative : with.empty() ? std::vector<std::string>{} : Split(with, ','))
    {
        const auto equals = alternative.find('=');
        const bool keyed = equals != std::string::npos;
        conditions.push_back({keyed ? alternative.substr(0, equals) : "",
                              Split(keyed ? alternative.substr(equals + 1) : alternative, '|')});
    }
    return conditions;
}

std::vector<const Field*>
ChildrenOf(std::string_view path)
{
    std::vector<const Field*> children;
    for (const auto& field : Fields())
    {
        if (field.Parent() == path)
        {
            children.push_back(&field);
        }
    }
    return children;
}

const Field*
ResolvePath(std::string_view path)
{
    const Field* field = nullptr;
    bool nameMayFollow = false;
    bool leftOut = false;  // a name was left out
    bool nameLast = false; // the last part is a name
    for (const auto& part : Split(path, '.'))
    {
        const auto next = field ? fmt::format("{}.{}", field->path, part) : part;
        if (const auto* found = FindField(next))
        {
            field = found;
            leftOut = leftOut || nameMayFollow;
            nameLast = false;
            nameMayFollow = field->type == Type::NamedMap || field->type == Type::List;
        }
        else if (nameMayFollow)
        {
            nameMayFollow = false;
            nameLast = true;
        }
        else
        {
            return nullptr;
        }
    }
    // Where names are left out, what looks like one at the end is a key that does not exist.
    return leftOut && nameLast ? nullptr : field;
}

bool
MakesSeveral(std::string_view map)
{
    return map != "expect" && FindField(fmt::format("{}.count", map));
}

bool
HasKeys(Type type)
{
    return type == Type::Map || type == Type::MapOrOff || type == Type::NamedMap ||
           type == Type::List;
}

std::vector<std::string>
Split(std::string_view text, char separator)
{
    std::vector<std::string> parts;
    while (true)
    {
        const auto end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos)
        {
            return parts;
        }
        text = text.substr(end + 1);
    }
}

namespace
{

/// @return "`sites`, `vms`"
std::string
DescribeRefers(const Field& field)
{
    return fmt::format("`{}`", fmt::join(Split(field.refers, '|'), "`, `"));
}

} // namespace

std::string
DescribeValue(const Field& field)
{
    switch (field.type)
    {
    case Type::Map:
        return "a map";
    case Type::MapOrOff:
        return "a map, or off";
    case Type::NamedMap:
        return "a map from names to maps";
    case Type::List:
        return "a list of maps";
    case Type::Text:
        return "text";
    case Type::NewName:
        return "a name (lower-case letters, digits, hyphens)";
    case Type::Name:
        return fmt::format("a name from {}", DescribeRefers(field));
    case Type::Names:
        return fmt::format("a list of names from {}", DescribeRefers(field));
    case Type::Choice:
        return fmt::format("one of {}", fmt::join(Split(field.values, '|'), ", "));
    case Type::Toggle:
        return "on or off";
    case Type::Integer:
        return "a whole number";
    case Type::Number:
        return "a number";
    case Type::Quantity:
        return fmt::format(
            "{} ({})", Describe(field.dimension), fmt::join(UnitsOf(field.dimension), ", "));
    case Type::Ports:
        return "a port, a range first-last, or a list of these";
    case Type::Prefix:
        return "an IPv4 network such as 10.20.30.0/24";
    case Type::Prefixes:
        return "an IPv4 network such as 10.20.30.0/24, or a list of these";
    case Type::LinkName:
        return "a link, written site.link";
    case Type::LinkPair:
        return "a list of two links, each written site.link";
    case Type::Moment:
        return "a time, or the name of an event or an expected decision";
    case Type::TimeWindow:
        return "a list of two times";
    case Type::Bound:
        return field.values.empty() ? "a number in the unit of the metric"
                                    : fmt::format("a number {}", field.values);
    case Type::Texts:
        return "a list of texts";
    case Type::Address:
        return "an IP address";
    case Type::Network:
        return "an IP network such as 10.20.30.0/24";
    case Type::Mac:
        return "a MAC address such as 00:50:56:00:00:64";
    case Type::Wire:
        return "a wire, such as leaf1.spine1 or host1.uplink";
    case Type::Wires:
        return "a list of wires, such as [leaf1.spine1, host1.uplink]";
    case Type::WireOrLink:
        return "a link, written site.link, or a wire such as leaf1.spine1 or host1.uplink";
    case Type::WiresOrAll:
        return "a list of wires, such as [leaf1.spine1, host1.uplink], or all";
    case Type::ChoiceOrInteger:
        return fmt::format("a whole number, or {}", fmt::join(Split(field.values, '|'), ", "));
    case Type::ChoiceOrQuantity:
        return fmt::format("{} ({}), or {}",
                           Describe(field.dimension),
                           fmt::join(UnitsOf(field.dimension), ", "),
                           fmt::join(Split(field.values, '|'), ", "));
    case Type::AddressMap:
        return fmt::format("a map from names of `{}` to IP addresses", field.refers);
    case Type::Pattern:
        return std::string(field.values);
    case Type::NameOrAddress:
        return fmt::format("a name from {}, or an IP address", DescribeRefers(field));
    case Type::PlaceOrMoment:
        return "a site, or a moment";
    }
    return "";
}

std::string
DescribeRange(const Field& field)
{
    if (!field.min.empty() && !field.max.empty())
    {
        return fmt::format("{} to {}", field.min, field.max);
    }
    if (!field.min.empty())
    {
        return fmt::format("at least {}", field.min);
    }
    return field.max.empty() ? "" : fmt::format("at most {}", field.max);
}

} // namespace weft::spec
