// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/check.h"
#include "engine/spec/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace weft::spec
{

namespace
{

/// Reads a whole number without sign or leading zeros.
std::optional<std::uint64_t>
ParseWhole(std::string_view text, std::uint64_t most)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool zero = text.size() > 1 && text[0] == '0';
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || zero ||
        value > most)
    {
        return std::nullopt;
    }
    return value;
}

std::optional<PortRange>
ParsePorts(std::string_view text)
{
    const auto dash = text.find('-');
    const auto first = ParseWhole(text.substr(0, dash), 65535);
    const auto last =
        dash == std::string_view::npos ? first : ParseWhole(text.substr(dash + 1), 65535);
    if (!first || !last || *first == 0 || *first > *last)
    {
        return std::nullopt;
    }
    return PortRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

/// Reads a.b.c.d/length. @return the network, or what is wrong in @p error
std::optional<Prefix>
ParsePrefix(std::string_view text, std::string& error, std::string& hint)
{
    const auto slash = text.find('/');
    const auto parts = Split(text.substr(0, slash), '.');
    error = fmt::format("'{}' is not an IPv4 network such as 10.20.30.0/24", text);
    if (parts.size() != 4)
    {
        return std::nullopt;
    }
    Prefix prefix;
    for (const auto& part : parts)
    {
        const auto byte = ParseWhole(part, 255);
        if (!byte)
        {
            return std::nullopt;
        }
        prefix.address = prefix.address << 8 | static_cast<std::uint32_t>(*byte);
    }
    if (slash == std::string_view::npos)
    {
        hint = fmt::format("did you mean '{}/24'?", text);
        error = fmt::format("'{}' has no prefix length", text);
        return std::nullopt;
    }
    const auto length = ParseWhole(text.substr(slash + 1), 32);
    if (!length)
    {
        return std::nullopt;
    }
    prefix.length = static_cast<unsigned>(*length);
    const auto mask = prefix.length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix.length);
    if (prefix.address & ~mask)
    {
        prefix.address &= mask;
        error = fmt::format("'{}' has bits set beyond its prefix length", text);
        hint = fmt::format("did you mean '{}'?", ToString(prefix));
        return std::nullopt;
    }
    error.clear();
    return prefix;
}

/// Checks scalars of one field.
class ScalarChecker
{
  public:
    ScalarChecker(const Field& field, Diagnostics& diagnostics)
        : m_field(field), m_diagnostics(diagnostics)
    {
    }

    void
    Check(Node& node)
    {
        switch (m_field.type)
        {
        case Type::Text:
        case Type::Name:
        case Type::LinkName:
        case Type::Moment:
        case Type::Bound:
        case Type::Texts:
        case Type::Wire:
        case Type::WireOrLink:
        case Type::Pattern:
        case Type::NameOrAddress:
        case Type::PlaceOrMoment:
            node.value = node.text;
            break;
        case Type::WiresOrAll:
            if (node.text != "all")
            {
                Fail(node, fmt::format("'{}' needs {}", m_field.Key(), DescribeValue(m_field)));
                break;
            }
            node.value = node.text;
            break;
        case Type::Address:
            CheckAddress(node);
            break;
        case Type::Network:
            CheckNetwork(node);
            break;
        case Type::Mac:
            CheckMac(node);
            break;
        case Type::ChoiceOrInteger:
        case Type::ChoiceOrQuantity:
            CheckChoiceOrNumber(node);
            break;
        case Type::NewName:
            CheckNewName(node);
            break;
        case Type::Choice:
            CheckChoice(node);
            break;
        case Type::Toggle:
            CheckToggle(node);
            break;
        case Type::Integer:
            CheckInteger(node);
            break;
        case Type::Number:
        case Type::Quantity:
            CheckQuantity(node);
            break;
        case Type::Ports:
            if (const auto ports = ParsePorts(node.text))
            {
                node.value = std::vector{*ports};
            }
            else
            {
                Fail(node,
                     fmt::format("'{}' is neither a port nor a range of ports such as 3478-3481",
                                 node.text));
            }
            break;
        case Type::Prefix:
        case Type::Prefixes:
        {
            std::string error;
            std::string hint;
            if (const auto prefix = ParsePrefix(node.text, error, hint))
            {
                node.value = std::vector{*prefix};
            }
            else
            {
                Fail(node, error, hint);
            }
            break;
        }
        default:
            Fail(node, fmt::format("'{}' needs {}", m_field.Key(), DescribeValue(m_field)));
        }
    }

  private:
    Diagnostic&
    Fail(const Node& node, std::string message, std::string hint = {})
    {
        return m_diagnostics.Error(node.span, std::move(message), std::move(hint));
    }

    void
    OutOfRange(const Node& node)
    {
        auto& error = Fail(node,
                           fmt::format("{} is out of range; '{}' is {}",
                                       node.text,
                                       m_field.Key(),
                                       DescribeRange(m_field)));
        if (!m_field.why.empty())
        {
            error.notes.emplace_back(m_field.why);
        }
    }

    void
    CheckAddress(Node& node)
    {
        if (const auto address = netbase::IpAddress::Parse(node.text))
        {
            node.value = address->ToString();
            return;
        }
        const auto slash = node.text.find('/');
        const bool network =
            slash != std::string::npos &&
            netbase::IpAddress::Parse(std::string_view(node.text).substr(0, slash));
        Fail(node,
             fmt::format("'{}' is not an IP address such as {}", node.text, m_field.example),
             network ? fmt::format("did you mean '{}'?", node.text.substr(0, slash)) : "");
    }

    void
    CheckNetwork(Node& node)
    {
        const auto slash = node.text.find('/');
        const auto address =
            netbase::IpAddress::Parse(std::string_view(node.text).substr(0, slash));
        if (address && slash == std::string::npos)
        {
            Fail(node,
                 fmt::format("'{}' has no prefix length", node.text),
                 fmt::format("did you mean '{}/{}'?", node.text, address->IsV4() ? 24 : 64));
            return;
        }
        const auto length =
            address ? ParseWhole(node.text.substr(slash + 1), address->IsV4() ? 32 : 128)
                    : std::nullopt;
        if (!length)
        {
            Fail(node, fmt::format("'{}' is not {}", node.text, DescribeValue(m_field)));
            return;
        }
        netbase::IpPrefix prefix{*address, static_cast<unsigned>(*length)};
        const unsigned bits = prefix.length + (address->IsV4() ? 96 : 0);
        for (unsigned bit = bits; bit < 128; ++bit)
        {
            prefix.address.octets[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
        }
        if (prefix.address != *address)
        {
            Fail(node,
                 fmt::format("'{}' has bits set beyond its prefix length", node.text),
                 fmt::format("did you mean '{}'?", prefix.ToString()));
            return;
        }
        node.value = prefix.ToString();
    }

    void
    CheckMac(Node& node)
    {
        const auto mac = netbase::MacAddress::Parse(node.text);
        if (!mac)
        {
            Fail(node,
                 fmt::format("'{}' is not a MAC address such as {}", node.text, m_field.example));
        }
        else if (mac->IsGroup() || mac->IsZero())
        {
            Fail(node,
                 fmt::format("{} is {} and no station's own",
                             mac->ToString(),
                             mac->IsZero() ? "zero" : "a group address"));
        }
        else
        {
            node.value = mac->ToString();
        }
    }

    void
    CheckChoiceOrNumber(Node& node)
    {
        const auto values = Split(m_field.values, '|');
        const bool digit = !node.text.empty() && node.text[0] >= '0' && node.text[0] <= '9';
        if (std::find(values.begin(), values.end(), node.text) != values.end())
        {
            node.value = node.text;
        }
        else if (!digit)
        {
            Fail(node,
                 fmt::format("'{}' is neither {}", node.text, DescribeOr(DescribeValue(m_field))),
                 DidYouMean(node.text, values));
        }
        else if (m_field.type == Type::ChoiceOrInteger)
        {
            CheckInteger(node);
        }
        else
        {
            CheckQuantity(node);
        }
    }

    /// @return "a, or b" as "a nor b"
    static std::string
    DescribeOr(std::string text)
    {
        const auto at = text.find(", or ");
        return at == std::string::npos ? text : text.replace(at, 5, " nor ");
    }

    void
    CheckNewName(Node& node)
    {
        if (IsName(node.text))
        {
            node.value = node.text;
            return;
        }
        Fail(node,
             fmt::format("'{}' is not a name: names are lower-case letters, digits and hyphens",
                         node.text));
    }

    void
    CheckChoice(Node& node)
    {
        const auto values = Split(m_field.values, '|');
        if (std::find(values.begin(), values.end(), node.text) != values.end())
        {
            node.value = node.text;
            return;
        }
        Fail(node,
             fmt::format("'{}' is no value of '{}'; it is {}{}",
                         node.text,
                         m_field.Key(),
                         values.size() > 1 ? "one of " : "",
                         fmt::join(values, ", ")),
             DidYouMean(node.text, values));
    }

    void
    CheckToggle(Node& node)
    {
        const auto& text = node.text;
        if (text == "on" || text == "true" || text == "off" || text == "false")
        {
            node.value = text == "on" || text == "true";
            return;
        }
        const bool yes = text == "yes" || text == "y" || text == "On" || text == "True";
        const bool no = text == "no" || text == "n" || text == "Off" || text == "False";
        Fail(node,
             fmt::format("'{}' is neither on nor off", text),
             yes  ? "did you mean 'on'?"
             : no ? "did you mean 'off'?"
                  : "");
    }

    void
    CheckInteger(Node& node)
    {
        const auto least = ParseWhole(m_field.min, UINT64_MAX).value_or(0);
        const auto most = ParseWhole(m_field.max, UINT64_MAX).value_or(INT64_MAX);
        const auto value = ParseWhole(node.text, UINT64_MAX);
        const bool digits =
            !node.text.empty() && node.text.find_first_not_of("0123456789") == std::string::npos;
        if (!value && !(digits && node.text[0] != '0'))
        {
            Fail(node,
                 digits ? fmt::format("'{}': a number does not begin with 0", node.text)
                        : fmt::format("'{}' is not a whole number", node.text));
        }
        else if (!value || *value < least || *value > most)
        {
            OutOfRange(node);
        }
        else
        {
            node.value = static_cast<std::int64_t>(*value);
        }
    }

    void
    CheckQuantity(Node& node)
    {
        const auto result = ParseQuantity(node.text, m_field.dimension);
        if (!result)
        {
            Fail(node, result.error, result.hint);
            return;
        }
        const auto& quantity = result.quantity;
        if (m_field.sign == Sign::Addition && !quantity.plus)
        {
            Fail(node,
                 fmt::format("'{}' of an event adds to the path's own and is written with '+'",
                             m_field.Key()),
                 fmt::format("did you mean '+{}'?", node.text));
            return;
        }
        if (m_field.sign == Sign::Plain && quantity.plus)
        {
            Fail(node,
                 fmt::format("'{}' does not add to anything and is written without '+'",
                             m_field.Key()),
                 fmt::format("did you mean '{}'?", node.text.substr(1)));
            return;
        }
        const auto beyond = [&](std::string_view bound, bool low) {
            if (bound.empty())
            {
                return false;
            }
            const auto limit = ParseQuantity(bound, m_field.dimension).quantity.value;
            return low ? quantity.value < limit : quantity.value > limit;
        };
        if (beyond(m_field.min, true) || beyond(m_field.max, false))
        {
            OutOfRange(node);
            return;
        }
        node.plus = quantity.plus;
        if (m_field.dimension == Dimension::Time || m_field.dimension == Dimension::Size)
        {
            node.value = quantity.integer;
        }
        else
        {
            node.value = quantity.value;
        }
    }

    const Field& m_field;
    Diagnostics& m_diagnostics;
};

} // namespace

void
CheckScalar(Node& node, const Field& field, Diagnostics& diagnostics)
{
    ScalarChecker(field, diagnostics).Check(node);
}

bool
IsName(std::string_view text)
{
    constexpr std::size_t LONGEST = 64; // names become folders and columns
    return !text.empty() && text.size() <= LONGEST && text[0] != '-' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
               std::string_view::npos;
}

std::string
ListNames(std::string_view what, const std::vector<std::string>& names)
{
    constexpr std::size_t MOST = 20;
    const auto shown = std::min(names.size(), MOST);
    return fmt::format(
        "{}: {}{}",
        what,
        names.empty() ? std::string("none")
                      : fmt::format("{}",
                                    fmt::join(names.begin(),
                                              names.begin() + static_cast<std::ptrdiff_t>(shown),
                                              ", ")),
        names.size() > MOST ? ", ..." : "");
}

std::string
DidYouMean(std::string_view word, const std::vector<std::string>& candidates)
{
    const auto near = Suggest(word, candidates);
    return near ? fmt::format("did you mean '{}'?", *near) : std::string();
}

} // namespace weft::spec
