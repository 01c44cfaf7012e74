"""Clients that never stop: responses, their amendments, screenings and plan edits of the BHI side, records of the EHR.

Each client has patients of its own and waits for each answer, so that the order of its patients' records is known.
"""
import http.client
import json
import random
import threading

from ledger import CANARY, HELD
from stack import until

ANSWERS = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]
ITEMS = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3"]  # without the last: no safety events
PAUSE = 0.01  # between two requests of a client
TYPES = ["Patient", "QuestionnaireResponse", "Observation", "CarePlan"]


def response(name, patient, total, minute):
    """A PHQ-9 of this total, at most 24."""
    scores = [min(3, max(0, total - 3 * position)) for position in range(len(ITEMS))] + [0]
    return {
        "resourceType": "QuestionnaireResponse", "id": name, "status": "completed", "subject": {"reference": f"Patient/{patient}"},
        "authored": f"2026-11-{1 + minute // 1440 % 20:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z",
        "item": [{"linkId": f"/{code}", "answer": [{"valueCoding": {"system": "http://loinc.org", "code": ANSWERS[score]}}]}
                 for code, score in zip(ITEMS + ["44260-8"], scores)]}


def screening(name, instrument, scores, minute):
    return {"id": name, "instrument": instrument, "authored": f"2026-11-{1 + minute // 1440 % 20:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:30Z",
            "items": [{"n": n, "score": score} for n, score in enumerate(scores, 1)]}


class Client(threading.Thread):
    def __init__(self, stack, ledger, number, patients, seed, pause, without=(), late=False):
        super().__init__(daemon=True)
        self.stack, self.ledger, self.number, self.patients, self.pause = stack, ledger, number, patients, pause
        self.random, self.without, self.late = random.Random(f"{seed}-{number}"), without, late
        self.halt, self.count, self.fault = threading.Event(), 0, None
        self.last = {}   # patient -> [name, total] of the response that may be amended
        self.plans = {}  # patient -> [care id, number of the newest edit]

    def run(self):
        # Kinds of work and how often each comes.
        works = [(self.new_response, 40), (self.amendment, 20), (self.bhi_screening, 15), (self.plan_edit, 10), (self.ehr_record, 5),
                 (self.held_screening, 5), (self.broken_response, 5)]
        works = [(work, weight) for work, weight in works if work.__name__ not in self.without]
        while not self.halt.wait(self.pause):
            self.count += 1
            (work,) = self.random.choices([work for work, _ in works], [weight for _, weight in works])
            try:
                work(self.random.choice(self.patients))
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                self.ledger.refused("no answer")
                if self.late:
                    self.last.clear()
            except Exception as error:  # shown by Load.stop
                self.fault = error
                return

    def promised(self, answer, name, total, lane):
        if 200 <= answer.status < 300:
            self.ledger.promised(name, total, lane)
            return True
        self.ledger.refused(answer.status)
        return False

    def name(self, kind):
        return f"{kind}{self.number}-{self.count}"

    def new_response(self, patient):
        name, total = self.name("qr-"), self.random.randrange(12)
        self.last[patient["ehr"]] = [name, total]
        self.send_response(patient, name, total, "POST", "/fhir")

    def amendment(self, patient):
        if patient["ehr"] not in self.last or self.last[patient["ehr"]][1] > 20:
            return self.new_response(patient)
        name, total = self.last[patient["ehr"]]
        total += 1 + self.random.randrange(3)
        self.last[patient["ehr"]][1] = total
        self.send_response(patient, name, total, "PUT", f"/fhir/QuestionnaireResponse/{name}")

    def send_response(self, patient, name, total, method, path):
        self.ledger.sends(name, total)
        answer = self.stack.adapter.ask(method, path, response(name, patient["ehr"], total, self.count), timeout=20)
        self.promised(answer, name, total, ("post", patient["ehr"]))

    def bhi_screening(self, patient):
        name, scores = self.name("bhi-"), [self.random.randrange(4) for _ in range(7)]
        self.ledger.sends(name, sum(scores))
        answer = self.stack.adapter.ask("POST", f"/care/patients/{patient['care']}/screenings", screening(name, "gad-7", scores, self.count), timeout=20)
        if 200 <= answer.status < 300:
            with self.ledger.lock:  # it is known by the id that the answer gave
                self.ledger.tried[answer.json["id"]] = self.ledger.tried.pop(name)
            self.promised(answer, answer.json["id"], sum(scores), ("care", patient["ehr"]))
        else:
            self.ledger.refused(answer.status)

    def held_screening(self, patient):
        name = self.name(HELD)
        self.ledger.sends(name, 3)
        answer = self.stack.adapter.ask("POST", f"/care/patients/{patient['care']}/screenings", screening(name, "audit-c", [1, 1, 1], self.count), timeout=20)
        if 200 <= answer.status < 300:
            self.ledger.tried[answer.json["id"]].append(3)
            self.promised(answer, answer.json["id"], 3, ("held", patient["ehr"]))
        else:
            self.ledger.refused(answer.status)

    def broken_response(self, patient):
        name = self.name("bad-")
        body = response(name, patient["ehr"], 5, self.count)
        body["item"][0]["answer"][0] = {"valueCoding": {"system": "http://loinc.org", "code": 7}}  # a code is a text
        with self.ledger.lock:
            self.ledger.broken[name] = "a code that is a number"
        self.ledger.sends(name, 5)
        answer = self.stack.adapter.ask("POST", "/fhir", body, timeout=20)
        self.promised(answer, name, 5, ("broken", patient["ehr"]))

    def ehr_record(self, patient):
        """Entered at the EHR; a poll brings it."""
        name, total = self.name("ehr-"), self.random.randrange(20)
        self.ledger.sends(name, total)
        answer = self.stack.ehr.ask("PUT", f"/QuestionnaireResponse/{name}", response(name, patient["ehr"], total, self.count), timeout=20)
        self.promised(answer, name, total, ("poll-" + name, patient["ehr"]))

    def plan_edit(self, patient):
        path = f"/care/patients/{patient['care']}/plans"
        if patient["ehr"] not in self.plans:
            return self.new_plan(patient, path)
        care_id, number = self.plans[patient["ehr"]]
        number += 1
        before = self.stack.adapter.ask("GET", f"{path}/{care_id}", timeout=20)
        if before.status != 200:
            return self.ledger.refused(before.status)
        self.plans[patient["ehr"]][1] = number
        self.tries_plan(care_id, number)
        answer = self.stack.adapter.ask("PATCH", f"{path}/{care_id}", {"title": f"{CANARY} {number}"}, timeout=20,
                                        headers={"If-Match": before.headers["ETag"], "Content-Type": "application/merge-patch+json"})
        self.edited(answer, care_id, number)

    def new_plan(self, patient, path):
        name = f"plan-{patient['ehr']}"
        answer = self.stack.adapter.ask("POST", path, {"id": name, "title": f"{CANARY} 0", "status": "active", "intent": "plan"}, timeout=20)
        if answer.status == 409:  # it was made, and the answer lost
            listed = self.stack.adapter.ask("GET", f"{path}?limit=500", timeout=20)
            if listed.status != 200:
                return self.ledger.refused(listed.status)
            care_id = next(plan["id"] for plan in listed.json["plans"] if plan["title"].startswith(CANARY))
        elif 200 <= answer.status < 300:
            care_id = answer.json["id"]
        else:
            return self.ledger.refused(answer.status)
        self.plans[patient["ehr"]] = [care_id, 0]
        self.tries_plan(care_id, 0)
        with self.ledger.lock:
            self.ledger.plans[care_id].append(0)

    def tries_plan(self, care_id, number):
        with self.ledger.lock:
            self.ledger.plans_tried[care_id].append(number)

    def edited(self, answer, care_id, number):
        if 200 <= answer.status < 300:
            with self.ledger.lock:
                self.ledger.plans[care_id].append(number)
        else:
            self.ledger.refused(answer.status)


class Load:
    """Some clients at once. Patients come into being through the EHR.

    `late`: a request that got no answer may be taken later all the same; a response of which one was sent is not amended any more.
    """

    def __init__(self, stack, ledger, clients=3, patients=2, seed=1, pause=PAUSE, without=(), late=False):
        self.stack, self.ledger = stack, ledger
        names = {f"k{client}-{index}" for client in range(clients) for index in range(patients)}
        for name in names:
            stack.ehr.ask("PUT", f"/Patient/{name}", {"resourceType": "Patient", "id": name, "name": [{"text": f"{CANARY} {name}"}]})
        known = until("the patients", lambda: len(found := {p["source"]["id"]: p["id"] for p in stack.patients()}) == len(names) and found, 60)
        self.clients = [Client(stack, ledger, number, [{"ehr": name, "care": known[name]} for name in sorted(names) if name.startswith(f"k{number}-")],
                               seed, pause, without, late) for number in range(clients)]

    def start(self):
        for client in self.clients:
            client.start()
        return self

    def stop(self):
        for client in self.clients:
            client.halt.set()
        for client in self.clients:
            client.join()
        for client in self.clients:
            if client.fault is not None:
                raise client.fault
