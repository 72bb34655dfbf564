#!/usr/bin/env bash
# Compares Cauchy with independent solvers on public data: LIBLINEAR, statsmodels, least squares. A minute on two cores.
# Usage: scripts/references.sh [--from FOLDER]
#   --from FOLDER   take the data from FOLDER or below, and download nothing
# Prints a table; ends with code 1 if a difference is larger than allowed.
set -euo pipefail
if [[ ${1:-} == --help ]]; then
  sed -n '2,/^set/{/^#/s/^# \?//p}' "$0" && exit 0
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install_packages.sh --tests --references
scripts/get_reference_data.sh "$@" >&2
cmake --preset release --log-level=WARNING >/dev/null
cmake --build --preset release --target cauchy -- --quiet
export OMPI_MCA_rmaps_base_oversubscribe=1 OMP_NUM_THREADS=1
if ((EUID == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
exec /usr/bin/python3 -B scripts/references.py
