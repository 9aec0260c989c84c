// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/json.h"

#include "engine/spec/utf8.h"

#include <fmt/format.h>

namespace weft::spec
{

std::string
JsonString(std::string_view text)
{
    std::string json = "\"";
    for (std::size_t i = 0; i < text.size();)
    {
        const auto c = static_cast<unsigned char>(text[i]);
        const auto length = Utf8Length(text, i);
        if (length == 0)
        {
            json += "\\ufffd";
            ++i;
            continue;
        }
        switch (c)
        {
        case '"':
            json += "\\\"";
            break;
        case '\\':
            json += "\\\\";
            break;
        case '\n':
            json += "\\n";
            break;
        case '\t':
            json += "\\t";
            break;
        case '\r':
            json += "\\r";
            break;
        default:
            if (c < 0x20 || c == 0x7f)
            {
                json += fmt::format("\\u{:04x}", c);
            }
            else
            {
                json += text.substr(i, length);
            }
        }
        i += length;
    }
    return json + "\"";
}

} // namespace weft::spec
