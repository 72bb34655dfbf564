#pragma once
/// Functions that log-likelihoods are made of, in double, accurate where their textbook forms cancel or overflow. Their
/// bits are those of the C library's exp, log and their kin, and depend on the arguments alone.

namespace cauchy::model {

/// log(1 + e^x).
double softplus(double x);

/// 1/(1 + e^-x).
double sigmoid(double x);

/// e^x - 1 - x.
double expm1_minus_x(double x);

/// log(1 + x) - x, x > -1.
double log1p_minus_x(double x);

/// log(1 + x)/x, 1 at 0, x > -1.
double log1p_over_x(double x);

/// δ(x) = log Γ(x) - (x - ½)·log x + x - ½·log 2π, x > 0: what Stirling's formula leaves (NIST DLMF 5.11.1; δ(n) is
/// Loader's stirlerr(n), "Fast and accurate computation of binomial probabilities", 2000). `log_x` is log x, which may
/// be known where x itself has underflowed to 0.
double stirling_remainder(double x, double log_x);

/// ψ(x) = d/dx log Γ(x), x > 0 (NIST DLMF 5.11.2, from x = 10 on; below it ψ(x) = ψ(x + 1) - 1/x).
double digamma(double x);

/// ψ(x) - log x + 1/(2x), x ≥ 10: the tail of its asymptotic series.
double digamma_remainder(double x);

/// ψ'(x), x > 0, its derivative (NIST DLMF 5.15.8 and 5.15.5).
double trigamma(double x);

/// ψ'(x) - 1/x - 1/(2x²), x ≥ 10: the tail of its asymptotic series.
double trigamma_remainder(double x);

}  // namespace cauchy::model
