#!/usr/bin/env python3
"""What this machine can do, what Cauchy makes of it, and PyTorch DDP beside it.

Usage: scripts/benchmark.sh [options], which builds what this needs.

Everything is measured once in each of several rounds, one after the other, in an order that changes from round to
round; the table shows medians, and ratios are medians of the ratios within a round. Progress and figures of a round go
to standard error as they come."""

import argparse
import csv
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAUCHY = ROOT / "build" / "release" / "cauchy"
LIMITS = ROOT / "build" / "release" / "tests" / "machine_limits"
TORCH = pathlib.Path(__file__).resolve().parent / "torch_ddp.py"

LAYERS = (784, 2048, 2048, 10)
SAMPLES_A_RANK = 512
STEPS = 20
WARM_UP = 4  # the first of them is computed twice by the exact sum
SMALL_STEPS = 100_000
SMALL_WARM_UP = 10_000
SMALL_SHAPES = [(widths, samples) for samples in (32, 512) for widths in ((10,) * 4, (100,) * 4, (1000,) * 4)]
# What OpenBLAS can be told to take the processor for.
CORE_TYPES = ("", "Haswell", "SkylakeX", "Cooperlake", "Zen")


def operations_a_sample(widths):
    """Multiplications and additions of a forward and a backward pass; the first layer needs no derivative of its
    inputs."""
    weights = [inputs * outputs for inputs, outputs in zip(widths[:-1], widths[1:])]
    return 6 * sum(weights) - 2 * weights[0]


def cores():
    """One processor of each core that this process may use: the others share its units."""
    found = set()
    for processor in os.sched_getaffinity(0):
        siblings = pathlib.Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
        found.add(int(siblings.read_text().replace("-", ",").split(",")[0]) if siblings.exists() else processor)
    return sorted(found)


CORES = cores()


def run(command, environment=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def mpirun(ranks, threads=1):
    words = ["mpirun", "-np", ranks, "--bind-to", "core"]
    words += ["--map-by", f"slot:PE={threads}"] if threads > 1 else []
    return words + (["--allow-run-as-root"] if os.geteuid() == 0 else [])


class Cauchy:
    """Training in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        generator = numpy.random.default_rng(1)
        rows = 8 * SAMPLES_A_RANK * OPTIONS.ranks
        with h5py.File(folder / "large.h5", "w") as file:
            file["features"] = generator.integers(0, 256, size=(rows, LAYERS[0]), dtype="uint8")
            file["targets"] = generator.integers(0, LAYERS[-1], size=rows, dtype="uint8")
        with h5py.File(folder / "small.h5", "w") as file:
            file["features"] = generator.normal(size=(1024, 9)).astype("float32")
            file["targets"] = generator.integers(0, 10, size=1024, dtype="uint8")

    def steps_a_second(self, ranks, threads, warm_up, steps, **options):
        words = [f"--{key.replace('__', '.')}={value}" for key, value in options.items()]
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            run([*mpirun(ranks, threads), CAUCHY, "train", f"--run.threads={threads}", *words,
                 f"--stop.max_steps={warm_up + steps}", f"--output.every_steps={warm_up}",
                 "--optimizer.learning_rate=0.01", f"--checkpoint.directory={output}",
                 "--checkpoint.every_seconds=0"])
            with open(pathlib.Path(output) / "metrics.csv", newline="", encoding="utf-8") as file:
                seconds = {int(row["step"]): float(row["seconds"]) for row in csv.DictReader(file)}
        return steps / (seconds[warm_up + steps] - seconds[warm_up])

    def large(self, ranks, threads=1, shards=None, reduction="exact", batch=None, precision="float"):
        """Samples a second."""
        batch = batch or SAMPLES_A_RANK * OPTIONS.ranks
        return batch * self.steps_a_second(
            ranks, threads, WARM_UP, STEPS, data__train=self.folder / "large.h5", data__standardize="true",
            data__shards=shards or OPTIONS.ranks, model__layers=",".join(map(str, LAYERS[1:-1])),
            optimizer__batch_size=batch, run__reduction=reduction, run__precision=precision)

    def small(self, ranks):
        """Steps a second of a model with 100 parameters, batch 32."""
        return self.steps_a_second(ranks, 1, SMALL_WARM_UP, SMALL_STEPS, data__train=self.folder / "small.h5",
                                   data__shards=OPTIONS.ranks, optimizer__batch_size=32)


def torch_samples_a_second(core_type="", bf16=False, steps=STEPS):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(OPTIONS.ranks):
        environment = {**os.environ, "RANK": str(rank), "WORLD_SIZE": str(OPTIONS.ranks), "OMP_NUM_THREADS": "1",
                       "OPENBLAS_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        if core_type:
            environment["OPENBLAS_CORETYPE"] = core_type
        words = ["taskset", "-c", CORES[rank], sys.executable, TORCH, "--layers", ",".join(map(str, LAYERS)), "--batch",
                 SAMPLES_A_RANK * OPTIONS.ranks, "--steps", steps, "--warm-up", WARM_UP] + (["--bf16"] if bf16 else [])
        processes.append(subprocess.Popen([str(word) for word in words], env=environment, stdout=subprocess.PIPE,
                                          stderr=subprocess.PIPE, text=True))
    outputs = [process.communicate() for process in processes]
    if any(process.returncode != 0 for process in processes):
        sys.exit(f"{TORCH}: {outputs}")
    return float(outputs[0][0])


def has_torch():
    return subprocess.run([sys.executable, "-c", "import torch"], capture_output=True, check=False).returncode == 0


def machine_limits(*options):
    """(quantity, detail): value."""
    output = run([*mpirun(OPTIONS.ranks), LIMITS, *options])
    return {(quantity, detail): float(value) for quantity, detail, value, _ in csv.reader(output.splitlines())}


class Results:
    """Values by name and round."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.values[name])

    def ratio(self, name, reference):
        return statistics.median(a / b for a, b in zip(self.values[name], self.values[reference]))

    def write(self, path):
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["what", "round", "value"])
            for name, values in self.values.items():
                writer.writerows([name, number, value] for number, value in enumerate(values, 1))


def in_turns(subjects, rounds, path):
    """Calls each subject once a round, in an order that changes; it returns values by name. `path`: of a CSV file."""
    results = Results()
    subjects = list(subjects)
    generator = random.Random(1)
    for number in range(1, rounds + 1):
        note(f"round {number} of {rounds}")
        generator.shuffle(subjects)
        for subject in subjects:
            for name, value in subject().items():
                results.add(name, value)
                note(f"  {name}: {value:.6g}")
        if path:
            results.write(path)
    return results


def measure(cauchy, core_type):
    ranks = OPTIONS.ranks
    subjects = {
        "Cauchy": lambda: cauchy.large(ranks),
        "Cauchy, float allreduce": lambda: cauchy.large(ranks, reduction="float"),
        "Cauchy, 4 shards a rank": lambda: cauchy.large(ranks, shards=4 * ranks),
        "Cauchy, 4 shards a rank, float allreduce": lambda: cauchy.large(ranks, shards=4 * ranks, reduction="float"),
        "Cauchy, bf16": lambda: cauchy.large(ranks, precision="bf16"),
        "Cauchy, 1 rank": lambda: cauchy.large(1),
        f"Cauchy, 1 rank of {ranks} threads": lambda: cauchy.large(1, threads=ranks),
        "Cauchy, 1 rank, its share of the batch": lambda: cauchy.large(1, shards=1, batch=SAMPLES_A_RANK),
        "small model, 1 rank": lambda: cauchy.small(1),
        f"small model, {ranks} ranks": lambda: cauchy.small(ranks),
    }
    if core_type is not None:
        subjects["PyTorch DDP, tuned"] = lambda: torch_samples_a_second(core_type)
        subjects["PyTorch DDP, as it comes"] = torch_samples_a_second
        subjects["PyTorch DDP, bf16 autocast"] = lambda: torch_samples_a_second(core_type, bf16=True)
    named = [lambda name=name, subject=subject: {name: subject()} for name, subject in subjects.items()]

    def limits():
        return {f"{quantity}, {detail}": value for (quantity, detail), value in machine_limits().items()}

    return in_turns([*named, limits], OPTIONS.rounds, OPTIONS.csv)


def note(text):
    print(text, file=sys.stderr, flush=True)


def line(what, value, note_=""):
    print(f"| {what} | {value} | {note_} |")


def print_tables(results, core_type):
    ranks = OPTIONS.ranks
    operations = operations_a_sample(LAYERS)
    for values in list(results.values.items()):
        if values[0].startswith("units"):
            results.values[values[0] + ", samples"] = [value * 1e9 / operations for value in values[1]]
    limit = "units, float32, samples"
    line(f"network {'-'.join(map(str, LAYERS))}, {SAMPLES_A_RANK} samples a rank, {ranks} ranks", "samples/s",
         "share of the limit")
    print("|---|---|---|")
    line("limit: float32 multiply-add units", f"{results.median(limit):.0f}", "1")
    rates = [("oneDNN's products alone", "product oneDNN float32, all"), ("Eigen's products alone",
             "product Eigen float32, all"), ("forward and backward alone", "network float32, all")]
    for what, name in rates:
        line(what, f"{results.median(name) * 1e9 / operations:.0f}", f"{results.ratio(name, 'units, float32'):.3f}")
    for name in sorted(results.values):
        if name.startswith(("Cauchy", "PyTorch")):
            line(name, f"{results.median(name):.0f}", f"{results.ratio(name, limit):.3f}")
    print()
    line("ratio", "median", "")
    print("|---|---|---|")
    pairs = [("Cauchy", "Cauchy, float allreduce"),
             ("Cauchy, 4 shards a rank", "Cauchy, 4 shards a rank, float allreduce"), ("Cauchy, bf16", "Cauchy")]
    if core_type is not None:
        pairs += [("Cauchy", "PyTorch DDP, tuned"), ("Cauchy", "PyTorch DDP, as it comes"),
                  ("Cauchy, bf16", "PyTorch DDP, bf16 autocast")]
    for one, other in pairs:
        line(f"{one} : {other}", f"{results.ratio(one, other):.3f}")
    line(f"strong scaling, 1 to {ranks} ranks", f"{results.ratio('Cauchy', 'Cauchy, 1 rank') / ranks:.3f}")
    line(f"weak scaling, 1 to {ranks} ranks",
         f"{results.ratio('Cauchy', 'Cauchy, 1 rank, its share of the batch') / ranks:.3f}")
    line(f"{ranks} threads in one rank",
         f"{results.ratio(f'Cauchy, 1 rank of {ranks} threads', 'Cauchy, 1 rank') / ranks:.3f}")
    print()
    line("100 parameters, batch 32", "steps/s", "")
    print("|---|---|---|")
    for name in results.values:
        if name.startswith("small"):
            line(name, f"{results.median(name):.0f}")
    print()
    line("machine", "", "")
    print("|---|---|---|")
    for name, unit in [("units, float32", "GFLOP/s"), ("units, bf16", "GFLOP/s"), ("memory, 512 MB", "GB/s"),
                       ("product oneDNN bf16, all", "GFLOP/s")]:
        if name in results.values:
            line(name, f"{results.median(name):.0f} {unit}")
    for name in results.values:
        if name.startswith("allreduce"):
            line(name, f"{results.median(name):.1f} us")
    print()


def print_small_shapes():
    """Forward and backward at small and odd shapes against oneDNN's own products."""
    line("widths, samples", "oneDNN's products, GFLOP/s", "forward and backward against them")
    print("|---|---|---|")
    for widths, samples in SMALL_SHAPES:
        limits = machine_limits("--only", "products", "--layers", ",".join(map(str, widths)), "--samples",
                                str(samples))
        products = limits["product oneDNN float32", "all"]
        network = limits["network float32", "all"]
        line(f"{widths[0]}, {samples}", f"{products:.3g}", f"{network / products:.2f}")


def best_core_type():
    """What makes PyTorch fastest here; None without PyTorch."""
    if not has_torch():
        note("PyTorch is not compared: install python3-torch (scripts/install_packages.sh --benchmark)")
        return None
    rates = {name: torch_samples_a_second(name, steps=5) for name in CORE_TYPES}
    best = max(rates, key=rates.get)
    note(f"PyTorch is fastest here with OPENBLAS_CORETYPE={best}" if best else "PyTorch is fastest here as it comes")
    return best


def main():
    start = time.monotonic()
    core_type = best_core_type()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Cauchy(pathlib.Path(folder)), core_type)
    print_tables(results, core_type)
    print_small_shapes()
    note(f"{OPTIONS.rounds} rounds in {time.monotonic() - start:.0f} s")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ranks", type=int, default=len(CORES), help="default: all cores")
    parser.add_argument("--csv", type=pathlib.Path, help="a file for every single measurement")
    return parser.parse_args()


if __name__ == "__main__":
    OPTIONS = parse_options()
    main()
