"""The scripts that draw, and what is in their pictures."""

import contextlib
import io
import os
import pathlib
import re
import runpy
import struct
import sys
import xml.etree.ElementTree
import zlib
from unittest import mock

import program

SVG = "{http://www.w3.org/2000/svg}"


def draw(test, script, arguments, code=0):
    """Runs a script in the test's folder, within this process, which imports matplotlib once; its outcome."""
    path = program.SOURCE / "scripts" / script
    output, errors, ended, before = io.StringIO(), io.StringIO(), 0, pathlib.Path.cwd()
    os.chdir(test.folder)
    try:
        with mock.patch.object(sys, "argv", [str(path), *map(str, arguments)]), \
                mock.patch.object(sys, "path", [str(path.parent), *sys.path]), \
                contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        ended = end.code
    finally:
        os.chdir(before)
    outcome = program.Outcome(ended, output.getvalue(), errors.getvalue())
    test.assertEqual(outcome.code, code, outcome)
    return outcome


class Svg:
    """Texts, numbers of points of the lines that have a name, and of other lines."""

    def __init__(self, path):
        root = xml.etree.ElementTree.parse(path).getroot()
        assert root.tag == SVG + "svg", root.tag
        self.texts = ["".join(text.itertext()).strip() for text in root.iter(SVG + "text")]
        self.curves = {}
        self.contours = sum(group.get("id", "").startswith("PathCollection") for group in root.iter(SVG + "g"))
        for group in root.iter(SVG + "g"):
            name = group.get("id", "")
            if name.startswith("curve-"):
                paths = "".join(path.get("d", "") for path in group.findall(SVG + "path"))
                marks = len(list(group.iter(SVG + "use")))
                self.curves[name.removeprefix("curve-")] = marks or len(re.findall("[ML]", paths))


def png_size(path):
    """Width and height, once all chunks have stood the check and the pixels are as many as these say."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    position, pixels, size = 8, b"", None
    while position < len(data):
        length, kind = struct.unpack(">I4s", data[position:position + 8])
        body = data[position + 8:position + 8 + length]
        check, = struct.unpack(">I", data[position + 8 + length:position + 12 + length])
        assert check == zlib.crc32(kind + body), kind
        size = struct.unpack(">II", body[:8]) if kind == b"IHDR" else size
        pixels += body if kind == b"IDAT" else b""
        position += 12 + length
    assert kind == b"IEND" and len(zlib.decompress(pixels)) == size[1] * (1 + 4 * size[0])
    return size
