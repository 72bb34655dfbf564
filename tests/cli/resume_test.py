#!/usr/bin/env python3
"""Stopping and resuming: what resumes ends with the same bits as what never stopped."""

import os
import pathlib
import re
import shutil
import signal
import sys
import time
import unittest

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

STEPS = 17  # 47 samples in batches of 10: five steps an epoch, so three epochs and two steps


class ResumeTest(program.ProgramTest):
    """Training on uneven shards, with standardisation, a penalty, validation and test data."""

    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 47)
        toy.categorical(self.folder / "test.h5", 13, seed=5)

    def settings(self, directory, **more):
        return {"data.train": "train.h5", "data.validation": "test.h5", "data.test": "test.h5", "data.shards": 4,
                "data.standardize": "true", "model.layers": 8, "model.l2": 0.01, "optimizer.method": "momentum",
                "optimizer.batch_size": 10, "output.every_steps": 3, "checkpoint.directory": directory,
                "stop.max_steps": STEPS, **{key.replace("__", "."): value for key, value in more.items()}}

    def newest(self, directory, step=STEPS):
        return checkpoints.checkpoint(self.folder / directory, step)

    def rows(self, directory):
        return checkpoints.untimed(checkpoints.metrics(self.folder / directory))

    def assert_same_end(self, directory, reference, step=STEPS):
        self.assertEqual(checkpoints.contents(self.newest(directory, step)),
                         checkpoints.contents(self.newest(reference, step)))
        self.assertEqual(self.newest(directory, step).read_bytes(), self.newest(reference, step).read_bytes())
        self.assertEqual(self.rows(directory), self.rows(reference))

    def assert_no_leftovers(self, directory):
        """Nothing but checkpoints, the two text files: no temporary file of a run that was killed."""
        for name in self.files(directory):
            self.assertRegex(name, r"^(checkpoint-\d{8}\.h5|best\.h5|metrics\.csv|resolved\.cfg)$")


class BitsTest(ResumeTest):
    def check(self, method, ranks, stops):
        whole = self.train(self.settings("whole", optimizer__method=method), ranks)
        outcome = None
        for stop in (*stops, STEPS):
            outcome = self.train(self.settings("parts", optimizer__method=method, stop__max_steps=stop), ranks,
                                 ["--resume"])
            self.assertIn(f"stopped by max_steps after {stop} steps", outcome.stdout)
        self.assertEqual(self.digest_in(outcome.stdout), self.digest_in(whole.stdout))
        inspected = [self.succeed(["inspect", self.newest(directory)]).stdout for directory in ("whole", "parts")]
        self.assertEqual(self.digest_in(inspected[0]), self.digest_in(inspected[1]))
        self.assert_same_end("parts", "whole")
        shutil.rmtree(self.folder / "whole")
        shutil.rmtree(self.folder / "parts")

    def test_gradient_descent(self):
        # In the middle of an epoch, one step later, at the end of an epoch, at a row of the metrics.
        self.check("gradient_descent", 1, (1, 7))
        self.check("gradient_descent", 2, (7, 8))
        self.check("gradient_descent", 3, (10,))

    def test_momentum(self):
        self.check("momentum", 1, (3,))
        self.check("momentum", 2, (5, 12))
        self.check("momentum", 3, (7, 16))

    def test_double_precision_and_plain_data(self):
        common = {"run__precision": "double", "data__standardize": "false"}
        self.train(self.settings("whole", **common), 2)
        self.train(self.settings("parts", **common, stop__max_steps=8), 2)
        self.train(self.settings("parts", **common), 2, ["--resume"])
        self.assert_same_end("parts", "whole")

    def test_momentum_is_part_of_the_state(self):
        # That the comparison above can fail: without the velocity of the first part the end would be another.
        self.train(self.settings("whole"))
        self.train(self.settings("parts", stop__max_steps=8))
        with h5py.File(self.newest("parts", 8), "r") as file:
            self.assertEqual(list(file["optimizer"]), ["velocity"])
        self.assertNotEqual(checkpoints.contents(self.newest("parts", 8)), checkpoints.contents(self.newest("whole")))

    def test_metrics_lose_what_came_after_the_checkpoint(self):
        self.train(self.settings("whole"))
        self.train(self.settings("parts", checkpoint__every_steps=8, stop__max_steps=15))
        self.newest("parts", 15).unlink()
        self.train(self.settings("parts"), more=["--resume"])
        self.assert_same_end("parts", "whole")

    def test_equal_runs_leave_equal_checkpoints(self):
        self.train(self.settings("one"), 3)
        (self.folder / "elsewhere").mkdir()
        self.train(self.settings("elsewhere/two", output__directory="elsewhere/reports", checkpoint__keep=1), 3)
        self.assertEqual(self.newest("one").read_bytes(), self.newest("elsewhere/two").read_bytes())

    def test_resuming_what_is_finished_changes_nothing(self):
        for steps in (STEPS, 15):  # in the middle of an epoch, and at its end
            self.train(self.settings("run", stop__max_steps=steps), 2)
            before = self.newest("run", steps).read_bytes(), self.rows("run")
            outcome = self.train(self.settings("run", stop__max_steps=steps), 2, ["--resume"])
            self.assertIn(f"stopped by max_steps after {steps} steps", outcome.stdout)
            self.assertEqual((self.newest("run", steps).read_bytes(), self.rows("run")), before)
            shutil.rmtree(self.folder / "run")


class SignalsTest(ResumeTest):
    """Runs that are long enough to be hit, ended from outside."""

    LONG = 600

    def settings(self, directory, **more):
        return super().settings(directory, **{"model__layers": "200,200", "optimizer__batch_size": 40,
                                              "output__every_steps": 50, "checkpoint__every_steps": 20,
                                              "checkpoint__every_epochs": "never", "stop__max_steps": self.LONG,
                                              **more})

    def start_and_wait(self, ranks, directory="parts"):
        """A run that has passed step 60 and is far from its end."""
        process = self.start_program(["train", *program.options(self.settings(directory, stop__max_steps=1000000))],
                                     ranks)
        deadline = time.monotonic() + 30
        while not self.newest(directory, 60).exists():
            self.assertIsNone(process.poll(), "ended too early")
            self.assertLess(time.monotonic(), deadline, "no checkpoint of step 60 after 30 s")
            time.sleep(0.002)
        return process

    def steps(self, directory):
        return [int(name[len("checkpoint-"):-len(".h5")]) for name in self.files(directory)
                if name.startswith("checkpoint-")]

    def finish_both(self, ranks):
        """Resumes "parts" to some steps after its end, and a run that never stopped as far."""
        end = max(self.steps("parts")) + 11
        self.train(self.settings("parts", stop__max_steps=end), ranks, ["--resume"])
        self.train(self.settings("whole", stop__max_steps=end), ranks)
        self.assert_same_end("parts", "whole", end)
        self.assert_no_leftovers("parts")

    def check_request(self, ranks, number):
        process = self.start_and_wait(ranks)
        process.send_signal(number)
        outcome = program.finish(process, 20)
        self.assertEqual(outcome.code, 75, outcome)
        final = re.search(r"^stopped by request after ([\d ]+) steps", outcome.stdout, re.MULTILINE)
        self.assertIsNotNone(final, outcome)
        self.assertEqual(max(self.steps("parts")), int(final.group(1).replace(" ", "")))
        self.assertIn("--resume", outcome.stdout)
        self.assertEqual(self.rows("parts")[-1]["stop"], "request")
        self.finish_both(ranks or 1)

    def test_sigusr1_to_a_single_rank(self):
        self.check_request(None, signal.SIGUSR1)

    def test_sigterm_to_a_single_rank(self):
        self.check_request(None, signal.SIGTERM)

    def test_sigint_to_a_single_rank(self):
        self.check_request(None, signal.SIGINT)

    def test_sigusr1_to_mpirun(self):
        # mpirun passes it on to all ranks.
        self.check_request(3, signal.SIGUSR1)

    def test_sigusr1_to_one_rank_stops_all(self):
        process = self.start_and_wait(2)
        os.kill(program.children(process.pid)[-1], signal.SIGUSR1)
        outcome = program.finish(process, 20)
        self.assertEqual(outcome.code, 75, outcome)
        self.finish_both(2)

    def test_kill_of_a_single_rank(self):
        process = self.start_and_wait(None)
        process.kill()
        self.assertEqual(program.finish(process, 20).code, -signal.SIGKILL)
        self.finish_both(1)

    def test_kill_of_one_rank_ends_all(self):
        process = self.start_and_wait(2)
        os.kill(program.children(process.pid)[1], signal.SIGKILL)
        self.assertNotIn(program.finish(process, 20).code, (0, 75))
        self.finish_both(2)

    def test_kill_of_the_root_at_many_moments(self):
        self.train(self.settings("whole", stop__max_steps=90))
        for delay in (0.0, 0.003, 0.011, 0.02):
            process = self.start_and_wait(None)
            time.sleep(delay)
            process.kill()
            program.finish(process, 20)
            # Every checkpoint that has its name is whole.
            for step in self.steps("parts"):
                self.succeed(["inspect", self.newest("parts", step)], ranks=None)
            shutil.rmtree(self.folder / "parts")


class ChoiceTest(ResumeTest):
    """Which checkpoint is taken, and when none is."""

    def trained(self, directory="run", **more):
        self.train(self.settings(directory, checkpoint__every_steps=5, **more))

    def damage(self, step, directory="run"):
        with open(self.newest(directory, step), "r+b") as file:
            file.seek(1000)
            byte = file.read(1)
            file.seek(1000)
            file.write(bytes([byte[0] ^ 1]))

    def test_resume_without_a_checkpoint_starts_afresh(self):
        for directory in ("missing", "empty"):
            if directory == "empty":
                (self.folder / directory).mkdir()
            outcome = self.train(self.settings(directory), 2, ["--resume"])
            self.assertIn(f"no checkpoint in {directory}: starting afresh", outcome.stdout)
            self.assertTrue(self.newest(directory).exists())

    def test_resume_from_a_file(self):
        self.trained("whole")
        self.trained("run")
        outcome = self.train(self.settings("run"), more=["--resume=run/checkpoint-00000010.h5"])
        self.assertIn("resuming from run/checkpoint-00000010.h5 (step 10)", outcome.stdout)
        self.assert_same_end("run", "whole")

    def test_resume_from_a_missing_file(self):
        message = self.refuse(["train", *program.options(self.settings("run")), "--resume=nowhere.h5"], 2)
        self.assertIn("nowhere.h5", message)
        self.assertEqual(self.files("run"), [])

    def test_a_damaged_newest_checkpoint_is_skipped(self):
        self.trained("whole")
        self.trained()
        self.damage(STEPS)
        outcome = self.train(self.settings("run"), 2, ["--resume"])
        self.assertIn("cauchy: warning: skipped run/checkpoint-00000017.h5: ", outcome.stderr)
        self.assertIn("check sum", outcome.stderr)
        self.assertIn("resuming from run/checkpoint-00000015.h5 (step 15)", outcome.stdout)
        self.assertEqual(self.rows("run")[-1]["step"], str(STEPS))

    def test_a_truncated_or_empty_newest_checkpoint_is_skipped(self):
        self.trained()
        os.truncate(self.newest("run"), 5000)
        self.newest("run", 15).write_bytes(b"")
        outcome = self.train(self.settings("run"), more=["--resume"])
        # The best one is a second name of checkpoint-00000015.h5.
        self.assertEqual(outcome.stderr.count("warning: skipped"), 3, outcome)
        self.assertIn("(step 10)", outcome.stdout)

    def test_when_all_are_damaged(self):
        self.trained()
        for step in (10, 15, 17):
            self.damage(step)
        before = {name: (self.folder / "run" / name).read_bytes() for name in self.files("run")}
        for ranks in (1, 3):
            message = self.refuse(["train", *program.options(self.settings("run")), "--resume"], ranks, code=4)
            for step in (10, 15, 17):
                self.assertIn(f"checkpoint-{step:08}.h5", message)
        self.assertEqual({name: (self.folder / "run" / name).read_bytes() for name in self.files("run")}, before)

    def test_contradicting_settings_are_named(self):
        self.trained()
        before = self.files("run")
        changed = self.settings("run", optimizer__learning_rate=0.2, data__shards=2, model__layers="8,8",
                                run__precision="double", optimizer__method="gradient_descent")
        for ranks in (1, 2):
            message = self.refuse(["train", *program.options(changed), "--resume"], ranks)
            self.assertIn("run/checkpoint-00000017.h5", message)
            for line in ("optimizer.learning_rate = 0.1, now 0.2", "data.shards = 4, now 2",
                         "model.layers = 8, now 8, 8", "run.precision = float, now double",
                         "optimizer.method = momentum, now gradient_descent"):
                self.assertIn(line, message)
        self.assertEqual(self.files("run"), before)

    def test_settings_of_the_run_may_change(self):
        self.trained(stop__max_steps=6)
        shutil.copy(self.folder / "train.h5", self.folder / "moved.h5")
        self.train(self.settings("run", data__train="moved.h5", checkpoint__keep=7, output__every_steps=1), 2,
                   ["--resume"])
        self.assertTrue(self.newest("run").exists())

    def test_other_data_than_the_checkpoint_was_made_with(self):
        self.trained(stop__max_steps=6)
        toy.categorical(self.folder / "wide.h5", 47, inputs=6)
        message = self.refuse(["train", *program.options(self.settings("run", data__train="wide.h5")), "--resume"], 2)
        self.assertIn("wide.h5", message)
        toy.categorical(self.folder / "short.h5", 40)
        message = self.refuse(["train", *program.options(self.settings("run", data__train="short.h5")), "--resume"], 2)
        self.assertIn("40 rows, the checkpoint was made with 47", message)

    def test_going_back_sets_later_steps_aside(self):
        self.trained("whole", stop__max_steps=10)
        self.trained("run", checkpoint__keep=9)
        outcome = self.train(self.settings("run", stop__max_steps=10), more=["--resume=run/checkpoint-00000005.h5"])
        self.assertIn("run/earlier-1", outcome.stdout)
        self.assert_same_end("run", "whole", 10)
        self.assertTrue((self.folder / "run/earlier-1" / f"checkpoint-{STEPS:08}.h5").exists())
        self.assertTrue((self.folder / "run/earlier-1/metrics.csv").exists())

    def test_going_on_elsewhere_leaves_the_run_there_aside(self):
        self.trained("whole")
        self.trained("other", run__seed=2)
        there = {name: (self.folder / "other" / name).read_bytes() for name in self.files("other")}
        self.train(self.settings("other"), more=["--resume=whole/checkpoint-00000010.h5"])
        self.assertEqual(self.newest("other").read_bytes(), self.newest("whole").read_bytes())
        self.assertEqual({name: (self.folder / "other/earlier-1" / name).read_bytes()
                          for name in self.files("other/earlier-1")}, there)

    def test_a_fresh_run_sets_an_earlier_one_aside(self):
        self.trained(stop__max_steps=6)
        first = self.files("run")
        outcome = self.train(self.settings("run", stop__max_steps=4), 2)
        self.assertIn("run/earlier-1", outcome.stdout)
        self.assertEqual(self.files("run/earlier-1"), first)
        self.assertEqual([name for name in self.files("run") if "earlier" not in name],
                         ["checkpoint-00000004.h5", "metrics.csv", "resolved.cfg"])
        self.assertIn("run/earlier-2", self.train(self.settings("run", stop__max_steps=2)).stdout)
        self.assertEqual(self.files("run/earlier-1"), first)

    def test_the_newest_are_kept(self):
        # One proves nothing: the last step comes beside one that the next step has proved.
        for keep, kept in ((1, [16, 17]), (2, [16, 17]), (5, [13, 14, 15, 16, 17])):
            self.train(self.settings("run", checkpoint__every_steps=1, checkpoint__keep=keep))
            self.assertEqual([name for name in self.files("run") if name.startswith("checkpoint")],
                             [f"checkpoint-{step:08}.h5" for step in kept])
            shutil.rmtree(self.folder / "run")

    def test_shards_of_the_first_launch_are_kept(self):
        automatic = {"data__shards": "auto"}
        self.train(self.settings("whole", **automatic), 3)
        self.train(self.settings("run", **automatic, stop__max_steps=7), 3)
        self.assertIn("in 3 shards", self.train(self.settings("run", **automatic), 3, ["--resume"]).stdout)
        self.assert_same_end("run", "whole")
        # On another number of ranks the shards stay, too.
        self.train(self.settings("again", **automatic, stop__max_steps=7), 3)
        self.assertIn("in 3 shards", self.train(self.settings("again", **automatic), 2, ["--resume"]).stdout)


if __name__ == "__main__":
    unittest.main()
