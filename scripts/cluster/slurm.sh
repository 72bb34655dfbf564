#!/usr/bin/env bash
# A Slurm on one machine, to try batch scripts: slurmctld, munged, and as many slurmds as there are to be nodes, on the
# loopback network. Needs root, but neither systemd nor cgroups.
# Usage: scripts/cluster/slurm.sh up N | down
#   up N   starts it with nodes s1, ..., sN of two processors, and prints the line that shows it to sbatch and others.
#          Jobs run in the partition `low`, unless they ask for `high`, whose jobs preempt them (PreemptMode=REQUEUE)
#   down   cancels its jobs and ends its daemons
# CAUCHY_SLURM is the folder for its state and its logs (cauchy-slurm in TMPDIR or /tmp, unless set).
set -euo pipefail

folder=${CAUCHY_SLURM:-${TMPDIR:-/tmp}/cauchy-slurm}
export SLURM_CONF=$folder/slurm.conf

fail() { echo "slurm.sh: $*" >&2 && exit 2; }

# await SECONDS COMMAND...: until the command succeeds.
await() {
  local deadline=$((SECONDS + $1))
  until "${@:2}"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

all_idle() {
  [[ $(sinfo --noheader --Node --partition low --format %T 2>/dev/null | grep --count --line-regexp idle) == "$1" ]]
}
no_jobs() { [[ -z $(squeue --noheader) ]]; }
no_daemons() { ! compgen -G "$folder/*.pid" >/dev/null; }

# configure N
configure() {
  # Ports of its own let several of these live beside each other.
  local node host port=$((20000 + RANDOM % 10000))
  host=$(hostname -s)
  cat <<END
ClusterName=cauchy
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
# Nodes that share a machine must not share the folder for PMIx.
TmpFS=$folder/tmp/%n
# What would need cgroups.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=10
ReturnToService=1
MailProg=/bin/true
END
  for ((node = 1; node <= $1; node++)); do
    echo "NodeName=s$node NodeAddr=127.0.0.1 NodeHostname=$host Port=$((port + node)) CPUs=2 State=UNKNOWN"
  done
  echo "PartitionName=low Nodes=ALL Default=YES PriorityTier=1"
  echo "PartitionName=high Nodes=ALL PriorityTier=2 PreemptMode=OFF"
}

up() {
  command -v slurmctld >/dev/null || fail "there is no slurmctld: scripts/install_packages.sh --cluster"
  no_daemons || fail "it is up already, or was killed: $folder holds pid files; slurm.sh down ends it"
  local node
  rm -rf "$folder/state"
  mkdir -p "$folder/state"
  for ((node = 1; node <= $1; node++)); do
    mkdir -p "$folder/spool/s$node" "$folder/tmp/s$node"
  done
  configure "$1" >"$SLURM_CONF"
  (umask 077 && head --bytes 128 /dev/urandom >"$folder/munge.key")
  munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
  slurmctld
  for ((node = 1; node <= $1; node++)); do
    slurmd -N "s$node"
  done
  await 20 all_idle "$1" || fail "the nodes did not come up: see the logs in $folder"
  echo "export SLURM_CONF=$SLURM_CONF"
}

down() {
  local file
  if [[ -e $folder/slurmctld.pid ]]; then
    squeue --noheader --format %A | xargs --no-run-if-empty scancel
    await 30 no_jobs || echo "slurm.sh: jobs do not end" >&2
  fi
  # munged last: the others need it until they have ended.
  for file in "$folder"/slurmd.*.pid "$folder/slurmctld.pid" "$folder/munged.pid"; do
    if [[ -e $file ]]; then
      kill "$(<"$file")" || rm "$file" # killed before
      await 10 test ! -e "$file" || fail "$file: this daemon does not end"
    fi
  done
}

case ${1-} in
  up) [[ ${2-} =~ ^[1-9][0-9]*$ ]] || fail "up: how many nodes?" && up "$2" ;;
  down) down ;;
  --help) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0" ;;
  *) fail "up N or down; --help says more" ;;
esac
