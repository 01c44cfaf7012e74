"""The real daemon of the build on a temporary SQLite store, asked over its own API."""
import ctypes
import json
import pathlib
import signal
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "e2e"))

from stack import BIN, Client, free_port, until  # noqa: E402, F401

OPEN = {"planned", "sent", "unknown", "retry-at"}


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a run that is killed leaves no daemon that writes on


class Adapter:
    def __init__(self, folder, config):
        """`config`: the lines of the source but its name, as YAML without indentation, and the instance id."""
        self.folder, self.config = pathlib.Path(folder), config
        self.port, self.management_port = free_port(), free_port()
        self.api = Client(f"http://127.0.0.1:{self.port}")
        self.management = Client(f"http://127.0.0.1:{self.management_port}")
        self.handle = self.log = None
        self.asked = []  # the types that the server declares: what is waited for
        self.path = self.folder / "bhi-adapter.yaml"

    def write_config(self, store):
        source = "".join(f"    {line}\n" for line in self.config["source"])
        self.path.write_text(f"instance_id: {self.config['instance']}\nlisten: 127.0.0.1:{self.port}\n"
                             f"management: 127.0.0.1:{self.management_port}\nstore:\n  path: {self.folder}/{store}/bhi.db\n"
                             f"on_call:\n  command: [/bin/true]\nsources:\n  - name: main\n{source}")  # nobody is called in a test
        return self.path

    def start(self, store="store"):
        self.write_config(store)
        self.log = open(self.folder / "daemon.log", "ab")
        self.handle = subprocess.Popen([BIN / "bhi-adapter", "--config", self.path], stdout=self.log, stderr=self.log,
                                       preexec_fn=die_with_parent)
        until("the daemon to be ready", lambda: self.alive() and self.management.ask("GET", "/readyz").status == 200, timeout=60)

    def alive(self):
        if self.handle is not None and self.handle.poll() is not None:
            raise SystemError(f"the daemon ended with {self.handle.returncode}")
        return self.handle is not None

    def stop(self, how=signal.SIGTERM):
        if self.handle is None:
            return
        if self.handle.poll() is None:
            self.handle.send_signal(how)
            try:
                self.handle.wait(30)
            except subprocess.TimeoutExpired:
                self.handle.kill()
                self.handle.wait()
        self.log.close()
        self.handle = self.log = None

    def log_end(self, lines=15):
        path = self.folder / "daemon.log"
        return path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []

    # ---- asking ------------------------------------------------------------------------------------------------------

    def pages(self, path, member):
        found, after = [], ""
        while True:
            page = self.api.get(f"{path}?limit=500&after={urllib.parse.quote(after)}")
            found += page[member]
            if not page["next"]:
                return found
            after = page["next"]

    def patients(self):
        return self.pages("/care/patients", "patients")

    def collections(self):
        return [one["path"] for one in self.api.get("/care/vocabulary")["patientCollections"]]

    def of(self, patient, collection):
        return self.pages(f"/care/patients/{patient['id']}/{collection}", collection)

    def care_model(self):
        paths, found = self.collections(), []
        for patient in self.patients():
            found.append(patient)
            for path in paths:
                found += self.of(patient, path)
        return found

    def outbox(self):
        return self.api.get("/care/outbox?limit=500")["outbox"]

    def pending(self):
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.management.ask("GET", "/metrics").text.splitlines()
                   if line.startswith("bhi_inbox_items") and 'state="pending"' in line)

    def types(self):
        return self.api.get("/care/sources")["sources"][0]["types"]

    def quiet(self, since, timeout):
        """Every type was asked to the end after `since` (UTC), everything is worked off and delivered, and nothing moves any more."""
        seen = [None]

        def same():
            self.alive()
            fresh = all(str(one.get("complete_until") or "") > since for one in self.types() if one["type"] in self.asked)
            outbox = self.outbox()
            settled = not self.pending() and not {item["state"] for item in outbox} & OPEN
            now = (len(self.patients()), self.api.get("/care/events?after=last")["next"],
                   json.dumps([[item["seq"], item["state"]] for item in outbox]))
            steady, seen[0] = now == seen[0] and fresh and settled, now
            return steady
        until("the daemon to come to rest", same, timeout=timeout, pause=0.5)
