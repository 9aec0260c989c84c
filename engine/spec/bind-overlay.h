// SPDX-License-Identifier: GPL-2.0-only
/** @file What the binding of networks, hypervisors and machines shares. */
#ifndef WEFT_SPEC_BIND_OVERLAY_H
#define WEFT_SPEC_BIND_OVERLAY_H

#include "engine/spec/bind.h"

namespace weft::spec
{

/// Reads what is given of the settings of a VTEP; where the table has no default, what is not given
/// stays as it is.
void BindSettings(Binding& binding, const View& view, OverlaySettings& settings);

/// Checks the membership of a virtual router and reads it. @param view its map
Vrrp BindVrrp(Binding& binding, const View& view, Index network);

} // namespace weft::spec

#endif
