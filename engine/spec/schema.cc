// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/describe.h"
#include "engine/spec/json.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::spec
{

namespace
{

constexpr std::string_view NAME = "^[a-z0-9][a-z0-9-]{0,63}$";
constexpr std::string_view LINK = "^[a-z0-9][a-z0-9-]*\\.[a-z0-9][a-z0-9-]*$";
constexpr std::string_view WIRE = "^[a-z0-9][a-z0-9-]*\\.[a-z0-9][a-z0-9-]*(\\.[0-9]+)?$";
constexpr std::string_view MOMENT =
    "^([a-z0-9][a-z0-9-]*(\\.start|\\.end)?|[0-9]+(\\.[0-9]+)? ?(ns|us|ms|s|min|h))$";
constexpr std::string_view MAC = "^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$";
constexpr std::string_view ADDRESS = "^[0-9a-fA-F.:]+$";
constexpr std::string_view NETWORK = "^[0-9a-fA-F.:]+/[0-9]{1,3}$";
constexpr std::string_view PREFIX = "^[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}$";
constexpr std::string_view PORTS = "^[0-9]{1,5}(-[0-9]{1,5})?$";

/// Writes objects with indentation.
class Writer
{
  public:
    void
    Open(char bracket)
    {
        m_text += bracket;
        m_first = true;
        m_indent += 2;
    }

    void
    Close(char bracket)
    {
        m_indent -= 2;
        if (!m_first)
        {
            m_text += '\n' + std::string(m_indent, ' ');
        }
        m_text += bracket;
        m_first = false;
    }

    void
    Key(std::string_view key)
    {
        m_text += fmt::format(
            "{}\n{}{}: ", m_first ? "" : ",", std::string(m_indent, ' '), JsonString(key));
        m_first = false;
    }

    /// @param value JSON
    void
    Set(std::string_view key, std::string_view value)
    {
        Key(key);
        m_text += value;
    }

    std::string
    Take()
    {
        return std::move(m_text) + "\n";
    }

  private:
    std::string m_text;
    std::size_t m_indent = 0;
    bool m_first = true;
};

std::string
QuantityPattern(Dimension dimension, Sign sign, std::string_view min)
{
    auto units = UnitsOf(dimension);
    const auto number = "[0-9]+(\\.[0-9]+)?";
    const auto prefix = sign == Sign::Addition ? "\\+" : min.starts_with('-') ? "-?" : "";
    return fmt::format("^{}{} ?({})$", prefix, number, fmt::join(units, "|"));
}

std::string
Array(const std::vector<std::string>& values)
{
    return fmt::format("[{}]", fmt::join(values, ", "));
}

void WriteMap(Writer& writer, std::string_view path, bool orOff);

/// @return the pattern of one of the field's words, or of a number or quantity
std::string
Alternatives(const Field& field)
{
    const auto number =
        field.type == Type::ChoiceOrInteger
            ? std::string("[0-9]+")
            : fmt::format("[0-9]+(\\.[0-9]+)? ?({})", fmt::join(UnitsOf(field.dimension), "|"));
    return fmt::format("^({}|{})$", field.values, number);
}

void
WriteItems(Writer& writer, std::string_view pattern)
{
    writer.Key("items");
    writer.Open('{');
    writer.Set("type", "\"string\"");
    if (!pattern.empty())
    {
        writer.Set("pattern", JsonString(pattern));
    }
    writer.Close('}');
}

void
WriteArray(Writer& writer, std::string_view pattern, bool pair)
{
    writer.Set("type", "\"array\"");
    if (pair)
    {
        writer.Set("minItems", "2");
        writer.Set("maxItems", "2");
    }
    WriteItems(writer, pattern);
}

/// Writes what a value of the field has to be; the description is written by the caller.
void
WriteType(Writer& writer, const Field& field)
{
    const auto text = [&](std::string_view pattern) {
        writer.Set("type", "\"string\"");
        if (!pattern.empty())
        {
            writer.Set("pattern", JsonString(pattern));
        }
    };
    switch (field.type)
    {
    case Type::Map:
    case Type::MapOrOff:
        WriteMap(writer, field.path, field.type == Type::MapOrOff);
        break;
    case Type::NamedMap:
        writer.Set("type", "\"object\"");
        if (field.required)
        {
            writer.Set("minProperties", "1");
        }
        writer.Key("propertyNames");
        writer.Open('{');
        writer.Set("pattern", JsonString(NAME));
        writer.Close('}');
        writer.Key("additionalProperties");
        writer.Open('{');
        WriteMap(writer, field.path, false);
        writer.Close('}');
        break;
    case Type::List:
        writer.Set("type", "\"array\"");
        if (field.required)
        {
            writer.Set("minItems", "1");
        }
        writer.Key("items");
        writer.Open('{');
        WriteMap(writer, field.path, false);
        writer.Close('}');
        break;
    case Type::Text:
        text("");
        break;
    case Type::NewName:
    case Type::Name:
        text(NAME);
        break;
    case Type::NameOrAddress:
        text("^([a-z0-9][a-z0-9-]{0,63}|[0-9a-fA-F.:]+)$");
        break;
    case Type::LinkName:
        text(LINK);
        break;
    case Type::Moment:
    case Type::PlaceOrMoment:
        text(MOMENT);
        break;
    case Type::Address:
        text(ADDRESS);
        break;
    case Type::Network:
        text(NETWORK);
        break;
    case Type::Mac:
        writer.Set("type", "[\"string\", \"integer\"]"); // YAML 1.1 counts some to the base 60
        writer.Set("pattern", JsonString(MAC));
        break;
    case Type::Wire:
    case Type::WireOrLink:
        text(WIRE);
        break;
    case Type::Wires:
        WriteArray(writer, WIRE, false);
        break;
    case Type::WiresOrAll:
        writer.Set("type", "[\"array\", \"string\"]");
        writer.Set("pattern", "\"^all$\"");
        WriteItems(writer, WIRE);
        break;
    case Type::Texts:
        WriteArray(writer, "", false);
        break;
    case Type::Pattern:
        writer.Set("type", "[\"string\", \"number\"]");
        break;
    case Type::ChoiceOrInteger:
        writer.Set("type", "[\"integer\", \"string\"]");
        writer.Set("pattern", JsonString(Alternatives(field)));
        writer.Set("minimum", field.min);
        writer.Set("maximum", field.max);
        break;
    case Type::ChoiceOrQuantity:
        text(Alternatives(field));
        break;
    case Type::AddressMap:
        writer.Set("type", "\"object\"");
        writer.Key("propertyNames");
        writer.Open('{');
        writer.Set("pattern", JsonString(NAME));
        writer.Close('}');
        writer.Key("additionalProperties");
        writer.Open('{');
        text(ADDRESS);
        writer.Close('}');
        break;
    case Type::Names:
        WriteArray(writer, NAME, false);
        break;
    case Type::LinkPair:
        WriteArray(writer, LINK, true);
        break;
    case Type::TimeWindow:
        WriteArray(writer, QuantityPattern(Dimension::Time, Sign::Plain, ""), true);
        break;
    case Type::Choice:
    {
        std::vector<std::string> values;
        for (const auto& value : Split(field.values, '|'))
        {
            values.push_back(JsonString(value));
        }
        for (const auto& value : Split(field.values, '|'))
        {
            if (value.find_first_not_of("0123456789") == std::string::npos)
            {
                values.push_back(value); // what YAML makes of the bare number
            }
        }
        if (std::find(values.begin(), values.end(), "\"null\"") != values.end())
        {
            values.emplace_back("null"); // what YAML makes of the bare word
        }
        writer.Set("enum", Array(values));
        break;
    }
    case Type::Toggle:
        writer.Set("enum", "[\"on\", \"off\", true, false]");
        break;
    case Type::Integer:
    case Type::Number:
        writer.Set("type", field.type == Type::Integer ? "\"integer\"" : "\"number\"");
        if (!field.min.empty())
        {
            writer.Set("minimum", field.min);
        }
        if (!field.max.empty())
        {
            writer.Set("maximum", field.max);
        }
        break;
    case Type::Quantity:
        text(QuantityPattern(field.dimension, field.sign, field.min));
        break;
    case Type::Bound:
        writer.Set("type", "[\"string\", \"number\"]");
        break;
    case Type::Prefix:
        text(PREFIX);
        break;
    case Type::Ports:
    case Type::Prefixes:
    {
        const bool ports = field.type == Type::Ports;
        const auto pattern = JsonString(ports ? PORTS : PREFIX);
        writer.Set("type",
                   ports ? "[\"integer\", \"string\", \"array\"]" : "[\"string\", \"array\"]");
        writer.Set("pattern", pattern);
        writer.Key("items");
        writer.Open('{');
        writer.Set("type", ports ? "[\"integer\", \"string\"]" : "\"string\"");
        writer.Set("pattern", pattern);
        writer.Close('}');
        break;
    }
    }
}

std::string
DescriptionOf(const Field& field)
{
    std::string text(field.doc);
    if (const auto condition = DescribeCondition(field); !condition.empty())
    {
        text += " " + condition + ".";
    }
    if (const auto range = DescribeRange(field); !range.empty())
    {
        text += " Range: " + range + ".";
    }
    if (!field.fallback.empty())
    {
        text += fmt::format(" Default: {}.", field.fallback);
    }
    else if (!field.otherwise.empty())
    {
        text += fmt::format(" Without it: {}.", field.otherwise);
    }
    return text;
}

void
WriteMap(Writer& writer, std::string_view path, bool orOff)
{
    writer.Set("type", orOff ? "[\"object\", \"string\", \"boolean\"]" : "\"object\"");
    if (orOff)
    {
        writer.Set("pattern", "\"^off$\"");
        writer.Set("not", "{\"const\": true}");
    }
    writer.Set("additionalProperties", "false");
    std::vector<std::string> required;
    for (const auto* field : ChildrenOf(path))
    {
        if (field->required && field->with.empty() && field->unless.empty())
        {
            required.push_back(JsonString(field->Key()));
        }
    }
    if (!required.empty())
    {
        writer.Set("required", Array(required));
    }
    writer.Key("properties");
    writer.Open('{');
    for (const auto* field : ChildrenOf(path))
    {
        writer.Key(field->Key());
        writer.Open('{');
        writer.Set("description", JsonString(DescriptionOf(*field)));
        WriteType(writer, *field);
        writer.Close('}');
    }
    writer.Close('}');
}

} // namespace

std::string
JsonSchema()
{
    Writer writer;
    writer.Open('{');
    writer.Set("$schema", "\"http://json-schema.org/draft-07/schema#\"");
    writer.Set("title", "\"Weft scenario\"");
    writer.Set("$comment", "\"Generated by `weft schema` from engine/spec/field-table*.cc.\"");
    WriteMap(writer, "", false);
    writer.Close('}');
    return writer.Take();
}

} // namespace weft::spec
