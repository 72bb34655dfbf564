#!/usr/bin/env python3
"""inspect of data files: what numpy finds, values at fault included, and which likelihood suits the targets."""

import pathlib
import re
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program
import regression
import toy

ROWS = 240


class InspectDataTest(program.ProgramTest):
    def inspect(self, features, targets, ranks=1, more=()):
        toy.write(self.folder / "data.h5", features, targets)
        outcome = self.succeed(["inspect", "data.h5", *more], ranks)
        self.assertEqual(outcome.stderr, "")
        return outcome.stdout

    def cells(self, text, name):
        """The numbers behind the name of a row in a table."""
        return re.search(rf"^  {name} +(.+)$", text, re.MULTILINE).group(1).split()

    def test_ranges_are_those_that_numpy_finds(self):
        features = regression.features()
        texts = {self.inspect(features, regression.real(features), ranks) for ranks in (1, 2, 3)}
        self.assertEqual(len(texts), 1)
        text = texts.pop()
        for column in range(4):
            cells = self.cells(text, f"x{column}")
            values = features[:, column]
            # Five digits are shown, of deviations four.
            numpy.testing.assert_allclose([float(cell) for cell in cells[:3]],
                                          [values.min(), values.mean(), values.max()], rtol=1e-4)
            numpy.testing.assert_allclose(float(cells[3]), values.std(), rtol=1e-3)
            self.assertEqual(cells[4], "real" if column == 0 else "whole")
        self.assertRegex(text, r"rows +240\n")
        self.assertRegex(text, r"features +4, dense; \S+ % of the numbers are not 0\n")
        self.assertRegex(text, r"constant +none\n")
        self.assertIn("bad values  none", text)
        self.assertIn("data.standardize = true", text)
        self.assertIn("model.likelihood = gaussian would suit", text)

    def test_values_at_fault_are_told_with_their_first_place(self):
        features = regression.features()
        features[77, 2] = numpy.nan
        features[200, 2] = -numpy.inf
        features[90, 0] = numpy.nan
        targets = regression.real(regression.features())
        targets[33] = numpy.nan
        for ranks in (1, 4):
            text = self.inspect(features, targets, ranks)
            self.assertRegex(text, r"bad values  2 NaN or missing, 1 infinite; the first is x2 of /features at row 77")
            self.assertIn("in 2: x0, x2", text)
            self.assertRegex(text, r"bad values  1 NaN or missing, 0 infinite; the first is target of /targets at row 33")
            self.assertEqual(self.cells(text, "x2")[-2:], ["2", "bad"])
            numpy.testing.assert_allclose(float(self.cells(text, "x0")[1]), numpy.nanmean(features[:, 0]), rtol=1e-4)

    def test_nothing_but_nan(self):
        text = self.inspect(numpy.full((5, 2), numpy.nan), numpy.full(5, numpy.nan))
        self.assertIn("no number", text)
        self.assertIn("there is no target to learn from", text)

    def test_constant_features_are_named(self):
        features = numpy.column_stack([numpy.full(ROWS, 3.5), regression.features(), numpy.zeros(ROWS)])
        text = self.inspect(features, regression.real(regression.features()))
        self.assertRegex(text, r"constant +2: x0, x5\n")

    def test_targets(self):
        x = regression.features()
        some = numpy.arange(ROWS)
        for targets, likelihood, words in (
                (regression.answers(x), "bernoulli", ["0 and 1"]),
                (numpy.column_stack([some % 2, some % 3 == 0]), "bernoulli", ["several columns"]),
                (2 * regression.answers(x) - 1, "bernoulli", ["-1 and 1"]),
                (regression.classes(x), "categorical", ["from 0 to 2", "classes", f"2  {(regression.classes(x) == 2).sum()} "]),
                (some % 10, "categorical", ["from 0 to 9", "  7  24 (10 %)"]),
                (regression.counts(x), "poisson", ["counts"]),
                (regression.counts(x) ** 2, "negative_binomial", ["counts", "times their mean"]),
                (5000 + some, "poisson", ["counts"]),
                (10000 + some, "gaussian", ["measurements"]),
                (some - 3, "gaussian", ["measurements"]),
                (regression.real(x), "gaussian", ["measurements"]),
                (numpy.column_stack([regression.real(x), some]), "gaussian", ["target 1"])):
            with self.subTest(likelihood=likelihood, words=words):
                text = self.inspect(x, targets)
                self.assertIn(f"model.likelihood = {likelihood} would suit", text)
                for word in words:
                    self.assertIn(word, text)

    def test_many_features_are_told_in_sum(self):
        features = (numpy.arange(600 * 70).reshape(600, 70) % 11).astype("uint8")
        features[:, 5] = 0
        text = self.inspect(features, numpy.arange(600) % 2)
        self.assertRegex(text, r"ranges +from 0 to 10, means from 0 to ")
        self.assertNotRegex(text, r"(?m)^  x6 ")
        self.assertRegex(text, r"constant +1: x5\n")

    def test_sparse_features(self):
        dense = numpy.zeros((50, 6))
        dense[::3, 1] = 2.5
        dense[7, 4] = -1
        dense[9, 4] = numpy.nan
        starts = numpy.concatenate([[0], numpy.cumsum((dense != 0).sum(axis=1))])
        with h5py.File(self.folder / "sparse.h5", "w") as file:
            group = file.create_group("features")
            group.attrs["shape"] = dense.shape
            group["indptr"] = starts
            group["indices"] = numpy.nonzero(dense)[1].astype("int32")
            group["values"] = dense[dense != 0]
            file["targets"] = numpy.arange(50) % 2
        text = self.succeed(["inspect", "sparse.h5"], 2).stdout
        self.assertRegex(text, r"features +6, sparse; 6.33 % of the numbers are not 0\n")
        self.assertRegex(text, r"constant +4: x0, x2, x3, x5\n")
        cells = self.cells(text, "x1")
        numpy.testing.assert_allclose([float(cell) for cell in cells[:4]],
                                      [0, dense[:, 1].mean(), 2.5, dense[:, 1].std()], rtol=1e-3)
        self.assertIn("the first is x4 of /features at row 9", text)

    def test_a_table_with_missing_values(self):
        x = regression.features()
        lines = ["age,member,colour,grade"]
        for i, row in enumerate(x):
            age = "" if i in (17, 40) else row[0]
            lines.append(f"{age},{row[2]:.0f},{('red', 'blue')[i % 2]},{('low', 'middle', 'top')[i % 3]}")
        (self.folder / "data.csv").write_text("\n".join(lines) + "\n")
        texts = {self.succeed(["inspect", "data.csv"], ranks).stdout for ranks in (1, 3)}
        self.assertEqual(len(texts), 1)
        text = texts.pop()
        self.assertRegex(text, r"rows +240\n")
        self.assertRegex(text, r"(?m)^bad values  2 NaN or missing, 0 infinite; the first is age of the table at data.csv:19")
        numpy.testing.assert_allclose(float(self.cells(text, "age")[1]), numpy.delete(x[:, 0], [17, 40]).mean(),
                                      rtol=1e-4)
        for word in ("colour=blue", "colour=red", "  0 low  80 (33.3 %)", "  2 top  80 (33.3 %)",
                     "model.likelihood = categorical would suit"):
            self.assertIn(word, text)

    def test_texts_as_targets_are_classes(self):
        """However rare one is."""
        rows = [f"{i},{('dog', 'cat')[i % 2] if i else 'yak'}" for i in range(200)]
        (self.folder / "data.csv").write_text("\n".join(["size,animal", *rows]) + "\n")
        text = self.succeed(["inspect", "data.csv"]).stdout
        self.assertIn("model.likelihood = categorical would suit: the targets are the whole numbers from 0 to 2", text)

    def test_names_and_features_alone(self):
        x = regression.features()
        toy.write(self.folder / "named.h5", x, regression.real(x), ("x", "y"))
        text = self.succeed(["inspect", "named.h5"]).stdout
        self.assertIn("  /x  240 × 4  float64", text)
        self.assertIn("--data.features=NAME", text)
        text = self.succeed(["inspect", "named.h5", "--data.features=x"]).stdout
        self.assertRegex(text, r"rows +240\n")
        self.assertNotIn("\ntargets\n", text)
        text = self.succeed(["inspect", "named.h5", "--data.features=x", "--data.targets=y"], 2).stdout
        self.assertIn("model.likelihood = gaussian would suit", text)
        self.assertIn("did you mean data.features?", self.refuse(["inspect", "named.h5", "--data.feature=x"], 2))


if __name__ == "__main__":
    unittest.main()
