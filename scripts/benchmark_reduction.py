#!/usr/bin/env python3
"""What the exact sum costs: steps with run.reduction = exact against float, interleaved, on the machine at hand.

Usage: scripts/benchmark_reduction.py [--ranks 2] [--shards 2,8] [--pairs 7] [--steps 16]

A network 784-2048-2048-10 (5.8 million parameters) on random numbers, batches of 1024 samples. Prints the median of
the ratios of the pairs, and their range. Needs build/release/cauchy, mpirun and h5py.
"""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import h5py
import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXECUTABLE = ROOT / "build" / "release" / "cauchy"
WARM_UP_STEPS = 4  # the first of them is computed twice by the exact sum


def write_data(path):
    random = numpy.random.default_rng(1)
    with h5py.File(path, "w") as file:
        file["features"] = random.integers(0, 256, size=(8192, 784), dtype="uint8")
        file["targets"] = random.integers(0, 10, size=8192, dtype="uint8")


def seconds_a_step(folder, reduction, shards, options):
    """Mean over the steps after the warm-up."""
    output = folder / reduction
    command = ["mpirun", "-np", str(options.ranks), "--map-by", ":OVERSUBSCRIBE"]
    command += ["--bind-to", "core" if options.ranks <= (os.cpu_count() or 1) else "none"]
    if os.geteuid() == 0:
        command.append("--allow-run-as-root")
    steps = WARM_UP_STEPS + options.steps
    command += [str(EXECUTABLE), "train", f"--data.train={folder / 'data.h5'}", "--data.standardize=true",
                f"--data.shards={shards}", "--model.layers=2048,2048", "--optimizer.batch_size=1024",
                "--optimizer.learning_rate=0.01", f"--run.reduction={reduction}", f"--stop.max_steps={steps}",
                f"--output.every_steps={WARM_UP_STEPS}", f"--checkpoint.directory={output}",
                "--checkpoint.every_seconds=0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    with open(output / "metrics.csv", newline="", encoding="utf-8") as file:
        seconds = {int(row["step"]): float(row["seconds"]) for row in csv.DictReader(file)}
    return (seconds[steps] - seconds[WARM_UP_STEPS]) / options.steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--shards", default="2,8")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--steps", type=int, default=16)
    options = parser.parse_args()
    if not EXECUTABLE.exists():
        sys.exit(f"{EXECUTABLE} is missing: build it first (scripts/quickstart.sh)")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_data(folder / "data.h5")
        print(f"{options.ranks} ranks, {options.pairs} pairs of runs of {options.steps} steps each")
        print("shards  exact/float: median  (least to most)")
        for shards in map(int, options.shards.split(",")):
            ratios = []
            for pair in range(options.pairs):
                order = ("exact", "float") if pair % 2 == 0 else ("float", "exact")
                seconds = {reduction: seconds_a_step(folder, reduction, shards, options) for reduction in order}
                ratios.append(seconds["exact"] / seconds["float"])
                if sys.stderr.isatty():
                    print(f"\r{shards} shards: {pair + 1} of {options.pairs} pairs ", end="", file=sys.stderr)
            if sys.stderr.isatty():
                print("\r\033[K", end="", file=sys.stderr)
            print(f"{shards:6}  {statistics.median(ratios):19.3f}  ({min(ratios):.3f} to {max(ratios):.3f})", flush=True)


if __name__ == "__main__":
    main()
