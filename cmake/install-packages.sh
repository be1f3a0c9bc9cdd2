#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Installs what is missing of the packages in debian-packages.txt. Where nothing is missing it needs
# neither root nor a network.
set -euo pipefail

list="$(dirname "$0")/debian-packages.txt"
missing=()
while read -r package; do
  state=$(dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [[ $state == ?i* ]] || missing+=("$package")
done < <(grep --only-matching '^[^#[:space:]]\+' "$list")

if ((${#missing[@]} == 0)); then
  echo "== Packages: all of $list are installed"
  exit 0
fi
echo "== Packages: installing ${missing[*]}"
as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "cmake/install-packages.sh: these packages are missing, and installing them needs root or" \
      "sudo: ${missing[*]}" >&2
    exit 2
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update --quiet
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
