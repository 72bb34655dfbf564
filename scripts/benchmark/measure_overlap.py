#!/usr/bin/env python3
"""What summing gradients beside computing brings on a slow network, and what sums in 16 bits do.

Usage: /usr/bin/python3 scripts/benchmark/measure_overlap.py [options], as root, after scripts/test.sh has built

Two hosts of one rank each (scripts/cluster/hosts.sh) are joined by links of a limited rate. In turns, several rounds of
each, a network 784-2048-2048-10 takes steps of 1024 samples with run.overlap = false and true, and with
run.reduction = exact32 and exact16. Every call of MPI_Allreduce is timed. A step cannot take less than the larger of
  computing + the processor time of communicating + the last bucket, which nothing is left to hide behind, and
  the time to the first bucket + communicating,
where computing and communicating are measured without overlap, and the rest with it. The table shows medians."""

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

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSTS = ROOT / "scripts" / "cluster" / "hosts.sh"
BUILD = ROOT / "build" / "release"
REDUCTIONS = ("exact32", "exact16")
SAMPLES = 1024
STEPS = 12
WARM_UP = 3  # the first step is computed twice
BUCKET_BYTES = 1 << 16  # whatever is larger is a bucket, and not a maximum or a loss
ENVIRONMENT = {"CAUCHY_HOSTS": "overlap-", "OMP_NUM_THREADS": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
               "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_pml": "ob1"}


def hosts(*words, **environment):
    done = subprocess.run([str(word) for word in (HOSTS, *words)], capture_output=True, text=True, check=False,
                          env={**os.environ, **ENVIRONMENT, **environment})
    if done.returncode != 0:
        sys.exit(f"hosts.sh {' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def write_data(path):
    generator = numpy.random.default_rng(1)
    with h5py.File(path, "w") as file:
        file["features"] = generator.integers(0, 256, size=(8 * SAMPLES, 784), dtype="uint8")
        file["targets"] = generator.integers(0, 10, size=8 * SAMPLES, dtype="uint8")


def calls_of_steps(path):
    """All calls of MPI_Allreduce as (start, seconds, processor seconds, bytes), and which of them are the last bucket of
    a step."""
    with open(path, newline="", encoding="utf-8") as file:
        calls = [tuple(float(cell) for cell in row) for row in csv.reader(file)]
    ends = [i for i, call in enumerate(calls[:-1])
            if call[3] >= BUCKET_BYTES > calls[i + 1][3] and i > 0]
    return calls, ends


def train(folder, reduction, overlap):
    """What a step is made of, in seconds: medians over the steps, of rank 0."""
    with tempfile.TemporaryDirectory(dir=folder) as output:
        trace = pathlib.Path(output) / "calls"
        settings = {"data.train": folder / "data.h5", "data.standardize": "true", "data.shards": 2,
                    "model.layers": "2048,2048", "optimizer.batch_size": SAMPLES, "optimizer.learning_rate": 0.01,
                    "stop.max_steps": WARM_UP + STEPS, "checkpoint.directory": output,
                    "checkpoint.every_seconds": 0, "run.reduction": reduction, "run.overlap": overlap,
                    "run.guard_steps": "never"}
        hosts("run", "mpirun", "-np", 2, "-x", "LD_PRELOAD", "-x", "ALLREDUCE_TIMES", BUILD / "cauchy", "train",
              *(f"--{key}={value}" for key, value in settings.items()),
              LD_PRELOAD=str(BUILD / "tests" / "liballreduce_times.so"), ALLREDUCE_TIMES=str(trace))
        calls, ends = calls_of_steps(f"{trace}.0")
    parts = []
    for before, end in list(zip(ends, ends[1:]))[WARM_UP:]:
        step = calls[before + 1:end + 1]  # from the end of one step's last bucket to that of the next
        buckets = [call for call in step if call[3] >= BUCKET_BYTES]
        period = step[-1][0] + step[-1][1] - (calls[before][0] + calls[before][1])
        communicating = sum(call[1] for call in step)
        parts.append({"step": period, "communicating": communicating, "computing": period - communicating,
                      "processor": sum(call[2] for call in step), "last": buckets[-1][1],
                      "first": buckets[0][0] - (calls[before][0] + calls[before][1])})
    return {name: statistics.median(part[name] for part in parts) for name in parts[0]}


def bounds(without, with_overlap):
    """The two times of which the larger one limits a step."""
    return (without["computing"] + with_overlap["processor"] + with_overlap["last"],
            with_overlap["first"] + without["communicating"])


def medians(rounds):
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


def measure(folder, options):
    """For each rate and width of the sum, a column of the table."""
    columns = []
    for rate in options.rates.split(","):
        hosts("down")
        hosts("up", 2, rate)
        try:
            rounds = [{reduction: (train(folder, reduction, "false"), train(folder, reduction, "true"))
                       for reduction in REDUCTIONS} for _ in range(options.rounds)]
        finally:
            hosts("down")
        for reduction in REDUCTIONS:
            pairs = [each[reduction] for each in rounds]
            first = [each[REDUCTIONS[0]] for each in rounds]
            columns.append({
                "name": f"{rate}, {reduction}",
                "without": medians([without for without, _ in pairs]),
                "beside": medians([beside for _, beside in pairs]),
                "least": statistics.median(max(bounds(*pair)) for pair in pairs),
                "to the least": statistics.median(beside["step"] / max(bounds(without, beside))
                                                  for without, beside in pairs),
                "gain": statistics.median(without["step"] / beside["step"] for without, beside in pairs),
                "speed": [statistics.median(a[i]["step"] / b[i]["step"] for a, b in zip(first, pairs))
                          for i in range(2)]})
    return columns


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--rates", default="1gbit,10gbit", help="of the links, as tc calls them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_data(folder / "data.h5")
        columns = measure(folder, options)

    def row(title, form, value):
        print(f"| {title} | " + " | ".join(format(value(column), form) for column in columns) + " |")

    print("| ms a step | " + " | ".join(column["name"] for column in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for title, overlap, part in (("without overlap", "without", "step"), ("- computing", "without", "computing"),
                                 ("- communicating", "without", "communicating"), ("with overlap", "beside", "step"),
                                 ("- to the first bucket", "beside", "first"), ("- the last bucket", "beside", "last"),
                                 ("- processor time of communicating", "beside", "processor")):
        row(title, ".0f", lambda column, overlap=overlap, part=part: 1000 * column[overlap][part])
    row("the least that overlap allows", ".0f", lambda column: 1000 * column["least"])
    row("with overlap / the least", ".2f", lambda column: column["to the least"])
    row("without / with overlap", ".2f", lambda column: column["gain"])
    row(f"{REDUCTIONS[0]} / this, without overlap", ".2f", lambda column: column["speed"][0])
    row(f"{REDUCTIONS[0]} / this, with overlap", ".2f", lambda column: column["speed"][1])


if __name__ == "__main__":
    main()
