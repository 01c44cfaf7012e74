"""The audit trail outside of the store: AuditEvents whose chain of hashes anybody can check, and the hash that the log keeps."""
import hashlib
import json
import subprocess
import unittest

from stack import BIN, Stack, until


def part(text):
    text = text.encode()
    return str(len(text)).encode() + b":" + text


def details(event):
    record = next(entity for entity in event["entity"] if entity["type"]["code"] == "audit-record")
    return {one["type"]: one["valueString"] for one in record["detail"]}


def linked(former, row):
    return hashlib.sha256(b"".join(part(text) for text in (
        former, row["seq"], row["at"], row.get("action", ""), row.get("actor", ""), row.get("subject", ""),
        row.get("outcome", "")))).hexdigest()


class AuditTrail(unittest.TestCase):
    def bhi(self, *words, expect=0):
        done = subprocess.run([BIN / "bhi", "audit", *words], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_the_exported_trail_is_whole_names_its_patients_and_no_names(self):
        with Stack() as stack:
            until("writes at the EHR", lambda: stack.ours("Observation") and stack.settled(), timeout=60)
            patient = stack.patients()[0]
            stack.of(patient, "screenings")
            store = stack.folder / "store" / "bhi.db"
            first = stack.adapter.get("/admin/audit?limit=2")
            self.assertEqual((first["resourceType"], first["type"], len(first["entry"])), ("Bundle", "searchset", 2))
            self.assertIn("/admin/audit?limit=2&after=2", first["link"][0]["url"])
            self.assertEqual(stack.adapter.ask("GET", "/admin/audit?after=x").status, 400)

            events = [json.loads(line) for line in self.bhi("export", "--url", stack.adapter.base).splitlines()]
            self.assertGreater(len(events), 20)
            former = ""
            for number, event in enumerate(events, 1):
                row = details(event)
                self.assertEqual((event["resourceType"], row["seq"]), ("AuditEvent", str(number)))
                former = linked(former, row)
                self.assertEqual(former, row["hash"], f"record {number}")
            profiles = {event["meta"]["profile"][0].rsplit(".", 1)[-1] for event in events if "meta" in event}
            self.assertLessEqual({"Query", "PatientRead", "Source"}, profiles)
            sends = [event for event in events if details(event)["action"] == "send"]
            self.assertEqual(len(sends), sum(item["attempts"] for item in stack.outbox()))
            for event in sends:
                about = next(entity for entity in event["entity"] if entity["type"]["code"] == "1")
                self.assertTrue(about["what"]["reference"].startswith(stack.ehr.base + "/Patient/"), about)
            text = json.dumps(events)
            for name in {word for one in stack.patients() for word in one["name"].split() if len(word) > 3}:
                self.assertNotIn(name, text)

            said = self.bhi("verify", str(store))  # beside the running daemon
            self.assertIn("whole", said)
            seq, hash_ = said.split("last: ")[1].split()[0].split(":")
            self.assertIn("through the hash", self.bhi("verify", str(store), "--hash", f"{seq}:{hash_}"))
            self.assertIn("was rewritten", self.bhi("verify", str(store), "--hash", f"2:{hash_}", expect=1))
            stack.daemon.stop()
            log = [json.loads(line) for line in (stack.folder / "daemon.log").read_text().splitlines() if line.startswith("{")]
            seals = [line for line in log if line["event"] == "audit trail sealed"]
            self.assertEqual(seals[-1]["when"], "stop")
            self.bhi("verify", str(store), "--hash", f"{seals[-1]['seq']}:{seals[-1]['hash']}")
            stack.daemon = None

    def test_every_version_that_was_written_has_one_provenance_through_lost_answers(self):
        stack = Stack(source="    writing:\n      provenance: true\n")
        stack.start_sim()
        lost = {"lose_answer": {"method": "POST", "type": "Provenance", "times": 2}}
        self.assertEqual(stack.control.ask("POST", "/faults", lost).status, 200)
        stack.start_daemon()
        self.addCleanup(stack.stop)
        until("writes at the EHR", lambda: stack.ours("Observation") and stack.settled(), timeout=60)

        def targets():
            return [one["target"][0]["reference"] for one in stack.ehr.entries("/Provenance?_count=200")]

        def told():  # by the adapter itself, without the EHR
            found = []
            for item in stack.outbox():
                bundle = stack.adapter.get(f"/care/outbox/{item['seq']}/provenance")
                found += [entry["resource"]["target"][0]["reference"] for entry in bundle.get("entry", [])]
            return sorted(set(found))

        expected = until("the writes", told)

        def looked_up():
            events = [json.loads(line) for line in self.bhi("export", "--url", stack.adapter.base).splitlines()]
            return [event for event in events if event["outcomeDesc"].startswith("ok, found of")]

        until("the two whose answers were lost to be found", lambda: len(looked_up()) == 2, timeout=120, pause=1)
        until("a Provenance of each", lambda: sorted(targets()) == told(), timeout=120)
        self.assertEqual(len(targets()), len(set(targets())))
        self.assertGreater(len(expected), 3)
        self.assertEqual(stack.adapter.ask("GET", "/care/outbox/9999/provenance").status, 404)


if __name__ == "__main__":
    unittest.main()
