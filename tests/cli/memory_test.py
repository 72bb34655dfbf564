#!/usr/bin/env python3
"""A rank takes the memory that the start of the log predicts: within 15 %, which leaves room for other versions of the
libraries and for larger pages; the figures themselves are made of the sizes of what is allocated."""

import pathlib
import re
import sys
import unittest

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program
import toy

WRAPPER = pathlib.Path(__file__).resolve().parents[1] / "support" / "peak_memory.py"
SETTINGS = {"data.train": "train.h5", "data.shards": 4, "model.likelihood": "gaussian", "optimizer.batch_size": 64,
            "optimizer.learning_rate": 1e-6, "stop.max_steps": 3, "checkpoint.directory": "run"}
# 9 million parameters: the libraries are a sixth.
NETWORK = {"model.layers": "3000,2500"}
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


class MemoryTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.gaussian(self.folder / "train.h5", 512, inputs=500)
        toy.gaussian(self.folder / "wide.h5", 512, inputs=2000, columns=2000)
        toy.gaussian(self.folder / "long.h5", 100000, inputs=300)
        random = numpy.random.default_rng(0)
        features = random.random((100000, 300), dtype="float32") * (random.random((100000, 300), dtype="float32") < 0.3)
        toy.write_sparse(self.folder / "sparse.h5", features, features[:, :1])
        words = "".join(f"w{row},x{row},y{row},{row}\n" for row in range(4000))
        (self.folder / "words.csv").write_text("a,b,c,target\n" + words)

    def measure(self, settings, ranks):
        """(predicted, measured) bytes of each rank."""
        words = program.command(["train", *program.options({**SETTINGS, **settings})], ranks)
        place = words.index(program.EXECUTABLE)
        words[place:place] = [sys.executable, "-B", str(WRAPPER), str(self.folder / "peak")]
        outcome = program.run_command(words, cwd=self.folder)
        self.assertEqual(outcome.code, 0, outcome)
        text = re.search(r"(?m)^memory +(\d.*)", outcome.stdout)[1]
        predicted = [float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+) (\wiB)", text)]
        self.assertEqual(len(predicted), min(2, ranks), text)
        return [(predicted[min(rank, 1)], int((self.folder / f"peak-{rank}").read_text())) for rank in range(ranks)]

    def check(self, settings, ranks):
        with self.subTest(settings, ranks=ranks):
            for rank, (predicted, measured) in enumerate(self.measure(settings, ranks)):
                self.assertLess(abs(measured / predicted - 1), 0.15, f"rank {rank}: {measured} of {predicted:.0f} bytes")

    def test_one_rank(self):
        for settings in ({"data.train": "wide.h5"}, {"data.train": "sparse.h5", "optimizer.batch_size": "full"},
                         {"data.train": "long.h5", "optimizer.batch_size": 5000},
                         {"data.train": "words.csv", "data.categories": "embedded", "model.embedding": 512},
                         {"data.train": "long.h5", "optimizer.batch_size": 5000, "data.microbatch": 5000,
                          "data.shards": 1, "model.layers": "1000,1000", "model.layer_norm": "true",
                          "model.residual": "true", "model.dropout": 0.1},
                         {"data.train": "wide.h5", "optimizer.method": "newton_cg", "optimizer.batch_size": "full"},
                         {**NETWORK, "optimizer.method": "momentum"}, {**NETWORK, "run.precision": "double"}):
            self.check(settings, 1)

    def test_two_ranks(self):
        for settings in (NETWORK, {**NETWORK, "optimizer.method": "adam", "optimizer.sharded": "true"},
                         {**NETWORK, "run.threads": 2, "checkpoint.every_steps": 1},
                         {**NETWORK, "run.precision": "bf16", "data.validation": "train.h5"}):
            self.check(settings, 2)


if __name__ == "__main__":
    unittest.main()
