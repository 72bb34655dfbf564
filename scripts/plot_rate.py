#!/usr/bin/env python3
"""Draws what cauchy find-rate --output has written, of one test or of several: the NLL over the learning rate, with the
rate of the lowest smoothed NLL and a tenth of it."""

import argparse
import pathlib

import drawing
from drawing import plot


def draw_test(axes, name, table, colour):
    rates, smoothed = table["rate"], table["smoothed"]
    points, = axes.plot(rates, table["nll"], ".", markersize=3, alpha=0.5, color=colour)
    points.set_gid(f"curve-nll-{name}")
    curve, = axes.plot(rates, smoothed, color=colour, label=name)
    curve.set_gid(f"curve-smoothed-{name}")
    lowest = min(range(len(smoothed)), key=smoothed.__getitem__)
    suggested = rates[lowest] / 10
    axes.axvline(suggested, color=colour, linestyle="--", label=f"{suggested:.2g}, a tenth of the lowest")
    mark, = axes.plot(rates[lowest], smoothed[lowest], "o", color=colour, label=f"lowest, at {rates[lowest]:.2g}")
    mark.set_gid(f"curve-lowest-{name}")


def draw(tables):
    figure, axes = plot.subplots(figsize=(8, 5))
    for index, (name, table) in enumerate(tables.items()):
        draw_test(axes, name, table, f"C{index % 10}")
    axes.set_xscale("log")
    # The rise at the end would leave no room for the fall.
    bottom = min(min(table["nll"]) for table in tables.values())
    top = max(table["smoothed"][0] for table in tables.values())
    if bottom < top:
        axes.set_ylim(bottom - 0.1 * (top - bottom), top + 0.5 * (top - bottom))
    axes.set_xlabel("learning rate")
    axes.set_ylabel("NLL of a step, and smoothed")
    axes.legend(fontsize="small")
    figure.tight_layout()
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", metavar="FILE.csv", help="of cauchy find-rate --output")
    parser.add_argument("--output", default="rate.png", metavar="FILE", help=".png or .svg; usually rate.png")
    arguments = parser.parse_args()
    output = drawing.output_path(arguments.output)
    needed = ("step", "rate", "nll", "smoothed")
    tables = {pathlib.Path(path).stem: drawing.read_table(pathlib.Path(path), "table of cauchy find-rate", needed)
              for path in arguments.tables}
    drawing.save(draw(tables), output)


if __name__ == "__main__":
    drawing.main(main)
