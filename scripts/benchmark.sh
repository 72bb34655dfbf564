#!/usr/bin/env bash
# What this machine can do, what Cauchy makes of it, and PyTorch DDP beside it: a table, and every measurement as CSV.
# Usage: scripts/benchmark.sh [--no-install] [--rounds 5] [--ranks 2] [--csv FILE]
#        scripts/benchmark.sh [--no-install] --files [--large] [--rounds 5] [--csv FILE]
#        scripts/benchmark.sh [--no-install] --sparse [--rounds 5]
#        scripts/benchmark.sh [--no-install] --streaming [--rounds 5] [--ranks 2] [--csv FILE]
#        scripts/benchmark.sh [--no-install] --shares [--rounds 5] [--csv FILE]
#   --no-install   leave the installed packages as they are; the first option, if it is there
#   --files        start, reading, checkpoints and memory instead, on two ranks; about a minute a round
#   --sparse       logistic regression with a million sparse features instead, against a loop written by hand
#   --streaming    training on a file of ten times data.memory instead, against the same in memory
#   --shares       memory of ranks and time of steps with optimizer.sharded instead, against the same without
#   --large        and the memory of 500 million parameters, which take 17 GiB and a minute a round
#   --rounds N     how often everything is measured (5)
#   --ranks N      ranks (one for each core)
#   --csv FILE     where every single measurement goes
# Takes about two minutes a round; nothing else should run meanwhile. PyTorch is compared where python3-torch is
# installed (scripts/install_packages.sh --benchmark).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ " $* " == *" --help "* ]]; then
  sed -n '2,/^set/{/^#/s/^# \?//p}' scripts/benchmark.sh && exit 0
fi
install=yes
if [[ ${1-} == --no-install ]]; then
  install=no
  shift
fi
script=measure.py
if [[ ${1-} == --files ]]; then
  script=measure_files.py
  shift
fi
if [[ ${1-} == --sparse ]]; then
  script=measure_sparse.py
  shift
fi
if [[ ${1-} == --streaming ]]; then
  script=measure_streaming.py
  shift
fi
if [[ ${1-} == --shares ]]; then
  script=measure_shares.py
  shift
fi
if [[ $install == yes ]]; then
  scripts/install_packages.sh --tests --benchmark
fi
cmake --preset release -DBUILD_TESTING=ON --log-level=WARNING >&2
cmake --build --preset release --target cauchy machine_limits sparse_loop -- --quiet >&2
exec /usr/bin/python3 -B "scripts/benchmark/$script" "$@"
