#!/usr/bin/env bash
# mpirun for long runs: what would kill the ranks makes them save, and the run ends with exit code 75.
# Usage: scripts/cluster/mpirun.sh MPIRUN-OPTIONS... build/release/cauchy train --config FILE --resume
#   TERM, INT (Ctrl-C), HUP and USR1 reach the ranks as USR1, on all hosts: they finish their step and write a checkpoint
#   a second TERM or INT ends the run at once, with code 1
# Otherwise the exit code is mpirun's. A signal that comes before the ranks are ready for it ends them; that is code 75,
# too, since there was nothing to save. Two things are set unless the environment sets them:
#   OMPI_MCA_odls_base_sigkill_timeout=4   seconds T that mpirun leaves its ranks before TERM, and again before KILL, when
#       TERM comes to mpirun itself, as under Slurm. A step and a checkpoint should fit into them. They have a price: up
#       to 2 T seconds go by after every end with a code other than 0, be it 75 or the death of a rank.
#   OMPI_MCA_oob_tcp_keepalive_{time=10,intvl=5,probes=4}   mpirun misses a lost host after 30 seconds, not 8 minutes
# shellcheck disable=SC2317  # the functions are called by traps
set -euo pipefail

if (($# == 0)) || [[ $1 == --help ]]; then
  sed -n '2,/^set/{/^# shellcheck/d;/^#/s/^# \?//p}' "$0"
  exit $(($# == 0 ? 2 : 0))
fi

export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-4}
export OMPI_MCA_oob_tcp_keepalive_time=${OMPI_MCA_oob_tcp_keepalive_time:-10}
export OMPI_MCA_oob_tcp_keepalive_intvl=${OMPI_MCA_oob_tcp_keepalive_intvl:-5}
export OMPI_MCA_oob_tcp_keepalive_probes=${OMPI_MCA_oob_tcp_keepalive_probes:-4}

mpirun='' asked=no asking='' terminated=no

# Again and again: mpirun loses a signal that comes before it has ranks to pass it to, and ranks ignore repetitions.
ask() {
  asked=yes
  if [[ -n $mpirun && -z $asking ]]; then
    while kill -USR1 "$mpirun" 2>/dev/null; do sleep 2; done &
    asking=$!
  fi
}

terminate() {
  if [[ $terminated == yes ]]; then
    # At the first TERM mpirun begins to wait for the ranks, at the second it leaves and they with it.
    for _ in 1 2; do
      kill -TERM "$mpirun" 2>/dev/null || true
      sleep 0.1
    done
  fi
  terminated=yes
  ask
}

trap ask USR1 HUP
trap terminate TERM INT

# Job control gives mpirun a process group of its own, so that Ctrl-C reaches this script alone.
set -m
mpirun "$@" </dev/null &
mpirun=$!
if [[ $asked == yes ]]; then
  ask
fi

# wait returns early when a signal comes, with a code of its own; what has ended can be asked again for its code.
while kill -0 "$mpirun" 2>/dev/null; do
  wait "$mpirun" || true
done
status=0
wait "$mpirun" || status=$?
if [[ -n $asking ]]; then
  kill -- "-$asking" 2>/dev/null || true
  ((status != 128 + $(kill -l USR1))) || status=75
fi
exit "$status"
