"""What the scripts that draw have in common: matplotlib without a screen, errors, files."""

import pathlib
import sys

try:
    import matplotlib
except ImportError:
    print(f"{pathlib.Path(sys.argv[0]).name}: error: matplotlib is missing; scripts/install_packages.sh --pictures "
          "installs it", file=sys.stderr)
    sys.exit(2)

matplotlib.use("agg")
matplotlib.rcParams.update({"svg.hashsalt": "cauchy", "svg.fonttype": "none", "axes.grid": True, "grid.alpha": 0.3,
                            "axes.formatter.useoffset": False})
import matplotlib.pyplot as plot

SUFFIXES = (".png", ".svg")


class UserError(Exception):
    """A mistake of the user, with what to do."""


def main(work):
    """Runs a script: exit code 2 after a mistake of the user."""
    try:
        work()
    except UserError as error:
        print(f"{pathlib.Path(sys.argv[0]).name}: error: {error}", file=sys.stderr)
        sys.exit(2)


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
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})
    except OSError as error:
        raise UserError(f"--output {path}: {error.strerror}") from None
    print(path)
