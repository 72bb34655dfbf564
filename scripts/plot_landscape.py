#!/usr/bin/env python3
"""Draws what cauchy landscape has written: contours of J on the plane and the surface above it, with the path of
descent over the checkpoints."""

import argparse
import pathlib

import drawing
from drawing import UserError, plot

try:
    import h5py
    import numpy
except ImportError as missing:
    drawing.refuse_without(missing)


def read(path):
    """Numbers and names of a file."""
    try:
        with h5py.File(path, "r") as file:
            names = dict(file.attrs)
            if names.get("content") != "landscape":
                raise UserError(f"{path}: cauchy landscape has not written this file")
            return {**names, "alpha": file["alpha"][:], "beta": file["beta"][:], "heights": file["objective"][:],
                    "path": {name: file["path"][name][:] for name in ("alpha", "beta", "objective", "step")}}
    except OSError as error:
        reason = "No such file" if not pathlib.Path(path).exists() else f"is no HDF5 file ({error})"
        raise UserError(f"{path}: {reason}") from None


def levels(finite, count):
    """Heights above the lowest point, spaced as powers: dense where descent ends."""
    lowest, highest = finite.min(), finite.max()
    if highest == lowest:
        raise UserError("J is the same at all points of the grid: there is nothing to draw; try another --range")
    # What the grid resolves: the first line goes around some points of it.
    first = (numpy.sort(finite)[min(8, finite.size - 1)] - lowest) / (highest - lowest)
    return lowest + (highest - lowest) * numpy.geomspace(min(first, 0.5) or 1e-3, 1, count)


def draw_contours(axes, data, heights, levels):
    colours = plot.colormaps["viridis"](numpy.linspace(0, 1, len(levels)))
    lines = axes.contour(data["alpha"], data["beta"], heights, levels=levels, colors=colours, linewidths=1)
    axes.clabel(lines, lines.levels[::3], fmt="%.3g", fontsize=7)
    path = data["path"]
    line, = axes.plot(path["alpha"], path["beta"], "o-", color="tab:red", markersize=3, linewidth=1.2)
    line.set_gid("curve-path")
    axes.annotate(f"step {path['step'][-1]:.0f}", (path["alpha"][-1], path["beta"][-1]), xytext=(4, -14),
                  textcoords="offset points", color="tab:red", fontsize="small")
    axes.set_xlim(data["alpha"][[0, -1]])
    axes.set_ylim(data["beta"][[0, -1]])
    axes.set_xlabel(data["alpha_name"])
    axes.set_ylabel(data["beta_name"])


def draw_surface(axes, data, heights):
    alpha, beta = numpy.meshgrid(data["alpha"], data["beta"])
    finite = heights.compressed()
    is_steep = finite.min() > 0 and finite.max() > 1000 * finite.min()
    height_of = numpy.log10 if is_steep else numpy.asarray
    heights = height_of(heights.filled(numpy.nan))
    axes.plot_surface(alpha, beta, heights, cmap="viridis", rcount=60, ccount=60, alpha=0.8, linewidth=0,
                      rasterized=True)  # as polygons it would take most of an SVG
    path = data["path"]
    inside = ((path["alpha"] >= data["alpha"][0]) & (path["alpha"] <= data["alpha"][-1]) &
              (path["beta"] >= data["beta"][0]) & (path["beta"] <= data["beta"][-1]))
    axes.plot(path["alpha"][inside], path["beta"][inside], height_of(path["objective"][inside]), "o-", color="tab:red",
              markersize=3, zorder=10)
    axes.set_xlabel(data["alpha_name"], fontsize="small")
    axes.set_ylabel(data["beta_name"], fontsize="small")
    axes.set_zlabel(f"log10 of {data['objective']}" if is_steep else data["objective"], fontsize="small")
    axes.locator_params(nbins=5)
    axes.tick_params(labelsize="small")


def draw(data):
    heights = numpy.ma.masked_invalid(data["heights"])
    if heights.count() < 4:
        raise UserError("J is NaN or infinite at nearly all points of the grid; try a smaller --range")
    figure = plot.figure(figsize=(12, 5.2))
    contours = figure.add_subplot(1, 2, 1)
    draw_contours(contours, data, heights, levels(heights.compressed(), 16))
    contours.set_title(f"{data['objective']}, {data['data']}", fontsize="small")
    surface = figure.add_subplot(1, 2, 2, projection="3d")
    draw_surface(surface, data, heights)
    surface.set_title(data["point"], fontsize="small")
    figure.tight_layout()
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", metavar="FILE.h5", help="of cauchy landscape --output")
    parser.add_argument("--output", default="landscape.png", metavar="FILE", help=".png or .svg; usually landscape.png")
    arguments = parser.parse_args()
    output = drawing.output_path(arguments.output)
    drawing.save(draw(read(arguments.file)), output)


if __name__ == "__main__":
    drawing.main(main)
