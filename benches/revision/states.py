"""States of real projects' schemas: `pg_dump -s` after each of their migrations, as OUT/PROJECT/NNN.sql.

    python3 states.py REALMIG OUT      (the server is that of postgres.py)
"""
import re, sys
from pathlib import Path

from postgres import drop, dump, psql


def natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def goose(text):
    lines, keep, out = text.splitlines(), False, []
    for line in lines:
        mark = line.strip().lower()
        if mark.startswith("-- +goose up"):
            keep = True
        elif mark.startswith("-- +goose down"):
            keep = False
        elif keep:
            out.append(line)
    return "\n".join(out)


def files(folder):
    """Texts of the up migrations in the tool's order."""
    kind = folder.name.split("-")[0]
    if kind in ("diesel", "prisma"):
        name = "up.sql" if kind == "diesel" else "migration.sql"
        return [one / name for one in sorted(folder.iterdir()) if (one / name).exists()]
    if kind in ("updown", "golang"):
        return sorted(folder.glob("*.up.sql"), key=lambda path: natural(path.name))
    found = [path for path in folder.glob("*.sql") if ".down." not in path.name]
    return sorted(found, key=lambda path: natural(path.name.replace("_", ".") if kind == "flyway" else path.name))


def main(source, out):
    for folder in sorted(path for path in Path(source).iterdir() if path.is_dir()):
        target = Path(out) / folder.name
        target.mkdir(parents=True, exist_ok=True)
        drop("states")
        psql("postgres", "CREATE DATABASE states TEMPLATE template0;")
        if folder.name.startswith("golang"):
            psql("states", 'CREATE SCHEMA auth; CREATE EXTENSION citext; CREATE EXTENSION pgcrypto; CREATE TABLE auth.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);')
        for extension in ("pg_trgm", "hstore"):
            if folder.name.startswith("diesel"):
                psql("states", f"CREATE EXTENSION {extension};")
        last, number = None, 0
        for path in files(folder):
            text = path.read_text()
            text = goose(text) if folder.name.startswith("goose") else text
            done = psql("states", text, "-1")
            if done.returncode:
                done = psql("states", text)
            if done.returncode:
                print(folder.name, path.name, done.stderr.strip().splitlines()[:1], file=sys.stderr)
                break
            made = dump("states")
            shape = re.sub(r"\\(un)?restrict .*", "", made)
            if shape != last:
                (target / f"{number:03}.sql").write_text(made)
                last, number = shape, number + 1
        print(folder.name, number, "states")


main(*sys.argv[1:])
