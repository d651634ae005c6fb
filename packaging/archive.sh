#!/usr/bin/env bash
# An archive of a release: the program, stripped, also under its name as a plugin of kubectl; completions, manual pages, licence.
# The same program gives the same bytes.
#   archive.sh PROGRAM NAME DIR
set -euo pipefail
program=$1 name=$2 to=$3
here=$(dirname "${BASH_SOURCE[0]}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$to"
bash "$here/extras.sh" "$program" "$work/$name/share"
install -m 755 "$program" "$work/$name/jivascope"
strip "$work/$name/jivascope"
mv "$work/$name/share/plugin/kubectl-jivascope" "$work/$name/"
rm -r "$work/$name/share/plugin"
install -m 644 "$here/../LICENSE" "$work/$name/LICENSE"
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$work" -cf - "$name" | gzip --best --no-name > "$to/$name.tar.gz"
