// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * The weather of one direction of an underlay path: what happens to a packet that enters it at a
 * given instant.
 *
 * The fate of a packet is a function of (seed, path name, direction, configuration, instant) alone.
 * No packet changes what another meets, so two policies can be compared under identical weather.
 *
 * Delay. At the grid points of the jitter process (underlay-ou-jitter.h) and at the starts and ends
 * of events the path's delay is
 *
 *     d(t) = base + sum of s delay_e + c J(t) y(t),   y = max(0, z) at grid points, linear in
 * between,
 *
 * with s the strength of event e and J the jitter in force; between those knots d is linear, and it
 * may jump at an event. The scale c = 1 / sqrt((1/2 - 1/(2 pi)) (2 + q) / 3), q the correlation of
 * y at neighbouring grid points, makes J the standard deviation of d over time (q by the
 * first-order arc-cosine kernel, Cho and Saul 2009, for two floored normals of correlation r =
 * exp(-1/5); the factor (2 + q) / 3 is what linear interpolation leaves of the variance). Half of
 * the time d is the base delay; the mean of what is above it is c J / sqrt(2 pi).
 *
 * Order. A packet that enters at t leaves at A(t) = sup over s <= t of (s + d(s)): a virtual packet
 * entered at every earlier instant, and none may be overtaken. So arrivals never change order,
 * whatever the traffic. This adds nothing while d falls by less than one second a second; where J
 * is large against the correlation time, it adds to mean and spread, and TruthOver() tells what
 * came out. Only the explicit reorder setting holds a packet back behind others.
 *
 * Loss. Down, then the path's own process, then common causes, then events; the first that takes
 * the packet names the reason. Draws for a packet are keyed by its instant, so two packets at one
 * instant share their fate.
 */
#ifndef UNDERLAY_PATH_WEATHER_H
#define UNDERLAY_PATH_WEATHER_H

#include "underlay-gilbert-elliott.h"
#include "underlay-ou-jitter.h"
#include "underlay-random.h"
#include "underlay-types.h"
#include "underlay-weather-config.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::underlay
{

/// Why the weather took a packet.
enum class LossReason : std::uint8_t
{
    None,
    Loss,       ///< the path's own loss
    CommonLoss, ///< a cause shared with other paths
    EventLoss,  ///< loss added by an event
    Down,       ///< an event has the path down
};

/// What happens to one packet. The delay is set for lost packets too: what it would have been.
struct Fate
{
    bool lost = false;
    LossReason reason = LossReason::None;
    bool heldBack = false; ///< by the reorder setting
    TimeNs delay{0};       ///< from entering the path to leaving it
};

/// What the weather truly was over a span of time.
struct Truth
{
    TimeNs meanDelay{
        0};            ///< mean of the delay, sampled each millisecond, without the reorder setting
    TimeNs sdDelay{0}; ///< its standard deviation over those samples
    double lost =
        0; ///< mean loss probability over the time, given the state of the path; includes down
    double down = 0; ///< fraction of the time in which the path was down
};

/// Weather of one direction of one path; see the head of this file.
class PathWeather
{
  public:
    /**
     * @param seed of the run
     * @param name of the path, the same for both directions
     * @param direction this weather is for; events that do not touch it are left out
     * @param config see underlay-weather-config.h
     * @throws std::invalid_argument naming field, value and rule
     */
    PathWeather(std::uint64_t seed,
                std::string name,
                Direction direction,
                const WeatherConfig& config);

    /// @return the fate of a packet that enters the path at @p t. Any order of instants; cheapest
    /// forwards.
    Fate At(TimeNs t);

    /// @return the delay at @p t without the reorder setting: A(t) - t.
    TimeNs DelayAt(TimeNs t);

    /**
     * @return the truth over [@p from, @p to), or at @p from if the span is empty. Loss and down
     * are integrated exactly (but where two ramps overlap); asking leaves At() unmoved.
     */
    Truth TruthOver(TimeNs from, TimeNs to);

    const std::string&
    Name() const
    {
        return m_name;
    }

    Direction
    GetDirection() const
    {
        return m_direction;
    }

    const WeatherConfig&
    Config() const
    {
        return m_config;
    }

    /// @return c of the head of this file for neighbouring grid points correlated by @p
    /// gridCorrelation.
    static double JitterScale(double gridCorrelation);

    /// Stretches of linear delay between two checkpoints.
    static constexpr std::uint64_t CHECKPOINT_STRETCHES = 256;

  private:
    struct Event
    {
        WeatherEvent config;
        std::optional<GilbertElliott> loss;
        RandomStream thinning; ///< draws that thin the losses of a ramp
    };

    /// A stretch of time without a knot inside: [start, end).
    struct Stretch
    {
        std::uint64_t index = 0;
        TimeNs start{0};
        TimeNs end{0};
        std::int64_t delayStart = 0; ///< d at start, from the right, ns
        std::int64_t rise = 0;       ///< d at end, from the left, less delayStart, ns
        TimeNs before{0};            ///< sup of s + d(s) over s < start
        TimeNs peak{0};              ///< the same over s <= start
        bool wide = false;           ///< rise * length exceeds 64 bits
        bool down = false;
        std::vector<std::uint32_t> losing; ///< events that may lose packets here
    };

    struct Checkpoint
    {
        TimeNs start;
        TimeNs before;
    };

    static TimeNs End(const WeatherEvent& event);
    static bool IsOn(const WeatherEvent& event, TimeNs t);
    static double Strength(const WeatherEvent& event, TimeNs t);
    static TimeNs NextKnot(const WeatherEvent& event, TimeNs t);
    std::int64_t RawDelay(TimeNs t, TimeNs within);
    void Enter(std::uint64_t index, TimeNs start, TimeNs before);
    void Seek(TimeNs t);
    std::int64_t RiseTo(TimeNs t) const;
    double LossProbability(TimeNs t);
    TimeNs NextChange(TimeNs t);
    Truth MeasureTruth(TimeNs from, TimeNs to);

    std::uint64_t m_seed;
    std::string m_name;
    Direction m_direction;
    WeatherConfig m_config;
    GilbertElliott m_loss;
    RandomStream m_reorder;
    std::vector<GilbertElliott> m_common;
    std::vector<Event> m_events;
    std::optional<OuJitter> m_ou; ///< absent where nothing jitters
    double m_scale = 0;           ///< c
    Stretch m_now;
    std::vector<Checkpoint> m_checkpoints;
    std::unique_ptr<PathWeather> m_truth; ///< a twin that TruthOver() moves in place of this one
};

/// @return the lower-case, hyphenated name of @p reason, such as "event-loss"; "none" for None.
std::string_view ToString(LossReason reason);

} // namespace weft::underlay

#endif
