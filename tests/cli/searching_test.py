#!/usr/bin/env python3
"""Methods that find their steps themselves: the optimum that another program finds, the same bits on any number of
ranks and across resumes, an objective that never rises; early words about divergence."""

import pathlib
import shutil
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

METHODS = ("backtracking", "barzilai_borwein", "conjugate_gradient", "lbfgs", "newton_cg")
ROWS = 47
L2 = 0.01


class SearchingTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", ROWS)

    def settings(self, directory, **more):
        return {"data.train": "train.h5", "data.shards": 5, "run.precision": "double",
                "output.every_steps": 1, "checkpoint.directory": directory, "model.l2": L2,
                **{key.replace("__", "."): value for key, value in more.items()}}

    def run_in(self, directory, ranks=1, more=(), **settings):
        self.train(self.settings(directory, **settings), ranks, more)
        return checkpoints.metrics(self.folder / directory)

    def optimum(self):
        """The smallest J of this model, by Newton's method with the Hessian written out, and its smallest curvature."""
        with h5py.File(self.folder / "train.h5") as file:
            features, classes = file["features"][()].astype(float), file["targets"][()].astype(int).ravel()
        inputs = numpy.hstack([numpy.ones((ROWS, 1)), features])
        outputs = int(classes.max()) + 1
        observed = numpy.eye(outputs)[classes]
        penalized = numpy.repeat(numpy.arange(inputs.shape[1]) > 0, outputs) * L2
        theta = numpy.zeros(inputs.shape[1] * outputs)
        for _ in range(30):
            logits = inputs @ theta.reshape(-1, outputs)
            shares = numpy.exp(logits - logits.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            gradient = (inputs.T @ (shares - observed)).ravel() / ROWS + penalized * theta
            curvature = numpy.einsum("nk,kl->nkl", shares, numpy.eye(outputs)) - numpy.einsum("nk,nl->nkl", shares, shares)
            hessian = numpy.einsum("ni,nj,nkl->ikjl", inputs, inputs, curvature).reshape(2 * theta.shape) / ROWS
            # Intercepts are determined up to a common number: the shortest solution.
            theta -= numpy.linalg.lstsq(hessian + numpy.diag(penalized), gradient, rcond=None)[0]
        self.assertLess(numpy.linalg.norm(gradient), 1e-14)
        curvatures = numpy.linalg.eigvalsh(hessian + numpy.diag(penalized))
        return (-numpy.log(shares[observed == 1]).mean() + (penalized * theta ** 2).sum() / 2,
                curvatures[curvatures > 1e-12].min())

    def test_the_optimum_of_another_program(self):
        expected, curvature = self.optimum()
        for method in METHODS:
            enough = 1e-6 if method == "backtracking" else 1e-8  # it goes by values alone, which see roots of roundings
            rows = self.run_in(method, 2, optimizer__method=method, stop__gradient_norm=enough, stop__max_steps=20000)
            # J - J* is about ‖∇J‖²/2 over a curvature; and some roundings.
            bound = enough ** 2 / curvature + 1e-14
            self.assertAlmostEqual(float(rows[-1]["objective"]), expected, delta=bound, msg=method)
            self.assertEqual(rows[-1]["stop"], "gradient_norm")
            if method == "backtracking":
                values = [float(row["objective"]) for row in rows]
                self.assertEqual(values, sorted(values, reverse=True))

    def test_the_same_anywhere(self):
        for method in METHODS:
            settings = {"optimizer__method": method, "model__layers": "4", "optimizer__pairs": 3}
            ends = []
            for directory, ranks, threads in (("one", 1, 1), ("two", 2, 1), ("three", 3, 1), ("four", 4, 1),
                                              ("threads", 1, 3)):
                self.run_in(directory, ranks, run__threads=threads, stop__max_steps=9, **settings)
                ends.append(checkpoints.checkpoint(self.folder / directory, 9).read_bytes())
            self.run_in("parts", 3, stop__max_steps=5, **settings)
            self.run_in("parts", 2, ["--resume"], stop__max_steps=9, **settings)
            ends.append(checkpoints.checkpoint(self.folder / "parts", 9).read_bytes())
            self.assertEqual(ends, [ends[0]] * len(ends), method)
            for directory in ("one", "two", "three", "four", "threads", "parts"):
                shutil.rmtree(self.folder / directory)

    def test_a_trial_far_out_leaves_no_trace(self):
        """The first trials of exp(η) end far out, at gradients that are larger by many orders of magnitude."""
        random = numpy.random.default_rng(0)
        features = random.uniform(0, 60, (500, 1)).astype("float32")
        toy.write(self.folder / "counts.h5", features, random.poisson(numpy.exp(0.05 * features[:, 0] + 0.2)))
        ends = []
        for method in ("barzilai_borwein", "conjugate_gradient", "lbfgs", "newton_cg"):
            rows = self.run_in(method, 2, data__train="counts.h5", model__likelihood="poisson", model__l2=0,
                               optimizer__method=method, stop__gradient_norm=1e-5, stop__max_steps=3000)
            self.assertEqual(rows[-1]["stop"], "gradient_norm", method)
            ends.append(float(rows[-1]["objective"]))
        # ‖∇J‖²/2 over a curvature, that of the intercept, which is the mean of exp(η): above 1.
        numpy.testing.assert_allclose(ends, ends[0], rtol=0, atol=1e-10)

    def test_nothing_left_to_gain(self):
        rows = self.run_in("run", 2, optimizer__method="lbfgs", stop__max_steps=10000)
        self.assertEqual(rows[-1]["stop"], "no_descent")
        self.assertLess(float(rows[-1]["gradient_norm"]), 1e-6)
        path = checkpoints.checkpoint(self.folder / "run", int(rows[-1]["step"]))
        with h5py.File(path) as file:
            self.assertEqual(file.attrs["stop_reason"], "no_descent")
        result = self.succeed(["inspect", path])
        self.assertIn("stopped by no_descent", result.stdout)
        result = self.train(self.settings("run", optimizer__method="lbfgs", stop__max_steps=10000), 1, ["--resume"])
        self.assertIn("nothing to do: stopped by no_descent", result.stdout)

    def refused(self, more, code=2, **settings):
        return self.refuse(["train", *more, *program.options(self.settings("run", **settings))], 2, code)

    def test_what_a_search_cannot_have(self):
        for more, words in ((["--optimizer.batch_size=10"], "needs one objective, of all samples"),
                            (["--model.layers=4", "--model.dropout=0.5"], "model.dropout makes it another one"),
                            (["--optimizer.schedule=linear", "--stop.max_steps=5"], "finds ε itself"),
                            (["--run.reduction=exact32"], "leave sums of 32 bits nothing"),
                            (["--model.l1=0.1"], "proximal step"), (["--optimizer.clip_norm=1"], "clip_norm")):
            self.assertIn(words, self.refused(more, optimizer__method="lbfgs"))

    def test_a_rate_from_the_curvature(self):
        for method in ("gradient_descent", "momentum", "nesterov"):
            settings = {"optimizer__method": method, "optimizer__learning_rate": "auto", "model__l2": 0.1}
            rows = self.run_in("whole", 1, stop__max_steps=40, **settings)
            values = [float(row["objective"]) for row in rows]
            if method == "gradient_descent":  # never up: ε ≤ 2/curvature; and it gets somewhere
                self.assertEqual(values, sorted(values, reverse=True))
            self.assertLess(values[-1], 0.5 * values[0])
            self.run_in("parts", 3, stop__max_steps=20, **settings)
            self.run_in("parts", 2, ["--resume"], stop__max_steps=40, **settings)
            ends = [checkpoints.checkpoint(self.folder / folder, 40).read_bytes() for folder in ("whole", "parts")]
            self.assertEqual(*ends, method)
            shutil.rmtree(self.folder / "whole")
            shutil.rmtree(self.folder / "parts")
        rate = {"optimizer__learning_rate": "auto"}
        self.assertIn("cauchy find-rate", self.refused(["--optimizer.batch_size=10"], **rate))
        self.assertIn("a resumed one keeps it", self.refused(["--resume", "--change=optimizer.learning_rate"], **rate))
        self.assertIn("says nothing of the steps", self.refused([], optimizer__method="adam", **rate))

    def test_divergence_is_said_early_with_advice(self):
        message = self.refused([], 3, model__l2=1, optimizer__learning_rate=1000, stop__max_steps=1000)
        self.assertIn("the objective has risen from", message)
        self.assertIn("cauchy find-rate", message)
        self.assertLess(len(checkpoints.metrics(self.folder / "run")), 20)
        shorter = self.settings("run", model__l2=1, optimizer__learning_rate=0.01, stop__max_steps=40)
        self.train(shorter, 2, ["--resume", "--change=optimizer.learning_rate"])


if __name__ == "__main__":
    unittest.main()
