// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/text.h"

#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace weft::engine
{

std::string
Seconds(TimeNs time)
{
    const bool negative = time.count() < 0;
    const std::uint64_t ns = negative ? 0 - static_cast<std::uint64_t>(time.count())
                                      : static_cast<std::uint64_t>(time.count());
    std::string text = fmt::format("{}{}", negative ? "-" : "", ns / 1'000'000'000);
    if (ns % 1'000'000'000 != 0)
    {
        text += fmt::format(".{:09}", ns % 1'000'000'000);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text;
}

std::string
Number(double value)
{
    if (!std::isfinite(value))
    {
        return {};
    }
    return fmt::format("{}", value == 0 ? 0.0 : value); // no "-0"
}

CsvWriter::CsvWriter(std::string_view header) : m_text(header)
{
    m_text += '\n';
}

void
CsvWriter::Separate()
{
    if (!m_rowStart)
    {
        m_text += ',';
    }
    m_rowStart = false;
}

CsvWriter&
CsvWriter::Text(std::string_view value)
{
    Separate();
    if (value.find_first_of(",\"\r\n") == std::string_view::npos)
    {
        m_text += value;
        return *this;
    }
    m_text += '"';
    for (const char c : value)
    {
        m_text.append(c == '"' ? 2 : 1, c);
    }
    m_text += '"';
    return *this;
}

CsvWriter&
CsvWriter::Value(double value)
{
    Separate();
    m_text += Number(value);
    return *this;
}

CsvWriter&
CsvWriter::Count(std::uint64_t value)
{
    Separate();
    fmt::format_to(std::back_inserter(m_text), "{}", value);
    return *this;
}

CsvWriter&
CsvWriter::Time(TimeNs value)
{
    Separate();
    m_text += Seconds(value);
    return *this;
}

void
CsvWriter::EndRow()
{
    m_text += '\n';
    m_rowStart = true;
}

std::string
CsvWriter::Take()
{
    return std::move(m_text);
}

void
JsonWriter::Open(std::string_view key)
{
    if (!m_first)
    {
        m_text += ',';
    }
    m_first = false;
    if (m_depth > 0)
    {
        m_text += '\n';
        m_text.append(2 * m_depth, ' ');
    }
    if (!key.empty())
    {
        Quote(key);
        m_text += ": ";
    }
}

void
JsonWriter::Close(char bracket)
{
    --m_depth;
    if (!m_first)
    {
        m_text += '\n';
        m_text.append(2 * m_depth, ' ');
    }
    m_text += bracket;
    m_first = false;
}

void
JsonWriter::Quote(std::string_view text)
{
    m_text += '"';
    for (const char c : text)
    {
        switch (c)
        {
        case '"':
            m_text += "\\\"";
            break;
        case '\\':
            m_text += "\\\\";
            break;
        case '\n':
            m_text += "\\n";
            break;
        case '\t':
            m_text += "\\t";
            break;
        default:
            if (static_cast<unsigned char>(c) < 0x20)
            {
                fmt::format_to(std::back_inserter(m_text), "\\u{:04x}", static_cast<unsigned>(c));
            }
            else
            {
                m_text += c;
            }
        }
    }
    m_text += '"';
}

void
JsonWriter::BeginObject(std::string_view key)
{
    Open(key);
    m_text += '{';
    ++m_depth;
    m_first = true;
}

void
JsonWriter::EndObject()
{
    Close('}');
}

void
JsonWriter::BeginArray(std::string_view key)
{
    Open(key);
    m_text += '[';
    ++m_depth;
    m_first = true;
}

void
JsonWriter::EndArray()
{
    Close(']');
}

void
JsonWriter::Text(std::string_view key, std::string_view value)
{
    Open(key);
    Quote(value);
}

void
JsonWriter::Value(std::string_view key, double value)
{
    Open(key);
    m_text += std::isfinite(value) ? Number(value) : "null";
}

void
JsonWriter::Count(std::string_view key, std::uint64_t value)
{
    Open(key);
    fmt::format_to(std::back_inserter(m_text), "{}", value);
}

void
JsonWriter::Flag(std::string_view key, bool value)
{
    Open(key);
    m_text += value ? "true" : "false";
}

void
JsonWriter::Time(std::string_view key, TimeNs value)
{
    Open(key);
    m_text += Seconds(value);
}

std::string
JsonWriter::Take()
{
    m_text += '\n';
    return std::move(m_text);
}

} // namespace weft::engine
