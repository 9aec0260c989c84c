// SPDX-License-Identifier: GPL-2.0-only
/** @file Distance, and the least delay that it allows. */
#ifndef WEFT_SPEC_GEOGRAPHY_H
#define WEFT_SPEC_GEOGRAPHY_H

#include "engine/spec/scenario.h"

namespace weft::spec
{

/// Kilometres that light travels in a millisecond in fibre of group index 1.468.
inline constexpr double FIBRE_KM_PER_MS = 299.792458 / 1.468;

/// @return the great-circle distance on a sphere of 6371.0088 km (IUGG mean radius), by the
/// haversine formula
double GreatCircleKm(const Location& a, const Location& b);

} // namespace weft::spec

#endif
