#!/usr/bin/env bash
# mpirun for long runs: what would kill the ranks makes them save, and a run that lost a rank or host is started again.
# Usage: scripts/cluster/mpirun.sh [--until-done=FOLDER [--attempts=3] [--pause=10]] MPIRUN-OPTIONS... \
#            build/release/cauchy train --config FILE --resume
#   TERM, INT (Ctrl-C), HUP, USR1   reach the ranks as USR1, on all hosts: they finish their step and save; the exit code
#                        is 75, also when they were not ready for signals yet, since there was nothing to save
#   a second TERM or INT ends the run at once, with code 1; not TERM under Slurm, which sends it twice when it wants to
#                        end a job, and leaves KillWait (30 seconds by default) for a step and a checkpoint
#   --until-done=FOLDER  starts the run, whose checkpoint.directory is FOLDER, again until it is done. Exit codes:
#       0                done: the end
#       2, 3, 4, 6       the end: wrong usage, configuration or data; diverged; a file could not be read or written; a
#                        check failed. All of these would come again, or need somebody to see to them
#       126, 127         mpirun is not there: the end
#       75               a request to stop: the end if it came to this script, or if Slurm is about to end the job;
#                        otherwise again
#       all others       a rank, a host or mpirun was lost: again. 5 and 205, above 128 a signal (134, 137, 139), 1 if
#                        mpirun was told to end or a rank left without a word; 1 is an internal error, too
#   --attempts=N         gives up after N starts in a row that left no newer checkpoint in FOLDER
#   --pause=SECONDS      before the next start
# Two things are set unless the environment sets them:
#   OMPI_MCA_odls_base_sigkill_timeout=4   seconds T that mpirun leaves its ranks before TERM, and again before KILL, if
#       somebody ends mpirun itself. A step and a checkpoint should fit into them. They have a price: up to 2 T seconds
#       go by after every end with a code other than 0, be it 75 or the death of a rank.
#   OMPI_MCA_oob_tcp_keepalive_{time=10,intvl=5,probes=4}   mpirun misses a lost host after 30 seconds, not 8 minutes
set -euo pipefail

usage() { sed -n '2,/^set/{/^#/s/^# \?//p}' "$0"; }
say() { echo "mpirun.sh: $*" >&2; }

folder='' attempts=3 pause=10
while true; do
  case ${1-} in
    --until-done=?*) folder=${1#*=} ;;
    --attempts=*) attempts=${1#*=} ;;
    --pause=*) pause=${1#*=} ;;
    --help) usage && exit 0 ;;
    '') usage >&2 && exit 2 ;;
    *) break ;;
  esac
  shift
done
if [[ ! $attempts =~ ^[1-9][0-9]*$ || ! $pause =~ ^[0-9]+$ ]]; then
  say "--attempts and --pause want whole numbers, the first one above 0" && exit 2
fi
if [[ -n $folder && " $* " != *" --resume "* ]]; then
  say "without --resume each start would be a fresh one" && exit 2
fi

export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-4}
export OMPI_MCA_oob_tcp_keepalive_time=${OMPI_MCA_oob_tcp_keepalive_time:-10}
export OMPI_MCA_oob_tcp_keepalive_intvl=${OMPI_MCA_oob_tcp_keepalive_intvl:-5}
export OMPI_MCA_oob_tcp_keepalive_probes=${OMPI_MCA_oob_tcp_keepalive_probes:-4}

mpirun='' asked=no terminated=no

ask() {
  asked=yes
  if [[ -n $mpirun ]]; then
    kill -USR1 "$mpirun" 2>/dev/null || true
  fi
}

terminate() {
  if [[ $terminated == yes && -n $mpirun ]]; then
    # At the first TERM mpirun begins to wait for the ranks, at the second it leaves and they with it.
    kill -TERM "$mpirun" 2>/dev/null || true
    sleep 0.1
    kill -TERM "$mpirun" 2>/dev/null || true
  fi
  terminated=yes
  ask
}

trap ask USR1 HUP
trap terminate TERM INT

# Slurm's TERM comes to every process of the job. For the ranks it is a request; mpirun and its daemons would leave at
# the second one, and the ranks with them, so it is kept from them (by coreutils from 8.31 on), but not from the ranks.
shield=()
if [[ -n ${SLURM_JOB_ID-} ]] && env --block-signal=TERM true 2>/dev/null; then
  shield=(env --block-signal=TERM)
  export OMPI_MCA_orte_launch_agent="${OMPI_MCA_orte_launch_agent:-${shield[*]} orted}"
  trap ask TERM
fi

# Starts mpirun in a session of its own, out of the reach of Ctrl-C, and prints its process id and then its exit code.
# bash waits for it here, where no signals come: they could make it lose the code.
launch() {
  trap : TERM INT HUP USR1
  local status=0
  setsid --wait bash -c 'echo $$; exec "$@" >&3 3>&-' bash "${shield[@]}" mpirun "$@" </dev/null || status=$?
  echo "$status"
}

# One run; its exit code is left in `status`.
run() {
  exec 3>&1 4< <(launch "$@")
  read -r mpirun <&4
  status=''
  until read -r -t 2 status <&4; do
    if (($? <= 128)); then # no timeout: what waits for mpirun has died, and its exit code with it
      status=1
      break
    fi
    # mpirun loses a signal that comes before it has ranks to pass it to; ranks ignore repetitions.
    if [[ $asked == yes ]]; then
      ask
    fi
  done
  mpirun=''
  # The ranks were not ready for USR1 (138), or mpirun had not finished starting them when they ended (141).
  if [[ $asked == yes ]] && ((status == 138 || status == 141)); then
    status=75
  fi
}

newest_checkpoint() {
  if [[ -d $folder ]]; then
    find "$folder" -maxdepth 1 -name 'checkpoint-*.h5' | sort --version-sort | tail --lines 1
  fi
}

# Whether the batch system is about to end this job: then another start would only be cut short.
job_ends() { ((${SLURM_JOB_END_TIME:-$(date +%s) + 3600} < $(date +%s) + 60)); }

in_vain=0
while true; do
  before=$(newest_checkpoint)
  run "$@"
  if [[ -z $folder || $asked == yes || $status =~ ^(0|2|3|4|6|126|127)$ ]] || job_ends; then
    exit "$status"
  fi
  in_vain=$((in_vain + 1))
  if [[ $(newest_checkpoint) != "$before" ]]; then
    in_vain=0
  fi
  if ((in_vain == attempts)); then
    say "exit code $status; giving up: $attempts starts in a row left no newer checkpoint in $folder"
    exit "$status"
  fi
  say "exit code $status; starting again in $pause s"
  sleep "$pause" >/dev/null & # in the background, so that a signal is acted upon at once
  wait $! || kill $! || true
  if [[ $asked == yes ]]; then
    exit 75
  fi
done
