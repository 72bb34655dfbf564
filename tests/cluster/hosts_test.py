#!/usr/bin/env python3
"""Ranks on several hosts (scripts/cluster/hosts.sh): they talk TCP, compute the same bits, and outlive no lost host.

Ends with code 77, which CTest takes for "skipped", where network namespaces cannot be made.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

SCRIPTS = program.SOURCE / "scripts" / "cluster"
UNIT_TESTS = pathlib.Path(os.environ.get("CAUCHY_UNIT_TESTS", program.SOURCE / "build" / "release" / "tests"))
HOSTS = ("n1", "n2", "n3", "n4")
PREFIX = "cauchytest-"  # beside hosts that somebody has made by hand
STEPS = 600
ENVIRONMENT = {
    "CAUCHY_HOSTS": PREFIX,
    # mpirun misses a host after 2 + 3 seconds, and then leaves the ranks two times a second.
    "OMPI_MCA_oob_tcp_keepalive_time": "2",
    "OMPI_MCA_oob_tcp_keepalive_intvl": "1",
    "OMPI_MCA_oob_tcp_keepalive_probes": "3",
    "OMPI_MCA_odls_base_sigkill_timeout": "1",
}
END_SECONDS = 20  # more than twice the seconds above, on a busy machine


def hosts(*words):
    return subprocess.run([SCRIPTS / "hosts.sh", *words], env=program.clean_environment(ENVIRONMENT), timeout=30,
                          stdout=subprocess.PIPE, text=True, check=True).stdout


def why_not():
    """Why there can be no hosts here, or None."""
    try:
        subprocess.run(["ip", "netns", "add", PREFIX + "probe"], check=True, capture_output=True, text=True)
        subprocess.run(["ip", "netns", "delete", PREFIX + "probe"], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no command ip (package iproute2)"
    except subprocess.CalledProcessError as error:
        return "network namespaces are not permitted: " + error.stderr.strip()
    return None


def sent_bytes(host):
    counters = subprocess.run(["ip", "netns", "exec", PREFIX + host, "cat", "/proc/net/dev"], check=True,
                              capture_output=True, text=True).stdout
    return int(re.search(r"eth0:(.*)", counters).group(1).split()[8])


class HostsTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        hosts("down")  # what a test that was killed left behind
        self.addCleanup(hosts, "down")
        hosts("up", str(len(HOSTS)))

    def start_on(self, where, words, launcher=(program.MPIEXEC,)):
        """Ranks on these hosts, one on each."""
        mpirun = [*launcher, "--host", ",".join(where), "-np", str(len(where))]
        return self.start_command([SCRIPTS / "hosts.sh", "run", *mpirun, *words], ENVIRONMENT)

    def training(self, directory, **more):
        digits = program.SOURCE / "tests" / "data"
        settings = {"data.train": digits / "digits_train.h5", "data.test": digits / "digits_test.h5",
                    "data.validation": digits / "digits_test.h5", "checkpoint.directory": directory,
                    "checkpoint.every_steps": 50, "stop.max_epochs": "none", "stop.max_steps": STEPS,
                    **{key.replace("__", "."): value for key, value in more.items()}}
        config = program.SOURCE / "configs" / "digits.cfg"
        return ["train", "--config", config, "--resume", *program.options(settings)]

    def train_on(self, where, directory):
        outcome = program.finish(self.start_on(where, [program.EXECUTABLE, *self.training(directory)]), 60)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome

    def disturb(self, where, launcher=(program.MPIEXEC,), **more):
        """A run on these hosts that has written its first checkpoint and is far from its end."""
        words = [program.EXECUTABLE, *self.training("run", stop__max_steps=1000000, **more)]
        process = self.start_on(where, words, launcher)
        self.wait_until(lambda: list((self.folder / "run").glob("checkpoint-*.h5")), process)
        return process

    def assert_nothing_runs(self):
        for host in (*HOSTS, "head"):
            self.wait_until(lambda: not hosts("pids", host), seconds=END_SECONDS)

    def assert_same_end(self, directory, reference):
        ends = [checkpoints.checkpoint(self.folder / name, STEPS).read_bytes() for name in (directory, reference)]
        self.assertEqual(ends[0], ends[1])

    def train_alone(self):
        """The undisturbed run, on one host."""
        outcome = self.succeed(self.training("alone"), 2)
        return self.digest_in(outcome.stdout)


class CommunicationTest(HostsTest):
    def test_unit_tests(self):
        # Without the longest, which is about arithmetic.
        for words in (["communication_mpi_test"], ["training_mpi_test", "--gtest_filter=-*FollowsAGradientThatJumps*"]):
            for ranks in (2, 3, 4):
                words[0] = UNIT_TESTS / words[0]
                outcome = program.finish(self.start_on(HOSTS[:ranks], words), 120)
                self.assertEqual(outcome.code, 0, outcome)
                self.assertIn("[  PASSED  ]", outcome.stdout)

    def test_the_bits_of_one_host(self):
        digest = self.train_alone()
        before = {host: sent_bytes(host) for host in HOSTS}
        outcome = self.train_on(HOSTS, "spread")
        self.assertEqual(self.digest_in(outcome.stdout), digest)
        self.assert_same_end("spread", "alone")
        # In an allreduce every rank sends at least half of the vector: 9610 parameters, as integers of 8 bytes.
        for host in HOSTS:
            self.assertGreater(sent_bytes(host) - before[host], STEPS * 9610 * 8 / 2, host)


    def test_a_large_model_is_summed_beside_computing(self):
        # 2048 x 784 parameters, as integers of 4 bytes: more than a bucket.
        toy.categorical(self.folder / "train.h5", 60, inputs=784)
        settings = {"data.train": "train.h5", "data.shards": 4, "model.layers": "2048", "optimizer.batch_size": 20,
                    "stop.max_steps": 3, "checkpoint.every_seconds": 0}
        training = ["train", *program.options(settings)]
        alone = self.succeed([*training, "--checkpoint.directory=alone"], 2)
        words = [program.EXECUTABLE, *training, "--checkpoint.directory=spread"]
        spread = program.finish(self.start_on(HOSTS[:3], words), 60)
        self.assertEqual(self.digest_in(spread.stdout), self.digest_in(alone.stdout))
        self.assertIn("exact, in integers of 32 bits, beside computing", spread.stdout)
        self.assertRegex(spread.stdout, r"(?m)^overlap +[\d.]+ s of communication beside computing")
        self.assertNotIn("beside computing", alone.stdout)


class LostLinkTest(HostsTest):
    def test_a_host_that_is_cut_off_ends_the_run_everywhere(self):
        digest = self.train_alone()
        process = self.disturb(("n1", "n2", "n3"))
        hosts("cut", "n2")
        self.assertNotEqual(program.finish(process, END_SECONDS).code, 0)
        self.assert_nothing_runs()
        outcome = self.train_on(("n1", "n3"), "run")
        self.assertIn("resuming from ", outcome.stdout)
        self.assertEqual(self.digest_in(outcome.stdout), digest)
        self.assert_same_end("run", "alone")

    def test_a_short_cut_is_survived(self):
        process = self.disturb(("n1", "n2"))
        hosts("cut", "n2")
        time.sleep(1)
        hosts("heal", "n2")
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(program.finish(process, 30).code, 75)
        self.assert_nothing_runs()

    def test_two_ranks_that_lose_each_other(self):
        process = self.disturb(("n1", "n2", "n3"), run__watchdog_seconds=3)
        hosts("cut", "n1", "n2")
        outcome = program.finish(process, END_SECONDS)
        self.assertEqual(outcome.code, 5, outcome)
        self.assert_nothing_runs()


class SignalTest(HostsTest):
    def test_a_request_reaches_all_hosts(self):
        process = self.disturb(HOSTS, (SCRIPTS / "mpirun.sh",))
        process.send_signal(signal.SIGTERM)
        outcome = program.finish(process, END_SECONDS)
        self.assertEqual(outcome.code, 75, outcome)
        self.assertIn("stopped by request", outcome.stdout)
        self.assert_nothing_runs()


if __name__ == "__main__":
    reason = why_not()
    if reason is not None:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main()
