"""Writes files with h5py in all the ways that people write them, and lets storage::File read them.

usage: foreign_writer_test.py PRINT_FILE      (the executable of print_file.cpp)
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy

PRINT_FILE = sys.argv.pop(1)


class ForeignWriter(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "foreign.h5"

    def lines_of(self, fill, **options):
        """What print_file says of a file with the contents that `fill` gives it."""
        with h5py.File(self.path, "w", **options) as file:
            fill(file)
        printed = subprocess.run([PRINT_FILE, self.path], capture_output=True, text=True)
        self.assertEqual(printed.returncode, 0, printed.stderr)
        return printed.stdout.splitlines()

    def test_numbers_of_every_type_and_order(self):
        for kind in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]:
            for order in "<>":
                dtype = numpy.dtype(order + kind)
                with self.subTest(dtype=dtype):
                    lines = self.lines_of(lambda file: file.create_dataset("x", data=numpy.array([[1, 2], [3, 100]], dtype)))
                    self.assertEqual(lines, [f"x {numpy.dtype(kind).name} 1 2 3 100"])

    def test_chunks_compression_and_single_numbers(self):
        def fill(file):
            file.create_dataset("packed", data=numpy.arange(6.0), chunks=(4,), compression="gzip", shuffle=True,
                                fletcher32=True)
            file["single"] = numpy.float32(0.5)
            file.create_dataset("growing", data=numpy.arange(3), maxshape=(None,))

        self.assertEqual(self.lines_of(fill), ["growing int64 0 1 2", "packed float64 0 1 2 3 4 5",
                                               "single float32 0.5"])

    def test_texts_of_varying_and_fixed_length(self):
        def fill(file):
            file["a_varying"] = "naïve Θ"
            file["b_empty"] = ""
            file.create_dataset("c_fixed", data=numpy.bytes_("fixed"), dtype="S12")
            file.create_dataset("d_full", data=numpy.bytes_("full"), dtype="S4")
            file.create_dataset("e_utf8", data="naïve".encode(), dtype=h5py.string_dtype("utf-8", 10))
            file.create_dataset("f_ascii", data="ascii", dtype=h5py.string_dtype("ascii"))
            file.create_dataset("g_list_of_one", data=["one"])

        self.assertEqual(self.lines_of(fill), [
            "a_varying other [naïve Θ]", "b_empty other []", "c_fixed other [fixed]", "d_full other [full]",
            "e_utf8 other [naïve]", "f_ascii other [ascii]", "g_list_of_one other [one]"])

    def test_attributes(self):
        def fill(file):
            file.attrs["text_varying"] = "naïve"
            file.attrs["text_fixed"] = numpy.bytes_("fixed")
            file.attrs["number"] = 7
            file.attrs["number_small"] = numpy.float32(0.25)
            file.attrs["number_in_list"] = [3]

        self.assertEqual(self.lines_of(fill), ["number 7", "number_in_list 3", "number_small 0.25",
                                               "text_fixed [fixed]", "text_varying [naïve]"])

    def test_old_and_new_formats_and_user_blocks(self):
        for options in [{"libver": "earliest"}, {"libver": "latest"}, {"userblock_size": 1024}]:
            with self.subTest(**options):
                lines = self.lines_of(lambda file: file.create_dataset("x", data=[1.5]), **options)
                self.assertEqual(lines, ["x float64 1.5"])

    def test_what_is_no_number_is_told(self):
        for name, data in [("compound", numpy.zeros(2, [("a", "i4"), ("b", "f8")])), ("texts", ["one", "two"])]:
            with self.subTest(name=name):
                with h5py.File(self.path, "w") as file:
                    file[name] = data
                printed = subprocess.run([PRINT_FILE, self.path], capture_output=True, text=True)
                self.assertEqual(printed.returncode, 1)
                self.assertIn(name + " holds", printed.stderr)


if __name__ == "__main__":
    unittest.main()
