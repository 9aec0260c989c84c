// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-types.h"

namespace weft::sdwan
{

std::string_view
ToString(DropReason reason)
{
    constexpr std::string_view names[] = {
        "none",           "truncated",     "bad-version",
        "bad-header",     "bad-control",   "bad-parity",
        "unknown-tunnel", "unknown-epoch", "authentication-failed",
        "replayed",       "too-old",       "duplicate",
        "late",           "not-ipv4",      "no-route",
        "no-path",        "too-big",       "unknown-segment",
        "ttl-expired",    "table-full",    "key-exhausted",
    };
    static_assert(std::size(names) == static_cast<std::size_t>(DropReason::Count));
    const auto i = static_cast<std::size_t>(reason);
    return i < std::size(names) ? names[i] : "unknown";
}

} // namespace weft::sdwan
