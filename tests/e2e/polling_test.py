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

    def test_an_ehr_that_refuses_a_count_it_never_declared_is_read_without(self):
        temporary = tempfile.TemporaryDirectory(prefix="bhi-cohort-")
        self.addCleanup(temporary.cleanup)
        cohort = pathlib.Path(temporary.name) / "cohort.txt"
        cohort.write_text("june-alder\n")
        stack = self.stack("eclinicalworks", f"    cohort: {{type: list, file: {cohort}}}\n    calls_per_minute: 200\n")
        self.enter(stack, plan("counted", "june-alder", "without a count"))
        until("the plan", lambda: "without a count" in self.titles(stack), timeout=60)

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

    # What a page must say, by profile; of the simulator's own tables, so that no captured statement is needed.
    PAGES = {
        "epic": [r"Patient +sweep +", r"CarePlan +sweep by patient +", r"no +Flag +Flag is not declared", r"-> +QuestionnaireResponse +QuestionnaireResponse create, Observation create",
                 r"no +CarePlan +CarePlan create is not declared by the EHR", r"say by `cohort`", r"cohort: \{type: list"],
        "oracle": [r"Observation +lastUpdated +", r"Goal +sweep by patient +", r"no +QuestionnaireResponse +QuestionnaireResponse create is not declared",
                   r"search by identifier: .*Observation.*; a lost answer is looked up by what was written", r"Say who looks at parked writes", r"say by `cohort`"],
        "athenahealth": [r"CarePlan +lastUpdated +", r"Questionnaire +sweep +", r"= lastUpdated .*no deletions", r"Care plan updates cannot be written here",
                         r"-> +QuestionnaireResponse +QuestionnaireResponse create; .*Observation create is not declared", r"about 60 s"],
        "eclinicalworks": [r"MedicationRequest +sweep by patient +", r"-> +QuestionnaireResponse +QuestionnaireResponse create", r"Safety events cannot be written", r"calls_per_minute: 250 "],
        "medplum": [r"CarePlan +lastUpdated +", r"-> +CarePlan +CarePlan update\n", r"To do\n  nothing\n"],
        "hapi": [r"CarePlan +lastUpdated +", r"-> +Flag +Flag create\n", r"To do\n  nothing\n"],
    }
    DOCTOR = {  # what each finds wrong: the number of things, and a word of it
        "epic": (1, "say by `cohort`"), "oracle": (1, "say by `cohort`"), "athenahealth": (1, "no way into this EHR and nobody on call"),
        "eclinicalworks": (2, "works, without _count"), "medplum": (0, "search of CarePlan"), "hapi": (0, "search of CarePlan"),
    }
    PARTS = ("Authorisation", "Server", "Reading", "How old the picture may be", "Writing", "To do", "To begin with")

    def ask_tools(self, arguments, *more):
        stack = Stack(types=TYPES, samples=False, sim_args=arguments)
        self.addCleanup(stack.stop)
        stack.start_sim()
        page = subprocess.run([BIN / "bhi", "capabilities", stack.ehr.base, *more], check=True, capture_output=True, text=True).stdout
        self.assertEqual([part for part in self.PARTS if part not in page], [], page)
        return stack, page

    def test_a_page_for_each_profile_says_what_to_do_and_begins_a_configuration(self):
        for profile, words in self.PAGES.items():
            with self.subTest(profile):
                stack, page = self.ask_tools(["--profile", profile], *(["--calls-per-minute", "250"] if profile == "eclinicalworks" else []))
                for word in words:
                    self.assertRegex(page, word)
                self.assertIn("auth.type is none", page)
                block = page[page.index("  - name: ehr"):]
                config = stack.folder / "begun.yaml"
                config.write_text(f"instance_id: test\nstore:\n  path: {stack.folder}/begun.db\nsources:\n{block}")
                checked = subprocess.run([BIN / "bhi-adapter", "--config", config, "--check"], capture_output=True, text=True)
                self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
                stack.stop()

    def test_the_doctor_on_each_profile(self):
        for profile, (wrong, word) in self.DOCTOR.items():
            with self.subTest(profile):
                stack, _ = self.ask_tools(["--profile", profile])
                config = stack.folder / "doctor.yaml"
                config.write_text(stack.config())
                doctor = subprocess.run([BIN / "bhi", "doctor", "--config", config], capture_output=True, text=True)
                self.assertEqual(doctor.stdout.count("  WRONG  "), wrong, doctor.stdout)
                self.assertEqual(doctor.returncode, 1 if wrong else 0, doctor.stderr)
                self.assertIn(word, doctor.stdout)
                self.assertIn("CapabilityStatement", doctor.stdout)
                stack.stop()

    def test_what_the_tools_say_of_captured_statements(self):
        for profile, captured in PROFILES.items():
            with self.subTest(profile):
                statement = FIXTURES / "capability_statements" / f"{captured}.json"
                if not statement.exists():
                    self.skipTest("capability_statements: not at hand")
                stack, page = self.ask_tools(["--profile", profile, "--statement", statement], "--calls-per-minute", "250", "--cohort")
                self.assertRegex(page, r"no +CarePlan +CarePlan create is not declared by the EHR")
                self.assertIn("sweep by patient", page)
                stack.stop()


if __name__ == "__main__":
    unittest.main()
