"""Reads a checkpoint with h5py and h5dump, and computes its sums and values anew.

usage: foreign_reader_test.py WRITE_SAMPLE      (the executable of write_sample.cpp)
"""

import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy

WRITE_SAMPLE = sys.argv.pop(1)


def crc64_xz(data):
    """Bit by bit, from the definition: ECMA-182 reflected, all ones at the start, complemented at the end."""
    value = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xC96C5795D7870F42 if value & 1 else 0)
    return value ^ 0xFFFFFFFFFFFFFFFF


def example(first, index, shape):
    """Element i of tensor t is first + t + i/8."""
    return (first + index + numpy.arange(numpy.prod(shape)) / 8).astype(numpy.float32).reshape(shape)


TENSORS = [("dense_1/weights", (5, 3)), ("dense_1/intercepts", (3,)), ("output/weights", (3, 2)),
           ("output/intercepts", (2,))]


class ForeignReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name) / "sample.h5"
        written = subprocess.run([WRITE_SAMPLE, cls.folder.name], check=True, capture_output=True, text=True)
        cls.digest = written.stdout.strip()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.file = h5py.File(self.path, "r")
        self.addCleanup(self.file.close)

    def test_check_value_of_the_crc(self):
        self.assertEqual(crc64_xz(b"123456789"), 0x995DC9BBDF1939FA)

    def test_check_lines(self):
        data = self.path.read_bytes()
        line = data[:data.index(b"\n") + 1].decode("ascii")
        match = re.fullmatch(
            r"cauchy checkpoint, format 6, length (\d{20}), table at (\d{20}), crc64-xz ([0-9a-f]{16})\n", line)
        self.assertIsNotNone(match, line)
        self.assertEqual(int(match[1]), len(data))
        self.assertEqual(int(match[3], 16), crc64_xz(data[512:]))
        self.assertEqual(data[len(line):256], bytes(256 - len(line)))
        self.assertEqual(data[256:512], data[:256])
        self.assertEqual(data[512:516], b"\x89HDF")
        self.assertTrue(data[int(match[2]):].endswith(b"\n"))

    def test_table(self):
        data = self.path.read_bytes()
        start = int(re.search(rb"table at (\d{20})", data)[1])
        *rows, last = data[start:].decode("ascii").splitlines()
        self.assertEqual(last, f"crc64-xz {crc64_xz(data[start:data.rindex(b'crc64-xz')]):016x}")
        listed = {}
        for row in rows:
            offset, size, sum_of_piece, dataset = row.split(" ", 3)
            piece = data[int(offset):int(offset) + int(size)]
            self.assertEqual(sum_of_piece, f"{crc64_xz(piece):016x}")
            listed[dataset] = piece
        datasets = []
        self.file.visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
        self.assertEqual(sorted(listed), sorted(item.name for item in datasets))
        for item in datasets:
            if item.chunks:  # one chunk of this small file: its numbers, and four bytes of fletcher32
                self.assertEqual(listed[item.name][:-4], item[()].tobytes())
                self.assertEqual(len(listed[item.name]), item.nbytes + 4)

    def test_tools_take_no_notice_of_lines_and_table(self):
        dump = subprocess.run(["h5dump", "-d", "/standardisation/scale", self.path], capture_output=True, text=True)
        self.assertEqual((dump.returncode, dump.stderr), (0, ""))
        self.assertIn("1, 2, 3, 4, 0.333333", dump.stdout)

    def check_vector(self, group, first):
        found = []
        self.file[group].visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        self.assertEqual(sorted(found), sorted(name for name, _ in TENSORS))
        for index, (name, shape) in enumerate(TENSORS):
            dataset = self.file[group][name]
            self.assertEqual(dataset.dtype, numpy.dtype("<f4"))
            self.assertEqual(dataset.attrs["index"], index)
            self.assertTrue(dataset.fletcher32)
            numpy.testing.assert_array_equal(dataset[()], example(first, index, shape))

    def test_parameters_and_optimizer(self):
        self.check_vector("parameters", -1)
        self.assertEqual(sorted(self.file["optimizer"]), ["acceleration", "velocity"])
        self.assertEqual(dict(self.file["optimizer"].attrs), {"radius": 0.75, "value": 1 / 3})
        self.check_vector("optimizer/velocity", 10)
        self.check_vector("optimizer/acceleration", 20)

    def test_residuals_of_eleven_shards(self):
        self.assertEqual(sorted(self.file["reduction/residuals"], key=int), [str(shard) for shard in range(11)])
        for shard in range(11):
            self.check_vector(f"reduction/residuals/{shard}", 100 * (shard + 1))

    def test_digest(self):
        tensors = []
        self.file["parameters"].visititems(
            lambda _, item: tensors.append(item) if isinstance(item, h5py.Dataset) else None)
        tensors.sort(key=lambda item: item.attrs["index"])
        digest = hashlib.sha256(b"".join(item[()].tobytes() for item in tensors)).hexdigest()
        self.assertEqual("sha256:" + digest, self.digest)

    def test_attributes(self):
        self.assertEqual(self.file.attrs["format_version"], 6)
        self.assertEqual(self.file.attrs["precision"], "float")
        self.assertEqual(self.file.attrs["stop_reason"], "no_descent")
        self.assertEqual(self.file.attrs["instruction_set"], "test_instructions")
        self.assertEqual(self.file.attrs["product_backend"], "test_products")
        self.assertRegex(self.file.attrs["cauchy_version"], r"^\d+\.\d+")
        self.assertEqual(dict(self.file["problem"].attrs), {"rows": 61, "inputs": 5, "target_columns": 1, "classes": 2})
        self.assertEqual(dict(self.file["sampler"].attrs), {"epoch": 1001, "step": 1002})
        self.assertEqual(self.file["stopping"].attrs["steps"], 1003)
        self.assertEqual(self.file["stopping"].attrs["nll"], 1004 + 0.1)

    def test_texts_and_features(self):
        self.assertEqual(self.file["configuration"].asstr()[()],
                         "[model]\nlayers = 3\nlikelihood = categorical\n")
        numpy.testing.assert_array_equal(self.file["standardisation/mean"][()], [0.1, 0.2, 0.3, 0.4, 0.5])
        numpy.testing.assert_array_equal(self.file["standardisation/scale"][()], [1, 2, 3, 4, 1 / 3])
        numpy.testing.assert_array_equal(self.file["standardisation/target_mean"][()], [3.5])
        numpy.testing.assert_array_equal(self.file["standardisation/target_deviation"][()], [0.25])
        numpy.testing.assert_array_equal(self.file["reduction/units"][()], [-24, -3, 7, 0])
        numpy.testing.assert_array_equal(self.file["reduction/ages"][()], [1, 15, 2, 3])


if __name__ == "__main__":
    unittest.main()
