"""What a driver was promised, held against what became of it: the one checker of all fault scenarios.

I1  every input answered with 2xx is in the care model as it was sent, or in quarantine with a reason
I2  every derived effect is at the EHR once: one resource of our identifier, with the newest state
I3  versions at the EHR appear in the order of their sources and end with the newest
I4  what may not leave without a consent is not there
I5  the audit trail has one `send` for each attempt of the outbox
I6  no word that tells of people stands in the daemon's log
I7  `bhi store check` finds the store sound
I8  a restart is ready, and the queues drained, in the time allowed
"""
import collections
import json
import pathlib
import sqlite3
import subprocess
import threading

from stack import BIN

CANARY = "Zebrafinch"  # in names and titles; never in a log
HELD = "held-"         # names of what must not leave without a consent (AUDIT-C)


class Ledger:
    """Filled by several threads. Scores: of a response or screening, every total that was answered with 2xx, in order.

    An input whose answer was lost may be there or not: `tried` keeps all that was ever sent, so that nothing else
    counts as right.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.accepted = collections.defaultdict(list)  # name -> totals
        self.tried = collections.defaultdict(list)
        self.order = collections.defaultdict(list)     # (channel, patient) -> names in the order of their first 2xx
        self.broken = {}                               # name -> what should be wrong with it
        self.plans = collections.defaultdict(list)     # care id -> numbers of edits, in order
        self.plans_tried = collections.defaultdict(list)
        self.refusals = collections.Counter()          # status of an answer that is no 2xx; "no answer"

    def sends(self, name, total):
        with self.lock:
            self.tried[name].append(total)

    def promised(self, name, total, lane):
        with self.lock:
            if not self.accepted[name]:
                self.order[lane].append(name)
            self.accepted[name].append(total)

    def refused(self, status):
        with self.lock:
            self.refusals[status] += 1

    def inputs(self):
        with self.lock:
            return sum(len(totals) for totals in self.accepted.values()) + sum(len(edits) for edits in self.plans.values())


class Store:
    """Looks past the daemon into its store."""

    def __init__(self, where):
        self.where = str(where)

    def one(self, sql):
        if self.where.startswith("postgres"):
            return int(subprocess.run(["psql", "-AtX", self.where, "-c", sql], check=True, capture_output=True, text=True).stdout)
        connection = sqlite3.connect(f"file:{self.where}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchone()[0] or 0
        finally:
            connection.close()


def quiet(stack):
    """Nothing is pending, nothing on its way."""
    return (stack.management.ask("GET", "/readyz").status == 200 and stack.metric("bhi_inbox_items", state="pending") == 0
            and stack.metric("bhi_outbox_items", state="open") == 0)


def values_of(versions):
    return [resource.get("valueInteger", (resource.get("valueQuantity") or {}).get("value")) for resource in versions]


def history(stack, resource):
    """All versions, oldest first."""
    if resource["meta"]["versionId"] == "1":
        return [resource]
    path = f"/{resource['resourceType']}/{resource['id']}/_history?_count=500"
    return sorted(stack.ehr.entries(path), key=lambda version: int(version["meta"]["versionId"]))


def is_subsequence(part, whole):
    rest = iter(whole)
    return all(any(value == other for other in rest) for value in part)


class Check:
    """Call it when the stack is quiet. `problems` says what is wrong; `figures` what was looked at."""

    def __init__(self, stack, ledger):
        self.stack, self.ledger = stack, ledger
        self.problems, self.figures = [], collections.Counter()
        self.care_ids = {}
        self.the_care_model()
        self.the_ehr()
        self.the_plans()
        self.the_audit_trail()
        self.the_log()
        self.the_store()

    def wrong(self, rule, text):
        self.problems.append(f"{rule}: {text}")

    def the_care_model(self):
        found = collections.defaultdict(list)
        for patient in self.stack.patients():
            for screening in self.stack.of(patient, "screenings"):
                found[(screening.get("source") or {}).get("id") or screening["id"]].append(screening)
        aside = {row["id"]: row for row in self.put_aside()}
        for name, totals in self.ledger.accepted.items():
            self.figures["inputs"] += len(totals)
            if name in self.ledger.broken:
                if not (aside.get(name) or {}).get("reason"):
                    self.wrong("I1", f"{name} was accepted and is not in quarantine with a reason")
                self.figures["quarantined"] += 1
                continue
            now = [screening["total"] for screening in found.get(name, [])]
            newest = self.newest(name)
            if len(now) != 1 or now[0] not in newest:
                self.wrong("I1", f"{name} was accepted with {totals} and is {now} in the care model")
            else:
                self.care_ids[name] = found[name][0]["id"]
        for name, copies in found.items():
            if len(copies) > 1:
                self.wrong("I2", f"{name} is {len(copies)} times in the care model")
            self.care_ids.setdefault(name, copies[0]["id"])
        self.screenings = found

    def put_aside(self):
        """All pages."""
        rows, after = [], ""
        while after is not None:
            page = self.stack.adapter.get(f"/care/quarantine?limit=500&after={after}")
            rows += page["quarantine"]
            after = page["next"]
        return rows

    def way_of(self, care_id):
        """What the outbox says of its deliveries, newest first."""
        rows, before = [], ""
        while before is not None:
            page = self.stack.adapter.get(f"/admin/outbox?limit=500{before and f'&before={before}'}")
            rows += [f"{row['state']} {row.get('trouble') or ''} {row['attempts']} {row.get('reason') or ''}" for row in page["outbox"] if row["care_id"] == care_id]
            before = page["next"]
        return f"its deliveries: {rows}"

    def newest(self, name):
        """The last total that was answered, or one sent later of which no answer came."""
        tried, accepted = self.ledger.tried[name], self.ledger.accepted[name]
        return tried[tried.index(accepted[-1]):]

    def the_ehr(self):
        at_ehr = self.stack.ours("Observation")
        self.figures["effects"] = len(at_ehr)
        for value, copies in at_ehr.items():
            if len(copies) > 1:
                self.wrong("I2", f"{value} is {len(copies)} times at the EHR")
        for screenings in self.screenings.values():
            for screening in screenings:
                held = screening["instrument"] == "audit-c"
                if held and f"screening-result/{screening['id']}" in at_ehr:
                    self.wrong("I4", f"screening-result/{screening['id']} left without a consent")
                self.figures["held"] += held
        first_seen = {}
        for name, screenings in self.screenings.items():
            if screenings[0]["instrument"] == "audit-c":
                continue
            copies = at_ehr.get(f"screening-result/{self.care_ids[name]}")
            if not copies:
                self.wrong("I2", f"the EHR has no score of {name}")
                continue
            versions = history(self.stack, copies[0])
            values = values_of(versions)
            self.figures["versions"] += len(versions)
            self.written_once(name, versions)
            if values[-1] != screenings[0]["total"]:
                self.wrong("I3", f"the EHR's newest score of {name} is {values[-1]}, expected {screenings[0]['total']}; "
                           f"its versions there are {values}, the sources were {self.ledger.tried.get(name)}; {self.way_of(self.care_ids[name])}")
            if name in self.ledger.tried and not is_subsequence(values, self.ledger.tried[name]):
                self.wrong("I3", f"the EHR's versions of {name} are {values}, the sources were {self.ledger.tried[name]}")
            first_seen[name] = versions[0]["meta"]["lastUpdated"]
        for lane, names in self.ledger.order.items():
            times = [first_seen[name] for name in names if name in first_seen]
            if any(after < before for before, after in zip(times, times[1:])):
                self.wrong("I3", f"scores of {lane[0]} came to the EHR out of order")
        for value, copies in self.stack.ours("QuestionnaireResponse").items():
            if len(copies) > 1:
                self.wrong("I2", f"{value} is {len(copies)} times at the EHR")

    def written_once(self, name, versions):
        said = [{key: value for key, value in version.items() if key != "meta"} for version in versions]
        repeats = sum(before == after for before, after in zip(said, said[1:]))
        if repeats:
            self.wrong("I2", f"{name} was written {repeats} times more than it changed")

    def the_plans(self):
        at_ehr = self.stack.ours("CarePlan") if self.ledger.plans else {}
        for care_id, edits in self.ledger.plans.items():
            self.figures["inputs"] += len(edits)
            copies = at_ehr.get(f"care-plan/{care_id}", [])
            if len(copies) != 1:
                self.wrong("I2", f"plan {care_id} is {len(copies)} times at the EHR")
                continue
            versions = history(self.stack, copies[0])
            self.written_once(f"plan {care_id}", versions)
            numbers = [int(version["title"].rsplit(" ", 1)[1]) for version in versions]
            self.figures["versions"] += len(numbers)
            tried = self.ledger.plans_tried[care_id]
            if numbers[-1] not in tried[tried.index(edits[-1]):]:
                self.wrong("I2", f"plan {care_id} ends at the EHR with edit {numbers[-1]}, accepted was {edits[-1]}")
            if numbers != sorted(numbers):  # rules of the care model change plans, too: a number may stand twice
                self.wrong("I3", f"the EHR's versions of plan {care_id} are {numbers}")

    def the_audit_trail(self):
        store = Store(self.stack.store)
        sends = store.one("SELECT count(*) FROM audit WHERE action = 'send'")
        attempts = store.one("SELECT sum(attempts) FROM outbox")
        self.figures["sends"] = sends
        if sends != attempts:
            self.wrong("I5", f"{sends} sends in the audit trail, {attempts} attempts in the outbox")

    def the_log(self):
        for log in self.stack.logs():
            text = log.read_text(errors="replace")
            if CANARY in text:
                self.wrong("I6", f"{log.name} says {CANARY}")
            for bad in ("ERROR: AddressSanitizer", "runtime error:", "terminate called"):
                if bad in text:
                    lines = text[text.index(bad):].splitlines()[:30]
                    self.wrong("log", f"{log.name} says {bad!r}:\n" + "\n".join(lines))

    def the_store(self):
        done = subprocess.run([BIN / "bhi", "store", "check", str(self.stack.store)], capture_output=True, text=True)
        if done.returncode != 0:
            self.wrong("I7", done.stderr.strip() or done.stdout.strip())


def sound(path):
    """Empty, or what is wrong with a store."""
    done = subprocess.run([BIN / "bhi", "store", "check", str(path)], capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stderr.strip() or done.stdout.strip() or f"code {done.returncode}")
