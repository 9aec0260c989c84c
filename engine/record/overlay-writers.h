// SPDX-License-Identifier: GPL-2.0-only
/** @file The text of the result files of runs with a fabric, as doc/results.md describes them. */
#ifndef WEFT_ENGINE_RECORD_OVERLAY_WRITERS_H
#define WEFT_ENGINE_RECORD_OVERLAY_WRITERS_H

#include "engine/record/overlay-records.h"

#include <string>
#include <string_view>

namespace weft::engine
{

std::string TablesCsv(const TableLog& tables);
std::string FramesCsv(const OverlayRecord& record);
std::string LinksCsv(const OverlayRecord& record);
std::string VtepsCsv(const OverlayRecord& record);

/**
 * Reads what TablesCsv() wrote.
 *
 * @param text the file
 * @throws std::invalid_argument with the line's number and what is wrong with it
 */
TableLog ReadTablesCsv(std::string_view text);

} // namespace weft::engine

#endif
