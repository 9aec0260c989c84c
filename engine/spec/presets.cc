// SPDX-License-Identifier: GPL-2.0-only
#include "engine/spec/presets.h"

namespace weft::spec
{

const std::array<Sla, 4>&
Presets()
{
    using namespace std::chrono_literals;
    constexpr auto STDDEV = JitterMetric::Stddev;
    static const std::array<Sla, 4> presets{
        Sla{"voice", "", 65ms, 30ms, 0.01, STDDEV},
        Sla{"video", "", 65ms, 10ms, 0.001, STDDEV},
        Sla{"transactional", "", 80ms, 200ms, 0.03, STDDEV},
        Sla{"bulk", "", 500ms, 500ms, 0.1, STDDEV},
    };
    return presets;
}

} // namespace weft::spec
