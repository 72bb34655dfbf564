#!/usr/bin/env python3
"""Compares `cauchy coefficients` with statsmodels on real data; needs python3-statsmodels.

usage: scripts/check_coefficients.py FOLDER [EXECUTABLE]

FOLDER holds housing.csv (California housing), hour.csv (bike sharing) and a9a (LIBSVM), in it or in folders below. For
each set it fits the model with cauchy, to a small gradient, and with statsmodels, and prints the largest differences of
estimates and standard errors, in standard errors and as a ratio. Ends with 1 if one exceeds 10^-4.
"""

import csv
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy
import statsmodels.api as sm

LIMIT = 1e-4


def found(folder, name):
    return next(path for path in sorted(pathlib.Path(folder).rglob(name)) if path.is_file())


def one_hot(texts):
    """All categories but the first, which is the reference."""
    return numpy.column_stack([(texts == name).astype("float64") for name in numpy.unique(texts)[1:]])


def housing(folder):
    table = numpy.genfromtxt(found(folder, "housing.csv"), delimiter=",", skip_header=1, dtype=str)
    table = table[(table != "").all(axis=1)]
    numbers = table[:, :8].astype("float64")
    return numpy.column_stack([numbers, one_hot(table[:, 9])]), table[:, 8].astype("float64") / 1e5


def bikes(folder):
    with open(found(folder, "hour.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    column = lambda name: numpy.array([row[name] for row in rows])
    numbers = [column(name).astype("float64") for name in ("yr", "holiday", "workingday", "temp", "hum", "windspeed")]
    groups = [one_hot(column(name)) for name in ("season", "hr", "weathersit")]
    return numpy.column_stack([*numbers, *groups]), column("cnt").astype("int64")


def adults(folder):
    """The first hundred features that are not constant or combinations of features before them. Samples with a feature
    that only one class has are left out: its coefficient would be infinite."""
    lines = found(folder, "a9a").read_text().splitlines()
    x, y = numpy.zeros((len(lines), 123)), numpy.zeros(len(lines), dtype="int64")
    for row, line in enumerate(lines):
        label, *elements = line.split()
        x[row, [int(element.split(":")[0]) - 1 for element in elements]] = 1
        y[row] = int(label) > 0
    of_one_class = (x[y == 0].sum(axis=0) == 0) | (x[y == 1].sum(axis=0) == 0)
    rows = x[:, of_one_class].sum(axis=1) == 0
    x, y = x[rows], y[rows]
    kept = []
    for column in range(x.shape[1]):
        chosen = numpy.column_stack([numpy.ones(len(x)), x[:, kept + [column]]])
        if len(kept) < 100 and numpy.linalg.matrix_rank(chosen.T @ chosen) == len(kept) + 2:
            kept.append(column)
    return x[:, kept], y


def coefficients(executable, folder, likelihood, x, y, settings):
    """Estimates and standard errors, the intercept first, of the last or only output."""
    with h5py.File(folder / "data.h5", "w") as file:
        file["features"] = x
        file["targets"] = y
    options = {"data.train": folder / "data.h5", "data.standardize": "true", "data.shards": 8, "model.layers": "",
               "model.likelihood": likelihood, "run.precision": "double", "optimizer.batch_size": "full",
               "optimizer.method": "momentum", "stop.gradient_norm": 1e-9, "stop.max_steps": 100000,
               "checkpoint.directory": folder / likelihood, **settings}
    subprocess.run([executable, "train", *(f"--{key}={value}" for key, value in options.items())], check=True,
                   stdout=subprocess.DEVNULL)
    checkpoint = max((folder / likelihood).glob("checkpoint-*.h5"))
    subprocess.run([executable, "coefficients", "--checkpoint", checkpoint, "--output", folder / "out.csv"], check=True,
                   stdout=subprocess.DEVNULL)
    with open(folder / "out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[-(x.shape[1] + 1):]
    return (numpy.array([float(row["estimate"]) for row in rows]),
            numpy.array([float(row["standard_error"]) for row in rows]))


def main():
    folder = sys.argv[1]
    executable = sys.argv[2] if len(sys.argv) > 2 else "build/release/cauchy"
    worst = 0
    for name, likelihood, load, family, settings in (
            ("housing", "gaussian", housing, None, {"optimizer.learning_rate": 0.2}),
            ("a9a", "bernoulli", adults, sm.families.Binomial(), {"optimizer.learning_rate": 4}),
            ("bike-sharing", "poisson", bikes, sm.families.Poisson(), {"optimizer.learning_rate": 0.001})):
        x, y = load(folder)
        design = sm.add_constant(x)
        fit = sm.OLS(y, design).fit() if family is None else sm.GLM(y, design, family=family).fit(tol=1e-14)
        with tempfile.TemporaryDirectory() as scratch:
            estimates, errors = coefficients(executable, pathlib.Path(scratch), likelihood, x, y, settings)
        apart = numpy.abs(estimates - fit.params) / fit.bse
        ratio = numpy.abs(errors / fit.bse - 1)
        worst = max(worst, apart.max(), ratio.max())
        print(f"{name:13} {len(x):6} rows, {x.shape[1]:3} features: estimates within {apart.max():.1e} standard errors, "
              f"standard errors within {ratio.max():.1e} of themselves")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
