#!/usr/bin/env python3
"""Likelihoods end to end: weights, faults told, and the same bits on any number of ranks."""

import pathlib
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

# Sums of some hundred terms of order 1 in another order, through some steps: 1e-14 in double precision; a margin of 100.
DOUBLE = 1e-12


class LikelihoodTest(program.ProgramTest):
    def settings(self, **more):
        return {"data.train": "train.h5", "data.shards": 4, "model.layers": 4, "model.activation": "tanh",
                "run.precision": "double", "stop.max_steps": 3, "checkpoint.directory": "run", "run.seed": 5,
                **{key.replace("__", "."): value for key, value in more.items()}}

    def add(self, name, **datasets):
        with h5py.File(self.folder / name, "r+") as file:
            for key, values in datasets.items():
                if key in file:
                    del file[key]
                file[key] = values

    def parameters(self, folder, step=3):
        return checkpoints.tensors(checkpoints.checkpoint(self.folder / folder, step))

    def assert_same_bits(self, settings, directory, ranks=(1, 2, 3, 4)):
        """The same parameters and the same metrics on all numbers of ranks."""
        found = set()
        for count in ranks:
            folder = f"{directory}_{count}"
            digest = self.digest_in(self.train({**settings, "checkpoint.directory": folder}, count).stdout)
            found.add((digest, str(checkpoints.untimed(checkpoints.metrics(self.folder / folder)))))
        self.assertEqual(len(found), 1, found)


class WeightsTest(LikelihoodTest):
    def weigh(self, name, rows, seed=1):
        """Integer weights in `name`, zeros among them; and a file with each row repeated so often."""
        weights = numpy.random.default_rng(seed).integers(0, 4, size=rows)
        self.add(name, weights=weights.astype("float32"))
        with h5py.File(self.folder / name) as file:
            repeated = {key: numpy.repeat(file[key][()], weights, axis=0) for key in ("features", "targets")}
        toy.write(self.folder / f"repeated_{name}", repeated["features"], repeated["targets"])

    def test_a_sample_of_weight_3_counts_like_three_samples(self):
        for likelihood, make in (("categorical", toy.categorical), ("gaussian", toy.gaussian)):
            with self.subTest(likelihood=likelihood):
                for name, rows in (("train.h5", 57), ("validation.h5", 31)):
                    make(self.folder / name, rows)
                    self.weigh(name, rows)
                common = {"model__likelihood": likelihood, "optimizer__batch_size": "full", "stop__max_epochs": 3}
                weighted = self.settings(data__weights="weights", data__validation="validation.h5", **common,
                                         checkpoint__directory=f"{likelihood}_weighted")
                repeated = self.settings(data__train="repeated_train.h5", data__validation="repeated_validation.h5",
                                         **common, checkpoint__directory=f"{likelihood}_repeated")
                self.train(weighted, 2)
                self.train(repeated, 2)
                expected = self.parameters(f"{likelihood}_repeated")
                for name, values in self.parameters(f"{likelihood}_weighted").items():
                    numpy.testing.assert_allclose(values, expected[name], rtol=DOUBLE, atol=DOUBLE)
                ours, theirs = (checkpoints.metrics(self.folder / f"{likelihood}_{kind}")
                                for kind in ("weighted", "repeated"))
                for row, other in zip(ours, theirs, strict=True):
                    for column in ("nll", "objective", "gradient_norm", "validation_nll"):
                        numpy.testing.assert_allclose(float(row[column]), float(other[column]), rtol=DOUBLE)
                    metric = [column for column in row if column.startswith("validation_")][1]
                    numpy.testing.assert_allclose(float(row[metric]), float(other[metric]), rtol=DOUBLE)

    def test_weights_keep_the_bits_on_any_number_of_ranks(self):
        for likelihood, make in (("categorical", toy.categorical), ("gaussian", toy.gaussian)):
            make(self.folder / "train.h5", 57)
            self.add("train.h5", weights=numpy.random.default_rng(2).exponential(size=57))
            self.assert_same_bits(self.settings(data__weights="weights", data__validation="train.h5",
                                                model__likelihood=likelihood, optimizer__batch_size=8,
                                                run__precision="float", stop__max_epochs=2, stop__max_steps="none"),
                                  likelihood)

    def test_equal_weights_change_no_bit(self):
        toy.categorical(self.folder / "train.h5", 57)
        plain = self.digest_in(self.train(self.settings(optimizer__batch_size=8)).stdout)
        self.add("train.h5", weights=numpy.full(57, 4.0))
        weighted = self.train(self.settings(optimizer__batch_size=8, data__weights="weights",
                                            checkpoint__directory="weighted")).stdout
        self.assertEqual(self.digest_in(weighted), plain)

    def test_a_batch_in_which_no_sample_counts_changes_nothing(self):
        toy.categorical(self.folder / "train.h5", 8)
        self.add("train.h5", weights=numpy.array([0, 0, 0, 0, 0, 0, 0, 1.0]))
        self.train(self.settings(data__weights="weights", data__shards=1, optimizer__batch_size=1, stop__max_steps=8,
                                 checkpoint__every_steps=1, checkpoint__keep=9), 1)
        states = [self.parameters("run", step) for step in range(1, 9)]
        moved = [any((before[name] != after[name]).any() for name in before)
                 for before, after in zip(states, states[1:])]
        self.assertLessEqual(sum(moved), 1)

    def test_bad_weights_are_told_before_the_first_step(self):
        toy.categorical(self.folder / "train.h5", 40)
        good = numpy.ones(40)
        for weights, words in (
                (None, "no dataset /weights (data.weights)"),
                (numpy.zeros(40), "/weights (data.weights) holds nothing but zeros"),
                (numpy.where(numpy.arange(40) == 13, -1, good), "/weights at row 13 (counted from 0): -1 is no weight"),
                (numpy.where(numpy.arange(40) == 39, numpy.nan, good), "/weights holds NaN at row 39"),
                (numpy.where(numpy.arange(40) == 7, numpy.inf, good), "/weights holds an infinite value at row 7"),
                (numpy.ones(39), "is (39); one number for each of the 40 samples is needed"),
                (numpy.ones((40, 2)), "is (40 × 2); one number for each")):
            if weights is not None:
                self.add("train.h5", weights=weights)
            for ranks in (1, 3):
                message = self.refuse(["train", *program.options(self.settings(data__weights="weights"))], ranks)
                self.assertIn(words, message)
            self.assertFalse((self.folder / "run").exists())


if __name__ == "__main__":
    unittest.main()
