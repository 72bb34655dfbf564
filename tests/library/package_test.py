#!/usr/bin/env python3
"""The installed package: a project of its own finds it, wherever it was moved to, and fits its own model under mpirun,
to the same bits on any number of ranks; mistakes in such a program end all ranks with a message."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program

BUILD = pathlib.Path(os.environ.get("CAUCHY_BUILD", pathlib.Path(program.EXECUTABLE).parent))
CMAKE = os.environ.get("CAUCHY_CMAKE", "cmake")
COMPILER = os.environ.get("CAUCHY_COMPILER", "c++")
HERE = pathlib.Path(__file__).resolve().parent
NUMBER = r"(-?[\d.e+-]+)"


def run_tool(*words):
    outcome = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300)
    if outcome.returncode != 0:
        raise AssertionError(f"{words}\n{outcome.stdout}\n{outcome.stderr}")
    return outcome.stdout


class PackageTest(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, folder)
        run_tool(CMAKE, "--install", BUILD, "--prefix", folder / "first")
        (folder / "first").rename(folder / "moved")
        cls.prefix = folder / "moved"
        project = folder / "project"
        shutil.copytree(HERE / "example", project)
        shutil.copy(HERE / "line.cpp", project)
        with open(project / "CMakeLists.txt", "a") as lists:
            lists.write("add_executable(line line.cpp)\ntarget_link_libraries(line PRIVATE cauchy::cauchy)\n")
        run_tool(CMAKE, "-S", project, "-B", folder / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={cls.prefix}",
                 f"-DCMAKE_CXX_COMPILER={COMPILER}", "-DCMAKE_CXX_FLAGS=-O1 -Wall -Wextra -Werror")
        run_tool(CMAKE, "--build", folder / "build")
        cls.built = folder / "build"

    def run_built(self, name, arguments=(), ranks=None):
        launcher = [] if ranks is None else [program.MPIEXEC, "-n", str(ranks)]
        words = launcher + [str(self.built / name)] + [str(argument) for argument in arguments]
        return program.finish(program.start_command(words, cwd=self.folder), 60)

    def fit(self, name, arguments=(), ranks=None):
        outcome = self.run_built(name, arguments, ranks)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome.stdout

    def refusal(self, code, *arguments, ranks=None):
        outcome = self.run_built("line", arguments, ranks)
        self.assertEqual(outcome.code, code, outcome)
        return outcome.stderr

    def test_no_path_of_the_build_is_installed(self):
        files = list((self.prefix / "lib").rglob("cmake/cauchy/*"))
        self.assertGreater(len(files), 4)
        for file in files:
            for path in (BUILD, program.SOURCE, self.prefix.parent / "first"):
                self.assertNotIn(str(path), file.read_text(), file)
        self.assertIn("cauchy", run_tool(self.prefix / "bin" / "cauchy", "--version"))
        self.assertTrue((self.prefix / "share" / "doc" / "cauchy" / "LICENSE").is_file())

    def test_the_example_stands_in_the_manual(self):
        manual = (program.SOURCE / "README.md").read_text()
        for name in ("CMakeLists.txt", "elimination.cpp"):
            self.assertIn((HERE / "example" / name).read_text(), manual, name)

    def test_the_maximum_likelihood_is_found_on_any_number_of_ranks(self):
        # log y is a line in the hours with normal errors: least squares, and σ² the mean square of what they leave.
        row = numpy.arange(600)
        hours = 0.25 * (row % 40)
        inputs = numpy.stack([-hours, -numpy.ones(600)], axis=1)
        outputs = 0.5 * numpy.sin(12.9898 * (row * row % 1009)) - 0.3 * hours - numpy.log(12)
        expected, squares, _, _ = numpy.linalg.lstsq(inputs, outputs, rcond=None)
        variance = squares[0] / 600
        curvature = numpy.linalg.eigvalsh(inputs.T @ inputs / 600 / variance)[0]
        # A gradient of 1e-10 over the least curvature, 1.9; beside it the rounding of sums of 600 squares.
        tolerance = 1e-10 / min(curvature, 2) * numpy.exp(expected[1]) + 1e-12
        line = re.compile(f"rate {NUMBER} volume {NUMBER} sigma {NUMBER} after .* steps, stopped by gradient_norm\n")
        outputs = {ranks: self.fit("elimination", [f"--checkpoint.directory=run{ranks}"], ranks) for ranks in (1, 2, 3)}
        for text in outputs.values():
            found = [float(number) for number in line.search(text).groups()]
            numpy.testing.assert_allclose(found, [expected[0], numpy.exp(expected[1]), numpy.sqrt(variance)], rtol=0,
                                          atol=tolerance)
        self.assertEqual(len({self.digest_in(text) for text in outputs.values()}), 1)
        last = sorted((self.folder / "run1").glob("checkpoint-*.h5"))[-1]
        self.assertEqual(last.read_bytes(), (self.folder / "run3" / last.name).read_bytes())
        with h5py.File(last) as file:
            self.assertEqual(file["parameters/elimination/rate"].shape, (1,))
            self.assertAlmostEqual(file["parameters/elimination/rate"][0], expected[0], delta=tolerance)

    def test_a_fit_goes_on_where_it_stopped(self):
        whole = self.fit("elimination", ["--stop.max_steps=9", "--checkpoint.directory=whole"], 2)
        self.fit("elimination", ["--stop.max_steps=4", "--checkpoint.directory=parts"], 3)
        parts = self.fit("elimination", ["--stop.max_steps=9", "--checkpoint.directory=parts", "--resume"])
        self.assertIn("resuming from", parts)
        self.assertEqual(self.digest_in(parts), self.digest_in(whole))

    def line(self, text):
        return [float(number) for number in re.search(f"line {NUMBER} {NUMBER}", text).groups()]

    def test_microbatches_threads_and_files(self):
        """Weighted least squares with a penalty on the slope, of rows of the program, and of the same in a file."""
        x = numpy.arange(30) / 30
        y = 2 * x + numpy.where(numpy.arange(30) % 2 == 0, 1.5, 0.5)
        weights = numpy.where(numpy.arange(30) < 10, 3.0, 1.0)
        inputs = numpy.stack([x, numpy.ones(30)], axis=1)
        hessian = inputs.T @ (weights[:, None] * inputs) / weights.sum() + numpy.diag([0.1, 0])
        expected = numpy.linalg.solve(hessian, inputs.T @ (weights * y) / weights.sum())
        # A gradient of 1e-12 over the least curvature, and rounding.
        tolerance = 1e-12 / numpy.linalg.eigvalsh(hessian)[0] + 1e-14
        options = ["--model.l2=0.1", "--checkpoint.directory"]
        threads = self.fit("line", ["none", *options, "a", "--run.threads=2"])
        ranks = self.fit("line", ["none", *options, "b"], 3)
        numpy.savetxt(self.folder / "points.csv", numpy.stack([x, weights, y], axis=1), "%.17g", ",", header="x,w,y",
                      comments="")
        file = self.fit("line", ["file", *options, "c", "--data.train=points.csv", "--data.weights=w"], 2)
        numpy.testing.assert_allclose(self.line(threads), expected, rtol=0, atol=tolerance)
        self.assertEqual({self.digest_in(text) for text in (threads, ranks, file)}, {self.digest_in(threads)})
        # Rows go through the same hands as those of files: standardised, and split.
        more = ["--data.standardize=true", "--data.validation_fraction=0.3", "--stop.max_steps=20"]
        of_program = self.fit("line", ["no_validation", *options, "d", *more])
        of_file = self.fit("line", ["file", *options, "e", "--data.train=points.csv", "--data.weights=w", *more])
        self.assertEqual(self.digest_in(of_program), self.digest_in(of_file))
        self.assertNotEqual(self.digest_in(of_program), self.digest_in(threads))
        self.assertIn("validation NLL", threads)
        self.assertNotIn("accuracy", threads)
        self.assertNotIn("model.likelihood =  is", threads)

    def test_gradients_are_checked(self):
        self.assertIn("passed", self.fit("line", ["none", "--check-gradient"], 2))
        self.assertIn("line/slope", self.refusal(6, "wrong_gradient", "--check-gradient"))
        self.assertFalse((self.folder / "checkpoints").exists())

    def test_a_mistake_on_one_rank_ends_all(self):
        self.assertIn("rank 1: the line is broken", self.refusal(1, "throws", ranks=3))
        self.assertIn("rank 1: an unknown error", self.refusal(1, "throws_a_number", ranks=2))
        self.assertRegex(self.refusal(3, "nan", ranks=2), "diverged at step 1: the NLL is NaN or infinite in shard [234]")
        self.assertRegex(self.refusal(2, "counts", ranks=2), "this rank has 31, the root 30.*found by rank 1")

    def test_mistakes_are_told_with_a_hint(self):
        for words, message in (
                (["key"], "the program: unknown key stop.max_step; did you mean stop.max_steps?"),
                (["names"], "line has two parameters slope"),
                (["columns"], "has 2 features and 1 targets; line takes 1 and 1"),
                (["nan_row"], "data.train = rows of the program: the features of row 17 (counted from 0): nan in column 0"),
                (["weights"], "the weights of row 0 (counted from 0): there is one, although"),
                (["none", "--model.layers=3"], "command line: model.layers = 3: is for networks"),
                (["none", "--data.train=x.csv"], "this program brings these samples along itself"),
                (["none", "--run.precision=float"], "a program's own model computes in double"),
                (["none", "--optimizer.method=newton_cg"], "the model has no second derivatives; take lbfgs"),
                (["none", "--what"], "command line"),
                (["file"], "data.train is not set"),
        ):
            self.assertIn(message, self.refusal(2, *words), words)
        self.assertIn("usage: line [options] [--section.key=value ...]", self.fit("line", ["none", "--help"]))
        self.assertIn("dry run", self.fit("line", ["none", "--dry-run"]))


if __name__ == "__main__":
    unittest.main()
