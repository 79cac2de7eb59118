"""A row for each kind of object: kinds-*.sql, whose heads name the catalogs that a row covers. A catalog of a later major that no row
names becomes a row that is `not run`, so that it is seen."""

import re
from pathlib import Path

from row import File, Row

# Catalogs that hold nothing that a schema declares: statistics of the server, roles, privileges, or parts of what is named elsewhere.
ELSEWHERE = {
    "pg_authid", "pg_auth_members", "pg_database", "pg_db_role_setting", "pg_shdepend", "pg_shdescription", "pg_shseclabel", "pg_statistic", "pg_init_privs",
    "pg_replication_origin", "pg_subscription", "pg_subscription_rel", "pg_parameter_acl", "pg_seclabel", "pg_depend", "pg_pltemplate", "pg_namespace", "pg_extension",
}  # fmt: skip

HEAD = re.compile(r"^-- row: (\S+)(?: \(([^)]*)\))?(?: from (\d+))?(?: to (\d+))?$")
PART = re.compile(r"^-- (admin|allow|down|file|outside):?$")


def parsed(path):
    """Yields name, catalogs, first and last major, and the parts of each row."""
    head, parts = None, []
    for line in path.read_text().splitlines():
        if found := HEAD.match(line):
            if head:
                yield head, parts
            head, parts = found, [("up", [])]
        elif head and (found := PART.match(line)):
            parts.append((found[1], []))
        elif head:
            parts[-1][1].append(line)
    if head:
        yield head, parts


def rows(world):
    covered = set()
    for path in sorted(Path(__file__).parent.glob("kinds*.sql")):
        for head, parts in parsed(path):
            name, catalogs, first, last = head.groups()
            covered.update((catalogs or "").split())
            row = Row(f"kind:{name}")
            if int(first or 0) > world.major or int(last or 99) < world.major:
                continue
            files = []
            for part, lines in parts:
                text = "\n".join(lines).strip() + "\n"
                if part == "admin":
                    row.admin = text
                elif part == "allow":
                    row.allow = [tuple(line.removeprefix("-- ").split(": ", 1)) for line in lines if line]
                elif part == "down":
                    files[-1].down = text
                elif text.strip():
                    files.append(File(f"part{len(files) + 1}", text, outside=part == "outside"))
            row.several = files
            yield row
    there = world.sql("postgres", "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace ORDER BY 1").splitlines()
    for catalog in there:
        if catalog not in covered and catalog not in ELSEWHERE:
            yield Row(f"kind:{catalog}", absent=f"kinds-*.sql have no row for the catalog {catalog}")
