"""Prints the licences of the crates in the binary: which crates are under which, and the texts that they bring, each once.
Reads the result of `cargo metadata` for one target, and the sources that cargo has fetched."""

import collections
import json
import pathlib
import sys

# Texts of the libraries in C that crates bring.
BUNDLED = {"rdkafka-sys": "librdkafka/LICENSES.txt", "openssl-src": "openssl/LICENSE.txt", "libz-sys": "src/zlib/LICENSE"}
NAMES = ("licen", "copying", "notice", "copyright", "unlicense")


def in_binary(metadata):
    """Returns the crates that the program is made of: those that build scripts and tests need are left out."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting, seen = [metadata["resolve"]["root"]], set()
    while waiting:
        crate = waiting.pop()
        if crate in seen:
            continue
        seen.add(crate)
        for dependency in nodes[crate]["deps"]:
            # A build script compiles OpenSSL, which is linked in.
            if dependency["name"] == "openssl_src" or any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    packages = [package for package in metadata["packages"] if package["id"] in seen and package["source"]]
    return sorted(packages, key=lambda package: (package["name"], package["version"]))


def texts(package):
    """Returns the texts of the crate's licences, without the differences of white space."""
    folder = pathlib.Path(package["manifest_path"]).parent
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name.lower().startswith(NAMES))
    files += [file for file in [folder / BUNDLED.get(package["name"], ".")] if file.is_file()]
    return ["\n".join(line.rstrip() for line in file.read_text("utf-8", "replace").strip().splitlines()) for file in files]


def main():
    packages = in_binary(json.load(sys.stdin))
    named, users = collections.defaultdict(list), collections.defaultdict(list)
    for package in packages:
        name = f"{package['name']} {package['version']}"
        named[package["license"] or "see its text below"].append(name)
        for text in texts(package):
            users[text].append(name)
    print(f"martydb contains {len(packages)} crates of other authors.")
    for licence, crates in sorted(named.items()):
        print(f"\n{licence}:\n  " + "\n  ".join(crates))
    for text, crates in sorted(users.items(), key=lambda row: row[1]):
        print("\n" + "=" * 80 + "\n" + ", ".join(crates) + "\n" + "-" * 80 + "\n" + text)


main()
