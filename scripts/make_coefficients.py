#!/usr/bin/env python3
"""Makes tests/data/coefficients.json with statsmodels (Debian: python3-statsmodels), which the tests do not need then.

usage: scripts/make_coefficients.py > tests/data/coefficients.json
"""

import json
import pathlib
import sys

import numpy
import scipy.optimize
import scipy.special
import scipy.stats
import statsmodels.api as sm

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))
import regression


def table(fit, **more):
    limits = numpy.asarray(fit.conf_int())
    limits = limits.reshape(-1, 2) if limits.ndim == 3 else limits
    flat = lambda values: numpy.asarray(values).ravel(order="F").tolist()  # class by class
    return {"estimate": flat(fit.params), "standard_error": flat(fit.bse), "statistic": flat(fit.tvalues),
            "p_value": flat(fit.pvalues), "lower": limits[:, 0].tolist(), "upper": limits[:, 1].tolist(), **more}


def negative_binomial(design, y):
    """Log mean and log dispersion are linear, which statsmodels has not: BFGS, then Newton's method with differences of
    the gradient, in units of the columns' spread."""
    count = design.shape[1]
    unit = numpy.concatenate([[1], design[:, 1:].std(axis=0)])
    centre = numpy.concatenate([[0], design[:, 1:].mean(axis=0)])
    scaled = (design - centre) / unit

    def nll(b):
        mean, r = numpy.exp(scaled @ b[:count]), numpy.exp(-scaled @ b[count:])
        return -scipy.stats.nbinom.logpmf(y, r, r / (r + mean)).sum()

    def gradient(b):
        mean, r = numpy.exp(scaled @ b[:count]), numpy.exp(-scaled @ b[count:])
        by_mean = r * (mean - y) / (r + mean)
        by_r = (scipy.special.digamma(r) - scipy.special.digamma(y + r) - numpy.log(r / (r + mean)) - 1
                + (y + r) / (r + mean))
        return numpy.concatenate([scaled.T @ by_mean, scaled.T @ (-r * by_r)])

    def information(b, h=1e-5):
        steps = h * numpy.eye(2 * count)
        return numpy.column_stack([(gradient(b + step) - gradient(b - step)) / (2 * h) for step in steps])

    start = numpy.zeros(2 * count)
    start[0] = numpy.log(y.mean())
    b = scipy.optimize.minimize(nll, start, jac=gradient, method="BFGS").x
    for _ in range(10):
        b -= numpy.linalg.solve(information(b), gradient(b))
    assert numpy.abs(gradient(b)).max() < 1e-9
    back = numpy.diag(1 / unit)
    back[0] -= centre / unit
    back = numpy.kron(numpy.eye(2), back)
    estimates = back @ b
    errors = numpy.sqrt(numpy.diag(back @ numpy.linalg.inv(information(b)) @ back.T))
    statistics = estimates / errors
    reach = scipy.stats.norm.ppf(0.975) * errors
    return {"estimate": estimates.tolist(), "standard_error": errors.tolist(), "statistic": statistics.tolist(),
            "p_value": (2 * scipy.stats.norm.sf(numpy.abs(statistics))).tolist(),
            "lower": (estimates - reach).tolist(), "upper": (estimates + reach).tolist()}


def main():
    x = regression.features()
    scale = numpy.array([15, 9000, 1, 2])
    centre = numpy.array([40, 30000, 0, 2013])
    design = sm.add_constant(x)
    ols = sm.OLS(regression.real(x), design).fit()
    # Newton's method stalls on inputs of such different scales: it starts from what it finds in units of their spread.
    scaled = sm.MNLogit(regression.classes(x), sm.add_constant((x - centre) / scale)).fit(method="newton", tol=1e-14,
                                                                                         maxiter=100, disp=False)
    start = scaled.params.copy()
    start[1:] /= scale[:, None]
    start[0] -= (start[1:] * centre[:, None]).sum(axis=0)
    multinomial = sm.MNLogit(regression.classes(x), design).fit(start_params=start.ravel(order="F"), method="newton",
                                                               maxiter=3, disp=False)
    glm = lambda y, family: sm.GLM(y, design, family=family).fit(tol=1e-14, maxiter=100)
    json.dump({"gaussian": table(ols, variance=ols.mse_resid), "categorical": table(multinomial),
               "bernoulli": table(glm(regression.answers(x), sm.families.Binomial())),
               "poisson": table(glm(regression.counts(x), sm.families.Poisson())),
               "negative_binomial": negative_binomial(design, regression.dispersed_counts(x))}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
