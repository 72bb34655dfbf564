#!/usr/bin/env python3
"""No invalid access and no uninitialised value in a run of the program, as valgrind sees it."""

import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program
import toy

# Open MPI's own list of what it does on purpose.
SUPPRESSIONS = "/usr/share/openmpi/openmpi-valgrind.supp"
HELPER_SUPPRESSIONS = program.SOURCE / "tests/support/valgrind.supp"
FOUND = 99


class ValgrindTest(program.ProgramTest):
    def check(self, arguments, ranks=1, code=0):
        """Runs under valgrind, which knows no instructions beyond AVX2."""
        command = [program.MPIEXEC, "-n", str(ranks), "valgrind", "--quiet", f"--error-exitcode={FOUND}",
                   f"--suppressions={SUPPRESSIONS}",
                   f"--suppressions={HELPER_SUPPRESSIONS}", program.EXECUTABLE, *map(str, arguments)]
        outcome = program.run_command(command, {"DNNL_MAX_CPU_ISA": "AVX2"}, timeout=240, cwd=self.folder)
        self.assertEqual(outcome.code, code, outcome)
        self.assertNotRegex(outcome.stderr, re.compile(r"^==\d+==", re.MULTILINE))
        return outcome

    def test_a_run_that_is_stopped_and_goes_on(self):
        toy.categorical(self.folder / "train.h5", 47)
        toy.categorical(self.folder / "test.h5", 13, seed=5)
        settings = {"data.train": "train.h5", "data.validation": "test.h5", "data.test": "test.h5", "data.shards": 5,
                    "data.standardize": "true", "model.layers": 8, "optimizer.method": "momentum",
                    "optimizer.batch_size": 10, "checkpoint.directory": "run", "checkpoint.every_steps": 2,
                    "run.threads": 2}
        self.check(["train", *program.options({**settings, "stop.max_steps": 7})], 2)
        self.check(["train", *program.options({**settings, "stop.max_steps": 12}), "--resume"], 1)
        self.check(["evaluate", "--checkpoint", "run/best.h5", "--data.test=test.h5"])
        self.check(["inspect", "run/best.h5"])

    def test_errors(self):
        toy.categorical(self.folder / "train.h5", 47)
        self.check(["train", "--data.train=train.h5", "--data.shards=100"], 2, code=2)
        self.check(["train", "--data.train=nowhere.h5"], code=2)


if __name__ == "__main__":
    if not os.path.exists(SUPPRESSIONS):
        sys.exit(f"{SUPPRESSIONS} is missing")
    unittest.main()
