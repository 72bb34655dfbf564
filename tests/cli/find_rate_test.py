#!/usr/bin/env python3
"""find-rate: the steps are those of descent with rates that rise, in the same bits on any number of ranks; the
suggestion follows from them; nothing is left behind; and scripts/plot_rate.py draws them."""

import csv
import pathlib
import sys
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import pictures
import program
import toy


class FindRateTest(program.ProgramTest):
    def arguments(self, settings, more=()):
        return ["find-rate", "--output", "rates.csv", *more, *program.options(settings)]

    def table(self):
        with open(self.folder / "rates.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {name: numpy.array([float(row[name]) for row in rows]) for name in rows[0]}

    def write_line(self):
        x = numpy.array([-2.0, -1, 0, 1, 2, 3])
        y = numpy.array([-3.1, -1.4, 0.2, 1.3, 2.8, 4.9])
        toy.write(self.folder / "line.h5", x[:, None], y[:, None])
        return x, y, {"data.train": "line.h5", "data.shards": 2, "model.layers": "", "model.likelihood": "gaussian",
                      "model.intercept": "false", "run.precision": "double"}

    def test_steps_and_suggestion(self):
        x, y, settings = self.write_line()
        outcome = self.succeed(self.arguments(settings), ranks=2)
        found = self.table()
        rates = 1e-7 * 1e8 ** (numpy.arange(100) / 99)
        steps = len(found["nll"])
        numpy.testing.assert_allclose(found["rate"], rates[:steps], rtol=1e-14)
        self.assertEqual(list(found["step"]), list(range(1, steps + 1)))

        # The initial w follows from the first NLL, of which it is the larger or the smaller root.
        def objective(w):
            return numpy.mean((w * x - y) ** 2) / 2 + numpy.log(2 * numpy.pi) / 2

        def descent(w):
            for rate in rates:
                yield objective(w)
                w -= rate * numpy.mean((w * x - y) * x)

        optimum, curvature = (x @ y) / (x @ x), numpy.mean(x ** 2)
        distance = numpy.sqrt(2 * (found["nll"][0] - objective(optimum)) / curvature)
        expected = numpy.array(list(descent(optimum + distance)))
        converging = rates[:steps] < 2 / curvature
        numpy.testing.assert_allclose(found["nll"][converging], expected[:steps][converging], rtol=1e-12)
        # Then descent multiplies its distance from the optimum, and the rounding that this has at its least, 1e-12.
        numpy.testing.assert_allclose(found["nll"], expected[:steps], rtol=1e-9)
        weights = 0.9 ** numpy.arange(100)
        smoothed = numpy.array([expected[k::-1] @ weights[:k + 1] / weights[:k + 1].sum() for k in range(100)])
        numpy.testing.assert_allclose(found["smoothed"], smoothed[:steps], rtol=1e-9)

        # It ends at the first step that is four times the lowest, and above the first one.
        self.assertGreater(smoothed[steps - 1], max(4 * smoothed[:steps].min(), smoothed[0]))
        self.assertTrue(numpy.all(smoothed[:steps - 1] <= max(4 * smoothed[:steps - 1].min(), smoothed[0])))
        self.assertIn("beyond four times the lowest", outcome.stdout)
        lowest = smoothed[:steps].argmin()
        steepest = 10 + numpy.diff(smoothed[9:lowest + 1]).argmin()
        self.assertIn(f"\nlowest      at {rates[lowest]:.2g} ", outcome.stdout)
        self.assertIn(f"\nsteepest    at {rates[steepest]:.2g} ", outcome.stdout)
        self.assertIn(f"\n[optimizer]\nlearning_rate = {rates[lowest] / 10:.2g} ", outcome.stdout)
        # Steps of more than 2/J'' lead away; smoothing sees it some steps later, and a tenth is on the safe side.
        self.assertLess(rates[lowest] / 10, 2 / curvature)
        self.assertEqual(self.files(), ["line.h5", "rates.csv"])

        pictures.draw(self, "plot_rate.py", ["rates.csv", "--output", "rate.svg"])
        picture = pictures.Svg(self.folder / "rate.svg")
        self.assertEqual(picture.curves["nll-rates"], steps)
        self.assertGreater(picture.curves["smoothed-rates"], steps // 2)  # points beyond the axes are left out
        self.assertIn("learning rate", picture.texts)
        self.assertIn(f"lowest, at {rates[lowest]:.2g}", picture.texts)
        pictures.draw(self, "plot_rate.py", ["rates.csv"])
        self.assertGreater(min(pictures.png_size(self.folder / "rate.png")), 500)
        self.assertIn("line.h5: is no table of cauchy find-rate",
                      pictures.draw(self, "plot_rate.py", ["line.h5"], code=2).stderr)

    def test_other_ends(self):
        _, _, settings = self.write_line()
        outcome = self.succeed(self.arguments(settings, ["--from", "1e200", "--to", "1e300"]), ranks=2)
        self.assertIn("since the next one diverged", outcome.stdout)
        self.assertIn("the NLL did not fall: try rates below --from", outcome.stderr)
        self.assertNotIn("learning_rate", outcome.stdout)
        outcome = self.succeed(self.arguments(settings, ["--from", "0.001", "--to", "0.2", "--steps", "30"]), None)
        self.assertIn("all 30 steps were taken", outcome.stdout)
        self.assertIn("learning_rate = 0.02 ", outcome.stdout)
        self.assertIn("a larger --to", outcome.stderr)

    def test_the_same_bytes_on_any_number_of_ranks(self):
        toy.categorical(self.folder / "train.h5", 61)
        settings = {"data.train": "train.h5", "data.shards": 4, "model.layers": 6, "model.dropout": 0.2,
                    "model.l2": 0.01, "optimizer.batch_size": 16, "optimizer.method": "adam",
                    "optimizer.schedule": "cosine", "data.standardize": "true", "data.validation_fraction": 0.1,
                    "data.test": "missing.h5"}
        found = set()
        for ranks, reduction in ((1, "exact"), (2, "exact"), (3, "exact"), (4, "exact"), (None, "exact16"),
                                 (3, "exact16")):
            self.succeed(self.arguments({**settings, "run.reduction": reduction}), ranks)
            found.add((reduction, (self.folder / "rates.csv").read_bytes()))
        self.assertEqual(len(found), 2)
        self.assertGreater(len(self.table()["step"]), 60)  # of 4 steps an epoch
        self.assertEqual(self.files(), ["rates.csv", "train.h5"])

    def test_mistakes(self):
        _, _, settings = self.write_line()
        for more, words in ((["--from", "0"], "--from 0"), (["--from", "1", "--to", "0.5"], "--from 1 --to 0.5"),
                            (["--to", "fast"], "--to fast: a number is needed"),
                            (["--steps", "9"], "--steps 9: a whole number from 10"),
                            (["--config", "none.cfg"], "none.cfg"),
                            (["--optimizer.method=lbfgs"], "lbfgs finds ε itself"), (["--data.train=none.h5"], "none.h5")):
            self.assertIn(words, self.refuse(self.arguments(settings, more), ranks=None), more)
        for output, words in (("rates.txt", "must end in .csv"), ("none/rates.csv", "no folder none")):
            arguments = ["find-rate", "--output", output, *program.options(settings)]
            self.assertIn(words, self.refuse(arguments, ranks=2))
        toy.write(self.folder / "line.h5", numpy.full((8, 1), 1e200), numpy.full((8, 1), 1e200))
        self.assertIn("diverged at step 1", self.refuse(self.arguments(settings), ranks=2, code=3))
        self.assertEqual(self.files(), ["line.h5"])


if __name__ == "__main__":
    unittest.main()
