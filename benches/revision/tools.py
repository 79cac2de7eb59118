"""Tools that write the difference of two schemas, each called in the same way."""
import os, re, shutil, tempfile
from pathlib import Path

from postgres import EXTENSIONS, HOST, PORT, fresh, run, usable

MARTYDB = os.environ.get("MARTYDB", "martydb")


class Martydb:
    """`revision --from`: both files of one run."""
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="martydb-pairs-"))
        names = ", ".join(EXTENSIONS)
        host = f"postgresql://postgres@localhost:{PORT}/postgres?host={HOST}" if HOST.startswith("/") else f"postgresql://postgres@{HOST}:{PORT}/postgres"
        (self.folder / "martydb.yaml").write_text(
            f"version: 1\nproject: pairs\nservers:\n  main:\n    url: {host}\nservices:\n  pairs:\n    extensions: [{names}]\n")
        (self.folder / "pairs/migrations").mkdir(parents=True)
        done = self("apply", "--all", "-y", "--reset-passwords")
        assert not done.returncode, done.stderr + done.stdout

    def __call__(self, *arguments):
        return run([MARTYDB, *arguments], cwd=self.folder)

    def scripts(self, former, declared):
        """Up and down, or why there are none; and what the lint said about them."""
        migrations = self.folder / "pairs/migrations"
        shutil.rmtree(migrations)
        migrations.mkdir()
        (migrations / "V1__former.sql").write_text("-- martydb: irreversible: the start\n" + usable(former))
        (self.folder / "schema.sql").write_text(declared)
        done = self("revision", "-s", "pairs", "--from", "schema.sql", "-m", "pair", "--with-drops", *os.environ.get("FLAGS", "").split())
        if done.returncode:
            left = [path.name for path in migrations.iterdir() if "pair" in path.name]
            return None, None, (f"WROTE {left}: " if left else "") + done.stderr
        number = lambda path: int(path.name[1:].split("__")[0])
        files = sorted(migrations.glob("V*__pair*.sql"), key=number)
        downs = [path for path in reversed(files) if path.name.endswith(".down.sql")]
        ups = [path for path in files if path not in downs]
        text = lambda paths: decided("\n".join(path.read_text() for path in paths))
        self.lint = self.linted()
        return text(ups), text(downs), None

    def linted(self):
        if not os.environ.get("LINT"):
            return []
        done = self("lint", "--all", "--since", "1")
        return re.findall(r"V\d+__pair\S*:\d+\S* .*", done.stdout + done.stderr)


def decided(text):
    """The file as a person leaves it: lines uncommented, and a value of the type where an expression is to be written."""
    text = re.sub(r"^-- uncomment: .*\n((?:-- .*\n?)+)", lambda found: re.sub(r"^-- ", "", found[1], flags=re.M), text, flags=re.M)
    filled = r"(ADD COLUMN \"[^\"]*\"|ADD COLUMN \S+) (.*?);\n\n-- rows that exist .*?: (UPDATE .* SET .* = )\.\.\."
    text = re.sub(filled, lambda found: f"{found[1]} {found[2]};\n\n{found[3]}{value(found[2])};", text)
    return re.sub(r"\(/\* (.*?) from .*? \*/\)", lambda found: f"({value(found[1])})", text)


def value(kind):
    known = {"smallint": "2", "real": "2", "double": "2", "inet": "'10.0.0.1'", "interval": "'1 day'", "integer": "2", "bigint": "2", "numeric": "2", "boolean": "true", "jsonb": "'{}'", "json": "'{}'", "date": "'2025-06-01'",
             "text": "'a'", "character": "'a'", "uuid": "'00000000-0000-0000-0000-000000000001'", "bytea": r"'\x61'", "timestamp": "'2025-06-01'"}
    for name, literal in known.items():
        if kind.startswith(name) and not kind.endswith("[]"):
            return f"{literal}::{kind}"
    return f"'{{}}'::{kind}" if kind.endswith("[]") else f"2::{kind}" if kind.endswith("positive") else f"enum_first(NULL::{kind})" if "." in kind else f"NULL::{kind}"


class Migra:
    """migra and its translation compare two databases; each direction is a run."""
    def __init__(self, command):
        self.command, self.lint = command, []

    def scripts(self, former, declared):
        fresh("pairs_a", former), fresh("pairs_b", declared)
        url = lambda name: f"postgresql://postgres@localhost:{PORT}/{name}"
        texts = []
        for one, other in [("pairs_a", "pairs_b"), ("pairs_b", "pairs_a")]:
            done = run([*self.command, url(one), url(other), "--unsafe"])
            if done.returncode not in (0, 2):
                return None, None, done.stderr or done.stdout or "no message"
            # The translation warns on standard output.
            texts.append(re.sub(r"^WARNING: .*\n( +at .*\n)*", "", done.stdout, flags=re.M))
        return *texts, None


class Apgdiff:
    """apgdiff compares two dumps; each direction is a run."""
    lint = []

    def scripts(self, former, declared):
        folder, texts = Path(tempfile.mkdtemp(prefix="apgdiff-")), []
        one, other = folder / "a.sql", folder / "b.sql"
        one.write_text(usable(former)), other.write_text(usable(declared))
        for pair in [(one, other), (other, one)]:
            done = run(["apgdiff", *pair])
            if done.returncode:
                return None, None, done.stderr or done.stdout
            texts.append(done.stdout)
        shutil.rmtree(folder)
        return *texts, None


def tool(name):
    made = {"martydb": Martydb, "apgdiff": Apgdiff, "migra": lambda: Migra([os.environ.get("MIGRA", "migra")]),
            "pgkit": lambda: Migra([os.environ.get("PGKIT_MIGRA", "pgkit-migra")])}
    return made[name]()
