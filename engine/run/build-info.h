// SPDX-License-Identifier: GPL-2.0-only
/** @file What the running program was built from. */
#ifndef WEFT_ENGINE_RUN_BUILD_INFO_H
#define WEFT_ENGINE_RUN_BUILD_INFO_H

#include <string>

namespace weft::engine
{

struct BuildInfo
{
    std::string version;
    std::string commit; ///< empty outside a git checkout
    bool dirty = false; ///< the checkout has uncommitted changes
    std::string ns3;
    std::string compiler;
};

/// @return version and compiler of the build, and the state of its source tree now
BuildInfo GetBuildInfo();

} // namespace weft::engine

#endif
