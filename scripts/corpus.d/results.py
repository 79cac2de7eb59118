"""The kept results, a JSON line for each cell, and the list of refusals that the book has."""

import fnmatch
import hashlib
import inspect
import json
import threading
from collections import Counter
from pathlib import Path

REFUSALS = Path("docs/reference/refusals.md")
STATES = ["right", "refused", "defect", "not run"]


def digest(*parts):
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()[:12]


def of_column(function):
    return digest(inspect.getsource(function))


class Results:
    """The last line of a cell counts. A right cell is run again if its row or its column changed, a refused one if the binary did too."""

    def __init__(self, path):
        self.path, self.lock, self.cells = Path(path), threading.Lock(), {}
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                kept = json.loads(line)
                self.cells[kept["row"], kept["column"]] = kept

    def current(self, row, column, definition, binary):
        kept = self.cells.get((row, column))
        return kept and kept["of"] == definition and (kept["state"] == "right" or kept["state"] == "refused" and kept["binary"] == binary)

    def keep(self, **cell):
        with self.lock:
            self.cells[cell["row"], cell["column"]] = cell
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(json.dumps(cell, ensure_ascii=False) + "\n")


class Refusals:
    """Rows of the book's table: rows and columns as patterns, and words of the message."""

    def __init__(self, path=REFUSALS):
        self.listed = []
        for line in path.read_text().splitlines() if path.exists() else []:
            parts = [part.strip() for part in line.strip("|").split(" | ")]
            if line.startswith("| `") and len(parts) == 5:
                self.listed.append([part.strip("`") for part in parts[:3]])

    def reason(self, row, column, code, output):
        """Returns the listed words of a refusal; nothing was written then, or the command says so by its exit code."""
        for rows, columns, words in self.listed:
            named = any(fnmatch.fnmatchcase(row, part.strip()) for part in rows.split(","))
            if code in (1, 2, 3, 404) and named and any(fnmatch.fnmatchcase(column, part.strip()) for part in columns.split(",")) and words in output:
                return words
        return None


def table(results, rows, columns):
    """The table of the note: each group of rows by column, and the cells that are no longer right."""
    groups = {}
    for row in rows:
        groups.setdefault(row.split(":")[0], []).append(row)
    lines = ["| rows | n | " + " | ".join(columns) + " |", "|---" * (len(columns) + 2) + "|"]
    total = Counter()
    for group, members in groups.items():
        cells = []
        for column in columns:
            states = Counter(results.cells.get((row, column), {}).get("state", "not run") for row in members)
            total.update(states)
            cells.append("/".join(str(states[state]) for state in STATES))
        lines.append(f"| {group} | {len(members)} | " + " | ".join(cells) + " |")
    seconds = sum(cell["seconds"] for cell in results.cells.values())
    lines.append("")
    lines.append(f"each cell: {'/'.join(STATES)}; in all: " + ", ".join(f"{total[state]} {state}" for state in STATES) + f"; {seconds / 60:.0f} minutes of one worker")
    return "\n".join(lines)
