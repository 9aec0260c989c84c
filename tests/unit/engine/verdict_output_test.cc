// SPDX-License-Identifier: GPL-2.0-only
/** @file Verdicts as a table for a terminal and as JSON. */

#include "engine/study/verdict-table.h"
#include "expectations_fixture.h"

#include <cstdlib>
#include <unistd.h>

namespace weft::engine
{
namespace
{

using testing::HasSubstr;
using testing::Not;

class Verdicts : public Expectations
{
};

TEST_F(Verdicts, Table)
{
    auto good = ExpectDecision("opens", spec::Action::Open);
    auto bad = Expect("clean", spec::ExpectKind::LanClean);
    const auto verdicts = JudgeAll({good, bad});
    const std::string plain = VerdictTable(verdicts, false);
    EXPECT_THAT(plain, HasSubstr("pass  opens"));
    EXPECT_THAT(plain, HasSubstr("FAIL  clean"));
    EXPECT_THAT(plain, HasSubstr("expected: The hosts of call see no loss"));
    EXPECT_THAT(plain, HasSubstr("found:    forward: 1 lost"));
    EXPECT_THAT(plain, HasSubstr("1 of 2 expectations met\n"));
    EXPECT_THAT(plain, Not(HasSubstr("\033")));
    EXPECT_THAT(VerdictTable(verdicts, true), HasSubstr("\033"));
    EXPECT_EQ(VerdictTable({}, true), "no expectations\n");
}

TEST_F(Verdicts, JsonOfVerdicts)
{
    const std::string json = VerdictsJson(JudgeAll({Expect("clean", spec::ExpectKind::LanClean)}));
    EXPECT_THAT(json, HasSubstr("\"status\": \"fail\""));
    EXPECT_THAT(json, HasSubstr("\"measured\": 3"));
    EXPECT_EQ(json.front(), '[');
}

TEST(Colour, NoColorWins)
{
    ::setenv("NO_COLOR", "1", 1);
    EXPECT_FALSE(UseColour(STDOUT_FILENO));
    ::unsetenv("NO_COLOR");
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    EXPECT_FALSE(UseColour(ends[1])) << "a pipe is not a terminal";
    ::close(ends[0]);
    ::close(ends[1]);
}

} // namespace
} // namespace weft::engine
