#!/usr/bin/env python3
"""landscape: J on planes as numpy has it, over the path of the run, in the same bytes on any number of ranks; and
scripts/plot_landscape.py draws it."""

import pathlib
import re
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import pictures
import program
import toy


class LandscapeTest(program.ProgramTest):
    def landscape(self, *more, ranks=None, output="plane.h5"):
        outcome = self.succeed(["landscape", "--output", output, *map(str, more)], ranks)
        with h5py.File(self.folder / output) as file:
            found = {**file.attrs, **{name: file[name][:] for name in ("alpha", "beta", "objective")},
                     "path": {name: file["path"][name][:] for name in file["path"]}}
        return outcome, found

    def newest(self, folder="run"):
        return sorted(self.folder.glob(f"{folder}/checkpoint-*.h5"))[-1]

    def test_the_contour_of_two_parameters(self):
        x = numpy.array([-2.0, -1, 0, 1, 2, 4])
        y = numpy.array([-3.1, -1.4, 0.2, 1.3, 2.8, 5.9])
        toy.write(self.folder / "line.h5", x[:, None], y[:, None])
        settings = {"data.train": "line.h5", "data.shards": 4, "model.layers": "", "model.likelihood": "gaussian",
                    "model.l2": 0.3, "run.precision": "double", "optimizer.learning_rate": 0.2}
        self.train({**settings, "stop.max_steps": 5, "checkpoint.keep_every_steps": 1, "checkpoint.directory": "run"}, None)
        contents = set()
        for ranks in (1, 2, 3, 4):
            _, found = self.landscape("--checkpoint", "run/checkpoint-00000005.h5", "--points", 7, ranks=ranks)
            contents.add((self.folder / "plane.h5").read_bytes())
        self.assertEqual(len(contents), 1)
        self.assertEqual([found[name] for name in ("content", "directions", "alpha_name", "beta_name")],
                         ["landscape", "parameters", "output/weights", "output/intercepts"])

        def objective(w, b):
            residuals = w[..., None] * x + b[..., None] - y
            return (residuals**2).mean(axis=-1) / 2 + numpy.log(2 * numpy.pi) / 2 + 0.15 * w**2

        # Rows are those of beta.
        w, b = numpy.meshgrid(found["alpha"], found["beta"])
        numpy.testing.assert_allclose(found["objective"], objective(w, b), rtol=1e-14)
        path = found["path"]
        self.assertEqual(list(path["step"]), [0, 1, 2, 3, 4, 5])
        numpy.testing.assert_allclose(path["objective"], objective(path["alpha"], path["beta"]), rtol=1e-14)
        for name, axis in (("weights", "alpha"), ("intercepts", "beta")):
            stored = [checkpoints.tensors(self.folder / "run" / f"checkpoint-{step:08}.h5")[f"output/{name}"].item()
                      for step in range(1, 6)]
            self.assertEqual(list(path[axis][1:]), stored)
            # A margin of a quarter around the longer of the two.
            extent = max(numpy.ptp(path["alpha"]), numpy.ptp(path["beta"]))
            numpy.testing.assert_allclose(numpy.ptp(found[axis]), 1.5 * extent, rtol=1e-14)
            self.assertLess(found[axis][0], path[axis].min())
        # Where training started: the first step is one of descent from there.
        slope = numpy.array([numpy.mean((path["alpha"][0] * x + path["beta"][0] - y) * factor) for factor in (x, 1.0)])
        slope[0] += 0.3 * path["alpha"][0]
        numpy.testing.assert_allclose([path["alpha"][1], path["beta"][1]],
                                      [path["alpha"][0], path["beta"][0]] - 0.2 * slope, rtol=1e-12)

        pictures.draw(self, "plot_landscape.py", ["plane.h5", "--output", "plane.svg"])
        picture = pictures.Svg(self.folder / "plane.svg")
        self.assertEqual(picture.curves, {"path": 6})
        for text in ("output/weights", "output/intercepts", "step 5", "NLL in nats a sample, with the penalty"):
            self.assertIn(text, picture.texts)
        self.assertGreater(picture.contours, 10)
        pictures.draw(self, "plot_landscape.py", ["plane.h5"])
        self.assertGreater(min(pictures.png_size(self.folder / "landscape.png")), 500)
        self.assertIn("line.h5: cauchy landscape has not written this file",
                      pictures.draw(self, "plot_landscape.py", ["line.h5"], code=2).stderr)
        self.assertIn("none.h5: No such file", pictures.draw(self, "plot_landscape.py", ["none.h5"], code=2).stderr)

        # Where a run would start; the range is the user's.
        _, found = self.landscape("--points", 3, "--range", 2, *program.options(settings), ranks=2)
        numpy.testing.assert_allclose(found["alpha"], path["alpha"][0] + numpy.array([-2, 0, 2]), rtol=1e-14)
        self.assertEqual(list(found["path"]["objective"]), [path["objective"][0]])

    def test_planes_of_a_network(self):
        toy.categorical(self.folder / "train.h5", 61)
        toy.categorical(self.folder / "test.h5", 30, seed=3)
        self.train({"data.train": "train.h5", "data.shards": 4, "data.standardize": "true", "model.layers": 4,
                    "model.dropout": 0.1, "optimizer.batch_size": 20, "stop.max_steps": 12,
                    "checkpoint.keep_every_steps": 3, "checkpoint.directory": "run"}, None)
        newest = ("--checkpoint", self.newest())
        outcome, found = self.landscape(*newest, "--points", 5)
        contents = (self.folder / "plane.h5").read_bytes()
        self.landscape(*newest, "--points", 5, "--run.threads=2", ranks=2)
        self.assertEqual((self.folder / "plane.h5").read_bytes(), contents)
        self.assertEqual(list(found["alpha"]), [-1, -0.5, 0, 0.5, 1])
        self.assertEqual(found["objective"][2, 2], found["path"]["objective"][0])
        self.assertEqual(len(numpy.unique(found["objective"])), 25)
        evaluated = self.succeed(["evaluate", *newest, "--data.test=train.h5"], None).stdout
        nll = float(re.search(r"^NLL +(\S+)$", evaluated, re.M)[1])
        numpy.testing.assert_allclose(found["objective"][2, 2], nll, rtol=1e-6)  # evaluate works in float here
        self.assertRegex(outcome.stdout, r"path +1 point: step 12\n")
        _, other = self.landscape(*newest, "--points", 2, "--seed", 5)
        self.assertNotEqual(other["objective"][0, 0], found["objective"][0, 0])

        _, found = self.landscape(*newest, "--points", 2, "--directions", "principal", ranks=3)
        path = found["path"]
        self.assertEqual(list(path["step"]), [0, 3, 6, 9, 12])
        theta = numpy.array([numpy.concatenate([values.ravel() for values in checkpoints.tensors(file).values()])
                             for file in sorted(self.folder.glob("run/checkpoint-*.h5"))], dtype="float64")
        # Principal coordinates keep distances from the last point, as far as two of them can; the start is not among
        # the checkpoints, and shares in the directions, so that the others' plane is another one.
        differences = theta[:-1] - theta[-1]
        on_plane = numpy.stack([path["alpha"], path["beta"]], axis=1)
        self.assertEqual(list(on_plane[-1]), [0, 0])
        lengths = numpy.linalg.norm(on_plane[1:-1], axis=1)
        true = numpy.linalg.norm(differences, axis=1)
        self.assertTrue(numpy.all(lengths <= true * (1 + 1e-12)), (lengths, true))
        self.assertTrue(numpy.all(lengths > 0.5 * true), (lengths, true))
        shares = [float(re.search(r"([\d.]+) %$", found[name])[1]) for name in ("alpha_name", "beta_name")]
        self.assertGreater(shares[0], shares[1])
        self.assertGreater(sum(shares), 90)
        _, tested = self.landscape(*newest, "--points", 2, "--directions", "principal", "--set", "test",
                                   "--data.test=test.h5")
        self.assertEqual(list(tested["path"]["step"]), [3, 6, 9, 12])  # the start belongs to the training data
        # Without it the plane is that of the differences, whose singular values numpy knows. Their squares, which the
        # program works with, have rounding of 1e-16 of the largest square, and these are ten thousand times as large.
        left, singular, _ = numpy.linalg.svd(differences, full_matrices=False)
        for axis, column in (("alpha", 0), ("beta", 1)):
            numpy.testing.assert_allclose(numpy.abs(tested["path"][axis][:-1]),
                                          numpy.abs(left[:, column] * singular[column]), atol=1e-9 * singular[0])
        shares = 100 * singular[:2]**2 / (singular**2).sum()
        self.assertEqual([tested["alpha_name"], tested["beta_name"]],
                         [f"principal direction {i + 1}, {shares[i]:.3g} %" for i in range(2)])
        evaluated = self.succeed(["evaluate", *newest, "--data.test=test.h5"], None).stdout
        nll = float(re.search(r"^NLL +(\S+)$", evaluated, re.M)[1])
        numpy.testing.assert_allclose(tested["path"]["objective"][-1], nll, rtol=1e-6)

    def test_where_the_objective_is_infinite(self):
        random = numpy.random.default_rng(0)
        toy.write(self.folder / "train.h5", random.normal(size=(20, 3)), random.poisson(3, size=(20, 1)))
        self.train({"data.train": "train.h5", "data.shards": 2, "model.likelihood": "poisson", "model.layers": "",
                    "stop.max_steps": 3, "optimizer.learning_rate": 0.01, "checkpoint.directory": "run"}, None)
        outcome, found = self.landscape("--checkpoint", self.newest(), "--points", 9, "--range", 2e4, ranks=2)
        finite = numpy.isfinite(found["objective"])
        self.assertIn(f"NaN or infinite at {81 - finite.sum()} points of it", outcome.stdout)
        self.assertIn(finite.sum(), range(4, 78))
        pictures.draw(self, "plot_landscape.py", ["plane.h5", "--output", "plane.svg"])
        texts = pictures.Svg(self.folder / "plane.svg").texts
        self.assertIn("random direction 2", texts)
        self.assertIn("log10 of NLL in nats a sample", texts)

    def test_mistakes(self):
        toy.gaussian(self.folder / "train.h5", 20)
        settings = {"data.train": "train.h5", "data.shards": 2, "model.likelihood": "gaussian", "model.layers": ""}
        self.train({**settings, "stop.max_steps": 1, "checkpoint.directory": "run"}, None)
        fresh = program.options(settings)
        stored = ["--checkpoint", "run/checkpoint-00000001.h5"]
        for arguments, words in (
                ([*fresh, "--output", "plane.csv"], "must end in .h5"), (fresh, "--output is missing"),
                ([*fresh, "--output", "train.h5"], "would replace the file"),
                ([*stored, "--output", "run/checkpoint-00000001.h5"], "would replace the file"),
                ([*fresh, "--output", "p.h5", "--directions", "up"], "one of random, principal, parameters"),
                ([*fresh, "--output", "p.h5", "--directions", "principal"], "goes with --checkpoint"),
                ([*fresh, "--output", "p.h5", "--directions", "parameters"], "this one has 12"),
                ([*fresh, "--output", "p.h5", "--range", "0"], "--range 0: a number above 0"),
                ([*fresh, "--output", "p.h5", "--points", "1"], "--points 1: a whole number from 2"),
                ([*fresh, "--output", "p.h5", "--set", "test"], "data.test goes with --checkpoint"),
                ([*stored, "--output", "p.h5", "--set", "test"], "data.test is not set"),
                ([*stored, "--output", "p.h5", "--directions", "principal"], "keep more"),
                ([*stored, "--output", "p.h5", "--config", "a.cfg"], "give one of them")):
            ranks = 2 if "principal" in arguments else None
            self.assertIn(words, self.refuse(["landscape", *arguments], ranks), arguments)
        self.assertEqual(self.files(),
                         ["run/checkpoint-00000001.h5", "run/metrics.csv", "run/resolved.cfg", "train.h5"])


if __name__ == "__main__":
    unittest.main()
