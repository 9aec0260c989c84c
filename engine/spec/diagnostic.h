// SPDX-License-Identifier: GPL-2.0-only
/** @file Diagnostics with positions, as a compiler writes them. */
#ifndef WEFT_SPEC_DIAGNOSTIC_H
#define WEFT_SPEC_DIAGNOSTIC_H

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::spec
{

/// A stretch of one line of a source. Lines and columns count from 1; columns count bytes.
struct Span
{
    std::size_t source = 0; ///< index into Diagnostics' sources
    std::size_t line = 0;   ///< 0: the source as a whole
    std::size_t column = 0;
    std::size_t length = 1;
};

enum class Severity
{
    Error,
    Warning,
};

/// One finding.
struct Diagnostic
{
    Severity severity = Severity::Error;
    Span span;
    std::string message;
    std::string hint;               ///< shown beside the caret, such as "did you mean 'loss'?"
    std::vector<std::string> notes; ///< each shown as "note: ..."
};

/// Findings about one scenario and the sources they refer to.
class Diagnostics
{
  public:
    /// Adds a source. @param name what "file" shows @param text its content
    std::size_t AddSource(std::string name, std::string_view text);

    Diagnostic& Error(Span span, std::string message, std::string hint = {});
    Diagnostic& Warning(Span span, std::string message, std::string hint = {});

    const std::vector<Diagnostic>&
    All() const
    {
        return m_all;
    }

    /// @return the number of errors
    std::size_t Errors() const;

    /// Puts findings in the order of the source and drops repetitions.
    void Sort();

    /// @return GNU-style text: "file:line:col: error: ...", the source line, a caret, notes
    std::string Text(bool colour = false) const;

    /// @return a JSON array of {file, line, column, end_column, severity, message, hint, notes}
    std::string Json() const;

  private:
    struct Source
    {
        std::string name;
        std::vector<std::string> lines;
    };
    std::vector<Source> m_sources;
    std::vector<Diagnostic> m_all;
};

} // namespace weft::spec

#endif
