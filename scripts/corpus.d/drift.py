"""The column of changes by hand: each is named by its object, no run accepts it, and `repair --schema` does."""

import json
import random
from pathlib import Path

from project import quoted
from world import Absent, Ended

CHANGES = (Path(__file__).parent / "changes.sql").read_text()
# Of a public project, and of any other row, whose objects are few.
OF_PROJECT, OF_OTHERS = 40, 8


def drift(p):
    p.upgraded()
    if (state := found(p)) != ("same", set()):
        raise Ended("status --drift", 0, str(state), "a difference that nobody made")
    made = changes(p)
    if not made:
        raise Absent("no change could be made by hand")
    before = found(p)
    for _ in range(2):
        p.martydb("upgrade", p.service)
    if found(p) != before or before[0] != "drifted":
        raise Ended("upgrade, twice", 0, f"{before} before and {found(p)} after", "a run accepted a change by hand")
    p.martydb("status", p.service, "--check", allowed=(3,))
    p.martydb("repair", p.service, "--schema", "--reason", "the corpus", "-y")
    if (state := found(p)) != ("same", set()):
        raise Ended("repair --schema", 0, str(state), "repair left a difference")
    p.reset()


def found(p):
    """The state of the schema, and the names of what differs."""
    service = json.loads(p.martydb("status", p.service, "--drift", "-o", "json"))["services"][0]
    return service["schema"], {f"{one['change']} {one['object']}" for one in service["schema_drift"]}


def changes(p):
    """Makes changes of random kinds on random objects, and demands of each that it is named at once; returns those made."""
    role = p.world.sql(p.database, f"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = {literal(p.database)}")
    schemas = "ARRAY[" + ", ".join(map(literal, p.row.schemas)) + "]"
    listed = p.world.sql(p.database, CHANGES.replace("{schemas}", schemas).replace("{owner}", literal(quoted(role))))
    kinds = {}
    for line in listed.splitlines():
        change = json.loads(line)
        kinds.setdefault(change["kind"], []).append(change)
    chance, made, names, wanted = random.Random(p.row.name), [], set(), OF_PROJECT if p.row.imported else OF_OTHERS
    for number in range(wanted * 4):
        change = chance.choice(chance.choice(list(kinds.values())))
        statement, named = (change[key].replace("{n}", str(number)) for key in ("statement", "named"))
        # What an earlier change took away, or what others depend on, PostgreSQL refuses.
        if p.world.psql(p.database, f"SET ROLE {quoted(role)};\n{statement}")[0]:
            continue
        earlier, names = names, found(p)[1]
        if not any(named in name for name in names) and not is_among(named, earlier):
            raise Ended(f"status --drift after: {statement}", 0, str(sorted(names)), f"{named} is not named")
        made.append(statement)
        if len(made) == wanted:
            break
    return made


def is_among(named, earlier):
    """An object that a change by hand made, and that is another one now, stays an added one."""
    thing = named.split(" ", 1)[1]
    return any(name.split(" ", 1)[1] == thing for name in earlier)


def literal(text):
    return "'" + text.replace("'", "''") + "'"
