"""What the scripts that draw have in common: matplotlib without a screen, errors, files."""

import csv
import math
import pathlib
import sys


def refuse(what):
    """Ends a script with the exit code of a mistake of the user."""
    print(f"{pathlib.Path(sys.argv[0]).name}: error: {what}", file=sys.stderr)
    sys.exit(2)


def refuse_without(library):
    """`library`: the error of an import."""
    refuse(f"{library}; scripts/install_packages.sh --pictures installs it for Debian's /usr/bin/python3")


try:
    import matplotlib
except ImportError as missing:
    refuse_without(missing)

matplotlib.use("agg")
matplotlib.rcParams.update({"svg.hashsalt": "cauchy", "svg.fonttype": "none", "savefig.dpi": 72, "axes.grid": True,
                            "grid.alpha": 0.3, "axes.formatter.useoffset": False})
import matplotlib.pyplot as plot

SUFFIXES = (".png", ".svg")


class UserError(Exception):
    """A mistake of the user, with what to do."""


def main(work):
    """Runs a script: exit code 2 after a mistake of the user."""
    try:
        work()
    except UserError as error:
        refuse(error)


def read_table(path, kind, needed, texts=()):
    """The columns of a CSV file: name → numbers, NaN where a cell is empty. A last line without an end is being
    written. `kind`: what the file should be; `needed`: columns by which it is known; `texts`: columns to leave out."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: is no {kind}: it is not text") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    lines = text[:text.rfind("\n") + 1].splitlines()
    if not lines:
        raise UserError(f"{path}: is empty" if not text else f"{path}: has no rows yet")
    header, *rows = csv.reader(lines)
    missing = [column for column in needed if column not in header]
    if missing:
        raise UserError(f"{path}: is no {kind}: it has no column {missing[0]}")
    if not rows:
        raise UserError(f"{path}: has no rows yet")
    columns = {column: [] for column in header if column not in texts}
    for line, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise UserError(f"{path}:{line}: has {len(row)} cells, the header has {len(header)}")
        for column, cell in zip(header, row):
            try:
                if column in columns:
                    columns[column].append(float(cell) if cell else math.nan)
            except ValueError:
                raise UserError(f"{path}:{line}: {column} is no number: {cell}") from None
    return columns


def output_path(text):
    """Of an option --output."""
    path = pathlib.Path(text)
    if path.suffix not in SUFFIXES:
        raise UserError(f"--output {text}: the name must end in {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise UserError(f"--output {text}: there is no folder {path.parent}")
    return path


def save(figure, path):
    """The same bytes from the same numbers."""
    try:
        if path.suffix == ".svg":
            figure.savefig(path, metadata={"Date": None})  # of whose parts few are pixels
        else:
            figure.savefig(path, dpi=150, metadata={"Software": None})
    except OSError as error:
        raise UserError(f"--output {path}: {error.strerror}") from None
    print(path)
