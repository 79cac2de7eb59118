"""Runs cells: main.py [OPTIONS] [ROW] [COLUMN]. Run by scripts/corpus, whose head describes it."""

import argparse
import fnmatch
import hashlib
import os
import queue
import sys
import threading
import time
from pathlib import Path

import results as kept
from columns import COLUMNS
from project import Project
from rows import collect
from world import Absent, Ended, World

parser = argparse.ArgumentParser(prog="scripts/corpus")
parser.add_argument("row", nargs="?", default="*")
parser.add_argument("column", nargs="?", default="*")
parser.add_argument("--list", action="store_true")
parser.add_argument("--table", action="store_true")
parser.add_argument("--diagonal", action="store_true")
parser.add_argument("--again", action="store_true")
parser.add_argument("--keep", action="store_true")
parser.add_argument("--projects")
parser.add_argument("--results", default="target/corpus.jsonl")
parser.add_argument("--jobs", type=int, default=2)
parser.add_argument("--martydb", default="target/debug/martydb")
options = parser.parse_args()

martydb = Path(options.martydb).resolve()
if not martydb.exists():
    sys.exit(f"error: no {martydb}\nhint: cargo build, or --martydb BINARY")
binary = hashlib.sha256(martydb.read_bytes()).hexdigest()[:12]
results = kept.Results(options.results)
refusals = kept.Refusals()
sources = {name: kept.of_column(function) for name, function in COLUMNS.items()}
printing = threading.Lock()
found = {"defect": 0}


def say(text):
    with printing:
        print(text, flush=True)


def cell(project, column):
    """Runs a cell and keeps what became of it."""
    begun = time.monotonic()
    state, reason, command, code, output = "right", "", "", 0, ""
    try:
        if project.row.absent:
            raise Absent(project.row.absent)
        COLUMNS[column](project)
    except Absent as absent:
        state, reason = "not run", str(absent)
    except Ended as ended:
        command, code, output = ended.command, ended.code, ended.output[-6000:]
        reason = refusals.reason(project.row.name, column, code, output)
        state = "refused" if reason else "defect"
        reason = reason or ended.why
    except Exception as fault:
        state, reason = "defect", f"the corpus itself: {fault!r}"
    seconds = round(time.monotonic() - begun, 2)
    results.keep(
        row=project.row.name, column=column, state=state, reason=reason, seconds=seconds, command=command, code=code, output=output,
        of=definition(project.row, column), binary=binary,
    )  # fmt: skip
    say(f"{state:8} {seconds:6.1f} s  {project.row.name}  {column}  {reason if state != 'right' else ''}")
    if state == "defect":
        found["defect"] += 1
        if project.told != (command, output):
            project.told = (command, output)
            say(f"  $ {command}\n  exit {code}\n" + "\n".join(f"  {line}" for line in output.strip().splitlines()[-25:]))
    return state


def definition(row, column):
    return kept.digest(row, sources[column])


def among(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split(","))


def wanted(rows, world):
    """The cells to run, row by row."""
    for row in rows.values():
        if not among(row.name, options.row):
            continue
        row.made(world)
        columns = [column for column in COLUMNS if among(column, options.column)]
        if not options.again:
            columns = [column for column in columns if not results.current(row.name, column, definition(row, column), binary)]
        if columns:
            yield row, columns


def diagonal(rows, world):
    """Rows of each group, evenly spread, with as many columns each that every column is run."""
    groups = {}
    for row in rows.values():
        if not row.absent:
            groups.setdefault(row.name.split(":")[0], []).append(row)
    chosen = [members[len(members) * step // 2] for members in groups.values() for step in range(2)]
    names = list(COLUMNS)
    for at, row in enumerate(chosen):
        yield row.made(world), [column for place, column in enumerate(names) if place % len(chosen) == at]


def work(world, todo):
    while True:
        try:
            row, columns = todo.get_nowait()
        except queue.Empty:
            return
        project = Project(world, row)
        states = []
        try:
            for column in columns:
                states.append(cell(project, column))
                if states[-1] == "defect" and not options.keep and project.usable():
                    project.reset()
            world.clean()
        except Ended as ended:
            say(f"could not clean after {row.name}: {ended.output}")
        if not (options.keep and "defect" in states):
            project.remove()


def main():
    folder = Path(os.environ["CORPUS_RUNS"])
    first = World(folder / "server1", str(martydb))
    worlds = [first]
    try:
        rows = collect(first, options.projects)
        if options.list:
            print("\n".join(rows))
            print("columns:", " ".join(COLUMNS))
            return
        if options.table:
            print(kept.table(results, rows, COLUMNS))
            return
        if not any(among(row, options.row) for row in rows) or not any(among(column, options.column) for column in COLUMNS):
            sys.exit(f"error: no row or column has this name: {options.row} {options.column}\nhint: scripts/corpus --list")
        todo, count = queue.Queue(), 0
        for item in diagonal(rows, first) if options.diagonal else wanted(rows, first):
            todo.put(item)
            count += len(item[1])
        say(f"{count} cells of {todo.qsize()} rows, PostgreSQL {first.major}, martydb {binary}")
        worlds += [World(folder / f"server{at}", str(martydb)) for at in range(2, options.jobs + 1)]
        workers = [threading.Thread(target=work, args=(world, todo)) for world in worlds]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if count and not options.diagonal:
            print(kept.table(results, rows, COLUMNS))
    finally:
        for world in worlds:
            world.stop()
    if found["defect"]:
        sys.exit(f"{found['defect']} defects")


main()
