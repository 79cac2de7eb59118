"""Rows of public projects: FOLDER/TOOL-NAME is the project's folder of migrations, as its repository has it. psql runs the
project's own files in the tool's order; martydb runs what `import` makes of them."""

import re
from pathlib import Path

from row import File, Row

TOOLS = ["golang-migrate", "node-pg-migrate", "sql-migrate", "diesel", "sqlx", "goose", "dbmate", "flyway", "prisma", "updown"]
# A line that begins a tool's part of a file.
PARTS = {"goose": r"^--\s*\+goose (Up|Down)", "sql-migrate": r"^--\s*\+migrate (Up|Down)", "dbmate": r"^--\s*migrate:(up|down)", "node-pg-migrate": r"^--\s*(Up|Down) Migration"}
OUTSIDE = re.compile(r"^\s*(CREATE|DROP|REINDEX)\b[^;]*\bCONCURRENTLY\b|NO TRANSACTION|no-transaction|notransaction|transaction:\s*false|run_in_transaction\s*=\s*false", re.I | re.M)
EXTENSION = re.compile(r'CREATE EXTENSION IF NOT EXISTS\s+"?([\w-]+)"?(?:\s+(?:WITH\s+)?SCHEMA\s+"?(\w+)"?)?', re.I)
# Only the owner of the extension may run it; `upgrade` leaves it out with a note.
COMMENT = re.compile(r"^COMMENT ON EXTENSION\b[^;]*;", re.I | re.M)
OPERATORS = re.compile(r"\b(gin_trgm_ops|gist_trgm_ops|hstore)\b", re.I)
# What the projects' documentation says, and their files expect.
BEFORE = {
    "golang-migrate-hasura-auth": {
        "schemas": ["auth", "public"],
        "before": "CREATE TABLE auth.schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);\n",
    },
    "golang-migrate-hasura-storage": {"schemas": ["storage", "public"]},
    "flyway-bpdm-gate": {"schemas": ["bpdmgate", "public"]},
    "flyway-bpdm-pool": {"schemas": ["bpdm", "public"]},
}


def number(name):
    """The order of a name: by the numbers in its version, then by the name."""
    head = re.match(r"[A-Za-z]?([0-9][0-9._]*)", name)
    return [int(part) for part in re.split(r"[._]", head[1]) if part] if head else [1 << 62], name


def in_order(tool, folder):
    """Yields name and path of each up file, in the tool's order."""
    if tool in ("diesel", "prisma"):
        wanted = "up.sql" if tool == "diesel" else "migration.sql"
        # Diesel's versions are compared without their dashes.
        plain = (lambda name: name.split("_")[0].replace("-", "")) if tool == "diesel" else (lambda name: name)
        return [(path.parent.name, path) for path in sorted(folder.glob(f"*/{wanted}"), key=lambda path: (plain(path.parent.name), path.parent.name))]
    if tool == "flyway":
        version = lambda path: number(path.name.split("__")[0])[0]
        # A new database begins with the last baseline.
        first = sorted(folder.rglob("B[0-9]*__*.sql"), key=version)[-1:]
        once = first + sorted((path for path in folder.rglob("V*.sql") if not first or version(path) > version(first[0])), key=version)
        return [(path.name, path) for path in once + sorted(folder.rglob("R__*.sql"))]
    found = [path for path in folder.glob("*.sql") if not path.name.endswith(".down.sql")]
    return [(path.name, path) for path in sorted(found, key=lambda path: number(path.name))]


def up_part(tool, text):
    if tool not in PARTS:
        return text
    kept, up = [], False
    for line in text.splitlines():
        if found := re.match(PARTS[tool], line, re.I):
            up = found[1].lower() == "up"
        elif up:
            kept.append(line)
    return "\n".join(kept) + "\n"


def make(tool, folder):
    def fill(row, world):
        files, extensions, needed = [], {}, set()
        for name, path in in_order(tool, folder):
            whole = path.read_text(encoding="utf-8-sig")
            metadata = path.parent / "metadata.toml"
            outside = OUTSIDE.search(whole) or metadata.exists() and OUTSIDE.search(metadata.read_text())
            files.append(File(name, COMMENT.sub("", up_part(tool, whole)), outside=bool(outside)))
            needed.update(found[1].lower() for found in OPERATORS.finditer(whole))
            extensions.update((found[1].lower(), found[2]) for found in EXTENSION.finditer(whole))
            if "public.gen_random_uuid" in whole:
                extensions["pgcrypto"] = "public"
        # Some projects leave their extensions to whoever installs them.
        for word, name in (("gin_trgm_ops", "pg_trgm"), ("gist_trgm_ops", "pg_trgm"), ("hstore", "hstore")):
            if word in needed and name not in extensions:
                extensions[name] = None
        row.several = files
        row.extensions = [(name, schema) for name, schema in extensions.items() if name != "plpgsql"]
        lacking = set(extensions) - set(world.sql("postgres", "SELECT name FROM pg_available_extensions").splitlines())
        row.absent = f"this server has no extension {', '.join(sorted(lacking))}" if lacking else "" if files else "no file of the tool"

    return fill


def rows(folder):
    if not folder:
        yield Row("project:all", absent="scripts/corpus --projects FOLDER names the clones")
        return
    for path in sorted(Path(folder).iterdir()):
        tool = next((tool for tool in TOOLS if path.name.startswith(f"{tool}-")), None)
        if tool and path.is_dir():
            yield Row(f"project:{path.name}", imported=(tool, str(path.resolve())), make=make(tool, path), **BEFORE.get(path.name, {}))
