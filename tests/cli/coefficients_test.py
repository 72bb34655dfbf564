#!/usr/bin/env python3
"""coefficients: estimates, standard errors and intervals, against Newton's method in numpy and against statsmodels."""

import csv
import json
import pathlib
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program
import regression
import toy

REFERENCE = program.SOURCE / "tests" / "data" / "coefficients.json"
NUMBERS = ("estimate", "standard_error", "statistic", "p_value", "lower", "upper")


class CoefficientsTest(program.ProgramTest):
    def fit(self, likelihood, features, targets, ranks=2, **more):
        if features is not None:
            toy.write(self.folder / "train.h5", features, targets)
        self.train({"data.train": "train.h5", "data.shards": 5, "data.standardize": "true", "model.layers": "",
                    "model.likelihood": likelihood, "run.precision": "double", "optimizer.batch_size": "full",
                    "optimizer.method": "momentum", "optimizer.momentum": 0.9, "optimizer.learning_rate": 0.1,
                    "stop.gradient_norm": 1e-11, "stop.max_steps": 20000, "checkpoint.every_seconds": 0,
                    "checkpoint.directory": "run", **{key.replace("__", "."): value for key, value in more.items()}},
                   ranks)
        self.checkpoint = sorted(self.folder.glob("run/checkpoint-*.h5"))[-1]

    def coefficients(self, ranks=1, more=()):
        outcome = self.succeed(["coefficients", "--checkpoint", self.checkpoint, "--output", "out.csv", *more], ranks)
        with open(self.folder / "out.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file)), outcome

    def numbers(self, rows):
        return numpy.array([[float(row[name]) for name in NUMBERS] for row in rows])

    def assert_like_statsmodels(self, likelihood, targets, **more):
        """The reference has estimates, standard errors, statistics, p values and limits, as statsmodels gives them."""
        features = regression.features()
        self.fit(likelihood, features, targets(features), **more)
        outputs = {}
        for ranks in (1, 2, 3, 4):
            rows, outcome = self.coefficients(ranks)
            outputs[ranks] = (self.folder / "out.csv").read_bytes(), outcome.stdout
            self.assertEqual(outcome.stderr, "")
        self.assertEqual(set(outputs.values()), {outputs[1]})
        expected = json.loads(REFERENCE.read_text())[likelihood]
        self.assertEqual([row["feature"] for row in rows], ["intercept", "x0", "x1", "x2", "x3"] * (len(rows) // 5))
        found = self.numbers(rows)
        for column, name in enumerate(NUMBERS):
            # The gradient is below 1e-11, the condition of the information some thousands.
            numpy.testing.assert_allclose(found[:, column], expected[name], rtol=1e-6, err_msg=name)
        return outcome.stdout

    def test_gaussian(self):
        text = self.assert_like_statsmodels("gaussian", regression.real)
        expected = json.loads(REFERENCE.read_text())["gaussian"]
        self.assertIn(f"{expected['variance']:.6f}"[:8], text)
        self.assertIn("235 degrees of freedom", text)

    def test_the_scale_of_targets_is_undone(self):
        self.assert_like_statsmodels("gaussian", regression.real, data__standardize_targets="true")

    def test_categorical(self):
        text = self.assert_like_statsmodels("categorical", regression.classes, optimizer__learning_rate=0.5)
        self.assertIn("class 2 against class 0", text)

    def test_bernoulli(self):
        self.assert_like_statsmodels("bernoulli", regression.answers, optimizer__learning_rate=0.5)

    def test_poisson(self):
        self.assert_like_statsmodels("poisson", regression.counts, optimizer__learning_rate=0.02)

    def test_negative_binomial(self):
        self.assert_like_statsmodels("negative_binomial", regression.dispersed_counts, optimizer__learning_rate=0.1)

    def test_two_classes_are_a_bernoulli_model(self):
        features = regression.features()
        results = []
        for likelihood in ("bernoulli", "categorical"):
            self.fit(likelihood, features, regression.answers(features), optimizer__learning_rate=0.5)
            results.append(self.numbers(self.coefficients()[0]))
        numpy.testing.assert_allclose(results[0], results[1], rtol=1e-6)

    def test_weights_count_as_repetitions(self):
        features = regression.features()
        counts = numpy.arange(240) % 4
        for likelihood, targets in (("poisson", regression.counts(features)), ("gaussian", regression.real(features))):
            self.fit(likelihood, numpy.repeat(features, counts, axis=0), numpy.repeat(targets, counts),
                     optimizer__learning_rate=0.02)
            repeated = self.numbers(self.coefficients()[0])
            toy.write(self.folder / "train.h5", features, targets)
            with h5py.File(self.folder / "train.h5", "r+") as file:
                file["counts"] = counts
            self.fit(likelihood, None, None, optimizer__learning_rate=0.02, data__weights="counts")
            numpy.testing.assert_allclose(self.numbers(self.coefficients()[0]), repeated, rtol=1e-6)

    def test_names_of_a_table(self):
        features = regression.features()
        classes = regression.classes(features)
        self.fit("categorical", features, classes, stop__max_steps=20)
        expected = self.numbers(self.coefficients()[0])
        with open(self.folder / "train.csv", "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow([*regression.NAMES, "grade"])
            table.writerows([*row, ("low", "middle", "top, or so")[k]] for row, k in zip(features, classes))
        self.fit("categorical", None, None, stop__max_steps=20, data__train="train.csv")
        for ranks in (1, 3):
            rows, _ = self.coefficients(ranks)
            self.assertEqual([row["feature"] for row in rows], ["intercept", *regression.NAMES] * 2)
            self.assertEqual([row["output"] for row in rows],
                             ["class middle against class low"] * 5 + ["class top, or so against class low"] * 5)
            numpy.testing.assert_array_equal(self.numbers(rows), expected)
        toy.write(self.folder / "plain.h5", features, classes)
        rows, _ = self.coefficients(2, ["--data.train=plain.h5"])
        self.assertEqual([row["feature"] for row in rows], ["intercept", *regression.NAMES] * 2)

    def test_likelihoods_without_curvature_are_refused(self):
        features = regression.features()
        self.fit("laplace", features, regression.real(features), stop__max_steps=3)
        error = self.refuse(["coefficients", "--checkpoint", self.checkpoint], 2)
        self.assertIn("model.likelihood = laplace", error)
        self.assertIn("second derivative", error)

    def test_without_standardisation_and_without_intercept(self):
        features = regression.features()
        features = (features - [40, 30000, 0, 2013]) / [15, 9000, 1, 2]
        targets = regression.real(regression.features()) - 3
        results = []
        for more in ({}, {"data__standardize": "false"}):
            self.fit("gaussian", features, targets, **more)
            results.append(self.numbers(self.coefficients()[0]))
        # The same model, reached by two ways.
        numpy.testing.assert_allclose(results[0], results[1], rtol=1e-6)
        self.fit("gaussian", features, targets, data__standardize="false", model__intercept="false")
        rows, _ = self.coefficients()
        self.assertEqual([row["feature"] for row in rows], ["x0", "x1", "x2", "x3"])
        covariance = numpy.linalg.inv(features.T @ features)
        estimates = covariance @ features.T @ targets
        variance = ((targets - features @ estimates) ** 2).sum() / (len(features) - 4)
        found = self.numbers(rows)
        numpy.testing.assert_allclose(found[:, 0], estimates, rtol=1e-8)
        numpy.testing.assert_allclose(found[:, 1], numpy.sqrt(variance * numpy.diag(covariance)), rtol=1e-8)

    def test_several_targets_have_variances_of_their_own(self):
        features = regression.features()
        one = regression.real(features)
        self.fit("gaussian", features, one)
        alone = self.numbers(self.coefficients()[0])
        self.fit("gaussian", features, numpy.column_stack([10 * regression.noise(240, 50), one]))
        rows, outcome = self.coefficients()
        self.assertEqual([row["output"] for row in rows], ["mean_0"] * 5 + ["mean_1"] * 5)
        numpy.testing.assert_allclose(self.numbers(rows[5:]), alone, rtol=1e-8)
        self.assertEqual(outcome.stdout.count("variance of"), 2)

    def test_features_that_depend_on_others_are_named_and_left_out(self):
        features = regression.features()
        targets = regression.real(features)
        self.fit("gaussian", features, targets)
        alone = self.numbers(self.coefficients()[0])
        member = features[:, 2]
        for extra, name in ((numpy.full(240, 7.0), "x4"), (1 - member, "x4"), (features[:, 0] - 2 * member, "x4")):
            self.fit("gaussian", numpy.column_stack([features, extra]), targets)
            rows, outcome = self.coefficients(2)
            self.assertEqual(rows[-1], {**rows[-1], "feature": name, "estimate": "", "standard_error": ""})
            self.assertRegex(outcome.stdout, rf"{name} +not determined")
            self.assertIn("constant, or a linear combination of features before it, whose coefficients have its effect: x4\n", outcome.stderr)
            numpy.testing.assert_allclose(self.numbers(rows[:-1]), alone, rtol=1e-6)

    def test_level(self):
        features = regression.features()
        self.fit("gaussian", features, regression.real(features))
        wide = self.numbers(self.coefficients(1, ["--level=0.99"])[0])
        usual = self.numbers(self.coefficients()[0])
        numpy.testing.assert_array_equal(wide[:, :4], usual[:, :4])
        # Student's t with 235 degrees of freedom: 1.9701101 and 2.5969117 (scipy).
        numpy.testing.assert_allclose((wide[:, 5] - wide[:, 4]) / (usual[:, 5] - usual[:, 4]), 2.5969117 / 1.9701101,
                                      rtol=1e-6)

    def test_a_fit_that_is_not_at_the_optimum_is_told(self):
        features = regression.features()
        self.fit("categorical", features, regression.classes(features), stop__max_steps=5)
        for ranks in (1, 3):
            _, outcome = self.coefficients(ranks)
            self.assertRegex(outcome.stderr, r"warning: these are not the maximum likelihood estimates: the optimum is "
                                             r"up to \S+ standard errors away")

    def test_mistakes(self):
        features = regression.features()
        targets = regression.real(features)
        self.fit("gaussian", features, targets, stop__max_steps=3)
        toy.write(self.folder / "wide.h5", numpy.column_stack([features, targets]), targets)
        toy.write(self.folder / "short.h5", features[:5], targets[:5])
        name = self.checkpoint
        cases = [((1, 3), [], ["--level=1.5"], ["--level 1.5", "between 0 and 1"]),
                 ((2,), [], ["--level=x"], ["--level x"]),
                 ((1, 3), [], ["--data.train=wide.h5"], ["wide.h5", "5 features", "4 features"]),
                 ((2,), [], ["--data.train=short.h5"], ["no more samples than coefficients"]),
                 ((2,), [], ["--data.train=nowhere.h5"], ["nowhere.h5", "no such file"]),
                 ((1, 2), [], [f"--output={name}"], ["would replace the file that is read"]),
                 ((2,), [], ["--output=train.h5"], ["would replace the file that is read"]),
                 ((2,), [], ["--output=nowhere/out.csv"], ["there is no folder nowhere"])]
        for ranks, _, arguments, words in cases:
            for count in ranks:
                with self.subTest(arguments=arguments, ranks=count):
                    message = self.refuse(["coefficients", "--checkpoint", name, *arguments], count)
                    for word in words:
                        self.assertIn(word, message)
        self.assertEqual([path for path in self.files() if path.endswith(".csv") and "metrics" not in path], [])
        for more, word in (({"model__layers": "3"}, "hidden layers"), ({"model__l2": 0.1}, "penalty")):
            self.fit("gaussian", features, targets, stop__max_steps=3, **more)
            for count in (1, 2):
                self.assertIn(word, self.refuse(["coefficients", "--checkpoint", self.checkpoint], count))


if __name__ == "__main__":
    unittest.main()
