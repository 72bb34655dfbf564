#!/usr/bin/env python3
"""check-gradient: the gradients of all models stand the check, on any number of ranks in the same words; a wrong one,
a mistake of the user and a point without derivatives are told apart."""

import os
import pathlib
import re
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program
import toy

WRONG_GRADIENT = os.environ.get("CAUCHY_WRONG_GRADIENT")
COLUMNS = ("probes", "agree", "unresolved", "flat", "kinks", "differ")


class CheckGradientTest(program.ProgramTest):
    settings = {"data.train": "train.h5", "model.layers": 4, "model.activation": "tanh"}

    def arguments(self, settings, more=()):
        return ["check-gradient", *more, *program.options({**self.settings, **settings})]

    def check(self, settings=None, ranks=1, more=(), **options):
        return self.succeed(self.arguments(settings or {}, more), ranks, **options)

    def table(self, outcome):
        """Numbers of probes by tensor, and by what was found."""
        rows = {}
        for line in outcome.stdout.split("\n\n")[1].splitlines()[1:]:
            # name, shape, probes, agree, digits, unresolved, flat, kinks, differ
            match = re.fullmatch(r"(\S+(?: \S+)*?)  +(?:(?:\d+ × )*\d+)?  +(\d+)  +(\d+)  +(?:-|[\d.]+ - [\d.]+)"
                                 r"  +(\d+)  +(\d+)  +(\d+)  +(\d+)", line)
            self.assertIsNotNone(match, line)
            rows[match[1]] = dict(zip(COLUMNS, map(int, match.groups()[1:])))
        return rows

    def assert_all_agree(self, outcome):
        self.assertEqual(outcome.stderr, "")
        for name, row in self.table(outcome).items():
            self.assertEqual(row["agree"], row["probes"], f"{name}\n{outcome}")
            self.assertGreaterEqual(row["probes"], 2)
        self.assertRegex(outcome.stdout, r"\npassed      (\d+) of \1 derivatives agree\n")

    def write_weights(self):
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file["weights"] = numpy.arange(len(file["targets"])) % 4 + 0.5


class ReportTest(CheckGradientTest):
    def setUp(self):
        super().setUp()
        toy.categorical(self.folder / "train.h5", 61)
        self.write_weights()

    def test_the_same_bytes_on_any_number_of_ranks_and_threads(self):
        settings = {"model.l2": 0.02, "data.weights": "weights", "data.standardize": "true"}
        outcome = self.check(settings)
        self.assert_all_agree(outcome)
        self.assertEqual(list(self.table(outcome)), ["dense_1/weights", "dense_1/intercepts", "output/weights",
                                                     "output/intercepts", "all together"])
        self.assertIn("initial parameters of run.seed = 1: 39 parameters", outcome.stdout)
        for ranks, threads in ((2, 1), (3, 2), (4, 1)):
            other = self.check({**settings, "run.threads": threads}, ranks)
            self.assertEqual(other.stdout, outcome.stdout, (ranks, threads))
            self.assertEqual(other.stderr, "")

    def test_in_double_precision_over_all_samples_whatever_the_run_has(self):
        outcome = self.check()
        for settings in ({"run.precision": "bf16"}, {"run.precision": "double"}, {"run.reduction": "float"},
                         {"optimizer.batch_size": 8, "optimizer.clip_norm": 1e-3, "optimizer.clip_value": 1e-4}):
            self.assertEqual(self.check(settings, ranks=2).stdout, outcome.stdout, settings)

    def test_seeds_and_numbers_of_probes(self):
        outcome = self.check(more=["--directions", "2", "--coordinates", "20"])
        self.assert_all_agree(outcome)
        self.assertEqual([row["probes"] for row in self.table(outcome).values()], [22, 6, 14, 5, 2])
        self.assertNotEqual(self.check({"run.seed": 2}).stdout, self.check().stdout)

    def test_streamed_data(self):
        settings = {"data.shards": 4, "data.block_rows": 4}
        outcome = self.check({**settings, "data.microbatch": 4})
        streamed = self.check({**settings, "data.microbatch": 4, "data.memory": "1KiB"}, ranks=2)
        self.assertEqual(streamed.stdout, outcome.stdout)

    def test_a_configuration_from_a_file(self):
        (self.folder / "run.cfg").write_text(program.ini(self.settings))
        outcome = self.succeed(["check-gradient", "--config", "run.cfg"])
        self.assertEqual(outcome.stdout, self.check().stdout)

    def test_at_a_checkpoint(self):
        self.train({**self.settings, "run.precision": "float", "stop.max_epochs": 3, "data.standardize": "true",
                    "data.shards": 4, "model.l2": 0.1, "checkpoint.directory": "run"})
        arguments = ["check-gradient", "--checkpoint", "run/checkpoint-00000003.h5"]
        outcome = self.succeed(arguments, ranks=1)
        self.assert_all_agree(outcome)
        self.assertIn("run/checkpoint-00000003.h5 (step 3)", outcome.stdout)
        for ranks in (2, 3, 4):
            self.assertEqual(self.succeed(arguments, ranks).stdout, outcome.stdout)
        refused = self.refuse([*arguments, "--model.l2=0.2"], ranks=2)
        self.assertIn("model.l2 = 0.1, now 0.2", refused)
        # model.initial is the same point, in a run with other settings.
        initial = self.check({"model.initial": "run/checkpoint-00000003.h5", "data.standardize": "true",
                              "data.shards": 4, "model.l2": 0.1})
        self.assertEqual(initial.stdout.split("\n")[1:], outcome.stdout.split("\n")[1:])

    def test_an_error_of_one_percent_names_its_tensor(self):
        self.assertIsNotNone(WRONG_GRADIENT, "run by CTest")
        tensors = {"dense_1/weights": (0, 20), "dense_1/intercepts": (32, 36), "output/weights": (48, 60),
                   "output/intercepts": (64, 67)}
        for name, (first, last) in tensors.items():
            outcome = self.run_program(self.arguments({}), 2, {"LD_PRELOAD": WRONG_GRADIENT,
                                                               "CAUCHY_WRONG_SUM": f"67:{first}:{last}"})
            self.assertEqual(outcome.code, 6, outcome)
            rows = self.table(outcome)
            self.assertEqual([key for key, row in rows.items() if row["differ"]], [name, "all together"], outcome)
            self.assertEqual(rows[name]["differ"], rows[name]["probes"])
            self.assertIn(f"cauchy: error: the gradient is not the derivative of the objective: {name} (", outcome.stderr)
            self.assertIn(f"differs     {name}[", outcome.stdout)
            self.assertIn("FAILED", outcome.stdout)

    def test_mistakes(self):
        for arguments, words in (
                (self.arguments({}, ["--directions", "many"]), "--directions many: a whole number"),
                (self.arguments({}, ["--coordinates=-1"]), "--coordinates -1: a whole number"),
                (self.arguments({}, ["--coordinates", "0", "--directions", "0"]), "nothing to check"),
                (self.arguments({}, ["--config", "a.cfg", "--checkpoint", "b.h5"]), "give one of them"),
                (self.arguments({}, ["--checkpoint", "none.h5"]), "none.h5: no such file"),
                (self.arguments({}, ["--config", "none.cfg"]), "none.cfg"),
                (self.arguments({"data.train": "none.h5"}), "none.h5"),
                (self.arguments({"data.train": ""}), "data.train is not set"),
                (self.arguments({"data.shards": 62}), "fewer than data.shards"),
                (self.arguments({"data.shards": 1}), "data.shards"),
                (self.arguments({"model.likelihood": "bernoulli"}), "targets"),
                (self.arguments({"model.lr": 1}), "unknown key model.lr")):
            self.assertIn(words, self.refuse(arguments, ranks=2), arguments)

    def test_a_point_where_the_objective_is_infinite(self):
        toy.write(self.folder / "train.h5", numpy.full((8, 1), 1e200), numpy.full((8, 1), 1e200))
        outcome = self.run_program(self.arguments({"model.likelihood": "gaussian", "model.layers": ""}), 2)
        self.assertEqual(outcome.code, 3, outcome)


class ModelsTest(CheckGradientTest):
    """What users may put together. Seeds are fixed, and so is what the check finds."""

    def test_networks(self):
        toy.categorical(self.folder / "train.h5", 61)
        for settings in ({"model.activation": "relu"}, {"model.activation": "gelu", "model.layer_norm": "true"},
                         {"model.layers": "5,5,5", "model.activation": "softplus", "model.residual": "true"},
                         {"model.activation": "sigmoid", "model.intercept": "false"}, {"model.layers": ""}):
            self.assert_all_agree(self.check({**settings, "data.standardize": "true"}, ranks=2))

    def test_dropout_has_the_masks_of_training(self):
        toy.categorical(self.folder / "train.h5", 61)
        settings = {"model.dropout": 0.4, "model.layers": 16, "data.standardize": "true"}
        outcome = self.check(settings, ranks=2)
        self.assert_all_agree(outcome)
        self.assertIn("dropout     the masks of the first epoch", outcome.stdout)
        self.train({**self.settings, **settings, "run.precision": "double", "data.shards": 61, "stop.max_steps": 1,
                    "checkpoint.directory": "run", "output.every_steps": 1})
        objective = float(re.search(r"^objective   ([\d.]+)", outcome.stdout, re.M)[1])
        header, row = (self.folder / "run" / "metrics.csv").read_text().splitlines()[:2]
        trained = dict(zip(header.split(","), row.split(",")))
        self.assertAlmostEqual(float(trained["objective"]), objective, delta=1e-8 * objective)

    def test_likelihoods(self):
        random = numpy.random.default_rng(7)
        features = random.normal(size=(61, 3))
        noise = features[:, 0] + random.normal(size=61)
        targets = {"bernoulli": noise > 0, "poisson": random.poisson(3, 61),
                   "negative_binomial": random.poisson(random.gamma(2, 2, 61))}
        for likelihood in ("gaussian", "gaussian_heteroscedastic", "laplace", "student_t", "bernoulli", "poisson",
                           "negative_binomial"):
            toy.write(self.folder / "train.h5", features, numpy.asarray(targets.get(likelihood, noise), dtype="float64"))
            # Some steps on, since most of them start where the derivatives by intercepts are 0.
            self.train({**self.settings, "model.likelihood": likelihood, "model.layers": "", "data.shards": 4,
                        "stop.max_steps": 3, "checkpoint.directory": likelihood})
            outcome = self.succeed(["check-gradient", "--checkpoint", f"{likelihood}/checkpoint-00000003.h5"], 2)
            self.assert_all_agree(outcome)

    def test_sparse_features(self):
        features, targets = toy.sparse(80)
        toy.write_sparse(self.folder / "train.h5", features, targets)
        outcome = self.check({"model.layers": "", "model.l2": 0.01, "data.standardize": "true"}, ranks=3)
        rows = self.table(outcome)
        self.assertEqual(rows["output/weights"]["agree"], rows["output/weights"]["probes"])

    def test_tokens(self):
        random = numpy.random.default_rng(5)
        tokens = random.integers(0, 6, size=(80, 3))
        toy.write(self.folder / "train.h5", tokens, (tokens.sum(axis=1) % 3).astype("int32"))
        outcome = self.check({"model.embedding": 2}, ranks=2)
        self.assert_all_agree(outcome)
        self.assertIn("embedding/table", self.table(outcome))

    def test_the_l1_penalty_where_it_has_a_derivative(self):
        toy.categorical(self.folder / "train.h5", 61)
        settings = {"model.l1": 0.05, "model.layers": "", "data.standardize": "true"}
        self.assert_all_agree(self.check(settings, ranks=2))
        self.train({**self.settings, **settings, "stop.max_steps": 300, "checkpoint.directory": "run"})
        with h5py.File(self.folder / "run" / "checkpoint-00000300.h5") as file:
            weights = file["parameters/output/weights"][:]
        self.assertGreater(numpy.sum(weights == 0), 3)
        outcome = self.succeed(["check-gradient", "--checkpoint", "run/checkpoint-00000300.h5", "--coordinates=99"])
        row = self.table(outcome)["output/weights"]
        self.assertEqual(row["probes"], numpy.sum(weights != 0) + 3)
        self.assertEqual((row["kinks"], row["differ"]), (0, 0))


class NoDerivativeTest(CheckGradientTest):
    def test_kinks_are_told_as_such(self):
        """Rows of zeros under intercepts of zero: relu stands at its corner, and slopes to both sides differ."""
        toy.categorical(self.folder / "train.h5", 61)
        with h5py.File(self.folder / "train.h5", "r+") as file:
            file["features"][:10] = 0
        outcome = self.check({"model.activation": "relu"}, ranks=2)
        rows = self.table(outcome)
        self.assertEqual(rows["dense_1/weights"]["agree"], 11)  # which rows of zeros do not see
        self.assertEqual(rows["dense_1/intercepts"]["agree"], 0)
        self.assertEqual(rows["dense_1/intercepts"]["kinks"], 7)
        self.assertEqual(rows["output/weights"]["agree"], 11)
        self.assertEqual(outcome.stdout.count("kink        dense_1/intercepts["), 4)
        self.assertRegex(outcome.stdout, r"lie at kinks\n")
        self.assertIn("says nothing of dense_1/intercepts: ", outcome.stderr)

    def test_steps_that_overflow_do_not_count(self):
        """exp(h·x) is infinite at the first of them, on all ranks."""
        random = numpy.random.default_rng(1)
        toy.write(self.folder / "train.h5", random.normal(size=(60, 2)) * [1, 1e6], random.poisson(3.0, 60))
        settings = {"model.likelihood": "poisson", "model.layers": ""}
        outcome = self.check(settings, ranks=3)
        row = self.table(outcome)["output/weights"]
        self.assertEqual(row["agree"], row["probes"])
        self.assertEqual(self.check(settings, ranks=1).stdout, outcome.stdout)

    def test_what_nothing_depends_on(self):
        """The last layer of these starts from the best constant, with weights of zero."""
        toy.gaussian(self.folder / "train.h5", 61, columns=1)
        outcome = self.check({"model.likelihood": "student_t"}, ranks=2)
        rows = self.table(outcome)
        self.assertEqual(rows["dense_1/weights"]["flat"], 11)
        self.assertEqual(rows["output/weights"]["agree"], 7)
        self.assertIn("says nothing of dense_1/weights, dense_1/intercepts: ", outcome.stderr)


if __name__ == "__main__":
    unittest.main()
