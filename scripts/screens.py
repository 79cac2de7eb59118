"""What scripts/screens does: plays the scenes in a terminal emulator, and writes or compares the screens."""

import difflib
import fcntl
import html
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte

SCREENS = pathlib.Path("docs/screens").resolve()
# A fixed place: a path is part of what a screen shows, and decides where its lines break.
PLACE = pathlib.Path("/tmp/martydb-screens")
WIDTHS = (40, 80, 200)
# Taller than any screen, so that nothing scrolls away.
HEIGHT = 2000
PICTURES = {"plan": 80, "status-4": 80, "verify-green": 80, "verify-red": 80}

MANIFEST_OF_200 = """\
version: 1
servers:
  main: { embedded: auto, url: "postgresql://postgres@localhost:5432/postgres" }
services:
  "svc-{n:03}": { count: 200, migrations: migrations }
"""


class Stage:
    """A folder with a martydb in it, and a terminal."""

    def __init__(self, martydb, folder, width):
        self.martydb, self.folder, self.width = martydb, folder, width
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.environment = {
            "PATH": f"{pathlib.Path(martydb).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            "PAGER": "cat",
        }
        if "MARTYDB_PG_BIN" in os.environ:
            self.environment["MARTYDB_PG_BIN"] = os.environ["MARTYDB_PG_BIN"]

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def quietly(self, *arguments, code=0):
        done = subprocess.run([self.martydb, *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True)
        if done.returncode != code:
            sys.exit(f"{' '.join(arguments)}: exit {done.returncode}, and not {code}\n{done.stdout}{done.stderr}")

    def screen(self, *arguments, code=0, typed=None):
        """What a terminal shows after the command. What is typed is the answer to its question."""
        print(f"{self.width:>4}: martydb {' '.join(arguments)}", file=sys.stderr, flush=True)
        child, terminal = pty.fork()
        if child == 0:
            # Before the program can ask for it.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, self.width, 0, 0))
            os.chdir(self.folder)
            os.execve(self.martydb, ["martydb", *arguments], self.environment)
        screen = pyte.Screen(self.width, HEIGHT)
        stream = pyte.ByteStream(screen)
        while True:
            if typed and "".join("".join(screen.display).split()).endswith(f"allofthis:{typed.strip()}:"):
                os.write(terminal, typed.encode())
                typed = None
            if not select.select([terminal], [], [], 300)[0]:
                os.kill(child, signal.SIGTERM)
                sys.exit("no output for five minutes:\n" + "\n".join(lines_of(screen)))
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            stream.feed(data)
        os.close(terminal)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended != code:
            sys.exit(f"{' '.join(arguments)}: exit {ended}, and not {code}\n" + "\n".join(lines_of(screen)))
        return f"$ martydb {' '.join(arguments)}", screen


def lines_of(screen):
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def scenes(martydb, width):
    """The screens of a shop with four services, in the order in which an operator meets them."""
    stage = Stage(martydb, PLACE / "shop", width)
    services = ["customers", "orders", "payments", "shipping"]
    try:
        yield "init", stage.screen("init", *services)
        for service in services:
            stage.write(f"{service}/migrations/V1__create_{service}.sql", f"CREATE TABLE {service} (id bigint PRIMARY KEY, note text);\n")
            stage.write(f"{service}/migrations/V1__create_{service}.down.sql", f"DROP TABLE {service};\n")
        stage.quietly("dev", "up")
        yield "plan", stage.screen("plan")
        yield "apply", stage.screen("apply", "--all", "-y")
        stage.quietly("upgrade", "--all")
        stage.quietly("plan", "--check")
        yield "verify-green", stage.screen("verify-isolation")
        stage.write("orders/migrations/V2__unique_note.sql", "-- orders are found by their note\nCREATE UNIQUE INDEX orders_note_idx ON orders (notes);\n")
        stage.write("orders/migrations/V2__unique_note.down.sql", "DROP INDEX orders_note_idx;\n")
        stage.write("shipping/migrations/V2__carrier.sql", "ALTER TABLE shipping ADD carrier text;\n")
        stage.write("shipping/migrations/V2__carrier.down.sql", "ALTER TABLE shipping DROP carrier;\n")
        yield "upgrade-failing", stage.screen("upgrade", "--all", code=1)
        stage.write("payments/migrations/V2__refunds.sql", "CREATE TABLE refund (id bigint PRIMARY KEY);\n")
        stage.write("payments/migrations/V2__refunds.down.sql", "DROP TABLE refund;\n")
        # As wide as times are but "just now".
        time.sleep(2)
        yield "status-4", stage.screen("status")
        stage.quietly("dev", "psql", "--", "-c", "GRANT CONNECT ON DATABASE payments TO orders_app")
        stage.quietly("dev", "psql", "--", "-d", "orders", "-c", "CREATE FUNCTION public.report() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
        yield "verify-red", stage.screen("verify-isolation", code=4)
        yield "drop", stage.screen("drop", "--service", "shipping", typed="shipping\n")
    finally:
        subprocess.run([martydb, "dev", "destroy", "-y"], cwd=stage.folder, env=stage.environment, capture_output=True)
        shutil.rmtree(stage.folder, ignore_errors=True)


def scenes_of_200(martydb):
    stage = Stage(martydb, PLACE / "many", 80)
    try:
        stage.write("martydb.yaml", MANIFEST_OF_200)
        stage.write("migrations/V1__first.sql", "CREATE TABLE first (id bigint PRIMARY KEY);\n")
        stage.write("migrations/V1__first.down.sql", "DROP TABLE first;\n")
        stage.quietly("dev", "up")
        stage.quietly("apply", "--all", "-y")
        stage.quietly("upgrade", "--all")
        stage.write("migrations/V2__second.sql", "CREATE TABLE second (id bigint PRIMARY KEY);\n")
        stage.write("migrations/V2__second.down.sql", "DROP TABLE second;\n")
        stage.quietly("upgrade", *[f"svc-{n:03}" for n in range(1, 190)])
        time.sleep(2)
        for width in WIDTHS:
            stage.width = width
            yield width, stage.screen("status")
    finally:
        subprocess.run([martydb, "dev", "destroy", "-y"], cwd=stage.folder, env=stage.environment, capture_output=True)
        shutil.rmtree(stage.folder, ignore_errors=True)


COLOURS = {
    "default": "#d4d4d4", "black": "#3b3b3b", "red": "#f14c4c", "green": "#23d18b", "brown": "#e5c07b", "yellow": "#e5c07b",
    "blue": "#61afef", "magenta": "#c678dd", "cyan": "#56b6c2", "white": "#e5e5e5", "brightblack": "#7f848e",
}


def picture(prompt, screen):
    """The screen as SVG, in the colours that the terminal was sent."""
    rows = len(lines_of(screen))
    cell, line, margin = 8.4, 18, 14
    width, height = screen.columns * cell + 2 * margin, (rows + 1) * line + 2 * margin
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{html.escape(prompt)}">',
        '<style>text{font:14px "DejaVu Sans Mono",Menlo,Consolas,monospace;white-space:pre}</style>',
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="#1e1e1e"/>',
    ]

    def text(column, row, words, colour, bold=False):
        y = margin + (row + 1) * line - 5
        weight = ' font-weight="bold"' if bold else ""
        # The length keeps columns straight in every font.
        length = f' textLength="{len(words) * cell:.1f}"'
        out.append(f'<text x="{margin + column * cell:.1f}" y="{y}" fill="{colour}"{weight}{length}>{html.escape(words)}</text>')

    text(0, 0, prompt, COLOURS["brightblack"])
    for row in range(rows):
        start, run, look = 0, "", None
        for column in range(screen.columns + 1):
            cell_here = screen.buffer[row][column] if column < screen.columns else None
            here = cell_here and (cell_here.fg, cell_here.bold)
            if here != look:
                if run.strip():
                    fg, bold = look
                    colour = COLOURS.get(fg) or (f"#{fg}" if re.fullmatch("[0-9a-f]{6}", fg) else COLOURS["default"])
                    text(start + len(run) - len(run.lstrip()), row + 1, run.strip(), colour, bold)
                start, run, look = column, "", here
            run += cell_here.data if cell_here else ""
    return "\n".join(out + ["</svg>"]) + "\n"


# Of a text without blanks: a line breaks elsewhere where a time has another length.
VOLATILE = [
    (r"127\.0\.0\.1:\d+|port\d+", "ADDRESS"),
    (r"justnow|\d+(second|minute|hour)s?ago", "AGO"),
    (r"\d+(\.\d+)?(µs|ms|s|min|h|MB|kB)(?![a-z])", "AMOUNT"),
    (r"\d+/s\b", "RATE"),
    (r"PostgreSQL\d+(\.\d+)*(\([^)]*\))?", "PostgreSQL"),
    (r"\d{4}-\d\d-\d\d(T?\d\d:\d\d(:\d\d)?)?Z?", "DATE"),
    (r"plus\d+extraprobes", "plusextraprobes"),
    (r"<[^<>]*>", ""),
    (r"[-─]+", ""),
]


def settled(text):
    """Without what differs from run to run."""
    text = "".join(text.split())
    for pattern, word in VOLATILE:
        text = re.sub(pattern, word, text)
    return text


def capture(martydb, server):
    """Every file in docs/screens, as it would be now."""
    found = {"server.txt": server + "\n"}
    for width in WIDTHS:
        for name, (prompt, screen) in scenes(martydb, width):
            found[f"{name}-{width}.txt"] = "\n".join([prompt, *lines_of(screen)]) + "\n"
            if PICTURES.get(name) == width:
                found[f"{name}.svg"] = picture(prompt, screen)
    for width, (prompt, screen) in scenes_of_200(martydb):
        found[f"status-200-{width}.txt"] = "\n".join([prompt, *lines_of(screen)]) + "\n"
    return found


def differing(found):
    """Those that are not in the repository as they were captured: the text there and the text now."""
    there = {name: (SCREENS / name).read_text() if (SCREENS / name).exists() else "" for name in found}
    return {name: (there[name], text) for name, text in found.items() if settled(there[name]) != settled(text)}


def main():
    check, martydb, server = sys.argv[1] == "--check", sys.argv[-1], sys.argv[-2]
    captured = (SCREENS / "server.txt").read_text().strip() if check else server
    if captured != server:
        print(f"SKIPPED: the screens were captured on {captured}, and this is {server}: not compared", file=sys.stderr)
        return
    found = capture(martydb, server)
    stale = differing(found)
    if check and stale:
        # On a busy machine a screen may be captured in the middle of being drawn: what is out of date differs twice.
        print(f"differ, captured again: {', '.join(stale)}", file=sys.stderr)
        again = differing(capture(martydb, server))
        stale = {name: again[name] for name in stale if name in again}
    for name, (there, text) in stale.items():
        if check:
            sys.stderr.writelines(difflib.unified_diff(there.splitlines(True), text.splitlines(True), f"docs/screens/{name}", "now"))
        else:
            (SCREENS / name).write_text(text)
    surplus = sorted(path.name for path in SCREENS.iterdir() if path.name not in found)
    if check and (stale or surplus):
        sys.exit(f"out of date: {', '.join([*stale, *surplus])}: run scripts/screens")
    for name in surplus:
        (SCREENS / name).unlink()
    print(f"{len(found)} screens, {len(stale)} {'differ' if check else 'written'}", file=sys.stderr)


main()
