#!/usr/bin/env python3
"""Fills the templates of a release: the manifest for krew and the formula for Homebrew, with the sums of its archives.

    fill.py --version VERSION --repository OWNER/NAME --files DIR --to DIR
    fill.py --notes VERSION          prints what CHANGELOG.md says of it
"""

import argparse
import hashlib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TEMPLATES = {"krew.yaml.in": "jivascope.krew.yaml", "jivascope.rb.in": "jivascope.rb"}


def notes(version):
    text = (HERE.parent / "CHANGELOG.md").read_text()
    for section in re.split(r"(?m)^## ", text)[1:]:
        title, _, body = section.partition("\n")
        if title.split()[0].strip("[]") == version:
            return body.strip() + "\n"
    sys.exit(f"CHANGELOG.md says nothing of {version}")


def filled(text, version, repository, files):
    text = text.replace("@VERSION@", version).replace("@REPOSITORY@", repository)
    return re.sub(r"@SHA256:(.+?)@", lambda found: hashlib.sha256((files / found[1]).read_bytes()).hexdigest(), text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--version")
    parser.add_argument("--repository")
    parser.add_argument("--files", type=pathlib.Path)
    parser.add_argument("--to", type=pathlib.Path)
    parser.add_argument("--notes")
    given = parser.parse_args()
    if given.notes:
        sys.stdout.write(notes(given.notes))
        return
    if not (given.version and given.repository and given.files and given.to):
        parser.error("--version, --repository, --files and --to are needed")
    if not re.fullmatch(r"\d+\.\d+\.\d+", given.version) or not re.fullmatch(r"[\w.-]+/[\w.-]+", given.repository):
        parser.error("a version is 1.2.3, a repository OWNER/NAME")
    for template, name in TEMPLATES.items():
        text = (HERE / template).read_text()
        (given.to / name).write_text(filled(text, given.version, given.repository, given.files))


main()
