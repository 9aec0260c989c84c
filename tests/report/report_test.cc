// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Runs the report's test cases, which are Python as the report is, one file a test. They are
 * skipped only where matplotlib is not installed.
 */
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <sys/wait.h>

namespace
{

const std::string PYTHON = "/usr/bin/python3";

struct Outcome
{
    int status;
    std::string output;
};

/// Runs a shell command to its end; status is its exit code, -1 when it was killed.
Outcome
Execute(const std::string& command)
{
    std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr)
    {
        return {-1, "popen failed"};
    }
    Outcome outcome{-1, ""};
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr)
    {
        outcome.output += buffer.data();
    }
    const int status = pclose(pipe);
    if (WIFEXITED(status))
    {
        outcome.status = WEXITSTATUS(status);
    }
    return outcome;
}

class Report : public testing::TestWithParam<const char*>
{
};

TEST_P(Report, PythonCasesPass)
{
    if (Execute(PYTHON +
                " -c 'import importlib.util as u, sys; sys.exit(not u.find_spec(\"matplotlib\"))'")
            .status != 0)
    {
        GTEST_SKIP() << "python3-matplotlib is not installed";
    }
    const std::string file =
        std::string(WEFT_SOURCE_DIR) + "/tests/report/" + GetParam() + "_cases.py";
    const Outcome outcome = Execute(PYTHON + " -B '" + file + "' -v");
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_NE(outcome.output.find("\nRan "), std::string::npos) << outcome.output;
    EXPECT_EQ(outcome.output.find("\nRan 0 tests"), std::string::npos) << outcome.output;
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         Report,
                         testing::Values("input", "timeline", "page"),
                         [](const auto& instance) { return std::string(instance.param); });

} // namespace
