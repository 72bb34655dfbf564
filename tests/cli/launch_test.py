#!/usr/bin/env python3
"""Ranks and threads: how shards are spread, what is refused, what the start of the log tells."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy


# A library that stands between the program and MPI.
BROKEN_ALLREDUCE = os.environ.get("CAUCHY_BROKEN_ALLREDUCE",
                                  str(program.SOURCE / "build" / "release" / "tests" / "libbroken_allreduce.so"))
FAULTY_CALLS = os.environ.get("CAUCHY_FAULTY_CALLS",
                              str(program.SOURCE / "build" / "release" / "tests" / "libfaulty_calls.so"))


class LaunchTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 60)

    def settings(self, **more):
        return {"data.train": "train.h5", "data.shards": 6, "model.layers": "6", "model.activation": "tanh",
                "optimizer.batch_size": 15, "stop.max_steps": 6, "checkpoint.directory": "run",
                **{key.replace("__", "."): value for key, value in more.items()}}


class SharedMemoryTest(LaunchTest):
    def test_without_it_sums_are_messages(self):
        # 180 000 parameters, as integers of 8 bytes.
        settings = {**self.settings(model__layers="400,400"), "checkpoint.every_seconds": 0}
        digests = []
        for directory, environment in (("shared", {}), ("messages", {"LD_PRELOAD": FAULTY_CALLS,
                                                                     "CAUCHY_FAULT": "no_shared_memory"})):
            outcome = self.train({**settings, "checkpoint.directory": directory}, 2, environment=environment)
            self.assertIn("in memory that ranks share", outcome.stdout)
            self.assertEqual(outcome.stderr.count("warning: the system does not let ranks share memory"),
                             len(environment) // 2, outcome)
            digests.append(self.digest_in(outcome.stdout))
        self.assertEqual(*digests)


class SpreadTest(LaunchTest):
    def spread(self, ranks, **more):
        """The lines of the log that tell how the work is spread."""
        text = self.train(self.settings(**more), ranks, ["--dry-run"]).stdout
        return re.search(r"^ranks +(.*)\n +(.*)$", text, re.MULTILINE).groups()

    def test_the_log_tells_how_even_the_work_is(self):
        even = "even: 1, 2, 3, 6 threads in all, with the same bits if data.shards = 6"
        self.assertEqual(self.spread(2), ("2; 3 shards a thread", even))
        self.assertEqual(self.spread(3, run__threads=2), ("3 × 2 threads; 1 shard a thread", even))
        self.assertEqual(self.spread(1, run__threads=3), ("1 × 3 threads; 2 shards a thread", even))
        # 4 ranks: 1, 2, 1 and 2 shards; as fast as three.
        self.assertEqual(self.spread(4), ("4; uneven: 1 or 2 shards a thread, 75 % of the speed of an even spread", even))
        # 2 ranks of 3 shards, on 2 threads each.
        self.assertEqual(self.spread(2, run__threads=2),
                         ("2 × 2 threads; uneven: 1 or 2 shards a thread, 75 % of the speed of an even spread", even))

    def test_shards_that_were_not_set_are_told(self):
        text = self.train(self.settings(data__shards="auto", run__threads=2), 3, ["--dry-run"]).stdout
        self.assertRegex(text, r"(?m)^shards +.*= 6 +# ranks × threads of this launch$")
        self.assertIn("with the same bits if data.shards = 6", text)

    def test_many_divisors_are_cut_short(self):
        toy.categorical(self.folder / "train.h5", 400)
        self.assertIn("even: 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 18, ..., 360 threads in all",
                      self.spread(1, data__shards=360)[1])

    def test_too_many_threads_are_refused_with_what_to_change(self):
        refuse = lambda ranks, **more: self.refuse(["train", *program.options(self.settings(**more))], ranks)
        self.assertIn("data.shards = 6: too few for 7 ranks; start at most 6 ranks, or a fresh run with "
                      "data.shards = 7", refuse(7))
        self.assertIn("data.shards = 6: too few for 2 ranks of 4 threads; start at most 1 rank of 4 threads, or a "
                      "fresh run with data.shards = 8", refuse(2, run__threads=4))
        self.assertIn("data.shards = 6: too few for 1 rank of 7 threads; set run.threads to at most 6, or a fresh run "
                      "with data.shards = 7", refuse(1, run__threads=7))
        self.assertEqual(self.files("run"), [])

    def test_a_resume_is_refused_as_well(self):
        self.train(self.settings(), 2)
        before = (self.folder / "run/checkpoint-00000006.h5").read_bytes()
        message = self.refuse(["train", *program.options(self.settings(stop__max_steps=9, run__threads=2)), "--resume"], 4)
        self.assertIn("data.shards = 6: too few for 4 ranks of 2 threads; start at most 3 ranks of 2 threads", message)
        self.assertEqual((self.folder / "run/checkpoint-00000006.h5").read_bytes(), before)


class BindingTest(LaunchTest):
    def warnings(self, policy, threads):
        outcome = self.succeed(["train", *program.options(self.settings(run__threads=threads))], 1,
                               {"OMPI_MCA_hwloc_base_binding_policy": policy})
        return [line for line in outcome.stderr.splitlines() if line.startswith("cauchy: warning")]

    def test_threads_that_share_a_core_are_told_of_with_the_option_that_mends_it(self):
        warnings = self.warnings("core", 6)
        self.assertEqual(len(warnings), 1)
        self.assertRegex(warnings[0], r"run\.threads = 6, but a rank is bound to [1-5] cores?, ")
        self.assertIn("mpirun --map-by slot:PE=6 --bind-to core", warnings[0])
        self.assertEqual(self.warnings("core", 1), [])
        allowed = len(os.sched_getaffinity(0))
        self.assertEqual(len(self.warnings("none", min(6, allowed))), 0)


class BrokenRankTest(LaunchTest):
    """One rank whose MPI library returns a wrong bit once: a difference that no rank can see by itself."""

    def launch(self, ranks, broken):
        settings = self.settings(run__guard_steps=4, stop__max_steps=50, checkpoint__every_steps=10)
        program_and_arguments = [program.EXECUTABLE, "train", *program.options(settings)]
        command = [program.MPIEXEC]
        for rank in range(ranks):
            command += [":"] * (rank > 0) + ["-n", "1"]
            if rank == broken:
                command += ["-x", f"LD_PRELOAD={BROKEN_ALLREDUCE}", "-x", "CAUCHY_BROKEN_SUM=6"]
            command += program_and_arguments
        return program.run_command(command, cwd=self.folder)

    def test_ends_with_code_5_and_names_the_rank(self):
        for ranks, broken in ((2, 1), (3, 0), (3, 2), (4, 1)):
            outcome = self.launch(ranks, broken)
            self.assertEqual(outcome.code, 5, outcome)
            self.assertEqual(outcome.stderr.count("cauchy: error"), 1, outcome)
            message = re.search(r"cauchy: error: after step 8 the parameters of (.*)", outcome.stderr).group(1)
            self.assertIn(f"rank {broken} (", message)
            if ranks > 2:
                self.assertEqual(message.count("rank "), 1, message)
            # The first checkpoint would have come after step 10.
            self.assertEqual([name for name in self.files("run") if name.startswith("checkpoint-")], [])

    def test_no_broken_rank_no_difference(self):
        outcome = self.launch(3, None)
        self.assertEqual(outcome.code, 0, outcome)


class InstructionsTest(LaunchTest):
    """Ranks on machines of different ages take the instructions that all of them have."""

    def launch(self, directory, variables):
        """One rank for each of the values of DNNL_MAX_CPU_ISA."""
        arguments = ["train", *program.options(self.settings(data__shards=3, checkpoint__directory=directory))]
        command = [program.MPIEXEC]
        for variable in variables:
            command += [":"] * (len(command) > 1) + ["-n", "1", "-x", f"DNNL_MAX_CPU_ISA={variable}"]
            command += [program.EXECUTABLE, *arguments]
        process = subprocess.Popen(command, env=program.clean_environment({}), cwd=self.folder, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        outcome = program.finish(process, 60)
        self.assertEqual(outcome.code, 0, outcome)
        return re.search(r"^products +(.*)$", outcome.stdout, re.MULTILINE).group(1), self.digest_in(outcome.stdout)

    def test_the_least_of_all_ranks(self):
        least = self.launch("least", ("AVX2",) * 3)
        self.assertEqual(self.launch("first", ("AVX2", "ALL", "ALL")), least)
        self.assertEqual(self.launch("last", ("ALL", "ALL", "AVX2")), least)
        # That the comparison can fail: where this machine has wider instructions, they give other bits.
        widest = self.launch("widest", ("ALL",) * 3)
        if widest[0] != least[0]:
            self.assertNotEqual(widest[1], least[1])
        checkpoint = self.folder / "last" / "checkpoint-00000006.h5"
        self.assertEqual(checkpoint.read_bytes(), (self.folder / "least" / "checkpoint-00000006.h5").read_bytes())
        # The checkpoint, too, tells which instructions made it.
        self.assertIn(checkpoints.contents(checkpoint)["/@instruction_set"], least[0])


if __name__ == "__main__":
    unittest.main()
