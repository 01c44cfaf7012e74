"""The real simulator and the real daemon on loopback, for end-to-end tests and for tools/demo.

Nothing here waits for a fixed time: every wait asks until what is expected is there, or fails with what was seen last.
"""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("BHI_BIN_DIR", TOP / "build" / "dev" / "bin"))
FIXTURES = pathlib.Path(os.environ.get("BHI_FIXTURES", TOP.parent / "shared" / "fixtures"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.text = status, headers, body

    @property
    def json(self):
        return json.loads(self.text)


class Client:
    """One base URL, one request a connection. `tls`: an ssl.SSLContext, for https."""

    def __init__(self, base, tls=None):
        self.tls = tls
        parts = urllib.parse.urlsplit(base)
        self.base, self.host, self.port, self.path = base, parts.hostname, parts.port, parts.path
        self.headers = {}  # sent with every request

    def ask(self, method, path, body=None, headers=None, timeout=30):
        sent = {**self.headers, **(headers or {})}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/fhir+json" if "/fhir" in self.path + path else "application/json")
        if isinstance(body, str):
            body = body.encode()
        if self.tls is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        else:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)
        try:
            connection.request(method, self.path + path, body=body, headers=sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def get(self, path):
        answer = self.ask("GET", path)
        if answer.status != 200:
            raise AssertionError(f"GET {path}: {answer.status} {answer.text[:300]}")
        return answer.json

    def entries(self, path):
        """All resources of a search, pages followed."""
        found, bundle = [], self.get(path)
        while True:
            found += [entry["resource"] for entry in bundle.get("entry", []) if "resource" in entry]
            following = [link["url"] for link in bundle.get("link", []) if link["relation"] == "next"]
            if not following:
                return found
            bundle = self.get(following[0][len(self.base):])


def until(what, condition, timeout=20.0, pause=0.05):
    """The first true value of `condition`; fails naming `what` and the last value or error seen."""
    end = time.monotonic() + timeout
    last = None
    while time.monotonic() < end:
        try:
            last = condition()
            if last:
                return last
        except (OSError, AssertionError, http.client.HTTPException, KeyError, IndexError) as error:
            last = error
        time.sleep(pause)
    raise AssertionError(f"waited {timeout:g} s for {what}; last seen: {last!r}")


class Process:
    def __init__(self, name, command, folder, environment=None):
        self.name = name
        self.log = open(folder / f"{name}.log", "ab")
        self.handle = subprocess.Popen([str(part) for part in command], stdout=self.log, stderr=self.log,
                                       env={**os.environ, **environment} if environment else None)

    def alive(self):
        return self.handle.poll() is None

    def kill(self):
        self.handle.send_signal(signal.SIGKILL)
        self.handle.wait()
        self.log.close()

    def stop(self, timeout=20):
        if self.alive():
            self.handle.send_signal(signal.SIGTERM)
            try:
                self.handle.wait(timeout)
            except subprocess.TimeoutExpired as late:
                self.kill()
                raise AssertionError(f"{self.name} did not stop within {timeout} s of SIGTERM") from late
        self.log.close()
        return self.handle.returncode


class View:
    """What is seen of one or several daemons and their EHR, through `adapter`, `management` and `ehr`."""

    def logs(self):
        """Of the daemons."""
        return [self.folder / "daemon.log"]

    def patients(self):
        return self.adapter.get("/care/patients?limit=500")["patients"]

    def patient_named(self, part):
        return next(patient for patient in self.patients() if part in patient["name"])

    def of(self, patient, what):
        """All pages of a collection."""
        found, after = [], ""
        while True:
            page = self.adapter.get(f"/care/patients/{patient['id']}/{what}?limit=500&after={urllib.parse.quote(after)}")
            found += page[what]
            if not page["next"]:
                return found
            after = page["next"]

    def outbox(self):
        return self.adapter.get("/care/outbox?limit=500")["outbox"]

    def metric(self, name, **labels):
        total = 0.0
        for line in self.management.ask("GET", "/metrics").text.splitlines():
            if line.startswith(name) and all(f'{key}="{value}"' in line for key, value in labels.items()):
                total += float(line.rsplit(" ", 1)[1])
        return total

    def settled(self):
        """Nothing is on its way: no pending inbox, no open delivery."""
        states = {item["state"] for item in self.outbox()}
        return not states & {"planned", "sent", "unknown", "retry-at"}

    def ours(self, resource_type):
        """Resources at the EHR that carry our identifier, by its value."""
        found = {}
        for resource in self.ehr.entries(f"/{resource_type}?_count=200"):
            identifiers = resource.get("identifier", [])
            for identifier in identifiers if isinstance(identifiers, list) else [identifiers]:
                if identifier.get("system") == "urn:bhi-adapter:test":
                    found.setdefault(identifier["value"], []).append(resource)
        return found


class Stack(View):
    """A simulator and a daemon polling it. `folder` keeps store and logs; a temporary one is removed on stop."""

    def __init__(self, folder=None, samples=True, load=(), poll_secs=1, sim_state=False, types=None, sim_args=(), source="", tls=None, store=None):
        self.temporary = tempfile.TemporaryDirectory(prefix="bhi-") if folder is None else None
        self.folder = pathlib.Path(folder or self.temporary.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.samples, self.load, self.poll_secs, self.sim_state = samples, list(load), poll_secs, sim_state
        self.types = types
        self.store = store or f"{self.folder}/store/bhi.db"
        self.sim_args, self.source = list(sim_args), source  # further options of the simulator; further lines of the source (YAML)
        self.store = store or self.folder / "store" / "bhi.db"  # the daemon's store.path
        self.environment = {}  # of the daemon, beside ours
        self.sim = self.daemon = None
        self.port, self.management_port, self.sim_port = free_port(), free_port(), free_port()
        self.sim_url = f"http://127.0.0.1:{self.sim_port}" if tls is None else f"https://localhost:{self.sim_port}"
        self.ehr = Client(self.sim_url + "/fhir", tls)
        self.control = Client(self.sim_url + "/_sim", tls)
        self.adapter = Client(f"http://127.0.0.1:{self.port}")
        self.management = Client(f"http://127.0.0.1:{self.management_port}")

    def __enter__(self):
        try:
            self.start_sim()
            self.start_daemon()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            for name in ("sim", "daemon"):
                log = self.folder / f"{name}.log"
                if log.exists():
                    sys.stderr.write(f"--- end of {name}.log\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:]) + "\n")
        self.stop()

    def start_sim(self):
        command = [BIN / "bhi-ehr-sim", "--listen", f"127.0.0.1:{self.sim_port}"]
        if self.samples:
            command.append("--samples")
        for path in self.load:
            command += ["--load", path]
        if self.sim_state:
            command += ["--state", self.folder / "ehr.journal"]
        self.sim = Process("sim", command + self.sim_args, self.folder)
        until("the simulator to answer", lambda: self.sim.alive() and self.ehr.get("/metadata"))

    def config(self):
        types = self.types or ["Patient", "EpisodeOfCare", "Questionnaire", "Condition", "Goal", "Medication", "CarePlan",
                               "MedicationRequest", "QuestionnaireResponse", "Observation"]
        return f"""instance_id: test
listen: 127.0.0.1:{self.port}
management: 127.0.0.1:{self.management_port}
store:
  path: {self.store}
replicas:
  lease_secs: 2
sources:
  - name: main
    base_url: {self.sim_url}/fhir
    types: [{", ".join(types)}]
    poll_interval_secs: {self.poll_secs}
    write_back: true
{self.source}"""

    def start_daemon(self, wait=True):
        config = self.folder / "bhi-adapter.yaml"
        config.write_text(self.config())
        self.daemon = Process("daemon", [BIN / "bhi-adapter", "--config", config], self.folder, self.environment)
        if wait:
            until("the daemon to be ready", lambda: self.daemon.alive() and self.management.ask("GET", "/readyz").status == 200)

    def stop(self):
        codes = [process.stop() for process in (self.daemon, self.sim) if process is not None]
        self.daemon = self.sim = None
        if self.temporary is not None:
            self.temporary.cleanup()
        return codes
