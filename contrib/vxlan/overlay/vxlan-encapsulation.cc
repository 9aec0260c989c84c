// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-encapsulation.h"

#include "vxlan-geneve.h"
#include "vxlan-gre-teb.h"
#include "vxlan-nvgre.h"
#include "vxlan-stt.h"
#include "vxlan-vxlan.h"

#include <stdexcept>

namespace weft::vxlan
{

std::unique_ptr<Encapsulation>
MakeEncapsulation(const EncapsulationConfig& config)
{
    if (config.sourcePort == SourcePortMode::Range && config.sourcePortMin > config.sourcePortMax)
    {
        throw std::invalid_argument("sourcePortMin: " + std::to_string(config.sourcePortMin) +
                                    "; must not be above sourcePortMax, " +
                                    std::to_string(config.sourcePortMax));
    }
    if (config.ttl == 0 || config.multicastTtl == 0)
    {
        throw std::invalid_argument(std::string(config.ttl == 0 ? "ttl" : "multicastTtl") +
                                    ": 0; must be 1 to 255");
    }
    switch (config.kind)
    {
    case EncapsulationKind::Vxlan:
        return std::make_unique<VxlanEncapsulation>(config);
    case EncapsulationKind::Nvgre:
        return std::make_unique<NvgreEncapsulation>(config);
    case EncapsulationKind::GreTeb:
        return std::make_unique<GreTebEncapsulation>(config);
    case EncapsulationKind::Stt:
        return std::make_unique<SttEncapsulation>(config);
    case EncapsulationKind::Geneve:
        return std::make_unique<GeneveEncapsulation>(config);
    }
    throw std::invalid_argument("kind: not an encapsulation");
}

} // namespace weft::vxlan
