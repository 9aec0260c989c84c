// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/utf8.h"

#include <cstdint>

namespace weft::spec
{

std::size_t
Utf8Length(std::string_view text, std::size_t at)
{
    if (at >= text.size())
    {
        return 0;
    }
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(at);
    std::size_t length = 0;
    std::uint32_t value = 0;
    std::uint32_t least = 0;
    if (lead < 0x80)
    {
        return 1;
    }
    if ((lead & 0xe0) == 0xc0)
    {
        length = 2;
        value = lead & 0x1f;
        least = 0x80;
    }
    else if ((lead & 0xf0) == 0xe0)
    {
        length = 3;
        value = lead & 0x0f;
        least = 0x800;
    }
    else if ((lead & 0xf8) == 0xf0)
    {
        length = 4;
        value = lead & 0x07;
        least = 0x10000;
    }
    if (length == 0 || at + length > text.size())
    {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i)
    {
        if ((byte(at + i) & 0xc0) != 0x80)
        {
            return 0;
        }
        value = (value << 6) | (byte(at + i) & 0x3f);
    }
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < least || value > 0x10ffff || surrogate ? 0 : length;
}

std::size_t
FindBadUtf8(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();)
    {
        const auto length = Utf8Length(text, i);
        if (length == 0)
        {
            return i;
        }
        i += length;
    }
    return std::string_view::npos;
}

} // namespace weft::spec
