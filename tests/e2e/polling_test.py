"""EHRs that cannot be asked for news, over real sockets: the simulator as four vendors' interfaces, and what `bhi` says of them."""
import pathlib
import subprocess
import tempfile
import unittest

from stack import BIN, FIXTURES, Stack, until

TYPES = ["Patient", "Questionnaire", "CarePlan", "QuestionnaireResponse"]
PROFILES = {"epic": "epic", "oracle": "oracle_health", "athenahealth": "athenahealth", "eclinicalworks": "eclinicalworks"}


def plan(name, patient, title):
    return {"resourceType": "CarePlan", "id": name, "status": "active", "intent": "plan", "title": title,
            "subject": {"reference": f"Patient/{patient}"}}


class Polling(unittest.TestCase):
    def stack(self, profile, source="", **more):
        stack = Stack(types=TYPES, sim_args=["--profile", profile], source=source, **more)
        stack.__enter__()
        self.addCleanup(stack.stop)
        return stack

    def enter(self, stack, resource):
        answer = stack.control.ask("POST", "/load", resource)
        self.assertEqual(answer.status, 200, answer.text)

    def titles(self, stack):
        return sorted(plan.get("title", "") for patient in stack.patients() for plan in stack.of(patient, "plans"))

    def log(self, stack):
        return (stack.folder / "daemon.log").read_text()

    def test_a_cohort_is_swept_where_nothing_can_be_asked_by_change(self):
        temporary = tempfile.TemporaryDirectory(prefix="bhi-cohort-")
        self.addCleanup(temporary.cleanup)
        cohort = pathlib.Path(temporary.name) / "cohort.txt"
        cohort.write_text("# our patients\njune-alder\nPatient/marcus-birch\n")
        stack = self.stack("epic", f"    cohort: {{type: list, file: {cohort}}}\n")
        until("both patients and no other", lambda: len(stack.patients()) == 2, timeout=40)
        until("screenings", lambda: any(stack.of(patient, "screenings") for patient in stack.patients()), timeout=40)
        self.enter(stack, plan("swept", "june-alder", "first words"))
        until("an addition", lambda: "first words" in self.titles(stack), timeout=40)
        self.enter(stack, plan("swept", "june-alder", "second words"))
        until("an edit", lambda: "second words" in self.titles(stack), timeout=40)
        self.enter(stack, {"resourceType": "Bundle", "type": "transaction",
                           "entry": [{"request": {"method": "DELETE", "url": "CarePlan/swept"}}]})
        until("the removal, confirmed", lambda: [line for line in stack.control.get("/log?last=400")["log"]
                                                 if line["path"].endswith("CarePlan/swept") and line["status"] == 410], timeout=40)
        refused = [line for line in stack.control.get("/log?last=1000")["log"] if line["status"] in (400, 405, 429)]
        self.assertEqual(refused, [])  # what is not declared is not tried
        self.assertLess(stack.metric("bhi_staleness_seconds", type="CarePlan"), 60)
        cohort.write_text("june-alder\nmarcus-birch\ntess-cedar\n")
        until("the third patient", lambda: len(stack.patients()) == 3, timeout=40)

    def test_a_refused_search_of_a_whole_type_becomes_one_for_each_patient(self):
        stack = self.stack("oracle", samples=True)
        until("the refusal to be understood", lambda: "say by `cohort` which patients are of interest" in self.log(stack), timeout=40)
        self.assertEqual(stack.patients(), [])

    def test_windows_where_they_are_declared(self):
        stack = self.stack("athenahealth")
        until("patients", lambda: len(stack.patients()) >= 5, timeout=40)
        self.enter(stack, plan("new", "june-alder", "by window"))
        until("an addition", lambda: "by window" in self.titles(stack), timeout=40)
        self.assertIn('"type":"CarePlan","mode":"lastUpdated"', self.log(stack))

    def test_what_the_tools_say_of_each_profile(self):
        for profile, captured in PROFILES.items():
            with self.subTest(profile):
                statement = FIXTURES / "capability_statements" / f"{captured}.json"
                arguments = ["--profile", profile]
                if statement.exists():
                    arguments += ["--statement", statement]
                stack = Stack(types=TYPES, samples=False, sim_args=arguments)
                try:
                    stack.start_sim()
                    page = subprocess.run([BIN / "bhi", "capabilities", stack.ehr.base, "--calls-per-minute", "250", "--cohort"],
                                          check=True, capture_output=True, text=True).stdout
                    for part in ("Authorisation", "Reading", "How old the picture may be", "Writing", "To do"):
                        self.assertIn(part, page)
                    self.assertRegex(page, r"CarePlan +no: neither create nor update is declared")
                    self.assertIn("sweep by patient", page)
                    config = stack.folder / "doctor.yaml"
                    config.write_text(stack.config())
                    doctor = subprocess.run([BIN / "bhi", "doctor", "--config", config], capture_output=True, text=True)
                    self.assertIn("CapabilityStatement", doctor.stdout)
                    self.assertIn(doctor.returncode, (0, 1), doctor.stderr)
                finally:
                    stack.stop()


if __name__ == "__main__":
    unittest.main()
