// SPDX-License-Identifier: GPL-2.0-only
#include "underlay-dns-check.h"

namespace weft::underlay
{

namespace
{

using netbase::ByteView;
using netbase::Read16;

constexpr std::size_t HEADER = 12;

enum class Step
{
    Ok,
    Bad,
    RanOut, ///< the bytes end before the thing does
};

/// Walks a name and moves @p at behind it.
Step
WalkName(ByteView message, std::size_t& at)
{
    constexpr std::size_t LONGEST = 255;
    std::size_t length = 0;
    std::size_t place = at;
    std::size_t lowest = at; // pointers have to lead further and further back
    bool jumped = false;
    while (true)
    {
        if (place >= message.size())
        {
            return Step::RanOut;
        }
        const std::uint8_t octet = message[place];
        if ((octet & 0xc0) == 0xc0)
        {
            if (place + 2 > message.size())
            {
                return Step::RanOut;
            }
            const std::size_t target = Read16(&message[place]) & 0x3fff;
            if (!jumped)
            {
                at = place + 2;
                jumped = true;
            }
            if (target >= lowest || target < HEADER)
            {
                return Step::Bad;
            }
            lowest = target;
            place = target;
            continue;
        }
        if ((octet & 0xc0) != 0)
        {
            return Step::Bad;
        }
        length += octet + 1u;
        if (length > LONGEST)
        {
            return Step::Bad;
        }
        place += octet + 1u;
        if (octet == 0)
        {
            if (!jumped)
            {
                at = place;
            }
            return Step::Ok;
        }
    }
}

/// Walks a question or a record and moves @p at behind it.
Step
WalkEntry(ByteView message, std::size_t& at, bool record)
{
    if (const Step step = WalkName(message, at); step != Step::Ok)
    {
        return step;
    }
    const std::size_t fixed = record ? 10 : 4;
    if (at + fixed > message.size())
    {
        return Step::RanOut;
    }
    const std::size_t data = record ? Read16(&message[at + 8]) : 0;
    at += fixed;
    if (at + data > message.size())
    {
        return Step::RanOut;
    }
    at += data;
    return Step::Ok;
}

} // namespace

bool
IsDnsMessage(ByteView message, bool whole)
{
    if (message.size() < HEADER)
    {
        return !whole;
    }
    const std::uint16_t flags = Read16(&message[2]);
    const bool response = flags & 0x8000;
    const unsigned opcode = flags >> 11 & 0xf;
    const bool reserved = flags & 0x0040;
    const unsigned questions = Read16(&message[4]);
    const unsigned answers = Read16(&message[6]);
    const unsigned records = answers + Read16(&message[8]) + Read16(&message[10]);
    // Notify (4) and update (5) carry records in what would be a query.
    if (opcode > 6 || opcode == 3 || reserved || questions + records == 0 ||
        (!response && opcode == 0 && answers != 0))
    {
        return false;
    }
    std::size_t at = HEADER;
    for (unsigned i = 0; i < questions + records; ++i)
    {
        const Step step = WalkEntry(message, at, i >= questions);
        if (step != Step::Ok)
        {
            return step == Step::RanOut && !whole;
        }
    }
    return at == message.size();
}

} // namespace weft::underlay
