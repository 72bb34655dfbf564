#!/usr/bin/env python3
"""Tables of text: every spelling of the same numbers gives the bits of HDF5; every fault is told with its place."""

import gzip
import itertools
import pathlib
import sys
import unittest

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import program

ROWS = 53
COLOURS = ("blue", "dark red", 'pale "green"', "two\nlines")


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


class TablesTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.number = itertools.count()
        generator = numpy.random.default_rng(7)
        self.features = numpy.round(generator.normal(0, 100, size=(ROWS, 3)), 4)
        self.features[5] = [1e-3, -2.5e5, 12345678901234567890.0]
        self.target = numpy.round(generator.normal(size=ROWS), 6)
        self.colours = [COLOURS[i] for i in generator.integers(0, len(COLOURS), size=ROWS)]
        self.colours[:4] = COLOURS

    def settings(self, **more):
        return {"data.shards": 4, "data.standardize": "true", "stop.max_steps": 3, "model.likelihood": "gaussian",
                "optimizer.learning_rate": 0.01, "checkpoint.directory": f"run{next(self.number)}",
                **{key.replace("__", "."): value for key, value in more.items()}}

    def write(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    def hdf5(self, features, target, name="reference.h5"):
        with h5py.File(self.folder / name, "w") as file:
            file["features"] = features
            file["targets"] = target
        return name

    def digest(self, ranks=1, **more):
        return self.digest_in(self.train(self.settings(**more), ranks).stdout)

    def lines(self, separator=",", columns=("a", "b", "c", "y"), rows=None):
        """The numbers as text; a header if there are columns."""
        values = numpy.column_stack([self.features, self.target])
        text = [separator.join(columns)] if columns else []
        for i in range(ROWS) if rows is None else rows:
            text.append(separator.join(repr(float(value)) for value in values[i]))
        return text

    def assert_told(self, text, *words, ranks=(1, 3), name="bad.csv", **settings):
        self.write(name, text)
        for count in ranks:
            with self.subTest(ranks=count, text=text[:60]):
                settings = {"data__train": name, **settings}
                message = self.refuse(["train", *program.options(self.settings(**settings))], count)
                for word in words:
                    self.assertIn(word, message)


class SpellingsTest(TablesTest):
    def test_every_spelling_gives_the_digest_of_hdf5(self):
        expected = self.digest(data__train=self.hdf5(self.features, self.target))
        plain = "\n".join(self.lines()) + "\n"
        blanks = "\n".join("  " + line + " \t " for line in self.lines(" \t", columns=None)) + "\n\n"
        quotes = "\n".join(",".join(quoted(field) for field in line.split(",")) for line in self.lines())
        first, second, third = range(20), range(20, 21), range(21, ROWS)
        for i, rows in enumerate((first, second, third)):
            self.write(f"part-{i}.csv", "\n".join(self.lines(rows=rows)))
        spellings = {
            "plain.csv": plain,
            "crlf.csv": plain.replace("\n", "\r\n"),
            "mark.csv": b"\xef\xbb\xbf" + plain.encode(),
            "no_end.csv": plain[:-1],
            "semicolons.csv": plain.replace(",", ";"),
            "quotes.csv": quotes,
            "blanks_around.csv": plain.replace(",", " , "),
            "blank_lines.csv": "\n\n" + plain.replace("\n", "\n\n") + "\n,,,\n",
            "trailing.csv": plain.replace("\n", ",\n"),
            "signs.csv": plain.replace(",0.", ",+0.").replace(",-0.", ",-.").replace("e-", "E-"),
            "no_header.csv": "\n".join(self.lines(columns=None)),
            "tabs.tsv": "\n".join(self.lines("\t")),
            "blanks.txt": "# a comment\n" + blanks,
            "plain.dat": plain,
            "packed.csv.gz": gzip.compress(plain.encode()),
            "two_members.csv.gz": gzip.compress(plain[:700].encode()) + gzip.compress(plain[700:].encode()),
        }
        for name, text in spellings.items():
            self.write(name, text)
        for ranks, name in itertools.product((1, 2, 3, 4), (*spellings, "part-*.csv")):
            if ranks == 1 or name in ("quotes.csv", "blank_lines.csv", "packed.csv.gz", "part-*.csv"):
                with self.subTest(name=name, ranks=ranks):
                    self.assertEqual(self.digest(ranks, data__train=name), expected)
        self.assertEqual(self.digest(data__train="part-0.csv, part-1.csv,part-2.csv"), expected)

    def test_columns_are_chosen_by_name_and_number(self):
        self.write("data.csv", "\n".join(self.lines()))
        expected = self.digest(data__train=self.hdf5(self.features[:, [2, 0]], self.features[:, 1]))
        for features, targets in (("c, a", "b"), ("3,1", "2")):
            self.assertEqual(self.digest(2, data__train="data.csv", data__features=features, data__targets=targets),
                             expected)
        expected = self.digest(data__train=self.hdf5(self.features[:, :2], self.features[:, 2]))
        self.assertEqual(self.digest(data__train="data.csv", data__exclude="y"), expected)
        both = numpy.column_stack([self.target, self.features[:, 0]])
        expected = self.digest(data__train=self.hdf5(self.features[:, 1:], both))
        self.assertEqual(self.digest(data__train="data.csv", data__targets="y,a"), expected)

    def test_weights_are_a_column(self):
        weights = numpy.arange(ROWS) % 4 + 0.5
        with h5py.File(self.folder / self.hdf5(self.features, self.target), "a") as file:
            file["w"] = weights
        self.write("data.csv", "a,w,b,c,y\n" + "".join(
            f"{a!r},{w},{b!r},{c!r},{y!r}\n" for (a, b, c), w, y in zip(self.features, weights, self.target)))
        expected = self.digest(data__train="reference.h5", data__weights="w")
        for ranks in (1, 3):
            self.assertEqual(self.digest(ranks, data__train="data.csv", data__weights="w"), expected)
        settings = self.settings(data__train="data.csv", data__weights="a", data__features="b,c")
        self.assertIn("column a at data.csv:", self.refuse(["train", *program.options(settings)], 2))

    def test_one_column_of_zeros_and_a_header_of_numbers(self):
        self.write("years.csv", "2019,2020\n" + "\n".join(f"{i % 5},{i}" for i in range(ROWS)))
        rows = numpy.arange(ROWS)
        expected = self.digest(data__train=self.hdf5(rows % 5, rows))
        self.assertEqual(self.digest(data__train="years.csv", data__header="true"), expected)


class ColouredTest(TablesTest):
    def table(self, rows, target=None):
        target = self.target if target is None else target
        text = "colour,a,y\n"
        for i in rows:
            text += f"{quoted(self.colours[i])},{self.features[i, 0]!r},{target[i]}\n"
        return text

    def encoded(self, rows):
        one_hot = numpy.array([[float(self.colours[i] == colour) for colour in sorted(COLOURS)] for i in rows])
        return numpy.column_stack([one_hot, self.features[list(rows), 0]])


class CategoriesTest(ColouredTest):
    def test_texts_become_inputs(self):
        expected = self.digest(data__train=self.hdf5(self.encoded(range(ROWS)), self.target))
        self.write("data.csv", self.table(range(ROWS)))
        for ranks in (1, 2, 3, 4):
            self.assertEqual(self.digest(ranks, data__train="data.csv"), expected)

    def test_numbers_become_inputs_if_asked(self):
        codes = numpy.arange(ROWS) % 11 + 1
        one_hot = numpy.array([[float(code == other) for other in range(1, 12)] for code in codes])
        expected = self.digest(data__train=self.hdf5(one_hot, self.target))
        self.write("data.csv", "month,y\n" + "".join(f"{code},{y}\n" for code, y in zip(codes, self.target)))
        self.assertEqual(self.digest(3, data__train="data.csv", data__categorical="month"), expected)

    def test_validation_and_evaluation_follow_the_training_data(self):
        first, second = range(40), [50, 41]
        self.write("train.csv", self.table(first))
        self.write("test.csv", "y,other,a,colour\n" + "".join(
            f"{self.target[i]},x,{self.features[i, 0]!r},{quoted(self.colours[i])}\n" for i in second))
        self.hdf5(self.encoded(first), self.target[first], "train.h5")
        self.hdf5(self.encoded(second), self.target[second], "test.h5")
        results = []
        for suffix in ("csv", "h5"):
            settings = self.settings(data__train=f"train.{suffix}", data__validation=f"test.{suffix}")
            self.train(settings, 2)
            checkpoint = self.folder / settings["checkpoint.directory"] / "checkpoint-00000003.h5"
            results.append(self.succeed(["evaluate", "--checkpoint", checkpoint, f"--data.test=test.{suffix}"]).stdout)
        self.assertEqual([line for line in results[0].splitlines() if line.startswith(("NLL", "rmse"))],
                         [line for line in results[1].splitlines() if line.startswith(("NLL", "rmse"))])
        self.write("other.csv", "colour,a,y\nblack,1,2\n")
        settings = self.settings(data__train="train.csv", data__test="other.csv")
        message = self.refuse(["train", *program.options(settings)], 2)
        for word in ("data.test = other.csv:2:1: colour", '"black"', "none of the training data's: blue, dark red"):
            self.assertIn(word, message)
        settings = self.settings(data__train="train.h5", data__test="test.csv", data__features="features")
        self.assertIn("convert both alike", self.refuse(["train", *program.options(settings)], 2))

    def test_texts_as_targets_are_classes_with_names(self):
        classes = [sorted(COLOURS).index(colour) for colour in self.colours]
        expected = self.digest(data__train=self.hdf5(self.features, classes), model__likelihood="categorical")
        self.write("data.csv", "colour,a,b,c\n" + "".join(
            f"{quoted(colour)},{row[0]!r},{row[1]!r},{row[2]!r}\n" for colour, row in zip(self.colours, self.features)))
        settings = self.settings(data__train="data.csv", data__targets="colour", model__likelihood="categorical")
        self.assertEqual(self.digest_in(self.train(settings, 3).stdout), expected)
        with h5py.File(self.folder / settings["checkpoint.directory"] / "checkpoint-00000003.h5") as file:
            text = file["encoding"][()].decode()
        self.assertIn('target\tcolour\t0\tblue\tdark red\tpale "green"\ttwo\\nlines\n', text)
        self.write("rows.csv", "c,b,a\n" + "".join(f"{c!r},{b!r},{a!r}\n" for a, b, c in self.features))
        checkpoint = self.folder / settings["checkpoint.directory"] / "checkpoint-00000003.h5"
        for ranks, name in ((1, "data.csv"), (3, "rows.csv")):
            self.succeed(["predict", "--checkpoint", checkpoint, "--input", name, "--output", f"{name}.out.csv"], ranks)
        predicted = (self.folder / "data.csv.out.csv").read_text()
        self.assertEqual(predicted, (self.folder / "rows.csv.out.csv").read_text())
        self.assertTrue(any(word in predicted for word in ("blue", "dark red", "pale", "two")), predicted)
        settings["model.likelihood"] = "gaussian"
        self.assertIn("column colour became classes", self.refuse(["train", *program.options(settings)], 2))

    def test_signs_are_classes(self):
        signs = numpy.where(numpy.arange(ROWS) % 3 == 0, 1, -1)
        expected = self.digest(data__train=self.hdf5(self.features[:, 0], (signs + 1) // 2),
                               model__likelihood="categorical")
        self.write("data.csv", "a,y\n" + "".join(f"{a!r},{y:+d}\n" for a, y in zip(self.features[:, 0], signs)))
        self.assertEqual(self.digest(4, data__train="data.csv", model__likelihood="categorical"), expected)
        expected = self.digest(data__train=self.hdf5(self.features[:, 0], signs))
        self.assertEqual(self.digest(4, data__train="data.csv", data__target_type="number"), expected)


class ConvertTest(ColouredTest):
    def test_a_converted_file_gives_the_same_bits(self):
        self.write("train.csv", self.table(range(40)).replace(",", ", ", 3))
        self.write("test.csv", self.table([50, 41, 45, 47, 42]))
        options = ["--data.missing=mean"]
        for ranks in (1, 3):
            self.succeed(["convert", "--from=csv", "--input=train.csv", "--output=train.h5", *options], ranks)
            self.succeed(["convert", "--from=csv", "--input=test.csv", "--output=test.h5", "--like=train.h5", *options],
                         ranks)
            outcomes = [self.train(self.settings(data__train=train, data__test=test, data__missing="mean"), 2)
                        for train, test in (("train.csv", "test.csv"), ("train.h5", "test.h5"),
                                            ("train.h5", "test.csv"), ("train.csv", "test.h5"))]
            self.assertEqual(len({self.digest_in(outcome.stdout) for outcome in outcomes}), 1)
            ends = [[line for line in outcome.stdout.splitlines() if line.startswith("stopped by")] for outcome in outcomes]
            self.assertTrue(ends[0] and all(end == ends[0] for end in ends), ends)
        self.assertIn("data file train.h5, undamaged", self.succeed(["inspect", "train.h5"]).stdout)

    def test_a_compressed_file_gives_the_same_bits(self):
        self.write("train.csv", self.table([i % ROWS for i in range(4000)]))
        options = {"data__missing": "mean", "data__block_rows": 64}  # parts of chunks
        digests = {self.digest(2, data__train="train.csv", **options)}
        sizes = []
        for level, compress in enumerate(([], ["--compress=1"], ["--compress"], ["--compress=9"])):
            self.succeed(["convert", "--from=csv", "--input=train.csv", "--output=train.h5", "--data.missing=mean",
                          "--data.block_rows=1000", *compress], 1 + level)
            with h5py.File(self.folder / "train.h5", "r") as file:
                for name in ("features", "targets"):
                    self.assertEqual(file[name].chunks[0], 1000)
                    self.assertEqual(file[name].compression_opts, [None, 1, 4, 9][level])
                    self.assertEqual(file[name].shuffle, level > 0)
            sizes.append((self.folder / "train.h5").stat().st_size)
            for ranks in (1, 3) if level == 2 else (4,):
                digests.add(self.digest(ranks, data__train="train.h5", **options))
        self.assertEqual(len(digests), 1)
        self.assertLess(max(sizes[1:]), sizes[0] / 2)
        damaged = bytearray((self.folder / "train.h5").read_bytes())
        damaged[len(damaged) // 2] ^= 1
        (self.folder / "train.h5").write_bytes(damaged)
        self.assertIn("damaged: its check sum differs; the damage is in /",
                      self.refuse(["train", *program.options(self.settings(data__train="train.h5"))], 3))
        for level in ("0", "10", "x", "-1"):
            self.assertIn("from 1, the fastest, to 9", self.refuse(
                ["convert", "--from=csv", "--input=train.csv", "--output=again.h5", f"--compress={level}"], 2))

    def test_other_categories_are_told(self):
        self.write("train.csv", self.table(range(40)))
        self.write("test.csv", "colour,a,y\nblue,1,2\nred,3,4\n")
        for name in ("train", "test"):
            self.succeed(["convert", "--from=csv", f"--input={name}.csv", f"--output={name}.h5"])
        options = program.options(self.settings(data__train="train.h5", data__test="test.h5"))
        self.assertIn("test.h5: was converted with other categories", self.refuse(["train", *options], 2))
        arguments = ["convert", "--from=csv", "--input=test.csv", "--output=again.h5", "--like=train.h5"]
        self.assertIn('test.csv:3:1: colour holds "red"', self.refuse(arguments, 2))
        self.assertNotIn("again.h5", self.files())
        arguments = ["convert", "--from=csv", "--input=test.csv", "--output=again.h5", "--targets=x"]
        self.assertIn("--targets names the labels of IDX", self.refuse(arguments, 2))

    def test_what_is_read_is_not_replaced(self):
        self.write("train.csv", self.table(range(40)))
        before = (self.folder / "train.csv").read_bytes()
        self.succeed(["convert", "--from=csv", "--input=train.csv", "--output=train.h5"])
        for output in ("train.csv", "./train.csv", "train.h5"):
            for ranks in (1, 2):
                error = self.refuse(["convert", "--from=csv", "--input=train.csv", "--like=train.h5",
                                     f"--output={output}"], ranks)
                self.assertIn("would replace the file that is read", error)
        self.assertEqual((self.folder / "train.csv").read_bytes(), before)


class MissingTest(TablesTest):
    def setUp(self):
        super().setUp()
        self.words = ("", "NA", "?", "null")
        self.gaps = [(3, 0), (20, 1), (21, 1), (52, 2)]
        text = [line.split(",") for line in self.lines()]
        for word, (row, column) in zip(self.words, self.gaps):
            text[row + 1][column] = word
        self.write("gaps.csv", "\n".join(",".join(line) for line in text))

    def test_error(self):
        message = self.refuse(["train", *program.options(self.settings(data__train="gaps.csv"))], 3)
        self.assertIn("data.train = gaps.csv:5:1: a is missing; data.missing = mean or drop", message)

    def test_drop(self):
        rows = [i for i in range(ROWS) if i not in (3, 20, 21, 52)]
        expected = self.digest(data__train=self.hdf5(self.features[rows], self.target[rows]))
        for ranks in (1, 2, 3, 4):
            settings = self.settings(data__train="gaps.csv", data__missing="drop")
            outcome = self.train(settings, ranks)
            self.assertEqual(self.digest_in(outcome.stdout), expected)
            self.assertEqual(outcome.stderr.count("dropped 4 of 53 rows"), 1)

    def test_mean(self):
        from fractions import Fraction
        features = self.features.copy()
        for row, column in self.gaps:
            present = [i for i in range(ROWS) if (i, column) not in self.gaps]
            exact = sum(Fraction(self.features[i, column]) for i in present)
            features[row, column] = float(exact) / len(present)
        expected = self.digest(data__train=self.hdf5(features, self.target))
        for ranks in (1, 2, 3, 4):
            self.assertEqual(self.digest(ranks, data__train="gaps.csv", data__missing="mean"), expected)


class FaultsTest(TablesTest):
    def test_numbers(self):
        head = "a,b\n1,2\n"
        for text, fault in (("12x", "is not a number"), ("1,5", None), ("nan", "is no finite number"),
                            ("-Infinity", "is no finite number"), ("1e400", "beyond the range of a double"),
                            ("1e-400", "beyond the range of a double"), ("0x10", "is not a number"),
                            ("1 2", "is not a number"), ("--1", "is not a number"), (".", "is not a number"),
                            ("1e", "is not a number")):
            if fault is None:
                self.assert_told(head + text + ",3\n", "bad.csv:3:", "more than 2 fields", "the header has 2",
                                 data__shards=1, ranks=(1,))
            else:
                self.assert_told(head + f"3, {text}\n", "data.train = bad.csv:3:4: b holds", fault, data__shards=1,
                                 ranks=(1,))
                self.assert_told(head + f"{text},3\n", "data.train = bad.csv:3:1: a holds", fault, data__shards=1,
                                 ranks=(1,))

    def test_a_bad_number_late_in_the_file_on_any_number_of_ranks(self):
        lines = self.lines()
        lines[51] = lines[51].replace(",", ",oops", 1)
        self.assert_told("\n".join(lines), "data.train = bad.csv:52:", ': b holds "oops', ranks=(1, 2, 3, 4))

    def test_beyond_a_float(self):
        lines = self.lines()
        lines[40] = "1,2,1e300,4"
        self.assert_told("\n".join(lines), "c holds 1e+300, beyond the range of a float", "at bad.csv:41",
                         data__standardize="false")

    def test_fields(self):
        for text, *words in (
                ("a,b,y\n1,2,3\n1,2\n", "bad.csv:3:4: 2 fields in this row; the header has 3"),
                ("a,b,y\n1,2,3\n1,2,3,4\n", "bad.csv:3:", "more than 3 fields"),
                ("1,2,3\n1,2\n", "bad.csv:2:", "the first row has 3"),
                ('a,b\n1,2\n3,4"5"6\n', "bad.csv:3:4: a quote within a field"),
                ('a,b\n1,2\n3,"4"5\n', "bad.csv:3:6: text behind a closing quote"),
                ('a,b\n1,2\n3,4"5\n5,6\n', "bad.csv:3: a quote that is opened in this line is never closed")):
            self.assert_told(text, *words, ranks=(1,), data__shards=1)
        for text, *words in (
                ("a,b\0c,y\n1,2,3\n", "bad.csv:1:4: a zero byte"),
                ("a,b,y\n1,x,3\n1,x\0z,3\n", "bad.csv:3:4: a zero byte"),
                ('a,b,y\n1,x,3\n1,"x\0z",3\n', "bad.csv:3:5: a zero byte"),
                ("a,b,y\n1,2,3\n1,2\0,3\n", "bad.csv:3:4: a zero byte"),
                ("a,b,y\r1,2,3\r4,5,6\r", "bad.csv:1:6: a carriage return within a line"),
                ("a;b;y\n1,5;2;3\n", 'column a holds "1,5", a number with a decimal comma'),
                ("a;b;y\n1;2;3,5\n", 'column y holds "3,5", a number with a decimal comma')):
            self.assert_told(text, *words, ranks=(1, 2), data__shards=2)
        self.assert_told("a,a\n1,2\n", "two columns named a")

    def test_columns(self):
        text = "\n".join(self.lines())
        self.assert_told(text, "has no column z (data.targets); its columns are a, b, c, y", data__targets="z")
        self.assert_told(text, "has no column 5", data__exclude="5")
        self.assert_told(text, "column a is named twice", data__features="a,b", data__targets="a")
        self.assert_told(text, "a is named in data.features and in data.exclude", data__features="a,b",
                         data__exclude="a")
        self.assert_told("\n".join(["id,y"] + [f"text{i},1" for i in range(5000)]), "bad.csv:4098:1: column id",
                         "data.exclude", ranks=(1,))

    def test_files(self):
        self.assert_told("", "bad.csv: is empty")
        self.assert_told("a,b\n", "is empty", ranks=(1, 4))
        self.assert_told("\n".join(self.lines()), "data.train = none-*.csv: fits no file", data__train="none-*.csv")
        self.assert_told("\n".join(self.lines()).encode("utf-16"), "UTF-16")
        self.assert_told(bytes(range(256)) * 10, "is of no known format", name="bad.bin")
        self.write("one.csv", "a,b,y\n1,2,3\n")
        self.assert_told("a,c,y\n4,5,6\n", 'bad.csv:1:3: the header has "c" where that of one.csv has "b"',
                         data__train="one.csv, bad.csv")

    def test_damaged_gzip(self):
        packed = gzip.compress("\n".join(self.lines()).encode())
        name = "bad.csv.gz"
        for cut in (1, 8, 9, 300):
            self.assert_told(packed[:-cut], "bad.csv.gz: is ", name=name, ranks=(1, 2))
        flipped = bytearray(packed)
        flipped[-6] ^= 1
        self.assert_told(bytes(flipped), "bad.csv.gz: is damaged", name=name, ranks=(1,))
        self.assert_told(packed + b"junk", "bad.csv.gz: is damaged", name=name, ranks=(1,))


if __name__ == "__main__":
    unittest.main()
