#!/usr/bin/env python3
"""The rules of the house: a room includes only rooms that it may see, and each library has one room that calls it."""

import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ.get("CAUCHY_SOURCE", pathlib.Path(__file__).resolve().parent.parent))

# What each room may see. A room looks only downwards; model and optimize know nothing of ranks or files, and training
# knows nothing of checkpoints or reports.
MAY_SEE = {
    "core": set(),
    "linear_algebra": {"core"},
    "reduction": {"core"},
    "communication": {"core"},
    "storage": {"core"},
    "model": {"core", "linear_algebra"},
    "optimize": {"core", "linear_algebra"},
    "data": {"core", "linear_algebra", "communication", "storage", "model"},
    "training": {"core", "linear_algebra", "communication", "reduction", "model", "optimize", "data"},
    "reporting": {"core", "storage", "training"},
    "checkpoint": {"core", "linear_algebra", "reduction", "storage", "model", "optimize", "data", "training"},
    "config": {"core"},
    "cli": {"core", "linear_algebra", "communication", "reduction", "storage", "model", "optimize", "data", "training",
            "reporting", "checkpoint", "config"},
    "library": {"core", "communication", "model", "data", "training", "checkpoint", "config", "cli"},
}

# Which rooms may include a library's headers.
LIBRARIES = {
    r"mpi\.h": {"communication"},
    r"hdf5(_hl)?\.h|H5\w+\.h": {"storage"},
    r"Eigen/.*|unsupported/Eigen/.*": {"linear_algebra"},
    r"dnnl.*|oneapi/.*": {"linear_algebra"},
    r"boost/math/.*": {"model"},
    r"boost/(?!math/).*": {"config", "cli"},
    r"zlib\.h": {"data"},
}


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1)


def sources():
    for folder in (ROOT / "include" / "cauchy", ROOT / "src"):
        for path in sorted(folder.rglob("*.?pp")):
            yield path.relative_to(folder).parts[0], path


def violations():
    for room, path in sources():
        for number, name in includes(path):
            where = f"{path.relative_to(ROOT)}:{number}"
            seen = re.match(r"cauchy/([^/]+)/", name)
            if seen and seen.group(1) != room and seen.group(1) not in MAY_SEE[room]:
                yield f"{where}: {room} may not see {seen.group(1)}"
            for pattern, rooms in LIBRARIES.items():
                if re.fullmatch(pattern, name) and room not in rooms:
                    yield f"{where}: {room} may not call the library behind <{name}>"


class HouseTest(unittest.TestCase):
    def test_folders_are_the_rooms(self):
        for tree in (ROOT / "include" / "cauchy", ROOT / "src"):
            self.assertEqual({path.name for path in tree.iterdir() if path.is_dir()}, set(MAY_SEE))

    def test_rooms_look_only_where_they_may(self):
        self.assertEqual(list(violations()), [])

    def test_cmake_links_what_the_rules_say(self):
        text = (ROOT / "src" / "CMakeLists.txt").read_text()
        rooms = dict(re.findall(r"cauchy_room\((\w+)\s[^)]*?ROOMS ([\w\s]+?)(?:\n\s+LINKS[^)]*)?\)", text))
        for room, links in rooms.items():
            self.assertLessEqual(set(links.split()), MAY_SEE[room], room)
        self.assertEqual(set(rooms) | {"core"}, set(MAY_SEE))

    def test_main_stays_short(self):
        self.assertLess(len((ROOT / "src" / "cli" / "main.cpp").read_text().splitlines()), 40)

    def test_headers_are_guarded_and_say_their_purpose(self):
        for _, path in sources():
            lines = path.read_text().splitlines()
            start = lines[1] if lines[0] == "#pragma once" else lines[0]
            self.assertTrue(path.suffix == ".cpp" or lines[0] == "#pragma once", path)
            self.assertTrue(start.startswith("//"), f"{path} does not start with its purpose")


if __name__ == "__main__":
    unittest.main()
