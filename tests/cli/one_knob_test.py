#!/usr/bin/env python3
"""configs/one_knob.cfg: gradient descent finds the maximum likelihood line, which is known in closed form; and the same
method goes from one knob to a million."""

import pathlib
import re
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program

CONFIGURATION = program.SOURCE / "configs" / "one_knob.cfg"
DATA = program.SOURCE / "tests" / "data" / "one_knob.csv"


class OneKnobTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.x, self.y = numpy.loadtxt(DATA, delimiter=",", skiprows=1, unpack=True)
        self.keys = {"data.train": DATA, "checkpoint.directory": "run"}

    def fit(self, **more):
        settings = {**self.keys, **{key.replace("__", "."): value for key, value in more.items()}}
        outcome = self.train(settings, more=["--config", CONFIGURATION])
        with h5py.File(sorted(self.folder.glob("run/checkpoint-*.h5"))[-1]) as file:
            return outcome, {name: file[f"parameters/output/{name}"][:].ravel() for name in file["parameters/output"]}

    def objectives(self):
        lines = (self.folder / "run" / "metrics.csv").read_text().splitlines()
        column = lines[0].split(",").index("objective")
        return [float(line.split(",")[column]) for line in lines[1:]]

    def test_one_knob(self):
        outcome, found = self.fit()
        self.assertIn("stopped by gradient_norm", outcome.stdout)
        self.assertEqual(list(found), ["weights"])
        optimum = (self.x @ self.y) / (self.x @ self.x)
        # A gradient of 1e-12 over J'' = mean x² = 2.4.
        self.assertAlmostEqual(found["weights"][0], optimum, delta=1e-12)
        self.assertIn(f"{optimum:.6f}", CONFIGURATION.read_text())
        objectives = self.objectives()
        self.assertLess(len(objectives), 60)
        # Each step leaves |1 - ε·J''| = 0.277 of the distance, and the square of it of what J is above its least.
        least = numpy.mean((optimum * self.x - self.y) ** 2) / 2 + numpy.log(2 * numpy.pi) / 2
        factor = (1 - 0.3 * numpy.mean(self.x ** 2)) ** 2
        above = numpy.array(objectives) - least
        numpy.testing.assert_allclose(above[1:6] / above[:5], factor, rtol=1e-6)

    def test_two_knobs(self):
        _, found = self.fit(model__intercept="true")
        slope, intercept = numpy.polyfit(self.x, self.y, 1)
        self.assertAlmostEqual(found["weights"][0], slope, delta=1e-11)
        self.assertAlmostEqual(found["intercepts"][0], intercept, delta=1e-11)

    def test_a_rate_that_is_too_large_diverges_and_says_so(self):
        """|1 - ε·J''| > 1 from ε = 2/J'' = 0.83 on."""
        outcome = self.run_program(["train", "--config", CONFIGURATION,
                                    *program.options({**self.keys, "optimizer.learning_rate": 0.9,
                                                      "stop.max_steps": "none"})])
        self.assertEqual(outcome.code, 3, outcome)
        self.assertIn("diverged at step", outcome.stderr)
        self.assertIn("a smaller optimizer.learning_rate", outcome.stderr)
        self.fit(optimizer__learning_rate=0.8, checkpoint__directory="other")

    def test_a_million_knobs(self):
        settings = {"model.layers": "1000,1000", "model.activation": "tanh", "optimizer.learning_rate": 0.01,
                    "stop.max_steps": 10, "output.every_steps": 1}
        outcome = self.train({**self.keys, **settings}, more=["--config", CONFIGURATION])
        self.assertIn("model       1 002 000 parameters", outcome.stdout)
        objectives = self.objectives()
        self.assertEqual(len(objectives), 10)
        self.assertEqual(objectives, sorted(objectives, reverse=True))

    def test_the_gradient_stands_the_check(self):
        outcome = self.succeed(["check-gradient", "--config", CONFIGURATION, f"--data.train={DATA}"])
        self.assertRegex(outcome.stdout, r"passed      (\d+) of \1 derivatives agree\n")


if __name__ == "__main__":
    unittest.main()
