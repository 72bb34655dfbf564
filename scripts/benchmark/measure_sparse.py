#!/usr/bin/env python3
"""Full-batch gradients of logistic regression on sparse features, against a loop written by hand; and what a step of a
mini-batch costs.

Usage: scripts/benchmark.sh --sparse [options], which builds what this needs.

Everything is measured once in each of several rounds; the table shows medians, and ratios are medians of the ratios
within a round. Seconds are those of a step after start-up: what a longer run takes beyond a shorter one. They are of a
processor for one rank, as for the loop, and of the clock for two."""

import argparse
import csv
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time

from measure import CAUCHY, ROOT, mpirun
import sparse_data

LOOP = ROOT / "build" / "release" / "tests" / "sparse_loop"
FEW, MORE = 2, 12  # steps


def used(words):
    """(processor seconds, seconds) of a program and its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start)


def clock(folder):
    """Seconds of a step by the run's own clock: the median of all but the first, which is computed twice."""
    with open(folder / "metrics.csv", newline="") as file:
        times = [float(row["seconds"]) for row in csv.DictReader(file)]
    return statistics.median(later - earlier for earlier, later in zip(times[1:], times[2:]))


class Cauchy:
    def __init__(self, folder, data, options):
        self.folder = folder
        self.words = [CAUCHY, "train", f"--data.train={data}", "--data.shards=2", f"--checkpoint.directory={folder / 'run'}",
                      "--output.every_steps=1", "--optimizer.learning_rate=0.1", *options]

    def processor_seconds(self, steps=(FEW, MORE)):
        """Of a step on one rank."""
        few, more = (used([*self.words, f"--stop.max_steps={count}"])[0] for count in steps)
        return (more - few) / (steps[1] - steps[0])

    def seconds(self, ranks):
        used([*mpirun(ranks), *self.words, f"--stop.max_steps={MORE}"])
        return clock(self.folder / "run")


def median_ratio(upper, lower):
    return statistics.median(a / b for a, b in zip(upper, lower))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10**6)
    parser.add_argument("--inputs", type=int, default=10**6)
    parser.add_argument("--elements", type=int, default=50, help="of a row")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = folder / "sparse.h5"
        sparse_data.write(data, arguments.rows, arguments.inputs, arguments.elements)
        full = Cauchy(folder, data, ["--model.likelihood=bernoulli"])
        batch = Cauchy(folder, data, ["--model.likelihood=bernoulli", "--optimizer.batch_size=1024"])
        loop, one, clock_one, clock_two, small = [], [], [], [], []
        for _ in range(arguments.rounds):
            loop.append(float(subprocess.run([LOOP, data, str(MORE)], check=True, capture_output=True, text=True).stdout))
            one.append(full.processor_seconds())
            clock_one.append(full.seconds(1))
            clock_two.append(full.seconds(2))
            small.append(batch.processor_seconds((100, 600)))
        print("| full-batch gradient | |\n|---|---|")
        print(f"| loop written by hand | {statistics.median(loop):.3f} s of a processor |")
        print(f"| Cauchy, one rank | {statistics.median(one):.3f} s of a processor |")
        print(f"| speed of Cauchy / loop | {median_ratio(loop, one):.2f} |")
        print(f"| from 1 to 2 ranks, by the clock | {median_ratio(clock_one, clock_two):.2f} times as fast |")
        print(f"| a step of 1024 samples, one rank | {1e3 * statistics.median(small):.2f} ms of a processor |")


if __name__ == "__main__":
    main()
