#!/usr/bin/env python3
"""Configuration from four levels, its mistakes, the help, and that nothing starts by halves."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy


class ConfigurationTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 40)

    def configuration(self, name="run.cfg", **more):
        settings = {"model.layers": 6, "data.train": "train.h5", "data.shards": 4, "optimizer.batch_size": 15,
                    "stop.max_steps": 4, "checkpoint.directory": "run",
                    **{key.replace("__", "."): value for key, value in more.items()}}
        (self.folder / name).write_text(program.ini({key: value for key, value in settings.items()
                                                     if value is not None}))
        return name

    def resolved(self, text):
        """Key → (value, source) of a resolved configuration."""
        found, section = {}, ""
        for line in text.splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            match = re.fullmatch(r"(\w+)\s*=\s*(.*?)\s*# (.*)", line)
            if match:
                found[f"{section}.{match.group(1)}"] = (match.group(2), match.group(3))
        return found


class LevelsTest(ConfigurationTest):
    def test_command_line_over_environment_over_file_over_default(self):
        name = self.configuration(optimizer__learning_rate=0.01, optimizer__momentum=0.1, run__seed=3)
        outcome = self.succeed(["train", "--config", name, "--optimizer.learning_rate=0.03"], 2,
                               {"CAUCHY_OPTIMIZER__LEARNING_RATE": "0.02", "CAUCHY_OPTIMIZER__MOMENTUM": "0.2"})
        expected = {"optimizer.learning_rate": ("0.03", "command line"),
                    "optimizer.momentum": ("0.2", "environment variable CAUCHY_OPTIMIZER__MOMENTUM"),
                    "run.seed": ("3", "run.cfg:20"),
                    "data.microbatch": ("auto", "default")}
        for text in (outcome.stdout, (self.folder / "run" / "resolved.cfg").read_text()):
            found = self.resolved(text)
            self.assertEqual({key: found[key] for key in expected}, expected)

    def test_a_value_may_follow_its_key(self):
        outcome = self.succeed(["train", "--config", self.configuration(), "--run.seed", "5", "--data.standardize",
                                "--model.layers", "3,2", "--model.l2=1e-3"])
        found = self.resolved(outcome.stdout)
        self.assertEqual([found[key][0] for key in ("run.seed", "data.standardize", "model.layers", "model.l2")],
                         ["5", "true", "3, 2", "0.001"])

    def test_an_empty_value_on_the_command_line(self):
        outcome = self.succeed(["train", "--config", self.configuration(), "--model.layers="])
        self.assertIn("5 inputs - 3 outputs", outcome.stdout)

    def test_config_may_be_attached(self):
        self.succeed(["train", f"--config={self.configuration()}"])

    def test_environment_of_other_programs_is_no_mistake(self):
        self.succeed(["train", "--config", self.configuration()], 1, {"CAUCHY_HOME": "/nowhere"})

    def test_the_resolved_configuration_gives_the_same_run(self):
        path = "a folder # with \"signs\""
        (self.folder / path).mkdir()
        toy.categorical(self.folder / path / "train.h5", 40)
        settings = {"data.train": f"{path}/train.h5", "model.layers": "7,3", "optimizer.learning_rate": 0.1 + 0.2,
                    "model.l2": 1e-7, "stop.max_steps": 5, "optimizer.batch_size": 15, "run.seed": 2**63 + 1,
                    "checkpoint.directory": "first", "data.standardize": "true", "checkpoint.every_steps": 2}
        first = self.train(settings, 3)
        again = self.succeed(["train", "--config", "first/resolved.cfg", "--checkpoint.directory=second"], 3)
        self.assertEqual(self.digest_in(again.stdout), self.digest_in(first.stdout))
        self.assertEqual(*((self.folder / run / "checkpoint-00000005.h5").read_bytes() for run in ("first", "second")))
        values = [{key: value for key, (value, _) in
                   self.resolved((self.folder / run / "resolved.cfg").read_text()).items()
                   if key != "checkpoint.directory"} for run in ("first", "second")]
        self.assertEqual(*values)
        # Automatic shards were settled at the first launch: the file says so, and holds for fewer ranks, too.
        self.assertEqual(values[0]["data.shards"], "3")

    def test_the_seed_matters(self):
        train = ["train", "--config", self.configuration()]
        digests = {self.digest_in(self.succeed([*train, f"--run.seed={seed}"]).stdout) for seed in (1, 2, 2**64 - 1)}
        self.assertEqual(len(digests), 3)


class MistakesTest(ConfigurationTest):
    def assert_told(self, arguments, words, ranks=(1, 3), environment=None):
        before = self.files()
        for count in ranks:
            with self.subTest(ranks=count):
                message = self.refuse(arguments, count, environment=environment)
                for word in words:
                    self.assertEqual(message.count(word), 1, f"{word!r} in\n{message}")
                self.assertEqual(self.files(), before)

    def test_all_mistakes_at_once(self):
        (self.folder / "bad.cfg").write_text(
            "[optimizer]\nlearing_rate = 0.1\nbatch_size = some\n[data]\ntrain = train.h5\n\nshards = 0\n"
            "[model]\nactivation = rleu\nlayers = 5,x\n[stopp]\nmax_steps = 1\n")
        self.assert_told(["train", "--config", "bad.cfg", "--run.sede=1", "--stop.max_steps=-1"],
                         ["bad.cfg:2: unknown key optimizer.learing_rate; did you mean optimizer.learning_rate?",
                          "bad.cfg:3: optimizer.batch_size = \"some\"", "bad.cfg:7: data.shards = \"0\"",
                          "bad.cfg:9: model.activation = \"rleu\"", "identity, relu, tanh, sigmoid, softplus, gelu",
                          "bad.cfg:10: model.layers", "bad.cfg:12: unknown key stopp.max_steps",
                          "did you mean stop.max_steps?", "command line: unknown key run.sede; did you mean run.seed?",
                          "command line: stop.max_steps = \"-1\"",
                          "environment variable CAUCHY_RUN__PRECISION: run.precision = \"half\""],
                         environment={"CAUCHY_RUN__PRECISION": "half"})

    def test_a_key_that_is_set_twice(self):
        (self.folder / "bad.cfg").write_text("[data]\ntrain = a.h5\n[run]\nseed = 1\n[data]\ntrain = b.h5\n")
        self.assert_told(["train", "--config", "bad.cfg"], ["bad.cfg:6: data.train is set again", "bad.cfg:2"], (2,))

    def test_lines_that_are_none(self):
        (self.folder / "bad.cfg").write_text("train = a.h5\n[data\n[run] seed = 2\nnonsense\n= 3\n")
        self.assert_told(["train", "--config", "bad.cfg"],
                         [f"bad.cfg:{line}: " for line in (1, 2, 3, 4, 5)], (1,))

    def test_configuration_files_that_are_none(self):
        (self.folder / "folder").mkdir()
        (self.folder / "binary.cfg").write_bytes(b"[data]\0\n" * 100)
        self.assert_told(["train", "--config", "nowhere.cfg"], ["nowhere.cfg: cannot open", "No such file"])
        self.assert_told(["train", "--config", "folder"], ["folder: is a directory"])
        self.assert_told(["train", "--config", "train.h5"], ["train.h5: is not a configuration file"], (2,))
        self.assert_told(["train", "--config", "binary.cfg"], ["binary.cfg: is not a configuration file"], (1,))

    def test_commands_and_options_that_are_none(self):
        name = self.configuration()
        for ranks, arguments, words in (
                ((1, 3), ["trian", "--config", name], ["unknown command trian", "usage: cauchy COMMAND"]),
                ((1, 2), [], ["no command", "usage: cauchy COMMAND"]),
                ((1, 3), ["train", "--config", name, "--resmue"], ["resmue"]),
                ((1,), ["train", "--config", name, "stray"], ["unexpected argument stray"]),
                ((2,), ["train", "--config"], ["--config needs a value"]),
                ((1,), ["train", "--config", name, "--config", name], ["--config is given twice"]),
                ((1,), ["train", "--config", name, "--dry-run=yes"], ["--dry-run takes no value"]),
                ((2,), ["inspect"], ["FILE is missing"]),
                ((1,), ["inspect", "a", "b"], ["unexpected argument b"]),
                ((1,), ["inspect", "--deep", "train.h5"], ["--deep"]),
                ((2,), ["evaluate"], ["--checkpoint is missing"]),
                ((1,), ["convert", "--from", "idx", "--input", "a"], ["is missing"]),
                ((1,), ["convert", "--from", "xlsx", "--input", "a", "--output", "c"], ["xlsx", "csv"]),
                ((1,), ["train", "--config", name, "--data.shards"], ["data.shards has no value"]),
                ((1,), ["train", "--config", name, "--run.seed=1", "--run.seed=2"], ["run.seed is set again"])):
            with self.subTest(arguments=arguments):
                self.assert_told(arguments, words, ranks)

    def test_values_out_of_range(self):
        wrong = {"optimizer.learning_rate": ("0", "-1", "nan", "inf", "0.1x", ""),
                 "optimizer.momentum": ("1.5", "-0.1"), "data.shards": ("-1", "1.5", "99999999999999999999"),
                 "model.layers": ("0", "-3", "4,,5"), "optimizer.batch_size": ("0", "all"),
                 "data.standardize": ("maybe",), "run.seed": ("-1", "18446744073709551616"), "model.l2": ("-0.1",),
                 "model.classes": ("1",), "checkpoint.keep": ("0",), "stop.max_seconds": ("-1",),
                 "run.reduction": ("exakt",), "run.threads": ("0", "-1"), "run.precision": ("Double",)}
        name = self.configuration()
        for key, values in wrong.items():
            for value in values:
                with self.subTest(key=key, value=value):
                    message = self.refuse(["train", "--config", name, f"--{key}={value}"], ranks=None)
                    self.assertIn(f'command line: {key} = "{value}"', message)
                    self.assertIn("allowed: ", message)
        self.assertFalse((self.folder / "run").exists())

    def test_sums_that_16_bits_cannot_hold(self):
        train = ["train", "--config", self.configuration(), "--run.reduction=exact16"]
        self.assert_told([*train, "--run.precision=double"],
                         ["run.reduction = exact16, but in run.precision = double", "take exact64"])
        toy.categorical(self.folder / "train.h5", 300)
        self.assert_told([*train, "--data.shards=257"], ["data.shards = 257", "at most 256", "take exact32"])
        self.succeed([*train, "--data.shards=256", "--run.precision=bf16"], 2)

    def test_a_folder_that_cannot_be_made(self):
        (self.folder / "file").write_text("here first")
        name = self.configuration(checkpoint__directory="file/run")
        self.assert_told(["train", "--config", name], ["file/run"])
        self.assert_told(["train", "--config", self.configuration(checkpoint__directory="file")], ["file is a file, not a folder"], (1,))


class HelpTest(ConfigurationTest):
    def test_once_under_mpirun(self):
        for arguments, word in ((["--help"], "usage: cauchy COMMAND"), (["--version"], "cauchy 0."),
                                (["train", "--help"], "usage: cauchy train"),
                                (["evaluate", "--help"], "usage: cauchy evaluate"),
                                (["inspect", "--help"], "usage: cauchy inspect"),
                                (["convert", "--help"], "usage: cauchy convert")):
            with self.subTest(arguments=arguments):
                outcome = self.succeed(arguments, 3)
                self.assertEqual(outcome.stdout.count(word), 1, outcome)
                self.assertEqual(outcome.stderr, "")

    def test_every_key_is_explained(self):
        text = self.succeed(["train", "--help"], None).stdout
        self.train({"data.train": "train.h5", "stop.max_steps": 1, "checkpoint.directory": "run"})
        for key in self.resolved((self.folder / "run" / "resolved.cfg").read_text()):
            self.assertIn(key.split(".")[1], text)


class DryRunTest(ConfigurationTest):
    def test_tells_memory_and_writes_nothing(self):
        name = self.configuration()
        before = self.files()
        for ranks in (1, 3):
            outcome = self.succeed(["train", "--config", name, "--dry-run"], ranks)
            self.assertRegex(outcome.stdout, r"(?m)^memory +\d\S* (KiB|MiB) on the root, .*libraries included$")
            self.assertRegex(outcome.stdout, r"(?m)^data +40 samples in 4 shards, read in \S+ s$")
            self.assertRegex(outcome.stdout, r"(?m)^model +57 parameters, 5 inputs - 6 - 3 outputs")
            self.assertEqual(self.files(), before)

    def test_finds_the_mistakes_of_a_real_run(self):
        self.refuse(["train", "--config", self.configuration(data__train="nowhere.h5"), "--dry-run"], 2)
        self.refuse(["train", "--config", self.configuration(data__shards=41), "--dry-run"], 2)

    def test_leaves_an_earlier_run_alone(self):
        name = self.configuration()
        self.succeed(["train", "--config", name])
        before = {path: (self.folder / path).read_bytes() for path in self.files()}
        self.succeed(["train", "--config", name, "--dry-run"])
        self.assertIn("step 4", self.succeed(["train", "--config", name, "--dry-run", "--resume"], 2).stdout)
        self.assertEqual({path: (self.folder / path).read_bytes() for path in self.files()}, before)
        self.assertEqual(checkpoints.metrics(self.folder / "run")[-1]["stop"], "max_steps")


if __name__ == "__main__":
    unittest.main()
