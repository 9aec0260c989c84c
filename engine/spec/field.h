// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The field table: every key of a scenario file, once. It drives reading, `weft explain`, the
 * reference page and the JSON Schema.
 */
#ifndef WEFT_SPEC_FIELD_H
#define WEFT_SPEC_FIELD_H

#include "engine/spec/quantity.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::spec
{

/// What may stand as the value of a key.
enum class Type
{
    Map,        ///< a map with the keys that the table lists below this one
    MapOrOff,   ///< such a map, or the word off
    NamedMap,   ///< a map from names of the author's choice to such maps
    List,       ///< a list of such maps
    Text,       ///< prose
    NewName,    ///< a name: lower-case letters, digits and hyphens
    Name,       ///< a name that stands elsewhere in the file (Field::refers)
    Names,      ///< a list of such names
    Choice,     ///< one of Field::values
    Toggle,     ///< on or off
    Integer,    ///< a whole number
    Number,     ///< a number without unit
    Quantity,   ///< a number with a unit of Field::dimension
    Ports,      ///< a port, a range of ports "first-last", or a list of these
    Prefix,     ///< an IPv4 network "10.20.30.0/24"
    Prefixes,   ///< one, or a list of these
    LinkName,   ///< "site.link"
    LinkPair,   ///< a list of two such names
    Moment,     ///< a time, the name of an event or expectation, or "name.start", "name.end"
    TimeWindow, ///< a list of two times
    Bound,      ///< a number with whatever unit the metric beside it has; Field::values says which
    Texts,      ///< a list of texts
    Address,    ///< an IPv4 or IPv6 address
    Network,    ///< an IPv4 or IPv6 network
    Mac,        ///< an EUI-48 address
    Wire,       ///< "leaf1.spine1", "host1.uplink", "vm1.port"
    Wires,      ///< a list of wires
    WiresOrAll, ///< such a list, or the word all
    WireOrLink, ///< a wire, or "site.link"
    ChoiceOrInteger,  ///< one of Field::values, or a whole number
    ChoiceOrQuantity, ///< one of Field::values, or a quantity
    AddressMap,       ///< a map from names (Field::refers) to addresses
    Pattern,          ///< what an entry has to hold; Field::values says what may stand there
    NameOrAddress,    ///< a name that stands elsewhere, or an IP address
    PlaceOrMoment,    ///< a site beside `follows`, else a moment
};

/// Sign that a quantity is written with.
enum class Sign
{
    Plain,    ///< without '+'
    Addition, ///< with '+': it adds to what is there
};

/// One alternative of Field::with.
struct Condition
{
    std::string key; ///< a key beside the field, or empty
    std::vector<std::string>
        words; ///< values of that key; without a key, keys one of which is there
};

/// One key.
struct Field
{
    std::string_view path; ///< dotted; names and list positions are left out: "sites.links.mtu"
    Type type;
    std::string_view doc; ///< one line
    Dimension dimension = Dimension::None;
    std::string_view values{};   ///< Choice: separated by '|'
    std::string_view refers{};   ///< Name, Names: keys of the maps where the name is given, by '|'
    bool required = false;       ///< (where `with` holds)
    std::string_view fallback{}; ///< default, as it would be written
    std::string_view
        otherwise{};        ///< what happens without it, in words, where there is no plain default
    std::string_view min{}; ///< inclusive, as written
    std::string_view max{}; ///< inclusive, as written
    Sign sign = Sign::Plain;
    std::string_view
        with{}; ///< only beside: "kind=onoff|bulk-udp" or "metric|cost" (one of these keys)
    std::string_view example{}; ///< a value; the default serves where there is none
    std::string_view unless{};  ///< a required key may be missing where this one is given
    std::string_view why{};     ///< reason of the range, shown with the error
    bool counts = false;        ///< where `count` makes several of a thing, one more for each

    /// @return the last component of the path
    std::string_view Key() const;
    /// @return the path without the last component
    std::string_view Parent() const;
    /// @return the alternatives of `with`, one of which has to hold; none: always
    std::vector<Condition> Conditions() const;
};

/// @return every key, a parent before its children
std::span<const Field> Fields();

/// @return the field of a path as the table writes it, or null
const Field* FindField(std::string_view path);

/// @return the fields directly below a path ("" for the top), in the order of the table
std::vector<const Field*> ChildrenOf(std::string_view path);

/// @return the field that a path of a real file means ("sites.bristol.links.0.mtu", "sites.*.lan"),
/// or null
const Field* ResolvePath(std::string_view path);

/// @return whether `count` makes several things of one in a map at the top
bool MakesSeveral(std::string_view map);

/// @return whether the type is a map or list of maps, with keys of its own
bool HasKeys(Type type);

/// @return the parts of @p text between separators
std::vector<std::string> Split(std::string_view text, char separator);

/// @return "a time, such as 5ms": what a value of this field looks like
std::string DescribeValue(const Field& field);

/// @return "at least 1ms", "1ms to 1h", or nothing
std::string DescribeRange(const Field& field);

} // namespace weft::spec

#endif
