"""The main job: sample patients of the simulator flow in, scores, plan updates and safety flags flow back, and nothing echoes."""
import unittest

from stack import Stack, until


class Journey(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        cls.stack.__enter__()
        until("all that the samples bring", lambda: len(cls.all("screenings")) >= 5 and cls.stack.settled(), timeout=40)

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__(None, None, None)

    @classmethod
    def all(cls, what):
        return [entity for patient in cls.stack.patients() for entity in cls.stack.of(patient, what)]

    def scored(self, instrument):
        return [screening for screening in self.all("screenings") if screening["instrument"] == instrument and screening["items"]]

    def test_every_complete_response_gets_one_score_at_the_ehr(self):
        observations = self.stack.ours("Observation")
        for screening in self.scored("phq-9") + self.scored("gad-7"):
            if not screening["complete"]:
                continue
            copies = observations.get(f"screening-result/{screening['id']}", [])
            self.assertEqual(len(copies), 1, screening["instrument"])
            self.assertEqual(copies[0]["valueQuantity"]["value"], screening["total"])
            self.assertEqual(copies[0]["derivedFrom"][0]["reference"], f"QuestionnaireResponse/{screening['source']['id']}")

    def test_substance_use_scores_wait_for_consent(self):
        screening, = self.scored("audit-c")
        self.assertNotIn(f"screening-result/{screening['id']}", self.stack.ours("Observation"))
        item, = [item for item in self.stack.outbox() if item["care_id"] == screening["id"]]
        self.assertEqual(item["state"], "parked")
        self.assertIn("consent", item["reason"])

    def test_a_positive_self_harm_answer_is_a_safety_event_and_a_flag(self):
        event = next(event for event in self.all("safety") if event["level"] == "positive")
        self.assertEqual(event["state"], "open")
        flag, = self.stack.ours("Flag")[f"safety/{event['id']}"]
        self.assertEqual(flag["status"], "active")
        self.assertNotIn("44260", str(flag))

    def test_a_patient_with_several_screenings_has_them_in_the_order_of_time(self):
        several = [self.stack.of(patient, "screenings") for patient in self.stack.patients()]
        several = [[screening["authored"] for screening in found] for found in several if len(found) > 1]
        self.assertTrue(several)
        self.assertEqual(several, [sorted(found) for found in several])

    def test_a_stated_total_that_differs_is_kept_and_said(self):
        odd = [screening for screening in self.scored("phq-9") if screening.get("statedTotal") not in (None, screening["total"])]
        self.assertEqual(len(odd), 1)
        self.assertTrue(any("total" in issue["text"] for issue in odd[0]["issues"]))

    def test_the_plan_of_an_enrolled_patient_has_its_next_review_at_the_ehr(self):
        plan = next(plan for plan in self.all("plans") if plan["behavioral"])
        self.assertTrue(plan.get("reviewDate"))
        held = self.stack.ehr.get(f"/CarePlan/{plan['source']['id']}")
        self.assertIn(plan["reviewDate"], str(held["activity"]))
        history = self.stack.ehr.get(f"/CarePlan/{plan['source']['id']}/_history")
        self.assertEqual(len(history["entry"]), 2, "the version that was there, and one of ours")

    def test_three_polls_later_nothing_has_echoed(self):
        before = self.counts()
        stats = self.stack.control.get("/stats")
        until("three more polls", lambda: self.polls() - self.polls(stats) >= 3, timeout=30)
        self.assertEqual(self.counts(), before)

    def polls(self, stats=None):
        stats = stats or self.stack.control.get("/stats")
        return sum(row["count"] for row in stats["requests"] if row["method"] == "GET" and row["type"] == "QuestionnaireResponse")

    def counts(self):
        versions = {value: [resource["meta"]["versionId"] for resource in resources]
                    for resource_type in ("Observation", "Flag", "CarePlan", "QuestionnaireResponse")
                    for value, resources in self.stack.ours(resource_type).items()}
        return versions, len(self.all("screenings")), len(self.all("plans")), len(self.all("safety")), len(self.stack.outbox())


if __name__ == "__main__":
    unittest.main()
