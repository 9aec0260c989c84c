// SPDX-License-Identifier: GPL-2.0-only
/** @file Finds the verb, reads its options, runs it. */

#include "cli/verb.h"

#include "engine/spec/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <sstream>

namespace po = boost::program_options;
using namespace weft;

namespace
{

std::string
Help()
{
    std::string text = "Usage: weft VERB [OPTION...] [OPERAND...]\n\n"
                       "Replays overlay networks from scenario files (*.weft.yaml).\n\nVerbs:\n";
    for (const auto& verb : cli::Verbs())
    {
        text += fmt::format("  {:<10} {}\n", verb.name, verb.summary);
    }
    text +=
        "\n`weft VERB --help` explains a verb. `weft --version` names the build.\n\n"
        "Exit codes: 0 all well; 1 an expectation failed; 2 the scenario or the command line is\n"
        "invalid, or nothing was expected where `check` was asked; 3 the simulation failed.\n"
        "Results go to stdout, progress and diagnostics to stderr. Colour is used on terminals\n"
        "unless NO_COLOR is set.\n";
    return text;
}

po::options_description
OptionsOf(const cli::Verb& verb)
{
    po::options_description options("Options");
    if (verb.options)
    {
        verb.options(options);
    }
    options.add_options()("help,h", "show this help");
    return options;
}

std::string
Help(const cli::Verb& verb)
{
    std::ostringstream options;
    options << OptionsOf(verb);
    std::string text = fmt::format("Usage: weft {} [OPTION...]{}{}\n\n{}\n\n{}",
                                   verb.name,
                                   verb.operands.empty() ? "" : " ",
                                   verb.operands,
                                   verb.summary,
                                   options.str());
    if (!verb.details.empty())
    {
        text += "\n" + verb.details;
        if (text.back() != '\n')
        {
            text += '\n';
        }
    }
    return text;
}

/// Prints an error of the command line. @return the exit code for it
int
Refuse(const std::string& program, const std::string& message, const std::string& hint = {})
{
    const bool colour = cli::Colour(stderr);
    fmt::print(stderr,
               "{}: {}error:{} {}{}{}\n",
               program,
               colour ? "\x1b[1;31m" : "",
               colour ? "\x1b[0m" : "",
               message,
               hint.empty() ? "" : "; ",
               hint);
    fmt::print(stderr, "`{} --help` shows what is understood.\n", program);
    return cli::INVALID;
}

/// Reads the options of one verb. Throws UsageError.
cli::Arguments
Parse(const cli::Verb& verb, const std::vector<std::string>& words)
{
    const auto visible = OptionsOf(verb);
    po::options_description all;
    all.add(visible);
    all.add_options()("operand", po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add("operand", -1);
    cli::Arguments arguments;
    try
    {
        namespace style = po::command_line_style;
        const int form = style::unix_style & ~style::allow_guessing;
        po::store(
            po::command_line_parser(words).options(all).positional(positional).style(form).run(),
            arguments.options);
        po::notify(arguments.options);
    }
    catch (const po::unknown_option& e)
    {
        std::vector<std::string> known;
        for (const auto& option : visible.options())
        {
            known.push_back("--" + option->long_name());
        }
        const auto name = e.get_option_name();
        std::string hint;
        if (const auto near = spec::Suggest(name, known))
        {
            hint = fmt::format("; did you mean '{}'?", *near);
        }
        throw cli::UsageError(fmt::format("unknown option '{}'{}", name, hint));
    }
    catch (const po::error& e)
    {
        throw cli::UsageError(e.what());
    }
    if (arguments.options.count("operand"))
    {
        arguments.operands = arguments.options["operand"].as<std::vector<std::string>>();
    }
    if (verb.operands.empty() && !arguments.operands.empty() && !arguments.Has("help"))
    {
        throw cli::UsageError(fmt::format("unexpected operand '{}'", arguments.operands.front()));
    }
    return arguments;
}

/// @return a word as a shell would need it written
std::string
Quote(const std::string& word)
{
    const bool plain =
        !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "0123456789_-./=:,+@%") == std::string::npos;
    if (plain)
    {
        return word;
    }
    std::string quoted = "'";
    for (char c : word)
    {
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return quoted + "'";
}

int
RunVerb(const cli::Verb& verb, const std::vector<std::string>& words)
{
    const auto program = "weft " + verb.name;
    try
    {
        auto arguments = Parse(verb, words);
        if (arguments.Has("help"))
        {
            fmt::print("{}", Help(verb));
            return cli::OK;
        }
        arguments.commandLine = program;
        for (const auto& word : words)
        {
            arguments.commandLine += " " + Quote(word);
        }
        return verb.run(arguments);
    }
    catch (const cli::UsageError& e)
    {
        return Refuse(program, e.what());
    }
    catch (const std::exception& e)
    {
        fmt::print(stderr, "{}: failed: {}\n", program, e.what());
        return cli::SIMULATION_FAILED;
    }
}

} // namespace

int
main(int argc, char* argv[])
{
    const std::vector<std::string> words(argv + 1, argv + std::max(argc, 1));
    if (words.empty())
    {
        fmt::print(stderr, "{}", Help());
        return cli::INVALID;
    }
    const auto& first = words.front();
    if (first == "--help" || first == "-h" || (first == "help" && words.size() == 1))
    {
        fmt::print("{}", Help());
        return cli::OK;
    }
    if (first == "--version")
    {
        fmt::print("weft {}\n", WEFT_VERSION);
        return cli::OK;
    }
    const bool help = first == "help";
    const auto& name = help ? words[1] : first;
    std::vector<std::string> names;
    for (const auto& verb : cli::Verbs())
    {
        if (verb.name == name)
        {
            return RunVerb(verb,
                           help ? std::vector<std::string>{"--help"}
                                : std::vector<std::string>(words.begin() + 1, words.end()));
        }
        names.push_back(verb.name);
    }
    const auto kind = name.starts_with("-") ? "option" : "verb";
    std::string hint;
    if (const auto near = spec::Suggest(name, names))
    {
        hint = fmt::format("did you mean '{}'?", *near);
    }
    return Refuse("weft", fmt::format("unknown {} '{}'", kind, name), hint);
}
