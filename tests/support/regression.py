"""Small data for generalized linear models, the same with every version of every library."""

import numpy

NAMES = ("age", "income", "member", "year")


def features(rows=240):
    """Inputs of different kinds and scales, one of them far from zero."""
    i = numpy.arange(rows, dtype="float64")
    return numpy.column_stack([numpy.round(40 + 15 * numpy.sin(1.3 * i), 1), numpy.round(30000 + 9000 * numpy.cos(0.71 * i * i)),
                               (i % 3 == 0).astype("float64"), 2010 + i % 7])


def linear(x):
    """A combination of the inputs, of the size of 1."""
    return 0.06 * (x[:, 0] - 40) - 5e-5 * (x[:, 1] - 30000) + 0.8 * x[:, 2] - 0.1 * (x[:, 3] - 2013)


def noise(rows, key):
    """Numbers between 0 and 1 without a pattern."""
    return numpy.modf(numpy.abs(numpy.sin(numpy.arange(rows) * 12.9898 + 78.233 * key) * 43758.5453))[0]


def real(x):
    """Normal by the sum of twelve."""
    return 3 + linear(x) + 0.7 * (sum(noise(len(x), key) for key in range(12)) - 6)


def classes(x):
    """Three, by two thresholds on odds of their own."""
    odds = numpy.exp(numpy.column_stack([0 * linear(x), linear(x), 0.5 - 0.7 * linear(x) + 0.5 * x[:, 2]]))
    cumulative = numpy.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
    return (noise(len(x), 20)[:, None] > cumulative[:, :2]).sum(axis=1)


def answers(x):
    return (noise(len(x), 30) < 1 / (1 + numpy.exp(-linear(x)))).astype("int64")


def counts(x, spread=1.0):
    """By inversion of the Poisson distribution; the rate is multiplied by `spread`."""
    rate = numpy.exp(1 + 0.5 * linear(x)) * spread
    u = noise(len(x), 40)
    count = numpy.zeros(len(x), dtype="int64")
    term = numpy.exp(-rate)
    total = term.copy()
    for k in range(1, 200):
        count += u > total
        term = term * rate / k
        total = total + term
    return count


def dispersed_counts(x):
    """Negative binomial: the rates are spread exponentially."""
    return counts(x, -numpy.log1p(-noise(len(x), 60)))
