// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Runs the report's test cases, which are Python as the report is, one file a test. They are
 * skipped only where matplotlib is not installed.
 */
#include "support/workspace.h"

#include <gtest/gtest.h>

#include <string>

namespace
{

using weft::support::Has;
using weft::support::Shell;

const std::string PYTHON = "/usr/bin/python3";

class Report : public testing::TestWithParam<const char*>
{
};

TEST_P(Report, PythonCasesPass)
{
    if (Shell(PYTHON +
              " -c 'import importlib.util as u, sys; sys.exit(not u.find_spec(\"matplotlib\"))'")
            .code != 0)
    {
        GTEST_SKIP() << "python3-matplotlib is not installed";
    }
    const std::string file =
        std::string(WEFT_SOURCE_DIR) + "/tests/report/" + GetParam() + "_cases.py";
    const auto outcome = Shell(PYTHON + " -B '" + file + "' -v 2>&1");
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    EXPECT_TRUE(Has(outcome.text, "\nRan ")) << outcome.text;
    EXPECT_FALSE(Has(outcome.text, "\nRan 0 tests")) << outcome.text;
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         Report,
                         testing::Values("input", "timeline", "page", "fabric"),
                         [](const auto& instance) { return std::string(instance.param); });

} // namespace
