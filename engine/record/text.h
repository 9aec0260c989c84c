// SPDX-License-Identifier: GPL-2.0-only
/** @file Numbers, CSV cells and JSON as the result files write them. */
#ifndef WEFT_ENGINE_RECORD_TEXT_H
#define WEFT_ENGINE_RECORD_TEXT_H

#include "engine/record/flow-observer.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::engine
{

/// @return seconds, exactly, without trailing zeros: 1500 ms is "1.5"
std::string Seconds(TimeNs time);

/// @return the shortest decimal that reads back as @p value; empty when it is not a finite number
std::string Number(double value);

/// Rows of comma-separated values (RFC 4180 with a bare newline). Cells are quoted only where they
/// must be.
class CsvWriter
{
  public:
    /// @param header the first row, with its commas
    explicit CsvWriter(std::string_view header);

    CsvWriter& Text(std::string_view value);
    CsvWriter& Value(double value);
    CsvWriter& Count(std::uint64_t value);
    CsvWriter& Time(TimeNs value);
    void EndRow();
    std::string Take();

  private:
    void Separate();

    std::string m_text;
    bool m_rowStart = true;
};

/// JSON with an indent of two, keys in the order written.
class JsonWriter
{
  public:
    /// Every Begin needs its End. @p key is empty inside arrays and for the outermost value.
    void BeginObject(std::string_view key = {});
    void EndObject();
    void BeginArray(std::string_view key = {});
    void EndArray();
    void Text(std::string_view key, std::string_view value);
    /// null when not finite
    void Value(std::string_view key, double value);
    void Count(std::string_view key, std::uint64_t value);
    void Flag(std::string_view key, bool value);
    /// A time in seconds, exactly.
    void Time(std::string_view key, TimeNs value);
    std::string Take();

  private:
    void Open(std::string_view key);
    void Quote(std::string_view text);
    void Close(char bracket);

    std::string m_text;
    unsigned m_depth = 0;
    bool m_first = true; ///< nothing yet in the innermost object or array
};

} // namespace weft::engine

#endif
