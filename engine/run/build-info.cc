// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run/build-info.h"

#include <array>
#include <cstdio>
#include <memory>

namespace weft::engine
{

namespace
{

/// Output of a command without its last line break; empty when it fails.
std::string
OutputOf(const std::string& command)
{
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((command + " 2>/dev/null").c_str(), "r"),
                                                     &pclose);
    std::string out;
    std::array<char, 256> chunk;
    while (pipe && std::fgets(chunk.data(), chunk.size(), pipe.get()))
    {
        out += chunk.data();
    }
    while (!out.empty() && out.back() == '\n')
    {
        out.pop_back();
    }
    return out;
}

} // namespace

BuildInfo
GetBuildInfo()
{
    BuildInfo info;
    info.version = WEFT_VERSION;
    info.ns3 = WEFT_NS3_VERSION;
    info.compiler = std::string("GCC ") + __VERSION__;
#ifdef __clang__
    info.compiler = std::string("Clang ") + __clang_version__;
#endif
    const std::string git = "git -C '" WEFT_SOURCE_DIR "' ";
    info.commit = OutputOf(git + "rev-parse HEAD");
    info.dirty = !info.commit.empty() && !OutputOf(git + "status --porcelain").empty();
    return info;
}

} // namespace weft::engine
