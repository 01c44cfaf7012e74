"""A kill at every named place (adapter/base/failpoint.h), one after the other (F2): each is reached, and nothing is lost."""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

from load import response
from scenario import PATIENCE, PRIVACY, Failed, Ledger, Load, Skip, until
from stack import BIN

REACHED = 20.0  # seconds under load until a place must have been reached
BULK = ("bulk.kickoff", "bulk.lines", "bulk.end", "bulk.removed")
FILES = ("outbox-file.part", "outbox-file.placed")
TOOLS = ("backup.copied", "backup.checked", "restore.prepared", "rekey.page", "rekey.column")


def names():
    done = subprocess.run([BIN / "bhi-adapter", "--failpoints"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip("bhi-adapter is built without BHI_FAILPOINTS")
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


class Surroundings(threading.Thread):
    """What comes to a daemon beside the load: dropped files, replays, a response of nobody, which the person on call hears of."""

    def __init__(self, stack, ledger, drop):
        super().__init__(daemon=True)
        self.stack, self.ledger, self.drop, self.count, self.halt = stack, ledger, drop, 0, threading.Event()

    def run(self):
        while not self.halt.wait(0.1):
            self.count += 1
            if self.count % 10 == 1:
                self.drop_file()
            with contextlib.suppress(OSError, http.client.HTTPException, AssertionError, KeyError, json.JSONDecodeError):
                for row in self.stack.adapter.get("/care/quarantine?limit=1")["quarantine"]:
                    self.stack.adapter.ask("POST", f"/care/quarantine/{row['seq']}/replay")
                nobodys = response(f"nobody-{self.count}", "x", 3, self.count)
                nobodys["item"][8]["answer"][0]["valueCoding"]["code"] = "LA6571-9"
                del nobodys["subject"]
                nobodys["authored"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())  # an old one pages nobody
                self.stack.adapter.ask("POST", "/fhir", nobodys)

    def drop_file(self):
        name = f"drop-{self.count}"
        self.ledger.sends(name, 7)
        part = self.drop / f"{name}.json.part"
        part.write_text(json.dumps(response(name, "k0-0", 7, self.count)))
        part.rename(self.drop / f"{name}.json")
        self.ledger.promised(name, 7, ("drop-" + name, "k0-0"))


def dies_at(run, stack, name, at=1):
    """Starts the daemon so that it dies there, waits until it did, and says after how many seconds."""
    stack.environment["BHI_FAILPOINT"] = f"{name}:kill:{at}"
    began = time.monotonic()
    stack.start_daemon(wait=False)
    del stack.environment["BHI_FAILPOINT"]
    try:
        code = stack.daemon.handle.wait(REACHED * PATIENCE)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{name} was not reached within {REACHED * PATIENCE:g} s") from late
    stack.daemon.log.close()
    if code != -signal.SIGKILL:
        raise Failed(f"{name}: the daemon ended with {code}, expected to be killed")
    run.add("places")
    run.most("longest_way_s", time.monotonic() - began)


def in_the_daemon(run, chosen):
    ledger = Ledger()
    folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"bhi-points-{os.getpid()}"
    drop, secret = folder / "drop", folder / "secret"
    drop.mkdir(parents=True)
    secret.write_text("correct-horse-battery-staple-22")
    secret.chmod(0o600)
    try:
        with run.stack() as stack:
            load = Load(stack, ledger, seed=run.seed)
            stack.daemon.stop()
            stack.source = (f"    drop_folder: {drop}\n    drop_settle_secs: 1\n    writing: {{provenance: true}}\n"
                            f"    notify_url: http://127.0.0.1:{stack.port}/notify\n    subscriptions:\n"
                            f"      - {{name: scores, kind: r4, criteria: 'Observation?status=final', secret_file: {secret}, payload: empty}}\n"
                            f"on_call:\n  command: [/bin/true]\n" + PRIVACY)
            load.start()
            around = Surroundings(stack, ledger, drop)
            around.start()
            for _ in run.rounds():
                for name in chosen:
                    if not name.startswith("migrate."):
                        dies_at(run, stack, name)
            run.restart(stack)
            around.halt.set()
            load.stop()
            around.join()
            until("dropped files to be taken", lambda: not list(drop.glob("*.json")), timeout=60 * PATIENCE)
            run.settle(stack, ledger)
            for name in chosen:
                if name.startswith("migrate."):
                    a_new_store(run, stack, name)
    finally:
        shutil.rmtree(folder)


def a_new_store(run, stack, name):
    """Killed while the tables are made; the next start makes them."""
    stack.daemon.stop()
    before = stack.store
    stack.store = stack.folder / f"store-{name}" / "bhi.db"
    dies_at(run, stack, name)
    run.restart(stack)
    until("the patients", lambda: stack.patients(), timeout=60 * PATIENCE)
    stack.store = before


def in_an_export(run, chosen):
    """Everything comes by Bulk Data exports, again and again."""
    with run.stack(source="    bulk: {use: only, level: system, interval_secs: 1}\n", types=["Patient", "QuestionnaireResponse"]) as stack:
        wanted = {}
        for number, name in enumerate(chosen):
            for patient in range(3):
                stack.ehr.ask("PUT", f"/Patient/b{patient}", {"resourceType": "Patient", "id": f"b{patient}", "name": [{"text": f"Invented {patient}"}]})
                wanted[f"bulk-{number}-{patient}"] = number + patient
                stack.ehr.ask("PUT", f"/QuestionnaireResponse/bulk-{number}-{patient}",
                              response(f"bulk-{number}-{patient}", f"b{patient}", number + patient, number))
            stack.daemon.stop()
            dies_at(run, stack, name)
            run.restart(stack)

        def there():
            found = {(s.get("source") or {}).get("id"): s["total"] for patient in stack.patients() for s in stack.of(patient, "screenings")}
            return found == wanted
        until("what was exported", there, timeout=60 * PATIENCE, pause=0.3)


def in_a_folder_for_people(run, chosen):
    """Plans go as signed files: each is there once, whole, with its signature."""
    with run.stack() as stack:
        folder, key = stack.folder / "for-people", stack.folder / "key.pem"
        folder.mkdir()
        subprocess.run([BIN / "bhi", "keys", "new", key], check=True, capture_output=True)
        stack.source = f"    writing: {{care_plan: [outbox-file], outbox_folder: {folder}, outbox_key_file: {key}}}\n"
        stack.ehr.ask("PUT", "/Patient/f", {"resourceType": "Patient", "id": "f", "name": [{"text": "Invented"}]})
        patient, = until("the patient", lambda: stack.patients(), timeout=60)
        stack.daemon.stop()
        stack.start_daemon()
        for name in chosen:
            made = stack.adapter.ask("POST", f"/care/patients/{patient['id']}/plans", {"id": name.replace(".", "-"), "title": "Plan", "status": "active", "intent": "plan"})
            if made.status != 201:
                raise Failed(f"a plan was not taken: {made.status} {made.text[:200]}")
            stack.daemon.kill()
            dies_at(run, stack, name)
            run.restart(stack)
        laid = until("the plans as files", lambda: len(found := sorted(folder.glob("*.json"))) == len(chosen) and found, timeout=60 * PATIENCE)
        for file in laid:
            json.loads(file.read_text())
            if not pathlib.Path(f"{file}.jws").read_text().strip():
                raise Failed("a file for people has no signature")


def in_the_tools(run, chosen):
    """bhi store backup, restore, rekey: killed, and run again."""
    with run.stack(samples=True, types=None) as stack:
        until("the samples", lambda: len(stack.patients()) == 5, timeout=60 * PATIENCE)
        key = stack.folder / "store.key"
        key.write_bytes(bytes(range(32)))
        key.chmod(0o600)
        stack.daemon.stop()
        for name in chosen:
            backup = stack.folder / f"{name}.bhi"
            act = {"backup": ["backup", stack.store, backup], "restore": ["restore", stack.folder / "good.bhi", stack.folder / f"{name}.db"],
                   "rekey": ["rekey", stack.store, "--key-file", key]}[name.split(".")[0]]
            if name.startswith("restore"):
                subprocess.run([BIN / "bhi", "store", "backup", stack.store, stack.folder / "good.bhi"], check=True, capture_output=True)
            environment = {**os.environ, **stack.environment, "BHI_FAILPOINT": f"{name}:kill:1"}
            command = [str(part) for part in [BIN / "bhi", "store", *act]]
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            if done.returncode != -signal.SIGKILL:
                raise Failed(f"{name} was not reached: {done.returncode} {done.stderr}")
            run.add("places")
            again = subprocess.run(command, capture_output=True, text=True)
            if again.returncode != 0:
                raise Failed(f"after a kill at {name}: {again.stderr}")
            checked = subprocess.run([BIN / "bhi", "store", "check", stack.store if name.startswith("rekey") else act[2]], capture_output=True, text=True)
            if checked.returncode != 0:
                raise Failed(f"after a kill at {name}: {checked.stderr}")


def every_place(run):
    """F2: a kill at each failpoint once; all are reached."""
    everything = names()
    elsewhere = BULK + FILES + TOOLS
    in_the_daemon(run, [name for name in everything if name not in elsewhere])
    in_an_export(run, BULK)
    in_a_folder_for_people(run, FILES)
    in_the_tools(run, TOOLS)
    run.figures["of"] = len(everything)
    if run.count == 1 and run.figures["places"] != len(everything):
        raise Failed(f"{run.figures['places']} places were reached, there are {len(everything)}")
