#!/usr/bin/env python3
"""What hidden layers can be made of: the same bits on any number of ranks and threads, across stops within an epoch,
and contradictions that are told before the first step."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

SETTINGS = {"data.train": "train.h5", "data.validation": "train.h5", "data.shards": 5, "data.microbatch": 8,
            "model.layers": "12,12,7", "model.activation": "tanh", "optimizer.batch_size": 40,
            "optimizer.method": "momentum", "stop.max_steps": 10, "checkpoint.directory": "run"}
ALL = {"model.activation": "tanh,gelu,relu", "model.layer_norm": "true", "model.residual": "true",
       "model.dropout": 0.2}


class LayersTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 149)

    def digest(self, settings, ranks=1, more=()):
        return self.digest_in(self.train({**SETTINGS, **settings}, ranks, more).stdout)

    def test_the_same_bits_on_any_number_of_ranks_and_threads(self):
        seen = set()
        few, many = ((3, 1),), ((2, 1), (3, 1), (4, 1), (2, 2))
        for features, launches in (
                ({"model.activation": "tanh,gelu,relu"}, few), ({"model.layer_norm": "true"}, few),
                ({"model.residual": "true"}, few), ({"model.dropout": 0.2}, many), (ALL, many),
                ({**ALL, "run.precision": "bf16"}, few), ({**ALL, "run.precision": "double"}, few)):
            reference = self.digest({**features, "checkpoint.directory": "one"})
            self.assertNotIn(reference, seen, "an option that does nothing")
            seen.add(reference)
            for ranks, threads in launches:
                with self.subTest(features, ranks=ranks, threads=threads):
                    self.assertEqual(self.digest({**features, "run.threads": threads}, ranks), reference)

    def test_resumes_within_an_epoch_with_the_same_masks(self):
        """Of four steps an epoch; the run stops in the second and in the third."""
        features = {**ALL, "optimizer.batch_size": 40}
        reference = self.digest({**features, "checkpoint.directory": "whole"})
        self.digest({**features, "stop.max_steps": 5}, ranks=2)
        self.digest({**features, "stop.max_steps": 10 - 1}, ranks=3, more=["--resume"])
        self.assertEqual(self.digest(features, ranks=1, more=["--resume"]), reference)
        self.assertEqual(checkpoints.untimed(checkpoints.metrics(self.folder / "run")),
                         checkpoints.untimed(checkpoints.metrics(self.folder / "whole")))

    def test_a_step_that_is_repeated_has_the_same_masks(self):
        """The first step always is. With other masks the second pass would not fit the units of the first, or give
        another Θ than a sum that needs no units."""
        one_step = {**ALL, "run.precision": "double", "stop.max_steps": 1}
        self.digest({**one_step, "checkpoint.directory": "exact"})
        self.digest({**one_step, "run.reduction": "float", "checkpoint.directory": "float"})
        rows = [checkpoints.metrics(self.folder / name)[-1] for name in ("exact", "float")]
        self.assertEqual([row["repetitions"] for row in rows], ["1", "0"])
        # Two sums of the same doubles, in two orders.
        norms = [float(row["gradient_norm"]) for row in rows]
        self.assertLess(abs(norms[0] / norms[1] - 1), 1e-12)

    def test_evaluation_leaves_nothing_out(self):
        self.digest({**ALL, "model.dropout": 0.5})
        last = checkpoints.metrics(self.folder / "run")[-1]
        command = ["evaluate", "--checkpoint=run/checkpoint-00000010.h5", "--data.test=train.h5"]
        texts = [self.succeed(command, ranks).stdout for ranks in (1, 2)]
        self.assertEqual(texts[0], texts[1])
        self.train({**SETTINGS, **ALL, "model.dropout": 0, "model.initial": "run/checkpoint-00000010.h5",
                    "stop.max_steps": 1, "optimizer.learning_rate": 1e-30, "checkpoint.directory": "plain"})
        plain = checkpoints.metrics(self.folder / "plain")[-1]
        without = self.succeed(["evaluate", "--checkpoint=plain/checkpoint-00000001.h5", "--data.test=train.h5"]).stdout
        self.assertEqual(re.search(r"NLL +(\S+)", texts[0])[1], re.search(r"NLL +(\S+)", without)[1])
        self.assertNotEqual(last["nll"], plain["nll"])

    def test_contradictions_are_told(self):
        for settings, words in (
                ({"model.activation": "tanh,relu"}, "names 2 activations for 3 hidden layers"),
                ({"model.activation": ""}, "names 0 activations"),
                ({"model.activation": "tanh,rely,relu"}, 'has an element "rely"'),
                ({"model.residual": "true", "model.layers": "12,7"}, "needs a hidden layer that is as wide"),
                ({"model.residual": "true", "model.layers": "5"}, "needs a hidden layer that is as wide"),
                ({"model.layer_norm": "true", "model.layers": ""}, "model.layer_norm = true needs hidden layers"),
                ({"model.layer_norm": "true", "model.layers": "8,1"}, "width 1"),
                ({"model.dropout": 0.5, "model.layers": ""}, "model.dropout needs hidden layers"),
                ({"model.dropout": 1}, "model.dropout = \"1\" is out of range"),
                ({"model.dropout": -0.1}, "model.dropout = \"-0.1\" is out of range")):
            message = self.refuse(["train", *program.options({**SETTINGS, **settings})], ranks=2)
            self.assertIn(words, message)
        self.assertEqual(self.files(), ["train.h5"])

    def test_a_checkpoint_keeps_what_the_layers_are(self):
        self.digest(ALL)
        for key, value in (("model.dropout", 0.3), ("model.layer_norm", "false"), ("model.residual", "false"),
                           ("model.activation", "tanh,gelu,tanh")):
            message = self.refuse(["train", "--resume", *program.options({**SETTINGS, **ALL, key: value})])
            self.assertIn(key, message)
        shown = self.succeed(["inspect", "run/checkpoint-00000010.h5"]).stdout
        for text in ("/parameters/norm_2/gain  12", "/parameters/norm_3/intercepts  7", "dropout = 0.2",
                     "activation = tanh, gelu, relu"):
            self.assertIn(text, shown)
        self.assertNotIn("dense_1/intercepts", shown)


if __name__ == "__main__":
    unittest.main()
