#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that Cauchy needs and that are missing; says nothing when there are none.
# Usage: scripts/install_packages.sh [--tests] [--mpich] [--audit] [--cluster] [--benchmark] [--references] [--pictures]
#   --tests   also what the tests need
#   --mpich   also MPICH, beside Open MPI, which stays the one behind mpirun and mpicxx
#   --audit   also what the checks of the sources need (clang, clang-format, clang-tidy)
#   --cluster also what several hosts and a Slurm on this machine need (scripts/cluster)
#   --benchmark   also PyTorch, to compare with
#   --references  also the solvers that scripts/references.sh compares with (LIBLINEAR, statsmodels)
#   --pictures    also what the scripts that draw need (scripts/plot_metrics.py); a part of --tests
set -euo pipefail

packages=(g++ cmake ninja-build git pkg-config libopenmpi-dev openmpi-bin libeigen3-dev libhdf5-dev
  libboost-program-options-dev zlib1g-dev libdnnl-dev)
for option in "$@"; do
  case $option in
    --tests)
      packages+=(libgtest-dev libbenchmark-dev python3 python3-h5py python3-matplotlib python3-numpy hdf5-tools)
      ;;
    --mpich) packages+=(libmpich-dev mpich) ;;
    --audit) packages+=(clang clang-format clang-tidy valgrind) ;;
    --benchmark) packages+=(python3-torch libopenblas0-pthread) ;;
    --references) packages+=(liblinear-tools python3-statsmodels) ;;
    --pictures) packages+=(python3-h5py python3-matplotlib python3-numpy) ;;
    --cluster) packages+=(iproute2 slurm-wlm slurm-client munge) ;;
    --help) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0" && exit 0 ;;
    *) echo "install_packages.sh: unknown option $option; --help lists the options" >&2 && exit 2 ;;
  esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "This is not Debian or Ubuntu: install what these packages of Debian contain, then build with cmake:" >&2
  echo "  ${packages[*]}" >&2
  exit 1
fi

# A status line for each package that dpkg has heard of; it fails when there is one that it has not.
known=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
  grep --quiet --line-regexp --fixed-strings "$package installed" <<<"$known" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

if ((EUID == 0)); then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  echo "Packages are missing, and there is no sudo. Ask an administrator to run:" >&2
  echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

echo "Installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet)
if ! "${apt[@]}" update || ! "${apt[@]}" install --yes --no-install-recommends "${missing[@]}"; then
  echo "The installation failed (see above). Once that is mended, run this again, or as an administrator:" >&2
  echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
