#!/usr/bin/env python3
"""What it costs to train on data that do not stay in memory, against the same run with all of them in memory.

Usage: scripts/benchmark.sh --streaming [options], which builds what this needs.

A network is trained for some epochs on a file of ten times data.memory, and with data.memory = unlimited, once in each
round. The table shows medians, and ratios are medians of the ratios within a round. A file that is smaller than the
memory of the machine is read from the system's page cache, but for the first time."""

import argparse
import os
import pathlib
import re
import tempfile

import h5py
import numpy

from measure import CAUCHY, CORES, ROOT, in_turns, line, mpirun, run

INPUTS, CLASSES, BLOCK_ROWS, SHARDS_A_RANK = 784, 10, 1024, 2
EPOCHS = 3


def write_data(path, rows):
    generator = numpy.random.default_rng(1)
    with h5py.File(path, "w") as file:
        features = file.create_dataset("features", (rows, INPUTS), "float32")
        for first in range(0, rows, 4096):
            count = min(4096, rows - first)
            features[first:first + count] = generator.random(size=(count, INPUTS), dtype="float32")
        file["targets"] = generator.integers(0, CLASSES, size=rows, dtype="uint8")


def forget(path):
    """The system drops what it keeps of the file."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Streaming:
    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.data = folder / "data.h5"
        write_data(self.data, options.rows)
        self.memory = f"{options.rows * (INPUTS + 1) * 4 // options.ranks // 10}B"

    def seconds(self, memory):
        """What the run says, and how long its steps took."""
        forget(self.data)
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            text = run([*mpirun(self.options.ranks), CAUCHY, "train", f"--data.train={self.data}",
                        f"--data.memory={memory}", f"--data.block_rows={BLOCK_ROWS}",
                        f"--data.shards={SHARDS_A_RANK * self.options.ranks}", "--optimizer.batch_size=1024",
                        f"--model.layers={self.options.width}", "--optimizer.learning_rate=0.01",
                        f"--stop.max_epochs={EPOCHS}", f"--checkpoint.directory={output}",
                        "--checkpoint.every_seconds=0"])
        return text, float(re.search(r"(?m)^  total +([\d.]+)", text)[1])

    def resident(self):
        return {"in memory": self.seconds("unlimited")[1]}

    def streamed(self):
        text, seconds = self.seconds(self.memory)
        found = re.search(r"(?m)^streamed +([\d ]+) blocks, ([\d ]+) of them late: .* ([\d.e-]+) %$", text)
        return {"streamed": seconds, "blocks": float(found[1].replace(" ", "")),
                "late": float(found[2].replace(" ", "")), "waited": float(found[3])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ranks", type=int, default=len(CORES), help="default: all cores")
    parser.add_argument("--rows", type=int, default=131_072, help=f"of {INPUTS} features, float32")
    parser.add_argument("--width", type=int, default=512, help="of the hidden layer: the fewer, the faster the steps")
    parser.add_argument("--csv", type=pathlib.Path, help="a file for every single measurement")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        streaming = Streaming(pathlib.Path(folder), options)
        results = in_turns([streaming.resident, streaming.streamed], options.rounds, options.csv)
    size = options.rows * (INPUTS + 1) * 4 / 1e6
    line(f"network {INPUTS}-{options.width}-{CLASSES}, {size:.0f} MB of data, a tenth of them in memory, "
         f"{options.ranks} ranks", "median")
    print("|---|---|---|")
    line("blocks that were read", f"{results.median('blocks'):.0f}")
    line("of them late", f"{results.median('late'):.0f}")
    line("share of the time that computing waited for data", f"{results.median('waited'):.2f} %")
    line("time of all steps, against data in memory", f"{results.ratio('streamed', 'in memory'):.3f}")


if __name__ == "__main__":
    main()
