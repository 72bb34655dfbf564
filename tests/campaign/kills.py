#!/usr/bin/env python3
"""Runs that are killed again and again, at random moments and within system calls, or whose file system breaks: each is
resumed on another number of ranks, and ends as if nothing had happened.

usage: kills.py [--rounds N] [--seed S] [--progress]
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

# A library that makes calls to the file system fail, or the process end within them.
BROKEN_FILES = os.environ.get("CAUCHY_BROKEN_FILES",
                              str(program.SOURCE / "build" / "release" / "tests" / "libbroken_files.so"))
STEPS = 1000
SETTINGS = {"data.train": "train.h5", "data.validation": "test.h5", "data.test": "test.h5", "data.shards": 4,
            "data.standardize": "true", "model.layers": "32,32", "model.l2": 0.01, "optimizer.method": "momentum",
            "optimizer.batch_size": 300,
            # So small a rate that the last epoch is the best: best.h5 is written all along, alone and with a number.
            "optimizer.learning_rate": 0.0005, "output.every_steps": 30, "checkpoint.directory": "run",
            "checkpoint.every_steps": 10, "stop.max_steps": STEPS}
RANKS = (1, 2, 3, 4)
# Seconds. A whole run takes about one on an idle machine; nothing may take longer than the first of these even on a
# busy one, and after a death the rest of the job may live on for the second.
RUN_TIMEOUT = 120
DEATH_TIMEOUT = 10

WRITE_CALLS = ("open", "pwrite", "fsync", "ftruncate", "close", "rename", "remove")
# Calls to die in: which, on what, and up to how many-th. Those on the data hit every rank, the others the root.
DEADLY_CALLS = ([(call, "checkpoint-", 40) for call in WRITE_CALLS] +
                [("link", "best.h5", 30), ("rename", "best.h5", 60)] +
                [(call, "resolved.cfg", 2) for call in ("open", "pwrite", "fsync", "rename")] +
                [("pwrite", "metrics.csv", 10), ("pwrite", ".lock", 1), ("open", ".lock", 2),
                 ("pread", "checkpoint-", 20), ("open", "checkpoint-", 3), ("pread", "train.h5", 30),
                 ("open", "train.h5", 4)])
# That HDF5 tries a second time when its first open() fails is its own affair: the first one of all is ours.
FAILING_CALLS = [(call, ".checkpoint-", limit) for call, limit in (("open", 1), ("pwrite", 100), ("fsync", 8),
                                                                   ("rename", 4), ("pread", 8))]
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EACCES")


class Failure(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Failure(what)


def processes_in(folder):
    """The program's processes that work in a folder, whoever their parent is by now."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd") == str(folder) and \
                    os.readlink(entry / "exe") == os.path.realpath(program.EXECUTABLE):
                found.append(int(entry.name))
        except OSError:
            pass  # it has ended, or is not ours
    return found


class Campaign:
    def __init__(self, folder, seed):
        self.folder = folder
        self.random = random.Random(seed)
        self.counts = {}
        self.temporaries = set()
        self.valid = set()
        toy.categorical(folder / "train.h5", 1200)
        toy.categorical(folder / "test.h5", 100, seed=5)
        self.expected_digest = self.undisturbed()

    # ---- launches ----

    def environment(self, more):
        # What killed ranks leave goes with the folder.
        shared = self.folder / "shared"
        shared.mkdir(exist_ok=True)
        return {"OMPI_MCA_orte_tmpdir_base": str(shared), "OMPI_MCA_btl_vader_backing_directory": str(shared), **more}

    def start(self, ranks, broken=None):
        more = {"LD_PRELOAD": BROKEN_FILES, **broken} if broken else {}
        return program.start(["train", *program.options(SETTINGS), "--resume"], ranks, self.environment(more),
                             self.folder)

    def undisturbed(self):
        began = time.monotonic()
        outcome = program.finish(self.start(1), RUN_TIMEOUT)
        self.run_seconds = time.monotonic() - began
        require(outcome.code == 0, f"the undisturbed run: {outcome}")
        (self.folder / "run").rename(self.folder / "whole")
        return self.digest(outcome)

    @staticmethod
    def digest(outcome):
        found = re.search(r"^parameters digest: (\S+)$", outcome.stdout, re.MULTILINE)
        require(found, f"no digest: {outcome}")
        return found.group(1)

    def wait_for_end(self):
        """Until none of a job's processes lives; those that will not end are killed, and that is a failure."""
        deadline = time.monotonic() + DEATH_TIMEOUT
        while alive := processes_in(self.folder):
            if time.monotonic() > deadline:
                for process in alive:
                    os.kill(process, signal.SIGKILL)
                raise Failure(f"processes {alive} live {DEATH_TIMEOUT} s after their job's end")
            time.sleep(0.01)
        shutil.rmtree(self.folder / "shared")

    def finish(self, process):
        """Waits for the end of a job that may lose a rank. When one dies in its first tenth of a second, mpirun of
        Open MPI 4.1 sometimes waits for a lock of its own process for ever, after all ranks have ended: it is ended
        here, and counted."""
        deadline = time.monotonic() + RUN_TIMEOUT
        seen = time.monotonic()
        while time.monotonic() < deadline:
            try:
                stdout, stderr = process.communicate(timeout=1)
                return program.Outcome(process.returncode, stdout, stderr)
            except subprocess.TimeoutExpired:
                if processes_in(self.folder):
                    seen = time.monotonic()
                elif time.monotonic() > seen + DEATH_TIMEOUT:
                    self.counts["mpirun that did not end"] = self.counts.get("mpirun that did not end", 0) + 1
                    process.kill()
        return program.finish(process, 0)

    # ---- rounds ----

    def kill_a_process(self, victim):
        """kill -9 of mpirun or of one of its ranks at a random moment."""
        process = self.start(self.random.choice(RANKS))
        moment = self.random.uniform(0, 1.2 * self.run_seconds)
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            ranks = processes_in(self.folder)
            target = self.random.choice(ranks) if victim == "rank" and ranks else process.pid
            try:
                os.kill(target, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it was about to end
        return self.finish(process), f"after {moment:.3f} s"

    def kill_of_a_rank(self):
        return self.kill_a_process("rank")

    def kill_of_mpirun(self):
        return self.kill_a_process("mpirun")

    def broken_run(self, call, path, number, action, ranks):
        broken = {"CAUCHY_BROKEN_CALL": call, "CAUCHY_BROKEN_PATH": path, "CAUCHY_BROKEN_NUMBER": number,
                  "CAUCHY_BROKEN_ACTION": action}
        return self.finish(self.start(ranks, broken)), \
            f"{action} {call} number {number} of {path} on {ranks} ranks"

    def death_in_a_call(self):
        call, path, limit = self.random.choice(DEADLY_CALLS)
        return self.broken_run(call, path, str(self.random.randint(1, limit)),
                               self.random.choice(("kill before", "kill after")), self.random.choice(RANKS))

    def failing_call(self):
        """A checkpoint that cannot be written does not stop training. If it is the last one, the exit code tells it."""
        call, path, limit = self.random.choice(FAILING_CALLS)
        number = str(self.random.randint(1, limit)) + self.random.choice(("", "+"))
        outcome, what = self.broken_run(call, path, number, self.random.choice(ERRORS), self.random.choice(RANKS))
        last_is_missing = "cauchy: error: the last step has no checkpoint: " in outcome.stderr
        require(outcome.code == (4 if last_is_missing else 0) and "stopped by max_steps" in outcome.stdout,
                f"{what}: {outcome}")
        require(re.search(r"warning: no checkpoint of step \d+: .*\.checkpoint-", outcome.stderr) or
                self.steps_left(outcome) < 100, f"{what}: no warning: {outcome}")
        return outcome, what

    def odd_call(self):
        """Slow calls, and reads and writes that move fewer bytes than asked: nothing to speak of."""
        call, action = self.random.choice((("pwrite", "short"), ("pread", "short"), ("fsync", "delay"),
                                           ("rename", "delay")))
        number = str(self.random.randint(1, 20)) + ("+" if action == "short" else "")
        outcome, what = self.broken_run(call, "run/", number, action, self.random.choice(RANKS))
        require(outcome.code == 0 and "cauchy" not in outcome.stderr, f"{what}: {outcome}")
        return outcome, what

    def request(self):
        process = self.start(self.random.choice(RANKS))
        moment = self.random.uniform(0.4, 1) * self.run_seconds
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGUSR1)
        return program.finish(process, RUN_TIMEOUT), f"after {moment:.3f} s"

    @staticmethod
    def steps_left(outcome):
        resumed = re.search(r"\(step (\d+)\)$", outcome.stdout, re.MULTILINE)
        return STEPS - (int(resumed.group(1)) if resumed else 0)

    def round(self):
        kind = self.random.choices((self.kill_of_a_rank, self.kill_of_mpirun, self.death_in_a_call, self.failing_call,
                                    self.odd_call, self.request), weights=(5, 5, 8, 3, 1, 1))[0]
        outcome, what = kind()
        self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
        what = f"{kind.__name__.replace('_', ' ')}, {what}"
        try:
            self.wait_for_end()
            self.check_folder(outcome)
            if outcome.code == 0 and checkpoints.checkpoint(self.folder / "run", STEPS).exists():
                self.check_end(outcome)
        except Failure as failure:
            raise Failure(f"{what}: {failure}\n{outcome}") from None
        return what, outcome.code

    # ---- what must hold ----

    def check_folder(self, outcome):
        """Every checkpoint that has its name is whole; what the round before left is gone."""
        if not (self.folder / "run").exists():
            return
        for path in (self.folder / "run").glob("*.h5"):
            status = path.stat()
            version = (path.name, status.st_ino, status.st_mtime_ns)
            if version not in self.valid:
                require(checkpoints.is_whole(path), f"{path.name} is damaged")
                self.valid.add(version)
        present = {path.name for path in (self.folder / "run").glob(".*.tmp.*")}
        if "resuming from" in outcome.stdout or "starting afresh" in outcome.stdout:
            require(not present & self.temporaries, f"left behind: {present & self.temporaries}")
        self.temporaries = present

    def check_end(self, outcome):
        """As if nothing had happened. Then another run may start."""
        run, whole = self.folder / "run", self.folder / "whole"
        final = checkpoints.checkpoint(run, STEPS)
        require(final.read_bytes() == checkpoints.checkpoint(whole, STEPS).read_bytes(), "another last checkpoint")
        require((run / "best.h5").read_bytes() == (whole / "best.h5").read_bytes(), "another best.h5")
        require(self.digest(outcome) == self.expected_digest, "another digest")
        rows, expected = (checkpoints.untimed(checkpoints.metrics(folder)) for folder in (run, whole))
        require(rows == expected, "other metrics")
        shutil.rmtree(run)
        self.temporaries = set()
        self.counts["ends like the undisturbed run"] = self.counts.get("ends like the undisturbed run", 0) + 1

    def end(self):
        """The last run goes to its end, too."""
        if (self.folder / "run").exists():
            outcome = program.finish(self.start(2), RUN_TIMEOUT)
            require(outcome.code == 0, f"the last run: {outcome}")
            self.wait_for_end()
            self.check_folder(outcome)
            require(not self.temporaries, f"left behind: {self.temporaries}")
            self.check_end(outcome)


def run_campaign(rounds, seed, progress):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cauchy-kills-")).resolve()
    start = time.monotonic()
    print(f"{rounds} rounds, --seed {seed}, in {folder}", flush=True)
    campaign = Campaign(folder, seed)
    for number in range(1, rounds + 1):
        try:
            what, code = campaign.round()
        except Failure as failure:
            print(f"WRONG in round {number} of --seed {seed} (the folder stays): {failure}")
            return 1
        if progress:
            print(f"round {number}/{rounds}, {time.monotonic() - start:.0f} s: {what}: code {code}", flush=True)
    campaign.end()
    for name, count in sorted(campaign.counts.items()):
        print(f"{count:6} × {name.replace('_', ' ')}")
    print(f"nothing was lost in {rounds} rounds, {time.monotonic() - start:.0f} s")
    shutil.rmtree(folder)
    # Whole runs, or the comparison was never made.
    return 0 if campaign.counts.get("ends like the undisturbed run", 0) > 0 else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--progress", action="store_true")
    arguments = parser.parse_args()
    sys.exit(run_campaign(arguments.rounds, arguments.seed, arguments.progress))
