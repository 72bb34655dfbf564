#!/usr/bin/env python3
"""HDF5 files of others: numbers of any type, and several datasets side by side."""

import csv
import pathlib
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program
import toy

ROWS = 97


class DatasetsTest(program.ProgramTest):
    SETTINGS = {"data.train": "train.h5", "data.shards": 5, "model.layers": 6, "model.likelihood": "gaussian",
                "optimizer.batch_size": 20, "optimizer.learning_rate": 0.05, "stop.max_epochs": 2}

    def setUp(self):
        super().setUp()
        random = numpy.random.default_rng(5)
        self.mass = random.normal(size=ROWS).astype("float32")
        self.image = random.integers(0, 255, size=(ROWS, 2, 3)).astype("uint8")
        self.flag = random.random(ROWS) < 0.4
        self.half = random.normal(size=(ROWS, 2)).astype("float16")
        self.targets = random.normal(size=(ROWS, 3))

    def write_parts(self):
        with h5py.File(self.folder / "train.h5", "w") as file:
            file["mass"], file["detector/image"], file["flag"], file["half"] = (self.mass, self.image, self.flag,
                                                                                self.half)
            file["energy"], file["angles"] = self.targets[:, 0], self.targets[:, 1:]

    PARTS = {"data.features": "mass, detector/image,flag,half", "data.targets": "energy,angles"}

    def write_whole(self):
        features = numpy.column_stack([self.mass, self.image.reshape(ROWS, 6), self.flag, self.half]).astype("float64")
        toy.write(self.folder / "whole.h5", features, self.targets)

    def digest(self, directory, ranks=1, **settings):
        return self.digest_in(self.train({**self.SETTINGS, "checkpoint.directory": directory, **settings},
                                         ranks).stdout)

    def test_datasets_side_by_side_are_one_matrix(self):
        self.write_parts()
        self.write_whole()
        for number, more in enumerate(({"data.standardize": "true"}, {"run.precision": "double"},
                                       {"data.memory": "2KiB", "data.block_rows": 3, "data.standardize": "true"})):
            whole = self.digest(f"whole{number}", 2, **{"data.train": "whole.h5", **more})
            for ranks in (1, 2, 3, 4):
                parts = self.digest(f"parts{number}-{ranks}", ranks, **self.PARTS, **more)
                self.assertEqual(parts, whole, (more, ranks))
        options = [*program.options(self.PARTS), "--data.test=train.h5"]
        checkpoint = sorted(self.folder.glob("parts0-3/checkpoint-*.h5"))[-1]
        outputs = [self.succeed(["evaluate", "--checkpoint", checkpoint, "--data.test", name, *more], 2).stdout
                   for name, more in (("train.h5", program.options(self.PARTS)), ("whole.h5", program.options(
                       {"data.features": "features", "data.targets": "targets"})))]
        self.assertEqual(*[output.replace("train.h5", "whole.h5") for output in outputs])
        self.assertIn("11", self.succeed(["inspect", "train.h5", *options[:-1]]).stdout)

    def test_coefficients_and_inspect_name_the_datasets(self):
        self.write_parts()
        self.digest("run", 1, **{**self.PARTS, "data.targets": "energy", "model.layers": "", "run.precision": "double",
                                 "optimizer.learning_rate": 1e-5})
        checkpoint = sorted(self.folder.glob("run/checkpoint-*.h5"))[-1]
        for ranks in (1, 2):
            self.succeed(["coefficients", "--checkpoint", checkpoint, "--output", "out.csv"], ranks)
            with open(self.folder / "out.csv", newline="", encoding="utf-8") as file:
                names = [row["feature"] for row in csv.DictReader(file)]
            self.assertEqual(names, ["intercept", "mass", *(f"detector/image[{i}]" for i in range(6)), "flag",
                                     "half[0]", "half[1]"])
        text = self.succeed(["inspect", "train.h5", *program.options(self.PARTS)]).stdout
        for word in ("bool", "float16", "detector/image[5]", "half[1]"):
            self.assertIn(word, text)

    def test_numbers_of_any_type(self):
        numbers = numpy.random.default_rng(6).integers(0, 2, size=(ROWS, 4))
        digests = {}
        for number, dtype in enumerate(("int8", "int16", ">i2", "uint16", "int32", "uint32", "int64", ">i8", "uint64",
                                        "bool", "float16", ">f2", "float32", ">f4", "float64", ">f8", "longdouble")):
            toy.write(self.folder / "train.h5", numbers.astype(dtype), self.targets[:, 0])
            digests[dtype] = self.digest(f"run{number}")
        self.assertEqual(len(set(digests.values())), 1, digests)
        toy.write(self.folder / "train.h5", self.image, self.flag)
        self.digest("classes", 2, **{"model.likelihood": "bernoulli"})

    def test_faults_name_dataset_row_and_column(self):
        def told(*words, **settings):
            for ranks in (1, 3):
                error = self.refuse(["train", *program.options({**self.SETTINGS, **self.PARTS, **settings})], ranks)
                for word in words:
                    self.assertIn(word, error)

        self.half[41, 1] = numpy.nan
        self.write_parts()
        told("/half holds NaN at row 41, column 1 (counted from 0)")
        told("/half holds NaN at row 41, column 1 (counted from 0)", **{"data.standardize": "true"})
        self.half[41, 1] = 0
        self.targets[90, 2] = numpy.inf
        self.write_parts()
        told("/angles holds an infinite value at row 90, column 1 (counted from 0)")
        self.targets[90, 2] = 1e300
        self.write_parts()
        told("/angles holds 1e+300, beyond the range of a float", "row 90, column 1")
        self.targets[90, 2] = 0
        self.write_parts()
        told("no dataset /weight (data.features)", "detector", "energy", **{"data.features": "mass,weight"})
        told("data.features names no dataset", **{"data.features": ","})
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file["names"] = numpy.array([b"text"] * ROWS)
            file["short"] = self.mass[:-1]
            file["colour"] = h5py.Empty("f4")
            kinds = h5py.enum_dtype({"RED": 0, "BLUE": 1, "GREEN": 2}, basetype="i1")
            file.create_dataset("kind", data=numpy.zeros(ROWS, dtype="i1"), dtype=kinds)
        told("/names does not hold numbers", **{"data.features": "mass,names"})
        told("/kind does not hold numbers", **{"data.features": "mass,kind"})
        told("row counts differ: /mass is (97), /short is (96)", **{"data.features": "mass,short"})
        told("/colour", **{"data.features": "mass,colour"})
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file.create_dataset("packed", data=self.mass, compression="lzf")
            layout = h5py.VirtualLayout(shape=(ROWS,), dtype="float32")
            layout[:50] = h5py.VirtualSource("gone.h5", "mass", shape=(50,))
            file.create_virtual_dataset("virtual", layout, fillvalue=0)
            file.create_dataset("raw", data=self.mass, external=[(str(self.folder / "raw.bin"), 0, 4 * ROWS)])
        told("packed is packed with the filter lzf (32000), which this HDF5 does not have", **{"data.features": "packed"})
        told("virtual has its numbers in other files", **{"data.features": "mass,virtual"})
        told("raw has its numbers in other files", **{"data.features": "raw"})
        toy.write_sparse(self.folder / "train.h5", *toy.sparse(ROWS))
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file["mass"] = self.mass
        told("/features", "sparse", **{"data.features": "mass,features", "data.targets": "targets"})


if __name__ == "__main__":
    unittest.main()
