#!/usr/bin/env bash
# Hosts on one machine, to try a program across hosts: network namespaces with names and addresses of their own, joined
# by a switch. Needs root, and a kernel that permits it.
# Usage: scripts/cluster/hosts.sh up N [RATE] | run COMMAND... | cut HOST [HOST] | heal HOST [HOST] | pids HOST | down
#   up N [RATE]         makes hosts n1, ..., nN and `head`; RATE, such as 1gbit, limits the link of each, both ways
#   run COMMAND...      runs a command on `head`; there mpirun starts ranks on n1, ..., nN in turn, which talk TCP:
#                       scripts/cluster/hosts.sh run mpirun -np 4 build/release/cauchy train --config configs/digits.cfg
#   cut HOST [HOST]     loses all that the host sends or gets, or only what these two hosts send each other
#   heal HOST [HOST]    undoes that
#   pids HOST           process ids on the host
#   down                removes the hosts; processes that are left there go on without a network
# CAUCHY_HOSTS, by which the names of the namespaces begin, tells apart sets of hosts (default: cauchy-).
set -euo pipefail

prefix=${CAUCHY_HOSTS:-cauchy-}
script=$(realpath "${BASH_SOURCE[0]}")
hostfile=/run/${prefix}hosts

usage() { sed -n '2,/^set/{/^#/s/^# \?//p}' "$script"; }
fail() { echo "hosts.sh: $*" >&2 && exit 1; }

# Names without the prefix: n1, n2, ..., head, switch.
names() { ip netns list | sed -n "s/^$prefix\([a-z0-9]*\).*/\1/p"; }
exists() { names | grep --quiet --line-regexp --fixed-strings "$1"; }
check_host() { exists "$1" || fail "there is no host $1; hosts.sh up N makes n1, ..., nN"; }

address() { [[ $1 == head ]] && echo 10.77.0.254 || echo "10.77.0.${1#n}"; }

add_host() {
  ip netns add "$prefix$1"
  ip -n "$prefix$1" link set lo up
  ip link add eth0 netns "$prefix$1" type veth peer name "$1" netns "${prefix}switch"
  ip -n "$prefix$1" address add "$(address "$1")/24" dev eth0
  ip -n "$prefix$1" link set eth0 up
  ip -n "${prefix}switch" link set "$1" master bridge up
  if [[ -n $2 ]]; then
    tc -n "$prefix$1" qdisc add dev eth0 root tbf rate "$2" burst 256k latency 50ms
    tc -n "${prefix}switch" qdisc add dev "$1" root tbf rate "$2" burst 256k latency 50ms
  fi
}

up() {
  ((EUID == 0)) || fail "only root may make network namespaces"
  [[ $1 =~ ^[1-9][0-9]?$ ]] || fail "up wants a number of hosts from 1 to 99"
  [[ -z $(names) ]] || fail "there are hosts already; hosts.sh down removes them"
  ip netns add "${prefix}switch"
  ip -n "${prefix}switch" link add bridge type bridge
  ip -n "${prefix}switch" link set bridge up
  local number
  for ((number = 1; number <= $1; number++)); do
    add_host "n$number" "${2-}"
    echo "n$number"
  done >"$hostfile"
  add_host head "${2-}"
}

down() {
  local name
  for name in $(names); do
    ip netns delete "$prefix$name"
  done
  rm -f "$hostfile"
}

# Not `ip netns exec`, which would hide the control groups. A host has its own name, by which Open MPI tells hosts apart.
enter() {
  check_host "$1"
  # shellcheck disable=SC2016  # for the inner shell
  exec nsenter --net="/run/netns/$prefix$1" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$@"
}

# mpirun calls this as it would call ssh: agent HOST WORD..., where the words make a command line for a shell.
agent() {
  local host=$1
  shift
  enter "$host" sh -c "$*"
}

run() {
  export OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent="$script agent" OMPI_MCA_plm_rsh_no_tree_spawn=1
  export OMPI_MCA_orte_default_hostfile=$hostfile OMPI_MCA_rmaps_base_mapping_policy=node
  export OMPI_MCA_rmaps_base_no_schedule_local=1 OMPI_MCA_btl=tcp,vader,self
  enter head "$@"
}

# Frames for the other host get an address that nobody has. For both, or acknowledgements would still arrive.
lose_frames() {
  ip -n "$prefix$1" neighbour replace "$(address "$2")" lladdr 02:00:00:00:00:01 nud permanent dev eth0
}
find_frames() { ip -n "$prefix$1" neighbour delete "$(address "$2")" dev eth0; }

cut_link() {
  check_host "$1"
  if (($# == 1)); then
    ip -n "${prefix}switch" link set "$1" down
  else
    check_host "$2"
    lose_frames "$1" "$2"
    lose_frames "$2" "$1"
  fi
}

heal_link() {
  check_host "$1"
  if (($# == 1)); then
    ip -n "${prefix}switch" link set "$1" up
  else
    check_host "$2"
    find_frames "$1" "$2"
    find_frames "$2" "$1"
  fi
}

command=${1-}
shift || true
case $command:$# in
  up:[12]) up "$@" ;;
  down:0) down ;;
  run:[1-9]*) run "$@" ;;
  agent:[2-9]*) agent "$@" ;;
  cut:[12]) cut_link "$@" ;;
  heal:[12]) heal_link "$@" ;;
  pids:1) check_host "$1" && ip netns pids "$prefix$1" ;;
  --help:0) usage ;;
  *) usage >&2 && exit 2 ;;
esac
