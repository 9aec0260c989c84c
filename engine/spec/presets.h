// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The built-in SLAs, one for each class.
 *
 * voice, video and transactional are the published thresholds beyond which VMware SD-WAN's Quality
 * of Experience calls a path critical (Broadcom KB 312376). There is none for bulk; ours only
 * refuses paths on which TCP no longer gets anywhere.
 */
#ifndef WEFT_SPEC_PRESETS_H
#define WEFT_SPEC_PRESETS_H

#include "engine/spec/scenario.h"

#include <array>

namespace weft::spec
{

/// @return the built-in SLAs in the order of TrafficClass
const std::array<Sla, 4>& Presets();

} // namespace weft::spec

#endif
