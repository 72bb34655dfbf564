#!/usr/bin/env python3
"""Prints tests/model/reference_values.hpp: -log p and its derivatives from the textbook forms of the densities, in 2000
binary digits with mpmath, which is all that running this again needs; outputs are exact doubles."""

import mpmath
from mpmath import mpf

mpmath.mp.prec = 2000


def softplus(x):
    return mpmath.log1p(mpmath.exp(x))


def bernoulli(y, e, z):
    return softplus(z) - y * z


def gaussian(y, e, z):
    return (y - z) ** 2 / 2 + mpmath.log(2 * mpmath.pi) / 2


def gaussian_heteroscedastic(y, e, mean, log_variance):
    return (mpmath.log(2 * mpmath.pi) + log_variance + (y - mean) ** 2 * mpmath.exp(-log_variance)) / 2


def poisson(y, e, z):
    mean = e * mpmath.exp(z)
    return mean - y * mpmath.log(mean) + mpmath.loggamma(y + 1)


def negative_binomial(y, e, z, log_dispersion):
    mean, r = e * mpmath.exp(z), mpmath.exp(-log_dispersion)
    return -(mpmath.loggamma(y + r) - mpmath.loggamma(r) - mpmath.loggamma(y + 1)
             + r * mpmath.log(r / (r + mean)) + y * mpmath.log(mean / (r + mean)))


def laplace(y, e, z):
    return abs(y - z) + mpmath.log(2)


def student_t(nu):
    def density(y, e, z):
        return ((nu + 1) / 2 * mpmath.log1p((y - z) ** 2 / nu) + mpmath.log(nu * mpmath.pi) / 2
                + mpmath.loggamma(nu / 2) - mpmath.loggamma((nu + 1) / 2))
    return density


CASES = [
    ("bernoulli", 0, bernoulli, [(y, 1, (z,)) for y in (0, 1) for z in (0, 0.75, -2.5, 30, -40, 1000, -1000)]),
    ("gaussian", 0, gaussian, [(y, 1, (z,)) for y, z in ((0, 0), (1.5, -2.25), (1e6, 1000), (-1000, 1000))]),
    ("gaussian_heteroscedastic", 0, gaussian_heteroscedastic,
     [(y, 1, z) for y, z in ((0, (0, 0)), (1.5, (-2.25, 0.5)), (3, (3, -1000)), (3, (2.5, 1000)), (3, (2.5, -40)),
                             (1e6, (1000, 20)))]),
    ("poisson", 0, poisson,
     [(y, e, (z,)) for y, e, z in ((0, 1, 0), (0, 1, -1000), (0, 2.5, 3), (1, 1, 0), (1, 1, -1000), (3, 0.125, 4),
                                   (7, 1, 2), (12, 1, 2.5), (150, 3, 4), (1e6, 1, 13.8125), (1e6, 1, 13),
                                   (1e6, 1000, 6.90625), (1e6, 1, -1000), (5, 1, 20))]),
    ("negative_binomial", 0, negative_binomial,
     [(y, e, z) for y, e, z in (
         (0, 1, (0, 0)), (0, 1, (-1000, 0)), (0, 1, (1000, 0)), (0, 2.5, (1, -3)), (0, 1, (2, -40)), (0, 1, (2, 1000)),
         (1, 1, (0, 0)), (1, 1, (-1000, 1)), (1, 1, (1000, 1)), (1, 1, (1, -40)), (1, 1, (1, 1000)), (1, 1, (1, -1000)),
         (3, 0.125, (4, -1)), (7, 1, (2, -2.5)), (12, 1, (2.5, 0.5)), (40, 1, (3, -1000)), (40, 1, (3, -12)),
         (150, 3, (4, -2)), (1e6, 1, (13.8125, -3)), (1e6, 1, (13.8125, -14)), (1e6, 1, (13, -30)), (1e6, 1, (5, 2)),
         (1e6, 1, (13.8125, 1000)), (1e6, 1, (-1000, -2)), (1e6, 1, (1000, 0)), (1e6, 1, (13, 2)),
         (3, 1, (-35, -1)), (3, 1, (40, -5)), (3, 1, (40, 2)), (1, 1, (-40, 3)))]),
    ("laplace", 0, laplace, [(y, 1, (z,)) for y, z in ((1.5, -2.25), (-1000, 1000), (1e6, 1e6 + 0.125))]),
    ("student_t", 4, student_t(mpf(4)), [(y, 1, (z,)) for y, z in ((0, 0), (1.5, -2.25), (1e6, 1000), (0, 1e-9),
                                                                  (0, 1e200), (0, -1e160))]),
    ("student_t", 0.5, student_t(mpf(0.5)), [(1.5, 1, (-2.25,))]),
    ("student_t", 1e6, student_t(mpf(1e6)), [(1.5, 1, (-2.25,)), (0, 1, (1000,))]),
]


def derivative(density, y, e, z, which):
    """A central difference: its error is the square of h times the third derivative, far below double precision."""
    h = mpf(2) ** -400
    above, below = list(z), list(z)
    above[which] += h
    below[which] -= h
    return (density(y, e, *above) - density(y, e, *below)) / (2 * h)


def text(value):
    if abs(value) < mpf("1e-300"):
        return "0.0"  # a double cannot hold it, or it is an error of the difference
    return mpmath.nstr(value, 20, min_fixed=-3, max_fixed=8)


def main():
    print("""#pragma once
/// What reference_values.py printed: -log p and its derivatives by the outputs, from textbook forms in 2000 binary digits.

#include <vector>

namespace cauchy::test {

struct ReferenceValue {
  const char* likelihood;
  double degrees_of_freedom;
  double target;
  double exposure;
  std::vector<double> outputs;
  double nll;
  std::vector<double> derivative;
};

// clang-format off
inline const std::vector<ReferenceValue> reference_values{""")
    for name, nu, density, points in CASES:
        for y, e, outputs in points:
            y, e, z = mpf(y), mpf(e), [mpf(value) for value in outputs]
            slopes = ", ".join(text(derivative(density, y, e, z, which)) for which in range(len(z)))
            print(f'    {{"{name}", {nu}, {text(y)}, {text(e)}, {{{", ".join(text(value) for value in z)}}}, '
                  f"{text(density(y, e, *z))}, {{{slopes}}}}},")
    print("""};
// clang-format on

}  // namespace cauchy::test""")


if __name__ == "__main__":
    main()
