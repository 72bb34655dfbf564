#!/usr/bin/env python3
"""Several HDF5 or IDX files as one data set: the bits of one file with all rows; faults name the file."""

import pathlib
import struct
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

ROWS, INPUTS = 403, 9
CUTS = (1, 150, 151, 400)  # files of 1, 149, 1, 249 and 3 rows


class SeveralFilesTest(program.ProgramTest):
    FILES = "part-*.h5"

    def setUp(self):
        super().setUp()
        random = numpy.random.default_rng(3)
        self.targets = (numpy.arange(ROWS) % 3).astype("int32")
        centres = random.normal(size=(3, INPUTS))
        self.features = (5 * centres[self.targets] + random.normal(size=(ROWS, INPUTS)) + 2).astype("float32")
        self.weights = (numpy.arange(ROWS) % 4).astype("float32")

    def cut(self, write):
        """write(name, rows), once for all rows and once for each file."""
        write("whole", slice(0, ROWS))
        for number, (first, last) in enumerate(zip((0, *CUTS), (*CUTS, ROWS))):
            write(f"part-{number}", slice(first, last))

    def write_dense(self, name, rows):
        toy.write(self.folder / f"{name}.h5", self.features[rows], self.targets[rows])
        with h5py.File(self.folder / f"{name}.h5", "a") as file:
            file["weights"] = self.weights[rows]

    def settings(self, directory="run", **more):
        return {"data.shards": 6, "data.standardize": "true", "data.block_rows": 16, "model.layers": 4,
                "optimizer.batch_size": 50, "optimizer.learning_rate": 0.05, "checkpoint.directory": directory,
                "stop.max_epochs": 2, **{key.replace("__", "."): value for key, value in more.items()}}

    def assert_same_as_whole(self, whole="whole.h5", files=None, ranks=(1, 2, 3, 4), **more):
        files = files or self.FILES
        keys = ["data__train"] + [key for key, value in more.items() if value == "FILES"]
        reference = self.digest_in(self.train(self.settings("whole", **{
            **more, **{key: whole for key in keys}, "data__memory": "unlimited"})).stdout)
        for count in ranks:
            with self.subTest(ranks=count, files=files, **more):
                outcome = self.train(self.settings("parts", **{**more, **{key: files for key in keys}}), count)
                self.assertEqual("streamed" in outcome.stdout, "data__memory" in more, outcome)
                self.assertEqual(self.digest_in(outcome.stdout), reference)


class Hdf5Test(SeveralFilesTest):
    def test_dense_rows(self):
        self.cut(self.write_dense)
        self.assert_same_as_whole()
        self.assert_same_as_whole(ranks=[2], files="part-0.h5, part-[12].h5,part-3.h5,part-4.h5",
                                  data__weights="weights", data__test="FILES")
        self.assert_same_as_whole(ranks=[3], data__validation_fraction=0.3, data__weights="weights",
                                  run__precision="double")

    def test_sparse_rows(self):
        self.features[numpy.random.default_rng(4).random(self.features.shape) < 0.7] = 0
        self.features[2:9] = 0
        self.cut(lambda name, rows: toy.write_sparse(self.folder / f"{name}.h5", self.features[rows],
                                                     self.targets[rows]))
        self.assert_same_as_whole()
        self.assert_same_as_whole(ranks=[3], data__validation_fraction=0.3)

    def test_more_files_than_may_be_open(self):
        for row in range(ROWS):
            self.write_dense(f"row-{row:03}", slice(row, row + 1))
        self.write_dense("whole", slice(0, ROWS))
        settings = self.settings("many", data__train="row-*.h5", data__memory="10kB", stop__max_epochs=1)
        words = program.command(["train", *program.options(settings)], None)
        outcome = program.run_command(["bash", "-c", 'ulimit -n 200 && exec "$@"', "bash", *words], timeout=120,
                                      cwd=self.folder)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("streamed", outcome.stdout)
        self.assertEqual(self.digest_in(outcome.stdout), self.digest_in(self.train(self.settings(
            "whole", data__train="whole.h5", stop__max_epochs=1)).stdout))

    def test_larger_than_memory(self):
        self.cut(self.write_dense)
        self.assert_same_as_whole(ranks=(1, 2, 3, 4), data__memory="10kB", data__weights="weights",
                                  data__validation="FILES")
        self.cut(lambda name, rows: toy.write_sparse(self.folder / f"{name}.h5", self.features[rows],
                                                     self.targets[rows]))
        self.assert_same_as_whole(ranks=[2], data__memory="12kB")

    def test_other_commands_take_them(self):
        self.cut(self.write_dense)
        self.train(self.settings(data__train=self.FILES))
        checkpoint = f"--checkpoint={checkpoints.checkpoint(self.folder / 'run', 18)}"
        whole, parts = (self.succeed(["evaluate", checkpoint, f"--data.test={files}"], ranks).stdout
                        for files, ranks in (("whole.h5", 1), (self.FILES, 3)))
        self.assertIn(f"({ROWS} samples)", parts)
        self.assertEqual(parts, whole.replace("whole.h5", self.FILES))
        for files, ranks, output in (("whole.h5", 1, "whole.csv"), (self.FILES, 3, "parts.csv")):
            self.succeed(["predict", checkpoint, f"--input={files}", f"--output={output}"], ranks)
        self.assertEqual((self.folder / "parts.csv").read_text(), (self.folder / "whole.csv").read_text())
        message = self.refuse(["predict", checkpoint, f"--input={self.FILES}", "--output=part-1.h5"], 2)
        self.assertIn("--output part-1.h5: would replace the file that is read", message)

    def test_inspect(self):
        self.features[151, 4] = numpy.nan  # the first row of part 3
        self.cut(self.write_dense)
        whole, parts = (self.succeed(["inspect", files]).stdout for files in ("whole.h5", self.FILES))
        for number in range(5):
            self.assertIn(f"data file part-{number}.h5\n  /features  ", parts)
        self.assertEqual(parts[parts.index("\n\n"):].replace("part-3.h5, /features at row 0", "/features at row 151"),
                         whole[whole.index("\n\n"):])
        self.assertIn("part-3.h5, /features at row 0", parts)

    def test_faults_name_the_file(self):
        self.cut(self.write_dense)
        train = ["train", *program.options(self.settings(data__train="part-0.h5,part-3.h5", data__standardize="false",
                                                         data__weights="weights"))]

        def refused(ranks=1):
            return self.refuse(train, ranks)

        def change(dataset, row, value):
            with h5py.File(self.folder / "part-3.h5", "a") as file:
                before = file[dataset][row]
                file[dataset][row] = value
            return before

        for dataset, value, expected in (
                ("features", numpy.nan, "data.train = part-3.h5: /features holds NaN at row 17, column 0"),
                ("targets", -1,
                 "data.train = part-0.h5,part-3.h5: part-3.h5, /targets at row 17 (counted from 0): class -1 is"),
                ("weights", -2, "/weights at row 17 (counted from 0): -2 is no weight")):
            before = change(dataset, 17, value)
            for ranks in (1, 3):
                self.assertIn(expected, refused(ranks))
            change(dataset, 17, before)

    def test_files_that_do_not_belong_together(self):
        toy.write(self.folder / "a.h5", self.features, self.targets)
        toy.write(self.folder / "narrow.h5", self.features[:, :8], self.targets)
        toy.write(self.folder / "wide.h5", self.features, self.features[:, :2])
        toy.write_sparse(self.folder / "sparse.h5", self.features, self.targets)
        (self.folder / "text.csv").write_text("1,2\n")
        for name, expected in (
                ("narrow.h5", "data.train = narrow.h5: has 8 features and 1 target column, a.h5 has 9 features and 1 "
                              "target column; files of one data set have the same columns"),
                ("wide.h5", "data.train = wide.h5: has 9 features and 2 target columns, a.h5 has"),
                ("sparse.h5", "data.train = sparse.h5: has 9 sparse features and 1 target column, a.h5 has 9 features"),
                ("text.csv", "data.train = text.csv: is not an HDF5 file"),
                ("missing.h5", "data.train = missing.h5: no such file"),
                ("none-*.h5", "data.train = none-*.h5: fits no file")):
            for ranks in (1, 2):
                message = self.refuse(["train", *program.options(self.settings(data__train=f"a.h5,{name}"))], ranks)
                self.assertIn(expected, message)
        for name, cut in (("a", 4), ("b", 5)):
            with h5py.File(self.folder / f"side-{name}.h5", "w") as file:
                file["x"], file["z"], file["targets"] = self.features[:, :cut], self.features[:, cut:], self.targets
        message = self.refuse(["train", *program.options(self.settings(
            data__train="side-a.h5,side-b.h5", data__features="x,z"))], 2)
        self.assertIn("data.train = side-b.h5: has other columns than side-a.h5: /x with 5, /z with 4, /targets with "
                      "1; not /x with 4, /z with 5, /targets with 1", message)
        toy.write(self.folder / "b.h5", self.features.astype("float64"), self.targets)
        outcome = self.train(self.settings(data__train="a.h5,b.h5"), 2)
        note = ("cauchy: note: data.train = b.h5: /features of float64, /targets of int32; a.h5 holds /features of "
                "float32, /targets of int32")
        self.assertEqual(outcome.stderr.count(note), 1, outcome)

    def test_converted_files_agree_about_texts(self):
        for name, colours in (("a", "rgb"), ("b", "grr"), ("c", "rgy")):
            rows = "".join(f"{colour},{number % 4}\n" for number, colour in enumerate(colours * 9))
            (self.folder / f"{name}.csv").write_text("colour,y\n" + rows)
            self.succeed(["convert", "--from=csv", f"--input={name}.csv", f"--output={name}.h5",
                          *(["--like=a.h5"] if name == "b" else [])])
        outcome = self.train(self.settings(data__train="a.h5,b.h5", data__standardize="false"), 2)
        self.assertIn("data        54 samples", outcome.stdout)
        message = self.refuse(["train", *program.options(self.settings(data__train="a.h5,c.h5"))], 2)
        self.assertIn("data.train = c.h5: does not say the same as a.h5 about how texts became numbers; `cauchy "
                      "convert --like=a.h5`", message)


class IdxTest(SeveralFilesTest):
    FILES = "part-*-images"

    def setUp(self):
        super().setUp()
        self.images = numpy.random.default_rng(6).integers(0, 256, size=(ROWS, 3, 3))
        self.cut(self.write)

    def write(self, name, rows):
        for kind, values in (("images", self.images[rows]), ("labels", self.targets[rows])):
            shape = struct.pack(f">{values.ndim}I", *values.shape)
            (self.folder / f"{name}-{kind}").write_bytes(bytes([0, 0, 8, values.ndim]) + shape +
                                                         values.astype("uint8").tobytes())

    def test_images_and_the_labels_beside_them(self):
        self.assert_same_as_whole("whole-images")
        self.assert_same_as_whole("whole-images", ranks=[2], data__validation_fraction=0.3, data__test="FILES")

    def test_labels_that_are_named(self):
        for number in range(5):
            (self.folder / f"part-{number}-labels").rename(self.folder / f"classes.{number}")
        self.train(self.settings("named", data__train=self.FILES, data__train_labels="classes.*"), 2)
        whole = self.train(self.settings("whole", data__train="whole-images")).stdout
        self.assertIn(self.digest_in(whole), self.succeed(["inspect", str(
            checkpoints.checkpoint(self.folder / "named", 18))]).stdout)
        for labels, expected in (
                ("classes.0,classes.1", "data.train_labels = classes.0,classes.1: names 2 files of labels, and "
                                        "data.train 5 of images"),
                ("", "data.train = part-0-images: is an IDX file without labels beside it")):
            message = self.refuse(["train", *program.options(self.settings(
                data__train=self.FILES, data__train_labels=labels))], 2)
            self.assertIn(expected, message)

    def test_faults_name_the_file(self):
        train = ["train", *program.options(self.settings(data__train=self.FILES, model__likelihood="bernoulli"))]
        self.assertIn("part-3-images, row 1 (counted from 0) of part-3-labels: 2 is ", self.refuse([
            "train", *program.options(self.settings(data__train="part-0-images,part-3-images",
                                                    model__likelihood="bernoulli"))], 2))
        (self.folder / "part-1-images").write_bytes((self.folder / "part-1-images").read_bytes()[:-1])
        self.assertIn("data.train = part-1-images: is 1356 bytes long", self.refuse(train, 2))


if __name__ == "__main__":
    unittest.main()
