# Functions for scripts that fetch published files; to be sourced, before anything else.
#
# take_options sets
#   from        a folder to take files from, or empty: then they are downloaded
# The caller sets
#   downloads   the folder that keeps downloads
#   urls        by name of a file: where to download it, first choice first, separated by spaces
#   sha256      by name of a file: its check sum

unfinished=() # files that are not whole yet, removed whatever happens
trap 'rm -f "${unfinished[@]}"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# take_options FILES ARGUMENT...: the options of a script that takes FILES ("the four .gz files") from a folder or the
# network. Goes to the top folder of the repository.
take_options() {
  local files=$1 script=${0##*/}
  shift
  from=
  while (($# > 0)); do
    case $1 in
      --from)
        if (($# < 2)) || [[ ! -d $2 ]]; then
          echo "$script: --from needs the folder that holds $files" >&2 && exit 2
        fi
        from=$(cd "$2" && pwd)
        shift 2
        ;;
      --help) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0" && exit 0 ;;
      *) echo "$script: unknown option $1; --help lists the options" >&2 && exit 2 ;;
    esac
  done
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
}

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

# fetch NAME: NAME is whole in $downloads afterwards, unless files come from a folder.
fetch() {
  local file=$downloads/$1 url
  if [[ -n $from ]] || is_valid "$1" "$file"; then
    return
  fi
  mkdir -p "$downloads"
  unfinished+=("$file.part")
  for url in ${urls[$1]}; do
    echo "Downloading $url"
    if download "$url" "$file.part"; then
      if is_valid "$1" "$file.part"; then
        mv "$file.part" "$file"
        return
      fi
      echo "$url is not the published file (its sha256 differs)" >&2
    fi
  done
  echo "No source gave $1. Copy the files into a folder and call this with --from FOLDER" >&2
  exit 1
}

# locate NAME: prints where NAME lies, in $from or below or in $downloads, checked.
locate() {
  local file
  while IFS= read -r file; do
    if is_valid "$1" "$file"; then
      echo "$file"
      return
    fi
  done < <(find "${from:-$downloads}" -name "$1")
  echo "${from:-$downloads}/$1 is missing or not the published file: its sha256 must be ${sha256[$1]}" >&2
  return 1
}
