// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-edge-config.h"

#include "sdwan-key-schedule.h"

#include <set>
#include <stdexcept>

namespace weft::sdwan
{

namespace
{

[[noreturn]] void
Refuse(const EdgeConfig& config, const std::string& what)
{
    throw std::invalid_argument("edge '" + config.name + "': " + what);
}

} // namespace

void
Check(const EdgeConfig& config)
{
    if (config.links.empty())
    {
        Refuse(config, "links is empty, but an Edge needs at least one underlay link");
    }
    for (const auto& link : config.links)
    {
        if (link.mtu < 576)
        {
            Refuse(config,
                   "mtu of link '" + link.name + "' is " + std::to_string(link.mtu) +
                       ", but IPv4 needs at least 576 bytes");
        }
    }
    std::set<std::pair<std::uint32_t, std::uint32_t>> ends;
    for (std::size_t i = 0; i < config.tunnels.size(); ++i)
    {
        const auto& tunnel = config.tunnels[i];
        const std::string name = "tunnels[" + std::to_string(i) + "]";
        if (tunnel.peer >= config.peers.size())
        {
            Refuse(config,
                   name + ".peer is " + std::to_string(tunnel.peer) + ", but there are only " +
                       std::to_string(config.peers.size()) + " peers");
        }
        if (tunnel.link >= config.links.size())
        {
            Refuse(config,
                   name + ".link is " + std::to_string(tunnel.link) + ", but there are only " +
                       std::to_string(config.links.size()) + " links");
        }
        if (tunnel.secret.size() < SECRET_MIN_SIZE)
        {
            Refuse(config,
                   name + ".secret has " + std::to_string(tunnel.secret.size()) +
                       " bytes, but needs at least " + std::to_string(SECRET_MIN_SIZE));
        }
        if (!ends.emplace(config.links[tunnel.link].address, tunnel.remoteAddress).second)
        {
            Refuse(config, name + " joins the same two addresses as an earlier tunnel");
        }
    }
    if (config.tunnels.size() >= NO_TUNNEL)
    {
        Refuse(config, "more than 65534 tunnels");
    }
    if (config.rekeyInterval <= TimeNs{0})
    {
        Refuse(config, "rekeyInterval is not positive");
    }
}

} // namespace weft::sdwan
