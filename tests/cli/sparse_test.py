#!/usr/bin/env python3
"""Sparse features: what a dense copy of them gives, the same bits on any number of ranks, and damage told in words."""

import pathlib
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

SETTINGS = {"data.train": "sparse.h5", "data.shards": 8, "optimizer.learning_rate": 0.5, "stop.max_steps": 25,
            "checkpoint.directory": "run"}


class SparseTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.features, self.targets = toy.sparse(203)
        toy.write(self.folder / "dense.h5", self.features, self.targets)
        toy.write_sparse(self.folder / "sparse.h5", self.features, self.targets)

    def trained(self, settings, ranks=1):
        """(path of the last checkpoint, what the run told)"""
        outcome = self.train({**SETTINGS, **settings}, ranks)
        return next((self.folder / settings.get("checkpoint.directory", "run")).glob("checkpoint-*.h5")), outcome

    def test_a_dense_copy_gives_the_same_model(self):
        for number, settings in enumerate(({}, {"optimizer.batch_size": 40}, {"model.layers": "6", "data.standardize": "true"},
                                           {"model.layers": "6", "model.activation": "gelu", "run.precision": "double"},
                                           {"run.precision": "bf16", "model.layers": "6,5"})):
            with self.subTest(settings):
                sparse, _ = self.trained({**settings, "checkpoint.directory": f"sparse{number}"})
                # Standardised, a dense copy would be shifted: it is scaled here, and then by 1.
                dense_file = "dense.h5"
                if "data.standardize" in settings:
                    deviations = self.features.astype("float64").std(axis=0)
                    scaled = self.features / numpy.where(deviations == 0, 1, deviations)
                    toy.write(self.folder / "scaled.h5", scaled, self.targets)
                    dense_file = "scaled.h5"
                dense, _ = self.trained({**settings, "data.train": dense_file, "data.standardize": "false",
                                         "checkpoint.directory": f"dense{number}"})
                found, expected = checkpoints.tensors(sparse), checkpoints.tensors(dense)
                self.assertEqual(list(found), list(expected))
                # 25 steps of sums of at most 203 terms of order 1, and of rate 0.5: some hundred roundings, if none
                # grows. With bf16, a dense copy's features are rounded, to 2^-9 of each.
                epsilon = {"double": 2**-53, "bf16": 2**-9}.get(settings.get("run.precision"), 2**-24)
                for name, values in found.items():
                    self.assertEqual(values.shape, expected[name].shape)
                    numpy.testing.assert_allclose(values, expected[name], rtol=0, atol=203 * epsilon, err_msg=name)

    def test_bits_do_not_depend_on_ranks_and_threads(self):
        # 4 rows in 8 shards: some without rows in a step; the first tenth of the rows is empty.
        for settings in ({}, {"optimizer.batch_size": 5, "stop.max_steps": 90}, {"run.precision": "double"},
                         {"data.standardize": "true", "model.layers": "6", "optimizer.batch_size": 40},
                         {"run.reduction": "exact16", "optimizer.batch_size": 40}):
            digests = {}
            for ranks, threads in ((1, 1), (1, 2), (2, 1), (3, 1), (4, 1), (2, 2)):
                path, _ = self.trained({**settings, "run.threads": threads,
                                        "checkpoint.directory": f"run-{ranks}-{threads}"}, ranks)
                digests[ranks, threads] = checkpoints.digest(path)
                path.unlink()
            self.assertEqual(len(set(digests.values())), 1, (settings, digests))

    def test_evaluates_either_kind(self):
        path, outcome = self.trained({"data.test": "dense.h5"})
        mean = numpy.count_nonzero(self.features) / 203
        self.assertIn(f"203 samples with {mean:.3g} of 60 features each in 8 shards", outcome.stdout)
        results = {}
        for name in ("sparse.h5", "dense.h5"):
            text = self.succeed(["evaluate", "--checkpoint", path, f"--data.test={name}"]).stdout
            results[name] = [float(line.split()[1]) for line in text.splitlines() if line.startswith(("NLL", "accuracy"))]
        numpy.testing.assert_allclose(results["sparse.h5"], results["dense.h5"], rtol=60 * 2**-24)

    def test_scales_without_centring(self):
        deviations = self.features.astype("float64").std(axis=0)
        path, _ = self.trained({"data.standardize": "true"}, ranks=3)
        with h5py.File(path) as file:
            numpy.testing.assert_array_equal(file["standardisation/mean"][()], 0)
            # Sums of 203 terms on a grid of 2^-54 of the largest; numpy's own rounding.
            numpy.testing.assert_allclose(file["standardisation/scale"][()], 1 / numpy.where(deviations == 0, 1, deviations),
                                          rtol=1e-12)

    def test_features_that_a_model_shifts_must_be_dense(self):
        path, _ = self.trained({"data.train": "dense.h5", "data.standardize": "true"})
        message = self.refuse(["evaluate", "--checkpoint", path, "--data.test=sparse.h5"], ranks=2)
        self.assertIn("data.test = sparse.h5: /features is sparse, and the model's standardisation shifts features (column 0",
                      message)

    def damaged(self, name, **changes):
        """The sparse file with some of its arrays replaced, None: without."""
        with h5py.File(self.folder / "sparse.h5") as good, h5py.File(self.folder / name, "w") as file:
            file["targets"] = good["targets"][()]
            group = file.create_group("features")
            arrays = {key: good["features"][key][()] for key in ("indptr", "indices", "values")}
            arrays["shape"] = good["features"].attrs["shape"]
            for key, change in changes.items():
                arrays[key] = change(arrays[key])
            for key, values in arrays.items():
                if values is not None:
                    if key == "shape":
                        group.attrs[key] = values
                    else:
                        group[key] = values

    def test_damage_is_told_with_its_place(self):
        def put(place, value):
            def change(values):
                values = values.astype("int64") if values.dtype.kind == "i" else values
                values[place] = value
                return values
            return change

        with h5py.File(self.folder / "sparse.h5") as file:
            starts, indices = file["features/indptr"][()], file["features/indices"][()]
        row = 150
        first = starts[row]
        self.assertGreater(starts[row + 1] - first, 2)
        place = f"at row {row}, element {first + 1} (counted from 0)"
        column = indices[first + 1]
        elements = len(indices)
        cases = {
            "indptr falls": ({"indptr": put(row, 0)}, f"/features/indptr holds 0 at place {row} (counted from 0); it must "
                             f"ascend from 0 to {elements}, and comes from {starts[row - 1]}"),
            "indptr negative": ({"indptr": put(row, -3)}, f"/features/indptr holds -3 at place {row}"),
            "indptr beyond": ({"indptr": put(row, 10**15)}, f"/features/indptr holds 1000000000000000 at place {row}"),
            "indptr ends": ({"indptr": put(-1, elements - 1)}, f"/features/indptr goes from 0 to {elements - 1}; it should go "
                            f"from 0 to the {elements} elements"),
            "indptr short": ({"indptr": lambda values: values[1:]}, "/features/indptr has 203 elements; 203 rows need one more"),
            "index beyond": ({"indices": put(first + 1, 60)}, f"/features/indices holds the column 60 of 60 {place}"),
            "index negative": ({"indices": lambda values: numpy.where(numpy.arange(elements) == first + 1, -1, values)
                                .astype("int32")}, f"/features/indices holds the column -1 of 60 {place}"),
            "index repeated": ({"indices": put(first + 1, indices[first])},
                               f"/features/indices holds the column {indices[first]} after {indices[first]}"),
            "index falls": ({"indices": put(first, indices[first + 1] + 1)}, f"/features/indices holds the column {column} after"
                            f" {column + 1}, where columns must ascend (scipy's sum_duplicates() sorts them), {place}"),
            "indices short": ({"indices": lambda values: values[:-1]},
                              f"/features/indices has {elements - 1} elements, /features/values has {elements}"),
            "indices of float": ({"indices": lambda values: values.astype("float64")}, "/features/indices holds no integers"),
            "NaN": ({"values": put(first + 1, numpy.nan)}, f"/features/values holds NaN in column {column} {place}"),
            "infinite": ({"values": put(first + 1, -numpy.inf)},
                         f"/features/values holds an infinite value in column {column} {place}"),
            "too large": ({"values": lambda values: put(first + 1, 1e300)(values.astype("float64"))},
                          f"/features/values holds 1e+300, beyond the range of a float (run.precision = double has a larger "
                          f"one), in column {column} {place}"),
            "values square": ({"values": lambda values: values.reshape(1, -1)}, "/features/values is no list of numbers"),
            "no values": ({"values": lambda _: None}, "/features is a group without a dataset values; sparse"),
            "nothing": (dict.fromkeys(("indptr", "indices", "values"), lambda _: None), "no dataset /features"),
            "no shape": ({"shape": lambda _: None}, "/features has no attribute shape"),
            "shape of one": ({"shape": lambda values: values[:1]}, "the attribute shape of /features should be two numbers"),
            "shape of others": ({"shape": lambda values: values + 1}, "/features/indptr has 204 elements; 204 rows need"),
            "many columns": ({"shape": lambda _: numpy.array([203, 2**40])}, "/features has 1099511627776 columns"),
        }
        for name, (changes, expected) in cases.items():
            with self.subTest(name):
                self.damaged("bad.h5", **changes)
                message = self.refuse(["train", *program.options({**SETTINGS, "data.train": "bad.h5"})], ranks=2)
                self.assertIn("data.train = bad.h5: " + expected, message)

    def test_types_of_other_writers(self):
        path, _ = self.trained({})
        expected = checkpoints.digest(path)
        path.unlink()
        for index, value in (("int64", "float32"), ("uint32", "float64"), ("uint8", "float32")):
            if index != "uint8":
                toy.write_sparse(self.folder / "other.h5", self.features.astype(value), self.targets, index)
            else:
                self.damaged("other.h5", indices=lambda values: values.astype("uint8"))
            path, _ = self.trained({"data.train": "other.h5"}, ranks=2)
            self.assertEqual(checkpoints.digest(path), expected, (index, value))
            path.unlink()


if __name__ == "__main__":
    unittest.main()
