// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * What a verb of the command line is. To add one, write cli/NAME.cc with
 *
 *     namespace
 *     {
 *     int Run(const weft::cli::Arguments& arguments) { ...; return weft::cli::OK; }
 *
 *     const weft::cli::Registration REGISTRATION{{
 *         .name = "name",
 *         .summary = "one line, shown by weft --help",
 *         .operands = "FILE...",
 *         .details = "what weft name --help says below the options",
 *         .options = [](auto& o) { o.add_options()("capture", "write a packet capture"); },
 *         .run = Run,
 *     }};
 *     }
 *
 * Nothing else has to know of it. stdout carries the result, stderr progress and diagnostics.
 */
#ifndef WEFT_CLI_VERB_H
#define WEFT_CLI_VERB_H

#include "engine/spec/load.h"

#include <boost/program_options.hpp>

#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::cli
{

/// Exit codes.
enum ExitCode : int
{
    OK = 0,
    EXPECTATION_FAILED = 1,
    INVALID = 2, ///< scenario or command line; also `check` of a scenario that expects nothing
    SIMULATION_FAILED = 3,
};

/// A command line that cannot be obeyed: the message is printed with a hint to --help; exit code 2.
class UsageError : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

/// What follows the verb on the command line.
struct Arguments
{
    std::vector<std::string> operands;
    boost::program_options::variables_map options;
    std::string commandLine; ///< the whole command, quoted so that a shell reads it back

    /// @return whether a flag was given
    bool Has(const std::string& option) const;
    /// @return the one operand; throws UsageError when there are none or several. @p what names it
    const std::string& Only(const std::string& what) const;
    /// @return the values of --set, in order
    std::vector<std::string> Overrides() const;
    /// @return the value of --variant, or nothing
    std::string Variant() const;
};

/// A verb.
struct Verb
{
    std::string name;
    std::string summary;
    std::string operands; ///< as in the usage line; empty: none are accepted
    std::string details;
    std::function<void(boost::program_options::options_description&)> options;
    std::function<int(const Arguments&)> run;
};

/// Makes a verb known for the life of the program.
class Registration
{
  public:
    explicit Registration(Verb verb);
};

/// @return all verbs, sorted by name
const std::vector<Verb>& Verbs();

/// Adds `--set path=value` and `--variant NAME`, which every verb that reads a scenario takes.
void AddScenarioOptions(boost::program_options::options_description& options);

/// Adds `--json`.
void AddJsonOption(boost::program_options::options_description& options);

/**
 * Reads a scenario and reports what is wrong with it: on stderr, or with --json as an object on
 * stdout.
 * @return nothing when it is invalid; the verb then returns INVALID
 */
std::optional<spec::LoadResult> LoadOrReport(const Arguments& arguments, const std::string& file);

/// The same for a scenario that has been tried to load already.
std::optional<spec::LoadResult> Report(const Arguments& arguments,
                                       const std::string& file,
                                       spec::LoadResult result);

/// @return whether colour belongs on a stream: it is a terminal, and NO_COLOR is not set
bool Colour(std::FILE* stream);

/// @return @p text as a JSON string, with its quotes
std::string JsonString(std::string_view text);

} // namespace weft::cli

#endif
