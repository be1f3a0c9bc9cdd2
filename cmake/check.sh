#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Everything quickstart.sh does, on a short run of the main job, and then all tests, twice: GCC with
# optimisation and this machine's instructions, and Clang with portable code under the sanitizers.
# Warnings are errors in both; Clang compiles every header alone. The first is a build like that of
# quickstart.sh, but little optimised (UPSET_BUILD_ONCE): all of it is compiled for this one run.
set -euo pipefail

cd "$(dirname "$0")/.."
if (($# > 0)); then
  echo "cmake/check.sh takes no arguments" >&2
  exit 2
fi
CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}
export CMAKE_BUILD_PARALLEL_LEVEL CTEST_PARALLEL_LEVEL

step() { echo "== [$((SECONDS / 60)) min $((SECONDS % 60)) s] $*"; }

step "The main job, short: cmake/quickstart.sh"
UPSET_PRESET=check cmake/quickstart.sh --epochs 1 --train-images 2000 --trials 2 --images 100 --out results/check

step "GCC, this machine's instructions, all tests"
cmake --build --preset check
ctest --preset check

# -O0: compiling what is tested costs more than running it, and GCC has run the exhaustive tests,
# which are not even compiled here.
step "Clang, portable code, address and undefined-behaviour sanitizers, all but the exhaustive tests"
cmake --workflow --preset asan-ubsan

step "All checks passed"
skipped=$(grep -ho 'skipped: .*' build/check/Testing/Temporary/LastTest.log | sort | uniq -c || true)
[[ -z $skipped ]] || echo "== Cases that passed without being run:"$'\n'"$skipped"
echo "== Results: results/check (a short run: its figures mean nothing), build/check/Testing and" \
  "build/asan-ubsan/Testing"
