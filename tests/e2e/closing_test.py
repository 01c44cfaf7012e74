"""What is over here is over at the EHR: the plan of a treatment that ended, the flag of a safety event that somebody took care of."""
import datetime
import unittest

from stack import Stack, until


def at(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Closing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        cls.stack.__enter__()
        until("the samples at rest", lambda: cls.stack.ours("Flag") and cls.stack.ours("Observation") and cls.stack.settled(), timeout=60)

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__(None, None, None)

    def act(self, patient, name, act, when, **more):
        body = {"id": name, "episode": "our-episode", "act": act, "at": when, **more}
        answer = self.stack.adapter.ask("POST", f"/care/patients/{patient['id']}/acts", body)
        self.assertEqual(answer.status, 201, answer.text)

    def test_the_plan_of_an_ended_treatment_is_completed_at_the_ehr_and_goes_on_when_the_end_was_a_mistake(self):
        patient = self.stack.patients()[0]
        made = self.stack.adapter.ask("POST", f"/care/patients/{patient['id']}/plans",
                                      {"id": "closing-plan", "title": "Ends with the treatment", "status": "active", "start": at(-30)[:10]})
        self.assertEqual(made.status, 201, made.text)
        value = f"care-plan/{made.json['id']}"
        status = lambda: [plan["status"] for plan in self.stack.ours("CarePlan").get(value, [])]
        self.act(patient, "enrolled", "enrol", at(-31))
        self.act(patient, "begun", "start-treatment", at(-30))
        until("the plan at the EHR", lambda: status() == ["active"], timeout=60)
        self.act(patient, "ended", "complete", at(-1))
        until("the completed plan at the EHR", lambda: status() == ["completed"], timeout=60)
        self.act(patient, "mistake", "undo", at(0), undoes="ended")
        until("the plan to go on at the EHR", lambda: status() == ["active"], timeout=60)
        self.assertEqual(len(self.stack.ours("CarePlan")[value]), 1)

    def test_the_flag_of_an_acknowledged_safety_event_becomes_inactive(self):
        flags = self.stack.ours("Flag")
        event = next(one for one in self.stack.adapter.get("/care/safety")["safety"] if f"safety/{one['id']}" in flags)
        value = f"safety/{event['id']}"
        self.assertEqual([flag["status"] for flag in flags[value]], ["active"])
        answer = self.stack.adapter.ask("POST", f"/care/safety/{event['id']}/acknowledge")
        self.assertEqual(answer.status, 200, answer.text)
        until("the inactive flag", lambda: [flag["status"] for flag in self.stack.ours("Flag")[value]] == ["inactive"], timeout=60)


if __name__ == "__main__":
    unittest.main()
