"""A site that opted in to discrete parts: a plan's activities, problems and goals at the EHR, each once, followed and closed, and no echo of them."""
import unittest

from stack import Stack, until

TYPES = ["Patient", "EpisodeOfCare", "Condition", "Goal", "CarePlan", "ServiceRequest", "Observation"]
SOURCE = """    writing:
      parts: true
      care_plan: [parts]
"""


class Parts(unittest.TestCase):
    def statuses(self, resource_type, element="status"):
        """Of the parts of our plan, by what they say; parts that the rules of the care model put into plans are coded, and left out."""
        found = {}
        for value, resources in self.stack.ours(resource_type).items():
            if value.split("/")[1].startswith(self.plan + "."):
                self.assertEqual(len(resources), 1, value)
                said = resources[0].get("description") or resources[0]["code"]
                if resource_type != "ServiceRequest" or "coding" not in said:
                    found[said["text"]] = resources[0].get(element)
        return found

    def test_a_plan_goes_as_its_parts_and_they_end_with_it(self):
        self.stack = Stack(types=TYPES, source=SOURCE)
        self.addCleanup(self.stack.stop)
        self.stack.__enter__()
        until("patients", lambda: self.stack.patients() and self.stack.settled(), timeout=60)
        patient = self.stack.patients()[0]
        before = len(self.stack.ehr.entries("/CarePlan?_count=200"))
        plan = {"id": "in-parts", "title": "In parts", "status": "active", "intent": "plan", "notes": ["Prefers mornings."],
                "problems": [{"text": "Low mood", "codes": [{"system": "http://snomed.info/sct", "code": "366979004"}]}],
                "goals": [{"description": "PHQ-9 below 10", "status": "active", "targets": [{"measure": "44261-6", "text": "< 10"}]}],
                "activities": [{"description": "Call every two weeks", "status": "in-progress"}, {"description": "Sleep diary", "status": "not-started"}]}
        made = self.stack.adapter.ask("POST", f"/care/patients/{patient['id']}/plans", plan)
        self.assertEqual(made.status, 201, made.text)
        self.plan = made.json["id"]
        path = f"/care/patients/{patient['id']}/plans/{made.json['id']}"
        until("the parts", lambda: self.statuses("Goal") and self.stack.settled(), timeout=60)
        self.assertEqual(self.statuses("ServiceRequest"), {"Call every two weeks": "active", "Sleep diary": "active"})
        self.assertEqual(self.statuses("Goal", "lifecycleStatus"), {"PHQ-9 below 10": "active"})
        self.assertEqual(list(self.statuses("Condition")), ["Low mood"])
        item = next(one for one in self.stack.outbox() if one["care_id"] == made.json["id"])
        self.assertEqual(item["rung"], "parts")
        self.assertIn("not told in parts: notes", item["reason"])
        # In another order, one of them done, one new.
        now = self.stack.adapter.ask("GET", path)
        changed = [{"description": "Sleep diary", "status": "completed"}, {"description": "Walk daily", "status": "not-started"},
                   {"description": "Call every two weeks", "status": "in-progress"}]
        patched = self.stack.adapter.ask("PATCH", path, {"activities": changed}, {"If-Match": now.headers["ETag"]})
        self.assertEqual(patched.status, 200, patched.text)
        until("the change", lambda: self.statuses("ServiceRequest") == {
            "Call every two weeks": "active", "Sleep diary": "completed", "Walk daily": "active"}, timeout=60)
        now = self.stack.adapter.ask("GET", path)
        patched = self.stack.adapter.ask("PATCH", path, {"status": "revoked"}, {"If-Match": now.headers["ETag"]})
        self.assertEqual(patched.status, 200, patched.text)
        until("the end", lambda: self.statuses("ServiceRequest") == {
            "Call every two weeks": "revoked", "Sleep diary": "completed", "Walk daily": "revoked"} and self.stack.settled(), timeout=60)
        self.assertEqual(self.statuses("Goal", "lifecycleStatus"), {"PHQ-9 below 10": "cancelled"})
        # They came back by polling all the while: no referral, no second plan, nothing written anew.
        self.assertEqual(self.stack.of(patient, "referrals"), [])
        self.assertEqual(len([one for one in self.stack.of(patient, "plans") if one["title"] == "In parts"]), 1)
        self.assertEqual(len(self.stack.ehr.entries("/CarePlan?_count=200")), before)
        refused = [one for one in self.stack.control.get("/stats")["requests"] if one["method"] in ("POST", "PUT") and one["status"] >= 400]
        self.assertEqual(refused, [])


if __name__ == "__main__":
    unittest.main()
