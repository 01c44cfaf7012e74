"""Hostile inputs over HTTP against the running daemon: each is refused, quarantined or kept as its manifest says, the daemon
lives, its neighbours are untouched, nothing of a person shows in logs or error bodies, and every refusal is on record."""
import hashlib
import json
import os
import pathlib
import socket
import sqlite3
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from stack import BIN, FIXTURES, Client, Process, free_port, until  # noqa: E402

HOSTILE = FIXTURES / "hostile"
HOOK_SECRET = "agreed-with-the-fake-ehr-1"
TOKENS = {"ehr": "ehr-token-of-the-test", "bhi-app": "app-token-of-the-test", "operator": "operator-token-of-the-test"}
NOT_BUILT = {
    "pull": "the EHR's side: tests/ehr",
    "bulk": "the EHR's side: tests/ehr/bulk_hostile_test.cpp",
    "manifest": "the EHR's side: tests/ehr/bulk_hostile_test.cpp",
    "token": "no token endpoint is asked in this build",
}


# A sanitized daemon keeps what it freed for a while, which is not memory that hostile input costs.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"


def cases():
    manifest = HOSTILE / "manifest.json"
    return json.loads(manifest.read_text())["cases"] if manifest.exists() else []


class Daemon:
    """A daemon with tokens and one source that only sends."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="bhi-hostile-")
        self.folder = pathlib.Path(self.temporary.name)
        self.port, self.management_port = free_port(), free_port()
        tokens = "".join(f"  - {{name: {role}, role: {role}, hash: {hashlib.sha256(token.encode()).hexdigest()}}}\n"
                         for role, token in TOKENS.items())
        secret = self.folder / "hook-secret"
        secret.write_text(HOOK_SECRET)
        secret.chmod(0o600)
        hook = (f"{{name: good, kind: backport, topic: 'http://example.org/topic/obs', types: [Observation], manage: false, id: good, "
                f"secret_file: {secret}}}")
        config = self.folder / "bhi-adapter.yaml"
        config.write_text(f"instance_id: test\nlisten: 127.0.0.1:{self.port}\nmanagement: 127.0.0.1:{self.management_port}\n"
                          f"store: {{path: {self.folder}/store/bhi.db}}\nsources: [{{name: main, subscriptions: [{hook}]}}]\nlog: {{level: debug}}\n"
                          f"tokens:\n{tokens}")
        self.process = Process("daemon", [BIN / "bhi-adapter", "--config", config], self.folder)
        self.api = Client(f"http://127.0.0.1:{self.port}")
        self.management = Client(f"http://127.0.0.1:{self.management_port}")
        until("the daemon to be ready", lambda: self.process.alive() and self.management.ask("GET", "/readyz").status == 200)

    def ask(self, method, path, body=None, headers=None, role="ehr"):
        return self.api.ask(method, path, body, {"Authorization": f"Bearer {TOKENS[role]}", **(headers or {})})

    def raw(self, data):
        """Bytes as they are, with the token put into the head; everything that comes back."""
        first, rest = data.split(b"\r\n", 1)
        data = first + b"\r\nAuthorization: Bearer " + TOKENS["ehr"].encode() + b"\r\n" + rest
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        return answer

    def log(self):
        return (self.folder / "daemon.log").read_text(errors="replace")

    def rss_mib(self):
        status = pathlib.Path(f"/proc/{self.process.handle.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024

    def quarantined(self):
        rows = json.loads(self.ask("GET", "/care/quarantine?limit=500", role="operator").text)["quarantine"]
        return {row["seq"] for row in rows}

    def refusals_on_record(self):
        with sqlite3.connect(f"file:{self.folder}/store/bhi.db?mode=ro", uri=True) as database:
            return database.execute("select count(*) from audit where action = 'refuse'").fetchone()[0]

    def worked_off(self):
        text = self.management.ask("GET", "/metrics").text
        return 'bhi_inbox_items{state="pending"} 0\n' in text

    def stop(self):
        code = self.process.stop()
        self.temporary.cleanup()
        return code


@unittest.skipUnless(HOSTILE.exists(), "hostile inputs: set BHI_FIXTURES to the folder that holds hostile/")
class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()
        for resource in ({"resourceType": "Patient", "id": "known-1", "gender": "female"},
                         {"resourceType": "Patient", "id": "known-2", "gender": "male"},
                         {"resourceType": "Patient", "id": "known-9", "gender": "male"},
                         {"resourceType": "Observation", "id": "known-o1", "status": "final",
                          "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
                          "subject": {"reference": "Patient/known-1"}, "valueInteger": 7}):
            answer = cls.daemon.ask("POST", f"/fhir/{resource['resourceType']}", resource, {"Content-Type": "application/fhir+json"})
            assert answer.status == 201, answer.text
        until("the neighbours to be worked off", cls.daemon.worked_off)
        cls.neighbours = cls.picture()
        cls.rss = cls.daemon.rss_mib()

    @classmethod
    def tearDownClass(cls):
        assert cls.daemon.stop() == 0

    @classmethod
    def picture(cls):
        """What the good inputs became."""
        patients = json.loads(cls.daemon.ask("GET", "/care/patients?limit=500", role="bhi-app").text)["patients"]
        known = [p for p in patients if p["source"]["id"].startswith("known-")]
        entities = {p["id"]: p for p in known}
        for p in known:
            text = cls.daemon.ask("GET", f"/care/patients/{p['id']}/screenings", role="bhi-app").text
            entities.update({screening["id"]: screening for screening in json.loads(text)["screenings"]})
        return entities

    def outcome(self, case, status, before):
        if 400 <= status < 500:
            return "reject-4xx"
        if status == 501:
            return "reject-4xx"
        self.assertIn(status, (200, 201), case["why"])
        until("the item to be worked off", self.daemon.worked_off)
        return "quarantine" if self.daemon.quarantined() - before else "accept"

    def send(self, case):
        """Status and the text of the answer."""
        body = (HOSTILE / case["file"]).read_bytes()
        if case["channel"] == "raw-http":
            answer = self.daemon.raw(body)
            self.assertTrue(answer.startswith(b"HTTP/1.1 "), answer[:100])
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1, "bytes behind the request were read as a second one")
            return int(answer[9:12]), answer.decode("utf-8", "replace")
        if case["channel"] == "auth":
            header = body.decode("latin-1").strip()
            answer = self.daemon.api.ask("GET", "/fhir/metadata", headers={"Authorization": header})
            return answer.status, answer.text
        headers = {key: value for key, value in case["headers"].items()}
        if case["channel"] == "rest-hook":
            return self.notify(body, headers)
        connection_headers = {"Authorization": f"Bearer {TOKENS['ehr']}", **headers}
        answer = self.daemon.api.ask(case["method"], case["path"], body, connection_headers) if headers.get("Content-Type") \
            else self.without_type(case, body)
        return answer.status, answer.text

    def notify(self, body, headers):
        """As the EHR calls; which secret is shown the case says by fields that are not sent."""
        omitted, wrong = headers.pop("X-Harness-Omit-Secret", None), headers.pop("X-Harness-Wrong-Secret", None)
        if not omitted:
            headers["Authorization"] = "Bearer " + (HOOK_SECRET[::-1] if wrong else HOOK_SECRET)
        answer = self.daemon.api.ask("POST", "/notify/good", body, headers)
        return answer.status, answer.text

    def without_type(self, case, body):
        answer = self.daemon.raw(f"{case['method']} {case['path']} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        head, _, text = answer.decode().partition("\r\n\r\n")
        return type("Answer", (), {"status": int(head[9:12]), "text": text})

    def check(self, case):
        pid = self.daemon.process.handle.pid
        log_before = len(self.daemon.log())
        before = self.daemon.quarantined()
        on_record = self.daemon.refusals_on_record()
        began = time.monotonic()
        status, text = self.send(case)
        took = time.monotonic() - began
        got = self.outcome(case, status, before)

        allowed = {case["expect"], *case.get("also_ok", [])}
        self.assertIn(got, allowed, f"{status} {text[:300]}")
        if got == "reject-4xx":
            if "status_any" in case and case["expect"] == "reject-4xx":
                self.assertIn(status, case["status_any"], text[:300])
            self.assertEqual(self.daemon.refusals_on_record(), on_record + 1, "one audit record names the refusal")
            body = text.partition("\r\n\r\n")[2] if case["channel"] == "raw-http" else text
            self.assertEqual(json.loads(body)["resourceType"], "OperationOutcome")
        self.assertLess(took, 5)
        self.assertEqual(self.daemon.management.ask("GET", "/healthz", timeout=2).status, 200)
        self.assertTrue(self.daemon.process.alive())
        self.assertEqual(self.daemon.process.handle.pid, pid)
        said = self.daemon.log()[log_before:]
        for line in said.splitlines():
            self.assertEqual(json.loads(line)["room"] in ("service", "ehr", "store"), True, line)
        if "canary" in case:
            for where, words in (("log", said), ("answer", text), ("metrics", self.daemon.management.ask("GET", "/metrics").text)):
                self.assertNotIn(case["canary"], words, f"in the {where}")
        for pointer, value in case.get("keep", {}).items():
            self.assertEqual(self.kept(case, pointer), value)

    def kept(self, case, pointer):
        sent = json.loads((HOSTILE / case["file"]).read_text())
        answer = self.daemon.ask("GET", f"/fhir/{sent['resourceType']}/{sent['id']}")
        self.assertEqual(answer.status, 200, answer.text)
        value = json.loads(answer.text, parse_float=str, parse_int=str)
        for step in pointer.strip("/").split("/"):
            value = value[int(step)] if isinstance(value, list) else value[step]
        return value

    def test_every_case_is_handled_as_its_manifest_says(self):
        run, passed_over = 0, {}
        for case in cases():
            if case["channel"] in NOT_BUILT:
                passed_over[case["channel"]] = passed_over.get(case["channel"], 0) + 1
                continue
            with self.subTest(case["id"], why=case["why"]):
                self.check(case)
            run += 1
        after = self.picture()
        self.assertEqual({key: after.get(key) for key in self.neighbours}, self.neighbours, "neighbours are untouched")
        self.assertLess(self.daemon.rss_mib() - self.rss, 256)
        print(f"hostile: {run} cases run; not for this build: {passed_over}")

    def test_the_notification_address_by_methods_paths_and_bodies(self):
        hook = {"Authorization": f"Bearer {HOOK_SECRET}"}
        fhir = {**hook, "Content-Type": "application/fhir+json"}
        for method, path, body, headers, status in (
                ("GET", "/notify/good", None, hook, 401), ("PATCH", "/notify/good", b"", hook, 401),
                ("POST", "/notify/..%2fgood", b"", hook, 400), ("POST", "/notify/bad", b"", hook, 404), ("POST", "/notify/good/Observation/..", b"", hook, 400),
                ("PUT", "/notify/good/Nothing/1", b"", hook, 400), ("DELETE", "/notify/good/Observation/%00", b"", hook, 400),
                ("POST", "/notify/good", b"[" * 100_000, fhir, 400), ("POST", "/notify/good", b"\xff\xfe", fhir, 400),
                ("POST", "/notify/good", b"{}", {**hook, "Content-Type": "text/html"}, 415),
                ("POST", "/notify/good", b"\x1f\x8b", {**fhir, "Content-Encoding": "gzip"}, 415),
                ("POST", "/notify/good", b"{}", {**fhir, "X-Medplum-Deleted-Resource": "http://127.0.0.1:18999/Observation/1"}, 400),
                ("POST", "/notify/good", b"[" * (100 << 20), fhir, 413)):
            answer = self.daemon.api.ask(method, path, body, headers)
            self.assertEqual(answer.status, status, (method, path, answer.text[:200]))
            self.assertEqual(json.loads(answer.text)["resourceType"], "OperationOutcome")
        self.assertTrue(self.daemon.process.alive())

    def test_a_body_of_100_megabytes_is_refused_and_costs_nothing(self):
        before = self.daemon.rss_mib()
        answer = self.daemon.ask("POST", "/fhir", b"[" * (100 << 20), {"Content-Type": "application/fhir+json"})
        self.assertEqual(answer.status, 413, answer.text)
        self.assertLess(self.daemon.rss_mib() - before, 8)

    def test_nesting_of_100000_levels_is_refused(self):
        for body in (b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000,
                     b'{"resourceType":"Patient","extension":' + b'[{"extension":' * 100_000 + b"1" + b"}]" * 100_000 + b"}"):
            answer = self.daemon.ask("POST", "/fhir/Patient", body, {"Content-Type": "application/fhir+json"})
            self.assertEqual(answer.status, 400, answer.text)

    def test_a_big_body_within_the_limit_is_read(self):
        body = json.dumps({"resourceType": "Patient", "id": "big", "text": {"status": "generated", "div": "<div>" + "x" * (15 << 20) + "</div>"}})
        answer = self.daemon.ask("POST", "/fhir/Patient", body.encode(), {"Content-Type": "application/fhir+json"})
        self.assertEqual(answer.status, 201, answer.text)

    def test_xml_is_taken_as_json_is(self):
        body = b'<Patient xmlns="http://hl7.org/fhir"><id value="by-xml"/><name><family value="A &amp; B"/></name></Patient>'
        for content_type, status in (("application/fhir+xml", 201), ("application/xml", 200), ("text/xml; charset=utf-8", 200)):
            answer = self.daemon.ask("POST", "/fhir/Patient", body, {"Content-Type": content_type})
            self.assertEqual(answer.status, status, answer.text)
        kept = self.daemon.ask("GET", "/fhir/Patient/by-xml")
        self.assertEqual(json.loads(kept.text), {"resourceType": "Patient", "id": "by-xml", "name": [{"family": "A & B"}]})
        for bad in (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Patient xmlns="http://hl7.org/fhir"><id value="&b;"/></Patient>',
                    b"<a>" * 100_000, b'<Patient xmlns="http://hl7.org/fhir"><nothing value="x"/></Patient>'):
            answer = self.daemon.ask("POST", "/fhir/Patient", bad, {"Content-Type": "application/fhir+xml"})
            self.assertEqual(answer.status, 400, answer.text)

    def test_roles_are_kept_apart(self):
        for role, method, path in (("bhi-app", "POST", "/fhir"), ("ehr", "GET", "/care/patients"), ("operator", "GET", "/care/patients"),
                                   ("bhi-app", "GET", "/care/quarantine"), ("ehr", "GET", "/care/outbox")):
            self.assertEqual(self.daemon.ask(method, path, role=role).status, 403, (role, path))
        self.assertEqual(self.daemon.api.ask("GET", "/care/patients").status, 401)
        self.assertEqual(self.daemon.api.ask("GET", "/nowhere").status, 401)
        self.assertEqual(self.daemon.ask("GET", "/nowhere").status, 404)
        wrong = self.daemon.ask("DELETE", "/fhir/Patient/known-1")
        self.assertEqual((wrong.status, wrong.headers["Allow"]), (405, "PUT, GET"))

    def test_a_token_never_shows(self):
        text = self.daemon.log() + self.daemon.management.ask("GET", "/metrics").text
        for token in (*TOKENS.values(), HOOK_SECRET):
            self.assertNotIn(token, text)


if __name__ == "__main__":
    unittest.main()
