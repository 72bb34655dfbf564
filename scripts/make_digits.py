#!/usr/bin/env python3
"""Writes the handwritten digits as two HDF5 files, tests/data/digits_train.h5 and tests/data/digits_test.h5.

Usage: scripts/make_digits.py [--csv digits.csv.gz] [--output FOLDER]

The input is the file of Debian's package python3-sklearn: 1797 rows of 64 pixels (0..16) and the digit (0..9).
The split is stratified and needs no random numbers: with the rows sorted by digit (rows of one digit stay in their
order), every fifth, from the first, is for the test: 360 rows, and 1437 to train. In both files the rows stand in the
order of the input. The same input gives the same bytes.
"""

import argparse
import pathlib
import sys

import h5py
import numpy

PACKAGED_CSV = pathlib.Path("/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz")
SHAPE = (1797, 65)
TEST_STRIDE = 5

ATTRIBUTES = {
    "title": "Optical recognition of handwritten digits, 8x8 pixels of 0..16, classes 0..9",
    "credit": "E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning "
    "Repository, https://doi.org/10.24432/C50P49",
    "source": "the test set of the UCI data, as scikit-learn distributes it (sklearn/datasets/data/digits.csv.gz)",
    "license": "CC BY 4.0",
    "changes": "divided into training and test rows by scripts/make_digits.py",
}


def read_table(path):
    """(1797 x 65) uint8: 64 pixels and the digit of each row."""
    if not path.exists():
        sys.exit(f"{path} does not exist; install the package python3-sklearn, or name the file by --csv")
    table = numpy.loadtxt(path, delimiter=",")
    if table.shape != SHAPE or table.min() < 0 or table.max() > 16 or table[:, -1].max() > 9:
        sys.exit(f"{path} is not the table of digits: {SHAPE[0]} rows of 64 pixels in 0..16 and a digit")
    return table.astype(numpy.uint8)


def choose_test_rows(digits):
    """The rows of the test set, ascending."""
    by_digit = numpy.argsort(digits, kind="stable")
    return numpy.sort(by_digit[::TEST_STRIDE])


def write(path, table, part):
    """Writes /features (rows x 64) and /targets (rows), both uint8."""
    storage = {"track_times": False, "compression": "gzip", "compression_opts": 9}
    with h5py.File(path, "w", libver=("earliest", "v108")) as file:
        # Strings of fixed length: the simplest to read from C.
        for name, text in {**ATTRIBUTES, "part": part}.items():
            file.attrs[name] = numpy.bytes_(text)
        features = file.create_dataset("features", data=table[:, :-1], chunks=(256, 64), **storage)
        features.attrs["image_shape"] = numpy.array([8, 8], dtype=numpy.int32)
        file.create_dataset("targets", data=table[:, -1], chunks=(256,), **storage)
    print(f"{path}: {len(table)} rows")


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=pathlib.Path, default=PACKAGED_CSV, help="input (default: %(default)s)")
    parser.add_argument("--output", type=pathlib.Path, default=folder, help="folder (default: tests/data)")
    options = parser.parse_args()

    table = read_table(options.csv)
    is_test = numpy.zeros(len(table), dtype=bool)
    is_test[choose_test_rows(table[:, -1])] = True
    write(options.output / "digits_train.h5", table[~is_test], "training rows")
    write(options.output / "digits_test.h5", table[is_test], "test rows")


if __name__ == "__main__":
    main()
