#!/usr/bin/env python3
"""Test accuracy on Fashion-MNIST with run.precision = float and bf16, for several seeds.

Usage: scripts/benchmark/compare_precisions.py [--seeds 5] [--epochs 45] [--ranks 2]

Trains configs/fashion_mnist.cfg; needs build/release/cauchy and the data (scripts/get_fashion_mnist.sh)."""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRECISIONS = ("float", "bf16")


def accuracy(options, seed, precision):
    with tempfile.TemporaryDirectory() as folder:
        command = ["mpirun", "-np", options.ranks, *(["--allow-run-as-root"] if os.geteuid() == 0 else []),
                   "build/release/cauchy", "train", "--config", "configs/fashion_mnist.cfg", f"--run.seed={seed}",
                   f"--run.precision={precision}", f"--stop.max_epochs={options.epochs}",
                   f"--checkpoint.directory={folder}", "--checkpoint.every_epochs=never"]
        done = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.search(r"test NLL .*accuracy (\S+)", done.stdout)
    if done.returncode != 0 or not found:
        sys.exit(f"{done.stdout}{done.stderr}")
    return float(found[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=45)
    parser.add_argument("--ranks", type=int, default=2)
    options = parser.parse_args()
    accuracies = {precision: [] for precision in PRECISIONS}
    print("| seed | " + " | ".join(PRECISIONS) + " |\n|---|" + "---|" * len(PRECISIONS))
    for seed in range(1, options.seeds + 1):
        for precision in PRECISIONS:
            accuracies[precision].append(accuracy(options, seed, precision))
        newest = (f"{accuracies[precision][-1]:.4f}" for precision in PRECISIONS)
        print(f"| {seed} | " + " | ".join(newest) + " |", flush=True)
    for name, statistic in (("mean", statistics.mean), ("standard deviation", statistics.stdev)):
        print(f"| {name} | " + " | ".join(f"{statistic(accuracies[precision]):.4f}" for precision in PRECISIONS) + " |")


if __name__ == "__main__":
    main()
