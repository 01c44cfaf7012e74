"""Open FHIR servers as the simulator plays them (medplum, hapi): the whole journey, and nothing missed while clocks, commits and pages misbehave."""
import unittest

from stack import Stack, until

TYPES = ["Patient", "Questionnaire", "Condition", "Goal", "CarePlan", "MedicationRequest", "QuestionnaireResponse", "Observation"]


def patient(name, word="one"):
    return {"resourceType": "Patient", "id": name, "name": [{"text": f"{name} {word}"}]}


class OpenServers(unittest.TestCase):
    profile = "medplum"

    def stack(self, **more):
        stack = Stack(sim_args=["--profile", self.profile], **more)
        stack.__enter__()
        self.addCleanup(stack.stop)
        stack.ehr.headers["Cache-Control"] = "no-cache"  # what was found for the same question a moment ago is no answer here
        return stack

    def control(self, stack, path, **settings):
        answer = stack.control.ask("POST", path, settings)
        self.assertEqual(answer.status, 200, answer.text)

    def load(self, stack, resource, late=0):
        answer = stack.control.ask("POST", f"/load?late_secs={late}", resource)
        self.assertEqual(answer.status, 200, answer.text)

    def names(self, stack):
        return {found["name"] for found in stack.patients()}

    def see(self, stack, *names):
        until(f"{names}", lambda: set(names) <= self.names(stack), timeout=60)

    def test_scores_arrive_once_and_nothing_echoes(self):
        stack = self.stack(types=TYPES)
        scores = lambda: {value: copies for value, copies in stack.ours("Observation").items() if value.startswith("screening-result/")}
        until("scores at the EHR", lambda: len(scores()) >= 2 and stack.settled(), timeout=60)
        asked = lambda: sum(row["count"] for row in stack.control.get("/stats")["requests"]
                            if row["method"] == "GET" and row["type"] == "QuestionnaireResponse")
        before, versions = asked(), scores()
        until("three more polls", lambda: asked() >= before + 3, timeout=60)
        self.assertEqual(scores(), versions)
        self.assertTrue(all(len(copies) == 1 for copies in versions.values()))

    def test_nothing_is_missed(self):
        stack = self.stack(types=["Patient"], samples=False, source="    page_size: 7\n")
        self.control(stack, "/clock", stamp_skew_secs=[-10, 10], date_skew_secs=10)
        first = [f"p{number}" for number in range(60)]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient(name)} for name in first]}
        self.load(stack, bundle)  # all of one moment, over nine pages
        self.see(stack, *(f"{name} one" for name in first))

        self.load(stack, patient("late"), late=120)
        self.control(stack, "/clock", advance_secs=60)
        self.load(stack, patient("between"))
        self.see(stack, "between one")
        self.assertNotIn("late one", self.names(stack))
        self.control(stack, "/clock", advance_secs=60)
        self.see(stack, "late one")

        self.control(stack, "/clock", advance_secs=-400)  # a step back of the server's clock
        self.load(stack, patient("p3", "two"))  # with an earlier time than the version before
        self.load(stack, patient("stepped"))
        self.see(stack, "p3 two", "stepped one")

        # The simulator's tests have every fault; here those that meet the real connection.
        for number, fault in enumerate([{"expire_next": {}}, {"forge_next": {}}, {"html": {}}, {"cut": {"at": 50, "type": "Patient"}},
                                        {"status": {"code": 429, "rate_limit": 1}}]):
            many = [f"f{number}-{which}" for which in range(12)]
            self.control(stack, "/faults", **fault)
            self.load(stack, {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient(one)} for one in many]})
            self.see(stack, *(f"{one} one" for one in many))
        self.control(stack, "/reset")  # what struck nobody
        self.assertEqual(len(self.names(stack)), len(stack.ehr.entries("/Patient?_count=100")))


class Hapi(OpenServers):
    profile = "hapi"


if __name__ == "__main__":
    unittest.main()
