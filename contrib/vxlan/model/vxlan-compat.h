// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * @ingroup vxlan
 * The one difference between the ns-3 releases this module builds with that needs a shim, found by
 * detection.
 */
#ifndef VXLAN_COMPAT_H
#define VXLAN_COMPAT_H

#include "ns3/attribute.h"
#include "ns3/enum.h"
#include "ns3/ptr.h"

namespace ns3
{
namespace vxlan
{

/**
 * MakeEnumAccessor(), which from ns-3.41 on wants the type of the enum named.
 *
 * @tparam E the enum, unscoped
 * @param member pointer to the data member
 * @return the accessor
 */
template <typename E, typename M>
Ptr<const AttributeAccessor>
MakeEnumMemberAccessor(M member)
{
    if constexpr (requires { MakeEnumAccessor<E>(member); })
    {
        return MakeEnumAccessor<E>(member);
    }
    else
    {
        return MakeEnumAccessor(member);
    }
}

} // namespace vxlan
} // namespace ns3

#endif
