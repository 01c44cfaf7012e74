"""Several daemons on one PostgreSQL database and one simulator, each behind a relay that notes what it writes."""
import dataclasses
import datetime
import json
import pathlib
import random
import re
import signal
import socket
import sys
import tempfile
import threading
import time

import postgres
from stack import BIN, Client, Process, View, free_port, until

TYPES = ["Patient", "Questionnaire", "QuestionnaireResponse", "Observation"]
PARTITIONS = 64


def wall(log_line):
    return datetime.datetime.fromisoformat(log_line["at"].replace("Z", "+00:00")).timestamp()


class Balanced(Client):
    """Asks one of several by chance, as behind a balancer that knows who is away; nobody is waited for longer than a few seconds."""

    def __init__(self, seed):
        super().__init__("http://127.0.0.1:0")
        self.random, self.some = random.Random(seed), []

    def ask(self, method, path, body=None, headers=None, timeout=30):
        return self.random.choice(self.some).ask(method, path, body, headers, min(timeout, 5))


class Relay:
    """Passes one daemon's connections on to the simulator, and notes the moment and first line of each write.

    A request waits for the answer to the one before it, so each begins with a piece of its own.
    """

    def __init__(self, port):
        self.target = port
        self.writes = []  # (wall clock, "POST /fhir/Observation HTTP/1.1")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(near,), daemon=True).start()

    def carry(self, near):
        try:
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            near.close()
            return
        back = threading.Thread(target=self.pump, args=(far, near, False), daemon=True)
        back.start()
        self.pump(near, far, True)
        back.join()
        near.close()
        far.close()

    def pump(self, source, sink, asks):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if asks and data.startswith((b"POST ", b"PUT ")):
                    self.writes.append((time.time(), data.split(b"\r\n", 1)[0].decode("latin-1")))
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class Replica:
    """One daemon of those that share the database."""

    def __init__(self, name, folder, database_url, sim_port, lease_secs, types=TYPES, source="", environment=None):
        self.name, self.folder, self.environment = name, folder, environment
        self.relay = Relay(sim_port)
        self.port, self.management_port = free_port(), free_port()
        self.adapter = Client(f"http://127.0.0.1:{self.port}")
        self.management = Client(f"http://127.0.0.1:{self.management_port}")
        self.config = folder / f"{name}.yaml"
        self.config.write_text(f"""instance_id: test
listen: 127.0.0.1:{self.port}
management: 127.0.0.1:{self.management_port}
store:
  path: {database_url}
replicas:
  name: {name}
  lease_secs: {lease_secs}
sources:
  - name: main
    base_url: http://127.0.0.1:{self.relay.port}/fhir
    types: [{", ".join(types)}]
    poll_interval_secs: 1
    write_back: true
{source}""")
        self.process = None

    def start(self):
        self.process = Process(self.name, [BIN / "bhi-adapter", "--config", self.config], self.folder, self.environment)
        until(f"{self.name} to be ready",
              lambda: self.process.alive() and self.management.ask("GET", "/readyz").status == 200)
        return self

    def pause(self):
        self.process.handle.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.handle.send_signal(signal.SIGCONT)

    def held(self):
        """Partitions that it works, by its own account."""
        found = re.search(r"^bhi_partitions_held (\S+)", self.management.ask("GET", "/metrics").text, re.MULTILINE)
        return int(float(found.group(1))) if found else -1

    def log(self):
        lines = []
        for line in (self.folder / f"{self.name}.log").read_text(errors="replace").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return lines

    def end(self):
        if self.process is not None and self.process.alive():
            self.go_on()
            self.process.stop(timeout=40)
        self.relay.close()


@dataclasses.dataclass
class TakenOver:
    """What one fell out with, and what became of it."""
    seconds: float  # until the others had all of it
    zombie: int     # writes of a sleeper after it woke and before it had a lease again
    looked_up: int  # sends that were under way


class Replicas(View):
    """A private cluster, a simulator, and as many daemons as are asked for. `options` are those of a Replica."""

    def __init__(self, lease_secs=2, seed=1, **options):
        self.temporary = tempfile.TemporaryDirectory(prefix="bhi-replicas-")
        self.folder = pathlib.Path(self.temporary.name)
        self.lease_secs, self.options = lease_secs, options
        self.cluster = postgres.Cluster()
        self.store = self.cluster.url("bhi")
        self.adapter, self.management = Balanced(f"{seed} adapter"), Balanced(f"{seed} management")
        self.sim_port = free_port()
        self.ehr = Client(f"http://127.0.0.1:{self.sim_port}/fhir")
        self.control = Client(f"http://127.0.0.1:{self.sim_port}/_sim")
        self.sim = None
        self.all = []

    def __enter__(self):
        try:
            self.cluster.start()
            self.cluster.ask("CREATE DATABASE bhi")
            self.sim = Process("sim", [BIN / "bhi-ehr-sim", "--listen", f"127.0.0.1:{self.sim_port}"], self.folder)
            until("the simulator to answer", lambda: self.sim.alive() and self.ehr.get("/metadata"))
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, trace):
        for replica in self.all:
            if kind is not None:
                end = (self.folder / f"{replica.name}.log").read_text(errors="replace").splitlines()[-25:]
                print(f"--- end of {replica.name}.log\n" + "\n".join(end))
        try:
            for replica in self.all:
                replica.end()
            if self.sim is not None:
                self.sim.stop()
        finally:
            self.cluster.stop()
            self.temporary.cleanup()

    def add(self, name):
        replica = Replica(name, self.folder, self.store, self.sim_port, self.lease_secs, **self.options)
        self.all.append(replica)
        replica.start()
        self.balance(self.all)
        return replica

    def balance(self, replicas):
        """`adapter` and `management` speak to these from now on."""
        self.adapter.some = [replica.adapter for replica in replicas]
        self.management.some = [replica.management for replica in replicas]

    def logs(self):
        return [self.folder / f"{replica.name}.log" for replica in self.all]

    def falls_out(self, victim, asleep_secs, most_secs, tend):
        """`victim` is killed, or stopped for so many seconds (None: killed); the others take over and all share the work again.

        `tend(seconds, condition)` keeps the load going until the condition is true, at most so long, and says whether it became so.
        """
        others = [replica for replica in self.all if replica is not victim]
        victim.process.kill() if asleep_secs is None else victim.pause()
        begun, since = time.monotonic(), time.time()
        self.balance(others)
        if not tend(most_secs, lambda: sum(replica.held() for replica in others) == PARTITIONS):
            raise AssertionError(f"nobody took over within {most_secs:g} s; held: {[replica.held() for replica in others]}")
        seconds, awake = time.monotonic() - begun, None
        looked_up = sum(line.get("items", 0) for replica in others for line in replica.log()
                        if line.get("event") == "sends of a former replica are looked up" and wall(line) > since)
        if asleep_secs is None:
            victim.start()
        else:
            tend(max(0.2, asleep_secs - (time.monotonic() - begun)), lambda: False)
            awake = time.time()
            victim.go_on()
            tend(min(1, asleep_secs / 5), lambda: False)
        until("all to share the work again", lambda: self.shared(self.all), timeout=self.lease_secs * 4 + most_secs)
        self.balance(self.all)
        return TakenOver(seconds, 0 if awake is None else len(self.writes_without_a_lease(victim, awake)), looked_up)

    @staticmethod
    def writes_without_a_lease(victim, awake):
        """What it wrote from waking to having a lease; a write that was seen while it slept had left it before."""
        again = next(wall(line) for line in victim.log() if line.get("event") == "leases taken" and wall(line) > awake)
        return [line for at, line in victim.relay.writes if awake < at < again - 0.002]

    def ask(self, sql):
        return self.cluster.ask(sql, "bhi")

    def shared(self, replicas):
        """Every partition is somebody's, and each has its share."""
        held = [replica.held() for replica in replicas]
        return held if sum(held) == PARTITIONS and max(held) - min(held) <= 1 else None

    def open_items(self):
        return int(self.ask("SELECT (SELECT count(*) FROM inbox WHERE state = 'pending') + (SELECT count(*) FROM outbox "
                            "WHERE state IN ('planned', 'sent', 'unknown', 'retry-at'))"))

    def effects(self):
        """The scores at the EHR in the order in which they came to be there: [(identifier, subject, id)]."""
        found = []
        for resource in self.ehr.entries("/Observation?_count=500"):
            for identifier in resource.get("identifier", []):
                if identifier.get("system") == "urn:bhi-adapter:test":
                    found.append((resource["meta"]["lastUpdated"], int(resource["id"]) if resource["id"].isdigit() else 0,
                                  identifier["value"], resource["subject"]["reference"], resource))
        return sorted(found, key=lambda one: (one[0], one[1]))
