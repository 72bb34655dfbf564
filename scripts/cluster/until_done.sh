#!/usr/bin/env bash
# Starts a training run again and again until it is done, outside a batch system; train.sbatch does that under Slurm.
# Usage: scripts/cluster/until_done.sh [--failures=3] [--pause=10] FOLDER COMMAND... --resume
#   FOLDER        the run's checkpoint.directory
#   COMMAND       such as scripts/cluster/mpirun.sh -np 16 build/release/cauchy train --config FILE
#   --failures=N  give up after N failures in a row that left no newer checkpoint in FOLDER
#   --pause=S     seconds before the next start
# TERM, INT, HUP and USR1 are passed to the command; then its end is the end, with its code (75 from mpirun.sh).
# What happens after each of its exit codes:
#   0             done: the end
#   2             usage, configuration or data: the end, since it would be refused again
#   3             diverged: the end, since it would diverge again, to the bit
#   4             a file could not be read or written: the end, since somebody has to see to the disk
#   6             a check failed: the end
#   126, 127      the command is not there: the end
#   75            stopped on a request that did not come from here: again
#   all others    a rank, host or mpirun was lost (5, 205; 134, 137, 139 and others above 128: by a signal; 1: mpirun was
#                 told to end, a rank left without a word, or an internal error): again
set -euo pipefail

usage() { sed -n '2,/^set/{/^#/s/^# \?//p}' "$0"; }
say() { echo "until_done.sh: $*" >&2; }

failures=3 pause=10
while [[ ${1-} == --* ]]; do
  case $1 in
    --failures=[1-9]*) failures=${1#*=} ;;
    --pause=[0-9]*) pause=${1#*=} ;;
    --help) usage && exit 0 ;;
    *) say "unknown option $1; --help lists the options" && exit 2 ;;
  esac
  shift
done
if (($# < 2)); then
  usage >&2 && exit 2
fi
folder=$1
shift
if [[ " $* " != *" --resume "* ]]; then
  say "the command has no --resume, so each start would be a fresh one" && exit 2
fi

newest_checkpoint() {
  if [[ -d $folder ]]; then
    find "$folder" -maxdepth 1 -name 'checkpoint-*.h5' | sort --version-sort | tail --lines 1
  fi
}

child='' asked=''
pass_on() {
  asked=$1
  if [[ -n $child ]]; then
    kill -"$asked" "$child" 2>/dev/null || true
  fi
}
for signal in TERM INT HUP USR1; do
  # shellcheck disable=SC2064  # the signal's name as it is now
  trap "pass_on $signal" "$signal"
done

# Runs a command in the background, so that signals are acted upon at once; leaves its code in `status`.
attend() {
  "$@" &
  child=$!
  if [[ -n $asked ]]; then
    pass_on "$asked"
  fi
  # wait returns early when a signal comes, with a code of its own; what has ended can be asked again for its code.
  while kill -0 "$child" 2>/dev/null; do
    wait "$child" || true
  done
  status=0
  wait "$child" || status=$?
  child=''
}

# Job control gives the command a process group of its own, so that Ctrl-C reaches this script alone.
set -m
in_vain=0
while true; do
  before=$(newest_checkpoint)
  attend "$@"
  case $status in
    0 | 2 | 3 | 4 | 6 | 126 | 127) exit "$status" ;;
  esac
  if [[ -n $asked ]]; then
    exit "$status"
  fi
  if [[ $(newest_checkpoint) == "$before" ]]; then
    in_vain=$((in_vain + 1))
  else
    in_vain=0
  fi
  if ((in_vain == failures)); then
    say "exit code $status; giving up after $failures starts in a row without a newer checkpoint in $folder"
    exit "$status"
  fi
  say "exit code $status; starting again in $pause s"
  attend sleep "$pause"
  if [[ -n $asked ]]; then
    exit 75
  fi
done
