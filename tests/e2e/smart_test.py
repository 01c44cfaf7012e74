"""SMART Backend Services through the real daemon: a strict authorisation server that fetches our keys from the daemon itself."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from stack import BIN, Stack, until

TYPES = ["Patient", "Questionnaire", "QuestionnaireResponse", "Observation"]


class Smart(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="bhi-smart-")
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)

    def key(self, name, algorithm="ES384"):
        path = self.folder / f"{name}.pem"
        subprocess.run([BIN / "bhi", "keys", "new", path, "--algorithm", algorithm], check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        return path

    def stack(self, auth_yaml, client, **settings):
        stack = Stack(folder=tempfile.mkdtemp(prefix="stack-", dir=self.folder), types=TYPES, source=f"    auth: {{{auth_yaml}}}\n")
        auth = self.folder / "auth.json"
        client = {"id": "bhi", "scopes": "system/*.cruds", **client}
        if client.pop("by_url", False):
            client["jwks_url"] = f"http://127.0.0.1:{stack.port}/.well-known/jwks.json"
        auth.write_text(json.dumps({"clients": [{"id": "test", "token": "let-me-look"}, client], **settings}))
        stack.sim_args = ["--auth", auth]
        stack.ehr.headers = {"Authorization": "Bearer let-me-look"}
        stack.__enter__()
        self.addCleanup(stack.stop)
        return stack

    def auth(self, stack, **settings):
        answer = stack.control.ask("POST" if settings else "GET", "/auth", settings or None)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json

    def reasons(self, stack):
        return {one["reason"]: one["count"] for one in self.auth(stack)["refused"]}

    def scores(self, stack):
        return [value for value in stack.ours("Observation") if value.startswith("screening-result/")]

    def test_short_tokens_signed_by_a_key_that_the_ehr_fetches_from_us(self):
        for algorithm in ("RS384", "ES384"):
            with self.subTest(algorithm):
                key = self.key(algorithm, algorithm)
                stack = self.stack(f"type: smart, client_id: bhi, key_files: [{key}]", {"by_url": True}, token_secs=4)
                until("a score at the EHR", lambda: self.scores(stack), timeout=40)
                until("some renewals", lambda: self.auth(stack)["issued"] >= 4, timeout=40)
                shown = self.auth(stack)
                self.assertEqual(shown["expired_requests"], 0)
                self.assertEqual(shown["refused"], [])
                stack.daemon.kill()  # a restart does not repeat a jti
                stack.start_daemon()
                until("a token after the restart", lambda: self.auth(stack)["issued"] > shown["issued"])
                self.assertEqual(self.auth(stack)["refused"], [])
                stack.stop()

    def test_a_scope_that_is_not_granted_closes_its_lane_and_no_other(self):
        key = self.key("one")
        granted = "system/Patient.rs system/Questionnaire.rs system/QuestionnaireResponse.rs system/Observation.rs"
        stack = self.stack(f"type: smart, client_id: bhi, key_files: [{key}]", {"by_url": True}, grant=granted)
        until("screenings", lambda: any(stack.of(patient, "screenings") for patient in stack.patients()), timeout=40)
        item = until("a parked score", lambda: [item for item in stack.outbox() if item["artifact"] == "screening-result"
                                               and item["state"] == "parked" and "scope" in item["reason"]])[0]
        self.assertIn("Observation create: the scope system/Observation.write was not granted", item["reason"])
        self.assertEqual(self.scores(stack), [])
        self.assertNotIn("scope", self.reasons(stack))  # nothing was tried

    def test_keys_rotate_with_two_live_ones_while_the_daemon_runs(self):
        old, new = self.key("old"), self.key("new", "RS384")
        stack = self.stack(f"type: smart, client_id: bhi, key_files: [{old}, {new}]", {"by_url": True}, token_secs=4)
        answer = stack.adapter.ask("GET", "/.well-known/jwks.json")
        self.assertEqual(answer.status, 200)
        self.assertIn("max-age", answer.headers["Cache-Control"])
        self.assertEqual([key["kty"] for key in answer.json["keys"]], ["EC", "RSA"])
        for key in answer.json["keys"]:
            self.assertFalse({"d", "p", "q", "dp", "dq", "qi"} & set(key))
        until("a token", lambda: self.auth(stack)["issued"] >= 1)
        first, second = old.read_bytes(), new.read_bytes()
        for path, content in ((old, second), (new, first)):  # the other one signs now
            fresh = path.with_suffix(".fresh")
            fresh.write_bytes(content)
            fresh.chmod(0o600)
            os.replace(fresh, path)
        issued = self.auth(stack)["issued"]
        until("tokens by the other key", lambda: self.auth(stack)["issued"] >= issued + 2, timeout=40)
        self.assertEqual(self.auth(stack)["refused"], [])

    def test_a_clock_that_is_ten_minutes_off_is_reported_and_costs_one_attempt(self):
        key = self.key("one")
        stack = self.stack(f"type: smart, client_id: bhi, key_files: [{key}]", {"by_url": True}, skew_secs=600)
        until("patients", stack.patients, timeout=40)
        self.assertEqual(self.reasons(stack), {"exp: in the past": 1})
        self.assertRegex((stack.folder / "daemon.log").read_text(), r"its clock is (599|600) s ahead of ours")

    def test_client_secrets(self):
        secret = self.folder / "secret"
        secret.write_text("s&cret/1\n")
        secret.chmod(0o600)
        for kind in ("client-secret-basic", "client-secret-post"):
            with self.subTest(kind):
                stack = self.stack(f"type: {kind}, client_id: bhi, secret_file: {secret}", {"secret": "s&cret/1"})
                until("patients", stack.patients, timeout=40)
                self.assertEqual(self.auth(stack)["refused"], [])
                self.assertNotIn("s&cret", (stack.folder / "daemon.log").read_text())
                stack.stop()

    def test_an_ehr_that_refuses_fresh_tokens_is_left_alone(self):
        key = self.key("one")
        stack = self.stack(f"type: smart, client_id: bhi, key_files: [{key}]", {"by_url": True})
        until("patients", stack.patients, timeout=40)
        self.auth(stack, refuse=True)
        until("the EHR to be parked", lambda: "parked: the EHR answers 401" in (stack.folder / "daemon.log").read_text(), timeout=40)
        self.assertLessEqual(self.reasons(stack)["tokens are refused"], 4)

    def test_an_authorisation_server_that_is_down_for_a_while(self):
        key = self.key("one")
        stack = self.stack(f"type: smart, client_id: bhi, key_files: [{key}]", {"by_url": True}, discovery="statement")
        until("patients", stack.patients, timeout=40)
        self.auth(stack, revoke=True)
        stack.control.ask("POST", "/faults", {"status": {"type": "token", "code": 503, "times": 2}})
        issued = self.auth(stack)["issued"]
        until("a new token", lambda: self.auth(stack)["issued"] > issued, timeout=40)


if __name__ == "__main__":
    unittest.main()
