"""tools/interop/run against the simulator: the whole table, strict authorisation, other people's data, and what a killed run leaves."""
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

from stack import BIN, TOP, Client, Process, free_port, until

RUN = TOP / "tools" / "interop" / "run"
sys.path.insert(0, str(RUN.parent))

import care_model  # noqa: E402
from fhir_server import fixed_width  # noqa: E402

STEPS = ["capability", "authorisation", "remains of other runs", "load", "care model by bhi map", "daemon reads", "care model equals",
         "push: screenings, care plans", "what is at the server", "again: same requests", "again: killed and restarted",
         "again: with an empty store", "clean up"]
TYPES = ["Patient", "Observation", "CarePlan", "Flag", "QuestionnaireResponse", "Questionnaire", "Encounter", "Organization"]


class Interop(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="bhi-interop-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def ehr(self, *arguments):
        port = free_port()
        self.sim = Process("sim", [BIN / "bhi-ehr-sim", "--listen", f"127.0.0.1:{port}", *arguments], self.folder)
        self.addCleanup(self.sim.stop)
        self.base = f"http://127.0.0.1:{port}/fhir"
        self.control = Client(f"http://127.0.0.1:{port}/_sim")
        until("the simulator to answer", lambda: self.sim.alive() and self.control.get("/stats"), timeout=60)
        return Client(self.base)

    def command(self, *arguments):
        return [sys.executable, RUN, self.base, "--json", self.folder / "table.json", *arguments]

    def run_it(self, *arguments, code=0):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=400)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return {row["step"]: row for row in json.loads((self.folder / "table.json").read_text())["table"]}

    def held(self, client):
        return {resource_type: sorted(one["id"] for one in client.entries(f"/{resource_type}?_count=200")) for resource_type in TYPES}

    def guarded(self, client, *arguments):
        """An EHR that wants tokens: of `client`, and one for looking at it."""
        auth = self.folder / "auth.json"
        auth.write_text(json.dumps({"clients": [{"id": "look", "token": "let-me-look"}, {"id": "bhi", "scopes": "system/*.cruds", **client}],
                                    "token_secs": 60}))
        ehr = self.ehr("--auth", auth, *arguments)
        ehr.headers = {"Authorization": "Bearer let-me-look"}
        return ehr

    def test_a_run_from_loading_to_an_empty_server(self):
        ehr = self.ehr()
        table = self.run_it("--bundles", "1", "--timeout", "120")
        steps = [step for step in STEPS if step in table]
        self.assertEqual(steps, STEPS)
        self.assertEqual({table[step]["result"] for step in steps}, {"ok"})
        self.assertEqual(table["the server validates it"]["result"], "skipped")  # the simulator has no validator, and says so
        self.assertIn("the daemon asks for everything", table["load"]["figure"])
        self.assertIn("with our identifier (CarePlan, DocumentReference, Flag, Observation, QuestionnaireResponse), each once", table["what is at the server"]["figure"])
        self.assertTrue(all(not ids for ids in self.held(ehr).values()))

    def test_beside_other_data_only_what_is_tagged_is_read_and_removed(self):
        key = self.folder / "key.pem"
        subprocess.run([BIN / "bhi", "keys", "new", key, "--algorithm", "ES384"], check=True, stdout=subprocess.DEVNULL)
        public = json.loads(subprocess.run([BIN / "bhi", "keys", "show", key], check=True, capture_output=True, text=True).stdout)
        ehr = self.guarded({"jwks": public}, "--samples")
        before = self.held(ehr)
        versions = {plan["id"]: plan["meta"]["versionId"] for plan in ehr.entries("/CarePlan")}
        self.assertTrue(before["Patient"])
        table = self.run_it("--bundles", "0", "--client-id", "bhi", "--key-file", key, "--once", "--one-by-one", "--timeout", "120")
        self.assertIn("smart, good for", table["authorisation"]["figure"])
        self.assertIn("one by one; the daemon asks for tagged resources only", table["load"]["figure"])
        self.assertEqual(self.held(ehr), before)
        self.assertEqual({plan["id"]: plan["meta"]["versionId"] for plan in ehr.entries("/CarePlan")}, versions)

    def test_a_failed_check_is_told_and_leaves_nothing(self):
        secret = self.folder / "secret"
        secret.write_text("s&cret/1\n")
        secret.chmod(0o600)
        ehr = self.guarded({"secret": "s&cret/1"})
        self.control.ask("POST", "/faults", {"status": {"method": "POST", "type": "Flag", "code": 422, "times": 1000}})
        table = self.run_it("--bundles", "0", "--client-id", "bhi", "--secret-file", secret, "--timeout", "120", code=1)
        self.assertIn("client-secret-basic, good for", table["authorisation"]["figure"])
        failed = [row for row in table.values() if row["result"] == "FAILED"]
        self.assertEqual(len(failed), 1, table)
        self.assertEqual(failed[0]["step"], "what is at the server")
        self.assertIn("safety", failed[0]["figure"])
        self.assertEqual(table["clean up"]["result"], "ok")
        self.assertTrue(all(not ids for ids in self.held(ehr).values()))

    def test_what_a_killed_run_left_is_found_by_its_tag_and_removed(self):
        ehr = self.ehr("--samples")
        before = self.held(ehr)
        with open(self.folder / "run.log", "wb") as log:
            running = subprocess.Popen(self.command("--bundles", "0"), stdout=log, stderr=log)
        self.addCleanup(running.wait)
        until("a score written by its daemon", lambda: len(self.held(ehr)["Observation"]) >= len(before["Observation"]) + 3, timeout=120)
        running.send_signal(signal.SIGKILL)
        running.wait()
        self.assertGreater(len(self.held(ehr)["Patient"]), len(before["Patient"]))
        self.run_it("--clean")
        self.assertEqual(self.held(ehr), before)

    def test_a_server_that_is_not_there_and_fixtures_that_are_not_here(self):
        self.base = f"http://127.0.0.1:{free_port()}/fhir"
        with unittest.mock.patch.dict(os.environ, {"BHI_FIXTURES": str(self.folder / "none")}):
            table = self.run_it(code=1)
        self.assertEqual(table["capability"]["result"], "FAILED")
        self.assertEqual(table["Synthea bundles"]["result"], "skipped")

    def test_wrong_usage(self):
        self.base = "http://127.0.0.1:1/fhir"
        done = subprocess.run(self.command("--key-file", "key.pem"), capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--client-id", done.stderr)


# By which way plan, safety notice and screening go, as the table of rungs has it; what else stands in the charts.
PROFILES = {
    "epic": ["care-plan by DocumentReference", "safety by Communication", "screening-result by QuestionnaireResponse", "1 Communication"],
    "oracle": ["care-plan by DocumentReference", "safety by Communication", "screening-result by Observation"],
    "athenahealth": ["screening-result by QuestionnaireResponse", "no rung"],
    "eclinicalworks": ["screening-result by QuestionnaireResponse", "no rung"],
    "medplum": ["care-plan by CarePlan", "safety by Flag", "screening-result by QuestionnaireResponse"],
    "hapi": ["care-plan by CarePlan", "safety by Flag", "screening-result by QuestionnaireResponse"]}


class WriteBackAlone(unittest.TestCase):
    """tools/interop/run --patients: for patients that are there, by whatever way each profile leaves, nothing twice."""

    def run_on(self, profile, *more):
        with tempfile.TemporaryDirectory(prefix="bhi-interop-test-") as folder:
            port = free_port()
            sim = Process("sim", [BIN / "bhi-ehr-sim", "--listen", f"127.0.0.1:{port}", "--samples", "--profile", profile], pathlib.Path(folder))
            try:
                until("the simulator to answer", lambda: Client(f"http://127.0.0.1:{port}/_sim").get("/stats"), timeout=60)
                done = subprocess.run([sys.executable, RUN, f"http://127.0.0.1:{port}/fhir", "--patients", "june-alder,tess-cedar",
                                       "--json", f"{folder}/table.json", "--timeout", "240", *more], capture_output=True, text=True, timeout=500)
                self.assertEqual(done.returncode, 0, profile + "\n" + done.stdout + done.stderr)
                return {row["step"]: row for row in json.loads(pathlib.Path(f"{folder}/table.json").read_text())["table"]}
            finally:
                sim.stop()

    def test_on_six_profiles_each_artifact_goes_its_way_and_nothing_is_there_twice(self):
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for profile, table in zip(PROFILES, pool.map(self.run_on, PROFILES)):
                figure = table["what is at the server"]["figure"]
                print(f"{profile}: {figure}", file=sys.stderr)
                for wanted in PROFILES[profile]:
                    self.assertIn(wanted, figure, profile)
                self.assertIn("none more", table["again: killed and restarted"]["figure"])

    def test_where_every_first_answer_is_lost_nothing_is_there_twice(self):
        profiles = ["oracle", "athenahealth", "medplum"]  # without identifier search, and with
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for profile, table in zip(profiles, pool.map(lambda one: self.run_on(one, "--lose-answers"), profiles)):
                figure = table["what is at the server"]["figure"]
                print(f"{profile}: {figure}", file=sys.stderr)
                self.assertRegex(figure, "none twice.* answers were lost", profile)


class CareModel(unittest.TestCase):
    """What the comparison calls equal, and what it does not."""
    LOADED = {("Patient", "17"): "p", ("CarePlan", "18"): "c"}

    def sides(self):
        in_file = [{"kind": "Patient", "id": care_model.care_id("main", "Patient", "p"), "name": "A", "source": {"type": "Patient", "id": "p"}},
                   {"kind": "CarePlan", "id": care_model.care_id("main", "CarePlan", "c"), "title": "T", "goals": [{"reference": "Patient/p"}],
                    "patient": care_model.care_id("main", "Patient", "p"), "source": {"type": "CarePlan", "id": "c"}}]
        at_server = json.loads(json.dumps(in_file).replace('"id": "p"', '"id": "17"').replace('"id": "c"', '"id": "18"')
                               .replace("Patient/p", "Patient/17")
                               .replace(care_model.care_id("main", "Patient", "p"), care_model.care_id("main", "Patient", "17"))
                               .replace(care_model.care_id("main", "CarePlan", "c"), care_model.care_id("main", "CarePlan", "18")))
        at_server[1]["version"] = 3
        return in_file, at_server

    def test_ids_and_versions_make_no_difference(self):
        self.assertEqual(care_model.compare(*self.sides(), "main", self.LOADED)[::2], (2, []))

    def test_a_value_an_entity_and_a_wrong_patient_make_one(self):
        in_file, at_server = self.sides()
        at_server[1]["title"] = "other"
        self.assertEqual(care_model.compare(in_file, at_server, "main", self.LOADED)[2], ["CarePlan of CarePlan/c: title: differs"])
        in_file, at_server = self.sides()
        at_server[1]["patient"] = "a" * 26
        self.assertEqual(care_model.compare(in_file, at_server, "main", self.LOADED)[2], ["CarePlan of CarePlan/c: patient: differs"])
        self.assertEqual(care_model.compare(in_file, self.sides()[1][:1], "main", self.LOADED)[2],
                         ["missing in the daemon: CarePlan of CarePlan/c"])
        self.assertEqual(care_model.compare(in_file[:1], self.sides()[1], "main", self.LOADED)[2],
                         ["only in the daemon: CarePlan of CarePlan/c"])

    def test_signatures_have_a_fixed_width(self):
        der = bytes([0x30, 0x08, 0x02, 0x02, 0x00, 0xff, 0x02, 0x02, 0x01, 0x02])
        self.assertEqual(fixed_width(der), bytes(47) + b"\xff" + bytes(46) + b"\x01\x02")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    unittest.main()
