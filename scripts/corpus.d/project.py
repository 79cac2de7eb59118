"""A row's project, and the same schema as psql makes it."""

import hashlib
import json
import re
import shutil
from pathlib import Path

from world import Absent, Ended, World, difference, run, shown

PASSWORD = "of-the-corpus"
DROPS = (Path(__file__).parent / "drops.sql").read_text()


def service_name(row):
    slug = re.sub(r"[^a-z0-9]+", "_", row.name.lower()).strip("_")[:24]
    return f"c{hashlib.sha256(row.name.encode()).hexdigest()[:5]}_{slug}"


class Project:
    """A folder with one service, on the worker's server."""

    def __init__(self, world: World, row):
        self.world, self.row, self.service = world, row, service_name(row)
        self.folder = world.folder / self.service
        self.database = row.keys.get("database", self.service)
        self.reference, self.owner = f"ref_{self.service}", f"old_{self.service}"
        self.migrations = self.folder / self.service / "migrations"
        self.ready, self.outcome, self.told = None, None, None

    def martydb(self, *words, allowed=(0,), cwd=None, env=None, seconds=180):
        """Returns the standard output; an exit code that is not allowed ends the cell."""
        command = [self.world.martydb, *words]
        code, out, both = run(command, cwd or self.folder, env, seconds=seconds)
        if code not in allowed:
            raise Ended(shown(command), code, both)
        return out

    def same(self, left, right, what):
        if left != right:
            raise Ended(what, 0, difference(left, right), "the schemas differ")

    def same_as_restored(self, found, reference, what):
        """What was dumped and restored may be printed in another form: then psql's own restore is the measure."""
        if found != self.world.dump(reference):
            self.same(found, self.world.dump(self.restored(reference)), what)

    def restored(self, reference):
        name = f"again_{reference}"
        if not self.world.sql("postgres", f"SELECT datname FROM pg_database WHERE datname = '{name}'"):
            self.world.sql("postgres", f"CREATE DATABASE {name} TEMPLATE template0")
            code, output, _ = run(["pg_dump", "-s", "-O", "-x", "-d", reference], self.world.folder, self.world.login())
            code = code or self.world.psql(name, output)[0]
            if code:
                raise Absent(f"psql cannot restore a dump of {reference}")
        return name

    def from_files(self):
        """The database that the files alone make, without what a superuser made by hand."""
        if not self.row.admin:
            return self.reference
        name = f"plain_{self.service}"
        if not self.world.sql("postgres", f"SELECT datname FROM pg_database WHERE datname = '{name}'"):
            self.make_reference(name, "")
        return name

    def make_reference(self, name, admin):
        """psql as a plain owner of a database in which the admin made the same extensions and schemas."""
        world, row = self.world, self.row
        world.sql("postgres", f"CREATE DATABASE {name} OWNER {self.owner} TEMPLATE template0")
        world.sql("postgres", f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        setup = [f"ALTER SCHEMA public OWNER TO {self.owner}"]
        for schema in row.schemas:
            if schema != "public":
                setup.append(f"CREATE SCHEMA {quoted(schema)} AUTHORIZATION {self.owner}")
        path = ", ".join(quoted(schema) for schema in row.schemas)
        setup.append(f"SET search_path = {path}")
        for extension, schema in reversed(row.extensions):
            if schema and schema not in row.schemas:
                setup.append(f'CREATE SCHEMA IF NOT EXISTS {quoted(schema)}; GRANT USAGE ON SCHEMA {quoted(schema)} TO PUBLIC')
            setup.append(f'CREATE EXTENSION IF NOT EXISTS {quoted(extension)}{f" SCHEMA {quoted(schema)}" if schema else ""} CASCADE')
        setup.append(f"ALTER ROLE {self.owner} IN DATABASE {name} SET search_path = {path}")
        world.sql(name, ";\n".join(setup) + ";\n" + admin.replace("{owner}", self.owner))
        for setting in row.settings:
            world.sql("postgres", setting.format(database=name))
        world.psql(name, row.before, user=self.owner, password=PASSWORD)
        for file in row.files():
            flags = [] if file.outside else ["-1"]
            code, output = world.psql(name, file.up, user=self.owner, password=PASSWORD, options=row.options, flags=flags)
            if code and row.imported:
                raise Absent(f"{file.name} fails by psql, as PostgreSQL {world.major} or the project has it: {output[-300:]}")
            if code:
                raise Ended(f"psql of {file.name}", code, output, "the row itself does not run by psql")

    def write(self):
        """The project's folder: manifest and migrations, with down files that drop everything where the row has none."""
        row = self.row
        shutil.rmtree(self.folder, ignore_errors=True)
        self.migrations.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.write_manifest(self.folder, self.service, self.database)
        if row.imported:
            tool, source = row.imported
            out = self.martydb("import", "--from", tool, "--service", self.service, source, "-o", "json", allowed=(0, 2))
            if "is code" in out:
                raise Absent("a migration of the project is code: `import` names it, and `--skip` leaves it out")
            self.martydb("import", "--from", tool, "--service", self.service, source)
            return
        files = row.files()
        for at, file in enumerate(files, 1):
            stem = f"V{at}__{file.name}"
            marker = "-- martydb: no-transaction\n" if file.outside else ""
            (self.migrations / f"{stem}.sql").write_text(marker + file.up)
            down = file.down
            if down is None and at == 1:
                down = self.drops()
            if down is not None:
                (self.migrations / f"{stem}.down.sql").write_text(down)

    def versions(self):
        """The migrations with their down files, oldest first."""
        ups = [path for path in self.migrations.glob("V*.sql") if not path.name.endswith(".down.sql")]
        ups.sort(key=lambda path: int(path.name[1:].split("__")[0]))
        return [(path, path.with_name(path.name[:-4] + ".down.sql")) for path in ups]

    def schemas_made(self):
        """The declared schemas, and those that the files make: the operator of an existing database declares them."""
        found = self.world.sql(self.reference, f"SELECT nspname FROM pg_namespace WHERE nspowner = '{self.owner}'::regrole ORDER BY 1")
        return self.row.schemas + [schema for schema in found.splitlines() if schema not in self.row.schemas]

    def drops(self):
        return self.world.sql(self.reference, DROPS) + "\n"

    def write_manifest(self, folder, service, database, more="", keys=None, project=None):
        row = self.row
        entry = {
            "database": database,
            "schemas": row.schemas,
            "extensions": row.listed(),
            "migrations": {"path": f"{service}/migrations", "down": "optional"},
            **row.keys,
            **(keys or {}),
        }
        entry["database"] = database
        if row.allow and "allow:" not in more:
            more += f"allow: {yaml([{'finding': finding, 'reason': reason} for finding, reason in row.allow])}\n"
        (folder / "martydb.yaml").write_text(
            f'version: 1\nproject: {project or service}\nservers:\n  main: {{ url: "{self.world.url}" }}\nbackup: {{ to: ./backups }}\n{more}'
            f"services:\n  {service}: {yaml(entry)}\n"
        )

    def prepare(self):
        """Makes the reference and the migrated service, once; the outcome of the first time holds for every column."""
        if self.ready is None:
            try:
                self.world.sql("postgres", f"CREATE ROLE {self.owner} LOGIN PASSWORD '{PASSWORD}'")
                self.make_reference(self.reference, self.row.admin)
                self.ready = True
                self.write()
            except Absent as absent:
                self.ready = absent
            except Ended as ended:
                self.ready = ended if self.ready else Absent(f"{ended.why}: {ended.output.strip()[-300:]}")
                raise
        if self.ready is not True:
            raise self.ready

    def usable(self):
        return self.ready is True and self.outcome in (None, True)

    def reset(self):
        """A column that failed may have left anything."""
        self.world.clean()
        self.__init__(self.world, self.row)

    def remove(self):
        for folder in self.world.folder.glob(f"{self.service}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def admin_part(self, database, owner=None):
        """What only a superuser can make, in the database of the service before its migrations."""
        owner = owner or self.row.keys.get("roles", {}).get("owner", f"{self.service}_owner")
        if self.row.admin:
            self.world.sql(database, self.row.admin.replace("{owner}", quoted(owner)))
        self.leave_settings(database)

    def leave_settings(self, database):
        """Settings on the database by hand, where the manifest does not declare them."""
        if "parameters" not in self.row.keys:
            for setting in self.row.settings:
                self.world.sql("postgres", setting.format(database=quoted(database)))

    def upgraded(self):
        self.prepare()
        if self.outcome is None:
            try:
                self.martydb("apply", self.service, "-y")
                if self.row.admin or self.row.settings:
                    self.admin_part(self.database)
                    self.martydb("apply", self.service, "-y")
                    self.first_upgrade()
                    # `apply` took them back as drift.
                    self.leave_settings(self.database)
                self.martydb("upgrade", self.service)
                if self.row.settings:
                    self.martydb("apply", self.service, "-y")
                self.outcome = True
            except Ended as ended:
                self.outcome = ended
        if self.outcome is not True:
            raise self.outcome

    def first_upgrade(self, service=None, cwd=None):
        """A database in which a superuser made something is not empty: `baseline --at 0` is the way that the error names."""
        service = service or self.service
        out = self.martydb("upgrade", service, "-o", "json", allowed=(0, 3), cwd=cwd)
        if "--at 0" in out:
            self.martydb("baseline", service, "--at", "0", cwd=cwd)

    def copy(self, name):
        """A database like the reference, of the same owner and closed to everybody else."""
        world = self.world
        world.sql("postgres", f"CREATE DATABASE {name} OWNER {self.owner} TEMPLATE {self.reference}")
        world.sql("postgres", f"REVOKE ALL ON DATABASE {name} FROM PUBLIC; ALTER ROLE {self.owner} IN DATABASE {name} SET search_path = {', '.join(map(quoted, self.row.schemas))}")
        for setting in self.row.settings:
            world.sql("postgres", setting.format(database=name))
        return name


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def yaml(value):
    """JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
