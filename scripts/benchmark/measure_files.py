#!/usr/bin/env python3
"""Start, reading, checkpoints and memory of Cauchy, against what the system gives.

Usage: scripts/benchmark.sh --files [options], which builds what this needs.

Everything is measured once in each of several rounds, in an order that changes from round to round; the tables show
medians, and ratios are medians of the ratios within a round."""

import argparse
import csv
import gzip
import math
import mmap
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

from measure import CAUCHY, LIMITS, ROOT, in_turns, line, mpirun, note, run

PEAK = ROOT / "tests" / "support" / "peak_memory.py"
WIDTH = 10_000  # of a network WIDTH-WIDTH-1, of 100 million parameters
STEPS, INTERVAL = 13, 3  # with four checkpoints before the last step
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
MEMORY = {
    "network": {}, "linear model": {"data__train": "linear.h5", "model__layers": ""},
    "network, momentum": {"optimizer__method": "momentum"}, "network, double": {"run__precision": "double"},
    "network, 2 threads": {"run__threads": 2, "data__shards": 4}, "network, bf16": {"run__precision": "bf16"},
}


def words(**options):
    return [f"--{key.replace('__', '.')}={value}" for key, value in options.items()]


def write_data(folder, name, rows, inputs, columns):
    generator = numpy.random.default_rng(1)
    with h5py.File(folder / name, "w") as file:
        file["features"] = generator.random(size=(rows, inputs), dtype="float32")
        file["targets"] = generator.random(size=(rows, columns), dtype="float32")


def convert_images(folder, name, rows):
    """Of the size of Fashion-MNIST."""
    generator = numpy.random.default_rng(1)
    for kind, shape, most in (("images", (rows, 28, 28), 256), ("labels", (rows,), 10)):
        with gzip.open(folder / kind, "wb", compresslevel=1) as file:
            file.write(bytes([0, 0, 8, len(shape)]) + b"".join(extent.to_bytes(4, "big") for extent in shape))
            file.write(generator.integers(0, most, size=shape, dtype="uint8").tobytes())
    run([CAUCHY, "convert", "--from", "idx", "--input", folder / "images", "--targets", folder / "labels", "--output",
         folder / name])


def second(work):
    """The second result in a row: memory that nobody has used for some seconds may be slow, since a virtual machine's
    host can have taken it back, and that is not what is to be compared."""
    work()
    return work()


class Files:
    def __init__(self, folder):
        self.folder = folder
        write_data(folder, "long.h5", 250_000, 1000, 1)
        write_data(folder, "wide.h5", 64, WIDTH, 1)
        write_data(folder, "middle.h5", 8192, 2000, 1)
        write_data(folder, "linear.h5", 256, 5000, 5000)
        convert_images(folder, "train.h5", 60_000)
        convert_images(folder, "test.h5", 10_000)

    def read(self):
        """GB/s of read() into memory that was not used before, from the page cache."""
        path = self.folder / "long.h5"
        size = path.stat().st_size
        with open(path, "rb") as file:
            start = time.monotonic()
            with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
                with memoryview(memory) as view:
                    place = 0
                    while place < size:
                        place += os.preadv(file.fileno(), [view[place:place + 2**24]], place)
                seconds = time.monotonic() - start
        return {"read()": size / seconds / 1e9}

    def cauchy_reads(self):
        output = run([*mpirun(1), CAUCHY, "train", "--dry-run", *words(
            data__train=self.folder / "long.h5", model__likelihood="gaussian", stop__max_steps=1,
            checkpoint__directory=self.folder / "none")])
        seconds = float(re.search(r"read in ([\d.]+) s", output)[1])
        return {"Cauchy reads": (self.folder / "long.h5").stat().st_size / seconds / 1e9}

    def first_step(self):
        """Seconds from the launch to the first row of metrics.csv."""
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            metrics = pathlib.Path(output) / "metrics.csv"
            start = time.monotonic()
            with subprocess.Popen([str(word) for word in [
                    *mpirun(2), CAUCHY, "train", "--config", ROOT / "configs" / "fashion_mnist.cfg", *words(
                        data__train=self.folder / "train.h5", data__validation="", data__test=self.folder / "test.h5",
                        output__every_steps=1, stop__max_steps=3, checkpoint__directory=output)]],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
                while process.poll() is None and not (metrics.exists() and metrics.read_text().count("\n") > 1):
                    time.sleep(0.001)
                seconds = time.monotonic() - start
                message = process.communicate()[1]
            if process.returncode != 0:
                sys.exit(message)
        return {"first step": seconds}

    def dd(self):
        """Seconds that dd takes for the bytes of a checkpoint."""
        path = self.folder / "dd"
        start = time.monotonic()
        run(["dd", "if=/dev/zero", f"of={path}", "bs=1M", f"count={math.ceil(4 * WIDTH * (WIDTH + 2) / 2**20)}",
             "conv=fsync"])
        seconds = time.monotonic() - start
        path.unlink()
        return {"dd conv=fsync": seconds}

    def train_wide(self, **options):
        """What the run says, and the seconds until its last step was taken."""
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            text = run([*mpirun(1), CAUCHY, "train", *words(
                data__train=self.folder / "wide.h5", model__layers=WIDTH, model__likelihood="gaussian",
                optimizer__batch_size=64, optimizer__learning_rate=1e-6, output__every_steps=1, checkpoint__keep=1,
                checkpoint__directory=output, **options)])
            with open(pathlib.Path(output) / "metrics.csv", newline="", encoding="utf-8") as file:
                seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
        numbers = re.search(r"written +(\d+).*\n.*: (\S+) s in which training stood still, (\S+) s to write, (\S+) s to "
                            r"read back; (\S+) s of", text)
        checkpoints = int(numbers[1])
        return [float(number) / checkpoints for number in numbers.groups()[1:]], seconds[-1] - seconds[0]

    def checkpoint(self):
        """Seconds of a checkpoint for which training waits."""
        (copy, write, read_back, processor), _ = self.train_wide(stop__max_steps=2)
        return {"copy": copy, "write": write, "read back": read_back, "processor": processor}

    def beside_training(self):
        """Seconds by which a checkpoint makes steps later on a rank with one core, and those that it needs of it."""
        _, without = self.train_wide(stop__max_steps=STEPS)
        (copy, write, read_back, processor), seconds = self.train_wide(stop__max_steps=STEPS,
                                                                       checkpoint__every_steps=INTERVAL)
        return {"beside training: training is later by": (seconds - without) / ((STEPS - 1) // INTERVAL),
                "beside training: copy and processor": copy + processor,
                "beside training: write and read back": write + read_back}

    def memory(self):
        """Predicted and measured bytes of each rank."""
        results = {}
        for ranks in (1, 2):
            for name, options in MEMORY.items():
                results.update(self.memory_of(name, ranks, **{
                    "data__train": "middle.h5", "model__layers": "3000,3000", "optimizer__batch_size": 128, **options}))
        return results

    def large_memory(self):
        """The same of 500 million parameters on two ranks."""
        write_data(self.folder, "large.h5", 64, 5000, 10)
        return self.memory_of("500 million parameters", 2, data__train="large.h5", model__layers="20000,20000",
                              optimizer__batch_size=32)

    def memory_of(self, name, ranks, **options):
        settings = {"model__likelihood": "gaussian", "data__shards": ranks, "optimizer__learning_rate": 1e-6,
                    "stop__max_steps": 3, **options}
        settings["data__train"] = self.folder / settings["data__train"]
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            text = run([*mpirun(ranks), sys.executable, "-B", PEAK, f"{output}/peak", CAUCHY, "train",
                        *words(checkpoint__directory=output, **settings)])
            measured = [int((pathlib.Path(output) / f"peak-{rank}").read_text()) for rank in range(ranks)]
        told = re.search(r"(?m)^memory +(\d.*)", text)[1]
        predicted = [float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+) (\wiB)", told)]
        results = {}
        for rank in range(ranks):
            results[f"memory, {name}, rank {rank} of {ranks}, predicted"] = predicted[rank]
            results[f"memory, {name}, rank {rank} of {ranks}"] = measured[rank]
        return results


def memory_bandwidth():
    """GB/s that a core reads and writes."""
    rows = csv.reader(run([*mpirun(1), LIMITS, "--only", "memory"]).splitlines())
    return {"memory bandwidth": next(float(value) for quantity, detail, value, _ in rows if quantity == "memory"
                                     and detail.startswith("512 MB"))}


def measure_all(files, options):
    subjects = [memory_bandwidth, files.first_step, files.checkpoint, files.beside_training, files.memory]
    subjects += [files.large_memory] if options.large else []
    subjects += [lambda work=work: second(work) for work in (files.read, files.cauchy_reads, files.dd)]
    return in_turns(subjects, options.rounds, options.csv)


def print_tables(results):
    line("start and data", "median", "ratio")
    print("|---|---|---|")
    line("read() of 1 GB of float32 into fresh memory, from the page cache", f"{results.median('read()'):.2f} GB/s")
    line("Cauchy reads the same as HDF5", f"{results.median('Cauchy reads'):.2f} GB/s",
         f"{results.ratio('Cauchy reads', 'read()'):.2f}")
    line("from the start of mpirun -np 2 to the first step, data as Fashion-MNIST",
         f"{results.median('first step'):.2f} s")
    print()
    line("checkpoint of 100 million parameters", "s", "ratio")
    print("|---|---|---|")
    line("dd conv=fsync of as many bytes", f"{results.median('dd conv=fsync'):.3f}", "1")
    line("writing, speed against dd", f"{results.median('write'):.3f}", f"{results.ratio('dd conv=fsync', 'write'):.2f}")
    line("reading back", f"{results.median('read back'):.3f}", f"{results.ratio('dd conv=fsync', 'read back'):.2f}")
    line("time of a processor for both", f"{results.median('processor'):.3f}")
    copied = 8e-9 * WIDTH * WIDTH  # GB, read and written
    results.values["copied"] = [copied / seconds for seconds in results.values["copy"]]
    line("training stands still for the copy, against the memory's speed", f"{results.median('copy'):.3f}",
         f"{results.ratio('copied', 'memory bandwidth'):.2f}")
    later, needed = "beside training: training is later by", "beside training: copy and processor"
    line("beside training on one core: steps are later by", f"{results.median(later):.3f}")
    line("copy and time of a processor, and the ratio to that", f"{results.median(needed):.3f}",
         f"{results.ratio(later, needed):.2f}")
    line("writing and reading back", f"{results.median('beside training: write and read back'):.3f}")
    print()
    line("memory", "predicted, GB", "measured : predicted")
    print("|---|---|---|")
    for name in results.values:
        if name.startswith("memory, ") and not name.endswith("predicted"):
            line(name.removeprefix("memory, "), f"{results.median(f'{name}, predicted') / 1e9:.3f}",
                 f"{results.ratio(name, f'{name}, predicted'):.3f}")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="500 million parameters, too: 17 GiB, a minute a round")
    parser.add_argument("--csv", type=pathlib.Path, help="a file for every single measurement")
    options = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.csv.parent if options.csv else ROOT / "build") as folder:
        results = measure_all(Files(pathlib.Path(folder)), options)
    print_tables(results)
    note(f"{options.rounds} rounds in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
