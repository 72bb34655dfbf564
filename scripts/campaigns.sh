#!/usr/bin/env bash
# The whole proof of "no work is lost": installs what is missing, builds, damages 10 000 checkpoints, 10 000 data files
# 20 000 HDF5 files of other programs and 40 000 files of text, packed and IDX files at random, and kills or disturbs 500
# runs, each of which is resumed. scripts/test.sh does short versions.
# Usage: scripts/campaigns.sh [--sanitize] [--seed S] [--no-install]
#   (none)         about ten minutes on two cores, beside the build
#   --sanitize     the same under the address and undefined-behaviour sanitizers, with 100 runs
#   --seed S       other random numbers than those of seed 1
#   --no-install   leave the installed packages as they are
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=release rounds=500 seed=1 install=yes
while (($# > 0)); do
  case $1 in
    --sanitize) preset=sanitize rounds=100 ;;
    --seed) seed=${2:?--seed needs a number} && shift ;;
    --no-install) install=no ;;
    --help) sed -n '2,/^set/{/^#/s/^# \?//p}' scripts/campaigns.sh && exit 0 ;;
    *) echo "campaigns.sh: unknown option $1; --help lists the options" >&2 && exit 2 ;;
  esac
  shift
done

step() { printf '\n== %s\n' "$*"; }

if [[ $install == yes ]]; then
  scripts/install_packages.sh --tests
fi
step "Build ($preset)"
cmake --preset "$preset" --log-level=WARNING -DBUILD_TESTING=ON
cmake --build --preset "$preset" --target cauchy mutations hdf5_mutations text_mutations broken_files
build=$PWD/build/$preset
# Open MPI keeps memory until the process ends, which is no leak of ours.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

step "Damaged files"
"$build/tests/mutations" --count 10000 --seed "$seed"

step "Damaged HDF5 files of other programs"
"$build/tests/hdf5_mutations" --count 10000 --seed "$seed"

step "Damaged text"
"$build/tests/text_mutations" --count 10000 --seed "$seed"

step "Killed runs"
# tests/support/program.py sets what Open MPI needs to start more ranks than there are cores.
export CAUCHY_EXECUTABLE=$build/cauchy CAUCHY_BROKEN_FILES=$build/tests/libbroken_files.so
exec /usr/bin/python3 -B tests/campaign/kills.py --rounds "$rounds" --seed "$seed" --progress </dev/null
