"""Disks that lose power, fail, are full or locked (F2 by call, F3, F4, F5, F7); support/bad_disk.c does what real ones do."""
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time

from ledger import sound
from load import response
from scenario import PATIENCE, Failed, Ledger, Load, Skip, Stack, order, quiet, until, without_leaks

SOURCE = pathlib.Path(__file__).resolve().parent / "support" / "bad_disk.c"
DIES = 30.0  # seconds under load until an ordered end must have come
EIO = 5
ENDS = 5.0  # seconds from the failure
HOLD = """import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("PRAGMA wal_autocheckpoint = 0")
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


def with_bad_disk(stack):
    """From its next start the daemon's calls go through bad_disk.c."""
    library = stack.folder / "bad_disk.so"
    done = subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr)
    stack.environment.update({"LD_PRELOAD": str(library), "BHI_DISK": str(pathlib.Path(stack.store).parent),
                              # The sanitizer's own library stands behind ours.
                              "ASAN_OPTIONS": without_leaks() + ":verify_asan_link_order=0"})


def ends(run, stack, code=-signal.SIGKILL, timeout=DIES):
    try:
        found = stack.daemon.handle.wait(timeout * PATIENCE)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"the daemon did not end within {timeout * PATIENCE:g} s") from late
    stack.daemon.log.close()
    if found != code:
        raise Failed(f"the daemon ended with {found}, expected {code}")


def every_call(run):
    """F2: SIGKILL before every call that changes something outside (write, sync, truncate, send), counted from a start."""
    ledger = Ledger()
    with run.stack() as stack:
        load = Load(stack, ledger, clients=1, seed=run.seed, pause=0.002)
        stack.daemon.stop()
        with_bad_disk(stack)
        log = stack.folder / "calls"
        stack.environment["BHI_DIE_CALLS"] = str(log)
        run.restart(stack)
        before = log.read_text().count("\n")
        for client in load.clients:  # a screening, a new plan, a changed plan
            for work in (client.new_response, client.plan_edit, client.plan_edit):
                client.count += 1
                work(client.patients[0])
        until("quiet", lambda: quiet(stack), timeout=60 * PATIENCE)
        calls = log.read_text().split()
        del stack.environment["BHI_DIE_CALLS"]
        run.figures["calls"] = f"{len(calls)} ({before} of the start, {calls.count('fsync')} syncs, {calls.count('pwrite')} writes, {calls.count('send')} sends)"
        stack.daemon.stop()
        load.start()
        numbers = [number for _ in range(run.count or 1) for number in range(1, len(calls) + 1)]
        for number in numbers:
            if run.seconds and time.monotonic() - run.began > run.seconds:
                break
            stack.environment["BHI_DIE_AT"] = str(number)
            stack.start_daemon(wait=False)
            ends(run, stack)
            run.add("kills")
        stack.environment.pop("BHI_DIE_AT", None)
        run.restart(stack)
        load.stop()
        run.settle(stack, ledger)


def lose_power(run, stack, most):
    stack.environment["BHI_POWER_LOSS"] = f"{run.random.randrange(1, most)},{run.random.randrange(10**9)}"
    stack.start_daemon(wait=False)
    ends(run, stack)
    del stack.environment["BHI_POWER_LOSS"]


def power_loss(run):
    """F3: what was not synced is torn or gone; and with a disk whose syncs lie, the same test finds the damage."""
    ledger = Ledger()
    with run.stack() as stack:
        load = Load(stack, ledger, seed=run.seed)
        stack.daemon.stop()
        with_bad_disk(stack)
        load.start()
        for _ in run.rounds():
            lose_power(run, stack, 400)
            run.add("losses")
            damage = sound(stack.store)
            if damage:
                raise Failed(f"after a loss of power: {damage}")
        run.restart(stack)
        load.stop()
        run.settle(stack, ledger)
    # By chance what was not synced is there all the same; not every time.
    found_at = next((turn for turn in range(1, 11) if lying_disk(run)), None)
    if found_at is None:
        raise Failed("a disk that never syncs was not found out")
    run.figures["lying_disk_found_at_try"] = found_at


def lying_disk(run):
    """True: the damage was found."""
    ledger = Ledger()
    stack = Stack(samples=False, types=["Patient", "QuestionnaireResponse", "Observation", "CarePlan"])
    stack.environment["ASAN_OPTIONS"] = without_leaks()
    with stack:
        load = Load(stack, ledger, seed=run.seed)
        stack.daemon.stop()
        with_bad_disk(stack)
        stack.environment["BHI_DISK_LIES"] = "1"
        load.start()
        lose_power(run, stack, 400)
        load.stop()
        del stack.environment["LD_PRELOAD"]
        if sound(stack.store):
            stack.daemon = None
            return True
        try:
            stack.start_daemon()
            until("quiet", lambda: quiet(stack), timeout=60)
            run.judge(stack, ledger)
        except (Failed, AssertionError, KeyError, OSError):
            return True
        finally:
            if not stack.daemon.alive():
                stack.daemon = None
    return False


class Poster:
    """One client that posts and keeps every status; 0: no answer."""

    def __init__(self, stack, ledger):
        self.stack, self.ledger, self.count, self.retry_after = stack, ledger, 0, 0

    def post(self, timeout=30):
        self.count += 1
        name, total = f"p-{self.count}", self.count % 20
        self.ledger.sends(name, total)
        try:
            answer = self.stack.adapter.ask("POST", "/fhir", response(name, "k0-0", total, self.count), timeout=timeout)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return 0
        if 200 <= answer.status < 300:
            self.ledger.promised(name, total, ("poster", "k0-0"))
        elif answer.headers.get("Retry-After"):
            self.retry_after += 1
        return answer.status


def hanging(stack):
    """Clients that hold a thread of the daemon: half a request, and one that waits for news."""
    news = json.loads(stack.adapter.ask("GET", "/care/events?after=last").text).get("next", 0)
    asked = [b"POST /fhir HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 500\r\n\r\n{",
             f"GET /care/events?after={news}&wait=60 HTTP/1.1\r\nHost: x\r\n\r\n".encode()]
    hangers = [socket.create_connection(("127.0.0.1", stack.port)) for _ in asked]
    for hanger, request in zip(hangers, asked):
        hanger.sendall(request)
    return hangers


def failing_disk(run):
    """F5: a write or sync answers EIO, once or for ever: no 2xx after it, exit 1 within 5 s, recovered at the next start."""
    ledger = Ledger()
    with run.stack() as stack:
        load = Load(stack, ledger, clients=1, seed=run.seed)
        stack.daemon.stop()
        with_bad_disk(stack)
        orders = stack.folder / "orders"
        orders.write_text("")
        stack.environment["BHI_DISK_FAULTS"] = str(orders)
        poster = Poster(stack, ledger)
        for number in run.rounds():
            run.restart(stack)
            if number % 2:  # in a running crowd, too
                load.start() if number == 1 else None
            for _ in range(run.random.randrange(1, 6)):
                poster.post()
            hangers = hanging(stack)
            orders.write_text(f"{['fsync', 'write'][number // 2 % 2]} {EIO} {[1, -1][number // 4 % 2]}\n")
            began, statuses = time.monotonic(), []
            slow = number % 3 == 2  # an EHR that holds a thread of ours must not hold up the end
            if slow:
                order(stack, "/faults", {"delay_ms": {"ms": 20000, "times": "always", "method": "POST"}})
            while stack.daemon.alive() and time.monotonic() - began < ENDS * PATIENCE:
                statuses.append(poster.post(timeout=5))
            ends(run, stack, 1, 0.1)
            run.most("exit_s", time.monotonic() - began)
            for hanger in hangers:
                hanger.close()
            refused = [status for status in statuses if not 200 <= status < 300]
            if statuses[len(statuses) - len(refused):] != refused or not set(refused) <= {0, 503}:
                raise Failed(f"answers around a failure of the disk: {statuses}, expected 2xx, then 503 or none")
            run.add("said_503", refused.count(503))
            if slow:
                order(stack, "/reset")
            orders.write_text("")
            run.add("errors")
        stack.environment = {"ASAN_OPTIONS": without_leaks()}
        run.restart(stack)
        if run.figures.get("errors", 0) > 1:
            load.stop()
        run.settle(stack, ledger)


def full_disk(run):
    """F4: a small tmpfs is filled: 503 or 507, no false 2xx, the process lives and goes on when there is room again."""
    with run.stack() as stack:
        stack.daemon.stop()
        place = pathlib.Path(stack.store).parent
        place.mkdir(exist_ok=True)
        for left in place.iterdir():
            left.unlink()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", str(place)], capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f"no mount here: {done.stderr.strip()}")
        try:
            fill_and_empty(run, stack, place)
        finally:
            if stack.daemon is not None:
                stack.daemon.kill()
                stack.daemon = None
            subprocess.run(["umount", str(place)], check=True)


def fill_and_empty(run, stack, place):
    ledger = Ledger()
    run.restart(stack)
    load = Load(stack, ledger, clients=1, seed=run.seed, pause=0.03)
    poster, ballast, pid = Poster(stack, ledger), place / "ballast", stack.daemon.handle.pid
    load.start()
    for _ in run.rounds():
        with open(ballast, "wb", buffering=0) as file:
            size = 1 << 20
            while size >= 4096:
                try:
                    if file.write(b"\0" * size) < size:
                        size //= 2
                except OSError:
                    size //= 2
        began, statuses = time.monotonic(), set()
        while not {status for status in statuses if not 200 <= status < 300}:
            statuses.add(poster.post())
            if time.monotonic() - began > 20 * PATIENCE:
                raise Failed("the disk did not fill")
        for _ in range(5):
            statuses.add(poster.post())
        run.figures["answers"] = sorted(set(run.figures.get("answers", [])) | statuses)
        if not statuses <= {200, 201, 503, 507}:
            raise Failed(f"answers with a full disk: {sorted(statuses)}")
        until("readiness off", lambda: stack.management.ask("GET", "/readyz").status == 503, timeout=10 * PATIENCE)
        ballast.unlink()
        began = time.monotonic()
        until("it to go on", lambda: poster.post() == 201 and stack.management.ask("GET", "/readyz").status == 200, timeout=10 * PATIENCE)
        run.most("on_again_s", time.monotonic() - began)
        run.add("fills")
    if not stack.daemon.alive() or stack.daemon.handle.pid != pid:
        raise Failed("the process did not live")
    load.stop()
    run.settle(stack, ledger)


# Who comes behind another that waits, waits for that one first: twice the time-out, and some.
LONG = 12.0


def locked(run):
    """F7: a second process holds BEGIN EXCLUSIVE: no 5xx while it is shorter than the busy time-out (5 s), then 503."""
    ledger = Ledger()
    with run.stack() as stack:
        Load(stack, ledger, clients=1, seed=run.seed)
        poster = Poster(stack, ledger)
        for number in run.rounds():
            held = LONG if number % 5 == 4 else run.random.uniform(0.2, 2.5)
            began, statuses = time.monotonic(), []
            with subprocess.Popen([sys.executable, "-c", HOLD, str(stack.store), str(held)], stdout=subprocess.PIPE) as other:
                other.stdout.readline()
                while other.poll() is None:
                    statuses.append(poster.post())
            if held < 4 and any(status >= 500 or status == 0 for status in statuses):
                raise Failed(f"held for {held:.1f} s: {statuses}")
            if held > 6 and 503 not in statuses:
                raise Failed(f"held for {held:.1f} s: {statuses}, expected a 503")
            if not set(statuses) <= {200, 201, 503}:
                raise Failed(f"held for {held:.1f} s: {statuses}")
            run.add("held_short" if held < 4 else "held_long")
            until("it to go on", lambda: poster.post() == 201, timeout=10 * PATIENCE)
        run.figures["retry_after"] = poster.retry_after
        if run.figures.get("held_long") and not poster.retry_after:
            raise Failed("503 without Retry-After")
        run.settle(stack, ledger)
