// SPDX-License-Identifier: GPL-2.0-only
#include "engine/record/overlay-records.h"

namespace weft::engine
{

namespace
{

constexpr std::array<std::string_view, FRAME_COLUMNS> NAMES{"eth_source",
                                                            "eth_destination",
                                                            "outer_vlan",
                                                            "source",
                                                            "destination",
                                                            "ttl",
                                                            "tos",
                                                            "df",
                                                            "fragment",
                                                            "protocol",
                                                            "source_port",
                                                            "destination_port",
                                                            "udp_checksum",
                                                            "encapsulation",
                                                            "vni",
                                                            "inner_source",
                                                            "inner_destination",
                                                            "inner_vlan",
                                                            "inner_kind",
                                                            "message",
                                                            "summary"};

std::uint32_t
Append(std::vector<std::string>& names, std::string name)
{
    names.push_back(std::move(name));
    return static_cast<std::uint32_t>(names.size() - 1);
}

} // namespace

std::string_view
ToString(FrameColumn column)
{
    return NAMES[static_cast<std::size_t>(column)];
}

std::optional<FrameColumn>
FindFrameColumn(std::string_view name)
{
    for (std::size_t i = 0; i < NAMES.size(); ++i)
    {
        if (NAMES[i] == name)
        {
            return static_cast<FrameColumn>(i);
        }
    }
    return std::nullopt;
}

std::uint32_t
OverlayRecord::AddWatchedLink(std::string name)
{
    return Append(m_watched, std::move(name));
}

std::uint32_t
OverlayRecord::AddLink(std::string name)
{
    return Append(m_links, std::move(name));
}

std::uint32_t
OverlayRecord::AddVtep(std::string name)
{
    return Append(m_vteps, std::move(name));
}

bool
OverlayRecord::Empty() const
{
    return m_links.empty() && m_vteps.empty();
}

} // namespace weft::engine
