#!/usr/bin/env python3
"""The parts of a step cost no more instructions than they did: a guard of speed that needs no quiet machine.

instructions.csv beside this file holds the counts, and the versions of compiler and libraries that they belong to; with
others there is nothing to compare with, and this ends with code 77, which CTest takes for "skipped". After a change that
is meant to cost, or that made something cheaper, write them anew, and say why in the commit:

    tests/benchmarks/instructions_test.py --write build/release/tests/instructions"""

import argparse
import csv
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BASELINE = pathlib.Path(__file__).resolve().parent / "instructions.csv"
# Where memory happens to lie moves counts by less than this.
TOLERANCE = 0.02


def count(executable):
    """Versions, and instructions by part, from callgrind, which knows no instructions beyond AVX2."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={folder}/counts",
                   executable, folder]
        environment = {**os.environ, "DNNL_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        counts = {}
        for path in sorted(pathlib.Path(folder).glob("counts.*"), key=lambda path: int(path.suffix[1:])):
            text = path.read_text()
            name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
            if name:
                counts[name[1]] = int(re.search(r"^summary: (\d+)$", text, re.MULTILINE)[1])
        return done.stdout.strip(), counts


def read_baseline():
    with open(BASELINE, newline="", encoding="utf-8") as file:
        (_, versions), *rows = csv.reader(file)
        return versions, {name: int(instructions) for name, instructions in rows}


def write_baseline(versions, counts):
    with open(BASELINE, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("versions", versions), *counts.items()])


def compare(counts, baseline):
    worse = []
    for name in sorted(counts.keys() | baseline.keys()):
        now, before = counts.get(name, 0), baseline.get(name, 0)
        change = now / before - 1 if before else float("inf")
        print(f"{name:24} {before:10} {now:10} {100 * change:+8.1f} %")
        if abs(change) > TOLERANCE:
            worse.append(name)
    if worse:
        sys.exit(f"changed by more than {100 * TOLERANCE:.0f} %: {', '.join(worse)} (--write, if that is meant)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    versions, counts = count(options.executable)
    if options.write:
        write_baseline(versions, counts)
        return
    versions_before, baseline = read_baseline()
    if versions != versions_before:
        print(f"counted with {versions_before}, not {versions}")
        sys.exit(77)
    compare(counts, baseline)


if __name__ == "__main__":
    main()
