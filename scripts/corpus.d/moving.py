"""The columns that move rows: backup, restore, split and the data service."""

import http.client
import json
import shutil
import subprocess
import time
import urllib.parse

from project import quoted
from world import Absent, Ended

# An answer for each kind of edge that `split plan` asks about.
ANSWERS = {"sequence": "copy", "type": "copy", "domain": "copy", "function": "leave", "view": "leave", "materialized-view": "leave", "large-object": "leave", "publication": "leave"}


def backup(p):
    p.upgraded()
    p.martydb("backup", p.service)


def newest(p):
    """The service's backup, made if no column made it."""
    p.upgraded()
    found = p.martydb("backup", "list", "-s", p.service, "-o", "name").split()
    if not found:
        p.martydb("backup", p.service)
        found = p.martydb("backup", "list", "-s", p.service, "-o", "name").split()
    return found[0]


def verify(p):
    p.martydb("backup", "verify", newest(p))


def restore(p):
    """The restored database has the schema and the rows of the one that was backed up."""
    name, rows = newest(p), p.world.counts(p.database)
    p.martydb("restore", p.service, "--from", name, "-y")
    p.same_as_restored(p.world.dump(p.database), p.reference, "restore")
    same_rows(p.world.counts(p.database), rows, "restore")
    p.martydb("restore", p.service, "--discard-old", "-y")
    p.martydb("plan", "--check")
    p.martydb("upgrade", p.service)


def same_rows(found, expected, what):
    if found != expected:
        raise Ended(what, 0, f"rows {found} instead of {expected}", "rows differ")


def restore_table(p):
    """Each table can be taken out alone; of many, the first ten."""
    name, rows = newest(p), p.world.counts(p.database)
    if not rows:
        raise Absent("the row has no table")
    partitions = set(p.world.sql(p.database, "SELECT oid::regclass FROM pg_class WHERE relispartition").splitlines())
    for table, count in [(table, count) for table, count in rows.items() if table not in partitions][:10]:
        beside = f"one_{p.service}"
        p.martydb("restore", p.service, "--from", name, "--table", table, "--as", beside, "-y")
        found = p.world.counts(beside)
        p.world.sql("postgres", f"DROP DATABASE {beside} WITH (FORCE)")
        if found.get(table) != count:
            raise Ended(f"restore --table {table}", 0, f"rows {found} instead of {count} in {table}", "rows differ")


ROOTS = """
SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relpersistence <> 't' AND nspname !~ '^pg_|^information_schema$|^martydb'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid)
ORDER BY 1"""


def split(p):
    """Two services take the tables of a database that they share: no row is lost."""
    p.prepare()
    world = p.world
    source = p.copy(f"shared_{p.service}")
    tables = world.sql(source, ROOTS).splitlines()
    if not tables:
        raise Absent("the row has no table")
    folder = world.folder / f"{p.service}.split"
    shutil.rmtree(folder, ignore_errors=True)
    for half in "ab":
        (folder / half).mkdir(parents=True)
    folder.chmod(0o755)
    names = {half: f"{p.service[:6]}{half}" for half in "ab"}
    entry = {"schemas": p.schemas_made(), "extensions": p.row.listed()}
    services = {names[half]: {**entry, "migrations": {"path": half, "down": "optional"}} for half in "ab"}
    manifest = {"version": 1, "servers": {"main": {"url": world.url}}, "services": services}
    (folder / "martydb.yaml").write_text(json.dumps(manifest, ensure_ascii=False))
    middle = (len(tables) + 1) // 2
    shares = {"a": tables[:middle], "b": tables[middle:]}
    plan = {"source": {"server": "main", "database": source}, "services": {names[half]: {"tables": shares[half]} for half in "ab" if shares[half]}}
    (folder / "split.yaml").write_text(json.dumps(plan, ensure_ascii=False))
    # Tables that inherit and free sequences stand nowhere in the map yet; then the edges are known.
    loose = json.loads(p.martydb("split", "plan", "-o", "json", cwd=folder, allowed=(0, 3)))["unassigned"]
    shares["a"] += [entry if isinstance(entry, str) else entry["table"] for entry in loose]
    (folder / "split.yaml").write_text(json.dumps(plan, ensure_ascii=False))
    edges = json.loads(p.martydb("split", "plan", "-o", "json", cwd=folder, allowed=(0, 3)))["edges"]
    plan["edges"] = [{"edge": edge["edge"], "answer": ANSWERS.get(edge["kind"], "drop"), "reason": "the corpus"} for edge in edges]
    (folder / "split.yaml").write_text(json.dumps(plan, ensure_ascii=False))
    p.martydb("split", "plan", cwd=folder)
    p.martydb("apply", "--all", "-y", cwd=folder)
    for half in "ab":
        p.admin_part(names[half], owner=f"{names[half]}_owner")
    if p.row.admin or p.row.settings:
        p.martydb("apply", "--all", "-y", cwd=folder)
    p.martydb("split", "schema", cwd=folder)
    if p.row.admin:
        for half in "ab":
            p.first_upgrade(names[half], cwd=folder)
    p.martydb("upgrade", "--all", cwd=folder)
    rows = world.counts(source)
    p.martydb("split", "copy", cwd=folder)
    p.martydb("split", "verify", cwd=folder)
    for half in "ab":
        if shares[half]:
            p.martydb("split", "cutover", names[half], "-y", cwd=folder)
    found = {}
    for half in "ab":
        found.update(world.counts(names[half]))
    same_rows(found, rows, "split copy, then cutover")
    p.martydb("split", "finish", "--confirm", source, cwd=folder)
    p.martydb("plan", "--check", cwd=folder)


COLLECTIONS = """
SELECT relname FROM pg_class c WHERE relnamespace = '{schema}'::regnamespace AND relkind IN ('r', 'p', 'f') AND NOT relispartition AND relpersistence <> 't'
  AND relname <> 'refinery_schema_history' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1"""


def serve(p):
    """The data service reads and writes each table: it never answers with a fault of its own."""
    p.upgraded()
    schema = p.row.schemas[0]
    tables = p.world.sql(p.database, COLLECTIONS.format(schema=quoted(schema).replace("'", "''"))).splitlines()
    if not tables:
        raise Absent("the first schema has no table")
    exposed = {"serve": {"schemas": [schema], "rollback": True, "limits": {"rows": 1000}}}
    top = f"serve: {{ listen: '127.0.0.1:0', callers: {{ client: {{ service: {p.service}, as: write }} }} }}\n"
    p.write_manifest(p.folder, p.service, p.database, more=top, keys=exposed)
    try:
        p.martydb("apply", p.service, "-y")
        p.martydb("serve", "check", p.service, allowed=(0, 3))
        key = p.martydb("serve", "key", "new", "client").split()[-1]
        with Serving(p) as url:
            for table in tables:
                code, _ = p.world.psql(p.database, f"SELECT FROM {quoted(schema)}.{quoted(table)} LIMIT 1")
                read_and_write(url, key, p.service, table, is_broken=code != 0)
        p.martydb("plan", "--check")
    finally:
        p.write_manifest(p.folder, p.service, p.database)
        p.martydb("apply", p.service, "--prune", "-y")


class Serving:
    def __init__(self, p):
        self.p, self.log = p, p.folder / "serve.log"

    def __enter__(self):
        with self.log.open("w") as log:
            self.child = subprocess.Popen([self.p.world.martydb, "serve"], cwd=self.p.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(200):
            for word in self.log.read_text().split():
                if word.startswith("http://127.0.0.1:"):
                    return word.rstrip(",.;")
            if self.child.poll() is not None:
                break
            time.sleep(0.1)
        self.__exit__()
        raise Ended("martydb serve", self.child.returncode, self.log.read_text())

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


def read_and_write(url, key, service, table, is_broken):
    """Reads all rows, and writes the first one as it was read; a refusal of the database for a value or a privilege is an answer,
    and so is its error for a table that psql cannot read either."""
    path = f"/{service}/rest/{urllib.parse.quote(table)}"
    status, body = request(url, key, "GET", path)
    if is_broken and status >= 400 and '"code"' in body:
        return
    if status != 200:
        raise Ended(f"GET {path}", status, body)
    rows = json.loads(body)
    status, body = request(url, key, "POST", path, json.dumps(rows[:1] or {}))
    # A type's input function may fail as an internal error: that of hstore does, up to 15.
    refused = (400 <= status < 500 or '"code":"XX000"' in body) and '"code"' in body and '"PGRST' not in body
    if status not in (200, 201) and not refused:
        raise Ended(f"POST {path} {json.dumps(rows[:1])[:500]}", status, body)


def request(url, key, method, path, body=None):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Prefer": "tx=rollback"}
    if body:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace")
