#!/usr/bin/env python3
"""scripts/cluster/train.sbatch brings a run to its end under a real Slurm, whatever cuts it short.

CTest runs ShortTest; LongTest is what takes longer or happens less often: tests/cluster/slurm_test.py LongTest, four
minutes. Ends with code 77, which CTest takes for "skipped", where no Slurm can be started."""

import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

SCRIPTS = program.SOURCE / "scripts" / "cluster"
NODES = 2
ENDLESS = 10**8
SETTINGS = {"data.train": "train.h5", "data.shards": 4, "model.layers": "32", "optimizer.batch_size": 20,
            "optimizer.method": "momentum", "checkpoint.every_epochs": "never", "checkpoint.every_steps": 200}


class SlurmTest(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can start a Slurm")
        folder = tempfile.mkdtemp(prefix="cauchy-slurm-")
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.environment = {"CAUCHY_SLURM": folder, "SLURM_CONF": f"{folder}/slurm.conf",
                           "CAUCHY_SOURCE": str(program.SOURCE), "CAUCHY_EXECUTABLE": program.EXECUTABLE,
                           # Without a second that mpirun would leave its ranks, if it did not wait for them.
                           "OMPI_MCA_odls_base_sigkill_timeout": "0"}
        cls.addClassCleanup(cls.call, SCRIPTS / "slurm.sh", "down")
        try:
            cls.call(SCRIPTS / "slurm.sh", "up", NODES)
        except AssertionError as error:
            raise unittest.SkipTest(f"no Slurm can be started here: {error}") from None

    @classmethod
    def call(cls, *words, folder=None, **environment):
        outcome = program.run_command([str(word) for word in words], {**cls.environment, **environment}, 60, folder)
        if outcome.code != 0:
            raise AssertionError(f"{words}: {outcome}")
        return outcome.stdout

    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 60)
        self.configure(ENDLESS)

    def configure(self, max_steps):
        (self.folder / "run.cfg").write_text(program.ini({**SETTINGS, "stop.max_steps": max_steps}))

    def submit(self, launcher, *options, **environment):
        """A job whose folder is `run`, with one rank on each node."""
        words = ["sbatch", "--parsable", f"--nodes={NODES}", "--ntasks-per-node=1", "--output=log", *options,
                 SCRIPTS / "train.sbatch", launcher, "run", "--config", "run.cfg"]
        self.job = int(self.call(*words, folder=self.folder, **environment))
        self.addCleanup(self.call, "scancel", "--quiet", self.job)

    def field(self, name):
        return re.search(rf"\b{name}=(\S+)", self.call("scontrol", "show", "job", self.job))[1]

    def log(self):
        return (self.folder / "log").read_text()

    def await_(self, condition, seconds=40):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"waited for {seconds} s: {self.call('scontrol', 'show', 'job', self.job)}\n{self.log()}")
            time.sleep(0.1)

    def await_state(self, state, seconds=40):
        self.await_(lambda: self.field("JobState") == state, seconds)

    def steps(self):
        return checkpoints.steps(self.folder / "run")

    def await_steps(self):
        """Until there is a newer checkpoint than now: ranks are taking steps, some of which are in no file."""
        newest = max(self.steps(), default=0)
        self.await_(lambda: max(self.steps(), default=0) > newest)

    def assert_saved(self):
        """The step at which the ranks stopped because somebody asked for it has a checkpoint."""
        last = checkpoints.metrics(self.folder / "run")[-1]
        self.assertEqual((last["stop"], int(last["step"])), ("request", max(self.steps())), self.log())

    def await_requeued(self, restarts, seconds=40):
        self.await_(lambda: (self.field("JobState"), self.field("Restarts")) == ("PENDING", str(restarts)), seconds)

    def start_again(self):
        """Spares a job that is in the queue again the two minutes for which Slurm makes it wait there. It needs some of
        them: its next step has the same name, thus the same sockets, and credentials from before the requeue, to the
        second, count for nothing."""
        self.await_(lambda: not list(pathlib.Path(self.environment["CAUCHY_SLURM"]).glob(f"spool/*/*{self.job}.0")))
        time.sleep(1.1)
        self.call("scontrol", "update", f"jobid={self.job}", "StartTime=now")

    def finish_like_undisturbed(self, restarts):
        """Lets a job that is in the queue again end soon, and compares its last checkpoint."""
        end = max(self.steps()) + 2000
        self.configure(end)
        self.start_again()
        self.await_state("COMPLETED")
        self.assertEqual(self.log().count("resuming from "), restarts)
        self.train({**SETTINGS, "stop.max_steps": end, "checkpoint.directory": "whole"})
        name = f"checkpoint-{end:08d}.h5"
        self.assertEqual((self.folder / "run" / name).read_bytes(), (self.folder / "whole" / name).read_bytes())

    def preempt(self, launcher):
        self.submit(launcher)
        self.await_steps()
        self.call("sbatch", "--wait", "--partition=high", f"--nodes={NODES}", "--exclusive", "--output=/dev/null",
                  "--wrap=true")
        self.await_requeued(1)
        self.assert_saved()
        self.finish_like_undisturbed(1)


class ShortTest(SlurmTest):
    def disturb(self, launcher, lost):
        """`lost`: what the script may say of a rank that was killed."""
        self.submit(launcher)
        self.await_steps()
        self.call("scancel", "--batch", "--signal=USR1", self.job)
        self.await_requeued(1)
        self.assertIn("exit code 75; back to the queue", self.log())
        self.assert_saved()

        self.start_again()
        self.await_steps()
        os.kill(self.ranks()[1], signal.SIGKILL)
        self.await_requeued(2)
        self.assertRegex(self.log(), rf"exit code ({lost}); back to the queue")

        self.start_again()
        self.await_steps()
        self.call("scontrol", "requeue", self.job)
        self.await_requeued(3)
        self.assert_saved()

        self.start_again()
        self.await_steps()
        self.call("scancel", "--signal=USR1", self.job)
        self.await_requeued(4)
        self.assert_saved()
        self.finish_like_undisturbed(4)

    def test_disturbed_with_mpirun(self):
        self.disturb("mpirun", "137")

    def test_disturbed_with_srun(self):
        # The death itself, or what the others make of it.
        self.disturb("srun", "137|5")

    def test_cancelled_it_saves_and_stays_away(self):
        for launcher in ("mpirun", "srun"):
            self.submit(launcher)
            self.await_steps()
            self.call("scancel", self.job)
            self.await_(lambda: not self.call("squeue", "--noheader"))
            self.assertEqual(self.ranks(), [])
            self.assert_saved()
            self.assertEqual((self.field("JobState"), self.field("Restarts")), ("CANCELLED", "0"))

    def test_preempted_with_srun(self):
        self.preempt("srun")

    def test_preempted_with_mpirun(self):
        self.preempt("mpirun")

    def submit_stand_in(self, code):
        """A job whose ranks leave nothing but this exit code."""
        stand_in = self.folder / "stand_in"
        stand_in.write_text(f"#!/bin/sh\nexit {code}\n")
        stand_in.chmod(0o755)
        self.submit("srun", CAUCHY_EXECUTABLE=str(stand_in))

    def test_losses_in_a_row_end_the_job(self):
        self.submit_stand_in(5)
        for restarts in (1, 2):
            self.await_requeued(restarts)
            self.start_again()
        self.await_state("FAILED")
        self.assertEqual(self.field("ExitCode"), "5:0")
        self.assertIn("giving up: 3 starts in a row left no newer checkpoint in run", self.log())

    def test_what_would_come_again_ends_the_job(self):
        self.submit_stand_in(2)
        self.await_state("FAILED")
        self.assertEqual((self.field("ExitCode"), self.field("Restarts")), ("2:0", "0"))


class LongTest(SlurmTest):
    """Time limits, for Slurm looks at the clock every 30 seconds and rounds them up to minutes; and rarer ends."""

    def start_over(self):
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        (self.folder / "log").unlink(missing_ok=True)
        self.configure(ENDLESS)

    def save_in_time(self, launcher):
        self.submit(launcher, "--time=2", "--signal=B:USR1@60")
        self.await_requeued(1, 180)
        self.assertIn("exit code 75; back to the queue", self.log())
        self.assert_saved()
        self.finish_like_undisturbed(1)

    def test_saves_in_time_with_mpirun(self):
        self.save_in_time("mpirun")

    def test_saves_in_time_with_srun(self):
        self.save_in_time("srun")

    def test_saves_when_its_time_is_up_with_srun(self):
        # A signal that does nothing in the place of USR1, and then TERM.
        self.submit("srun", "--time=1", "--signal=B:CONT@60")
        self.await_state("TIMEOUT", 180)
        self.await_(lambda: not self.ranks())
        self.assert_saved()

    def test_preempted_with_a_grace_time(self):
        # In that time Slurm sends TERM to the steps alone, and it does not queue a job again that ends in it.
        self.call("scontrol", "update", "partition=low", "GraceTime=20")
        self.addCleanup(self.call, "scontrol", "update", "partition=low", "GraceTime=0")
        for launcher in ("mpirun", "srun"):
            self.start_over()
            self.preempt(launcher)

    def test_a_node_that_is_lost(self):
        for launcher in ("mpirun", "srun"):
            self.start_over()
            self.submit(launcher)
            self.await_steps()
            self.call("scontrol", "update", "nodename=s2", "state=down", "reason=test")
            self.await_requeued(1)
            self.call("scontrol", "update", "nodename=s2", "state=resume")
            self.finish_like_undisturbed(1)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    if result.testsRun == 0:
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() else 1)
