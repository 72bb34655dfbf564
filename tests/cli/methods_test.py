#!/usr/bin/env python3
"""Update rules and schedules: the same bits on any number of ranks and across resumes, rates as their formulas say, and
an L1 penalty with the optimum that its conditions define."""

import csv
import math
import pathlib
import shutil
import sys
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

STEPS = 14  # five steps an epoch
METHODS = ("gradient_descent", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lamb")
SCHEDULES = ("constant", "step", "exponential", "inverse_time", "cosine", "linear", "one_cycle", "plateau")


class MethodsTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 47)
        toy.categorical(self.folder / "test.h5", 13, seed=5)

    def settings(self, directory, **more):
        return {"data.train": "train.h5", "data.validation": "test.h5", "data.shards": 5, "data.standardize": "true",
                "model.layers": "8,5", "model.l2": 0.01, "optimizer.learning_rate": 0.02, "optimizer.batch_size": 10,
                "optimizer.schedule_steps": 12, "optimizer.decay_steps": 3, "optimizer.plateau_epochs": 1,
                "output.every_steps": 1, "checkpoint.directory": directory, "stop.max_steps": STEPS,
                **{key.replace("__", "."): value for key, value in more.items()}}

    def end(self, directory, ranks=1, more=(), **settings):
        """Bytes of the last checkpoint and of the metrics, but for times."""
        self.train(self.settings(directory, **settings), ranks, more)
        result = (checkpoints.checkpoint(self.folder / directory, STEPS).read_bytes(),
                  checkpoints.untimed(checkpoints.metrics(self.folder / directory)))
        return result

    def assert_same_anywhere(self, resumes_in_shares=False, **settings):
        whole = self.end("whole", 1, **settings)
        for ranks, sharded in ((2, "true"), (3, "false"), (4, "true")):
            self.assertEqual(self.end(f"ranks{ranks}", ranks, optimizer__sharded=sharded, **settings), whole,
                             (settings, ranks))
        self.assertEqual(self.end("threads", 2, **settings, run__threads=2, optimizer__sharded="true"), whole, settings)
        before, after = ("false", "true") if resumes_in_shares else ("true", "false")
        self.train(self.settings("parts", **{**settings, "optimizer__sharded": before, "stop__max_steps": 8}), 3)
        self.assertEqual(self.end("parts", 2, ["--resume"], **settings, optimizer__sharded=after), whole, settings)
        for folder in ("whole", "ranks2", "ranks3", "ranks4", "threads", "parts"):
            shutil.rmtree(self.folder / folder)
        return whole

    def test_methods_and_schedules_are_the_same_anywhere(self):
        ends = [self.assert_same_anywhere(method in ("nesterov", "adamw", "lamb"), optimizer__method=method,
                                          optimizer__schedule=schedule, optimizer__decay=0.5)
                for method, schedule in zip(METHODS, SCHEDULES)]
        self.assertEqual(len({end[0] for end in ends}), len(METHODS))

    def test_penalty_and_clipping_are_the_same_anywhere(self):
        self.assert_same_anywhere(optimizer__method="nesterov", model__l1=0.01, optimizer__clip_norm=0.5,
                                  optimizer__clip_value=0.1, stop__gradient_norm=1e-9, stop__norm_p=3)

    def test_shares_are_the_same_where_ranks_share_memory_and_where_they_do_not(self):
        # Of 400² weights, whose sum is large enough for that; a tensor is in several shares.
        for settings in ({"optimizer__method": "adam"}, {"optimizer__method": "lamb", "run__overlap": "true"}):
            more = {**settings, "model__layers": "400,400"}
            whole = self.end("whole", 1, **more)
            self.assertEqual(self.end("shares", 3, **more, optimizer__sharded="true"), whole, settings)
            for folder in ("whole", "shares"):
                shutil.rmtree(self.folder / folder)

    def test_more_ranks_than_blocks(self):
        more = {"model__layers": "", "data__shards": 6, "optimizer__method": "lamb"}  # two tensors, of a block each
        self.assertEqual(self.end("shares", 5, **more, optimizer__sharded="true"), self.end("whole", 1, **more))
        more |= {"optimizer__method": "momentum", "optimizer__learning_rate": "auto", "optimizer__batch_size": "full"}
        self.assertEqual(self.end("shares5", 5, **more, optimizer__sharded="true"), self.end("whole1", 1, **more))

    def rates(self, schedule, **more):
        self.train(self.settings("run", optimizer__schedule=schedule, optimizer__decay=0.5, **more), 2)
        rows = checkpoints.metrics(self.folder / "run")
        shutil.rmtree(self.folder / "run")
        return rows, [float(row["learning_rate"]) for row in rows]

    def test_rates_follow_their_formulas(self):
        formulas = {"constant": lambda k: 1, "step": lambda k: 0.5 ** ((k - 1) // 3),
                    "exponential": lambda k: 0.5 ** ((k - 1) / 3), "inverse_time": lambda k: 1 / (1 + (k - 1) / 3),
                    "cosine": lambda k: (1 + math.cos(math.pi * min(1, (k - 1) / 12))) / 2,
                    "linear": lambda k: 1 - min(1, (k - 1) / 12)}
        for schedule, formula in formulas.items():
            _, rates = self.rates(schedule)
            expected = [0.02 * formula(k) for k in range(1, STEPS + 1)]
            numpy.testing.assert_allclose(rates, expected, rtol=1e-15, atol=1e-18, err_msg=schedule)
        _, rates = self.rates("constant", optimizer__warmup_steps=4)
        numpy.testing.assert_allclose(rates[:5], [0.005, 0.01, 0.015, 0.02, 0.02], rtol=1e-15)

    def test_plateau_follows_the_validation(self):
        rows, rates = self.rates("plateau", optimizer__learning_rate=3, stop__max_steps=40)
        expected, factor, best = [], 1, math.inf
        for row in rows:
            expected.append(3 * factor)
            if row["validation_nll"]:
                nll = float(row["validation_nll"])
                factor *= 1 if nll < best else 0.5
                best = min(best, nll)
        self.assertLess(factor, 1)  # or the test would see nothing
        self.assertEqual(rates, expected)

    def test_the_end_is_that_of_the_run(self):
        more = {"optimizer__schedule_steps": "auto", "stop__max_steps": "none", "stop__max_epochs": 2}
        _, rates = self.rates("linear", **more)
        numpy.testing.assert_allclose(rates, [0.02 * (1 - k / 10) for k in range(10)], rtol=1e-15)
        # A longer run that resumes keeps to what the first launch settled.
        self.train(self.settings("long", optimizer__schedule="linear", **more))
        self.train(self.settings("long", optimizer__schedule="linear", **{**more, "stop__max_epochs": 3}), 2,
                   ["--resume"])
        rates = [float(row["learning_rate"]) for row in checkpoints.metrics(self.folder / "long")]
        numpy.testing.assert_allclose(rates, [0.02 * (1 - k / 10) for k in range(10)] + [0] * 5, rtol=1e-15)

    def test_clipping(self):
        toy.gaussian(self.folder / "train.h5", 47)
        common = {"data__validation": "", "model__likelihood": "gaussian", "model__layers": "", "model__l2": 0,
                  "optimizer__batch_size": "full", "run__precision": "double", "stop__max_steps": 1,
                  "optimizer__learning_rate": 1}

        def step(**more):
            """How the parameters move."""
            shutil.rmtree(self.folder / "run", ignore_errors=True)
            self.train(self.settings("run", **common, **more), 2)
            tensors = checkpoints.tensors(checkpoints.checkpoint(self.folder / "run", 1))
            return numpy.concatenate([numpy.ravel(values) for values in dict(tensors).values()])

        start = step(optimizer__clip_value=1e-300)
        plain = step() - start
        norm = numpy.linalg.norm(plain)
        self.assertGreater(norm, 0.5)
        numpy.testing.assert_allclose(step(optimizer__clip_norm=0.5) - start, plain * 0.5 / norm, rtol=1e-10,
                                      atol=1e-14)
        numpy.testing.assert_allclose(step(optimizer__clip_norm=10 * norm) - start, plain, rtol=1e-10, atol=1e-14)
        numpy.testing.assert_allclose(step(optimizer__clip_value=0.1) - start, numpy.clip(plain, -0.1, 0.1),
                                      rtol=1e-10, atol=1e-14)

    def test_l1_reaches_the_optimum_that_its_conditions_define(self):
        random = numpy.random.default_rng(3)
        features = random.normal(size=(200, 12))
        targets = (features[:, 0] - 2 * features[:, 1] + 0.5 * random.normal(size=200) > 0).astype("int64")
        toy.write(self.folder / "train.h5", features, targets)
        penalty = 0.05
        for method in ("gradient_descent", "momentum", "nesterov"):
            outcome = self.train(self.settings(
                method, data__validation="", data__standardize="false", model__layers="", model__l2=0,
                model__likelihood="bernoulli", model__l1=penalty, run__precision="double", optimizer__method=method,
                optimizer__learning_rate=0.5, optimizer__batch_size="full", stop__gradient_norm=1e-10,
                output__every_steps="epoch", stop__max_steps=20000), 3)
            self.assertIn("stopped by gradient_norm", outcome.stdout)
            tensors = dict(checkpoints.tensors(max((self.folder / method).glob("checkpoint-*.h5"))))
            weights = numpy.ravel(tensors["output/weights"])
            intercept = numpy.ravel(tensors["output/intercepts"])[0]
            residuals = 1 / (1 + numpy.exp(-features @ weights - intercept)) - targets
            slopes = features.T @ residuals / len(targets)
            zero = weights == 0
            self.assertGreater(zero.sum(), 5)
            self.assertGreater((~zero).sum(), 1)
            self.assertTrue((numpy.abs(slopes[zero]) <= penalty).all())
            # The norm of the smallest subgradient is below 1e-10.
            numpy.testing.assert_allclose(slopes[~zero], -penalty * numpy.sign(weights[~zero]), atol=1e-10)
            self.assertLess(abs(residuals.mean()), 1e-10)
            with open(self.folder / method / "metrics.csv", newline="", encoding="utf-8") as file:
                last = list(csv.DictReader(file))[-1]
            self.assertAlmostEqual(float(last["objective"]) - float(last["nll"]), penalty * numpy.abs(weights).sum(), 8)

    def test_mistakes(self):
        auto = {"optimizer__schedule_steps": "auto", "stop__max_steps": "none", "stop__max_seconds": 5}
        for settings, words in (
                ({"model__l1": 0.1, "optimizer__method": "adam"}, ["model.l1", "adam", "proximal"]),
                ({"optimizer__schedule": "cosine", **auto}, ["optimizer.schedule = cosine", "stop.max_steps"]),
                ({"optimizer__schedule": "linear", "optimizer__warmup_steps": 12}, ["warmup_steps = 12", "leaves nothing"]),
                ({"optimizer__schedule": "plateau", "data__validation": ""}, ["data.validation"]),
                ({"optimizer__schedule": "sine"}, ["optimizer.schedule"]),
                ({"optimizer__momentum": 1}, ["optimizer.momentum"]),
                ({"optimizer__beta2": 1}, ["optimizer.beta2"]),
                ({"optimizer__sharded": "true", "optimizer__method": "lbfgs"}, ["optimizer.sharded", "lbfgs", "whole"])):
            for ranks in (1, 3):
                with self.subTest(ranks=ranks, **settings):
                    error = self.refuse(["train", *program.options(self.settings("run", **settings))], ranks)
                    for word in words:
                        self.assertIn(word, error)


if __name__ == "__main__":
    unittest.main()
