#!/usr/bin/env python3
"""Nothing is lost: locks, full disks, lost folders and permissions, the best checkpoint, deadlines."""

import ctypes
import fcntl
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

NOBODY = 65534


def exchange(one, other):
    """Swaps two names, with no moment between."""
    at_working_folder, rename_exchange = -100, 2
    result = ctypes.CDLL(None, use_errno=True).renameat2(at_working_folder, bytes(one), at_working_folder,
                                                         bytes(other), rename_exchange)
    if result != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


class DurabilityTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 47)
        toy.categorical(self.folder / "test.h5", 13, seed=5)

    def settings(self, directory="run", **more):
        return {"data.train": "train.h5", "data.shards": 4, "model.layers": 8, "optimizer.method": "momentum",
                "optimizer.batch_size": 10, "checkpoint.directory": directory, "checkpoint.every_steps": 10,
                "stop.max_steps": 30, **{key.replace("__", "."): value for key, value in more.items()}}

    def long_run(self, ranks=None, directory="run", user=None, environment=None, **more):
        """A run of many small steps, with a checkpoint every few of them, that has written its first."""
        settings = self.settings(directory, **{"model__layers": "100,100", "stop__max_steps": 1000000, **more})
        process = self.start_program(["train", *program.options(settings)], ranks, environment, user)
        self.wait_until(lambda: self.steps(directory), process)
        return process

    def steps(self, directory="run"):
        return checkpoints.steps(self.folder / directory)

    def stop(self, process):
        """Asks a run to stop, and gives what it said."""
        process.send_signal(signal.SIGUSR1)
        return program.finish(process, 30)


class LockTest(DurabilityTest):
    def test_a_second_job_in_a_folder_is_refused(self):
        first = self.long_run(2)
        waited = time.monotonic()
        for settings in (self.settings(), self.settings("other", output__directory="run")):
            message = self.refuse(["train", *program.options(settings), "--resume"], 2, timeout=40)
            self.assertRegex(message, r"run is in use by another job \(process \d+ on \S+, since [-\d]+ [:\d]+\)")
        self.assertGreaterEqual(time.monotonic() - waited, 20)  # ten seconds each, for a job that is ending
        self.assertEqual(self.stop(first).code, 75)
        self.train(self.settings("run", model__layers="100,100", stop__max_steps=max(self.steps()) + 1), 2, ["--resume"])

    def test_a_second_job_waits_for_one_that_is_ending(self):
        first = self.long_run()
        second = self.start_program(["train", *program.options(self.settings())])
        time.sleep(1)
        self.assertIsNone(second.poll())
        self.assertEqual(self.stop(first).code, 75)
        outcome = program.finish(second, 40)
        self.assertEqual(outcome.code, 0, outcome)

    def test_a_dead_job_holds_nothing(self):
        first = self.long_run()
        first.kill()
        first.wait()
        self.train(self.settings("run", model__layers="100,100", stop__max_steps=max(self.steps()) + 1), 1, ["--resume"])

    def test_dry_runs_and_readers_need_no_lock(self):
        first = self.long_run()
        self.train(self.settings(), 1, ["--dry-run"])
        # The newest stays for the longest time, but the run may remove it at any moment: a second name keeps it.
        os.link(self.folder / "run" / f"checkpoint-{max(self.steps()):08}.h5", self.folder / "copy.h5")
        self.succeed(["inspect", "copy.h5"])
        self.assertEqual(self.stop(first).code, 75)


class FailingStorageTest(DurabilityTest):
    """Checkpoints that cannot be written."""

    def wait_for_warning(self, process, text, seconds=30):
        deadline = time.monotonic() + seconds
        said = ""
        while text not in said:
            self.assertLess(time.monotonic(), deadline, f"no warning {text} after {seconds} s: {said}")
            if select.select([process.stderr], [], [], 0.1)[0]:
                more = os.read(process.stderr.fileno(), 65536).decode()
                self.assertNotEqual(more, "", f"ended without the warning {text}: {said}")
                said += more

    def small_file_system(self, size):
        """A folder "run" with room for so many bytes."""
        path = self.folder / "run"
        path.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest(f"no permission to mount: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", path], check=True)
        return path

    def test_a_file_above_the_limit_of_the_user_is_an_error(self):
        # A checkpoint of 32 MB; below that, MPI's own files would be above the limit.
        settings = self.settings(model__layers="2000,2000", stop__max_steps=2)
        words = ["prlimit", f"--fsize={2**24}", *program.command(["train", *program.options(settings)], None)]
        outcome = program.run_command(words, cwd=self.folder)
        self.assertEqual(outcome.code, 4, outcome)
        self.assertIn("File too large", outcome.stderr)

    def test_a_full_disk_is_survived(self):
        path = self.small_file_system("4m")
        process = self.long_run(2)
        (path / "filler").write_bytes(b"")
        with open(path / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass
        self.wait_for_warning(process, "No space left on device")
        before = self.steps()
        self.assertTrue(before)
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        self.assertEqual(self.steps(), before)  # the old ones stay
        for step in before:
            self.succeed(["inspect", path / f"checkpoint-{step:08}.h5"])
        (path / "filler").unlink()
        self.wait_until(lambda: max(self.steps()) > max(before), process)
        outcome = self.stop(process)
        self.assertEqual(outcome.code, 75, outcome)
        self.assertEqual([name for name in self.files("run") if "tmp" in name], [])

    def test_a_disk_that_stays_full_costs_the_exit_code(self):
        self.small_file_system("300k")
        outcome = self.run_program(["train", *program.options(self.settings(model__layers=5000))], 2)
        self.assertEqual(outcome.code, 4, outcome)
        self.assertIn("warning: no checkpoint of step 10: ", outcome.stderr)
        self.assertIn("cauchy: error: the last step has no checkpoint: ", outcome.stderr)
        self.assertIn("No space left on device", outcome.stderr)
        self.assertIn("stopped by max_steps after 30 steps", outcome.stdout)

    def test_required_checkpoints_stop_the_run(self):
        path = self.small_file_system("300k")
        for ranks in (1, 3):
            message = self.refuse(["train", *program.options(self.settings(
                model__layers=5000, checkpoint__required="true", stop__max_steps=1000000))], ranks, code=4)
            self.assertIn("training stopped, since checkpoint.required = true", message)
            self.assertIn("No space left on device", message)
        self.assertEqual(self.steps(), [])
        self.assertTrue((path / "metrics.csv").exists())

    def test_a_removed_folder_is_made_again(self):
        process = self.long_run()
        (self.folder / "run").rename(self.folder / "gone")
        self.wait_until(lambda: len(self.steps()) > 1, process)
        outcome = self.stop(process)
        self.assertEqual(outcome.code, 75, outcome)
        self.assertIn("the folder run was removed; it is made again", outcome.stderr)
        self.assertIn("metrics.csv was removed; it starts anew", outcome.stderr)
        self.assertEqual(checkpoints.metrics(self.folder / "run")[-1]["stop"], "request")
        self.assertTrue((self.folder / "run/resolved.cfg").exists())

    def test_a_removed_folder_that_somebody_else_took_is_left_alone(self):
        process = self.long_run()
        (self.folder / "others").mkdir()
        with open(self.folder / "others/.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            exchange(self.folder / "run", self.folder / "others")
            self.wait_for_warning(process, "no checkpoint of step")
            outcome = self.stop(process)
            self.assertEqual(outcome.code, 4, outcome)
            self.assertIn("was removed, and is now in use by another job", outcome.stderr)
        # No more than the one that was being written at that moment.
        self.assertLessEqual(len(self.steps()), 1)
        self.assertTrue(self.steps("others"))

    def test_lost_permission(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        # Root may write anywhere, so this run is somebody else's.
        self.folder.chmod(0o755)
        (self.folder / "run").mkdir()
        os.chown(self.folder / "run", NOBODY, NOBODY)
        process = self.long_run(user=NOBODY)
        (self.folder / "run").chmod(0o555)
        self.wait_for_warning(process, "Permission denied")
        before = self.steps()
        (self.folder / "run").chmod(0o755)
        self.wait_until(lambda: max(self.steps()) > max(before), process)
        self.assertEqual(self.stop(process).code, 75)


class RetentionTest(DurabilityTest):
    def test_by_time_each_is_written_once(self):
        self.train(self.settings(checkpoint__every_steps="never", checkpoint__every_seconds=0.5, checkpoint__keep=100,
                                 stop__max_steps="none", stop__max_seconds=4))
        steps = self.steps()
        self.assertGreater(len(steps), 2)
        self.assertLess(len(steps), 10)
        # No two of steps that follow each other, the last one apart.
        self.assertNotIn(1, [later - earlier for earlier, later in zip(steps[:-2], steps[1:-1])])

    def test_the_best_is_that_of_the_metrics(self):
        # A large rate: the validation NLL goes up again.
        settings = self.settings(data__validation="test.h5", optimizer__learning_rate=0.5, stop__max_epochs=20,
                                 stop__divergence_factor=0,
                                 stop__max_steps="none", checkpoint__every_steps="never", checkpoint__keep=1)
        outcome = self.train(settings, 3)
        rows = checkpoints.metrics(self.folder / "run")
        best = min((row for row in rows), key=lambda row: float(row["validation_nll"]))
        self.assertNotEqual(best, rows[-1])
        stopped = {**settings, "checkpoint.directory": "stopped", "stop.max_epochs": best["epoch"]}
        self.assertEqual(checkpoints.digest(self.folder / "run/best.h5"),
                         self.digest_in(self.train(stopped, 2).stdout))
        evaluated = self.succeed(["evaluate", "--checkpoint", "run/best.h5", "--data.test=test.h5"], 2)
        self.assertIn(f"NLL         {best['validation_nll'][:8]}", evaluated.stdout)
        self.assertRegex(self.succeed(["inspect", "run/best.h5"]).stdout,
                         rf"best validation NLL {best['validation_nll'][:6]}\d*, after step {best['step']}\n")
        self.assertRegex(outcome.stdout, rf"best        run/best.h5 \(step {best['step']}, validation NLL ")

    def test_the_best_survives_stops(self):
        common = {"data__validation": "test.h5", "optimizer__learning_rate": 0.5, "stop__max_steps": 60,
                  "stop__divergence_factor": 0}
        self.train(self.settings("whole", **common), 2)
        for steps in (23, 41, 60):
            self.train(self.settings("parts", **{**common, "stop__max_steps": steps}), 2, ["--resume"])
        self.assertEqual((self.folder / "parts/best.h5").read_bytes(), (self.folder / "whole/best.h5").read_bytes())

    def test_a_finished_run_that_left_only_the_best(self):
        settings = self.settings(data__validation="test.h5", optimizer__learning_rate=0.001, stop__max_epochs=4)
        self.train(settings, 2)
        for step in self.steps():
            checkpoints.checkpoint(self.folder / "run", step).unlink()
        full = {"LD_PRELOAD": os.environ["CAUCHY_BROKEN_FILES"], "CAUCHY_BROKEN_CALL": "open",
                "CAUCHY_BROKEN_PATH": ".checkpoint-", "CAUCHY_BROKEN_NUMBER": "1+", "CAUCHY_BROKEN_ACTION": "ENOSPC"}
        outcome = self.run_program(["train", *program.options(settings), "--resume"], 2, full)
        self.assertEqual(outcome.code, 4, outcome)
        self.assertIn("nothing to do: stopped by max_epochs", outcome.stdout)
        self.assertIn("the last step has no checkpoint: cannot open run/.checkpoint-", outcome.stderr)
        self.train(settings, 2, ["--resume"])
        self.assertEqual(checkpoints.checkpoint(self.folder / "run", self.steps()[-1]).read_bytes(),
                         (self.folder / "run/best.h5").read_bytes())

    def test_some_stay_for_ever(self):
        self.train(self.settings(checkpoint__keep=1, checkpoint__keep_every_epochs=2, checkpoint__keep_every_steps=7))
        # Five steps an epoch; the last step comes beside one that is proved.
        self.assertEqual(self.steps(), [7, 10, 14, 20, 21, 28, 30])


class MetricsTest(DurabilityTest):
    def test_rows_survive_the_death_of_who_continues_them(self):
        # A stop at the end of an epoch, whose row is due in any case, and one within an epoch.
        for stop in (20, 23):
            settings = self.settings("whole", checkpoint__every_steps=1)
            self.train(settings)
            for call in ("pwrite", "ftruncate"):
                for action in ("kill before", "kill after"):
                    run = {**settings, "checkpoint.directory": "run"}
                    self.train({**run, "stop.max_steps": stop})
                    broken = {"LD_PRELOAD": os.environ["CAUCHY_BROKEN_FILES"], "CAUCHY_BROKEN_CALL": call,
                              "CAUCHY_BROKEN_PATH": "metrics.csv", "CAUCHY_BROKEN_NUMBER": "1",
                              "CAUCHY_BROKEN_ACTION": action}
                    killed = self.run_program(["train", *program.options(run), "--resume"], None, broken)
                    self.assertEqual(killed.code, -signal.SIGKILL, killed)
                    self.train(run, more=["--resume"])
                    rows, expected = (checkpoints.untimed(checkpoints.metrics(self.folder / directory))
                                      for directory in ("run", "whole"))
                    self.assertEqual(rows, expected, (stop, call, action))
                    shutil.rmtree(self.folder / "run")
            shutil.rmtree(self.folder / "whole")


class DeadlineTest(DurabilityTest):
    def seconds_of(self, environment=None, **more):
        began = time.monotonic()
        outcome = self.run_program(["train", *program.options(self.settings(
            stop__max_steps="none", checkpoint__every_steps="never", **more))], 2, environment)
        return outcome, time.monotonic() - began

    @staticmethod
    def training_seconds(outcome):
        """Of the loop, the last checkpoint included: the clock of deadlines started a little earlier."""
        return float(re.search(r"\n  total +(\S+) ", outcome.stdout)[1])

    def test_max_seconds_leaves_time_to_evaluate(self):
        # A pass over these test data takes half a second, and some seconds under a sanitizer.
        toy.categorical(self.folder / "large.h5", 100000)
        outcome, _ = self.seconds_of(stop__max_seconds=8, data__test="large.h5", model__layers="300,300",
                                     data__microbatch=100)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("test NLL", outcome.stdout)
        self.assertLess(self.training_seconds(outcome), 8)

    def test_max_seconds_leaves_time_to_save(self):
        outcome, seconds = self.seconds_of(stop__max_seconds=3)
        self.assertEqual(outcome.code, 0, outcome)
        self.assertIn("stopped by max_seconds", outcome.stdout)
        self.assertEqual(len(self.steps()), 1)
        self.assertGreater(seconds, 1)
        self.assertLess(self.training_seconds(outcome), 3)

    def test_max_seconds_leaves_time_to_save_on_a_slow_file_system(self):
        # Each write takes a tenth of a second longer, which makes three seconds of a checkpoint. When it is known how long
        # the first one took, the second has begun, and the last one follows.
        slow = {"LD_PRELOAD": os.environ["CAUCHY_BROKEN_FILES"], "CAUCHY_BROKEN_CALL": "pwrite",
                "CAUCHY_BROKEN_PATH": "checkpoint-", "CAUCHY_BROKEN_NUMBER": "1+", "CAUCHY_BROKEN_ACTION": "delay"}
        outcome = self.run_program(["train", *program.options(self.settings(
            stop__max_steps="none", stop__max_seconds=11, checkpoint__every_steps="never",
            checkpoint__every_seconds=0.1))], None, slow)
        self.assertEqual(outcome.code, 0, outcome)
        written = re.search(r"written     (\d+) checkpoints in (\S+) s", outcome.stdout)
        self.assertGreater(float(written[2]) / int(written[1]), 1, outcome)  # or this test shows nothing
        self.assertLess(self.training_seconds(outcome), 11)

    def test_the_batch_system_says_when_the_job_ends(self):
        # Ten seconds before the end remain for all processes to leave.
        end = int(time.time()) + 16
        outcome, seconds = self.seconds_of({"SLURM_JOB_END_TIME": str(end)})
        self.assertEqual(outcome.code, 75, outcome)
        self.assertIn("stopped by job_end", outcome.stdout)
        self.assertLess(time.time(), end - 5)
        self.assertGreater(seconds, 1)
        self.assertEqual(checkpoints.metrics(self.folder / "run")[-1]["stop"], "job_end")
        self.assertEqual(len(self.steps()), 1)

    def test_an_end_that_is_no_number_is_ignored(self):
        self.train(self.settings(), 1, environment={"SLURM_JOB_END_TIME": "soon"})


class SignalsTest(DurabilityTest):
    def test_repeated_requests_are_one(self):
        process = self.long_run()
        for number in 5 * [signal.SIGTERM, signal.SIGUSR1]:
            process.send_signal(number)
            time.sleep(0.001)
        outcome = program.finish(process, 30)
        self.assertEqual(outcome.code, 75, outcome)
        final = int(re.search(r"stopped by request after ([\d ]+) steps", outcome.stdout)[1].replace(" ", ""))
        self.assertEqual(max(self.steps()), final)

    def test_sigterm_to_mpirun_leaves_time_to_save(self):
        # mpirun passes nothing on; after three seconds it sends the ranks SIGTERM, and after three more SIGKILL.
        process = self.long_run(2, environment={"OMPI_MCA_odls_base_sigkill_timeout": "3"}, checkpoint__every_steps=500)
        process.send_signal(signal.SIGTERM)
        outcome = program.finish(process, 30)
        self.assertNotEqual(outcome.code, 0)
        final = int(re.search(r"stopped by request after ([\d ]+) steps", outcome.stdout)[1].replace(" ", ""))
        self.assertEqual(max(self.steps()), final)
        outcome = self.train(self.settings(model__layers="100,100", stop__max_steps=final + 1), 3, ["--resume"])
        self.assertIn(f"(step {final})", outcome.stdout)

    def test_the_time_of_checkpoints_is_told(self):
        outcome = self.stop(self.long_run())
        self.assertRegex(outcome.stdout, r"\n  checkpoint +\d+\.\d+ ")
        self.assertRegex(outcome.stdout, r"\nwritten     [\d ]+ checkpoints in \S+ s, beside training\n")


class ChangeTest(DurabilityTest):
    def test_the_learning_rate_changes_when_asked(self):
        self.train(self.settings(stop__max_steps=10))
        changed = self.settings(optimizer__learning_rate=0.01)
        message = self.refuse(["train", *program.options(changed), "--resume"], 2)
        self.assertIn("optimizer.learning_rate = 0.1, now 0.01", message)
        self.assertIn("--change=optimizer.learning_rate", message)
        self.train(changed, 2, ["--resume", "--change=optimizer.learning_rate"])
        rates = [(int(row["step"]), row["learning_rate"]) for row in checkpoints.metrics(self.folder / "run")]
        self.assertTrue(all(rate == ("0.1" if step <= 10 else "0.01") for step, rate in rates), rates)
        # From now on the new one is the run's.
        self.train({**changed, "stop.max_steps": 35}, 1, ["--resume"])
        self.refuse(["train", *program.options(self.settings(stop__max_steps=40)), "--resume"])

    def test_the_same_steps_with_the_changed_rate_on_any_ranks(self):
        self.train(self.settings("start", stop__max_steps=10))
        digests = set()
        for ranks in (1, 2, 3, 4):
            shutil.copytree(self.folder / "start", self.folder / f"run{ranks}")
            outcome = self.train(self.settings(f"run{ranks}", optimizer__learning_rate=0.01), ranks,
                                 ["--resume", "--change=optimizer.learning_rate"])
            digests.add(self.digest_in(outcome.stdout))
        self.assertEqual(len(digests), 1)

    def test_nothing_else_changes(self):
        self.train(self.settings(stop__max_steps=10))
        self.assertIn("only optimizer.learning_rate", self.refuse(
            ["train", *program.options(self.settings()), "--resume", "--change=model.layers"], 2))
        message = self.refuse(["train", *program.options(self.settings(optimizer__learning_rate=1, model__layers=9)),
                               "--resume", "--change=optimizer.learning_rate"])
        self.assertIn("model.layers = 8, now 9", message)
        self.assertNotIn("learning_rate = ", message)
        self.assertIn("--resume", self.refuse(
            ["train", *program.options(self.settings()), "--change=optimizer.learning_rate"]))


class InitialTest(DurabilityTest):
    """model.initial: another run from a checkpoint's parameters alone."""

    def test_starts_from_the_parameters_alone(self):
        self.train(self.settings("first"))
        source = "first/checkpoint-00000030.h5"
        digests = set()
        for ranks in (1, 2, 3, 4):
            outcome = self.train(self.settings(f"run{ranks}", model__initial=source, optimizer__learning_rate=1e-300,
                                               optimizer__method="gradient_descent", stop__max_steps=1), ranks)
            digests.add(self.digest_in(outcome.stdout))
        # A step of no length: Θ is that of the source.
        self.assertEqual(digests, {checkpoints.digest(self.folder / source)})
        with checkpoints.opened(self.folder / "run1/checkpoint-00000001.h5") as file:
            self.assertEqual(file["stopping"].attrs["steps"], 1)
            self.assertEqual(list(file["optimizer"]), [])

    def test_takes_parameters_of_the_other_precision(self):
        self.train(self.settings("first"))
        source = "first/checkpoint-00000030.h5"
        self.train(self.settings(model__initial=source, run__precision="double", optimizer__learning_rate=1e-300,
                                 stop__max_steps=1))
        before, after = (checkpoints.tensors(self.folder / path)
                         for path in (source, "run/checkpoint-00000001.h5"))
        for name, values in before.items():
            self.assertEqual(after[name].dtype, "float64")
            self.assertTrue((after[name] == values).all())

    def test_is_of_no_account_when_resumed(self):
        self.train(self.settings("first"))
        common = {"model__initial": "first/checkpoint-00000030.h5"}
        self.train(self.settings("whole", **common))
        self.train(self.settings("parts", **common, stop__max_steps=12), 1, ["--resume"])
        shutil.rmtree(self.folder / "first")
        self.train(self.settings("parts", **common), 2, ["--resume"])
        self.assertEqual((self.folder / "parts/checkpoint-00000030.h5").read_bytes(),
                         (self.folder / "whole/checkpoint-00000030.h5").read_bytes())

    def test_refuses_what_does_not_fit(self):
        self.train(self.settings("first"))
        for initial, layers, text in (("first/checkpoint-00000030.h5", 9, "belongs to another model"),
                                      ("nowhere.h5", 8, "no such file"), ("first", 8, "is not a file")):
            message = self.refuse(["train", *program.options(self.settings(
                model__initial=initial, model__layers=layers))], 2)
            self.assertIn(text, message)
        message = self.refuse(["train", *program.options(self.settings(model__initial="train.h5"))], 2, code=4)
        self.assertIn("train.h5", message)


if __name__ == "__main__":
    unittest.main()
