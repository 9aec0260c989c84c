// SPDX-License-Identifier: GPL-2.0-only
/**
 * @file
 * Confidence intervals for loss, delay and jitter of correlated samples.
 *
 * Every interval is two-sided at its confidence level; a one-sided statement ("the loss exceeds the
 * lower bound") therefore holds at (1 + level) / 2. Sample sizes are *effective* ones and may be
 * fractional: network samples are correlated, and n of them carry the information of fewer.
 */
#ifndef SDWAN_INTERVAL_H
#define SDWAN_INTERVAL_H

namespace weft::sdwan
{

struct Interval
{
    double lower = 0;
    double upper = 0;
};

/**
 * @param level confidence level in (0, 1), such as 0.95
 * @return the two-sided standard normal quantile, 1.95996 for 0.95 (Acklam's rational
 * approximation, relative error < 1.2e-9)
 */
double NormalQuantile(double level);

/**
 * Effective sample size of a mean of AR(1) samples, n (1-rho) / (1+rho); at least 1.
 *
 * @param n number of samples
 * @param rho lag-1 autocorrelation; negative values are taken as 0, so the result never exceeds n
 */
double EffectiveSizeOfMean(double n, double rho);

/// Effective sample size of a variance of AR(1) normal samples, n (1-rho^2) / (1+rho^2) (Bartlett);
/// at least 1.
double EffectiveSizeOfVariance(double n, double rho);

/**
 * Correlation from one packet to the next of a two-state (Gilbert) loss process, from its mean loss
 * and mean run of consecutive losses: m = 1 - a - r with r = 1 / run, a = loss r / (1 - loss); in
 * [0, 1).
 */
double GilbertCorrelation(double loss, double meanRun);

/// Effective number of packets for a loss ratio, n (1-m) / (1+m); at least 1.
double EffectiveSizeOfLoss(double n, double loss, double meanRun);

/**
 * Wilson's score interval for a proportion.
 *
 * @param p observed proportion in [0, 1]
 * @param n effective number of trials; n <= 0 gives [0, 1]
 * @param z normal quantile
 */
Interval WilsonInterval(double p, double n, double z);

/**
 * What part of an observed rate is certain when it comes from few events: the lower confidence
 * limit of a Poisson mean of which
 * @p events were seen, divided by @p events. 0.025 for one event, 0.21 for three, 0.48 for ten at
 * 95 %.
 *
 * @param events independent events seen, may be fractional; 0 gives 0
 * @param z normal quantile
 */
double PoissonLowerRatio(double events, double z);

/// Interval of a mean, mean +- t sd / sqrt(n), Student's t taken from z by its first-order
/// expansion.
Interval MeanInterval(double mean, double sd, double n, double z);

/// Quantile of the chi-square distribution with @p k degrees of freedom by Wilson and Hilferty's
/// cube, k (1 - 2/(9k) + z sqrt(2/(9k)))^3.
double ChiSquareQuantile(double k, double z);

/**
 * Interval of a standard deviation of normal samples, sd sqrt(k / chi2) with k = n - 1.
 *
 * @param sd observed standard deviation
 * @param n effective sample size (of the variance); below 2 the interval is [0, infinity)
 * @param z normal quantile
 */
Interval StandardDeviationInterval(double sd, double n, double z);

} // namespace weft::sdwan

#endif
