"""Revisions between pairs of schemas, each judged by `pg_dump -s` and by rows that were there before.

    python3 pairs.py PAIRS OUT.json [--tool martydb|migra|pgkit|apgdiff] [--every N] [--only TEXT]

PAIRS is a folder whose folders hold states (000.sql, 001.sql, ...): each state and the next one are a pair. The server is
that of postgres.py; MARTYDB, MIGRA and PGKIT_MIGRA name the programs. A pair counts as equal if the dump after up is that
of the declared schema, line by line, and the dump after down that of the former one; columns within a table may have
another order, since PostgreSQL has no statement that moves one. Without `equal`, `refused` wrote nothing and `WRONG` did.
"""
import argparse, json, time
from collections import Counter
from pathlib import Path

from postgres import dump, fresh, lines, psql, usable
from rows import contents, filled, lost
from tools import tool


def apply(database, text):
    """In one transaction where the text allows it."""
    if "no-transaction" not in text and "CONCURRENTLY" not in text:
        return psql(database, text, "-1")
    return psql(database, text)


def judge(tool, former, declared):
    started = time.time()
    up, down, error = tool.scripts(former, declared)
    result = {"seconds": time.time() - started}
    bad = fresh("pairs_to", declared) or fresh("pairs_from", former)
    if bad:
        return {**result, "outcome": "unusable", "why": bad}
    if error is not None:
        return {**result, "outcome": "refused" if "WROTE" not in error else "WRONG", "why": error[-1500:]}
    result.update(up=up, down=down, lint=tool.lint)
    expected, before = lines(dump("pairs_to")), lines(dump("pairs_from"))
    rows = filled("pairs_from")
    result["tables"], result["filled"] = len(rows), sum(1 for _, found in rows.values() if found)
    done = apply("pairs_from", up)
    if done.returncode:
        # Rows may forbid what an empty table allows, such as NOT NULL without a value.
        result["with_rows"] = done.stderr[-400:]
        fresh("pairs_from", former)
        done = apply("pairs_from", up)
    else:
        result["lost"] = lost(rows, contents("pairs_from"))
    if done.returncode:
        return {**result, "outcome": "WRONG", "why": "up fails: " + done.stderr[-600:]}
    result["exact"] = usable(dump("pairs_from")) == usable(dump("pairs_to"))
    if lines(dump("pairs_from")) != expected:
        return {**result, "outcome": "WRONG", "why": "up: " + difference(expected, lines(dump("pairs_from")))}
    if "lost" in result:
        fresh("pairs_from", former), apply("pairs_from", up)
    done = apply("pairs_from", down)
    if done.returncode:
        return {**result, "outcome": "WRONG", "why": "down fails: " + done.stderr[-600:]}
    if lines(dump("pairs_from")) != before:
        return {**result, "outcome": "WRONG", "why": "down: " + difference(before, lines(dump("pairs_from")))}
    return {**result, "outcome": "equal"}


def difference(expected, found):
    a, b = Counter(expected.splitlines()), Counter(found.splitlines())
    return f"missing {list((a - b))[:6]}, more {list((b - a))[:6]}"


def pairs(folder, every, only):
    number = 0
    for project in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        states = sorted(project.glob("*.sql"))
        for one, other in zip(states, states[1:]):
            number += 1
            name = f"{project.name}/{one.stem}-{other.stem}"
            if number % every == 0 and only in name:
                yield name, one.read_text(), other.read_text()


def summary(name, found):
    count = lambda test: sum(1 for one in found.values() if test(one))
    seconds = sorted(one["seconds"] for one in found.values()) or [0]
    return {
        "tool": name, "pairs": len(found), **Counter(one["outcome"] for one in found.values()),
        "same order of columns": count(lambda one: one.get("exact")), "median seconds": round(seconds[len(seconds) // 2], 2),
        "tables": sum(one.get("tables", 0) for one in found.values()), "filled": sum(one.get("filled", 0) for one in found.values()),
        "applied to rows": count(lambda one: "lost" in one), "refused by rows": count(lambda one: "with_rows" in one),
        "lost rows or values": count(lambda one: one.get("lost")), "with lint findings": count(lambda one: one.get("lint")),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs"), parser.add_argument("out")
    parser.add_argument("--tool", default="martydb"), parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    used, found = tool(options.tool), {}
    for name, former, declared in pairs(options.pairs, options.every, options.only):
        found[name] = judge(used, former, declared)
        if found[name]["outcome"] != "equal" or found[name].get("lost"):
            print(name, found[name]["outcome"], found[name].get("why", "")[:700], found[name].get("lost"), flush=True)
        Path(options.out).write_text(json.dumps(found, indent=1))
    print(json.dumps(summary(options.tool, found)))


if __name__ == "__main__":
    main()
