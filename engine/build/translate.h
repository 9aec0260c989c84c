// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * From a scenario to what the models are configured with. Pure functions: no node is made here.
 *
 * Addresses follow from the order of the scenario: the host of a site is the tenth address of its
 * LAN; the link l of site s has 198.18.s.l+1 on the Internet (RFC 2544's range) and 172.16+c.s.l+1
 * in the private cloud number c.
 */
#ifndef WEFT_ENGINE_BUILD_TRANSLATE_H
#define WEFT_ENGINE_BUILD_TRANSLATE_H

#include "engine/spec/scenario.h"

#include "ns3/sdwan-edge-config.h"
#include "ns3/underlay-weather-config.h"

#include <cstdint>

namespace weft::engine
{

/// @return WAN address of a link, host byte order
std::uint32_t WanAddress(const spec::Scenario& scenario, const spec::LinkRef& link);

/// @return LAN address of the host of a site, host byte order
std::uint32_t HostAddress(const spec::Site& site);

/// @return the key of the packets a flow sends from its `from` site
sdwan::FlowKey KeyOf(const spec::Scenario& scenario, const spec::Flow& flow);

/// The two directions of a path.
struct PathWeatherConfigs
{
    underlay::WeatherConfig forward;
    underlay::WeatherConfig backward;
};

/// @return the base weather of a path with the scenario's events laid over it
PathWeatherConfigs WeatherOf(const spec::Scenario& scenario, spec::Index path);

/**
 * The configuration of a site's Edge.
 *
 * Every path of the scenario that touches the site is a tunnel: a tunnel exists for each pair of
 * underlay attachments that reach each other, and for no other. Its secret is derived from the seed
 * and the names of its ends.
 */
sdwan::EdgeConfig EdgeConfigOf(const spec::Scenario& scenario, spec::Index site);

} // namespace weft::engine

#endif
