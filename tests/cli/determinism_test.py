#!/usr/bin/env python3
"""The answer does not depend on who computed it: the same bits of Θ, bytes of checkpoints and rows of metrics on any
number of ranks and threads, with sums beside computing or not.

By default a choice of launches in which every pair of values of two factors occurs. CAUCHY_WHOLE_MATRIX=1: all of them
(scripts/determinism.sh). CAUCHY_MPICH_EXECUTABLE and CAUCHY_MPICH_MPIEXEC: also a build with MPICH.
"""

import collections
import dataclasses
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import checkpoints
import program
import toy

WHOLE_MATRIX = os.environ.get("CAUCHY_WHOLE_MATRIX", "0") != "0"
MPICH_EXECUTABLE = os.environ.get("CAUCHY_MPICH_EXECUTABLE", "")
MPICH_MPIEXEC = os.environ.get("CAUCHY_MPICH_MPIEXEC", "mpiexec.mpich")

# 149 samples: shards of uneven size. Three steps an epoch in batches of 64, fifteen in batches of 10.
ROWS = 149
STEPS = 17

# How gradients are summed. `exact` is the default: the width of its integers is chosen by the problem.
ARITHMETIC = {"exact": {}, "exact16": {"run.reduction": "exact16"}, "exact32": {"run.reduction": "exact32"},
              "exact64": {"run.reduction": "exact64"}, "double": {"run.precision": "double"},
              "bf16": {"run.precision": "bf16"}}

PROBLEM = {"shards": (16, 24), "layers": ("", "8,6"), "likelihood": ("categorical", "gaussian"),
           "batch": ("full", 64, 10), "method": ("gradient_descent", "momentum"), "arithmetic": tuple(ARITHMETIC)}
LAUNCH = {"ranks": (1, 2, 3, 4, 5, 8), "threads": (1, 2), "overlap": ("false", "true")}
REFERENCE = {"ranks": 1, "threads": 1, "overlap": "false"}

# All that Open MPI 4.1 offers: basic linear, reduce and broadcast, recursive doubling, ring, segmented ring,
# Rabenseifner's.
ALLREDUCE = {number: {"OMPI_MCA_coll_tuned_use_dynamic_rules": "1",
                      "OMPI_MCA_coll_tuned_allreduce_algorithm": str(number)} for number in range(1, 7)}


def product(factors):
    """All combinations: {"a": (1, 2), "b": (3,)} → [{"a": 1, "b": 3}, {"a": 2, "b": 3}]"""
    return [dict(zip(factors, values)) for values in itertools.product(*factors.values())]


def pairs(case):
    return set(itertools.combinations(case.items(), 2))


def cover(candidates):
    """Few of the candidates, in which every pair of values occurs that occurs in any of them: always the one with the
    most new pairs; of equals the one with the values that were chosen least, then the first."""
    missing = set().union(*map(pairs, candidates))
    chosen = []
    uses = collections.Counter()
    while missing:
        chosen.append(max(candidates, key=lambda case: (len(pairs(case) & missing),
                                                        -sum(uses[item] for item in case.items()))))
        missing -= pairs(chosen[-1])
        uses.update(chosen[-1].items())
    return chosen


def matrix(whole):
    """The launches to compare, as (problem, its launches). Each problem costs a reference more, so that the choice is
    made in two stages: few problems, then launches of these."""
    launches = [launch for launch in product(LAUNCH) if launch != REFERENCE]
    problems = product(PROBLEM) if whole else cover(product(PROBLEM))
    cases = [problem | launch for problem in problems for launch in launches]
    if not whole:
        cases = cover(cases)
    chosen = [(problem, [launch for launch in launches if problem | launch in cases]) for problem in problems]
    return [(problem, of_problem) for problem, of_problem in chosen if of_problem]


@dataclasses.dataclass
class Result:
    """What a run leaves that may not depend on the launch."""

    folder: pathlib.Path
    digest: str
    files: dict  # name of each checkpoint → its bytes
    rows: list  # of metrics.csv, without the clock


class DeterminismTest(program.ProgramTest):
    compared = 0  # launches, over all tests

    def setUp(self):
        super().setUp()
        self.write_data(ROWS)

    def write_data(self, rows):
        for likelihood in (toy.categorical, toy.gaussian):
            likelihood(self.folder / f"{likelihood.__name__}.h5", rows)
            likelihood(self.folder / f"{likelihood.__name__}_validation.h5", 20, seed=5)

    def settings(self, shards=16, layers="8,6", likelihood="categorical", batch=64, method="momentum",
                 arithmetic="exact", **more):
        return {"data.train": f"{likelihood}.h5", "data.validation": f"{likelihood}_validation.h5",
                "data.shards": shards, "data.microbatch": 4, "data.standardize": "true", "model.layers": layers,
                "model.activation": "tanh", "model.likelihood": likelihood, "model.l2": 0.01,
                "optimizer.batch_size": batch, "optimizer.method": method, "output.every_steps": 4,
                "checkpoint.every_steps": 5, "checkpoint.every_seconds": 0, "checkpoint.keep": 99,
                "stop.max_steps": STEPS, **ARITHMETIC[arithmetic],
                **{key.replace("__", "."): value for key, value in more.items()}}

    def result(self, settings, ranks=1, threads=1, directory="run", more=(), environment=None, overlap="auto"):
        """Trains in a folder, on from what is there with more = ["--resume"]."""
        launch = {"checkpoint.directory": directory, "run.threads": threads, "run.overlap": overlap}
        outcome = self.train({**settings, **launch}, ranks, more, environment)
        folder = self.folder / directory
        return Result(folder, self.digest_in(outcome.stdout),
                      {path.name: path.read_bytes() for path in sorted(folder.glob("checkpoint-*.h5"))},
                      checkpoints.untimed(checkpoints.metrics(folder)))

    def assert_same(self, result, reference):
        """Everything equal; checkpoints that only `result` has, at its own stops, apart."""
        DeterminismTest.compared += 1
        self.assertGreater(len(reference.files), 0)
        for name, bytes_of_file in reference.files.items():
            self.assertIn(name, result.files)
            if result.files[name] != bytes_of_file:
                differences = checkpoints.differences(result.folder / name, reference.folder / name)
                self.assertEqual(differences, [], f"{name} differs from that of the reference")
        self.assertEqual(result.rows, reference.rows)
        self.assertEqual(result.digest, reference.digest)

    def check(self, settings, launches, reference=None, environment=None):
        """All launches, (ranks, threads) or (ranks, threads, overlap), against one rank with one thread."""
        reference = reference or self.result(settings, directory="reference")
        for launch in launches:
            ranks, threads, *overlap = launch
            with self.subTest(launch=launch):
                result = self.result(settings, ranks, threads, "run", (), environment, *overlap)
                self.assertEqual(result.files.keys(), reference.files.keys())
                self.assert_same(result, reference)
            shutil.rmtree(self.folder / "run", ignore_errors=True)
        return reference


class MatrixTest(DeterminismTest):
    def test_every_pair_of_values_occurs(self):
        cases = [problem | launch for problem, launches in matrix(whole=False) for launch in launches]
        for (one, values), (other, other_values) in itertools.combinations((PROBLEM | LAUNCH).items(), 2):
            for pair in itertools.product(values, other_values):
                if {one: pair[0], other: pair[1]} != REFERENCE:  # which is in no comparison, but on one side of each
                    self.assertTrue(any((case[one], case[other]) == pair for case in cases), (one, other, pair))

    def test_the_whole_matrix_has_every_combination(self):
        cases = [problem | launch for problem, launches in matrix(whole=True) for launch in launches]
        self.assertEqual(len(cases), 288 * 23)
        self.assertEqual(len({tuple(case.items()) for case in cases}), len(cases))

    def test_the_launch_leaves_no_trace(self):
        chosen = matrix(WHOLE_MATRIX)
        begin = time.monotonic()
        for done, (problem, launches) in enumerate(chosen, 1):
            with self.subTest(**problem):
                self.check(self.settings(**problem), [tuple(launch.values()) for launch in launches])
            shutil.rmtree(self.folder / "reference", ignore_errors=True)
            if WHOLE_MATRIX:
                report_progress(done, len(chosen), time.monotonic() - begin)


def report_progress(done, in_all, seconds):
    """One line that is written anew on a terminal, else a line now and then."""
    text = (f"{done} of {in_all} problems on every launch, {seconds / 60:.1f} of about "
            f"{seconds / 60 * in_all / done:.0f} minutes")
    if sys.stderr.isatty():
        print(f"\r{text} ", end="", file=sys.stderr, flush=True)
    elif done % 16 == 0:
        print(f"\n{text}", end=" ", file=sys.stderr, flush=True)


class ResumeTest(DeterminismTest):
    """Resumes on other ranks and threads: the end equals that of a run which never stopped."""

    def go(self, settings, route):
        """`route`: ranks, threads and the step at which they stop, or None for the last step."""
        whole = self.result(settings, directory="whole")
        for ranks, threads, stop in route:
            until = {"stop.max_steps": stop or settings["stop.max_steps"]}
            result = self.result({**settings, **until}, ranks, threads, "parts", ["--resume"])
        self.assertGreater(len(result.files), len(whole.files))  # those of the stops, too
        self.assert_same(result, whole)

    def test_exact(self):
        # Stops within an epoch (steps 4, 5 and 11 of three a epoch), once at its end, once one step later.
        self.go(self.settings(), ((1, 1, 4), (4, 2, 6), (7, 2, 11), (2, 1, None)))

    def test_exact32(self):
        # The units of the gradient's blocks, and their ages, belong to the state: a unit falls after 32 steps that
        # allow it, some of them before a stop and some of them after it.
        self.go(self.settings(likelihood="gaussian", arithmetic="exact32", stop__max_steps=71),
                ((8, 2, 1), (1, 1, 10), (3, 2, 23), (5, 1, 37), (2, 2, None)))

    def test_exact16(self):
        # What rounding left of each shard's gradients goes from rank to rank; in batches of 10, some shards have kept
        # theirs for several steps.
        settings = self.settings(24, batch=10, arithmetic="exact16")
        self.go(settings, ((3, 1, 2), (1, 2, 5), (8, 1, 8), (4, 2, 13), (5, 1, None)))
        path = self.folder / "whole" / f"checkpoint-{STEPS:08}.h5"
        residuals = [checkpoints.tensors(path, f"reduction/residuals/{shard}") for shard in range(24)]
        self.assertTrue(all(any(tensor.any() for tensor in shard.values()) for shard in residuals))

    def test_exact64_and_batches_smaller_than_the_shards(self):
        self.go(self.settings(shards=24, batch=10, arithmetic="exact64"), ((2, 2, 7), (1, 2, 8), (6, 1, None)))

    def test_double(self):
        self.go(self.settings(layers="", arithmetic="double", method="gradient_descent"),
                ((3, 1, 2), (1, 1, 13), (2, 2, None)))

    def test_shards_of_the_first_launch(self):
        """Without data.shards they are ranks × threads of the first launch, and stay so."""
        settings = self.settings()
        del settings["data.shards"]
        whole = self.check({**settings, "data.shards": 4}, [(2, 2), (4, 1), (1, 4)])
        self.assert_same(self.result(settings, 2, 2, "unset"), whole)
        self.result({**settings, "stop.max_steps": 4}, 2, 2, "parts")
        self.result({**settings, "stop.max_steps": 10}, 1, 1, "parts", ["--resume"])
        self.assert_same(self.result(settings, 3, 1, "parts", ["--resume"]), whole)
        too_many = {**settings, "stop.max_steps": STEPS + 1, "checkpoint.directory": "parts", "run.threads": 2}
        self.assertIn("data.shards = 4", self.refuse(["train", *program.options(too_many), "--resume"], 3))


class ShardsTest(DeterminismTest):
    def test_far_more_shards_than_samples_in_a_step(self):
        self.write_data(5000)
        steps = {"stop__max_steps": 5, "checkpoint__every_steps": 2}
        for settings in (self.settings(4096, batch=2000, **steps),
                         self.settings(4096, batch="full", likelihood="gaussian", arithmetic="exact32",
                                       data__standardize="false", **steps),
                         self.settings(256, batch=100, arithmetic="exact16", **steps)):
            self.check(settings, [(1, 2), (2, 1), (2, 2), (3, 1), (3, 2)])
            shutil.rmtree(self.folder / "reference")

    def test_one_shard(self):
        for arithmetic in ("exact", "exact16", "exact32"):
            settings = self.settings(1, arithmetic=arithmetic)
            whole = self.result(settings, directory="whole")
            # Without mpirun, in two parts.
            self.result({**settings, "stop.max_steps": 7}, None, directory="parts")
            self.assert_same(self.result(settings, None, directory="parts", more=["--resume"]), whole)
            for folder in ("whole", "parts"):
                shutil.rmtree(self.folder / folder)
        for ranks, threads in ((2, 1), (1, 2)):
            more = program.options({"checkpoint.directory": "run", "run.threads": threads})
            self.assertIn("data.shards = 1", self.refuse(["train", *program.options(self.settings(1)), *more], ranks))


class ArithmeticTest(DeterminismTest):
    """What the comparisons above rest on: that sums in another order or width do show in Θ."""

    def digests(self, launches, **settings):
        found = set()
        for ranks, environment in launches:
            found.add(self.result(self.settings(**settings), ranks, environment=environment).digest)
            shutil.rmtree(self.folder / "run")
        return found

    def test_float_differs_between_rank_counts(self):
        self.assertGreater(len(self.digests([(ranks, None) for ranks in LAUNCH["ranks"]], run__reduction="float")), 1)

    def test_float_differs_between_allreduce_algorithms(self):
        launches = [(5, environment) for environment in ALLREDUCE.values()]
        self.assertGreater(len(self.digests(launches, run__reduction="float")), 1)

    def test_the_width_is_chosen_by_the_problem(self):
        """64 bits for small models, full batches and many shards, 32 bits else; and the widths differ."""
        for problem, width in (({}, "exact64"), ({"batch": "full", "layers": "1024,1024"}, "exact64"),
                               ({"layers": "1024,1024"}, "exact32")):
            with self.subTest(**problem):
                # The larger model has a few parameters more than 2^20.
                digest = {arithmetic: self.digests([(2, None)], arithmetic=arithmetic, stop__max_steps=3,
                                                   checkpoint__every_steps="never", **problem)
                          for arithmetic in ("exact", "exact32", "exact64")}
                self.assertNotEqual(digest["exact32"], digest["exact64"])
                self.assertEqual(digest["exact"], digest[width])

    def test_a_model_of_many_blocks(self):
        settings = self.settings(layers="1024,1024", stop__max_steps=4, checkpoint__every_steps=2)
        self.check(settings, [(1, 2), (2, 1), (3, 2), (5, 1), (1, 2, "true"), (2, 1, "true"), (4, 2, "true")])
        shutil.rmtree(self.folder / "reference")
        self.check({**settings, "run.reduction": "exact16", "optimizer.batch_size": 10}, [(2, 2), (3, 1), (2, 1, "true")])
        shutil.rmtree(self.folder / "reference")
        self.check({**settings, "run.reduction": "exact16", "data.shards": 8},
                   [(2, 2), (3, 1), (2, 1, "true"), (4, 2, "true")])


class AlgorithmsTest(DeterminismTest):
    def check_algorithms(self, settings, rank_counts):
        reference = self.result(settings, directory="reference")
        for number, environment in ALLREDUCE.items():
            with self.subTest(algorithm=number):
                self.check(settings, [(ranks, 1) for ranks in rank_counts], reference, environment)

    def test_exact(self):
        self.check_algorithms(self.settings(), (3, 4, 5))

    def test_exact32(self):
        self.check_algorithms(self.settings(arithmetic="exact32", likelihood="gaussian"), (5,))

    def test_exact16(self):
        self.check_algorithms(self.settings(arithmetic="exact16"), (5,))


class EnvironmentTest(DeterminismTest):
    def test_what_a_machine_may_have_set(self):
        """Threads of OpenMP, another content of fresh memory, sums without vector instructions."""
        # Products over so many samples are cut in two by two threads.
        self.write_data(5000)
        settings = self.settings(2, batch="full", data__microbatch=4096)
        reference = self.result(settings, directory="reference")
        for environment in ({"OMP_NUM_THREADS": "2"}, {"MALLOC_PERTURB_": "85"}, {"OMPI_MCA_op": "^avx"}):
            with self.subTest(**environment):
                self.check(settings, [(1, 1), (1, 2), (2, 1)], reference, environment)


class EvaluateTest(DeterminismTest):
    def test_the_same_text_on_any_launch(self):
        for likelihood, arithmetic in (("categorical", "exact"), ("gaussian", "double")):
            self.result(self.settings(likelihood=likelihood, arithmetic=arithmetic), 2, directory=likelihood)
            texts = {}
            for ranks, threads in itertools.product((1, 3, 8), (1, 2)):
                arguments = ["--checkpoint", f"{likelihood}/checkpoint-{STEPS:08}.h5",
                             f"--data.test={likelihood}_validation.h5", f"--run.threads={threads}"]
                texts[ranks, threads] = self.succeed(["evaluate", *arguments], ranks).stdout
            self.assertRegex(texts[1, 1], r"(?m)^NLL +\d")
            for launch, text in texts.items():
                self.assertEqual(text, texts[1, 1], launch)


if WHOLE_MATRIX:

    class ManyRanksTest(DeterminismTest):
        def test_64_ranks(self):
            for arithmetic in ARITHMETIC:
                self.check(self.settings(64, arithmetic=arithmetic), [(64, 1)])
                shutil.rmtree(self.folder / "reference")


if MPICH_EXECUTABLE:

    class MpichTest(DeterminismTest):
        """The same sources built with another MPI library, whose allreduce is another."""

        def setUp(self):
            super().setUp()
            executables = (program.EXECUTABLE, MPICH_EXECUTABLE)
            versions = [self.output(executable, "--version") for executable in executables]
            self.assertEqual(*versions, "built from other sources: build both again")
            libraries = [{line.split()[0] for line in self.output("ldd", executable).splitlines() if "libmpi" in line}
                         for executable in executables]
            self.assertTrue(all(libraries), libraries)
            self.assertTrue(libraries[0].isdisjoint(libraries[1]), libraries)

        @staticmethod
        def output(*command):
            return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60,
                                  env=program.clean_environment(None)).stdout

        def with_mpich(self):
            return mock.patch.multiple(program, EXECUTABLE=MPICH_EXECUTABLE, MPIEXEC=MPICH_MPIEXEC)

        def test_the_same_bits(self):
            for arithmetic in ARITHMETIC:
                settings = self.settings(arithmetic=arithmetic)
                reference = self.result(settings, 3, directory="reference")
                with self.subTest(arithmetic=arithmetic), self.with_mpich():
                    self.check(settings, [(1, 1), (2, 2), (3, 1), (4, 1)], reference)
                shutil.rmtree(self.folder / "reference")

        def test_the_same_bits_with_each_allreduce_algorithm(self):
            settings = self.settings()
            reference = self.result(settings, directory="reference")
            for algorithm in ("recursive_doubling", "reduce_scatter_allgather"):
                with self.subTest(algorithm=algorithm), self.with_mpich():
                    self.check(settings, [(3, 1)], reference, {"MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM": algorithm})

        def test_a_run_goes_on_under_the_other_library(self):
            settings = self.settings(arithmetic="exact32")
            whole = self.result(settings, directory="whole")
            self.result({**settings, "stop.max_steps": 7}, 3, directory="parts")
            with self.with_mpich():
                self.result({**settings, "stop.max_steps": 11}, 2, 2, "parts", ["--resume"])
            self.assert_same(self.result(settings, 4, directory="parts", more=["--resume"]), whole)


def tearDownModule():
    print(f"{DeterminismTest.compared} launches compared", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
