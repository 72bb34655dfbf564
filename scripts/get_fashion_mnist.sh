#!/usr/bin/env bash
# Fetches Fashion-MNIST (70 000 images of 28x28, 10 classes, Zalando SE, MIT licence) and converts it to HDF5.
# Usage: scripts/get_fashion_mnist.sh [--from FOLDER]
#   --from FOLDER   take the four .gz files from FOLDER, and download nothing
# It writes data/fashion_mnist_train.h5 and data/fashion_mnist_test.h5. The downloads stay in data/fashion_mnist.
# What is there already, and whole, is left alone.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"
take_options "the four .gz files" "$@"

cauchy=build/release/cauchy
downloads=data/fashion_mnist
mirrors=(
  https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion
  http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
)
declare -A sha256=(
  [train-images-idx3-ubyte.gz]=3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84
  [train-labels-idx1-ubyte.gz]=a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845
  [t10k-images-idx3-ubyte.gz]=346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073
  [t10k-labels-idx1-ubyte.gz]=67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5
)

declare -A urls
for name in "${!sha256[@]}"; do
  urls[$name]="${mirrors[*]/%//$name}"
done

# convert PREFIX OUTPUT: the images and labels of PREFIX become OUTPUT, which appears only when it is whole.
convert() {
  local images=$1-images-idx3-ubyte.gz labels=$1-labels-idx1-ubyte.gz output=$2
  if [[ -f $output ]] && "$cauchy" inspect "$output" >/dev/null 2>&1; then
    echo "$output is there already"
    return
  fi
  fetch "$images"
  fetch "$labels"
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
