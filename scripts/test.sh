#!/usr/bin/env bash
# Installs what is missing, builds, and runs the tests; their summary is the last thing printed.
# Usage: scripts/test.sh [--format] [--audit] [--sanitize] [--all] [--no-install]
#   (none)         the tests of the release build; where MPICH is installed, also against a build with it
#   --format       before them, that the sources are formatted (clang-format)
#   --audit        before them, a build by clang: warnings as errors, clang-tidy, self-contained headers
#   --sanitize     before them, all tests under the address and undefined-behaviour sanitizers, and then under that of
#                  threads
#   --all          all of these
#   --no-install   leave the installed packages as they are
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

format=no audit=no sanitize=no install=yes
for option in "$@"; do
  case $option in
    --format) format=yes ;;
    --audit) audit=yes ;;
    --sanitize) sanitize=yes ;;
    --all) format=yes audit=yes sanitize=yes ;;
    --no-install) install=no ;;
    --help) sed -n '2,/^set/{/^#/s/^# \?//p}' scripts/test.sh && exit 0 ;;
    *) echo "test.sh: unknown option $option; --help lists the options" >&2 && exit 2 ;;
  esac
done

# Four ranks on fewer cores must neither be refused nor spin; a container may forbid ranks to read each other's memory.
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMP_NUM_THREADS=1
if ((EUID == 0)); then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

step() { printf '\n== %s\n' "$*"; }

# build PRESET [-DNAME=VALUE...]
build() {
  step "Build ($1)"
  cmake --preset "$1" --log-level=WARNING "${@:2}"
  if [[ -t 1 ]]; then cmake --build --preset "$1"; else cmake --build --preset "$1" -- --quiet; fi
}

run_tests() {
  step "Tests ($1)"
  # On two cores one test at a time that brings ranks of its own, but two that have one process or mostly wait.
  ctest --preset "$1" --output-on-failure --parallel 2 --no-tests=error </dev/null
}

check_format() {
  step "Format"
  find include src tests \( -name '*.hpp' -o -name '*.cpp' \) -print0 | xargs -0 clang-format --dry-run --Werror
  echo "as .clang-format says"
}

if [[ $install == yes ]]; then
  options=(--tests --mpich --cluster)
  if [[ $format == yes || $audit == yes ]]; then
    options+=(--audit)
  fi
  scripts/install_packages.sh "${options[@]}"
fi

if [[ $format == no && $audit == no && $sanitize == no ]]; then
  echo "Only the release tests; more: --format, --audit, --sanitize, --all (see --help)"
fi
if [[ $format == yes ]]; then
  check_format
fi
if [[ $audit == yes ]]; then
  build audit -DBUILD_TESTING=ON
  cmake --build --preset audit --target all_verify_interface_header_sets -- --quiet
fi
if [[ $sanitize == yes ]]; then
  build sanitize -DBUILD_TESTING=ON
  # Open MPI keeps memory until the process ends, which is no leak of ours.
  ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0} run_tests sanitize
  build sanitize-threads -DBUILD_TESTING=ON
  TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/tests/support/thread_sanitizer.supp" run_tests sanitize-threads
fi
mpich=
if command -v mpicxx.mpich >/dev/null; then
  build mpich
  mpich=$PWD/build/mpich/cauchy
else
  echo "Without the test determinism.mpich: MPICH is not here (scripts/install_packages.sh --mpich)"
fi
build release -DBUILD_TESTING=ON -DCAUCHY_MPICH_EXECUTABLE="$mpich"
run_tests release
