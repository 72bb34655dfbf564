#!/usr/bin/env bash
# Hosts on one machine, to try a program across hosts: network namespaces with names and addresses of their own, joined
# by a switch. Needs root.
# Usage: scripts/cluster/hosts.sh up N [RATE] | run COMMAND... | cut HOST [HOST] | heal HOST [HOST] | down
#   up N [RATE]         makes hosts n1, ..., nN and a host `head`; RATE, such as 1gbit, slows each host's link both ways
#   run COMMAND...      runs a command on `head`; there mpirun starts ranks on n1, ..., nN, one on each, which talk TCP:
#                       scripts/cluster/hosts.sh run mpirun -np 4 build/release/cauchy train --config configs/digits.cfg
#   cut HOST [HOST]     loses what the host sends and gets, or only what the two hosts send to each other
#   heal HOST [HOST]    undoes that
#   pids HOST           the processes on a host
#   down                removes the hosts; processes on them lose the network, but go on
# CAUCHY_HOSTS, the first part of the namespaces' names, tells several sets of hosts apart (`cauchy-` unless set).
set -euo pipefail

prefix=${CAUCHY_HOSTS:-cauchy-}
network=10.77.0
script=$(realpath "${BASH_SOURCE[0]}")

fail() { echo "hosts.sh: $*" >&2 && exit 2; }

hosts() { ip netns list | cut --delimiter ' ' --fields 1 | sed -n "s/^$prefix//p"; }
