#!/usr/bin/env python3
"""scripts/cluster/mpirun.sh saves when it is told to end, and brings a run to its end through deaths of ranks."""

import os
import pathlib
import shutil
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

SCRIPT = program.SOURCE / "scripts" / "cluster" / "mpirun.sh"
ENDLESS = 10**7


class ScriptTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 60)

    def training(self, directory="run", **more):
        """A run that goes on until it is stopped, and saves nothing before that."""
        settings = {"data.train": "train.h5", "data.shards": 4, "model.layers": "32", "optimizer.batch_size": 20,
                    "optimizer.method": "momentum", "checkpoint.directory": directory, "checkpoint.every_epochs": "never",
                    "stop.max_steps": ENDLESS,
                    **{key.replace("__", "."): value for key, value in more.items()}}
        return ["-np", "2", program.EXECUTABLE, "train", *program.options(settings), "--resume"]

    def start_script(self, arguments, grace_seconds=0, **environment):
        """The script in a session of its own, as from a terminal."""
        return self.start_command(["setsid", SCRIPT, *arguments],
                                  {"OMPI_MCA_odls_base_sigkill_timeout": str(grace_seconds), **environment})

    def checkpoints(self, directory="run"):
        return sorted((self.folder / directory).glob("checkpoint-*.h5"))

    def started(self, *more):
        """mpirun.sh, whose ranks take steps: metrics.csv is opened just before the first one."""
        process = self.start_script(self.training(), *more)
        self.wait_until((self.folder / "run/metrics.csv").exists, process)
        return process

    def assert_ranks_end(self):
        """mpirun may be gone a moment before the ranks that it killed; one that it left would go on for ever."""
        self.wait_until(lambda: not self.ranks(), seconds=5)

    def assert_saved(self, process):
        outcome = program.finish(process, 20)
        self.assertEqual(outcome.code, 75, outcome)
        self.assertEqual(len(self.checkpoints()), 1, outcome)
        self.assertIn("start the same command again with --resume", outcome.stdout)
        self.assert_ranks_end()
        shutil.rmtree(self.folder / "run")


class MpirunTest(ScriptTest):
    def test_what_would_kill_saves(self):
        for sent in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            process = self.started()
            process.send_signal(sent)
            self.assert_saved(process)

    def test_control_c_reaches_the_script_alone(self):
        process = self.started()
        os.killpg(process.pid, signal.SIGINT)
        self.assert_saved(process)

    def test_requests_may_be_repeated(self):
        process = self.started()
        for sent in (signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM, signal.SIGUSR1):
            process.send_signal(sent)
            time.sleep(0.05)
        self.assert_saved(process)

    def test_a_request_that_comes_early_is_not_lost(self):
        # While mpirun starts itself, its daemons, the ranks, and these MPI: all within half a second.
        for delay in (0.03, 0.06, 0.1, 0.15, 0.2, 0.3):
            process = self.start_script(self.training())
            time.sleep(delay)
            process.send_signal(signal.SIGTERM)
            outcome = program.finish(process, 20)
            self.assertEqual(outcome.code, 75, outcome)
            self.assert_ranks_end()

    def test_a_second_one_ends_at_once(self):
        for sent in (signal.SIGTERM, signal.SIGINT):
            process = self.started(30)
            process.send_signal(sent)
            time.sleep(0.1)
            process.send_signal(sent)
            # mpirun would leave the ranks 30 s.
            self.assertEqual(program.finish(process, 5).code, 1)
            self.assert_ranks_end()
            shutil.rmtree(self.folder / "run")

    def test_mpirun_itself_is_told_to_end(self):
        process = self.started(2)
        waiting, = program.children(process.pid)
        mpirun, = program.children(waiting)
        os.kill(mpirun, signal.SIGTERM)
        self.assertEqual(program.finish(process, 20).code, 1)
        self.assertEqual(len(self.checkpoints()), 1)

    def test_codes_are_passed_on(self):
        for steps, code in ((5, 0), ("many", 2)):
            process = self.start_script(self.training(stop__max_steps=steps))
            self.assertEqual(program.finish(process, 20).code, code)


class UntilDoneTest(ScriptTest):
    LONG = {"checkpoint__every_steps": 1000, "stop__max_steps": 100000}

    def start_loop(self, *arguments, **environment):
        return self.start_script(["--until-done=run", "--pause=0", *arguments], **environment)

    def test_ranks_that_die(self):
        whole = self.start_script(self.training("whole", **self.LONG))
        whole_outcome = program.finish(whole, 60)
        # A sanitizer would turn a SIGSEGV into an exit code of its own.
        process = self.start_loop(*self.training(**self.LONG), ASAN_OPTIONS="handle_segv=0",
                                  TSAN_OPTIONS=os.environ.get("TSAN_OPTIONS", "") + ":handle_segv=0")
        for deaths, sent in enumerate((signal.SIGKILL, signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT), 1):
            self.wait_until(lambda: self.checkpoints() and self.ranks(), process)
            newest = self.checkpoints()[-1]
            self.wait_until(lambda: self.checkpoints()[-1] > newest, process)
            os.kill(self.ranks()[deaths % 2], sent)
            self.wait_until(lambda: not self.ranks(), process)
        outcome = program.finish(process, 60)
        self.assertEqual(outcome.code, 0, outcome)
        for code in (137, 139, 134):
            self.assertIn(f"mpirun.sh: exit code {code}; starting again", outcome.stderr)
        self.assertEqual(outcome.stdout.count("resuming from "), 4, outcome)
        self.assertEqual(self.digest_in(outcome.stdout), self.digest_in(whole_outcome.stdout))
        self.assertEqual(self.checkpoints()[-1].read_bytes(), self.checkpoints("whole")[-1].read_bytes())

    def test_told_to_stop_it_stops_with_75(self):
        for send in (os.kill, os.killpg):
            process = self.start_loop(*self.training())
            self.wait_until((self.folder / "run/metrics.csv").exists, process)
            send(process.pid, signal.SIGINT)
            self.assert_saved(process)

    def start_stand_in(self, script, *options):
        """The loop around a script that stands in for mpirun."""
        stand_in = self.folder / "mpirun"
        stand_in.write_text(f"#!/bin/sh\n{script}\n")
        stand_in.chmod(0o755)
        return self.start_loop(*options, "--resume", PATH=f"{self.folder}:{os.environ['PATH']}")

    def test_told_to_stop_while_it_pauses(self):
        process = self.start_stand_in("touch started; exit 5", "--pause=60")
        self.wait_until((self.folder / "started").exists, process)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        self.assertEqual(program.finish(process, 5).code, 75)

    def test_a_stop_that_was_asked_of_the_ranks_alone_is_resumed(self):
        process = self.start_loop(*self.training(stop__max_steps=30000))
        self.wait_until((self.folder / "run/metrics.csv").exists, process)
        for rank in self.ranks():
            os.kill(rank, signal.SIGUSR1)
        outcome = program.finish(process, 60)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("mpirun.sh: exit code 75; starting again", outcome.stderr)
        self.assertEqual(outcome.stdout.count("resuming from "), 1, outcome)

    def starts(self, code, saves=""):
        """How often a command is started that ends with this code, and the code of the loop."""
        (self.folder / "run").mkdir()
        outcome = program.finish(self.start_stand_in(f"echo >>starts\n{saves}\nexit {code}"), 20)
        count = len((self.folder / "starts").read_text())
        (self.folder / "starts").unlink()
        shutil.rmtree(self.folder / "run")
        return count, outcome.code

    def test_which_codes_are_of_no_use_to_repeat(self):
        for code in (0, 2, 3, 4, 6, 126, 127):
            self.assertEqual(self.starts(code), (1, code))

    def test_failures_in_a_row_end_the_loop(self):
        for code in (1, 5, 75, 137, 205):
            self.assertEqual(self.starts(code), (3, code))

    def test_a_newer_checkpoint_makes_a_failure_worth_repeating(self):
        # The third start leaves one.
        saves = "test $(wc -l <starts) -ne 3 || touch run/checkpoint-00000001.h5"
        self.assertEqual(self.starts(5, saves), (3 + 3, 5))

    def test_a_wrong_configuration_is_started_once(self):
        outcome = program.finish(self.start_loop(*self.training(model__layers="x")), 20)
        self.assertEqual(outcome.code, 2)
        self.assertEqual(outcome.stderr.count("cauchy: error"), 1)

    def test_mistakes_are_told(self):
        for arguments, words in ((["--until-done=run", "-np", "1", "true"], "without --resume"), ([], "Usage")):
            outcome = program.finish(self.start_script(arguments), 5)
            self.assertEqual(outcome.code, 2)
            self.assertIn(words, outcome.stderr)


if __name__ == "__main__":
    unittest.main()
