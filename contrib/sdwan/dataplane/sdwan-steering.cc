// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-steering.h"

namespace weft::sdwan
{

std::string_view
ToString(SteeringAction action)
{
    constexpr std::string_view names[] = {"open",
                                          "duplicate",
                                          "stop-duplicate",
                                          "switch",
                                          "return",
                                          "fec-on",
                                          "fec-off",
                                          "least-bad",
                                          "follow",
                                          "path-down",
                                          "path-up"};
    return names[static_cast<std::size_t>(action)];
}

} // namespace weft::sdwan
