#!/usr/bin/env python3
"""Bad data is told before the first step: once, with the place, on every number of ranks, and nothing is written."""

import pathlib
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program
import toy

ROWS = 40
SHARDS = 4


class BadDataTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", ROWS)

    def settings(self, **more):
        return {"data.train": "train.h5", "data.shards": SHARDS, "stop.max_steps": 2, "checkpoint.directory": "run",
                **{key.replace("__", "."): value for key, value in more.items()}}

    def change(self, dataset, row, value, name="train.h5"):
        with h5py.File(self.folder / name, "r+") as file:
            file[dataset][row] = value

    def replace(self, dataset, values, name="train.h5", **keywords):
        with h5py.File(self.folder / name, "r+") as file:
            del file[dataset]
            if values is not None:
                file.create_dataset(dataset, data=values, **keywords)

    def assert_told(self, ranks, *words, **settings):
        """One message with all the words, code 2, no new file, at each number of ranks."""
        before = self.files()
        for count in ranks:
            with self.subTest(ranks=count):
                message = self.refuse(["train", *program.options(self.settings(**settings))], count)
                for word in words:
                    self.assertIn(word, message)
                self.assertEqual(self.files(), before)
                self.assertFalse((self.folder / "run").exists())


class FilesTest(BadDataTest):
    def test_no_file_is_named(self):
        self.assert_told((1, 4), "data.train is not set", data__train="")

    def test_missing_file(self):
        self.assert_told((1, 4), "data.train = nowhere.h5", "no such file", data__train="nowhere.h5")
        self.assert_told((2,), "data.validation = nowhere.h5", "no such file", data__validation="nowhere.h5")
        self.assert_told((3,), "data.test = nowhere.h5", "no such file", data__test="nowhere.h5")

    def test_folder(self):
        (self.folder / "folder").mkdir()
        self.assert_told((2, 4), "data.train = folder", "is a folder", data__train="folder")

    def test_not_hdf5(self):
        (self.folder / "text.h5").write_text("1,2,3\n" * 1000)
        (self.folder / "empty.h5").write_bytes(b"")
        self.assert_told((1, 3), "text.h5", "is not an HDF5 file", data__train="text.h5")
        self.assert_told((2, 4), "empty.h5", "is not an HDF5 file", data__train="empty.h5")

    def test_truncated_hdf5(self):
        whole = (self.folder / "train.h5").read_bytes()
        (self.folder / "half.h5").write_bytes(whole[:len(whole) // 2])
        self.assert_told((1, 4), "half.h5", data__train="half.h5")


class DatasetsTest(BadDataTest):
    def test_missing_dataset(self):
        self.assert_told((1, 4), "data.train = train.h5", "no dataset /pixels", "data.features", "features, targets",
                         data__features="pixels")
        self.assert_told((2, 3), "no dataset /labels", "data.targets", data__targets="labels")

    def test_group_instead_of_dataset(self):
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file.create_group("group")
        self.assert_told((2,), "no dataset /group", data__features="group")

    def test_strings(self):
        self.replace("targets", [b"cat"] * ROWS)
        self.assert_told((1, 4), "data.train = train.h5", "/targets", "does not hold numbers")

    def test_strings_of_variable_length(self):
        self.replace("features", ["1.5"] * ROWS, dtype=h5py.string_dtype())
        self.assert_told((2, 3), "/features", "does not hold numbers")

    def test_compound_numbers(self):
        self.replace("features", numpy.ones((ROWS, 5), dtype="complex64"))
        self.assert_told((4,), "/features", "does not hold numbers")

    def test_scalar(self):
        self.replace("targets", 1.0)
        self.assert_told((1, 4), "/targets", "single number")

    def test_row_counts_that_differ(self):
        self.replace("targets", numpy.zeros(ROWS - 1, dtype="int32"))
        self.assert_told((1, 2, 3, 4), "data.train = train.h5", "row counts differ", "40", "39")

    def test_two_columns_of_classes(self):
        self.replace("targets", numpy.zeros((ROWS, 2), dtype="int32"))
        self.assert_told((1, 4), "/targets has 2 columns", "categorical")

    def test_empty(self):
        self.replace("features", numpy.zeros((0, 5), dtype="float32"))
        self.replace("targets", numpy.zeros(0, dtype="int32"))
        self.assert_told((1, 4), "data.train = train.h5", "is empty")

    def test_no_columns(self):
        self.replace("features", numpy.zeros((ROWS, 0), dtype="float32"))
        self.assert_told((2, 3), "is empty", "40 × 0")

    def test_rows_that_were_never_written(self):
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file.create_dataset("nothing", shape=(ROWS, 5), dtype="float32")
            half = file.create_dataset("half", shape=(ROWS, 5), dtype="float32", chunks=(8, 5), compression="gzip")
            half[:ROWS // 2] = 1
            file.create_dataset("one", shape=(ROWS,), dtype="int32")
        self.assert_told((1, 3), "/nothing was not written as a whole", data__features="nothing")
        self.assert_told((2,), "/half was not written as a whole", data__features="half")
        self.assert_told((4,), "/one was not written as a whole", data__targets="one")

    def test_other_data_of_another_width(self):
        toy.categorical(self.folder / "wide.h5", 20, inputs=6)
        self.assert_told((1, 4), "data.test = wide.h5", "6 features", "5 features", data__test="wide.h5")
        self.assert_told((3,), "data.validation = wide.h5", "6 features", data__validation="wide.h5")


class ValuesTest(BadDataTest):
    """Values at fault in the last rows, which belong to the last rank, and where rows of two ranks meet."""

    LAST = ROWS - 1

    def test_class_out_of_range(self):
        self.change("targets", self.LAST, 7)
        self.assert_told((1, 2, 3, 4), "data.train = train.h5: /targets at row 39", "class 7", "0..2",
                         model__classes=3)

    def test_negative_class(self):
        self.change("targets", 20, -1)
        self.assert_told((1, 2, 4), "/targets at row 20", "-1")

    def test_fraction_as_class(self):
        self.replace("targets", numpy.arange(ROWS) % 3 + numpy.where(numpy.arange(ROWS) == self.LAST, 0.5, 0))
        self.assert_told((1, 4), "/targets at row 39", "2" if self.LAST % 3 == 2 else "0.5", "is not a class")

    def test_huge_class(self):
        self.replace("targets", numpy.where(numpy.arange(ROWS) == self.LAST, 1e12, 0))
        self.assert_told((1, 4), "/targets", "model.likelihood = gaussian meant?")

    def test_class_of_the_test_data_that_training_lacks(self):
        toy.categorical(self.folder / "test.h5", 20)
        self.change("targets", 19, 3, "test.h5")
        self.assert_told((1, 4), "data.test = test.h5: /targets at row 19", "class 3", "0..2", data__test="test.h5")

    def test_nan(self):
        self.change("features", (self.LAST, 3), numpy.nan)
        self.assert_told((1, 2, 3, 4), "data.train = train.h5: /features holds NaN at row 39, column 3")

    def test_infinity(self):
        self.change("features", (30, 0), -numpy.inf)
        self.assert_told((1, 3, 4), "/features holds an infinite value at row 30, column 0")

    def test_the_first_of_several_faults_is_told_once(self):
        for row in (5, 15, 25, 35):
            self.change("features", (row, 1), numpy.nan)
        self.assert_told((1, 2, 4), "row 5, column 1")

    def test_nan_in_targets(self):
        toy.gaussian(self.folder / "train.h5", ROWS)
        self.change("targets", (self.LAST, 1), numpy.nan)
        self.assert_told((2, 4), "/targets holds NaN at row 39, column 1", model__likelihood="gaussian")

    def test_nan_in_validation_and_test_data(self):
        toy.categorical(self.folder / "other.h5", 20)
        self.change("features", (19, 4), numpy.nan, "other.h5")
        self.assert_told((1, 4), "data.validation = other.h5: /features holds NaN at row 19, column 4",
                         data__validation="other.h5")
        self.assert_told((3,), "data.test = other.h5: /features holds NaN at row 19, column 4", data__test="other.h5")

    def test_value_beyond_single_precision(self):
        self.replace("features", numpy.where(numpy.arange(ROWS * 5).reshape(ROWS, 5) == 199, 1e100, 0.5))
        self.assert_told((1, 4), "/features holds 1e+100", "run.precision", "row 39, column 4")
        self.train(self.settings(run__precision="double", data__standardize="true"), 2)
        self.train(self.settings(data__standardize="true"), 2)


class ShardsTest(BadDataTest):
    def test_fewer_rows_than_shards(self):
        self.assert_told((1, 2, 3, 4), "data.train = train.h5", "40 rows", "data.shards = 41", data__shards=41)

    def test_more_ranks_than_shards(self):
        self.assert_told((2, 3, 4), "data.shards = 1", "ranks", data__shards=1)
        self.assert_told((4,), "data.shards = 3", "4 ranks", data__shards=3)

    def test_fewer_rows_than_ranks_with_automatic_shards(self):
        toy.categorical(self.folder / "train.h5", 3)
        self.assert_told((4,), "3 rows", "data.shards = 4", data__shards="auto")
        self.train(self.settings(data__shards="auto"), 3)

    def test_test_data_may_have_fewer_rows_than_shards(self):
        toy.categorical(self.folder / "test.h5", 2)
        self.assertIn("test NLL", self.train(self.settings(data__test="test.h5"), 4).stdout)


class GoodDataTest(BadDataTest):
    """That the refusals above do not go too far: whatever holds numbers is read, with the same result."""

    def test_types_and_layouts_of_numbers(self):
        features = numpy.random.default_rng(3).integers(0, 100, size=(ROWS, 6))
        targets = numpy.arange(ROWS) % 3
        digests = set()
        for features_type, targets_type, keywords in (
                ("uint8", "uint8", {}), ("float64", "float64", {}), (">f4", ">i4", {}), ("int64", "uint64", {}),
                ("int16", "int8", {"chunks": (7, 4), "compression": "gzip", "shuffle": True}),
                ("float32", "float32", {"chunks": (3, 6), "fletcher32": True})):
            with self.subTest(features=features_type, targets=targets_type):
                self.replace("features", features.astype(features_type), **keywords)
                self.replace("targets", targets.astype(targets_type))
                digests.add(self.digest_in(self.train(self.settings(data__standardize="true"), 3).stdout))
        for features_shape, targets_shape in (((ROWS, 2, 3), (ROWS,)), ((ROWS, 6), (ROWS, 1))):
            self.replace("features", features.reshape(features_shape))
            self.replace("targets", targets.reshape(targets_shape))
            digests.add(self.digest_in(self.train(self.settings(data__standardize="true"), 3).stdout))
        self.assertEqual(len(digests), 1)

    def test_one_feature_as_a_vector(self):
        self.replace("features", numpy.linspace(-1, 1, ROWS))
        self.assertIn("1 inputs", self.train(self.settings(), 2).stdout)

    def test_datasets_in_groups(self):
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file.move("features", "/images/pixels")
            file.move("targets", "/images/labels")
        self.train(self.settings(data__features="images/pixels", data__targets="/images/labels"), 2)


if __name__ == "__main__":
    unittest.main()
