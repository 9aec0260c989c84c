// SPDX-License-Identifier: GPL-2.0-only
/** @file A verdict as a JSON object, the same in run.json and on the console. */
#ifndef WEFT_ENGINE_RECORD_VERDICT_JSON_H
#define WEFT_ENGINE_RECORD_VERDICT_JSON_H

#include "engine/record/records.h"
#include "engine/record/text.h"

namespace weft::engine
{

/// Writes @p verdict as the next element of an array.
void WriteVerdict(JsonWriter& json, const Verdict& verdict);

} // namespace weft::engine

#endif
