#!/usr/bin/env python3
"""Features that are tokens: the same bits on any number of ranks, vocabularies that come from the data and stay in the
checkpoint, and what is no token, told with its place."""

import pathlib
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

ROWS = 149
SETTINGS = {"data.train": "train.h5", "data.shards": 5, "data.microbatch": 8, "model.layers": "12",
            "model.embedding": 3, "optimizer.batch_size": 40, "stop.max_steps": 8, "checkpoint.directory": "run"}
CHECKPOINT = "run/checkpoint-00000008.h5"


def tokens(path, rows=ROWS, vocabulary=11, seed=0):
    """The class is the sum of two tokens, modulo 3."""
    random = numpy.random.default_rng(seed)
    features = random.integers(0, vocabulary, size=(rows, 4))
    features[0, 0] = vocabulary - 1
    toy.write(path, features.astype("uint8"), (features[:, 0] + features[:, 3]) % 3)


class TokensTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        tokens(self.folder / "train.h5")

    def digest(self, settings, ranks=1, more=()):
        return self.digest_in(self.train({**SETTINGS, **settings}, ranks, more).stdout)

    def test_the_same_bits_on_any_number_of_ranks_and_threads(self):
        for features in ({}, {"run.precision": "bf16"}, {"model.vocabulary": "11,0,12,11", "data.standardize": "true"}):
            reference = self.digest({**features, "checkpoint.directory": "one"})
            for ranks, threads in ((2, 1), (4, 1), (3, 1), (2, 2))[:2 if features else 4]:
                with self.subTest(features, ranks=ranks, threads=threads):
                    self.assertEqual(self.digest({**features, "run.threads": threads}, ranks), reference)

    def test_the_vocabulary_stays(self):
        reference = self.digest({"checkpoint.directory": "whole"})
        self.assertEqual(self.digest({"model.vocabulary": 11, "checkpoint.directory": "told"}), reference)
        self.assertRegex((self.folder / "whole" / "resolved.cfg").read_text(), r"(?m)^vocabulary += 11 ")
        # The rest of the run sees tokens 0 to 4 alone.
        self.digest({"stop.max_steps": 5}, ranks=2)
        self.assertEqual(self.digest({}, more=["--resume"]), reference)
        tokens(self.folder / "small.h5", vocabulary=5)
        self.succeed(["evaluate", f"--checkpoint={CHECKPOINT}", "--data.test=small.h5"], ranks=2)
        message = self.refuse(["train", "--resume", *program.options({**SETTINGS, "model.vocabulary": 12})])
        self.assertIn("model.vocabulary = 11, now 12", message)

    def test_learns_what_numbers_could_not_say(self):
        settings = {"stop.max_steps": 400, "optimizer.learning_rate": 0.5, "data.shards": 2, "model.layers": 32,
                    "model.embedding": 8}
        self.digest(settings)
        nll = float(checkpoints.metrics(self.folder / "run")[-1]["nll"])
        self.digest({**settings, "model.embedding": "none", "data.standardize": "true",
                     "checkpoint.directory": "numbers"})
        self.assertLess(nll, 0.5 * float(checkpoints.metrics(self.folder / "numbers")[-1]["nll"]))

    def test_numbers_beside_tokens_are_standardised_alone(self):
        self.digest({"model.vocabulary": "11,0,11,11", "data.standardize": "true"})
        with h5py.File(self.folder / CHECKPOINT) as file, h5py.File(self.folder / "train.h5") as data:
            numbers = data["features"][:, 1].astype("float64")
            mean = file["standardisation/mean"][:]
            scale = file["standardisation/scale"][:]
            self.assertEqual(list(file["parameters/embedding"]), ["table_0", "table_2", "table_3"])
            self.assertEqual(file["parameters/embedding/table_2"].shape, (11, 3))
        self.assertEqual(list(mean[[0, 2, 3]]) + list(scale[[0, 2, 3]]), [0] * 3 + [1] * 3)
        # Sums of 149 doubles in another order.
        self.assertAlmostEqual(mean[1], numbers.mean(), delta=1e-13 * 11)
        self.assertAlmostEqual(scale[1], 1 / numbers.std(), delta=1e-12)

    def test_what_is_no_token_is_told_with_its_place(self):
        for value, words in ((11, "holds 11, which is no token 0, 1, ..., 10"), (-1, "holds -1"), (2.5, "holds 2.5")):
            for key in ("data.train", "data.validation", "data.test"):
                with h5py.File(self.folder / "train.h5") as data:
                    features = data["features"][:].astype("float32")
                    targets = data["targets"][:]
                features[117, 2] = value
                toy.write(self.folder / "bad.h5", features, targets)
                message = self.refuse(["train", *program.options({**SETTINGS, "model.vocabulary": 11, key: "bad.h5"})],
                                      ranks=3)
                self.assertIn(f"{key} = bad.h5: /features at row 117 (counted from 0): column 2 {words}", message)
        self.digest({})
        message = self.refuse(["evaluate", f"--checkpoint={CHECKPOINT}", "--data.test=bad.h5"], 2)
        self.assertIn("/features at row 117 (counted from 0): column 2 holds 2.5", message)

    def test_contradictions_are_told(self):
        toy.categorical(self.folder / "numbers.h5", 30)
        huge = numpy.full((30, 4), 2.0**24)
        toy.write(self.folder / "huge.h5", huge, numpy.arange(30) % 3)
        for settings, words in (
                ({"model.embedding": "none", "model.vocabulary": 11}, "model.vocabulary is of tokens"),
                ({"model.vocabulary": 0}, "leaves no tokens"),
                ({"model.vocabulary": "0,0,0,0"}, "leaves no tokens"),
                ({"model.vocabulary": "11,11"}, "model.vocabulary has 2 sizes, data.train = train.h5 4 features"),
                ({"data.standardize": "true"}, "data.standardize = true has nothing to do"),
                ({"data.train": "numbers.h5"}, "which is no token"),
                ({"data.train": "huge.h5"}, "holds 16777216.000000, which is no token"),
                ({"model.residual": "true", "model.layers": 13}, "needs a hidden layer that is as wide")):
            with self.subTest(settings):
                message = self.refuse(["train", *program.options({**SETTINGS, **settings})], ranks=2)
                self.assertIn(words, message)


if __name__ == "__main__":
    unittest.main()
