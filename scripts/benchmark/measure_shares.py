#!/usr/bin/env python3
"""What optimizer.sharded = true saves of the memory of each rank, and what it costs of the time of a step.

Usage: scripts/benchmark.sh --shares [options], which builds what this needs.

A network of 5.8 million parameters is trained with adam on 1, 2 and 4 ranks of this host, on 2 of them also with messages
in place of memory that ranks share, as between hosts. Everything is measured once in each of several rounds, in an order
that changes; the tables show medians, and ratios are medians of the ratios within a round. Memory is the peak of the
resident size, checkpoint of the last step included, beyond that of a rank with a tiny model."""

import argparse
import csv
import functools
import pathlib
import statistics
import sys
import tempfile

import h5py
import numpy

from measure import CAUCHY, LAYERS, ROOT, in_turns, line, mpirun, run

PEAK = ROOT / "tests" / "support" / "peak_memory.py"
PARAMETERS = sum((inputs + 1) * outputs for inputs, outputs in zip(LAYERS[:-1], LAYERS[1:]))
SHARDS, SAMPLES = 4, 256
STEPS, WARM_UP = 20, 4
RANKS = (1, 2, 4)


class Shares:
    def __init__(self, folder):
        self.folder = folder
        generator = numpy.random.default_rng(1)
        with h5py.File(folder / "data.h5", "w") as file:
            file["features"] = generator.random(size=(4 * SAMPLES, LAYERS[0]), dtype="float32")
            file["targets"] = generator.integers(0, LAYERS[-1], size=4 * SAMPLES, dtype="uint8")

    def train(self, ranks, **options):
        """Peak bytes of each rank, and the median seconds of a step."""
        settings = {"data__train": self.folder / "data.h5", "data__shards": SHARDS, "optimizer__method": "adam",
                    "model__layers": ",".join(map(str, LAYERS[1:-1])), "optimizer__batch_size": SAMPLES,
                    "optimizer__learning_rate": 1e-4, "output__every_steps": 1, "stop__max_steps": STEPS, **options}
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            words = [f"--{key.replace('__', '.')}={value}" for key, value in settings.items()]
            launcher = [word if word != "core" else "none" for word in mpirun(ranks)]
            run([*launcher, sys.executable, "-B", PEAK, f"{output}/peak", CAUCHY, "train", *words,
                 f"--checkpoint.directory={output}"], {"OMPI_MCA_rmaps_base_oversubscribe": "1"})
            with open(pathlib.Path(output) / "metrics.csv", newline="", encoding="utf-8") as file:
                seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
            peaks = [int((pathlib.Path(output) / f"peak-{rank}").read_text()) for rank in range(ranks)]
        return peaks, statistics.median(numpy.diff(seconds)[WARM_UP:])

    def tiny(self):
        return {"tiny": statistics.mean(self.train(1, model__layers="1")[0])}

    def measure(self, ranks, name="", **options):
        """Whole and in shares, one after the other."""
        results = {}
        for sharded in ("false", "true"):
            peaks, seconds = self.train(ranks, optimizer__sharded=sharded, **options)
            results[f"root, {ranks}{name}, {sharded}"] = peaks[0]
            if ranks > 1:
                results[f"other, {ranks}{name}, {sharded}"] = statistics.mean(peaks[1:])
            results[f"step, {ranks}{name}, {sharded}"] = seconds
        return results


def bytes_a_parameter(results, name):
    return f"{(results.median(name) - results.median('tiny')) / PARAMETERS:.1f}"


def print_tables(results):
    print(f"adam, {PARAMETERS / 1e6:.1f} million parameters of 4 bytes\n")
    print("| bytes a parameter | whole | sharded |\n|---|---|---|")
    for ranks in RANKS:
        for rank in ("root", "other") if ranks > 1 else ("root",):
            whole, sharded = (bytes_a_parameter(results, f"{rank}, {ranks}, {value}") for value in ("false", "true"))
            line(f"{'the root' if rank == 'root' else 'each other rank'} of {ranks}", whole, sharded)
    print("\n| step on 2 ranks | ms | sharded: whole |\n|---|---|---|")
    for name in ("", ", messages"):
        whole, sharded = (f"step, 2{name}, {value}" for value in ("false", "true"))
        line(name.removeprefix(", ") or "shared memory", f"{1000 * results.median(whole):.0f}",
             f"{results.ratio(sharded, whole):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--csv", type=pathlib.Path, help="a file for every single measurement")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        shares = Shares(pathlib.Path(folder))
        subjects = [shares.tiny, *(functools.partial(shares.measure, ranks) for ranks in RANKS),
                    functools.partial(shares.measure, 2, ", messages", run__overlap="true")]
        results = in_turns(subjects, options.rounds, options.csv)
    print_tables(results)


if __name__ == "__main__":
    main()
