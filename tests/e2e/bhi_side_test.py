"""The BHI side: what a care manager's application does, and what the EHR then holds."""
import datetime
import time
import unittest

from stack import Stack, until

PHQ9 = [2, 1, 2, 1, 1, 1, 1, 1, 0]


def yesterday():
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


class BhiSide(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        cls.stack.__enter__()
        until("the samples' plan", lambda: cls.plan_and_patient() and cls.stack.settled())

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__(None, None, None)

    @classmethod
    def plan_and_patient(cls):
        for patient in cls.stack.patients():
            for plan in cls.stack.of(patient, "plans"):
                if plan["behavioral"] and plan["status"] == "active":
                    return patient, plan
        return None

    def fresh_plan(self):
        patient, plan = self.plan_and_patient()
        path = f"/care/patients/{patient['id']}/plans/{plan['id']}"
        answer = self.stack.adapter.ask("GET", path)
        return patient, answer.json, path, answer.headers["ETag"]

    def ehr_plan(self, plan):
        return self.stack.ehr.get(f"/CarePlan/{plan['source']['id']}")

    def test_a_posted_phq9_becomes_a_response_and_a_score_linked_to_each_other(self):
        patient, _ = self.plan_and_patient()
        body = {"id": "visit-1", "instrument": "phq-9", "authored": yesterday(),
                "items": [{"n": n, "score": score} for n, score in enumerate(PHQ9, 1)]}
        path = f"/care/patients/{patient['id']}/screenings"
        made = self.stack.adapter.ask("POST", path, body)
        self.assertEqual(made.status, 201, made.text)
        self.assertEqual(made.json["total"], sum(PHQ9))
        value = f"screening-result/{made.json['id']}"
        until("the score at the EHR", lambda: value in self.stack.ours("Observation"))
        observation, = self.stack.ours("Observation")[value]
        self.assertEqual(observation["code"]["coding"][0]["code"], "44261-6")
        self.assertEqual(observation["valueQuantity"]["value"], sum(PHQ9))
        self.assertEqual(observation["category"][0]["coding"][0]["code"], "survey")
        response = self.stack.ehr.get("/" + observation["derivedFrom"][0]["reference"])
        self.assertEqual(response["resourceType"], "QuestionnaireResponse")
        self.assertIn(made.json["id"], response["identifier"]["value"])
        self.assertEqual(response["subject"], observation["subject"])
        self.assertEqual([item["answer"][0]["valueCoding"]["code"] for item in response["item"][:9]],
                         [["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"][score] for score in PHQ9])

        # The same request once more changes nothing, here or there.
        again = self.stack.adapter.ask("POST", path, body)
        self.assertEqual(again.json["id"], made.json["id"])
        polls = self.stack.control.get("/stats")
        until("three more polls", lambda: self.polls_since(polls) >= 3, timeout=30)
        self.assertEqual(len(self.stack.ours("Observation")[value]), 1)
        self.assertEqual(self.stack.ours("Observation")[value][0]["meta"]["versionId"], "1")
        mine = [screening for screening in self.stack.of(patient, "screenings") if screening["authored"] == body["authored"]]
        self.assertEqual(len(mine), 1)

    def polls_since(self, before):
        def count(stats):
            return sum(row["count"] for row in stats["requests"] if row["method"] == "GET" and row["type"] == "Observation")
        return count(self.stack.control.get("/stats")) - count(before)

    def test_a_plan_change_becomes_a_new_version_and_keeps_what_we_do_not_know(self):
        _, plan, path, etag = self.fresh_plan()
        before = self.ehr_plan(plan)
        activities = plan.get("activities", []) + [{"description": "Behavioural activation, week 1", "status": "not-started"}]
        changed = self.stack.adapter.ask("PATCH", path, {"activities": activities}, {"If-Match": etag})
        self.assertEqual(changed.status, 200, changed.text)
        after = until("the new version", lambda: self.newer(plan, before, "Behavioural activation"))
        for kept in before:
            if kept not in ("meta", "activity", "identifier", "text"):
                self.assertEqual(after.get(kept), before[kept], kept)
        self.assertEqual(after["activity"][:len(before["activity"])], before["activity"])

    def newer(self, plan, before, text):
        now = self.ehr_plan(plan)
        return now if now["meta"]["versionId"] != before["meta"]["versionId"] and text in str(now) else None

    def test_a_change_without_the_right_version_is_refused(self):
        _, _, path, _ = self.fresh_plan()
        self.assertEqual(self.stack.adapter.ask("PATCH", path, {"title": "x"}).status, 428)
        self.assertEqual(self.stack.adapter.ask("PATCH", path, {"title": "x"}, {"If-Match": 'W/"999"'}).status, 412)

    def test_an_edit_at_the_ehr_of_another_element_is_joined(self):
        _, plan, path, etag = self.fresh_plan()
        theirs = self.ehr_plan(plan)
        theirs["description"] = "Edited by the physician"
        version = theirs["meta"]["versionId"]
        written = self.stack.ehr.ask("PUT", f"/CarePlan/{theirs['id']}", theirs, {"If-Match": f'W/"{version}"'})
        self.assertEqual(written.status, 200, written.text)
        changed = self.stack.adapter.ask("PATCH", path, {"title": "Joined plan"}, {"If-Match": etag})
        if changed.status == 412:  # the poll was faster than we are
            _, plan, path, etag = self.fresh_plan()
            changed = self.stack.adapter.ask("PATCH", path, {"title": "Joined plan"}, {"If-Match": etag})
        self.assertEqual(changed.status, 200, changed.text)
        joined = until("both edits at the EHR", lambda: self.newer(plan, theirs, "Joined plan"))
        self.assertEqual(joined["description"], "Edited by the physician")
        until("both edits in the care model", lambda: self.fresh_plan()[1].get("description") == "Edited by the physician")

    def test_an_edit_at_the_ehr_of_the_same_element_is_not_overwritten(self):
        _, plan, path, etag = self.fresh_plan()
        theirs = dict(self.ehr_plan(plan), title="The physician's title")
        # Neither side sees the other: for a while the EHR answers no question about plans.
        self.stack.control.ask("POST", "/faults", {"status": {"code": 503, "method": "GET", "type": "CarePlan", "times": "always"}})
        written = self.stack.ehr.ask("PUT", f"/CarePlan/{theirs['id']}", theirs)
        self.assertEqual(written.status, 200, written.text)
        changed = self.stack.adapter.ask("PATCH", path, {"title": "Our title"}, {"If-Match": etag})
        self.assertEqual(changed.status, 200, changed.text)
        self.stack.control.ask("POST", "/reset", {})
        until("the conflict to be parked", lambda: any(
            item["state"] == "parked" and "title" in item["reason"] for item in self.stack.outbox()), timeout=60)
        self.assertEqual(self.ehr_plan(plan)["title"], "The physician's title")


if __name__ == "__main__":
    unittest.main()
