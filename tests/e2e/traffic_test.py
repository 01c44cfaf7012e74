"""An EHR that is down, that wants its quiet, or that asks who we are: circuit breaker, quiet hours and TLS through the real daemon."""
import datetime
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import unittest

from stack import BIN, Stack, until

TYPES = ["Patient", "Questionnaire", "QuestionnaireResponse", "Observation"]


def patient(name):
    return {"resourceType": "Patient", "id": name, "name": [{"text": name}]}


def source_of(stack):
    return stack.adapter.get("/care/sources")["sources"][0]


def requests(stack):
    return sum(row["count"] for row in stack.control.get("/stats")["requests"])


class Traffic(unittest.TestCase):
    def stack(self, **more):
        stack = Stack(**more)
        stack.__enter__()
        self.addCleanup(stack.stop)
        return stack

    def test_the_circuit_opens_for_an_ehr_that_is_down_and_closes_when_it_is_back(self):
        stack = self.stack(samples=False, types=["Patient", "Condition", "Goal", "CarePlan", "Observation"])
        stack.control.ask("POST", "/load", patient("before"))
        until("the first patient", lambda: len(stack.patients()) == 1, timeout=40)
        self.assertEqual(source_of(stack)["circuit"], "closed")
        self.assertEqual(stack.control.ask("POST", "/faults", {"status": {"code": 503, "times": "always"}}).status, 200)
        seen = until("an open circuit", lambda: (lambda one: one["circuit"] == "open" and one)(source_of(stack)), timeout=120)
        self.assertIn("the circuit is open", seen["not_asked_because"])
        self.assertEqual(stack.metric("bhi_ehr_circuit", source="main"), 2)
        counted = requests(stack)
        again = source_of(stack)
        if again["circuit"] == "open" and again["asked_again"] == seen["asked_again"]:  # one and the same pause
            self.assertEqual(requests(stack), counted)
        self.assertEqual(stack.control.ask("POST", "/reset").status, 200)
        stack.control.ask("POST", "/load", patient("after"))
        until("the second patient", lambda: len(stack.patients()) == 2, timeout=120)
        until("a closed circuit", lambda: source_of(stack)["circuit"] == "closed", timeout=60)

    def test_quiet_hours_hold_all_but_what_is_urgent(self):
        stack = self.stack(types=TYPES)
        safety = lambda: stack.ours("Flag")
        scores = lambda: {value for value in stack.ours("Observation") if value.startswith("screening-result/")}
        until("the samples, all four scores", lambda: len(scores()) == 4 and safety() and stack.settled(), timeout=60)
        known_flags, known_scores = len(safety()), len(scores())
        now = datetime.datetime.now(datetime.timezone.utc)
        quiet = "-".join((now + datetime.timedelta(hours=by)).strftime("%H:%M") for by in (-2, 3))
        stack.daemon.stop()
        stack.source = f"    quiet_hours: {quiet}\n"
        stack.start_daemon()
        until("quiet", lambda: source_of(stack)["not_asked_because"] == "quiet hours", timeout=40)
        before = stack.control.get("/stats")["requests"]

        response = next(one for one in stack.ehr.entries("/QuestionnaireResponse?patient=tess-cedar"))
        response = {**response, "id": "at-night", "authored": now.isoformat(timespec="seconds")}
        response.pop("meta", None)
        answer = stack.adapter.ask("POST", "/fhir/QuestionnaireResponse", response)
        self.assertEqual(answer.status, 201, answer.text)
        until("the safety flag", lambda: len(safety()) > known_flags, timeout=60)
        self.assertEqual(len(scores()), known_scores)
        waiting = [item for item in stack.outbox() if item["artifact"] == "screening-result" and item["state"] == "planned"]
        self.assertEqual(len(waiting), 1)
        counted = lambda rows: sum(row["count"] for row in rows if row["method"] == "GET" and row["type"] == "Patient")
        self.assertEqual(counted(stack.control.get("/stats")["requests"]), counted(before))  # nothing was polled

        stack.daemon.stop()
        stack.source = ""
        stack.start_daemon()
        until("the score", lambda: len(scores()) > known_scores, timeout=60)


@unittest.skipUnless(shutil.which("openssl"), "tls: no openssl program at hand")
class MutualTls(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="bhi-tls-")
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test-authority",
                     "-keyout", "ca.key", "-out", "ca.crt")
        for name, host in (("server", "localhost"), ("client", "bhi")):
            (self.folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}")
            self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                         "-extfile", f"{name}.ext", "-out", f"{name}.crt")
            (self.folder / f"{name}.key").chmod(0o600)

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def stack(self, tls_yaml):
        context = ssl.create_default_context(cafile=self.folder / "ca.crt")
        context.load_cert_chain(self.folder / "client.crt", self.folder / "client.key")
        stack = Stack(types=["Patient"], tls=context, source=f"    tls: {{{tls_yaml}}}\n",
                      sim_args=["--tls-cert", self.folder / "server.crt", "--tls-key", self.folder / "server.key",
                                "--tls-client-ca", self.folder / "ca.crt"])
        stack.__enter__()
        self.addCleanup(stack.stop)
        return stack

    def test_patients_come_over_mutual_tls(self):
        stack = self.stack(f"ca_file: {self.folder}/ca.crt, cert_file: {self.folder}/client.crt, key_file: {self.folder}/client.key")
        until("patients", lambda: len(stack.patients()) >= 5, timeout=60)

    def test_capabilities_are_shown_over_mutual_tls(self):
        stack = self.stack(f"ca_file: {self.folder}/ca.crt, cert_file: {self.folder}/client.crt, key_file: {self.folder}/client.key")
        words = ["--ca-file", self.folder / "ca.crt", "--cert-file", self.folder / "client.crt", "--key-file", self.folder / "client.key"]
        page = subprocess.run([BIN / "bhi", "capabilities", f"{stack.sim_url}/fhir", *words],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(page.returncode, 0, page.stderr)
        self.assertIn(f"tls: {{ca_file: {self.folder}/ca.crt, cert_file: {self.folder}/client.crt", page.stdout)

    def test_without_our_certificate_or_their_authority_nothing_is_read_and_the_log_says_why(self):
        for yaml in (f"ca_file: {self.folder}/ca.crt",
                     f"cert_file: {self.folder}/client.crt, key_file: {self.folder}/client.key"):
            with self.subTest(yaml.split(":")[0]):
                stack = self.stack(yaml)
                log = stack.folder / "daemon.log"
                until("a word of it", lambda: '"connection fails"' in log.read_text(), timeout=60)
                self.assertRegex(log.read_text().lower(), "ssl|certificate|tls")
                self.assertEqual(stack.patients(), [])
                stack.stop()


if __name__ == "__main__":
    unittest.main()
