#!/usr/bin/env bash
# The whole proof of "the answer does not depend on who computed it": installs what is missing, builds with Open MPI and
# with MPICH, and compares every problem of the test matrix on every number of ranks and threads with one rank and one
# thread: Θ, checkpoints and metrics, byte for byte. scripts/test.sh compares a choice of pairs.
# Usage: scripts/determinism.sh [--no-install]
#   --no-install   leave the installed packages as they are
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

install=yes
for option in "$@"; do
  case $option in
    --no-install) install=no ;;
    --help) sed -n '2,/^set/{/^#/s/^# \?//p}' scripts/determinism.sh && exit 0 ;;
    *) echo "determinism.sh: unknown option $option; --help lists the options" >&2 && exit 2 ;;
  esac
done

step() { printf '\n== %s\n' "$*"; }

build() {
  step "Build ($1)"
  cmake --preset "$1" --log-level=WARNING
  if [[ -t 1 ]]; then
    cmake --build --preset "$1" --target cauchy
  else
    cmake --build --preset "$1" --target cauchy -- --quiet
  fi
}

if [[ $install == yes ]]; then
  scripts/install_packages.sh --tests --mpich
fi
build release
if command -v mpicxx.mpich >/dev/null; then
  build mpich
  export CAUCHY_MPICH_EXECUTABLE=$PWD/build/mpich/cauchy
else
  echo "Without the comparison with MPICH, which is not here (scripts/install_packages.sh --mpich)"
fi

step "Whole matrix"
# tests/support/program.py sets what Open MPI needs to start more ranks than there are cores.
export CAUCHY_WHOLE_MATRIX=1 CAUCHY_EXECUTABLE=$PWD/build/release/cauchy
exec /usr/bin/python3 -B tests/cli/determinism_test.py </dev/null
