// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/geography.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weft::spec
{

double
GreatCircleKm(const Location& a, const Location& b)
{
    constexpr double RADIUS_KM = 6371.0088;
    constexpr double DEGREE = std::numbers::pi / 180;
    const double latitude = (b.latitude - a.latitude) * DEGREE;
    const double longitude = (b.longitude - a.longitude) * DEGREE;
    const double h = std::pow(std::sin(latitude / 2), 2) + std::cos(a.latitude * DEGREE) *
                                                               std::cos(b.latitude * DEGREE) *
                                                               std::pow(std::sin(longitude / 2), 2);
    return 2 * RADIUS_KM * std::asin(std::sqrt(std::min(1.0, h)));
}

} // namespace weft::spec
