#!/usr/bin/env python3
"""Draws how exact the sums of gradients are, from the output of build/release/tests/accuracy_curve. Needs matplotlib.

Usage: scripts/draw_accuracy.py accuracy.csv src/reduction/accuracy.svg
"""

import csv
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "cauchy"  # the same file from the same numbers
import matplotlib.pyplot as plot


def main(source, target):
    with open(source, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    shards = [int(row["shards"]) for row in rows]
    figure, axes = plot.subplots(figsize=(7, 4))
    for name, label, colour in (("int32", "exact, 32 bits", "tab:blue"), ("float", "float allreduce", "tab:orange"),
                                ("int64", "exact, 64 bits", "tab:green")):
        axes.plot(shards, [float(row[name]) for row in rows], marker="o", color=colour, label=label)
    axes.axvline(256, color="grey", linestyle=":", linewidth=1)
    axes.annotate("beyond 256 shards\nexact takes 64 bits", (256, 2e-5), textcoords="offset points", xytext=(-6, 0),
                  ha="right", fontsize=9, color="grey")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_xticks(shards, [str(count) for count in shards])
    axes.set_xlabel("shards")
    axes.set_ylabel("error of the mean gradient, relative to its norm")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    if len(sys.argv) != 3 or "--help" in sys.argv:
        sys.exit(__doc__)
    main(*sys.argv[1:])
