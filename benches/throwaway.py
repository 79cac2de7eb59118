"""What the benchmarks share: a server of their own, and what the kernel knows of a program."""

import os, pathlib, shutil, signal, socket, subprocess, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "bench-password-of-a-throwaway-server"


class Server:
    """PostgreSQL as it comes: fsync and synchronous_commit on, SCRAM for everybody."""

    def __init__(self, bin_dir, settings=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="martydb-bench-", dir="/tmp"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        account = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if account:
            shutil.chown(self.folder, "postgres", "postgres")
        self.folder.chmod(0o755)
        (self.folder / "pw").write_text(PASSWORD)
        (self.folder / "pw").chmod(0o644)
        data = self.folder / "data"
        subprocess.run([*account, f"{bin_dir}/initdb", "-D", data, "-U", "bench", "-A", "scram-sha-256", "-E", "UTF8",
                        "--locale=C", "--no-sync", "--pwfile", self.folder / "pw"], check=True,
                       stdout=subprocess.DEVNULL, cwd="/")
        options = [f"-c{s}" for s in (f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=",
                                      "password_encryption=scram-sha-256", *settings)]
        self.process = subprocess.Popen([*account, f"{bin_dir}/postgres", "-D", data, *options], cwd="/",
                                        stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("w"))
        for _ in range(200):
            if self.sql("SELECT 1", check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise SystemExit(f"the server did not start: {(self.folder / 'log').read_text()}")

    def url(self, db):
        return f"postgres://bench:{PASSWORD}@127.0.0.1:{self.port}/{db}?sslmode=disable"

    def sql(self, text, db="postgres", check=True):
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.url(db)], input=text, text=True, check=check,
                              capture_output=True)

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def high_water(pid):
    """The largest resident set so far, in MB. Not from wait4: that counts what the script had before exec, too."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0)


def program(given, name, manifest=ROOT / "Cargo.toml"):
    """A program's path, absolute because it is started in other folders: the one that was given, or one built here."""
    if given:
        return str(pathlib.Path(given).resolve())
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    # Both floors have the same name: each has its benchmark's folder.
    folder = target if manifest.parent == ROOT else f"{target}/{manifest.parent.parent.name}"
    subprocess.run(["cargo", "build", "--release", "-q", "--manifest-path", manifest], cwd=ROOT, check=True,
                   env={**os.environ, "CARGO_TARGET_DIR": folder})
    return f"{folder}/release/{name}"


def server_programs(given):
    """Where PostgreSQL's programs are."""
    given = given or os.environ.get("MARTYDB_PG_BIN")
    return given or subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
