// SPDX-License-Identifier: GPL-2.0-only
/** @file weft schema: what a scenario file may hold, for editors or for readers. */

#include "cli/verb.h"

#include "engine/spec/describe.h"

#include <fmt/format.h>

namespace
{

using namespace weft;

int
Run(const cli::Arguments& arguments)
{
    fmt::print("{}", arguments.Has("reference") ? spec::ReferencePage() : spec::JsonSchema());
    return cli::OK;
}

const cli::Registration REGISTRATION{{
    .name = "schema",
    .summary = "print the JSON Schema of scenario files",
    .operands = "",
    .details = "The committed copies are doc/scenario.schema.json and doc/scenario-reference.md.\n",
    .options =
        [](auto& options) {
            options.add_options()("reference", "print the reference page (Markdown) instead");
        },
    .run = Run,
}};

} // namespace
