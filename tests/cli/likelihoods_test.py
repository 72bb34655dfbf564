#!/usr/bin/env python3
"""Likelihoods end to end: weights, faults told, metrics, and the same bits on any number of ranks."""

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

    def test_what_resumes_within_an_epoch_ends_as_what_never_stopped(self):
        toy.categorical(self.folder / "train.h5", 57)
        self.add("train.h5", weights=numpy.random.default_rng(2).exponential(size=57))
        settings = self.settings(data__weights="weights", optimizer__batch_size=8)
        whole = self.train({**settings, "stop.max_steps": 11, "checkpoint.directory": "whole"}, 2).stdout
        self.train({**settings, "stop.max_steps": 5}, 3)
        parts = self.train({**settings, "stop.max_steps": 11}, 1, ["--resume"]).stdout
        self.assertEqual(self.digest_in(parts), self.digest_in(whole))
        self.assertEqual(*(checkpoints.untimed(checkpoints.metrics(self.folder / name)) for name in ("run", "whole")))

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
                (numpy.zeros(40), "no sample counts: all weights are zero"),
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


class ClassWeightsTest(LikelihoodTest):
    FACTORS = (0.5, 2, 3)

    def settings(self, **more):
        return super().settings(model__class_weights=",".join(map(str, self.FACTORS)), data__validation="train.h5",
                                **more)

    def test_they_are_weights_of_the_samples_of_a_class(self):
        toy.categorical(self.folder / "train.h5", 57)
        with h5py.File(self.folder / "train.h5") as file:
            classes = file["targets"][()]
        own = numpy.random.default_rng(3).integers(1, 4, size=57)
        self.add("train.h5", own=own, both=own * numpy.array(self.FACTORS)[classes])
        by_class = self.train(self.settings(data__weights="own", checkpoint__directory="by_class"), 2).stdout
        by_hand = self.train({**self.settings(data__weights="both", checkpoint__directory="by_hand"),
                              "model.class_weights": ""}, 2).stdout
        self.assertEqual(self.digest_in(by_class), self.digest_in(by_hand))
        self.assertEqual(*(checkpoints.untimed(checkpoints.metrics(self.folder / name))
                           for name in ("by_class", "by_hand")))
        # What is judged may be unweighted.
        plain = self.succeed(["evaluate", "--checkpoint", "by_class/checkpoint-00000003.h5", "--data.test=train.h5",
                              "--model.class_weights=", "--data.weights="]).stdout
        probabilities = numpy.exp(checkpoints.log_probabilities(checkpoints.forward(
            checkpoints.layers(self.folder / "by_class/checkpoint-00000003.h5"),
            checkpoints.read_data(self.folder / "train.h5")[0])[-1]))
        accuracy = float(re.search(r"^accuracy +(\S+)$", plain, re.MULTILINE).group(1))
        self.assertAlmostEqual(accuracy, (probabilities.argmax(axis=1) == classes).mean(), places=9)

    def test_they_keep_the_bits_on_any_number_of_ranks(self):
        toy.categorical(self.folder / "train.h5", 57)
        self.assert_same_bits(self.settings(optimizer__batch_size=8, stop__max_steps=11), "run")
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file["targets"][...] = file["targets"][()] % 2
        self.assert_same_bits({**self.settings(optimizer__batch_size=8, stop__max_steps=11,
                                               model__likelihood="bernoulli"), "model.class_weights": "1,5"}, "yes")

    def test_wrong_ones_are_told(self):
        toy.categorical(self.folder / "train.h5", 40)
        message = self.refuse(["train", *program.options({**self.settings(), "model.class_weights": "1,2"})], 2)
        self.assertIn("model.class_weights has 2 numbers, one for each of the 3 classes is needed", message)
        self.train(self.settings())
        message = self.refuse(["evaluate", "--checkpoint", "run/checkpoint-00000003.h5", "--data.test=train.h5",
                               "--model.class_weights=1,2,3,4"], 2)
        self.assertIn("model.class_weights has 4 numbers, one for each of the 3 classes is needed", message)
        toy.gaussian(self.folder / "train.h5", 40)
        message = self.refuse(["train", *program.options(self.settings(model__likelihood="gaussian",
                                                                       checkpoint__directory="other"))], 2)
        self.assertIn("model.class_weights is for classes", message)


def counts(path, rows, seed=0):
    """Counts with exposures and weights, and five features."""
    random = numpy.random.default_rng(seed)
    features = random.normal(size=(rows, 5)).astype("float32")
    exposure = random.uniform(0.5, 4, size=rows).astype("float32")
    slopes = numpy.array([0.5, -0.25, 0, 0.125, 0.25])
    targets = random.poisson(exposure * numpy.exp(3 + features @ slopes))
    toy.write(path, features, targets)
    with h5py.File(path, "r+") as file:
        file["exposure"] = exposure
        file["weights"] = random.integers(0, 3, size=rows)


class CountsTest(LikelihoodTest):
    def settings(self, **more):
        return super().settings(model__layers="", model__likelihood="poisson", data__exposure="exposure",
                                data__weights="weights", data__validation="validation.h5",
                                optimizer__learning_rate=0.005, **more)

    def setUp(self):
        super().setUp()
        counts(self.folder / "train.h5", 90)
        counts(self.folder / "validation.h5", 50, seed=1)

    def test_the_first_step_starts_at_the_mean_rate(self):
        self.train(self.settings(stop__max_steps=1), 3)
        with h5py.File(self.folder / "train.h5") as file:
            targets, exposure, weights = (file[name][()].astype(float) for name in ("targets", "exposure", "weights"))
        means = exposure * (weights * targets).sum() / (weights * exposure).sum()
        log_factorials = numpy.array([math.lgamma(count + 1) for count in targets])
        nll = (weights * (means - targets * numpy.log(means) + log_factorials)).sum() / weights.sum()
        numpy.testing.assert_allclose(float(checkpoints.metrics(self.folder / "run")[0]["nll"]), nll, rtol=DOUBLE)

    def test_metrics_are_those_of_numpy(self):
        self.train(self.settings(stop__max_steps=50), 2)
        row = checkpoints.metrics(self.folder / "run")[-1]
        path = checkpoints.checkpoint(self.folder / "run", 50)
        with h5py.File(self.folder / "validation.h5") as file:
            features, targets, exposure, weights = (file[name][()].astype(float)
                                                    for name in ("features", "targets", "exposure", "weights"))
        log_rates = checkpoints.forward(checkpoints.layers(path), features)[-1][:, 0]
        means = exposure * numpy.exp(log_rates)

        def mean(values):
            return (weights * values).sum() / weights.sum()

        def deviance(at):
            ratios = numpy.where(targets > 0, targets * numpy.log(numpy.maximum(targets, 1) / at), 0)
            return mean(2 * (ratios - (targets - at)))

        log_factorials = numpy.array([math.lgamma(count + 1) for count in targets])
        null = exposure * (weights * targets).sum() / (weights * exposure).sum()
        expected = {"nll": mean(means - targets * numpy.log(means) + log_factorials),
                    "deviance": deviance(means), "d2": 1 - deviance(means) / deviance(null),
                    "rmse": numpy.sqrt(mean((targets - means) ** 2))}
        for name, value in expected.items():
            numpy.testing.assert_allclose(float(row[f"validation_{name}"]), value, rtol=DOUBLE)
        self.succeed(["predict", "--checkpoint", str(path), "--input", "validation.h5", "--output", "means.h5"], 3)
        with h5py.File(self.folder / "means.h5") as file:
            numpy.testing.assert_allclose(file["predictions"][:, 0], means, rtol=DOUBLE)
        # It has learnt something, and `evaluate` says the same.
        self.assertGreater(expected["d2"], 0.5)
        text = self.succeed(["evaluate", "--checkpoint", str(path), "--data.test=validation.h5"], 3).stdout
        for name, value in expected.items():
            found = re.search(rf"^{name} +(\S+)$", text, re.MULTILINE | re.IGNORECASE)
            numpy.testing.assert_allclose(float(found.group(1)), value, rtol=1e-9)  # ten digits are printed

    def test_exposures_keep_the_bits_on_any_number_of_ranks(self):
        for likelihood in ("poisson", "negative_binomial"):
            settings = {**self.settings(run__precision="float", optimizer__batch_size=8, stop__max_steps=13),
                        "model.likelihood": likelihood}
            with self.subTest(likelihood=likelihood):
                self.assert_same_bits(settings, likelihood)
                exposed = self.parameters(f"{likelihood}_1", 13)
                self.train({**settings, "data.exposure": "", "checkpoint.directory": f"{likelihood}_alike"})
                alike = self.parameters(f"{likelihood}_alike", 13)
                self.assertFalse(any(numpy.array_equal(exposed[name], alike[name]) for name in exposed))

    def test_exposures_are_checked(self):
        self.add("train.h5", exposure=numpy.where(numpy.arange(90) == 17, 0.0, 1))
        message = self.refuse(["train", *program.options(self.settings())], 3)
        self.assertIn("/exposure at row 17 (counted from 0): 0 is no exposure: exposures are positive", message)
        message = self.refuse(["train", *program.options({**self.settings(data__train="validation.h5"),
                                                         "model.likelihood": "laplace"})], 2)
        self.assertIn("data.exposure = exposure means nothing to model.likelihood = laplace", message)


class SameBitsTest(LikelihoodTest):
    def test_every_likelihood_has_the_same_bits_on_any_number_of_ranks(self):
        for likelihood in ("bernoulli", "gaussian", "gaussian_heteroscedastic", "poisson", "negative_binomial", "laplace",
                           "student_t"):
            random = numpy.random.default_rng(4)
            features = random.normal(size=(57, 5)).astype("float32")
            signal = features[:, :2] + random.normal(size=(57, 2))
            targets = {"bernoulli": signal > 0, "poisson": signal.round() ** 2,
                       "negative_binomial": signal.round() ** 2}.get(likelihood, signal)
            toy.write(self.folder / "train.h5", features, targets.astype("float32"))
            self.add("train.h5", weights=random.exponential(size=57))
            with self.subTest(likelihood=likelihood):
                self.assert_same_bits(
                    self.settings(model__likelihood=likelihood, data__weights="weights", data__validation="train.h5",
                                  run__precision="float", optimizer__batch_size=8, stop__max_steps=11,
                                  optimizer__learning_rate=0.01), likelihood)


class SecondDerivativesTest(LikelihoodTest):
    def test_newton_is_refused_where_there_are_none(self):
        toy.gaussian(self.folder / "train.h5", 40)
        settings = self.settings(model__likelihood="laplace", optimizer__method="newton_cg")
        message = self.refuse(["train", *program.options(settings)], 2)
        self.assertIn("optimizer.method = newton_cg: needs second derivatives, and the likelihood has no second "
                      "derivatives; take lbfgs", message)

    def test_they_keep_the_bits_on_any_number_of_ranks(self):
        toy.gaussian(self.folder / "train.h5", 57)
        self.add("train.h5", weights=numpy.arange(57) % 4)
        self.assert_same_bits(self.settings(model__likelihood="gaussian_heteroscedastic", data__weights="weights",
                                            data__shards=7, model__layer_norm="true", optimizer__method="newton_cg"),
                              "newton")


class ReadmeTest(program.ProgramTest):
    def test_its_table_has_the_likelihoods_of_the_program(self):
        text = " ".join(self.succeed(["train", "--help"]).stdout.split())
        choices = re.search(r"distribution of the targets given the outputs of the network: .*?"
                            r"\(([\w, ]+); default: categorical\)", text).group(1).split(", ")
        rows = re.findall(r"^\| `(\w+)` \|", (program.SOURCE / "README.md").read_text().split("## The likelihood")[1]
                          .split("\n## ")[0], re.MULTILINE)
        self.assertEqual(rows, choices)


class FaultsTest(LikelihoodTest):
    def fault(self, targets, likelihood, ranks=2):
        toy.write(self.folder / "train.h5", numpy.zeros((len(targets), 2), "float32"), targets)
        message = self.refuse(["train", *program.options(self.settings(model__likelihood=likelihood))], ranks)
        self.assertFalse((self.folder / "run").exists())
        return message

    def test_targets_that_do_not_suit_are_told_with_the_likelihood_that_they_suit(self):
        rows = numpy.arange(40)
        self.assertRegex(self.fault(numpy.where(rows == 33, -1, rows), "poisson"),
                         r"/targets at row 33 \(counted from 0\): -1 is no count 0, 1, 2, \.\.\.; "
                         r"is model.likelihood = gaussian meant\?")
        self.assertRegex(self.fault(10 * rows, "bernoulli", 3),
                         r"/targets at row 1 \(counted from 0\): 10 is neither 0 nor 1; "
                         r"is model.likelihood = negative_binomial meant\?")
        self.assertRegex(self.fault(rows / 4, "negative_binomial", 4),
                         r"/targets at row 1 \(counted from 0\): 0.25 is no count 0, 1, 2, \.\.\.; "
                         r"is model.likelihood = gaussian meant\?")
        self.assertRegex(self.fault(2 * (rows % 2) - 1, "bernoulli", 1), "labels -1 and 1 become 0 and 1")

    def test_targets_for_which_another_likelihood_is_made_are_told(self):
        rows = numpy.arange(40)
        for targets, likelihood, words in (
                (rows % 2, "gaussian", "targets     whole numbers from 0 to 1, mean 0.5, variance 0.25; model.likelihood = "
                                       "bernoulli is made for such"),
                (rows ** 2, "poisson", "model.likelihood = negative_binomial is made for such"),
                (rows / 4, "gaussian", "targets     numbers from 0 to 9.75, mean 4.875, variance 8.328\n"),
                (rows % 3, "categorical", "targets     whole numbers from 0 to 2, mean 0.975, variance 0.6744\n")):
            toy.write(self.folder / "train.h5", numpy.zeros((40, 2), "float32"), targets)
            outcome = self.train(self.settings(model__likelihood=likelihood), 2, ["--dry-run"])
            self.assertIn(words, outcome.stdout)


if __name__ == "__main__":
    unittest.main()
