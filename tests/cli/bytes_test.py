#!/usr/bin/env python3
"""Texts as data: what the samples are, the same bits on any number of ranks, bits a byte, a model that beats counting,
and mistakes."""

import gzip
import math
import pathlib
import re
import sys
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import checkpoints
import program
import toy
import trigram

CONTEXT = 4
SETTINGS = {"data.train": "text.txt", "data.format": "bytes", "data.context": CONTEXT, "data.shards": 5,
            "data.validation_fraction": 0.1, "data.split": "position", "data.microbatch": 64, "model.embedding": 8,
            "model.layers": 24, "optimizer.batch_size": 113, "stop.max_steps": 8, "checkpoint.directory": "run"}
CHECKPOINT = "run/checkpoint-00000008.h5"


def text(length, seed=0):
    """Each byte follows from the one four before it, nine times of ten: nothing that three bytes could tell."""
    random = numpy.random.default_rng(seed)
    letters = numpy.frombuffer(b"abcd\xffe \n", "uint8")
    following = numpy.random.default_rng(1000).permutation(len(letters))
    numbers = random.integers(0, len(letters), size=length)
    for i in range(4, length):
        if random.random() < 0.9:
            numbers[i] = following[numbers[i - 4]]
    return letters[numbers].tobytes()


class BytesTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.text = text(1000)
        (self.folder / "text.txt").write_bytes(self.text)

    def digest(self, settings, ranks=1, more=()):
        return self.digest_in(self.train({**SETTINGS, **settings}, ranks, more).stdout)

    def test_samples_are_windows_over_the_bytes(self):
        """As a data set that has them one by one, in its training and its validation part."""
        windows = numpy.lib.stride_tricks.sliding_window_view(numpy.frombuffer(self.text, "uint8"), CONTEXT + 1)
        toy.write(self.folder / "windows.h5", windows[:, :-1], windows[:, -1])
        of_bytes = self.digest({"data.test": "text.txt", "checkpoint.directory": "bytes"})
        of_windows = self.digest({"data.train": "windows.h5", "data.test": "windows.h5", "data.format": "hdf5",
                                  "model.vocabulary": 256, "model.classes": 256, "checkpoint.directory": "hdf5"})
        self.assertEqual(of_bytes, of_windows)
        self.assertEqual(checkpoints.untimed(checkpoints.metrics(self.folder / "bytes")),
                         checkpoints.untimed(checkpoints.metrics(self.folder / "hdf5")))

    def test_the_same_bits_on_any_number_of_ranks_and_threads(self):
        settings = {"model.dropout": 0.1, "data.test": "text.txt"}
        reference = self.digest({**settings, "checkpoint.directory": "one"})
        rows = checkpoints.untimed(checkpoints.metrics(self.folder / "one"))
        for ranks, threads in ((2, 1), (3, 1), (4, 1), (2, 2)):
            with self.subTest(ranks=ranks, threads=threads):
                self.assertEqual(self.digest({**settings, "run.threads": threads}, ranks), reference)
                self.assertEqual(checkpoints.untimed(checkpoints.metrics(self.folder / "run")), rows)
        self.digest({**settings, "stop.max_steps": 3, "checkpoint.directory": "again"}, ranks=2)
        self.assertEqual(self.digest({**settings, "checkpoint.directory": "again"}, 3, ["--resume"]), reference)

    def test_a_gzipped_text_is_the_same_text(self):
        (self.folder / "text.txt.gz").write_bytes(gzip.compress(self.text))
        self.assertEqual(self.digest({"data.train": "text.txt.gz", "checkpoint.directory": "packed"}, ranks=2),
                         self.digest({}))

    def test_predicts_the_byte_behind_the_end(self):
        self.train(SETTINGS)
        predictions = {}
        for name, part in (("whole", self.text), ("end", self.text[-CONTEXT:])):
            (self.folder / name).write_bytes(part)
            for ranks in (1, 3):
                self.succeed(["predict", "--checkpoint", CHECKPOINT, "--input", name, "--output", "p.csv"], ranks)
                predictions[name, ranks] = (self.folder / "p.csv").read_text().splitlines()
            self.assertEqual(predictions[name, 1], predictions[name, 3])
        self.assertEqual(len(predictions["whole", 1]), 1 + len(self.text) - CONTEXT + 1)
        self.assertEqual(len(predictions["end", 1]), 2)
        self.assertEqual(predictions["end", 1][0], predictions["whole", 1][0])
        last = [[float(cell) for cell in predictions[name, 1][-1].split(",")] for name in ("whole", "end")]
        numpy.testing.assert_allclose(*last, rtol=1e-5)  # products of one row and of many, in float

    def test_tells_bits_a_byte(self):
        told = self.train({**SETTINGS, "data.test": "text.txt"}).stdout
        test = float(checkpoints.metrics(self.folder / "run")[-1]["test_nll"])
        bits = re.search(r"(?m)^bits/byte +validation (\S+), test (\S+)$", told)
        self.assertLess(abs(float(bits[2]) * math.log(2) - test), 1e-3)  # in four digits
        told = self.succeed(["evaluate", f"--checkpoint={CHECKPOINT}", "--data.test=text.txt"]).stdout
        found = {name: float(value) for name, value in re.findall(r"(?m)^(NLL|bits/byte) +(\S+)$", told)}
        self.assertLess(abs(found["bits/byte"] * math.log(2) - found["NLL"]), 1e-8)  # in ten digits

    def test_inspect(self):
        told = self.succeed(["inspect", "text.txt", "--data.format=bytes", f"--data.context={CONTEXT}"]).stdout
        self.assertRegex(told, rf"(?m)^rows +{1000 - CONTEXT}$")
        self.assertIn("model.likelihood = categorical would suit", told)
        self.assertNotIn("standardize", told)
        windows = numpy.frombuffer(self.text, "uint8")[:-CONTEXT]
        self.assertRegex(told, rf"(?m)^ +x0 +{windows.min()} +{windows.mean():.5g}\d* +{windows.max()} ")

    def test_beats_a_trigram_where_more_than_two_bytes_tell(self):
        """0.9 of the bytes follow: an entropy of 0.99 bits, where a trigram sees eight letters alike, 3 bits."""
        longer = text(20000, seed=1)
        (self.folder / "longer.txt").write_bytes(longer)
        self.digest({"data.train": "longer.txt", "optimizer.learning_rate": 0.5, "stop.max_steps": "none",
                     "stop.max_epochs": 4, "checkpoint.every_seconds": 0})
        bits = float(checkpoints.metrics(self.folder / "run")[-1]["validation_nll"]) / math.log(2)
        counted = trigram.bits_a_byte(longer, 0.1, CONTEXT)
        self.assertGreater(counted, 2.5)
        self.assertLess(bits, 1.5)

    def test_mistakes_are_told(self):
        (self.folder / "short.txt").write_bytes(b"abcd")
        (self.folder / "empty.txt").write_bytes(b"")
        (self.folder / "other.txt").write_bytes(b"abc\xfe" * 50)
        for settings, words in (
                ({"data.train": "missing.txt"}, "missing.txt: no such file"),
                ({"data.train": "short.txt"}, "short.txt: has 4 bytes, too few for data.context = 4 and the byte behind it"),
                ({"data.train": "empty.txt"}, "empty.txt: has 0 bytes"),
                ({"data.test": "short.txt"}, "short.txt: has 4 bytes"),
                ({"model.embedding": "none"}, "holds bytes (data.format), which are tokens and no numbers"),
                ({"model.vocabulary": 200}, "data.format = bytes has tokens 0 to 255"),
                ({"data.standardize": "true"}, "data.standardize = true has nothing to do"),
                ({"data.split": "random"}, "set data.split = position"),
                ({"data.weights": "w"}, "bytes have neither weights"),
                ({"model.classes": 254, "data.validation_fraction": 0}, ": class 255 is out of range 0..253")):
            with self.subTest(settings):
                message = self.refuse(["train", *program.options({**SETTINGS, **settings})], ranks=2)
                self.assertIn(words, message)
        place = self.text.index(b"\xff", CONTEXT)
        self.assertIn(f"byte {place} (counted from 0): class 255", message)
        self.digest({})
        message = self.refuse(["train", "--resume", *program.options({**SETTINGS, "data.context": 5})])
        self.assertIn("data.context = 4, now 5", message)


if __name__ == "__main__":
    unittest.main()
