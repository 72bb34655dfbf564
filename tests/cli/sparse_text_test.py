#!/usr/bin/env python3
"""LIBSVM and IDX files as data: the bits of HDF5 with the same numbers; every fault is told with its place."""

import gzip
import itertools
import pathlib
import struct
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program

ROWS = 61
INPUTS = 9


class ReadingTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.number = itertools.count()

    def settings(self, **more):
        return {"data.shards": 4, "stop.max_steps": 3, "model.likelihood": "gaussian",
                "checkpoint.directory": f"run{next(self.number)}",
                **{key.replace("__", "."): value for key, value in more.items()}}

    def write(self, name, text):
        (self.folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    def digest(self, ranks=1, **more):
        return self.digest_in(self.train(self.settings(**more), ranks).stdout)

    def assert_told(self, text, *words, ranks=(1, 3), name="bad.libsvm", **settings):
        self.write(name, text)
        for count in ranks:
            with self.subTest(ranks=count, text=text[:60]):
                options = program.options(self.settings(**{"data__train": name, **settings}))
                message = self.refuse(["train", *options], count)
                for word in words:
                    self.assertIn(word, message)


class LibsvmTest(ReadingTest):
    def setUp(self):
        super().setUp()
        generator = numpy.random.default_rng(8)
        self.features = numpy.round(generator.normal(size=(ROWS, INPUTS)), 5)
        self.features[generator.uniform(size=(ROWS, INPUTS)) < 0.6] = 0
        self.features[7] = 0  # a row without features
        self.features[0, INPUTS - 1] = 0.25
        self.target = numpy.round(generator.normal(size=ROWS), 5)

    def hdf5(self, target, name="reference.h5", features=None, inputs=INPUTS):
        features = self.features if features is None else features
        rows = [numpy.flatnonzero(row) for row in features]
        with h5py.File(self.folder / name, "w") as file:
            file["features/indptr"] = numpy.cumsum([0] + [len(row) for row in rows])
            file["features/indices"] = numpy.concatenate(rows)
            file["features/values"] = numpy.concatenate([row[index] for row, index in zip(features, rows)])
            file["features"].attrs["shape"] = [len(rows), inputs]
            file["targets"] = target
        return name

    def lines(self, labels, base=1, features=None):
        return [" ".join([str(label)] + [f"{column + base}:{value!r}" for column, value in enumerate(row) if value != 0])
                for label, row in zip(labels, self.features if features is None else features)]

    def test_every_spelling_gives_the_digest_of_hdf5(self):
        lines = self.lines(self.target)
        plain = "\n".join(lines) + "\n"
        for standardize in ("false", "true"):
            expected = self.digest(data__train=self.hdf5(self.target), data__standardize=standardize)
            for ranks in (1, 2, 3, 4):
                self.assertEqual(self.digest(ranks, data__train=self.write("plain.libsvm", plain),
                                             data__standardize=standardize), expected)
        expected = self.digest(data__train="reference.h5")
        spellings = {
            "blanks": "\n \n".join("  " + line.replace(" ", " \t ") + "  " for line in lines),
            "crlf.svm": plain.replace("\n", "\r\n"),
            "comments": "# made by hand\n" + "".join(f"{line} # row {i}: 3:4\n" for i, line in enumerate(lines)),
            "zero.libsvm": "\n".join(self.lines(self.target, base=0)),
            "packed.libsvm.gz": gzip.compress(plain.encode()),
            "packed.gz": gzip.compress(plain.encode()),
            "qid.txt": "\n".join(line.replace(" ", f" qid:{i // 5} ", 1) for i, line in enumerate(lines)),
        }
        for name, text in spellings.items():
            self.write(name, text)
            with self.subTest(name=name):
                outcome = self.train(self.settings(data__train=name, data__index_base=0 if "zero" in name else "auto"),
                                     3)
                self.assertEqual(self.digest_in(outcome.stdout), expected)
                told = f"passed over the qid of {sum(' ' in line for line in lines)} rows"
                self.assertEqual(told in outcome.stderr, name == "qid.txt")
        for i, part in enumerate((lines[:1], lines[1:30], lines[30:])):
            self.write(f"part-{i}.libsvm", "\n".join(part))
        for ranks in (1, 4):
            self.assertEqual(self.digest(ranks, data__train="part-?.libsvm"), expected)

    def test_index_base_is_found_out(self):
        self.features[3, 0] = 1.5
        expected = self.digest(data__train=self.hdf5(self.target))
        for base in (0, 1):
            self.write("data.libsvm", "\n".join(self.lines(self.target, base)))
            outcome = self.train(self.settings(data__train="data.libsvm"), 2)
            self.assertEqual(self.digest_in(outcome.stdout), expected)
            self.assertIn(f"indices count from {base}, since there is ", outcome.stderr)

    def test_labels(self):
        signs = numpy.where(numpy.arange(ROWS) % 3 == 0, 1, -1)
        for labels, target, settings in (
                ([f"{sign:+d}" for sign in signs], (signs + 1) // 2, {}),
                ((signs + 1) // 2, (signs + 1) // 2, {}),
                (numpy.arange(ROWS) % 4, numpy.arange(ROWS) % 4, {}),
                (numpy.arange(ROWS) % 4 * 2 + 1, numpy.arange(ROWS) % 4, {"data__target_type": "class"})):
            expected = self.digest(data__train=self.hdf5(target), model__likelihood="categorical")
            self.write("data.libsvm", "\n".join(self.lines(labels)))
            for ranks in (1, 3):
                self.assertEqual(self.digest(ranks, data__train="data.libsvm", model__likelihood="categorical",
                                             **settings), expected)

    def test_other_data_have_the_features_of_the_training_data(self):
        test = self.features[:9].copy()
        test[:, INPUTS - 3:] = 0
        self.write("train.libsvm", "\n".join(self.lines(self.target)))
        self.write("test.libsvm", "\n".join(self.lines(self.target, features=test)))
        self.hdf5(self.target, "train.h5")
        self.hdf5(self.target[:9], "test.h5", test)
        lines = []
        for suffix in ("libsvm", "h5"):
            outcome = self.train(self.settings(data__train=f"train.{suffix}", data__test=f"test.{suffix}"), 2)
            lines.append([line for line in outcome.stdout.splitlines() if "test NLL" in line])
        self.assertEqual(lines[0], lines[1])
        self.write("wide.libsvm", f"1 1:1\n1 {INPUTS + 1}:1 # beyond\n")
        options = program.options(self.settings(data__train="train.libsvm", data__test="wide.libsvm"))
        for ranks in (1, 4):
            message = self.refuse(["train", *options], ranks)
            for word in ("data.test = wide.libsvm:2:3:", "an index beyond the 9 features", "data.inputs = 10"):
                self.assertIn(word, message)
        self.train(self.settings(data__train="train.libsvm", data__test="wide.libsvm", data__inputs=INPUTS + 1), 2)

    def test_a_converted_file_gives_the_same_bits(self):
        self.write("data.libsvm", "\n".join(self.lines(self.target)) + "\n1 qid:3 2:0.125 # 4:5\n")
        self.succeed(["convert", "--from=libsvm", "--input=data.libsvm", "--output=data.h5"], 3)
        self.succeed(["convert", "--from=libsvm", "--input=data.libsvm", "--output=small.h5", "--compress",
                      "--data.block_rows=7"])
        digests = {self.digest(ranks, data__train=name, data__standardize="true")
                   for ranks in (1, 4) for name in ("data.libsvm", "data.h5", "small.h5")}
        self.assertEqual(len(digests), 1)

    def test_faults(self):
        good = "1 1:1 3:1\n0 2:0.5\n1 1:1 2:1\n0 1:2 3:1\n"
        for line, *words in (
                ("0 2:1 2:1", ":5:7:", '"2:1"', "an index that the one before has already"),
                ("0 3:1 2:1", ":5:7:", "lower than the one before"),
                ("0 1:x", ":5:3:", "the value is not a number"),
                ("0 1:nan", ":5:3:", "the value is no finite number"),
                ("0 1:-inf", ":5:3:", "the value is no finite number"),
                ("0 1:1e999", ":5:3:", "beyond the range of a double"),
                ("0 1:1e99", ":5:3:", "beyond the range of a float"),
                ("0 1:", ":5:3:", "the value is not a number"),
                ("0 1:1x", ":5:", "a blank is expected"),
                ("0 1:1,2:1", ":5:", "a blank is expected"),
                ("0 x:1", ":5:3:", "index:value is expected"),
                ("0 1", ":5:3:", "index:value is expected"),
                ("0 -1:1", ":5:3:", "index:value is expected"),
                ("0 1.5:1", ":5:3:", "index:value is expected"),
                ("0 99999999999:1", ":5:3:", "the index is too large"),
                ("0 99999999999999999999999:1", ":5:3:", "the index is too large"),
                ("x 1:1", ":5:1:", "the label is not a number"),
                ("1,2 1:1", ":5:1:", "a blank is expected"),
                ("nan 1:1", ":5:1:", "the label is no finite number"),
                ("1:1 2:2", ":5:1:", "a blank is expected")):
            self.assert_told(good + line + "\n", "data.train = bad.libsvm" + words[0], *words[1:], ranks=(1,))
        self.assert_told(good + "0 0:1\n", "bad.libsvm:5:3:", "the index 0, where indices count from 1",
                         data__index_base=1)
        self.assert_told(good * 10 + "0 3:1 2:1\n" + good * 5, "bad.libsvm:41:7:", "lower than the one before",
                         ranks=(1, 2, 3, 4))
        self.assert_told(good, "no place for data.weights", data__weights="w")
        self.assert_told("# nothing\n", "is empty: it has no rows")
        self.assert_told("1\n0\n", "has no features", data__shards=1, ranks=(1,))
        self.assert_told(gzip.compress(good.encode())[:-3], "is truncated", name="bad.libsvm.gz")

    def test_an_index_by_mistake_makes_no_model_beyond_memory(self):
        """100 units for each of 2³² features."""
        self.assert_told("1 4294967295:1\n0 1:1\n-1 2:1\n2 3:1\n", "429 496 7", "parameters", "this machine has",
                         model__layers=100)

    def test_tables_do_not_follow_libsvm(self):
        self.write("train.libsvm", "\n".join(self.lines(self.target)))
        self.write("test.csv", "a,b\n1,2\n")
        options = program.options(self.settings(data__train="train.libsvm", data__test="test.csv"))
        self.assertIn("is a table, and the training data were a LIBSVM file", self.refuse(["train", *options], 2))


class IdxTest(ReadingTest):
    def setUp(self):
        super().setUp()
        self.images = numpy.random.default_rng(9).integers(0, 256, size=(ROWS, 3, 4), dtype=numpy.uint8)
        self.labels = (numpy.arange(ROWS) % 5).astype(numpy.uint8)
        with h5py.File(self.folder / "reference.h5", "w") as file:
            file["features"] = self.images
            file["targets"] = self.labels

    @staticmethod
    def idx(array, kind=8):
        return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()

    def settings(self, **more):
        return super().settings(**{"model__likelihood": "categorical", "data__standardize": "true", **more})

    def test_plain_and_packed_give_the_digest_of_hdf5(self):
        expected = self.digest(data__train="reference.h5")
        self.write("train-images-idx3-ubyte", self.idx(self.images))
        self.write("train-labels-idx1-ubyte", self.idx(self.labels))
        self.write("other-images-idx3-ubyte.gz", gzip.compress(self.idx(self.images)))
        self.write("other-labels-idx1-ubyte.gz", gzip.compress(self.idx(self.labels)))
        self.write("pixels", self.idx(self.images.astype(">f4"), 0x0D))
        for ranks in (1, 2, 3, 4):
            for name in ("train-images-idx3-ubyte", "other-images-idx3-ubyte.gz"):
                self.assertEqual(self.digest(ranks, data__train=name), expected)
        self.assertEqual(self.digest(2, data__train="pixels", data__train_labels="train-labels-idx1-ubyte"), expected)
        outcome = self.train(self.settings(data__train="train-images-idx3-ubyte", data__test="pixels",
                                           data__test_labels="other-labels-idx1-ubyte.gz"), 2)
        self.assertIn("test NLL", outcome.stdout)

    def test_faults(self):
        whole = self.idx(self.images)
        self.write("train-labels-idx1-ubyte", self.idx(self.labels))
        name = "train-images-idx3-ubyte"
        for ranks in (1, 4):
            self.assert_told(whole[:-1], "is truncated", name=name, ranks=(ranks,))
            self.assert_told(whole + b"x", name, name=name, ranks=(ranks,))
        self.assert_told(gzip.compress(whole[:-1]), "within the data", name=name)
        self.assert_told(gzip.compress(whole)[:-1], "is truncated", name=name)
        self.assert_told(self.idx(self.images[1:]), "row counts differ", name=name)
        self.assert_told(self.idx(self.images), "without labels beside it", "data.train_labels", name="pixels-idx3")
        self.assert_told(whole, "numbers a row; one label a sample", name=name, data__train_labels=name)
        bad = self.images.astype(">f4")
        bad[40, 1, 1] = numpy.nan
        self.assert_told(self.idx(bad, 0x0D), "not finite in row 40", name=name)


if __name__ == "__main__":
    unittest.main()
