#!/usr/bin/env python3
"""evaluate, inspect, convert, and what train shows while it runs and when it diverges."""

import gzip
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy


class CommandsTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 60)
        toy.categorical(self.folder / "test.h5", 31, seed=5)

    def settings(self, **more):
        return {"data.train": "train.h5", "data.shards": 5, "model.layers": "6", "model.activation": "tanh",
                "optimizer.batch_size": 15, "stop.max_steps": 10, "checkpoint.directory": "run",
                **{key.replace("__", "."): value for key, value in more.items()}}


class EvaluateTest(CommandsTest):
    def numbers(self, text, metric):
        return [float(re.search(rf"^{name} +(\S+)$", text, re.MULTILINE).group(1)) for name in ("NLL", metric)]

    def test_the_same_on_any_number_of_ranks_and_equal_to_numpy(self):
        self.train(self.settings(data__test="test.h5", data__standardize="true", run__precision="double"), 2)
        checkpoint = "run/checkpoint-00000010.h5"
        # Six ranks: more than shards, which is fine where nothing is trained.
        texts = {self.succeed(["evaluate", "--checkpoint", checkpoint], ranks).stdout for ranks in (1, 2, 3, 4, 6)}
        self.assertEqual(len(texts), 1)
        nll, accuracy = self.numbers(texts.pop(), "accuracy")

        train_features, _ = checkpoints.read_data(self.folder / "train.h5")
        features, targets = checkpoints.read_data(self.folder / "test.h5")
        # Standardised with the mean and the deviation of the training data.
        features = (features - train_features.mean(axis=0)) / train_features.std(axis=0)
        network = checkpoints.layers(self.folder / checkpoint)
        # Ten digits are printed.
        numpy.testing.assert_allclose(nll, checkpoints.categorical_nll(network, features, targets), rtol=1e-9)
        predicted = checkpoints.forward(network, features)[-1].argmax(axis=1)
        self.assertAlmostEqual(accuracy, (predicted == targets).mean(), places=9)
        row = checkpoints.metrics(self.folder / "run")[-1]
        numpy.testing.assert_allclose([float(row["test_nll"]), float(row["test_accuracy"])], [nll, accuracy],
                                      rtol=1e-9)

    def test_gaussian(self):
        toy.gaussian(self.folder / "train.h5", 60, columns=3)
        toy.gaussian(self.folder / "test.h5", 20, columns=3, seed=5)
        self.train(self.settings(model__likelihood="gaussian", run__precision="double"), 2)
        checkpoint = "run/checkpoint-00000010.h5"
        texts = {self.succeed(["evaluate", "--checkpoint", checkpoint, "--data.test=test.h5"], ranks).stdout
                 for ranks in (1, 3)}
        self.assertEqual(len(texts), 1)
        nll, rmse = self.numbers(texts.pop(), "rmse")
        features, targets = checkpoints.read_data(self.folder / "test.h5")
        network = checkpoints.layers(self.folder / checkpoint)
        numpy.testing.assert_allclose(nll, checkpoints.gaussian_nll(network, features, targets), rtol=1e-9)
        residuals = checkpoints.forward(network, features)[-1] - targets
        numpy.testing.assert_allclose(rmse, numpy.sqrt((residuals**2).mean()), rtol=1e-9)

    def test_other_data(self):
        self.train(self.settings(data__test="test.h5"))
        outcome = self.succeed(["evaluate", "--checkpoint=run/checkpoint-00000010.h5", "--data.test=train.h5"], 2)
        self.assertIn("train.h5 (60 samples)", outcome.stdout)

    def test_mistakes(self):
        self.train(self.settings())
        toy.categorical(self.folder / "wide.h5", 20, inputs=6)
        toy.categorical(self.folder / "classes.h5", 20, classes=5)
        checkpoint = "--checkpoint=run/checkpoint-00000010.h5"
        for ranks, code, arguments, words in (
                ((1, 3), 2, [checkpoint], ["data.test is not set"]),
                ((1, 4), 2, [checkpoint, "--data.test=wide.h5"], ["wide.h5", "6 features", "5 features"]),
                ((1, 4), 2, [checkpoint, "--data.test=classes.h5"], ["classes.h5", "row 3", "class 3"]),
                ((2,), 2, [checkpoint, "--data.test=nowhere.h5"], ["nowhere.h5", "no such file"]),
                ((2,), 2, [checkpoint, "--data.test=test.h5", "--model.layers=7"], ["model.layers = 6, now 7"]),
                ((2,), 2, [checkpoint, "--data.test=test.h5", "--run.precision=double"], ["run.precision"]),
                ((1,), 2, [checkpoint, "--data.tset=test.h5"], ["did you mean data.test?"]),
                ((2,), 4, ["--checkpoint=test.h5", "--data.test=test.h5"], ["test.h5", "not a checkpoint"]),
                ((2,), 2, [checkpoint, "--data.test=test.h5", "--data.shards=auto"], ["data.shards"]),
                ((1, 3), 2, ["--checkpoint=nowhere.h5"], ["nowhere.h5", "no such file"])):
            for count in ranks:
                with self.subTest(arguments=arguments, ranks=count):
                    message = self.refuse(["evaluate", *arguments], count, code)
                    for word in words:
                        self.assertIn(word, message)


    def test_an_environment_of_another_run_is_told(self):
        self.train(self.settings())
        outcome = self.run_program(["evaluate", "--checkpoint=run/checkpoint-00000010.h5", "--data.test=test.h5"], 1,
                                   environment={"CAUCHY_MODEL__ACTIVATION": "sigmoid"})
        self.assertEqual(outcome.code, 2, outcome)
        self.assertIn("model.activation", outcome.stderr)


class InspectTest(CommandsTest):
    def test_checkpoint(self):
        for precision in ("float", "double"):
            trained = self.train(self.settings(run__precision=precision, optimizer__method="momentum",
                                               model__layers="12,7"))
            path = self.folder / "run" / "checkpoint-00000010.h5"
            text = self.succeed(["inspect", path], 2).stdout
            self.assertEqual(text.count("parameters digest"), 1)
            self.assertEqual(self.digest_in(text), self.digest_in(trained.stdout))
            self.assertEqual(self.digest_in(text), checkpoints.digest(path))
            for word in ("step 10, epoch 2, 150 samples used", "/parameters/dense_1/weights  5 × 12", "undamaged",
                         "/parameters/output/intercepts  3", "learning_rate = 0.1", f"precision = {precision}",
                         "187 in all"):
                self.assertIn(word, text)

    def test_digest_sees_every_bit_and_ends_where_files_are_damaged(self):
        self.train(self.settings())
        path = self.folder / "run" / "checkpoint-00000010.h5"
        whole = path.read_bytes()
        for name, content in (("short", whole[:300]), ("half", whole[:len(whole) // 2]), ("long", whole + b"x"),
                              ("bit", whole[:9000] + bytes([whole[9000] ^ 4]) + whole[9001:]),
                              ("last", whole[:-1] + bytes([whole[-1] ^ 1])),
                              ("line", whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]),
                              ("empty", b""), ("text", b"no checkpoint\n" * 100 + b"and no table\n")):
            with self.subTest(name=name):
                (self.folder / name).write_bytes(content)
                outcome = self.run_program(["inspect", name], ranks=None)
                self.assertIn(outcome.code, (2, 4), outcome)
                self.assertEqual(outcome.stderr.count("cauchy: error"), 1, outcome)
                self.assertIn(name, outcome.stderr)
                self.assertNotIn("digest", outcome.stdout)

    def test_data_file(self):
        text = self.succeed(["inspect", "train.h5"], None).stdout
        self.assertRegex(text, r"(?m)^  /features  60 × 5  float32$")
        self.assertRegex(text, r"(?m)^  /targets  60  int32$")

    def test_what_is_no_file(self):
        for name in ("nowhere.h5", "."):
            outcome = self.run_program(["inspect", name], ranks=None)
            self.assertIn(outcome.code, (2, 4), outcome)
            self.assertIn(name, outcome.stderr)


def idx(values, code=0x08, layout="B"):
    shape = numpy.shape(values)
    flat = numpy.ravel(values)
    return (bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) +
            struct.pack(f">{len(flat)}{layout}", *flat))


class ConvertTest(CommandsTest):
    def setUp(self):
        super().setUp()
        self.images = numpy.random.default_rng(7).integers(0, 256, size=(10, 4, 3))
        self.labels = numpy.arange(10) % 3

    def convert(self, images, labels, output="out.h5", ranks=None, options=()):
        (self.folder / "images").write_bytes(images)
        (self.folder / "labels").write_bytes(labels)
        return self.run_program(["convert", "--from", "idx", "--input", "images", "--targets", "labels", "--output",
                                 output, *options], ranks)

    def test_plain_and_gzipped_images(self):
        results = []
        for name, pack, ranks in (("plain.h5", bytes, 2), ("packed.h5", gzip.compress, None)):
            outcome = self.convert(pack(idx(self.images)), pack(idx(self.labels)), name, ranks)
            self.assertEqual(outcome.code, 0, outcome)
            self.assertEqual(outcome.stdout.count("wrote"), 1)
            with h5py.File(self.folder / name, "r") as file:
                self.assertEqual(file["features"].dtype, numpy.uint8)
                numpy.testing.assert_array_equal(file["features"][()], self.images.reshape(10, 12))
                numpy.testing.assert_array_equal(file["targets"][()], self.labels)
            results.append((self.folder / name).read_bytes())
        self.assertEqual(*results)
        self.train(self.settings(data__train="plain.h5"), 3)

    def test_compressed(self):
        options = ["--compress=5", "--data.block_rows=5"]
        self.assertEqual(self.convert(idx(self.images), idx(self.labels), options=options).code, 0)
        with h5py.File(self.folder / "out.h5", "r") as file:
            for name, values in (("features", self.images.reshape(10, 12)), ("targets", self.labels)):
                self.assertEqual((file[name].chunks[0], file[name].compression_opts), (5, 5))
                numpy.testing.assert_array_equal(file[name][()], values)

    def test_what_is_read_is_not_replaced(self):
        for output in ("images", "labels"):
            outcome = self.convert(idx(self.images), idx(self.labels), output)
            self.assertEqual(outcome.code, 2, outcome)
            self.assertIn("would replace the file that is read", outcome.stderr)
        self.assertEqual((self.folder / "images").read_bytes(), idx(self.images))

    def test_numbers_of_other_types(self):
        for code, layout, dtype in ((0x09, "b", "int32"), (0x0B, "h", "int32"), (0x0C, "i", "int32"),
                                    (0x0D, "f", "float32"), (0x0E, "d", "float64")):
            with self.subTest(layout=layout):
                values = self.images.astype("int8") if layout in "bhi" else self.images / 8 - 3
                outcome = self.convert(idx(values, code, layout), idx(self.labels))
                self.assertEqual(outcome.code, 0, outcome)
                with h5py.File(self.folder / "out.h5", "r") as file:
                    self.assertEqual(file["features"].dtype, numpy.dtype(dtype))
                    numpy.testing.assert_array_equal(file["features"][()], values.reshape(10, 12))

    def test_mistakes(self):
        images, labels = idx(self.images), idx(self.labels)
        for name, first, second, word in (
                ("truncated", images[:-1], labels, "truncated"), ("header", images[:6], labels, "truncated"),
                ("longer", images + b"x", labels, "goes on"), ("magic", b"\1" + images[1:], labels, "not an IDX file"),
                ("type", images[:2] + b"\x07" + images[3:], labels, "type"), ("swapped", labels, images, "dimensions"),
                ("counts", images, idx(self.labels[:9]), "row counts differ"), ("empty", b"", labels, "images"),
                ("cut gzip", gzip.compress(images)[:-9], labels, "images"),
                ("none", idx(self.images[:0]), idx(self.labels[:0]), "no numbers")):
            with self.subTest(name=name):
                outcome = self.convert(first, second)
                self.assertEqual(outcome.code, 2, outcome)
                self.assertEqual(outcome.stderr.count("cauchy: error"), 1, outcome)
                self.assertIn(word, outcome.stderr)
                self.assertEqual([path for path in self.files() if "out.h5" in path], [])

    def damage(self, place, name="out.h5"):
        """Flips a bit of a copy, "damaged.h5"."""
        data = bytearray((self.folder / name).read_bytes())
        data[place] ^= 1
        (self.folder / "damaged.h5").write_bytes(data)

    def test_damage_is_told_wherever_the_file_is_used(self):
        self.convert(idx(self.images), idx(self.labels))
        self.succeed(["inspect", "out.h5"], None)
        self.damage((self.folder / "out.h5").read_bytes().index(self.images.astype("uint8").tobytes()) + 50)
        words = "damaged.h5: damaged: its check sum differs; the damage is in /features"
        for ranks in (1, 2, 3, 4):
            message = self.refuse(["train", *program.options(self.settings(data__train="damaged.h5"))], ranks)
            self.assertIn("data.train: " + words, message)
            self.assertIn("cauchy convert", message)
        for key in ("validation", "test"):
            settings = self.settings(data__train="out.h5", **{f"data__{key}": "damaged.h5"})
            self.assertIn(f"data.{key}: " + words, self.refuse(["train", *program.options(settings)], 2))
        self.assertEqual([path for path in self.files() if path.startswith("run/")], [])
        self.train(self.settings(data__train="out.h5"))
        self.assertIn(words, self.refuse(["evaluate", "--checkpoint=run/checkpoint-00000010.h5",
                                          "--data.test=damaged.h5"], 3))
        self.assertIn(words, self.refuse(["inspect", "damaged.h5"], None, code=4))

    def test_damage_of_the_check_lines_does_not_make_a_foreign_file(self):
        self.convert(idx(self.images), idx(self.labels))
        data = (self.folder / "out.h5").read_bytes()
        for place in (3, 60, 260, 511):
            self.damage(place)
            message = self.refuse(["train", *program.options(self.settings(data__train="damaged.h5"))], 2)
            self.assertIn("damaged.h5: damaged: the check lines in its first 512 bytes are not intact", message)
        (self.folder / "damaged.h5").write_bytes(bytes(512) + data[512:])
        for arguments, code in ((["train", *program.options(self.settings(data__train="damaged.h5"))], 2),
                                (["inspect", "damaged.h5"], 4)):
            self.assertIn("the check lines in its first 512 bytes are gone", self.refuse(arguments, None, code))

    def test_user_blocks_of_others_are_welcome(self):
        # As MATLAB writes them: 116 bytes of text, a version, the order of bytes.
        with h5py.File(self.folder / "matlab.h5", "w", userblock_size=512) as file:
            file["features"] = self.images.reshape(10, 12)
            file["targets"] = self.labels
        with open(self.folder / "matlab.h5", "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
        self.succeed(["inspect", "matlab.h5"], None)
        self.train(self.settings(data__train="matlab.h5"), 2)

    def test_missing_files_and_folders(self):
        arguments = ["convert", "--from=idx", "--input=nowhere", "--targets=labels", "--output=out.h5"]
        self.assertIn("nowhere", self.refuse(arguments, 3))
        self.convert(idx(self.images), idx(self.labels))
        outcome = self.convert(idx(self.images), idx(self.labels), "missing/out.h5")
        self.assertIn(outcome.code, (2, 4), outcome)
        self.assertIn("missing", outcome.stderr)


class DivergenceTest(CommandsTest):
    """Until numbers overflow; tests/cli/searching_test.py has the rule that ends a run long before."""

    def settings(self, **more):
        return super().settings(**{"stop__divergence_factor": 0, **more})

    def test_ends_with_code_3_and_earlier_checkpoints_stay(self):
        toy.gaussian(self.folder / "train.h5", 60)
        for ranks in (1, 2, 3, 4):
            directory = f"run{ranks}"
            message = self.refuse(["train", *program.options(
                self.settings(model__likelihood="gaussian", model__layers="", optimizer__learning_rate=1e4,
                              stop__max_steps=1000, checkpoint__directory=directory, checkpoint__every_steps=2,
                              checkpoint__keep=100))], ranks, code=3)
            step = int(re.search(r"diverged at step (\d+): ", message).group(1))
            self.assertIn("optimizer.learning_rate", message)
            saved = [name for name in self.files(directory) if name.startswith("checkpoint-")]
            self.assertGreaterEqual(len(saved), 2)
            for name in saved:
                self.assertLess(int(name[11:19]), step)
                for values in checkpoints.tensors(self.folder / directory / name).values():
                    self.assertTrue(numpy.isfinite(values).all())
                self.assertEqual(self.run_program(["inspect", f"{directory}/{name}"], None).code, 0)
            for row in checkpoints.metrics(self.folder / directory):
                self.assertTrue(numpy.isfinite(float(row["nll"])), row)

    def diverge(self, directory, ranks, **more):
        """A run that diverges. The step, the message, and the names of its checkpoints."""
        more = {"checkpoint__every_steps": 4, "stop__max_steps": 1000, **more}
        settings = self.settings(checkpoint__directory=directory, **more)
        outcome = self.run_program(["train", *program.options(settings)], ranks)
        self.assertEqual(outcome.code, 3, outcome)
        self.assertEqual(outcome.stderr.count("cauchy: error"), 1, outcome)
        step = int(re.search(r"diverged at step (\d+): ", outcome.stderr).group(1))
        saved = [name for name in self.files(directory) if name.startswith("checkpoint-")]
        self.assertIn(f"step {step - 2}, is in {directory}/checkpoint-{step - 2:08}.h5", outcome.stderr)
        return step, outcome.stderr, saved

    def test_the_last_proved_state_is_saved_and_no_good_one_lost(self):
        toy.gaussian(self.folder / "train.h5", 60)
        for method in ("gradient_descent", "momentum"):
            settings = {"model__likelihood": "gaussian", "model__layers": "", "optimizer__learning_rate": 1e4,
                        "optimizer__method": method, "checkpoint__keep": 2}
            for ranks, reduction, sharded in ((1, "exact", "false"), (2, "float", "false"), (3, "exact", "true"),
                                              (4, "exact32", "true")):
                directory = f"{method}{ranks}"
                step, message, saved = self.diverge(directory, ranks, run__reduction=reduction,
                                                    optimizer__sharded=sharded, **settings)
                self.assertRegex(message, r"diverged at step \d+: (the gradient of output/\w+|the NLL) is NaN.* in shard \d")
                # The gradient or loss at the Θ of `step - 1` steps is not finite; that of one step less was.
                last = f"checkpoint-{step - 2:08}.h5"
                kept = sorted({4 * ((step - 2) // 4) - 4, 4 * ((step - 2) // 4), step - 2})
                self.assertEqual(saved, [f"checkpoint-{number:08}.h5" for number in kept])
                # It is what a run that was told to stop there leaves, metrics apart.
                self.train(self.settings(checkpoint__directory=f"{directory}-stopped", stop__max_steps=step - 2,
                                         run__reduction=reduction, **settings), ranks)
                self.assertEqual(checkpoints.differences(self.folder / directory / last,
                                                         self.folder / f"{directory}-stopped" / last), [])
                # From there it goes on as it did.
                outcome = self.run_program(["train", "--resume", *program.options(self.settings(
                    checkpoint__directory=directory, stop__max_steps=1000, run__reduction=reduction, **settings))], ranks)
                self.assertEqual(outcome.code, 3, outcome)
                self.assertIn(f"diverged at step {step}: ", outcome.stderr)

    def test_error_feedback_begins_anew_at_the_last_proved_state(self):
        toy.gaussian(self.folder / "train.h5", 60)
        settings = {"model__likelihood": "gaussian", "model__layers": "", "optimizer__learning_rate": 1e4,
                    "run__reduction": "exact16"}
        left = {}
        for ranks in (1, 3):
            step, _, saved = self.diverge(f"run{ranks}", ranks, **settings)
            left[ranks] = [(self.folder / f"run{ranks}" / name).read_bytes() for name in saved]
            for name in saved[-2:]:
                values = checkpoints.tensors(self.folder / f"run{ranks}" / name, "reduction/residuals/0")
                self.assertEqual(any(tensor.any() for tensor in values.values()), name != f"checkpoint-{step - 2:08}.h5")
            self.refuse(["train", "--resume", *program.options(self.settings(
                checkpoint__directory=f"run{ranks}", stop__max_steps=1000, **settings))], ranks, code=3)
        self.assertEqual(left[1], left[3])

    def test_only_proved_states_are_kept(self):
        """A step so long that the loss after it is NaN, though each parameter is finite."""
        common = {"model__layers": "6,6", "model__activation": "relu"}
        self.train(self.settings(checkpoint__directory="start", optimizer__learning_rate=1e-300, stop__max_steps=1,
                                 **common))
        for ranks in (1, 3):
            step, _, saved = self.diverge(f"far{ranks}", ranks, optimizer__learning_rate=1e30, **common)
            self.assertEqual(step, 2)
            self.assertEqual(saved, ["checkpoint-00000000.h5"])
            self.assertEqual(checkpoints.digest(self.folder / f"far{ranks}/checkpoint-00000000.h5"),
                             checkpoints.digest(self.folder / "start/checkpoint-00000001.h5"))

    def test_in_double_precision_and_by_the_penalty(self):
        """Numbers whose squares overflow are no end yet, and what is saved can go on."""
        toy.gaussian(self.folder / "train.h5", 60)
        for more in ({"model__likelihood": "gaussian", "model__layers": "", "run__precision": "double"},
                     {"model__l2": 1}, {"model__l2": 1e3, "model__activation": "relu"}):
            directory = f"run-{len(more)}-{more.get('model__l2')}"
            step, _, _ = self.diverge(directory, 2, checkpoint__keep=1, optimizer__learning_rate=1e3, **more)
            stopped = f"{directory}-stopped"
            self.train(self.settings(checkpoint__directory=stopped, stop__max_steps=step - 2,
                                     optimizer__learning_rate=1e3, **more), 3)
            self.assertEqual(checkpoints.differences(self.folder / directory / f"checkpoint-{step - 2:08}.h5",
                                                     self.folder / stopped / f"checkpoint-{step - 2:08}.h5"), [])
            toy.categorical(self.folder / "train.h5", 60)

    def test_a_last_step_that_nothing_proved_leaves_a_proved_one_beside_it(self):
        """The run ends one step before it would have seen that it diverges."""
        toy.gaussian(self.folder / "train.h5", 60)
        # The square of a residual overflows long before a parameter does.
        settings = {"model__likelihood": "gaussian", "model__layers": "", "optimizer__learning_rate": 1e4,
                    "run__precision": "double", "checkpoint__every_steps": 1, "checkpoint__keep": 1}
        step, _, _ = self.diverge("whole", 1, **{**settings, "checkpoint__every_steps": 4})
        self.train(self.settings(stop__max_steps=step - 1, **settings), 2)
        names = [f"checkpoint-{number:08}.h5" for number in (step - 2, step - 1)]
        self.assertEqual([name for name in self.files("run") if name.startswith("checkpoint-")], names)
        self.assertEqual((self.folder / "run" / names[0]).read_bytes(),
                         (self.folder / "whole" / names[0]).read_bytes())

    def test_nan_from_the_start_names_the_tensor_and_saves_nothing(self):
        toy.gaussian(self.folder / "train.h5", 60)
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file["features"][57] = 3e38  # in the last of five shards; its square is beyond a float
        for ranks in (1, 2, 3, 4):
            message = self.refuse(["train", *program.options(self.settings(
                model__likelihood="gaussian", model__layers="", optimizer__batch_size="full"))], ranks, code=3)
            self.assertIn("diverged at step 1: the gradient of output/weights is NaN, infinite or too large to be "
                          "summed in shard 4", message)
            self.assertEqual([name for name in self.files("run") if name.startswith("checkpoint-")], [])

    def test_divergence_in_the_last_step(self):
        for rate in (1e30, 1e300):
            message = self.refuse(["train", *program.options(self.settings(
                model__layers="6,6", model__activation="relu", optimizer__learning_rate=rate, stop__max_steps=1,
                data__test="test.h5"))], 2, code=3)
            self.assertIn("diverged at step 1", message)

    def test_an_outlier_in_held_out_data_costs_no_work(self):
        toy.gaussian(self.folder / "train.h5", 60)
        toy.gaussian(self.folder / "wild.h5", 20)
        with h5py.File(self.folder / "wild.h5", "r+") as file:
            targets = file["targets"][:].astype("float64")
            targets[3] = 1e200  # its square is beyond a double
            del file["targets"]
            file["targets"] = targets
        settings = self.settings(model__likelihood="gaussian", run__precision="double", stop__max_steps=6,
                                 optimizer__learning_rate=1e-3)
        self.train({**settings, "data.validation": "wild.h5", "checkpoint.directory": "watched"}, 2)
        message = self.refuse(["train", *program.options({**settings, "data.test": "wild.h5"})], 2, code=3)
        self.assertIn("the NLL of data.test", message)
        self.assertIn("checkpoint-00000006.h5", self.files("run"))
        self.assertEqual(checkpoints.metrics(self.folder / "run")[-1]["stop"], "max_steps")


class ProgressTest(CommandsTest):
    # The longest line: epoch, step, NLL, gradient, rate.
    LINE = r"epoch +\d+/\d+  step +\d+/\d+  NLL \S+ +gradient \S+ .*samples/s"

    def on_a_terminal(self, arguments, ranks):
        """Standard output, as a terminal gets it."""
        terminal, program_side = pty.openpty()
        process = subprocess.Popen(program.command(arguments, ranks), env=program.clean_environment({}),
                                   cwd=self.folder, stdin=subprocess.DEVNULL, stdout=program_side,
                                   stderr=subprocess.DEVNULL)
        os.close(program_side)
        output = b""
        try:
            while select.select([terminal], [], [], 30)[0] and (piece := os.read(terminal, 4096)):
                output += piece
        except OSError:  # Linux ends a terminal without writers this way
            pass
        os.close(terminal)
        self.assertEqual(process.wait(timeout=30), 0, output)
        return output.decode()

    def arguments(self):
        return ["train", *program.options(self.settings(stop__max_epochs=40, stop__max_steps="none"))]

    def test_a_terminal_is_written_over(self):
        for ranks in (None, 2):
            with self.subTest(ranks=ranks):
                text = self.on_a_terminal(self.arguments(), ranks)
                self.assertRegex(text, rf"\r{self.LINE}")
                self.assertIn("\x1b[K", text)

    def test_plain_lines_elsewhere_and_only_from_the_root(self):
        for ranks in (None, 3):
            outcome = self.run_program(self.arguments(), ranks)
            self.assertEqual(outcome.code, 0, outcome)
            self.assertNotIn("\r", outcome.stdout)
            self.assertNotIn("\x1b", outcome.stdout)
            lines = re.findall(rf"^{self.LINE}", outcome.stdout, re.MULTILINE)
            self.assertEqual(len(lines), len(set(lines)))
            self.assertTrue(10 <= len(lines) <= 22, outcome)
            self.assertEqual(outcome.stdout.count("stopped by"), 1)
            self.assertEqual(outcome.stderr, "")


if __name__ == "__main__":
    unittest.main()
