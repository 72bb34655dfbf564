#!/usr/bin/env python3
"""Columns of categories that become vectors (data.categories = embedded): the bits of the same numbers as tokens in HDF5,
on any number of ranks; categories that stay in the checkpoint; and mistakes."""

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

ROWS = 83
COLOURS = ("blue", "green", "red")  # in the order of their numbers
MONTHS = tuple(range(1, 13))
WIDTH = 4
SETTINGS = {"data.train": "train.csv", "data.categories": "embedded", "data.categorical": "month",
            "data.standardize": "true", "data.shards": 5, "data.microbatch": 8, "model.embedding": WIDTH,
            "model.layers": 7, "model.activation": "tanh", "model.likelihood": "gaussian", "optimizer.batch_size": 30,
            "stop.max_steps": 8, "checkpoint.directory": "run"}
# The same of numbers that somebody else made of the categories.
OF_TOKENS = {"data.train": "tokens.h5", "data.categories": "onehot", "data.categorical": "",
             "model.vocabulary": "0,3,12,0"}
CHECKPOINT = "run/checkpoint-00000008.h5"


class CategoriesTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        random = numpy.random.default_rng(3)
        self.tokens = numpy.column_stack([numpy.round(random.normal(50, 20, size=ROWS), 2),
                                          random.integers(len(COLOURS), size=ROWS),
                                          random.integers(len(MONTHS), size=ROWS),
                                          numpy.round(random.normal(size=ROWS), 3)])
        self.tokens[:len(MONTHS), 1] = numpy.arange(len(MONTHS)) % len(COLOURS)
        self.tokens[:len(MONTHS), 2] = numpy.arange(len(MONTHS))
        self.target = numpy.round(random.normal(size=ROWS), 3)
        self.write("train.csv", range(ROWS))
        toy.write(self.folder / "tokens.h5", self.tokens, self.target)

    def write(self, name, rows, target=True, change=lambda row, fields: fields):
        lines = ["age,colour,month,height" + (",y" if target else "")]
        for row in rows:
            age, colour, month, height = self.tokens[row]
            fields = [age, COLOURS[int(colour)], MONTHS[int(month)], height] + [self.target[row]] * target
            lines.append(",".join(map(str, change(row, fields))))
        (self.folder / name).write_text("\n".join(lines) + "\n")

    def digest(self, settings, ranks=1, more=()):
        return self.digest_in(self.train({**SETTINGS, **settings}, ranks, more).stdout)

    def refuse_training(self, settings, ranks=2):
        return self.refuse(["train", *program.options({**SETTINGS, **settings})], ranks)

    def test_the_same_bits_on_any_number_of_ranks_and_threads(self):
        reference = self.digest({**OF_TOKENS, "checkpoint.directory": "tokens"})
        for ranks, threads in ((1, 1), (2, 1), (3, 1), (4, 1), (2, 2)):
            with self.subTest(ranks=ranks, threads=threads):
                self.assertEqual(self.digest({"run.threads": threads}, ranks), reference)
        with h5py.File(self.folder / CHECKPOINT) as file:
            self.assertEqual({name: table.shape for name, table in file["parameters/embedding"].items()},
                             {"table_1": (3, WIDTH), "table_2": (12, WIDTH)})
            self.assertEqual(list(file["standardisation/mean"][1:3]) + list(file["standardisation/scale"][1:3]),
                             [0, 0, 1, 1])
        for more in ({"model.layers": ""}, {"run.precision": "double"}):
            with self.subTest(more):
                self.assertEqual(self.digest(more, 2), self.digest({**OF_TOKENS, **more}, 1))

    def test_converted_data_give_the_same_bits(self):
        command = ["convert", "--from=csv", "--input=train.csv", "--output=train.h5", "--data.categories=embedded",
                   "--data.categorical=month"]
        self.succeed(command, ranks=2)
        converted = {"data.train": "train.h5", "data.categories": "onehot", "data.categorical": ""}
        self.assertEqual(self.digest({**converted, "data.test": "train.csv", "checkpoint.directory": "converted"}, 2),
                         self.digest({}))
        self.assertIn("train.h5: column colour holds categories as tokens (data.categories = embedded), which are no "
                      "numbers: set model.embedding", self.refuse_training({**converted, "model.embedding": "none"}))

    def test_a_run_goes_on_with_the_categories_of_its_checkpoint(self):
        reference = self.digest({"checkpoint.directory": "whole"})
        self.digest({"stop.max_steps": 3}, ranks=3)
        self.assertEqual(self.digest({}, 2, ["--resume"]), reference)
        self.digest({"stop.max_steps": 3, "checkpoint.directory": "short"})
        self.assertEqual(self.digest({"data.categories": "onehot", "checkpoint.directory": "short"}, 1, ["--resume"]),
                         reference)

    def test_other_data_have_the_same_tokens(self):
        """Data in which some categories do not occur, and one alone in others."""
        some = [row for row in range(ROWS) if self.tokens[row, 1] == 2]
        self.write("some.csv", some)
        self.write("new.csv", some, target=False)
        told = self.train({**SETTINGS, "data.test": "some.csv"}, 2).stdout
        self.assertIn("wrote", self.succeed(["predict", f"--checkpoint={CHECKPOINT}", "--input=new.csv",
                                             "--output=new.h5"], 3).stdout)
        with h5py.File(self.folder / CHECKPOINT) as file, h5py.File(self.folder / "new.h5") as predicted:
            tables = {i: file[f"parameters/embedding/table_{i}"][:] for i in (1, 2)}
            features = (self.tokens[some] - file["standardisation/mean"][:]) * file["standardisation/scale"][:]
            columns = [tables[i][features[:, i].astype(int)] if i in tables else features[:, i:i + 1] for i in range(4)]
            units = numpy.concatenate(columns, axis=1)
            for layer, activation in (("dense_1", numpy.tanh), ("output", lambda x: x)):
                parameters = file[f"parameters/{layer}"]
                units = activation(units @ parameters["weights"][:] + parameters["intercepts"][:])
            # Floats: 24 bits, through two layers of sums of ten terms of order 1.
            numpy.testing.assert_allclose(predicted["predictions"][:], units, rtol=0, atol=20 * 2**-24)
        nll = numpy.mean(0.5 * (units.ravel() - self.target[some]) ** 2) + 0.5 * numpy.log(2 * numpy.pi)
        test = float(checkpoints.metrics(self.folder / "run")[-1]["test_nll"])
        self.assertAlmostEqual(test, nll, delta=3 * 20 * 2**-24)  # residuals are below 3 on average
        told = self.succeed(["evaluate", f"--checkpoint={CHECKPOINT}", "--data.test=some.csv"], 2).stdout
        self.assertAlmostEqual(float(re.search(r"(?m)^NLL +(\S+)", told)[1]), test, delta=1e-6)

    def test_another_category_is_told_with_its_place(self):
        def change(row, fields):
            return [fields[0], "violet", *fields[2:]] if row == 41 else fields
        self.write("other.csv", range(ROWS), change=change)
        words = ("other.csv:43:", 'colour holds "violet", which is none of the training data\'s: blue, green, red')
        self.digest({})
        for message in (self.refuse_training({"data.test": "other.csv"}, 3),
                        self.refuse_training({"data.validation": "other.csv"}, 1),
                        self.refuse(["evaluate", f"--checkpoint={CHECKPOINT}", "--data.test=other.csv"], 2),
                        self.refuse(["predict", f"--checkpoint={CHECKPOINT}", "--input=other.csv",
                                     "--output=other.h5"], 2)):
            for word in words:
                self.assertIn(word, message)

    def test_a_missing_category_has_no_mean(self):
        def gaps(column):
            return lambda row, fields: fields[:column] + [""] + fields[column + 1:] if row == 7 else fields
        self.write("gap.csv", range(ROWS), change=gaps(1))
        self.write("age.csv", range(ROWS), change=gaps(0))
        for missing in ("error", "mean"):
            self.assertIn("gap.csv:9:7: colour is missing; data.missing = drop leaves such rows out",
                          self.refuse_training({"data.train": "gap.csv", "data.missing": missing}))
        self.assertIn("gap.csv:9:7: colour is missing; data.missing = drop leaves such rows out",
                      self.refuse_training({"data.test": "gap.csv", "data.missing": "mean"}))
        self.write("rest.csv", [row for row in range(ROWS) if row != 7])
        self.assertEqual(self.digest({"data.train": "gap.csv", "data.missing": "drop"}, 2),
                         self.digest({"data.train": "rest.csv"}))
        self.digest({"data.train": "age.csv", "data.missing": "mean"})

    def test_contradictions_are_told(self):
        for settings, words in (
                ({"model.embedding": "none"}, "train.csv: column colour holds categories as tokens"),
                ({"model.vocabulary": "0,4,12,0"}, "column colour has 3 categories, and model.vocabulary says otherwise"),
                ({"model.vocabulary": 12}, "column colour has 3 categories, and model.vocabulary says otherwise"),
                ({"data.categories": "onehot"}, "column colour became ones and zeros, which are no tokens"),
                ({"data.features": "colour,month"}, "data.standardize = true has nothing to do"),
                ({"data.features": "age,height", "data.categorical": ""}, "has no columns of categories"),
                ({**OF_TOKENS, "data.categories": "embedded"}, "tokens.h5: has no columns of categories")):
            with self.subTest(settings):
                self.assertIn(words, self.refuse_training(settings))
        self.digest({"model.layers": ""})
        message = self.refuse(["coefficients", f"--checkpoint={CHECKPOINT}"])
        self.assertIn("categories have some with data.categories = onehot", message)

    def test_inspection_sees_tokens(self):
        told = self.succeed(["inspect", "train.csv", "--data.categories=embedded", "--data.categorical=month"]).stdout
        self.assertRegex(told, r"(?m)^ *colour +.*\b0\b.*\b2\b")
        self.assertNotIn("colour=", told)


if __name__ == "__main__":
    unittest.main()
