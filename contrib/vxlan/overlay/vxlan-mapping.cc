// SPDX-License-Identifier: GPL-2.0-only
#include "vxlan-mapping.h"

#include "vxlan-mapping-controller.h"
#include "vxlan-mapping-data-plane.h"
#include "vxlan-mapping-static.h"

namespace weft::vxlan
{

std::unique_ptr<Mapping>
MakeMapping(MappingKind kind)
{
    switch (kind)
    {
    case MappingKind::Static:
        return std::make_unique<StaticMapping>();
    case MappingKind::Controller:
        return std::make_unique<ControllerMapping>();
    case MappingKind::DataPlane:
        break;
    }
    return std::make_unique<DataPlaneMapping>();
}

} // namespace weft::vxlan
