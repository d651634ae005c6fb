"""Checks licences, bans and sources of all dependencies against deny.toml, without the network.

A small stand-in for cargo-deny: expressions of SPDX with OR, AND, WITH and brackets, `/` as an old OR.
"""

import json
import re
import subprocess
import sys
import tomllib


def allowed(expression, allow):
    """Whether the expression can be met with licences of the list."""
    words = re.findall(r"\(|\)|[^\s()/]+|/", expression)
    at = 0

    def atom():
        nonlocal at
        if at >= len(words):
            raise ValueError(expression)
        word = words[at]
        at += 1
        if word == "(":
            met = either()
            if at >= len(words) or words[at] != ")":
                raise ValueError(expression)
            at += 1
            return met
        if at + 1 < len(words) and words[at] == "WITH":
            word = f"{word} WITH {words[at + 1]}"
            at += 2
        return word in allow

    def both():
        nonlocal at
        met = atom()
        while at < len(words) and words[at] == "AND":
            at += 1
            met = atom() and met
        return met

    def either():
        nonlocal at
        met = both()
        while at < len(words) and words[at] in ("OR", "/"):
            at += 1
            met = both() or met
        return met

    met = either()
    if at != len(words):
        raise ValueError(expression)
    return met


def main():
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
    # Optional dependencies of dependencies that are not built are in no graph; ask the resolved one.
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    used = {node["id"] for node in metadata["resolve"]["nodes"]}
    allow = set(rules["licenses"]["allow"])
    # What is banned may be allowed to a few that ask for it.
    banned = {rule["crate"]: set(rule.get("wrappers", [])) for rule in rules["bans"]["deny"]}
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    askers = {}
    for node in metadata["resolve"]["nodes"]:
        for dependency in node["deps"]:
            askers.setdefault(dependency["pkg"], set()).add(names[node["id"]])
    faults = []
    for package in sorted(metadata["packages"], key=lambda p: p["id"]):
        name = f"{package['name']} {package['version']}"
        if package["id"] not in used:
            continue
        try:
            if not allowed(package["license"] or "", allow):
                faults.append(f"{name}: licence {package['license']} is not allowed")
        except ValueError:
            faults.append(f"{name}: licence {package['license']} cannot be read")
        if package["name"] in banned and not askers.get(package["id"], set()) <= banned[package["name"]]:
            faults.append(f"{name}: is banned")
        source = package["source"]
        if source and (not source.startswith("registry+") or "crates.io-index" not in source):
            faults.append(f"{name}: comes from {source}")
    for fault in faults:
        print(fault)
    print(f"{len(used)} packages, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
