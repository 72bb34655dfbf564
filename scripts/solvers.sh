#!/usr/bin/env bash
# How soon full-batch methods and LIBLINEAR reach an accuracy, in passes over the data and in seconds: a table.
# Usage: scripts/solvers.sh [--rounds 3] [--from FOLDER]
#   --rounds N      how often everything is measured (3); about five minutes a round, and nothing else should run
#   --from FOLDER   take the data from FOLDER or below, and download nothing
set -euo pipefail
if [[ ${1:-} == --help ]]; then
  sed -n '2,/^set/{/^#/s/^# \?//p}' "$0" && exit 0
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=3
if [[ ${1:-} == --rounds ]]; then
  rounds=$2
  shift 2
fi

scripts/install_packages.sh --tests --references
scripts/get_reference_data.sh "$@" >&2
cmake --preset release -DBUILD_TESTING=ON --log-level=WARNING >&2
cmake --build --preset release --target cauchy -- --quiet >&2
exec /usr/bin/python3 -B scripts/benchmark/measure_solvers.py --rounds "$rounds"
