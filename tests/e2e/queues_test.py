"""Many queued items: how soon the daemon is ready, what it holds in memory, and that all of them go out in order.

10^4 items in the gate, 10^6 with BHI_FULL=1 (BHI_QUEUED=N for another number): of a hundred, eighty are received resources that are not
for the care model, ten are forms not worked on yet, ten are deliveries that are planned. The queues are laid down with SQL, as the store would write them: to receive them
would take longer than to look at what becomes of them. Figures are printed; only sanitizer builds and other people's load
decide how long things take, so no time is asserted.
"""
import collections
import hashlib
import json
import os
import sqlite3
import time
import unittest

from phq9 import ANSWERS, CODES
from stack import Stack, until

FULL = os.environ.get("BHI_FULL") == "1"
QUEUED = int(os.environ.get("BHI_QUEUED", 1_000_000 if FULL else 10_000))
EACH = 10  # forms, and planned deliveries, of a patient
OTHERS = 8  # resources that are not for the care model, to each form
PATIENTS = QUEUED // (EACH * (2 + OTHERS))
FORMS = PATIENTS * EACH
AT = 1_795_000_000_000  # milliseconds since 1970: when all this came


def authored(number):
    return f"2026-{1 + number % 10:02d}-{1 + number % 27:02d}T10:{number % 60:02d}:00Z"


def scores(number):
    return [number % 4, 1, 2, 0, 1, 0, number // 4 % 3, 0, 0]


def response(number, patient):
    return json.dumps({"resourceType": "QuestionnaireResponse", "id": f"queued-{number}", "status": "completed",
                       "authored": authored(number), "subject": {"reference": f"Patient/{patient}"},
                       "item": [{"linkId": f"/{code}", "answer": [{"valueCoding": {"system": "http://loinc.org", "code": ANSWERS[score]}}]}
                                for code, score in zip(CODES, scores(number))]}, separators=(",", ":"))


def other(number, patient):
    return json.dumps({"resourceType": "Observation", "id": f"other-{number}", "status": "final", "subject": {"reference": f"Patient/{patient}"},
                       "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]}, "effectiveDateTime": "2026-11-01T08:00:00Z",
                       "valueQuantity": {"value": 80 + number % 40, "unit": "mg/dL"}}, separators=(",", ":"))


def screening(number, care_id, patient):
    return json.dumps({"kind": "Screening", "id": care_id, "patient": patient, "instrument": "phq-9", "authored": authored(number),
                       "status": "completed", "source": {"system": "bhi"},
                       "items": [{"n": n, "code": code, "answer": ANSWERS[score], "score": score}
                                 for n, (code, score) in enumerate(zip(CODES, scores(number)), 1)],
                       "total": sum(scores(number)), "statedTotal": None, "severity": "mild", "positive": False, "complete": True,
                       "safety": [{"rule": "phq-9.item-9", "level": "negative"}], "derivedFrom": [], "issues": []}, separators=(",", ":"))


def memory(process, field):
    with open(f"/proc/{process.handle.pid}/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith(field))


class Queues(unittest.TestCase):
    def start(self, stack):
        """Seconds from the start of the process to ready."""
        began = time.monotonic()
        stack.start_daemon(wait=False)
        until("the daemon to be ready", lambda: stack.daemon.alive() and stack.management.ask("GET", "/readyz").status == 200,
              timeout=120, pause=0.002)
        return time.monotonic() - began

    def test_queued_items_hold_up_no_start_fit_into_memory_and_go_out_in_order(self):
        stack = Stack(samples=False, types=["Patient", "QuestionnaireResponse"])
        self.addCleanup(stack.stop)
        people = stack.folder / "patients.ndjson"
        people.write_text("".join(json.dumps({"resourceType": "Patient", "id": f"p{n}", "name": [{"text": f"Invented {n}"}]}) + "\n"
                                  for n in range(PATIENTS)))
        stack.load = [people]
        stack.start_sim()
        empty_start = self.start(stack)
        until("the patients", lambda: stack.metric("bhi_done_items_total") >= PATIENTS, timeout=60 + PATIENTS / 20, pause=0.2)
        self.assertEqual(stack.daemon.stop(), 0)
        care_ids = self.fill(stack.folder / "store" / "bhi.db")

        began = time.monotonic()
        full_start = self.start(stack)
        print(f"{QUEUED} queued, {PATIENTS} patients: start to ready {full_start * 1000:.0f} ms (empty {empty_start * 1000:.0f} ms), "
              f"resident {memory(stack.daemon, 'VmRSS')} MiB when ready", flush=True)
        until("the queues to be empty", lambda: self.empty(stack), timeout=7200 if FULL else 500, pause=0.5)
        took = time.monotonic() - began
        peak = memory(stack.daemon, "VmHWM")
        self.assertEqual(stack.daemon.stop(), 0)
        self.check(stack, care_ids)
        print(f"drained in {took:.0f} s, resident {peak} MiB at most")
        self.assertLess(peak, 1500)  # a queue that is read into memory would show; the sanitizers alone take some hundreds

    def fill(self, path):
        store = sqlite3.connect(path, isolation_level=None)
        care_ids = {source: care for source, care in store.execute("SELECT json_extract(body, '$.source.id'), id FROM care WHERE kind = 'Patient'")}
        self.assertEqual(len(care_ids), PATIENTS)
        store.execute("PRAGMA synchronous = OFF")
        store.execute("BEGIN")
        self.body, = store.execute("SELECT max(id) FROM body").fetchone()
        for number in range(FORMS):  # one of each patient after the other
            patient = f"p{number % PATIENTS}"
            first = 1 if number < PATIENTS else None
            self.receive(store, patient, "QuestionnaireResponse", f"queued-{number}", response(number, patient), first)
            for extra in range(number * OTHERS, (number + 1) * OTHERS):
                self.receive(store, patient, "Observation", f"other-{extra}", other(extra, patient), None)
            care_id, owner = f"held{number}", care_ids[patient]
            store.execute("INSERT INTO care VALUES ('Screening', ?, ?, 1, ?)", (care_id, owner, screening(number, care_id, owner)))
            store.execute("INSERT INTO event (at, patient, kind, id, version, reason) VALUES (?, ?, 'Screening', ?, 1, 'map')", (AT, owner, care_id))
            store.execute("INSERT INTO outbox (lane, destination, patient, artifact, care_id, care_version, urgent, state, attempts, not_before, "
                          "reason, request_hash, created, ready_at) VALUES (?, 'main', ?, 'screening-result', ?, 1, 0, 'planned', 0, 0, '', '', ?, ?)",
                          (f"main|{owner}", owner, care_id, AT, 0 if first else None))
        store.execute("COMMIT")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        return care_ids

    def receive(self, store, patient, kind, name, text, first):
        digest = hashlib.sha256(text.encode()).hexdigest()
        self.body += 1
        store.execute("INSERT INTO body VALUES (?, ?)", (self.body, text))
        store.execute("INSERT INTO inbox (lane, channel, received, source, type, id, version, updated, hash, url, body, state, reason, head) "
                      "VALUES (?, 'post', ?, 'main', ?, ?, '', '', ?, '', ?, 'pending', '', ?)",
                      (f"main|Patient/{patient}", AT, kind, name, digest, self.body, first))
        store.execute("INSERT INTO resource VALUES ('main', ?, ?, '', '', ?, '', ?, 0)", (kind, name, digest, self.body))

    def empty(self, stack):
        self.assertTrue(stack.daemon.alive())
        text = stack.management.ask("GET", "/metrics").text
        states = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}
        return states['bhi_inbox_items{state="pending"}'] == 0 and states['bhi_outbox_items{state="open"}'] == 0

    def check(self, stack, care_ids):
        store = sqlite3.connect(f"file:{stack.folder / 'store' / 'bhi.db'}?mode=ro", uri=True)
        states = dict(store.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall())
        self.assertEqual(states, {"verified": 2 * FORMS})
        self.assertEqual(dict(store.execute("SELECT state, count(*) FROM inbox WHERE type = 'QuestionnaireResponse' GROUP BY state")), {"done": FORMS})
        self.assertEqual(dict(store.execute("SELECT state, count(*) FROM inbox WHERE type = 'Observation' GROUP BY state")), {"left": FORMS * OTHERS})

        # What was received became a delivery in the order of receipt.
        number_of = {care: int(source.removeprefix("queued-")) for care, source in store.execute(
            "SELECT id, json_extract(body, '$.source.id') FROM care WHERE kind = 'Screening' AND json_extract(body, '$.source.id') IS NOT NULL")}
        self.assertEqual(len(number_of), FORMS)
        last = collections.defaultdict(lambda: -1)
        lane_of, seq_of = {}, {}
        for seq, lane, care_id in store.execute("SELECT seq, lane, care_id FROM outbox ORDER BY seq"):
            lane_of[care_id], seq_of[care_id] = lane, seq
            if care_id in number_of:
                self.assertGreater(number_of[care_id], last[lane])
                last[lane] = number_of[care_id]

        # Deliveries of a patient went out in the order of the queue; one may take more than one request.
        sent, last = set(), collections.defaultdict(int)
        for subject, in store.execute("SELECT subject FROM audit WHERE action = 'send' ORDER BY seq"):
            care_id = subject.split("/")[1]
            self.assertGreaterEqual(seq_of[care_id], last[lane_of[care_id]], subject)
            last[lane_of[care_id]] = seq_of[care_id]
            sent.add(care_id)
        self.assertEqual(len(sent), 2 * FORMS)
        store.close()

        # And so they stand at the EHR: all patients, or a hundred of very many.
        step = max(1, PATIENTS // 100)
        for number in range(0, PATIENTS, step):
            made = []
            for resource in stack.ehr.entries(f"/Observation?patient=p{number}&_count=200"):
                ours = [i["value"] for i in resource.get("identifier", []) if i["system"] == "urn:bhi-adapter:test"]
                made.append((resource["meta"]["lastUpdated"], seq_of[ours[0].split("/")[1]]))
            made.sort()
            self.assertEqual(len({seq for _, seq in made}), 2 * EACH)
            self.assertEqual(len(made), 2 * EACH)
            for (earlier, first), (later, second) in zip(made, made[1:]):
                self.assertTrue(earlier == later or first < second)  # of the same millisecond nothing can be said


if __name__ == "__main__":
    unittest.main()
