#!/bin/sh
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# run.sh LOG_MAKER VERIFY EVENTS: makes a log and has it verified; then changes one byte of it, which must be found.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder" "$3"
"$2" "$folder"

tile=$(find "$folder/log/tile/0" -type f | sort | head -1)
printf 'X' | dd of="$tile" bs=1 seek=40 conv=notrunc status=none
if "$2" "$folder" >/dev/null 2>&1; then
  echo "a changed tile was not found" >&2
  exit 1
fi
