#!/usr/bin/env python3
"""Nothing hangs: whatever a rank dies of, or waits for, the job ends everywhere, and tells which rank it was."""

import csv
import os
import pathlib
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program
import toy

FAULTY_CALLS = os.environ.get("CAUCHY_FAULTY_CALLS",
                              str(program.SOURCE / "build" / "release" / "tests" / "libfaulty_calls.so"))

# mpirun's own time between a death, SIGTERM and SIGKILL, as users have it: the watchdog speaks before.
LAUNCHER = {"OMPI_MCA_odls_base_sigkill_timeout": "1"}
# A launcher that leaves the survivors of a death alone, as srun does without -K.
CARELESS = {**LAUNCHER, "OMPI_MCA_orte_abort_on_non_zero_status": "0", "OMPI_MCA_orte_enable_recovery": "1"}

# Sums on a thread of their own: of three calls in a row one is made there, and two by the main thread.
OVERLAP = {"run__reduction": "exact", "run__overlap": "true"}

# The promise: seconds from a death to the end of all processes.
DEATH_SECONDS = 10
# What a machine under the load of other tests may add.
SLACK_SECONDS = 10


def is_alive(pid):
    """A zombie, which nobody has waited for yet, is dead."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Job:
    """A training run under mpirun, and the process ids of its ranks."""

    def __init__(self, test, ranks, faults=None, environment=LAUNCHER, **settings):
        """`faults`: by rank, what the environment of faulty_calls says there."""
        self.test = test
        self.folder = test.folder / f"run-{len(test.jobs)}"
        test.jobs.append(self)
        values = {"data.train": test.folder / "train.h5", "data.shards": 4, "model.layers": "8",
                  "run.reduction": "float", "checkpoint.directory": self.folder, "checkpoint.every_seconds": 0,
                  "stop.max_steps": 1000000000,
                  **{key.replace("__", "."): value for key, value in settings.items()}}
        command = [program.MPIEXEC]
        for rank in range(ranks):
            command += [":"] * (rank > 0) + ["-n", "1"]
            for name, value in (faults or {}).get(rank, {}).items():
                command += ["-x", f"{name}={value}"]
            command += [program.EXECUTABLE, "train", *program.options(values)]
        self.process = program.start_command(command, environment, test.folder)
        test.addCleanup(self.clean_up)
        self.ranks = []

    def find_ranks(self, count):
        self.wait(lambda: len(program.children(self.process.pid)) == count)
        self.ranks = program.children(self.process.pid)

    def wait_for_steps(self, count):
        """Until the job has `count` ranks and trains: the first row is in the metrics."""
        self.find_ranks(count)
        metrics = self.folder / "metrics.csv"
        self.wait(lambda: metrics.exists() and metrics.read_text().count("\n") >= 2)
        # In order of rank, which is not that of process ids.
        self.ranks.sort(key=lambda pid: int(re.search(
            rb"\0OMPI_COMM_WORLD_RANK=(\d+)\0", pathlib.Path(f"/proc/{pid}/environ").read_bytes()).group(1)))
        time.sleep(1)  # some reports of the ranks, which go out four times a second

    def wait(self, condition, timeout=30):
        end = time.monotonic() + timeout
        while not condition():
            self.test.assertLess(time.monotonic(), end, "the job does not start")
            self.test.assertIsNone(self.process.poll(), "the job has ended")
            time.sleep(0.02)

    def signal(self, rank, number):
        os.kill(self.ranks[rank], number)

    def outcome(self, seconds):
        """How the job ended; all of its processes did within so many seconds."""
        started = time.monotonic()
        outcome = program.finish(self.process, seconds + SLACK_SECONDS)
        while any(is_alive(pid) for pid in self.ranks):
            self.test.assertLess(time.monotonic() - started, seconds + SLACK_SECONDS, f"a rank is left\n{outcome}")
            time.sleep(0.02)
        return outcome

    def clean_up(self):
        for pid in self.ranks:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        program.ProgramTest.end(self.process)


class WatchdogTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.jobs = []
        toy.categorical(self.folder / "train.h5", 60)

    def job(self, ranks, *arguments, **settings):
        return Job(self, ranks, *arguments, **settings)

    def faulty(self, faults, **more):
        return {"LD_PRELOAD": FAULTY_CALLS, "CAUCHY_FAULT": faults, **more}

    def messages(self, outcome):
        """The lines with which the watchdog, or a failing rank, ended the job."""
        lines = [line for line in outcome.stderr.splitlines() if line.startswith("cauchy: error: ")]
        self.assertNotEqual(lines, [], outcome)
        return lines

    def message(self, outcome):
        """The one line with which it was ended."""
        lines = self.messages(outcome)
        self.assertEqual(len(lines), 1, outcome)
        return lines[0]


class DeathTest(WatchdogTest):
    def kill(self, ranks, victim, environment=LAUNCHER):
        job = self.job(ranks, environment=environment)
        job.wait_for_steps(ranks)
        job.signal(victim, signal.SIGKILL)
        outcome = job.outcome(DEATH_SECONDS)
        speaker = "rank 1: " if victim == 0 else ""
        # Where nobody ends rank 2, it speaks some seconds after rank 1.
        message = self.messages(outcome)[0] if environment is CARELESS else self.message(outcome)
        self.assertRegex(message, rf"^cauchy: error: {speaker}rank {victim} \([^,]+, at step \d+, [^)]+\) "
                                  "has died: killed, crashed, or cut off; go on with --resume$")
        return outcome

    def test_a_killed_rank_ends_the_job_and_is_named(self):
        for ranks, victim in ((2, 1), (4, 2)):
            with self.subTest(ranks=ranks, victim=victim):
                self.assertNotEqual(self.kill(ranks, victim).code, 0)

    def test_so_does_the_root(self):
        self.assertNotEqual(self.kill(3, 0).code, 0)

    def test_a_launcher_that_lets_the_others_live_is_not_needed(self):
        # The exit code is not what counts here: this launcher calls every end a good one.
        for victim in (0, 2):
            with self.subTest(victim=victim):
                self.kill(3, victim, CARELESS)

    def test_without_mpirun_no_rank_goes_on(self):
        job = self.job(2)
        job.wait_for_steps(2)
        job.process.kill()
        self.assertNotEqual(job.outcome(DEATH_SECONDS).code, 0)

    def test_a_rank_that_just_leaves_has_died(self):
        job = self.job(3, {1: self.faulty("exit_allreduce", CAUCHY_FAULT_AT=60)})
        job.find_ranks(3)
        outcome = job.outcome(DEATH_SECONDS)
        self.assertNotEqual(outcome.code, 0)
        self.assertRegex(self.message(outcome), r"^cauchy: error: rank 1 \([^)]+\) has died: ")

    def test_a_rank_that_fails_tells_why_and_nobody_calls_it_dead(self):
        for careful, environment in ((True, LAUNCHER), (False, CARELESS)):
            with self.subTest(careful=careful):
                job = self.job(3, {2: self.faulty("throw_allreduce", CAUCHY_FAULT_AT=60)}, environment)
                job.find_ranks(3)
                outcome = job.outcome(DEATH_SECONDS)
                self.assertIn("cauchy: error: rank 2: a broken rank\n", outcome.stderr)
                self.assertNotIn("has died", outcome.stderr)
                if careful:
                    self.assertEqual(outcome.code, 1, outcome)
                    self.assertNotIn("has not ended", outcome.stderr)

    def test_so_does_one_whose_other_thread_fails(self):
        for call in (60, 61, 62):
            with self.subTest(call=call):
                job = self.job(3, {2: self.faulty("throw_allreduce", CAUCHY_FAULT_AT=call)}, **OVERLAP)
                job.find_ranks(3)
                outcome = job.outcome(DEATH_SECONDS)
                self.assertIn("cauchy: error: rank 2: a broken rank\n", outcome.stderr)
                self.assertEqual(outcome.code, 1, outcome)

    def test_an_abort_that_hangs_on_the_failing_rank_does_not_keep_the_job(self):
        job = self.job(2, {1: self.faulty("throw_allreduce,hang_abort", CAUCHY_FAULT_AT=60)})
        job.find_ranks(2)
        outcome = job.outcome(DEATH_SECONDS)
        self.assertEqual(outcome.code, 5, outcome)
        self.assertRegex(outcome.stderr, r"cauchy: error: the job has not ended after the error of rank 1 \(")


class SilenceTest(WatchdogTest):
    LIMIT = 2

    def stop(self, ranks, victim, faults=None, **settings):
        job = self.job(ranks, faults, run__watchdog_seconds=self.LIMIT, **settings)
        job.wait_for_steps(ranks)
        started = time.monotonic()
        job.signal(victim, signal.SIGSTOP)
        outcome = job.outcome(self.LIMIT + DEATH_SECONDS)
        self.assertGreater(time.monotonic() - started, self.LIMIT)
        self.assertEqual(outcome.code, 5, outcome)
        return outcome

    def test_a_stopped_rank_is_named_and_what_the_others_wait_for(self):
        for settings in ({}, OVERLAP):
            with self.subTest(**settings):
                message = self.message(self.stop(3, 1, **settings))
                self.assertRegex(message, r"^cauchy: error: no rank has made progress for \d s; nothing was heard for "
                                          r"\d s of rank 1 \([^,]+, at step \d+, [^)]+\): stopped, or cut off; the "
                                          r"other 2 ranks wait in MPI_Allreduce at step \d+; ")

    def test_a_stopped_root_is_named_by_another_rank(self):
        message = self.message(self.stop(2, 0))
        self.assertRegex(message, r"^cauchy: error: rank 1: no rank has made progress for \d s; nothing was heard for "
                                  r"\d s of rank 0 \([^)]+\): stopped, or cut off; rank 1 \([^)]+\) waits in "
                                  r"MPI_Allreduce")

    def test_the_process_ends_where_mpi_does_not_end_it(self):
        outcome = self.stop(2, 1, {rank: self.faulty("hang_abort") for rank in range(2)})
        self.assertIn("cauchy: error: MPI_Abort does not end this process: it ends itself", outcome.stderr)

    def hang(self, ranks, faults, **settings):
        job = self.job(ranks, faults, run__watchdog_seconds=1, **settings)
        job.find_ranks(ranks)
        outcome = job.outcome(self.LIMIT + DEATH_SECONDS)
        self.assertEqual(outcome.code, 5, outcome)
        return self.message(outcome)

    def test_a_rank_that_cannot_read_is_named(self):
        message = self.hang(2, {1: self.faulty("hang_read")})
        self.assertRegex(message, r"; rank 1 \([^,]+, before the first step, reading data\) does not go on; "
                                  r"rank 0 \([^)]+\) waits in MPI_Allreduce before the first step; ")

    def test_a_collective_that_does_not_end(self):
        for fault in ("hang_allreduce", "spin_allreduce"):
            with self.subTest(fault=fault):
                message = self.hang(2, {1: self.faulty(fault, CAUCHY_FAULT_AT=60)})
                self.assertRegex(message, r"; all 2 ranks wait in MPI_Allreduce at step \d+: the network between them")

    def test_one_beside_computing(self):
        for call in (60, 61, 62):
            with self.subTest(call=call):
                message = self.hang(2, {1: self.faulty("hang_allreduce", CAUCHY_FAULT_AT=call)}, **OVERLAP)
                self.assertRegex(message, r"; all 2 ranks wait in MPI_Allreduce at step \d+: the network between them")

    def test_a_rank_alone(self):
        message = self.hang(1, {0: self.faulty("hang_read")})
        self.assertRegex(message, r"; rank 0 \([^)]+reading data\) does not go on; ")

    def test_an_end_of_mpi_that_does_not_come(self):
        message = self.hang(2, {1: self.faulty("hang_finalize")}, stop__max_steps=5)
        self.assertRegex(message, r"; all 2 ranks wait in MPI_Finalize at step 5: ")

    def test_ranks_that_cannot_reach_the_root_watch_themselves(self):
        job = self.job(3, {2: self.faulty("no_address,hang_allreduce", CAUCHY_FAULT_AT=60)}, run__watchdog_seconds=1)
        job.find_ranks(3)
        outcome = job.outcome(10 + DEATH_SECONDS)  # the time in which ranks try to find the root
        self.assertEqual(outcome.code, 5, outcome)
        self.assertRegex(outcome.stderr, r"(?m)^cauchy: warning: rank 2 \([^)]+\) cannot reach rank 0 \([^)]+\) over "
                                         r"TCP \([^)]+\) \(found by rank 2\); now each rank watches only itself, .*: "
                                         r"raise it")
        self.assertRegex(outcome.stderr, r"cauchy: error: .*; rank \d \([^)]+\) waits in MPI_Allreduce at step \d+; ")


class PatienceTest(WatchdogTest):
    """What takes long, but goes on."""

    def succeeds(self, job):
        outcome = job.outcome(60)
        self.assertEqual(outcome.code, 0, outcome)

    def longest_step(self, job):
        """Seconds, in a run of a step an epoch."""
        with open(job.folder / "metrics.csv", newline="") as file:
            ends = [float(row["seconds"]) for row in csv.DictReader(file)]
        return max(end - start for start, end in zip([0, *ends], ends))

    def test_steps_longer_than_the_limit(self):
        # 2 ranks of 3000 microbatches each, which take about a millisecond: several times the limit.
        toy.categorical(self.folder / "train.h5", 6000)
        job = self.job(2, data__microbatch=1, model__layers="1500,1500", stop__max_steps=1, run__watchdog_seconds=1)
        self.succeeds(job)
        self.assertGreater(self.longest_step(job), 1)

    def test_a_slow_network(self):
        # Each collective takes six tenths of the limit; a step has several.
        job = self.job(2, {1: self.faulty("slow_allreduce", CAUCHY_FAULT_AT=40, CAUCHY_FAULT_MS=600)},
                       run__watchdog_seconds=1, run__reduction="exact", stop__max_steps=10)
        self.succeeds(job)
        self.assertGreater(self.longest_step(job), 1)

    def test_a_slow_file_system(self):
        # A checkpoint of 17 MB: four of its chunks, of 1 MB each, take half of the limit, all together twice as long.
        job = self.job(2, {0: self.faulty("slow_write", CAUCHY_FAULT_MS=250)}, run__watchdog_seconds=2,
                       model__layers="2048,2048", stop__max_steps=1)
        started = time.monotonic()
        self.succeeds(job)
        self.assertGreater(time.monotonic() - started, 4)

    def test_a_job_that_is_suspended_and_goes_on(self):
        job = self.job(2, run__watchdog_seconds=2)
        job.wait_for_steps(2)
        # Not all at once: for a moment the root waits for rank 1, before and after.
        others = [job.process.pid, job.ranks[0]]
        job.signal(1, signal.SIGSTOP)
        time.sleep(0.4)
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(4)
        for pid in others:
            os.kill(pid, signal.SIGCONT)
        time.sleep(0.4)
        job.signal(1, signal.SIGCONT)
        rows = (job.folder / "metrics.csv").read_text().count("\n")
        job.wait(lambda: (job.folder / "metrics.csv").read_text().count("\n") > rows + 2)
        job.process.send_signal(signal.SIGUSR1)
        self.assertEqual(job.outcome(DEATH_SECONDS).code, 75)

    def test_a_watchdog_that_sleeps(self):
        job = self.job(2, run__watchdog_seconds="never")
        job.wait_for_steps(2)
        job.signal(1, signal.SIGSTOP)
        time.sleep(1.5)
        job.signal(1, signal.SIGCONT)
        job.process.send_signal(signal.SIGUSR1)
        self.assertEqual(job.outcome(DEATH_SECONDS).code, 75)


if __name__ == "__main__":
    unittest.main()
