#!/usr/bin/env python3
"""Makes tests/data/coefficients.json with statsmodels (Debian: python3-statsmodels), which the tests do not need then.

usage: scripts/make_coefficients.py > tests/data/coefficients.json
"""

import json
import pathlib
import sys

import numpy
import statsmodels.api as sm

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))
import regression


def table(fit, **more):
    limits = numpy.asarray(fit.conf_int())
    limits = limits.reshape(-1, 2) if limits.ndim == 3 else limits
    flat = lambda values: numpy.asarray(values).ravel(order="F").tolist()  # class by class
    return {"estimate": flat(fit.params), "standard_error": flat(fit.bse), "statistic": flat(fit.tvalues),
            "p_value": flat(fit.pvalues), "lower": limits[:, 0].tolist(), "upper": limits[:, 1].tolist(), **more}


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
               "poisson": table(glm(regression.counts(x), sm.families.Poisson()))}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
