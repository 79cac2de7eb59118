"""A row: a schema, with all that it needs to be made."""

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
    # What a project's tool itself makes, by the owner; martydb's `import` writes it into a migration.
    before: str = field(default="", repr=False)
    extensions: list = field(default_factory=list)  # (name, schema or None)
    schemas: list = field(default_factory=lambda: ["public"])
    keys: dict = field(default_factory=dict)  # further ones of the manifest
    allow: list = field(default_factory=list)  # (finding, reason): what an operator of such a schema declares
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
