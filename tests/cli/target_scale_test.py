#!/usr/bin/env python3
"""data.standardize_targets: the model sees standardised targets, people see their units."""

import math
import pathlib
import re
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

SETTINGS = {"data.shards": 5, "model.layers": 6, "model.activation": "tanh", "model.likelihood": "gaussian",
            "optimizer.batch_size": 30, "optimizer.learning_rate": 0.05, "stop.max_epochs": 4, "run.precision": "double"}
# The NLL is summed in another order in one of two runs: 200 terms of order 10 in double.
SUMS = 1e-12


class TargetScaleTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.gaussian(self.folder / "toy.h5", 203, columns=2)
        with h5py.File(self.folder / "toy.h5") as file:
            features, targets = file["features"][:], file["targets"][:].astype("float64")
        self.features, self.targets = features, targets * [3e4, 1e-3] + [2e5, 7]
        toy.write(self.folder / "units.h5", self.features, self.targets)

    def run_of(self, directory, data, ranks=1, more=(), **settings):
        outcome = self.train({**SETTINGS, "checkpoint.directory": directory, "data.train": data,
                              "data.validation": data, **settings}, ranks, more)
        return self.digest_in(outcome.stdout), checkpoints.metrics(self.folder / directory)

    def scale(self, directory):
        with h5py.File(self.folder / directory / "best.h5") as file:
            return file["standardisation/target_mean"][:], file["standardisation/target_deviation"][:]

    def test_the_model_is_that_of_standardised_targets(self):
        scaled, rows = self.run_of("scaled", "units.h5", **{"data.standardize_targets": "true"})
        mean, deviation = self.scale("scaled")
        numpy.testing.assert_allclose(mean, self.targets.mean(axis=0), rtol=1e-13)
        numpy.testing.assert_allclose(deviation, self.targets.std(axis=0), rtol=1e-10)
        toy.write(self.folder / "standard.h5", self.features, (self.targets - mean) / deviation)
        expected, expected_rows = self.run_of("standard", "standard.h5")
        self.assertEqual(scaled, expected)
        for row, other in zip(rows, expected_rows):
            shift = numpy.log(deviation).sum()
            self.assertAlmostEqual(float(row["nll"]), float(other["nll"]) + shift, delta=abs(shift) * SUMS)
            # The large target decides in these units.
            self.assertGreater(float(row["validation_rmse"]), 1000)
        self.assertLess(float(rows[-1]["validation_nll"]), float(rows[0]["validation_nll"]))

    def test_any_number_of_ranks_and_a_resume_give_the_same_bits(self):
        for likelihood in ("gaussian", "gaussian_heteroscedastic", "laplace", "student_t"):
            with self.subTest(likelihood=likelihood):
                settings = {"data.standardize_targets": "true", "model.likelihood": likelihood, "run.precision": "float"}
                results = {self.run_of(f"{likelihood}-{ranks}", "units.h5", ranks, **settings)[0]
                           for ranks in (1, 2, 3, 4)}
                self.assertEqual(len(results), 1)
                self.run_of(f"{likelihood}-parts", "units.h5", 2, **settings, **{"stop.max_steps": 5})
                self.assertEqual(self.run_of(f"{likelihood}-parts", "units.h5", 3, ["--resume"], **settings)[0],
                                 results.pop())

    def test_evaluate_tells_the_units_of_the_targets(self):
        _, rows = self.run_of("run", "units.h5", **{"data.standardize_targets": "true"})
        last = sorted((self.folder / "run").glob("checkpoint-*.h5"))[-1]
        outcome = self.succeed(["evaluate", "--checkpoint", last, "--data.test=units.h5"], 2)
        self.assertIn(f"NLL         {float(rows[-1]['validation_nll']):.9g}"[:19], outcome.stdout)
        rmse = float(re.search(r"rmse +(\S+)", outcome.stdout)[1])
        self.assertAlmostEqual(rmse, float(rows[-1]["validation_rmse"]), delta=1e-8 * rmse)

    def test_classes_and_counts_have_no_scale(self):
        toy.categorical(self.folder / "classes.h5", 50)
        for likelihood in ("categorical", "poisson"):
            error = self.refuse(["train", *program.options({
                **SETTINGS, "data.train": "classes.h5", "data.standardize_targets": "true",
                "model.likelihood": likelihood})], 2)
            self.assertIn(f"data.standardize_targets is for measurements, not for model.likelihood = {likelihood}", error)


if __name__ == "__main__":
    unittest.main()
