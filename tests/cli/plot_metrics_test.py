#!/usr/bin/env python3
"""scripts/plot_metrics.py draws every curve of metrics.csv, of one run and of several, finished or not."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import pictures
import program
import toy


class PlotMetricsTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 40)
        self.settings = {"data.train": "train.h5", "model.layers": 3, "optimizer.batch_size": 10,
                         "output.every_steps": 1, "checkpoint.directory": "first"}
        self.train({**self.settings, "data.validation": "train.h5", "data.test": "train.h5", "stop.max_steps": 6}, None)
        self.rows = checkpoints.metrics(self.folder / "first")

    def svg(self, *arguments):
        pictures.draw(self, "plot_metrics.py", [*arguments, "--output", "picture.svg"])
        return pictures.Svg(self.folder / "picture.svg")

    def refuse_to_draw(self, words, *arguments):
        self.assertIn(words, pictures.draw(self, "plot_metrics.py", arguments, code=2).stderr)

    def test_curves(self):
        self.assertEqual([row["validation_nll"] != "" for row in self.rows], [False, False, False, True, False, False])
        found = self.svg("first")
        self.assertEqual(found.curves, {
            "NLL-training-first": 6, "NLL-validation-first": 1, "NLL-test-first": 1, "gradient norm-training-first": 6,
            "learning rate-training-first": 6, "accuracy-validation-first": 1, "accuracy-test-first": 1})
        for text in ("step", "NLL", "gradient norm", "learning rate", "accuracy", "first, validation"):
            self.assertIn(text, found.texts)

        # Another run with a last line that is being written, and without validation data.
        (self.folder / "second").mkdir()
        lines = (self.folder / "first" / "metrics.csv").read_text().splitlines(keepends=True)
        keep = [i for i, name in enumerate(lines[0].strip().split(",")) if not name.startswith(("validation", "test"))]
        cut = [",".join(line.rstrip("\n").split(",")[i] for i in keep) + "\n" for line in lines]
        text = "".join(cut[:5]) + cut[5][:7]
        (self.folder / "second" / "metrics.csv").write_text(text)
        both = self.svg("first", "second/metrics.csv", "--x", "epoch")
        self.assertEqual(both.curves, {**found.curves, "NLL-training-second": 4, "gradient norm-training-second": 4,
                                       "learning rate-training-second": 4})
        self.assertIn("epoch", both.texts)
        pictures.draw(self, "plot_metrics.py", ["first", "--output", "picture.png"])
        self.assertGreater(min(pictures.png_size(self.folder / "picture.png")), 500)

    def test_mistakes(self):
        (self.folder / "empty.csv").touch()
        (self.folder / "header.csv").write_text(",".join(self.rows[0]) + "\n1,0,")
        (self.folder / "other.csv").write_text("a,b\n1,2\n")
        self.refuse_to_draw("none: No such file", "none")
        self.refuse_to_draw("empty.csv: is empty", "first", "empty.csv")
        self.refuse_to_draw("header.csv: has no rows yet", "header.csv")
        self.refuse_to_draw("other.csv: is no metrics.csv of cauchy train: it has no column step", "other.csv")
        self.refuse_to_draw("train.h5: is no metrics.csv of cauchy train: it is not text", "train.h5")
        self.refuse_to_draw("must end in .png or .svg", "first", "--output", "picture.jpeg")
        self.assertEqual(list(self.folder.glob("*.png")), [])


if __name__ == "__main__":
    unittest.main()
