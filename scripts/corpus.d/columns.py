"""The columns: commands of martydb on one row. Each leaves the migrated database as it found it."""

import shutil

import moving
from drift import drift
from project import PASSWORD, yaml
from world import Absent, Ended


def upgrade(p):
    """The migrated database is the one that psql makes, and nothing is left to do."""
    p.upgraded()
    p.same(p.world.dump(p.database), p.world.dump(p.reference), "upgrade")
    plan(p)


def plan(p):
    p.martydb("plan", "--check")
    p.martydb("upgrade", p.service)


def lint(p):
    p.prepare()
    p.martydb("validate", allowed=(0,))
    p.martydb("lint", p.service, "--since", "0", allowed=(0, 3))


NO_TRANSACTION = "-- martydb: no-transaction"


def down(p):
    """Down and up again is what psql makes of the same files."""
    p.upgraded()
    versions = p.versions()
    if not all(down.exists() for _, down in versions):
        raise Absent("not every migration has a down file")
    copy = p.copy(f"down_{p.service}")
    for _, down in reversed(versions):
        if output := by_psql(p, copy, down):
            raise Absent(f"{down.name} fails by psql too: {output[-300:]}")
    p.martydb("downgrade", p.service, "--to", "0", "-y")
    p.same(p.world.dump(p.database), p.world.dump(copy), "downgrade --to 0")
    if any(by_psql(p, copy, up) for up, _ in versions):
        p.reset()  # The project's down files leave something, and psql cannot go up again either.
        return
    p.martydb("plan", "--check")
    p.martydb("upgrade", p.service)
    if not p.row.imported and len(versions) == 1:
        p.same(p.world.dump(p.database), p.world.dump(p.reference), "upgrade after downgrade")
    plan(p)


def by_psql(p, database, file):
    """Returns what a file's failure prints."""
    flags = [] if NO_TRANSACTION in file.read_text()[:200] else ["-1"]
    code, output = p.world.psql(database, file.read_text(), user=p.owner, password=PASSWORD, options=p.row.options, flags=flags)
    return output if code else ""


def other_project(p, name, database):
    folder = p.world.folder / f"{p.service}.{name}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / p.service / "migrations").mkdir(parents=True)
    folder.chmod(0o755)
    p.write_manifest(folder, p.service, database, keys={**roles(p, name), "schemas": p.schemas_made()}, project=f"{p.service}-{name}")
    return folder


def roles(p, name):
    """Roles of its own, because the service's are in use."""
    short = p.service[:6] + name
    return {"roles": {role: f"{short}_{role}" for role in ("owner", "migrator", "app", "readonly")}}


def baseline(p):
    """The first migration of an existing database makes that database."""
    p.prepare()
    database = p.copy(f"base_{p.service}")
    folder = other_project(p, "base", database)
    p.martydb("apply", p.service, "-y", cwd=folder)
    p.martydb("baseline", p.service, "--from-database", cwd=folder)
    p.martydb("diff", p.service, "--from", "files", "--to", "database", cwd=folder)
    p.same(p.world.dump(database), p.world.dump(p.reference), "baseline --from-database")
    p.martydb("plan", "--check", cwd=folder)


def adopt(p):
    """The former login reads the same after the database was taken over, by the names that it used before."""
    p.prepare()
    database = p.copy(f"adopt_{p.service}")
    folder = other_project(p, "adopt", database)
    (folder / "martydb.yaml").write_text(f'version: 1\nservers:\n  main: {{ url: "{p.world.url}" }}\n')
    before = former(p, database)
    p.martydb("adopt", "--service", "adopted", "--database", database, cwd=folder)
    p.martydb("apply", "adopted", "-y", cwd=folder)
    after = former(p, database)
    if before != after:
        raise Ended("adopt, then apply", 0, f"the former login read {before[:1500]} before and {after[:1500]} after", "the former login reads something else")
    p.same(p.world.dump(database), p.world.dump(p.reference), "adopt, then apply")
    p.martydb("plan", "--check", cwd=folder)


READS = """
SELECT format('SELECT %L, count(*) FROM %s', relname, CASE WHEN pg_table_is_visible(c.oid) THEN quote_ident(relname) ELSE format('%I.%I', nspname, relname) END)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm') AND relispopulated AND nspname !~ '^pg_|^information_schema$|^martydb' AND relname <> 'refinery_schema_history'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1"""


def former(p, database):
    """What the former login reads of each relation; its statements are made once, before the take-over."""
    if not hasattr(p, "reads"):
        p.reads = p.world.sql(database, READS, user=p.owner, password=PASSWORD).splitlines()
    return "\n".join(p.world.psql(database, read, user=p.owner, password=PASSWORD)[1].strip() for read in p.reads)


def squash(p):
    """A database that starts from the checkpoint is the one that psql makes."""
    p.upgraded()
    folder = p.world.folder / f"{p.service}.squash"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(p.folder, folder)
    p.martydb("squash", p.service, "--to", p.versions()[-1][0].name[1:].split("__")[0], cwd=folder)
    of_test_db(p, folder, "test-db from the checkpoint")


def test_db(p):
    p.upgraded()
    of_test_db(p, p.folder, "test-db")


def of_test_db(p, folder, what):
    url = p.martydb("test-db", p.service, "--role", "migrator", cwd=folder).strip()
    database = p.world.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'martydb\\_test\\_%' ORDER BY oid DESC LIMIT 1")
    if database.replace('"', "") not in url.replace("%22", ""):
        raise Ended("test-db", 0, f"{url}: not {database}")
    try:
        p.same_as_restored(p.world.dump(database), p.from_files(), what)
    finally:
        p.martydb("test-db", p.service, "--drop", database, cwd=folder)


def diff(p):
    p.upgraded()
    p.martydb("diff", p.service, "--from", "files", "--to", "database")


def revision(p):
    """The schema declared as its own dump is no difference."""
    p.upgraded()
    dump = p.world.declared(p.database)
    (p.folder / "schema.sql").write_text(dump)
    out = p.martydb("revision", p.service, "--from", "schema.sql", "-m", "nothing", "--dry-run")
    if not out.startswith("No difference"):
        raise Ended("revision --from schema.sql --dry-run", 0, out[:3000], "a difference to its own dump")


def isolation(p):
    p.upgraded()
    allow = [{"finding": finding, "reason": reason} for finding, reason in p.row.allow]
    p.write_manifest(p.folder, p.service, p.database, more=f"allow: {yaml(allow)}\n")
    try:
        p.martydb("verify-isolation")
    finally:
        p.write_manifest(p.folder, p.service, p.database)


COLUMNS = {
    "upgrade": upgrade,
    "lint": lint,
    "down": down,
    "baseline": baseline,
    "adopt": adopt,
    "squash": squash,
    "test-db": test_db,
    "diff": diff,
    "revision": revision,
    "backup": moving.backup,
    "verify": moving.verify,
    "restore-table": moving.restore_table,
    "restore": moving.restore,
    "split": moving.split,
    "serve": moving.serve,
    "isolation": isolation,
    "drift": drift,
}
