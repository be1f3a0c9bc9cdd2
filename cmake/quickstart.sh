#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# From a bare Debian 12 to the main job's table: installs what is missing, builds Release, runs.
# Arguments go to the main job: `cmake/quickstart.sh --help` lists them.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
preset=${UPSET_PRESET:-release} # cmake/check.sh has its own
build=$top/build/$preset
"$top/cmake/install-packages.sh"

CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
export CMAKE_BUILD_PARALLEL_LEVEL
echo "== Building examples/resilience_table in $build"
cmake -S "$top" --preset "$preset" --log-level=WARNING
cmake --build "$build" --target upset.examples.resilience_table

out=results/resilience_table # the main job's own default, below the current folder
arguments=("$@")
for ((i = 0; i < $#; ++i)); do
  case ${arguments[i]} in
    --out) out=${arguments[i + 1]:-$out} ;;
    --out=*) out=${arguments[i]#--out=} ;;
    --help | -h) out= ;;
  esac
done
echo "== Running ${build#"$PWD"/}/examples/resilience_table $*"
"$build/examples/resilience_table" "$@"
[[ -z $out ]] || echo "== Results: $out (open $out/report.html)"
