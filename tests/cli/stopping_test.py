#!/usr/bin/env python3
"""Stopping criteria that look at values: where they stop, on any number of ranks and after a resume."""

import pathlib
import sys
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy


class StoppingTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 61)
        toy.categorical(self.folder / "test.h5", 13, seed=5)

    def settings(self, directory, **more):
        return {"data.train": "train.h5", "data.validation": "test.h5", "data.shards": 4, "model.layers": "",
                "optimizer.learning_rate": 0.2, "optimizer.batch_size": "full", "run.precision": "double",
                "checkpoint.directory": directory, "stop.max_steps": 40,
                **{key.replace("__", "."): value for key, value in more.items()}}

    def rows(self, directory, ranks=1, more=(), **settings):
        outcome = self.train(self.settings(directory, **settings), ranks, more)
        return checkpoints.untimed(checkpoints.metrics(self.folder / directory)), outcome.stdout

    def assert_stops(self, reason, step, **settings):
        for ranks in (1, 2, 3, 4):
            rows, text = self.rows(f"{reason}{ranks}", ranks, **settings)
            self.assertEqual((len(rows), rows[-1]["stop"]), (step, reason), (settings, ranks))
            self.assertIn(f"stopped by {reason} after {step} steps", text)
        # What resumes knows at once that it is done.
        _, text = self.rows(f"{reason}2", 3, ["--resume"], **settings)
        self.assertIn(f"nothing to do: stopped by {reason} after {step} steps", text)

    def column(self, name):
        rows, _ = self.rows("free")
        return numpy.array([float(row[name]) for row in rows])

    def test_target_nll(self):
        nll = self.column("nll")
        step = 1 + int(numpy.argmax(nll <= nll[20]))
        self.assertEqual(step, 21)  # it falls
        self.assert_stops("target_nll", step, stop__target_nll=repr(nll[20]))

    def test_relative_change(self):
        objective = self.column("objective")
        changes = numpy.abs(objective[1:] / objective[:-1] - 1)
        limit = (changes[14] + changes[15]) / 2
        step = 2 + int(numpy.argmax(changes <= limit))
        self.assertGreater(step, 3)
        self.assert_stops("relative_change", step, stop__relative_change=limit)

    def test_relative_gradient_norm(self):
        norms = self.column("gradient_norm")
        limit = (norms[11] + norms[12]) / 2 / norms[0]
        self.assert_stops("relative_gradient_norm", 1 + int(numpy.argmax(norms <= limit * norms[0])),
                          stop__relative_gradient_norm=limit)

    def gradients(self):
        """Of the first steps, by what they make of Θ."""
        found = []
        for steps in range(1, 12):
            self.train(self.settings("one", stop__max_steps=steps, checkpoint__every_steps=1, checkpoint__keep=100), 1,
                       ["--resume"] if steps > 1 else [])
        thetas = [numpy.concatenate([numpy.ravel(values) for _, values in sorted(dict(checkpoints.tensors(
            checkpoints.checkpoint(self.folder / "one", step))).items())]) for step in range(1, 12)]
        for before, after in zip(thetas, thetas[1:]):
            found.append((before - after) / 0.2)
        return numpy.array(found)  # of steps 2 to 11

    def test_norms_with_other_exponents(self):
        gradients = self.gradients()
        largest = numpy.abs(gradients).max(axis=1)  # whose power no double holds
        for p, norm in (("1", numpy.abs(gradients).sum(axis=1)), ("inf", largest),
                        ("3.5", (numpy.abs(gradients) ** 3.5).sum(axis=1) ** (1 / 3.5)),
                        ("400", largest * ((numpy.abs(gradients) / largest[:, None]) ** 400).sum(axis=1) ** (1 / 400))):
            limit = (norm[5] + norm[6]) / 2
            step = 2 + int(numpy.argmax(norm <= limit))
            self.assertGreater(step, 4)
            for ranks in (1, 3):
                rows, _ = self.rows(f"norm{p}{ranks}", ranks, stop__norm_p=p, stop__gradient_norm=limit)
                self.assertEqual((len(rows), rows[-1]["stop"]), (step, "gradient_norm"), p)

    def test_patience(self):
        settings = {"optimizer__learning_rate": 4, "stop__max_steps": 200, "data__standardize": "false"}
        rows, _ = self.rows("free", **settings)
        best, waited, step = float("inf"), 0, None
        for row in rows:
            nll = float(row["validation_nll"])
            waited = 0 if nll < best else waited + 1
            best = min(best, nll)
            if waited == 3:
                step = int(row["step"])
                break
        self.assertIsNotNone(step)
        self.assert_stops("patience", step, stop__patience=3, **settings)
        self.assertTrue((self.folder / "patience2" / "best.h5").exists())

    def test_epochs_of_batches(self):
        settings = {"optimizer__batch_size": 10, "stop__max_steps": 70}
        rows, _ = self.rows("free", **settings)
        nll = [float(row["nll"]) for row in rows]
        self.assertEqual(len(rows), 10)  # one an epoch, of seven steps
        target = nll[4]
        epoch = 1 + next(i for i, value in enumerate(nll) if value <= target)
        for ranks in (1, 3):
            rows, _ = self.rows(f"target{ranks}", ranks, **settings, stop__target_nll=repr(target))
            self.assertEqual((rows[-1]["step"], rows[-1]["stop"]), (str(7 * epoch), "target_nll"))

    def test_mistakes(self):
        for settings, words in (({"stop__patience": 3, "data__validation": ""}, ["stop.patience", "data.validation"]),
                                ({"stop__norm_p": 0.5}, ["stop.norm_p"]), ({"stop__target_nll": "low"}, ["target_nll"])):
            error = self.refuse(["train", *program.options(self.settings("run", **settings))], 2)
            for word in words:
                self.assertIn(word, error)


if __name__ == "__main__":
    unittest.main()
