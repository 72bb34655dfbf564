#!/usr/bin/env python3
"""How well Fashion-MNIST is learned with one setting or another, over several seeds.

Usage: scripts/benchmark/compare_settings.py [--seeds 5] [--epochs 45] [--ranks 2] KEY=VALUE[,KEY=VALUE...] ...
       scripts/benchmark/compare_settings.py run.precision=float run.precision=bf16
       scripts/benchmark/compare_settings.py --epochs 10 run.reduction=exact32 run.reduction=exact16,data.shards=64

Trains configs/fashion_mnist.cfg with each of the alternatives; needs build/release/cauchy and the data
(scripts/get_fashion_mnist.sh). Prints mean ± standard deviation over the seeds, and all steps that were computed twice."""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLUMNS = {"NLL of the last epoch": ("nll", 3), "test NLL": ("test_nll", 3), "test accuracy": ("test_accuracy", 4)}


def last_row(options, seed, settings):
    """The last row of metrics.csv."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mpirun", "-np", options.ranks, *(["--allow-run-as-root"] if os.geteuid() == 0 else []),
                   "build/release/cauchy", "train", "--config", "configs/fashion_mnist.cfg", f"--run.seed={seed}",
                   *(f"--{setting}" for setting in settings.split(",")), f"--stop.max_epochs={options.epochs}",
                   f"--checkpoint.directory={folder}", "--checkpoint.every_epochs=never"]
        done = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{done.stdout}{done.stderr}")
        with open(pathlib.Path(folder) / "metrics.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=45)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("alternatives", nargs="+", metavar="KEY=VALUE[,KEY=VALUE...]")
    options = parser.parse_args()
    print(f"| | {' | '.join(COLUMNS)} | computed twice |\n|---|{'---|' * (len(COLUMNS) + 1)}")
    for settings in options.alternatives:
        rows = [last_row(options, seed, settings) for seed in range(1, options.seeds + 1)]
        cells = []
        for column, digits in COLUMNS.values():
            values = [float(row[column]) for row in rows]
            cells.append(f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}")
        repeated, steps = (sum(int(row[column]) for row in rows) for column in ("repetitions", "step"))
        print(f"| {settings} | {' | '.join(cells)} | {repeated} of {steps} |", flush=True)


if __name__ == "__main__":
    main()
