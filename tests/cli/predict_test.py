#!/usr/bin/env python3
"""predict: what numpy computes, in the order of the input, in the same bytes on any number of ranks."""

import csv
import pathlib
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

CHECKPOINT = "run/checkpoint-00000010.h5"


class PredictTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 60)

    def settings(self, **more):
        return {"data.train": "train.h5", "data.shards": 5, "model.layers": "6", "model.activation": "tanh",
                "data.standardize": "true", "run.precision": "double", "optimizer.batch_size": 15, "stop.max_steps": 10,
                "checkpoint.directory": "run", **{key.replace("__", "."): value for key, value in more.items()}}

    def predict(self, output, ranks=1, more=(), source="new.h5"):
        return self.succeed(["predict", "--checkpoint", CHECKPOINT, "--input", source, "--output", output, *more], ranks)

    def expected(self, features):
        """Outputs of the network, whose data were standardised with the training data's mean and deviation."""
        train, _ = checkpoints.read_data(self.folder / "train.h5")
        features = (features - train.mean(axis=0)) / train.std(axis=0)
        return checkpoints.forward(checkpoints.layers(self.folder / CHECKPOINT), features)[-1]

    def write_features(self, rows, inputs=5, name="new.h5"):
        """Features alone, of which no two rows are the same."""
        features = numpy.random.default_rng(7).normal(size=(rows, inputs)).astype("float32")
        with h5py.File(self.folder / name, "w") as file:
            file["features"] = features
        return features.astype("float64")

    def rows(self, name):
        with open(self.folder / name, newline="", encoding="utf-8") as file:
            return list(csv.reader(file))

    def test_classes(self):
        self.train(self.settings(), 2)
        features = self.write_features(337)
        # Pieces of sixteen rows, so that every rank has several; seven ranks, so that some have none in the last round.
        more = ["--data.microbatch=16"]
        outputs = {}
        for ranks in (1, 2, 3, 4, 7):
            self.predict("p.csv", ranks, more)
            self.predict("p.h5", ranks, [*more, "--run.threads=2"])
            outputs[ranks] = (self.folder / "p.csv").read_bytes(), (self.folder / "p.h5").read_bytes()
        for ranks in outputs:
            self.assertEqual(outputs[ranks], outputs[1], ranks)
        header, *rows = self.rows("p.csv")
        self.assertEqual(header, ["p_0", "p_1", "p_2", "class"])
        probabilities = numpy.exp(checkpoints.log_probabilities(self.expected(features)))
        found = numpy.array(rows)[:, :3].astype("float64")
        # In double, but for the order of sums.
        numpy.testing.assert_allclose(found, probabilities, rtol=1e-12)
        self.assertEqual([row[3] for row in rows], [str(k) for k in probabilities.argmax(axis=1)])
        with h5py.File(self.folder / "p.h5") as file:
            numpy.testing.assert_array_equal(file["predictions"], found)  # the text reads back as the same number
            self.assertEqual([name.decode() for name in file["columns"]], header[:3])
            numpy.testing.assert_array_equal(file["class"], probabilities.argmax(axis=1))
            self.assertEqual([name.decode() for name in file["class_names"]], ["0", "1", "2"])
        self.assertIn("undamaged", self.succeed(["inspect", "p.h5"]).stdout)
        self.assertEqual([name for name in self.files() if name.startswith(".")], [])

    def test_rows_do_not_depend_on_the_microbatch_beyond_rounding(self):
        self.train(self.settings(), 2)
        features = self.write_features(41)
        for microbatch in (1, 7, 512):
            self.predict("p.h5", 3, [f"--data.microbatch={microbatch}"])
            with h5py.File(self.folder / "p.h5") as file:
                numpy.testing.assert_allclose(file["predictions"],
                                              numpy.exp(checkpoints.log_probabilities(self.expected(features))),
                                              rtol=1e-12)

    def test_gaussian_in_float(self):
        for columns, names in ((1, ["mean"]), (2, ["mean_0", "mean_1"])):
            toy.gaussian(self.folder / "train.h5", 60, columns=columns)
            self.train(self.settings(model__likelihood="gaussian", run__precision="float",
                                     optimizer__learning_rate=0.01))
            features = self.write_features(50)
            texts = set()
            for ranks in (1, 3):
                self.assertIn("50 rows", self.predict("p.csv", ranks).stdout)
                texts.add((self.folder / "p.csv").read_bytes())
            self.assertEqual(len(texts), 1)
            header, *rows = self.rows("p.csv")
            self.assertEqual(header, names)
            # Float: 24 bits, through two layers.
            numpy.testing.assert_allclose(numpy.array(rows).astype("float64"), self.expected(features), rtol=1e-4,
                                          atol=1e-5)

    def test_targets_and_other_names_do_not_matter(self):
        self.train(self.settings())
        features = self.write_features(20)
        self.predict("alone.csv")
        toy.write(self.folder / "named.h5", features.astype("float32"), numpy.full(20, numpy.nan), ("x", "targets"))
        self.predict("named.csv", 2, ["--data.features=x"], "named.h5")
        self.assertEqual((self.folder / "named.csv").read_bytes(), (self.folder / "alone.csv").read_bytes())

    def test_an_older_file_stays_until_all_is_written(self):
        self.train(self.settings())
        features = self.write_features(200)
        features[150, 3] = numpy.nan
        with h5py.File(self.folder / "new.h5", "r+") as file:
            file["features"][...] = features
        for output in ("p.csv", "p.h5"):
            (self.folder / output).write_text("older")
            before = self.files()
            for ranks in (1, 2, 4):
                message = self.refuse(["predict", "--checkpoint", CHECKPOINT, "--input=new.h5", f"--output={output}",
                                       "--data.microbatch=16"], ranks)
                for word in ("--input = new.h5", "NaN", "row 150", "column 3"):
                    self.assertIn(word, message)
            self.assertEqual((self.folder / output).read_text(), "older")
            self.assertEqual(self.files(), before)

    def test_a_prediction_beyond_all_numbers_is_told_with_its_row(self):
        toy.gaussian(self.folder / "train.h5", 60, columns=2)
        self.train(self.settings(model__likelihood="gaussian", model__layers="", run__precision="float",
                                 data__standardize="false", optimizer__learning_rate=0.5, stop__max_steps=10))
        self.write_features(30)
        with h5py.File(self.folder / "new.h5", "r+") as file:
            file["features"][23] = numpy.sign(checkpoints.layers(self.folder / CHECKPOINT)[0].weights[:, 0]) * 3e38
        for ranks in (1, 3):
            message = self.refuse(["predict", "--checkpoint", CHECKPOINT, "--input=new.h5", "--output=p.csv"], ranks)
            for word in ("new.h5", "row 23", "mean_0 = inf"):
                self.assertIn(word, message)

    def test_mistakes(self):
        self.train(self.settings())
        self.write_features(20)
        self.write_features(20, inputs=6, name="wide.h5")
        (self.folder / "folder.csv").mkdir()
        for ranks, code, arguments, words in (
                ((1, 3), 2, ["--input=new.h5"], ["--output is missing"]),
                ((1,), 2, ["--output=p.csv"], ["--input is missing"]),
                ((1, 3), 2, ["--input=new.h5", "--output=p.txt"], ["p.txt", ".csv", ".h5"]),
                ((2,), 2, ["--input=new.h5", "--output=nowhere/p.csv"], ["there is no folder nowhere"]),
                ((2,), 2, ["--input=new.h5", "--output=folder.csv"], ["is a folder"]),
                ((2,), 2, ["--input=new.h5", "--output=new.h5"], ["would replace"]),
                ((1, 3), 2, ["--input=wide.h5", "--output=p.csv"], ["wide.h5", "6 features", "5"]),
                ((2,), 2, ["--input=nowhere.h5", "--output=p.csv"], ["--input = nowhere.h5", "no such file"]),
                ((2,), 2, ["--input=new.h5", "--output=p.csv", "--model.layers=7"], ["model.layers = 6, now 7"])):
            for count in ranks:
                with self.subTest(arguments=arguments, ranks=count):
                    message = self.refuse(["predict", "--checkpoint", CHECKPOINT, *arguments], count, code)
                    for word in words:
                        self.assertIn(word, message)
        self.assertIn("--checkpoint is missing", self.refuse(["predict", "--input=new.h5", "--output=p.csv"]))

    def test_a_full_disk_ends_all_ranks(self):
        self.train(self.settings())
        self.write_features(3000)
        for output in ("p.csv", "p.h5"):
            with self.subTest(output=output):
                words = ["bash", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"",
                         *program.command(["predict", "--checkpoint", CHECKPOINT, "--input=new.h5",
                                           f"--output={output}", "--data.microbatch=16"], 1)[3:]]
                outcome = program.run_command([program.MPIEXEC, "-n", "3", *words], cwd=self.folder)
                self.assertEqual(outcome.code, 4, outcome)
                self.assertEqual(outcome.stderr.count("cauchy: error"), 1, outcome)
                self.assertIn(output, outcome.stderr)
                self.assertNotIn(output, self.files())


if __name__ == "__main__":
    unittest.main()
