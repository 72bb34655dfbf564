#!/usr/bin/env python3
"""Fits reference problems with Cauchy and with independent solvers, and compares. Called by scripts/references.sh.

    a9a            logistic regression with LIBLINEAR's penalty, against liblinear-train
    bike sharing   Poisson regression, against statsmodels
    housing        linear regression, against least squares in closed form
    power plant    the same
"""

import csv
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import h5py
import numpy

DATA = pathlib.Path("data/reference")
CAUCHY = "build/release/cauchy"
RANKS = 2


def run(words):
    """The standard output of a command, which must succeed."""
    outcome = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if outcome.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}\nfailed with code {outcome.returncode}:\n{outcome.stdout}{outcome.stderr}")
    return outcome.stdout


def train(name, folder):
    """The checkpoint that a configuration ends with."""
    output = run(["mpirun", "-np", RANKS, CAUCHY, "train", "--config", f"configs/{name}.cfg",
                  f"--checkpoint.directory={folder / name}"])
    return re.search(r"(?m)^checkpoint  (\S+)$", output)[1]


def evaluate(checkpoint, data):
    """NLL and metrics by name, as `cauchy evaluate` tells them."""
    output = run([CAUCHY, "evaluate", "--checkpoint", checkpoint, f"--data.test={data}"])
    return {name: float(value) for name, value in re.findall(r"(?m)^(\w+) +(\S+)$", output)
            if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", value)}


def coefficients(checkpoint):
    """Intercept and coefficients of a generalized linear model, in the units of the data."""
    with h5py.File(checkpoint) as file:
        weights = file["parameters/output/weights"][:, 0]
        intercept = file["parameters/output/intercepts"][0] if "parameters/output/intercepts" in file else 0.0
        if "standardisation" in file:
            weights = weights * file["standardisation/scale"][:]
            intercept -= weights @ file["standardisation/mean"][:]
    return numpy.concatenate([[intercept], weights])


class Table:
    def __init__(self):
        self.failed = False
        print(f"| {'problem':12} | {'figure':24} | {'Cauchy':>14} | {'reference':>14} | {'difference':>10} | "
              f"{'allowed':>7} |")
        print("|" + "|".join("-" * width for width in (14, 26, 16, 16, 12, 9)) + "|")

    def compare(self, problem, figure, ours, reference, allowed):
        difference = abs(ours - reference) / abs(reference)
        self.row(problem, figure, f"{ours:.9g}", f"{reference:.9g}", difference, allowed)

    def compare_vectors(self, problem, figure, ours, reference, allowed):
        """The largest difference, relative to the largest coefficient that has that unit: each its own."""
        difference = float(numpy.max(numpy.abs(ours / reference - 1)))
        self.row(problem, f"{figure} ({len(ours)})", "", "", difference, allowed)

    def row(self, problem, figure, ours, reference, difference, allowed):
        self.failed |= not difference <= allowed
        print(f"| {problem:12} | {figure:24} | {ours:>14} | {reference:>14} | {difference:10.1e} | {allowed:7.0e} |"
              + ("" if difference <= allowed else "  TOO LARGE"), flush=True)


def read_libsvm(path, columns):
    rows = path.read_text().splitlines()
    features = numpy.zeros((len(rows), columns))
    targets = numpy.zeros(len(rows))
    for i, row in enumerate(rows):
        label, *elements = row.split()
        targets[i] = float(label)
        for element in elements:
            column, value = element.split(":")
            features[i, int(column) - 1] = float(value)
    return features, targets


def a9a(table, folder):
    checkpoint = train("a9a", folder)
    model = folder / "a9a.model"
    run(["liblinear-train", "-q", "-s", 0, "-c", 1, "-B", -1, "-e", 1e-10, DATA / "a9a", model])
    lines = model.read_text().splitlines()
    first_label = float(next(line for line in lines if line.startswith("label")).split()[1])
    weights = numpy.array([float(line) for line in lines[lines.index("w") + 1:]]) * (1 if first_label == 1 else -1)
    features, targets = read_libsvm(DATA / "a9a", len(weights))

    def objective(theta):
        margins = numpy.where(targets == 1, 1, -1) * (features @ theta)
        return numpy.mean(numpy.logaddexp(0, -margins)) + theta @ theta / (2 * len(targets))

    predicted = run(["liblinear-predict", DATA / "a9a.t", model, folder / "a9a.predicted"])
    accuracy = float(re.search(r"\((\d+)/", predicted)[1]) / float(re.search(r"/(\d+)\)", predicted)[1])
    table.compare("a9a", "objective", objective(coefficients(checkpoint)[1:len(weights) + 1]), objective(weights), 1e-3)
    table.compare("a9a", "test accuracy", evaluate(checkpoint, DATA / "a9a.t")["accuracy"], accuracy, 1e-3)


def bike_sharing(table, folder):
    import statsmodels.api

    checkpoint = train("bike_sharing", folder)
    with open(DATA / "hour.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in ("instant", "dteday", "casual", "registered", "cnt")]
    features = numpy.array([[float(row[name]) for name in names] for row in rows])
    counts = numpy.array([float(row["cnt"]) for row in rows])
    fit = statsmodels.api.GLM(counts, statsmodels.api.add_constant(features),
                              family=statsmodels.api.families.Poisson()).fit(tol=1e-14, maxiter=100)
    table.compare("bike sharing", "NLL", evaluate(checkpoint, DATA / "hour.csv")["NLL"], -fit.llf / len(counts), 1e-6)
    table.compare_vectors("bike sharing", "coefficients", coefficients(checkpoint), fit.params, 1e-6)


def least_squares(features, targets):
    """Intercept and coefficients; the smallest ones where features depend on each other, and the mean squared error."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    design = numpy.column_stack([numpy.ones(len(targets)), (features - mean) / deviation])
    solution = numpy.linalg.lstsq(design, targets, rcond=1e-10)[0]
    error = numpy.mean((design @ solution - targets) ** 2)
    slopes = solution[1:] / deviation
    return numpy.concatenate([[solution[0] - slopes @ mean], slopes]), error


def normal_nll(error, variance=1):
    return (error / variance + math.log(2 * math.pi * variance)) / 2


def housing(table, folder):
    checkpoint = train("housing", folder)
    with open(DATA / "housing.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = [name for name in rows[0] if name not in ("ocean_proximity", "median_house_value")]
    columns = [numpy.array([float(row[name] or "nan") for row in rows]) for name in numbers]
    columns = [numpy.where(numpy.isnan(column), numpy.nanmean(column), column) for column in columns]
    texts = sorted({row["ocean_proximity"] for row in rows})
    columns += [numpy.array([float(row["ocean_proximity"] == text) for row in rows]) for text in texts]
    prices = numpy.array([float(row["median_house_value"]) for row in rows])
    _, error = least_squares(numpy.column_stack(columns), prices)
    found = evaluate(checkpoint, DATA / "housing.csv")
    # The five categories add up to one: many coefficients give the same predictions.
    table.compare("housing", "NLL", found["NLL"], normal_nll(error, prices.var()), 1e-6)
    table.compare("housing", "rmse", found["rmse"], math.sqrt(error), 1e-6)


def power_plant(table, folder):
    checkpoint = train("power_plant", folder)
    data = numpy.loadtxt(DATA / "power-plant.txt")
    solution, error = least_squares(data[:, :-1], data[:, -1])
    table.compare("power plant", "NLL", evaluate(checkpoint, DATA / "power-plant.txt")["NLL"], normal_nll(error), 1e-6)
    table.compare_vectors("power plant", "coefficients", coefficients(checkpoint), solution, 1e-6)


def main():
    table = Table()
    with tempfile.TemporaryDirectory(prefix="cauchy-references-") as folder:
        for problem in (a9a, bike_sharing, housing, power_plant):
            problem(table, pathlib.Path(folder))
    sys.exit(1 if table.failed else 0)


if __name__ == "__main__":
    main()
