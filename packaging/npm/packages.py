"""Writes package.json of martydb and of its platform's package into FOLDER: one version in both, and no install script."""

import json
import os
import pathlib
import sys

# Node's words for the platforms that releases are built for.
PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"]

folder, version, platform = pathlib.Path(sys.argv[1]), os.environ["VERSION"], os.environ["PLATFORM"]
common = {
    "version": version,
    "description": "One database per service on PostgreSQL: provision, migrate, verify isolation",
    "license": "MIT OR Apache-2.0",
}
if os.environ["REPOSITORY"]:
    common["repository"] = {"type": "git", "url": f"git+{os.environ['REPOSITORY']}.git"}
servers = [f"@embedded-postgres/{name}" for name in PLATFORMS]
launcher = {
    "name": "martydb",
    **common,
    "keywords": ["postgresql", "migrations", "database", "isolation", "roles"],
    "bin": {"martydb": "martydb.js"},
    "files": ["martydb.js"],
    "engines": {"node": ">=16"},
    "optionalDependencies": {f"@martydb/{name}": version for name in PLATFORMS},
    # For an embedded server where PostgreSQL is not installed; npm installs none of them by itself. Their versions are all betas.
    "peerDependencies": {name: "*" for name in servers},
    "peerDependenciesMeta": {name: {"optional": True} for name in servers},
}
system, processor = platform.split("-")
binary = {
    "name": f"@martydb/{platform}",
    **common,
    "os": [system],
    "cpu": [processor],
    "files": ["bin"],
    # The binary is for glibc.
    **({"libc": ["glibc"]} if system == "linux" else {}),
}
for name, package in {"martydb": launcher, platform: binary}.items():
    (folder / name).mkdir(parents=True)
    (folder / name / "package.json").write_text(json.dumps(package, indent=2) + "\n")
