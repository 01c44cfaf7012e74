#!/usr/bin/env python3
"""Keeps a store of the present schema for the tests of later ones: schema-N.sql, and schema-N.ehr.json, what the EHR held.

The real daemon works against the simulator, the EHR loses an answer and goes down, more comes in, and the daemon is killed
with full queues. Run it with the binaries of the version that is left behind, before a migration is added:

    BHI_BIN_DIR=build/release/bin python3 tests/store/stores/keep.py [FOLDER]
"""
import json
import pathlib
import sqlite3
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
from stack import Stack, until  # noqa: E402

PATIENTS = ["ada", "bela", "cleo"]
CODES = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]
ANSWERS = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]
TYPES = ["Patient", "Questionnaire", "QuestionnaireResponse", "Observation", "CarePlan"]


def response(name, patient, scores, authored, links=None, **more):
    links = links or [f"/{code}" for code in CODES]
    return {"resourceType": "QuestionnaireResponse", "id": name, "status": "completed", "authored": authored,
            "subject": {"reference": f"Patient/{patient}"},
            "item": [{"linkId": link, "answer": [{"valueCoding": {"system": "http://loinc.org", "code": ANSWERS[score]}}]}
                     for link, score in zip(links, scores)], **more}


def work(stack):
    """Some of everything that is done, waits, or needs a person."""
    for name in PATIENTS:
        stack.ehr.ask("PUT", f"/Patient/{name}", {"resourceType": "Patient", "id": name, "birthDate": "1980-01-01",
                                                  "name": [{"text": f"{name.title()} Invented"}]})
    until("the patients", lambda: len(stack.patients()) == 3)
    for number, name in enumerate(PATIENTS):
        stack.ehr.ask("PUT", f"/QuestionnaireResponse/first-{name}",
                      response(f"first-{name}", name, [number, 1, 2, 1, 0, 1, 0, 0, 0], f"2026-11-0{number + 1}T10:00:00Z"))
    until("the screenings", lambda: all(stack.of(patient, "screenings") for patient in stack.patients()))
    ada = stack.patient_named("Ada")["id"]
    stack.adapter.ask("POST", f"/care/patients/{ada}/screenings",
                      {"id": "entered-1", "instrument": "gad-7", "authored": "2026-11-05T10:00:00Z",
                       "items": [{"n": n, "score": 1} for n in range(1, 8)]})
    stack.adapter.ask("POST", f"/care/patients/{ada}/plans", {"title": "Plan", "status": "active"})
    until("all deliveries", stack.settled, timeout=60)
    stack.adapter.ask("POST", "/fhir", {"resourceType": "QuestionnaireResponse", "id": "broken", "status": "nonsense",
                                        "subject": {"reference": "Patient/ada"}})
    stack.adapter.ask("POST", "/fhir", response("waits", "bela", [1, 1], "2026-11-06T10:00:00Z", ["q-a", "q-b"],
                                                questionnaire="http://forms.example/Questionnaire/not-here"))
    until("all deliveries", stack.settled)


def fill_queues(stack):
    """An answer is lost, then the EHR is gone while more comes in; the daemon is killed before it has worked on the last."""
    stack.control.ask("POST", "/faults", {"lose_answer": {"method": "POST", "times": 1}})
    stack.adapter.ask("POST", "/fhir", response("lost", "ada", [2] * 8 + [0], "2026-11-07T10:00:00Z"))
    until("a lost answer", lambda: any(item["state"] == "unknown" for item in stack.outbox()), pause=0.01)
    stack.sim.stop()
    for number in range(4):
        for name in PATIENTS:
            stack.adapter.ask("POST", "/fhir", response(f"second-{name}-{number}", name, [number, 1, 1, 1, 1, 0, 0, 0, 0],
                                                        f"2026-11-1{number}T10:00:00Z"))
    stack.adapter.ask("POST", "/fhir", response("worry", "cleo", [1] * 9, "2026-11-15T10:00:00Z"))
    until("deliveries held up", lambda: sum(item["state"] == "retry-at" for item in stack.outbox()) >= 3)
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [
        {"resource": response(f"third-{name}-{number}", name, [number % 4, 0, 1, 0, 1, 0, 0, 1, 0], f"2026-11-16T10:{number:02d}:00Z"),
         "request": {"method": "POST", "url": "QuestionnaireResponse"}} for number in range(10) for name in PATIENTS]}
    stack.adapter.ask("POST", "/fhir", batch)
    stack.daemon.kill()


def keep(stack, to):
    store = sqlite3.connect(stack.folder / "store" / "bhi.db")
    version, = store.execute("SELECT max(version) FROM migration").fetchone()
    mark, = store.execute("PRAGMA application_id").fetchone()
    (to / f"schema-{version}.sql").write_text("\n".join([f"PRAGMA application_id = {mark};", *store.iterdump()]) + "\n")
    for table in ("inbox", "outbox"):
        print(table, dict(store.execute(f"SELECT state, count(*) FROM {table} GROUP BY state").fetchall()))
    store.close()

    stack.start_sim()  # it has kept what it held
    entries = []
    for kind in TYPES + ["DocumentReference", "Communication", "Flag", "Task"]:
        for resource in stack.ehr.entries(f"/{kind}?_count=200"):
            resource.pop("meta", None)
            entries.append({"resource": resource, "request": {"method": "PUT", "url": f"{kind}/{resource['id']}"}})
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    (to / f"schema-{version}.ehr.json").write_text(json.dumps(bundle, separators=(",", ":")) + "\n")
    print(f"kept schema {version}, {len(entries)} resources at the EHR")


def main():
    to = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    stack = Stack(samples=False, sim_state=True, types=TYPES)
    try:
        stack.start_sim()
        stack.start_daemon()
        work(stack)
        fill_queues(stack)
        keep(stack, to)
    finally:
        if stack.daemon is not None and not stack.daemon.alive():
            stack.daemon = None
        stack.stop()


if __name__ == "__main__":
    main()
