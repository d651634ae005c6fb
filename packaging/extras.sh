#!/usr/bin/env bash
# What is installed beside the program: completions and manual pages, made by the program itself, packed as packages want it,
# and its name as a plugin of kubectl.
#   extras.sh PROGRAM DIR
set -euo pipefail
program=$1 dir=$2
rm -rf "$dir"
mkdir -p "$dir"
"$program" generate completions --to "$dir/completions"
"$program" generate man --to "$dir/man"
gzip --best --no-name "$dir"/man/*.1
# A link to a file of that name beside it; cargo-deb looks whether there is one.
mkdir "$dir/plugin"
touch "$dir/plugin/jivascope"
ln -s jivascope "$dir/plugin/kubectl-jivascope"
