// SPDX-License-Identifier: GPL-2.0-only
#include "sdwan-interval.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weft::sdwan
{

namespace
{

/// Standard normal quantile of probability p in (0, 1), P. J. Acklam's approximation with one
/// Halley step.
double
InverseNormal(double p)
{
    static constexpr double a[] = {-3.969683028665376e+01,
                                   2.209460984245205e+02,
                                   -2.759285104469687e+02,
                                   1.383577518672690e+02,
                                   -3.066479806614716e+01,
                                   2.506628277459239e+00};
    static constexpr double b[] = {-5.447609879822406e+01,
                                   1.615858368580409e+02,
                                   -1.556989798598866e+02,
                                   6.680131188771972e+01,
                                   -1.328068155288572e+01};
    static constexpr double c[] = {-7.784894002430293e-03,
                                   -3.223964580411365e-01,
                                   -2.400758277161838e+00,
                                   -2.549732539343734e+00,
                                   4.374664141464968e+00,
                                   2.938163982698783e+00};
    static constexpr double d[] = {
        7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00};
    const auto tail = [](double q) {
        return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
               ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    };
    double x;
    if (p < 0.02425)
    {
        x = tail(std::sqrt(-2 * std::log(p)));
    }
    else if (p > 1 - 0.02425)
    {
        x = -tail(std::sqrt(-2 * std::log(1 - p)));
    }
    else
    {
        const double q = p - 0.5;
        const double r = q * q;
        x = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
            (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
    }
    const double e = 0.5 * std::erfc(-x / std::sqrt(2.0)) - p;
    const double u = e * std::sqrt(2 * M_PI) * std::exp(x * x / 2);
    return x - u / (1 + x * u / 2);
}

} // namespace

double
NormalQuantile(double level)
{
    return InverseNormal(0.5 + level / 2);
}

double
EffectiveSizeOfMean(double n, double rho)
{
    rho = std::clamp(rho, 0.0, 0.9999);
    return std::max(1.0, n * (1 - rho) / (1 + rho));
}

double
EffectiveSizeOfVariance(double n, double rho)
{
    rho = std::clamp(rho, 0.0, 0.9999);
    return std::max(1.0, n * (1 - rho * rho) / (1 + rho * rho));
}

double
GilbertCorrelation(double loss, double meanRun)
{
    if (loss <= 0 || loss >= 1)
    {
        return 0;
    }
    const double r = 1 / std::max(1.0, meanRun);
    const double a = loss * r / (1 - loss);
    return std::clamp(1 - a - r, 0.0, 0.9999);
}

double
EffectiveSizeOfLoss(double n, double loss, double meanRun)
{
    const double m = GilbertCorrelation(loss, meanRun);
    return std::max(1.0, n * (1 - m) / (1 + m));
}

Interval
WilsonInterval(double p, double n, double z)
{
    if (n <= 0)
    {
        return {0, 1};
    }
    const double zz = z * z;
    const double centre = p + zz / (2 * n);
    const double half = z * std::sqrt(p * (1 - p) / n + zz / (4 * n * n));
    const double scale = 1 + zz / n;
    return {std::max(0.0, (centre - half) / scale), std::min(1.0, (centre + half) / scale)};
}

double
PoissonLowerRatio(double events, double z)
{
    // P(X >= k | mean m) = P(chi2 with 2k degrees of freedom <= 2m).
    return events > 0 ? std::max(0.0, ChiSquareQuantile(2 * events, -z)) / (2 * events) : 0;
}

Interval
MeanInterval(double mean, double sd, double n, double z)
{
    const double freedom = std::max(1.0, n - 1);
    const double t = z * (1 + (z * z + 1) / (4 * freedom));
    const double half = t * sd / std::sqrt(std::max(1.0, n));
    return {mean - half, mean + half};
}

double
ChiSquareQuantile(double k, double z)
{
    const double s = 2 / (9 * k);
    const double c = std::max(0.0, 1 - s + z * std::sqrt(s));
    return k * c * c * c;
}

Interval
StandardDeviationInterval(double sd, double n, double z)
{
    if (n < 2)
    {
        return {0, std::numeric_limits<double>::infinity()};
    }
    const double k = n - 1;
    const double low = ChiSquareQuantile(k, -z);
    return {sd * std::sqrt(k / ChiSquareQuantile(k, z)),
            low > 0 ? sd * std::sqrt(k / low) : std::numeric_limits<double>::infinity()};
}

} // namespace weft::sdwan
