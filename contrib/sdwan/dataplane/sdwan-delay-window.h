// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Delay and jitter of one direction of one tunnel over a window of seconds and one of minutes, in
 * bounded memory.
 *
 * The short window is a ring of 20 buckets with exact moments and up to 32 evenly thinned samples
 * each (for percentiles). The long window is a ring of closed short windows. Its deviation and
 * delay variation are taken *within* each short window and then pooled, so that clock skew (100 ppm
 * is 12 ms in two minutes) is not taken for jitter; its mean and minimum are referred to the pair's
 * present clock offset for the same reason.
 */
#ifndef SDWAN_DELAY_WINDOW_H
#define SDWAN_DELAY_WINDOW_H

#include "sdwan-delay-stamp.h"
#include "sdwan-path-statistics.h"

#include <array>
#include <vector>

namespace weft::sdwan
{

class DelayWindow
{
  public:
    /**
     * @param window length of the short window
     * @param smoothed length of the long one, a multiple of @p window
     * @param clock the pair's clock; outlives this
     * @param start the present
     */
    DelayWindow(TimeNs window, TimeNs smoothed, const PairClock& clock, TimeNs start);

    /// A datagram arrived. @param stamp its send stamp @param now arrival by the local clock
    void OnReceived(std::uint32_t stamp, TimeNs now);

    /// Moves the windows to @p now.
    void Advance(TimeNs now);

    /// Fills the delay fields of @p s over the short window. @param z for the percentiles' bounds
    void Instantaneous(WindowStatistics& s, double z);
    /// Fills the delay fields of @p s over the long window (closed short windows only; the short
    /// one until there is any).
    void Smoothed(WindowStatistics& s, double z);

  private:
    static constexpr std::size_t BUCKETS = 20;
    static constexpr std::size_t KEPT = 32;
    static constexpr std::size_t BINS =
        84; ///< quarter octaves of delay variation from 16 us; the last is open

    struct Bucket
    {
        std::uint32_t n = 0;
        std::uint32_t steps = 0; ///< successive differences, the first against the bucket before
        std::int64_t reference =
            0;                ///< relative delay the moments are taken about: the first sample
        std::int64_t min = 0; ///< unwrapped relative delay, us
        double sum = 0;       ///< of sample - reference
        double squares = 0;
        double stepSum = 0;       ///< of |D|
        double stepSquares = 0;   ///< of D^2
        std::uint32_t stride = 1; ///< every stride-th sample is kept
        std::uint32_t kept = 0;
        std::array<std::int32_t, KEPT> samples{}; ///< sample - reference
    };

    /// Moments of the short window, about `reference`.
    struct Moments
    {
        double n = 0;
        double steps = 0;
        std::int64_t reference = 0;
        std::int64_t min = 0;
        double sum = 0;
        double squares = 0;
        double stepSum = 0;
        double stepSquares = 0;
    };

    /// A closed short window.
    struct Summary
    {
        double n = 0;
        double steps = 0;
        double mean = 0;    ///< unwrapped relative delay, us
        double min = 0;     ///< likewise
        double offset = 0;  ///< of the clocks, at its end
        double squares = 0; ///< about its own mean
        double stepSum = 0;
        double stepSquares = 0;
        std::array<float, BINS> bins{}; ///< samples by delay variation, weighted
    };

    struct Weighted
    {
        double value;
        double weight;
    };

    Moments Gather() const;
    void CollectSamples(const Moments& m);
    void Close();
    void Pool(double z);
    double OffsetNow() const;
    static std::size_t Bin(double us);
    static double BinUpper(std::size_t bin);

    TimeNs m_width;
    TimeNs m_bucketEnd;
    const PairClock& m_clock;
    bool m_started = false;
    std::int64_t m_last = 0; ///< unwrapped relative delay of the latest datagram
    double m_rfc3550 = 0;
    std::size_t m_newest = 0;
    std::array<Bucket, BUCKETS> m_buckets{};
    std::vector<Summary> m_summaries; ///< ring
    std::size_t m_nextSummary = 0;
    std::size_t m_closed = 0;
    bool m_smoothedValid = false;
    WindowStatistics m_pooled;       ///< delay fields over the long window, less the clock offset
    double m_pooledMin = 0;          ///< relative delay less clock offset
    std::vector<Weighted> m_scratch; ///< capacity BUCKETS * KEPT from the start
};

} // namespace weft::sdwan

#endif
