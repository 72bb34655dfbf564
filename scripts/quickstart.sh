#!/usr/bin/env bash
# From a fresh clone to a trained network: installs, builds, trains on handwritten digits, evaluates.
# Usage: scripts/quickstart.sh [--no-install]
#   --no-install   leave the installed packages as they are
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cauchy=build/release/cauchy
config=configs/digits.cfg
run=runs/digits
log=build/quickstart.log

install=yes
for option in "$@"; do
  case $option in
    --no-install) install=no ;;
    --help) sed -n '2,/^set/{/^#/s/^# \?//p}' scripts/quickstart.sh && exit 0 ;;
    *) echo "quickstart.sh: unknown option $option; --help lists the options" >&2 && exit 2 ;;
  esac
done

step() { printf '\n== %s\n' "$*"; }

# Prints the output of a command only when it fails.
quietly() {
  mkdir -p build
  "$@" >"$log" 2>&1 || { cat "$log" >&2 && echo "Failed: $*" >&2 && exit 1; }
}

# Cores that this process may use. nproc counts hardware threads, where mpirun gives each rank a core, and would obey
# OpenMP's variables, which say nothing of ranks.
count_cores() {
  local allowed physical
  allowed=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
  physical=$(lscpu --parse=Core,Socket 2>/dev/null | grep --invert-match '^#' | sort --unique | wc --lines || true)
  if ((physical > 0 && physical < allowed)); then echo "$physical"; else echo "$allowed"; fi
}

newest_checkpoint() {
  if [[ -d $run ]]; then
    find "$run" -maxdepth 1 -name 'checkpoint-*.h5' | sort --version-sort | tail --lines 1
  fi
}

step "Packages"
if [[ $install == yes ]]; then
  scripts/install_packages.sh
fi
echo "complete"

step "Build ($cauchy)"
quietly cmake --preset release -DBUILD_TESTING=OFF
if [[ -t 1 ]]; then
  cmake --build --preset release --target cauchy
else
  quietly cmake --build --preset release --target cauchy
fi
echo "done"

shards=$(sed -n 's/^shards *= *\([0-9]*\).*/\1/p' "$config")
cores=$(count_cores)
ranks=$((cores < shards ? cores : shards))
launch=(mpirun -np "$ranks" --map-by :OVERSUBSCRIBE) # fewer slots in a batch job are no reason to refuse
if ((EUID == 0)); then
  launch+=(--allow-run-as-root)
fi

step "Training on $ranks MPI ranks"
echo "${launch[*]} $cauchy train --config $config"
status=0
"${launch[@]}" "$cauchy" train --config "$config" || status=$?
checkpoint=$(newest_checkpoint)
if ((status != 0)); then
  echo "The training ended with exit code $status." >&2
  if ((status != 2)) && [[ -n $checkpoint ]]; then
    echo "It goes on from its last checkpoint with:" >&2
    echo "  ${launch[*]} $cauchy train --config $config --resume" >&2
  fi
  exit "$status"
elif [[ -z $checkpoint ]]; then
  echo "The training left no checkpoint in $run" >&2
  exit 1
fi

step "Evaluation on the held-out digits"
echo "$cauchy evaluate --checkpoint $checkpoint"
"$cauchy" evaluate --checkpoint "$checkpoint"

step "Files"
find "$run" -maxdepth 1 -type f | sort --version-sort

step "Next"
cat <<END
Stop it and resume it: start the training again, press Ctrl-C, then add --resume; the result has the same bits.
  ${launch[*]} $cauchy train --config $config --stop.max_epochs=2000
  ${launch[*]} $cauchy train --config $config --stop.max_epochs=2000 --resume
Look into a checkpoint:  $cauchy inspect $checkpoint
Your own data, your own model, a cluster:  README.md
END
