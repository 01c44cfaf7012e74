"""A PostgreSQL cluster of our own for tests: in a temporary folder, on a socket in it, with every sync done for real.

`python3 postgres.py hold` starts one, prints its folder, waits until its standard input ends (so it goes even when who
asked for it was killed), then stops it and removes the folder. Exit code 3: PostgreSQL's server is not installed.
"""
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def program(name):
    """Debian keeps the server's programs beside the path."""
    found = shutil.which(name)
    if found:
        return found
    inside = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return inside[-1] if inside else None


def installed():
    return program("initdb") is not None and program("postgres") is not None


STANDBY = "standby"  # by this name it is waited for


class Cluster:
    """With a `primary` it begins as the hot standby of that one."""

    def __init__(self, settings=(), primary=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bhi-pg-"))
        self.settings = list(settings)
        self.server = None
        # The server does not run as root: then it is the server's own user, or nobody.
        self.run_as = {}
        if os.getuid() == 0:
            for name in ("postgres", "nobody"):
                try:
                    user = pwd.getpwnam(name)
                except KeyError:
                    continue
                self.run_as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
                os.chown(self.folder, user.pw_uid, user.pw_gid)
                break
        try:
            if primary is not None:
                self.copy(primary)
            else:
                self.make("initdb", "--username", "bhi", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8")
        except AssertionError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def make(self, name, *words):
        """The folder of the data, by one of the server's programs."""
        made = subprocess.run([program(name), "--pgdata", self.folder / "data", "--no-sync", *words], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **self.run_as)
        if made.returncode != 0:
            raise AssertionError(f"{name}: {made.stdout}")

    def copy(self, primary):
        self.make("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast",
                  "--dbname", f"host={primary.folder} user=bhi application_name={STANDBY}")

    def start(self, wait=True):
        command = [program("postgres"), "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=", "-c", "max_connections=200",
                   "-c", "shared_buffers=64MB", "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "restart_after_crash=on"]
        for setting in self.settings:
            command += ["-c", setting]
        with open(self.folder / "server.log", "ab") as log:
            self.server = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, cwd=self.folder, **self.run_as)
        end = time.monotonic() + 60
        while wait and not self.ready():
            if self.server.poll() is not None or time.monotonic() > end:
                raise AssertionError("PostgreSQL did not start: " + (self.folder / "server.log").read_text(errors="replace")[-1500:])
            time.sleep(0.1)

    def ready(self):
        return subprocess.run([program("pg_isready"), "-q", "-h", self.folder], check=False).returncode == 0

    def kill(self):
        """As a loss of power would for the processes: the postmaster, and with it every backend, by SIGKILL."""
        self.server.send_signal(signal.SIGSTOP)  # makes no more of them meanwhile
        group = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.server.pid)], stdout=subprocess.PIPE, text=True, check=False)
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()
        for pid in group.stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        # A new server refuses to start as long as one of the old processes holds the shared memory; it is gone in a moment.
        time.sleep(0.2)

    def stop(self):
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGQUIT)  # at once; nobody needs the data any more
            self.server.wait(30)
        self.server = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def synchronous(self):
        """Commits wait for the standby from now on; true when there is one that keeps up."""
        if self.ask("SHOW synchronous_standby_names") != STANDBY:
            self.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
            self.ask("SELECT pg_reload_conf()")
        return self.ask("SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'") == "sync"

    def promote(self):
        """The standby takes over: when it returns, it takes writes."""
        if self.ask("SELECT pg_promote(true, 60)") != "t":
            raise AssertionError("the standby was not promoted within 60 s")

    def follow(self, primary):
        """Made anew, of a copy of what runs there, and started as its standby."""
        shutil.rmtree(self.folder / "data")
        self.copy(primary)
        self.start()

    def url(self, database, *others):
        """`others`: clusters that may be the primary, too."""
        return f"postgres://bhi@/{database}?host={','.join(str(one.folder) for one in (self, *others))}"

    def ask(self, sql, database="postgres"):
        done = subprocess.run([program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", sql],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{sql}: {done.stderr}")
        return done.stdout.strip()


def hold():
    if not installed():
        print("PostgreSQL's server is not installed", file=sys.stderr)
        return 3
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end of our input is the sign, also when a terminal interrupts
    cluster = Cluster()
    try:
        cluster.start()
        print(cluster.folder, flush=True)
        sys.stdin.buffer.read()
    finally:
        cluster.stop()
    return 0


if __name__ == "__main__":
    sys.exit(hold() if sys.argv[1:] == ["hold"] else 2)
