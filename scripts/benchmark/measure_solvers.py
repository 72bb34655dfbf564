#!/usr/bin/env python3
"""How soon full-batch methods and LIBLINEAR reach an accuracy: called by scripts/solvers.sh.

Logistic regression with LIBLINEAR's penalty, J = f/(C·N) with λ = 1/(C·N) and no intercept, on a9a and on a synthetic
sparse set. An accuracy is (J - J*)/J*, J* the lowest J that newton_cg finds. A pass uses every row once: an evaluation of
J and its gradient, or a product of the Hessian with a vector.

Seconds are those after start-up and reading, by the clock: for Cauchy by its metrics; for LIBLINEAR those at which a line
of its output comes, less the time of a run that ends before the first step. LIBLINEAR tells by how much each step lowered
f, in four digits: what is left of J - J* after a step is the sum over those that follow."""

import argparse
import csv
import math
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import h5py

from measure import CAUCHY, mpirun
import sparse_data

REFERENCE = pathlib.Path("data/reference")


def reached(curve, accuracy):
    """Passes and seconds at the first of (accuracy, passes, seconds) that is good enough."""
    return next(((passes, seconds) for found, passes, seconds in curve if found <= accuracy), (math.nan, math.nan))


class Problem:
    def __init__(self, name, folder, text, data, accuracies, shards=2):
        self.name, self.folder, self.text, self.accuracies = name, folder, text, accuracies
        with open(text, "rb") as file:
            self.rows = sum(1 for _ in file)
        self.words = [CAUCHY, "train", f"--data.train={data}", f"--data.shards={shards}", "--model.likelihood=bernoulli",
                      "--model.intercept=false", f"--model.l2={1 / self.rows!r}", "--run.precision=double",
                      "--output.every_steps=1"]
        self.optimum = None

    def train(self, method, ranks, *stop):
        run = self.folder / "run"
        subprocess.run([str(word) for word in [*mpirun(ranks), *self.words, f"--optimizer.method={method}",
                                               f"--checkpoint.directory={run}", *stop]],
                       check=True, stdout=subprocess.DEVNULL)
        with open(run / "metrics.csv", newline="") as file:
            return list(csv.DictReader(file))

    def find_optimum(self):
        rows = self.train("newton_cg", 2, "--stop.max_steps=100")
        self.optimum = float(rows[-1]["objective"])

    def cauchy(self, method, ranks):
        # Beyond the last accuracy; a checkpoint waits for the end.
        rows = self.train(method, ranks, "--stop.relative_gradient_norm=1e-6",
                          "--stop.max_steps=2000", "--checkpoint.every_seconds=0")
        return [((float(row["objective"]) - self.optimum) / self.optimum, int(row["samples"]) / self.rows,
                 float(row["seconds"])) for row in rows]

    def liblinear(self):
        words = ["stdbuf", "-oL", "liblinear-train", "-s", "0", "-c", "1", "-B", "-1"]
        start = time.monotonic()
        subprocess.run([*words, "-e", "1e30", self.text, self.folder / "model"], check=True, stdout=subprocess.DEVNULL)
        reading = time.monotonic() - start
        steps, start = [], time.monotonic()
        process = subprocess.Popen([*words, "-e", "1e-9", self.text, self.folder / "model"], stdout=subprocess.PIPE,
                                   text=True)
        for line in process.stdout:
            seconds = time.monotonic() - start - reading
            if step := re.match(r"iter +\d+ act (\S+) .* CG +(\d+)", line):
                steps.append((float(step[1]), int(step[2]), seconds))
        process.wait()
        curve, passes = [], 1
        for i, (_, products, seconds) in enumerate(steps):
            passes += products + 1
            left = sum(act for act, _, _ in steps[i + 1:])
            curve.append((left / self.rows / self.optimum, passes, seconds))
        return curve


def report(problem, rounds):
    problem.find_optimum()
    print(f"\n{problem.name}: J* = {problem.optimum!r}\n", flush=True)
    solvers = {"LIBLINEAR": problem.liblinear}
    for method in ("lbfgs", "newton_cg"):
        for ranks in (1, 2):
            solvers[f"`{method}`, {ranks} rank{'s' * (ranks > 1)}"] = lambda m=method, r=ranks: problem.cauchy(m, r)
    found = {name: [] for name in solvers}
    for number in range(rounds):
        for name, solve in solvers.items():
            curve = solve()
            found[name].append([reached(curve, accuracy) for accuracy in problem.accuracies])
            print(f"round {number + 1}: {name} {found[name][-1]}", file=sys.stderr, flush=True)
    print("| |" + "".join(f" {accuracy:.0e} above: passes | speed |" for accuracy in problem.accuracies))
    print("|---" * (1 + 2 * len(problem.accuracies)) + "|")
    for name, runs in found.items():
        cells = []
        for i in range(len(problem.accuracies)):
            ratios = [base[i][1] / run[i][1] for base, run in zip(found["LIBLINEAR"], runs)]
            cells += [f"{runs[0][i][0]:.0f}", f"{statistics.median(ratios):.2f}"]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def write_libsvm(source, path, rows_at_once=20000):
    """A copy of an HDF5 file of sparse rows for LIBLINEAR."""
    with h5py.File(source) as file, open(path, "w") as output:
        group, targets = file["features"], file["targets"]
        rows = len(targets)
        for first in range(0, rows, rows_at_once):
            starts = group["indptr"][first:first + rows_at_once + 1]
            columns = group["indices"][starts[0]:starts[-1]] + 1
            values = group["values"][starts[0]:starts[-1]].astype(float)
            elements = ["%d:%.9g" % pair for pair in zip(columns, values)]
            for row, target in enumerate(targets[first:first + rows_at_once]):
                part = elements[starts[row] - starts[0]:starts[row + 1] - starts[0]]
                output.write(("+1 " if target else "-1 ") + " ".join(part) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        report(Problem("a9a", folder, REFERENCE / "a9a", REFERENCE / "a9a", (1e-4, 1e-8)), arguments.rounds)
        sparse_data.write(folder / "sparse.h5")
        write_libsvm(folder / "sparse.h5", folder / "sparse.txt")
        report(Problem("10^6 rows of 10^6 features, 50 a row", folder, folder / "sparse.txt", folder / "sparse.h5",
                       (1e-4,)), arguments.rounds)


if __name__ == "__main__":
    main()
