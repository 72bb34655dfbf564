#!/usr/bin/env python3
"""data.validation_fraction: the same as two files, on any number of ranks."""

import pathlib
import sys
import unittest

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy


class SplitTest(program.ProgramTest):
    SETTINGS = {"data.train": "all.h5", "data.shards": 5, "model.layers": 7, "optimizer.batch_size": 20,
                "optimizer.learning_rate": 0.1, "stop.max_epochs": 3, "run.seed": 11}

    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "all.h5", 103)

    def results(self, directory, ranks=1, more=(), **settings):
        settings = {**self.SETTINGS, "checkpoint.directory": directory, **settings}
        outcome = self.train(settings, ranks, more)
        nll = [row["validation_nll"] for row in checkpoints.metrics(self.folder / directory)]
        return self.digest_in(outcome.stdout), nll

    def cut(self, name, rows):
        with h5py.File(self.folder / "all.h5") as source:
            toy.write(self.folder / name, source["features"][rows], source["targets"][rows])

    def test_the_last_rows_are_as_a_file_of_their_own(self):
        self.cut("first.h5", slice(0, 77))
        self.cut("last.h5", slice(77, None))
        files = self.results("files", **{"data.train": "first.h5", "data.validation": "last.h5",
                                         "data.standardize": "true"})
        for ranks in (1, 2, 3, 4):
            # ⌈0.25·103⌉ = 26 rows validate.
            split = self.results(f"split{ranks}", ranks, **{"data.validation_fraction": 0.25, "data.split": "position",
                                                            "data.standardize": "true"})
            self.assertEqual(split, files, ranks)

    def test_a_draw_is_the_same_on_any_number_of_ranks_and_after_a_resume(self):
        split = {"data.validation_fraction": 0.25}
        results = {ranks: self.results(f"run{ranks}", ranks, **split) for ranks in (1, 2, 3, 4)}
        self.assertEqual(len(set(map(str, results.values()))), 1, results)
        self.results("parts", 3, **split, **{"stop.max_steps": 6})
        self.assertEqual(self.results("parts", 2, ["--resume"], **split), results[1])
        # Another seed draws other rows.
        self.assertNotEqual(self.results("other", **split, **{"run.seed": 12})[1], results[1][1])

    def test_faults_are_told_with_the_row_of_the_file(self):
        with h5py.File(self.folder / "all.h5", "r+") as file:
            file["features"][98, 2] = float("nan")
        for ranks in (1, 3):
            error = self.refuse(["train", *program.options({
                **self.SETTINGS, "data.validation_fraction": 0.1, "data.split": "position"})], ranks)
            self.assertIn("/features holds NaN at row 98, column 2", error)

    def test_mistakes(self):
        for settings, message in (
                ({"data.validation": "all.h5"}, "set one of them"),
                ({"data.validation_fraction": 1}, "of 103 rows leaves none for training"),
                ({"data.validation_fraction": 1e-9}, "of 103 rows leaves none for validation"),
                ({"data.validation_fraction": 1.5}, "data.validation_fraction"),
                ({"data.split": "alphabet"}, "data.split")):
            with self.subTest(**settings):
                error = self.refuse(["train", *program.options({
                    **self.SETTINGS, "data.validation_fraction": 0.25, **settings})], 2)
                self.assertIn(message, error)


if __name__ == "__main__":
    unittest.main()
