#!/usr/bin/env python3
"""Draws metrics.csv: NLL, gradient norm, learning rate and the metrics of the likelihood, of one run or of several.
A run that still goes on can be drawn, too."""

import argparse
import dataclasses
import itertools
import math
import pathlib

import drawing
from drawing import UserError, plot

X_LABELS = {"step": "step", "epoch": "epoch", "seconds": "seconds of training"}
LINE_STYLES = {"training": "-", "validation": "--"}


@dataclasses.dataclass
class Run:
    name: str
    path: pathlib.Path
    columns: dict  # name → numbers, NaN where a cell is empty


def read_run(text):
    """Of a run's folder, or of its metrics.csv."""
    path = pathlib.Path(text)
    name = path.parent.resolve().name if path.name == "metrics.csv" else path.stem
    if path.is_dir():
        name = path.resolve().name
        path = path / "metrics.csv"
    needed = ("step", "epoch", "samples", "nll", "gradient_norm", "learning_rate", "seconds")
    return Run(name, path, drawing.read_table(path, "metrics.csv of cauchy train", needed, texts=("stop",)))


def positions(run, unit):
    """x of each row. Each epoch ends with a row, whose number of samples says where within an epoch others are."""
    if unit != "epoch":
        return run.columns[unit]
    for epoch, samples in zip(run.columns["epoch"], run.columns["samples"]):
        if epoch > 0:
            return [count * epoch / samples for count in run.columns["samples"]]
    raise UserError(f"{run.path}: no epoch is complete yet; --x step draws what there is")


def name_runs(runs):
    """Runs that share a name get their paths."""
    names = [run.name for run in runs]
    for run in runs:
        if names.count(run.name) > 1:
            run.name = str(run.path.parent if run.path.name == "metrics.csv" else run.path)


def metric_names(runs):
    """accuracy, ... in the order of the first file that has them."""
    found = {}
    for column in itertools.chain(*(run.columns for run in runs)):
        for data in ("validation_", "test_"):
            if column.startswith(data):
                found[column.removeprefix(data)] = None
    found.pop("nll", None)
    return [metric for metric in found if any(finite(run.columns.get(data + metric, []))
                                              for run in runs for data in ("validation_", "test_"))]


def finite(values):
    return [value for value in values if math.isfinite(value)]


def draw_curve(axes, x, values, kind, run, colour):
    """The points that there are, joined."""
    points = [(a, b) for a, b in zip(x, values) if math.isfinite(b)]
    if not points:
        return
    if kind == "test":
        points = points[-1:]
    marker, size = ("*", 10) if kind == "test" else ("o" if len(points) == 1 else "", 4)
    line, = axes.plot(*zip(*points), linestyle=LINE_STYLES.get(kind, ""), marker=marker, markersize=size, color=colour,
                      linewidth=1.5, label=f"{run.name}, {kind}")
    line.set_gid(f"curve-{axes.get_label()}-{kind}-{run.name}")


def draw_panel(axes, runs, unit, columns):
    """`columns`: kind → column."""
    for index, run in enumerate(runs):
        x = positions(run, unit)
        for kind, column in columns.items():
            draw_curve(axes, x, run.columns.get(column, []), kind, run, f"C{index % 10}")
    values = [value for run in runs for column in columns.values() for value in finite(run.columns.get(column, []))]
    if axes.get_label() in ("NLL", "gradient norm", "learning rate") and values and min(values) > 0:
        axes.set_yscale("log")
    axes.set_xlabel(X_LABELS[unit])
    axes.set_ylabel(axes.get_label())
    if len(runs) * len(columns) > 1 and axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small")


def draw(runs, unit):
    panels = {"NLL": {"training": "nll", "validation": "validation_nll", "test": "test_nll"},
              "gradient norm": {"training": "gradient_norm"}, "learning rate": {"training": "learning_rate"}}
    for metric in metric_names(runs):
        panels[metric] = {"validation": f"validation_{metric}", "test": f"test_{metric}"}
    rows = math.ceil(len(panels) / 2)
    figure, grid = plot.subplots(rows, 2, figsize=(11, 3.6 * rows), squeeze=False)
    for axes, (label, columns) in itertools.zip_longest(grid.flat, panels.items(), fillvalue=(None, None)):
        if label is None:
            axes.remove()
            continue
        axes.set_label(label)
        draw_panel(axes, runs, unit, columns)
    figure.tight_layout()
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run, or its metrics.csv")
    parser.add_argument("--output", default="metrics.png", metavar="FILE", help=".png or .svg; usually metrics.png")
    parser.add_argument("--x", choices=X_LABELS, default="step", help="what the curves are drawn over; usually step")
    arguments = parser.parse_args()
    output = drawing.output_path(arguments.output)
    runs = [read_run(path) for path in arguments.runs]
    name_runs(runs)
    drawing.save(draw(runs, arguments.x), output)


if __name__ == "__main__":
    drawing.main(main)
