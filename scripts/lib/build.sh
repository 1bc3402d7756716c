# Sourced by the scripts: where the tree is, how to speak, how to build.
# shellcheck shell=bash

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' dim='' green='' red='' plain=''
fi

say() { printf '%s\n' "$*"; }
step() { printf '%s==>%s %s\n' "$bold" "$plain" "$*"; }
die() {
  printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
  exit 1
}

# run_quietly WHAT LOG COMMAND...: shows nothing unless it fails, then the end of its log.
run_quietly() {
  local what=$1 log=$2
  shift 2
  if ! "$@" >"$log" 2>&1; then
    tail -n "${TOWLINE_LOG_LINES:-60}" "$log" >&2
    die "$what failed; the whole output is in $log"
  fi
}

# A compiler process of this code base takes up to 1.5 GB: a small machine builds with fewer.
build_jobs() {
  local cpus memory_gb
  cpus=$(nproc)
  memory_gb=$(awk '/MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
  [ "$memory_gb" -ge 1 ] || memory_gb=1
  if [ "$memory_gb" -lt "$cpus" ]; then echo "$memory_gb"; else echo "$cpus"; fi
}

# On a terminal the build says how far it is.
run_build() {
  if [ -t 1 ]; then
    cmake --build "$@" 2>&1 | awk '{ print > "/dev/stderr" }
      /^\[[0-9]+\/[0-9]+\]/ { printf "\r    %s ", $1; fflush() }
      END { printf "\r%20s\r", "" }' 2>&3
    return "${PIPESTATUS[0]}"
  fi
  cmake --build "$@" >&3 2>&1
}

# build PRESET [TARGET...]: configures once, builds; the log is build/PRESET/build.log.
build() {
  local preset=$1
  shift
  local folder=$root/build/$preset
  mkdir -p "$folder"
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  if [ ! -f "$folder/build.ninja" ]; then
    (cd "$root" && run_quietly "configuring" "$folder/configure.log" cmake --preset "$preset")
  fi
  if ! run_build "$folder" -j "$(build_jobs)" ${1:+--target} "$@" 3>"$folder/build.log"; then
    grep -E -A 20 'error|FAILED' "$folder/build.log" | head -n 60 >&2
    die "the build failed; the whole output is in $folder/build.log"
  fi
}
