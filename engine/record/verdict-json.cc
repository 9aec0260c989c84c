// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/verdict-json.h"

namespace weft::engine
{

void
WriteVerdict(JsonWriter& json, const Verdict& verdict)
{
    json.BeginObject();
    json.Text("name", verdict.name);
    json.Text("kind", verdict.kind);
    json.Text("status", verdict.passed ? "pass" : "fail");
    json.Text("statement", verdict.statement);
    json.Value("measured", verdict.measured);
    json.Value("threshold", verdict.threshold);
    json.Text("unit", verdict.unit);
    json.Value("margin", verdict.margin);
    json.Text("detail", verdict.detail);
    json.Value("at_s", verdict.atSeconds);
    json.EndObject();
}

} // namespace weft::engine
