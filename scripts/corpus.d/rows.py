"""The rows: schemas, made from the catalogs of the server and from the files beside this one."""

from dataclasses import dataclass, field


@dataclass
class File:
    name: str
    up: str
    down: str | None = None
    outside: bool = False  # of a transaction


@dataclass
class Row:
    name: str
    up: str = ""
    # Statements of a superuser in the database, before the migrations; {owner} is the service's owner.
    admin: str = ""
    extensions: list = field(default_factory=list)  # (name, schema or None)
    schemas: list = field(default_factory=lambda: ["public"])
    keys: dict = field(default_factory=dict)  # further ones of the manifest
    settings: list = field(default_factory=list)  # statements, {database} is the quoted name
    options: str | None = None  # PGOPTIONS of psql
    several: list | None = None  # files, in place of `up`
    imported: tuple | None = None  # tool and folder: martydb runs what `import` makes of them
    absent: str = ""  # the reason why it cannot be run here
    make: object = field(default=None, repr=False, compare=False)  # fills in what only the server can tell, once

    def made(self, world):
        if self.make:
            make, self.make = self.make, None
            make(self, world)
        return self

    def files(self):
        return self.several or [File("all", self.up)]

    def listed(self):
        return [{"name": name, "schema": schema} if schema else name for name, schema in self.extensions]


# What a schema contains, as statements that drop it: whatever kind of object there is, by the names of `pg_identify_object`.
DROPS = """
WITH mine(classid, objid) AS (
  SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT relispartition AND relpersistence <> 't' AND relowner <> 10
  UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE proowner <> 10
  UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type t WHERE typowner <> 10 AND (typtype IN ('d', 'e', 'r', 'b') AND typelem = 0 AND typrelid = 0
    OR EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND relkind = 'c'))
  UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprowner <> 10
  UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily WHERE opfowner <> 10
  UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation WHERE collowner <> 10
  UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion WHERE conowner <> 10
  UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config WHERE cfgowner <> 10
  UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict WHERE dictowner <> 10
  UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
  UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxowner <> 10
  UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication WHERE pubowner <> 10
  UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server WHERE srvowner <> 10
), owned AS (
  SELECT classid, objid FROM mine WHERE objid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = mine.classid AND d.objid = mine.objid AND d.objsubid = 0 AND d.deptype IN ('e', 'i', 'a')
      AND d.refclassid <> 'pg_namespace'::regclass AND NOT (mine.classid = 'pg_type'::regclass AND d.refclassid = 'pg_class'::regclass))
)
SELECT format('DROP %s IF EXISTS %s CASCADE;', CASE type WHEN 'statistics object' THEN 'statistics' WHEN 'composite type' THEN 'type' ELSE type END, identity)
FROM owned, pg_identify_object(classid, objid, 0) ORDER BY type = 'function', type = 'type', type, identity"""


def collect(world, projects):
    """Every row, by name. `world` is a server that is thrown away."""
    import rows_extensions
    import rows_kinds
    import rows_names
    import rows_projects
    import rows_types

    found = [
        *rows_kinds.rows(world),
        *rows_names.rows(world),
        *rows_types.rows(world),
        *rows_extensions.rows(world),
        *rows_projects.rows(projects),
    ]
    return {row.name: row for row in found}
