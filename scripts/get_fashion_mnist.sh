#!/usr/bin/env bash
# Fetches Fashion-MNIST (70 000 images of 28x28, 10 classes, Zalando SE, MIT licence) and converts it to HDF5.
# Usage: scripts/get_fashion_mnist.sh [--from FOLDER]
#   --from FOLDER   take the four .gz files from FOLDER, and download nothing
# It writes data/fashion_mnist_train.h5 and data/fashion_mnist_test.h5. The downloads stay in data/fashion_mnist.
# What is there already, and whole, is left alone.
set -euo pipefail

from=
while (($# > 0)); do
  case $1 in
    --from)
      if (($# < 2)) || [[ ! -d $2 ]]; then
        echo "get_fashion_mnist.sh: --from needs the folder that holds the four .gz files" >&2 && exit 2
      fi
      from=$(cd "$2" && pwd)
      shift 2
      ;;
    --help) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0" && exit 0 ;;
    *) echo "get_fashion_mnist.sh: unknown option $1; --help lists the options" >&2 && exit 2 ;;
  esac
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cauchy=build/release/cauchy
downloads=data/fashion_mnist
sources=(
  https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion
  http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
)
declare -A sha256=(
  [train-images-idx3-ubyte.gz]=3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84
  [train-labels-idx1-ubyte.gz]=a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845
  [t10k-images-idx3-ubyte.gz]=346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073
  [t10k-labels-idx1-ubyte.gz]=67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5
)

unfinished=() # files that are not whole yet, removed whatever happens
trap 'rm -f "${unfinished[@]}"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# is_valid NAME FILE: FILE is the published file NAME.
is_valid() {
  [[ -f $2 ]] && sha256sum --check --status <<<"${sha256[$1]}  $2"
}

# download URL FILE
download() {
  if command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --retry 2 --connect-timeout 20 --output "$2" "$1"
  elif command -v wget >/dev/null; then
    wget --quiet --tries 3 --timeout 20 --output-document "$2" "$1"
  else
    echo "Neither curl nor wget is here: install one, or give the folder of the files by --from" >&2
    exit 1
  fi
}

# fetch NAME: NAME is whole in $downloads afterwards.
fetch() {
  local file=$downloads/$1 source
  if is_valid "$1" "$file"; then
    return
  fi
  mkdir -p "$downloads"
  unfinished+=("$file.part")
  for source in "${sources[@]}"; do
    echo "Downloading $source/$1"
    if download "$source/$1" "$file.part"; then
      if is_valid "$1" "$file.part"; then
        mv "$file.part" "$file"
        return
      fi
      echo "$source/$1 is not the published file (its sha256 differs)" >&2
    fi
  done
  echo "No source gave $1. Copy the four .gz files into a folder and call this with --from FOLDER" >&2
  exit 1
}

# locate NAME: prints where NAME lies, checked.
locate() {
  local file=${from:-$downloads}/$1
  if ! is_valid "$1" "$file"; then
    echo "$file is missing or not the published file: its sha256 must be ${sha256[$1]}" >&2
    return 1
  fi
  echo "$file"
}

# convert PREFIX OUTPUT: the images and labels of PREFIX become OUTPUT, which appears only when it is whole.
convert() {
  local images=$1-images-idx3-ubyte.gz labels=$1-labels-idx1-ubyte.gz output=$2
  if [[ -f $output ]] && "$cauchy" inspect "$output" >/dev/null 2>&1; then
    echo "$output is there already"
    return
  fi
  if [[ -z $from ]]; then
    fetch "$images"
    fetch "$labels"
  fi
  images=$(locate "$images")
  labels=$(locate "$labels")
  mkdir -p data
  "$cauchy" convert --from idx --input "$images" --targets "$labels" --output "$output"
}

if [[ ! -x $cauchy ]]; then
  echo "Building $cauchy first"
  scripts/install_packages.sh
  cmake --preset release --log-level=WARNING -DBUILD_TESTING=OFF >/dev/null
  cmake --build --preset release --target cauchy -- --quiet
fi
convert train data/fashion_mnist_train.h5
convert t10k data/fashion_mnist_test.h5
echo "Next: mpirun -np 2 $cauchy train --config configs/fashion_mnist.cfg"
