"""What surrounds a source: a drop folder under kills, people merged at the EHR, what records refer to, files by hand."""
import contextlib
import gzip
import json
import sqlite3
import subprocess
import unittest

from stack import BIN, Stack, until

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def patient(name, **more):
    return {"resourceType": "Patient", "id": name, "name": [{"text": f"Test {name}"}], **more}


def score(name, subject, value=11):
    return {"resourceType": "Observation", "id": name, "status": "final", "subject": {"reference": f"Patient/{subject}"},
            "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
            "effectiveDateTime": "2026-11-20T10:00:00Z", "valueInteger": value}


def named(stack, name):
    return next((one["id"] for one in stack.patients() if one.get("name") == f"Test {name}"), None)


class DropFolder(unittest.TestCase):
    def test_a_file_survives_kills_and_is_taken_once(self):
        stack = Stack(samples=False)
        drop = stack.folder / "drop"
        drop.mkdir()
        stack.source = f"    drop_folder: {drop}\n    drop_settle_secs: 1\n"
        with stack:
            count = 3000
            part = drop / "people.ndjson.gz.part"
            with gzip.open(part, "wt") as file:
                for i in range(count):
                    file.write(json.dumps(patient(f"p{i}")) + "\n")
            part.rename(drop / "people.ndjson.gz")

            def stored():
                text = stack.management.ask("GET", "/metrics").text
                lines = [line for line in text.splitlines() if line.startswith('bhi_stored_resources_total{channel="drop"')]
                return float(lines[0].split()[-1]) if lines else 0

            for _ in range(2):
                until("something of the file to be kept", lambda: stored() > 0, timeout=60, pause=0.005)
                stack.daemon.kill()
                stack.start_daemon()
            until("the file to be moved", lambda: (drop / "done" / "people.ndjson.gz").exists(), timeout=120)
            with contextlib.closing(sqlite3.connect(f"file:{stack.folder}/store/bhi.db?mode=ro", uri=True)) as store:
                rows = store.execute("SELECT count(*), count(DISTINCT id) FROM inbox WHERE channel = 'drop'").fetchone()
            self.assertEqual(rows, (count, count), "everybody once")
            status = [row for row in stack.adapter.get("/care/sources")["sources"] if "drop_folder" in row]
            self.assertEqual(status[0]["drop_folder"]["state"], "watching")
            self.assertNotIn("people", (stack.folder / "daemon.log").read_text(), "names of files stand in no log")


class Merges(unittest.TestCase):
    def test_records_follow_the_ehr(self):
        with Stack(samples=False, types=["Patient", "Observation"]) as stack:
            for one in (patient("old"), patient("new"), score("s1", "old")):
                stack.ehr.ask("PUT", f"/{one['resourceType']}/{one['id']}", one)
            old = until("the old one", lambda: named(stack, "old"))
            new = until("the new one", lambda: named(stack, "new"))
            until("the score", lambda: stack.of({"id": old}, "screenings"))
            stack.ehr.ask("PUT", "/Patient/old", patient("old", active=False, link=[
                {"other": {"reference": "Patient/new"}, "type": "replaced-by"}]))
            until("the merge", lambda: stack.adapter.get(f"/care/patients/{old}").get("replacedBy") == new)
            self.assertEqual(len(stack.of({"id": new}, "screenings")), 1)
            gone = stack.adapter.ask("GET", f"/care/patients/{old}/screenings")
            self.assertEqual((gone.status, gone.headers["Location"]), (301, f"/care/patients/{new}/screenings"))
            stack.ehr.ask("PUT", "/Observation/s2", score("s2", "old", 4))
            until("what came later", lambda: len(stack.of({"id": new}, "screenings")) == 2)


class References(unittest.TestCase):
    def test_a_medicine_that_is_not_polled_is_fetched(self):
        with Stack(samples=False, types=["Patient", "MedicationRequest"]) as stack:
            stack.ehr.ask("PUT", "/Medication/m1", {"resourceType": "Medication", "id": "m1", "code": {"coding": [
                {"system": RXNORM, "code": "312940", "display": "sertraline 50 MG Oral Tablet"}]}})
            stack.ehr.ask("PUT", "/Patient/p", patient("p"))
            stack.ehr.ask("PUT", "/MedicationRequest/r1", {
                "resourceType": "MedicationRequest", "id": "r1", "status": "active", "intent": "order",
                "subject": {"reference": "Patient/p"}, "medicationReference": {"reference": "Medication/m1"}})
            person = until("the patient", lambda: named(stack, "p"))
            until("the medicine's name", lambda: "sertraline" in json.dumps(stack.of({"id": person}, "medications")))


class Send(unittest.TestCase):
    def test_lines_and_packed_files_are_sent_like_documents(self):
        with Stack(samples=False, types=["Patient"]) as stack:
            lines = stack.folder / "people.ndjson.gz"
            with gzip.open(lines, "wt") as file:
                file.write(json.dumps(patient("a")) + "\n\nnonsense\n" + json.dumps(patient("b")) + "\n")
            single = stack.folder / "one.json"
            single.write_text(json.dumps(patient("c")))
            done = subprocess.run([BIN / "bhi", "send", "--to", stack.adapter.base, lines, single], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("line 3: not sent", done.stdout)
            self.assertIn("lines 1-4: 201 taken", done.stdout)
            self.assertIn("one.json: 201 taken", done.stdout)
            until("all three", lambda: len(stack.patients()) == 3)


if __name__ == "__main__":
    unittest.main()
