// SPDX-License-Identifier: GPL-2.0-only
/** @file Runs the command line in a folder of its own and looks at what it leaves. */
#ifndef WEFT_TESTS_SCENARIO_RUNNER_H
#define WEFT_TESTS_SCENARIO_RUNNER_H

#include "support/workspace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace weft::testing
{

namespace fs = std::filesystem;

inline const fs::path SCENARIOS = fs::path(WEFT_SOURCE_DIR) / "scenarios";
inline const std::string WEFT = WEFT_BINARY_DIR "/bin/weft-cli";

using support::ReadAll;
using support::Workspace;

struct Result
{
    int code = -1; ///< exit code, or 128 + signal
    std::string out;
    std::string err;
};

/// Starts the command line in a workspace; stdout and stderr go to files.
inline pid_t
Start(const Workspace& in, const std::vector<std::string>& arguments)
{
    const pid_t child = fork();
    if (child == 0)
    {
        std::vector<char*> argv{const_cast<char*>(WEFT.c_str())};
        for (const auto& a : arguments)
        {
            argv.push_back(const_cast<char*>(a.c_str()));
        }
        argv.push_back(nullptr);
        if (chdir(in.Path().c_str()) == 0 && freopen("stdout", "w", stdout) &&
            freopen("stderr", "w", stderr))
        {
            execv(WEFT.c_str(), argv.data());
        }
        _exit(127);
    }
    return child;
}

inline Result
Finish(const Workspace& in, pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    Result result;
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result.out = ReadAll(in.Path() / "stdout");
    result.err = ReadAll(in.Path() / "stderr");
    return result;
}

inline Result
RunWeft(const Workspace& in, const std::vector<std::string>& arguments)
{
    return Finish(in, Start(in, arguments));
}

/// Every file called @p name below a folder.
inline std::vector<fs::path>
Find(const fs::path& below, const std::string& name)
{
    std::vector<fs::path> found;
    if (fs::exists(below))
    {
        for (const auto& entry : fs::recursive_directory_iterator(below))
        {
            if (entry.path().filename() == name)
            {
                found.push_back(entry.path());
            }
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// A CSV file without quoted line breaks: rows by column name.
using Row = std::map<std::string, std::string>;

inline std::vector<Row>
ReadCsv(const fs::path& file)
{
    const auto split = [](const std::string& line) {
        std::vector<std::string> cells(1);
        bool quoted = false;
        for (const char c : line)
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                cells.emplace_back();
            }
            else
            {
                cells.back() += c;
            }
        }
        return cells;
    };
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    const auto names = split(line);
    std::vector<Row> rows;
    while (std::getline(in, line))
    {
        const auto cells = split(line);
        Row& row = rows.emplace_back();
        for (std::size_t i = 0; i < names.size() && i < cells.size(); ++i)
        {
            row[names[i]] = cells[i];
        }
    }
    return rows;
}

} // namespace weft::testing

#endif
