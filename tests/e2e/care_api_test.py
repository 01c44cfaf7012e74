"""The care API on the real daemon: entries of the team, rights, paging, events; and the commands of the README."""
import json
import os
import pathlib
import re
import subprocess
import threading
import time
import unittest

from stack import BIN, TOP, Stack, until

README = TOP / "adapter" / "service" / "README.md"


def document():
    return json.loads(subprocess.run([BIN / "bhi-adapter", "--print-openapi"], check=True, capture_output=True).stdout)


def examples(paths):
    """(path, body) of every POST of the document that has an example."""
    for path, operations in paths.items():
        media = operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in media:
            yield path, media["example"]


PHQ9_WITH_RISK = {"id": "risk-1", "instrument": "phq-9", "authored": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime()),
                  "items": [{"n": n, "score": 1} for n in range(1, 10)]}


class CareApi(unittest.TestCase):
    """One story, in order: the numbers in the names are the order."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        cls.stack.__enter__()
        until("the samples' patients", lambda: len(cls.stack.patients()) >= 3 and cls.stack.settled())
        cls.patient = cls.stack.patients()[0]["id"]
        cls.other = cls.stack.patients()[1]["id"]

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__(None, None, None)

    def ask(self, method, path, body=None, member=None, headers=None):
        sent = dict(headers or {})
        if member:
            sent["X-BHI-Member"] = member
        return self.stack.adapter.ask(method, path, body, sent)

    def made(self, path, body, member=None, status=201):
        answer = self.ask("POST", path, body, member)
        self.assertEqual(answer.status, status, f"{path} {json.dumps(body)}: {answer.text}")
        return answer

    def of(self, what, patient=None):
        return f"/care/patients/{patient or self.patient}/{what}"

    # ---- before a team is entered ------------------------------------------------------------------------------------

    def test_1_every_example_of_the_document_can_be_posted(self):
        paths = document()["paths"]
        bodies = {path: body for path, body in examples(paths)}
        # What others name comes first.
        for one in ("pcp-1 pcp", "consultant-1 psychiatric-consultant", "clerk-1 administrative", "lead-1 program-lead"):
            member, role = one.split()
            self.made("/care/practice/members", {"id": member, "name": member, "roles": [role]})
        for name in ("members", "partners", "protocols", "training", "baselines", "feedback"):
            path = f"/care/practice/{name}"
            self.made(path, bodies.pop(path))
        profile = bodies.pop("/care/practice/profile")
        revocation = bodies.pop("/care/patients/{id}/consents/{entry}/revoke")
        type(self).emergency = bodies.pop("/care/outbox/{seq}/emergency")  # when something is held back
        event = self.made(self.of("screenings"), PHQ9_WITH_RISK).json["id"]
        event = next(one["id"] for one in self.ask("GET", self.of("safety")).json["safety"] if one["derivedFrom"] == event)
        bodies["/care/patients/{id}/crisis-steps"]["event"] = event
        first = ["acts", "consents", "contacts", "reviews", "answers"]
        name_of = lambda path: path.rsplit("/", 1)[1]
        for path in sorted(bodies, key=lambda path: first.index(name_of(path)) if name_of(path) in first else 99):
            self.assertTrue(path.startswith("/care/patients/{id}/"), path)
            address = path.replace("{id}", self.patient)
            answer = self.made(address, bodies[path])
            again = self.ask("POST", address, bodies[path])
            self.assertIn(again.status, (200, 201), again.text)
            self.assertEqual(again.json["version"], answer.json["version"], path)
            self.assertEqual(self.ask("GET", answer.headers["Location"]).headers["ETag"], answer.headers["ETag"], path)
        revoked = self.ask("POST", self.of("consents/consent-1/revoke"), revocation)
        self.assertEqual(revoked.json["revokeReason"], revocation["reason"], revoked.text)
        # The profile last: from here on there is a team, and rights.
        self.made("/care/practice/profile", profile)

    # ---- with a team ---------------------------------------------------------------------------------------------------

    def test_2_nobody_acts_without_a_name_or_beyond_their_role(self):
        flag = {"id": "flag-2", "reason": "x", "raised": True}
        self.assertEqual(self.ask("GET", "/care/caseload").status, 403)
        self.assertEqual(self.ask("GET", "/care/caseload", member="nobody").status, 403)
        for path in ("/care/patients", self.of("timeline"), "/care/safety", "/care/events", "/care/billing/2026-10"):
            self.assertEqual(self.ask("GET", path).status, 403, path)
        self.assertEqual(self.ask("POST", self.of("flags"), flag, member="clerk-1").status, 403)
        self.assertEqual(self.ask("GET", self.of("flags"), member="clerk-1").status, 200)
        self.assertEqual(self.ask("GET", "/care/measures/CMS159", member="clerk-1").status, 403)
        self.assertEqual(self.ask("GET", self.of("billing/2026-10"), member="manager-1").status, 403)
        self.made(self.of("flags"), flag, member="manager-1")
        self.assertEqual(self.ask("GET", self.of("flags/flag-2"), member="manager-1").json["recorded"]["by"], "manager-1")

    def test_3_a_clerk_sees_that_there_is_a_substance_use_screening_but_not_its_result(self):
        body = {"id": "audit-1", "instrument": "audit-c", "authored": "2026-11-02T15:00:00Z",
                "items": [{"n": 1, "score": 4}, {"n": 2, "score": 4}, {"n": 3, "score": 3}]}
        made = self.made(self.of("screenings"), body, member="manager-1").json
        self.assertEqual(made["total"], 11)
        path = self.of(f"screenings/{made['id']}")
        self.assertEqual(self.ask("GET", path, member="pcp-1").json["total"], 11)
        seen = self.ask("GET", path, member="clerk-1")
        self.assertNotIn("total", seen.json)
        self.assertIn("total", seen.json["redacted"])
        self.assertNotIn("items", seen.json)
        listed = next(one for one in self.ask("GET", self.of("screenings"), member="clerk-1").json["screenings"] if one["id"] == made["id"])
        self.assertEqual(listed, seen.json)

        def told(member):
            story = self.ask("GET", self.of("timeline"), member=member).json["timeline"]
            return next(one["text"] for one in story if one["id"] == made["id"])
        self.assertEqual(told("clerk-1"), "AUDIT-C, result not shown")
        self.assertEqual(told("pcp-1"), "AUDIT-C 11, positive")

        # It waits for a consent; the document's example of an emergency lets it go.
        def item():
            outbox = self.ask("GET", f"/care/outbox?patient={self.patient}", member="pcp-1").json["outbox"]
            return next(one for one in outbox if one["care_id"] == made["id"])
        until("the item to be held back", lambda: item()["state"] == "parked")
        self.made(f"/care/outbox/{item()['seq']}/emergency", self.emergency, member="pcp-1", status=202)
        # The EHR's own enrolled patient is on the caseload already.
        enrolled = self.ask("GET", "/care/caseload?limit=1", member="pcp-1").json["caseload"][0]["patient"]
        self.made(self.of("screenings", enrolled), dict(body, id="audit-2"), member="manager-1")

        def tracked(member):
            rows = self.ask("GET", "/care/caseload", member=member).json["caseload"]
            row = next(row for row in rows if row["patient"] == enrolled)
            return [track["instrument"] for track in row.get("scores", [])], row.get("redacted")
        self.assertIn("audit-c", tracked("pcp-1")[0])
        self.assertNotIn("audit-c", tracked("clerk-1")[0])
        self.assertIn("scores", tracked("clerk-1")[1])
        flag = self.ask("GET", self.of("flags/flag-1"), member="clerk-1").json
        self.assertEqual(flag["redacted"], ["reason"])

    def test_4_a_correction_needs_the_version_at_hand(self):
        path = self.of("contacts/contact-1")
        read = self.ask("GET", path, member="manager-1")
        contact = dict(read.json, minutes=30)
        self.assertEqual(self.ask("PUT", path, contact, member="manager-1").status, 428)
        self.assertEqual(self.ask("PUT", path, contact, "manager-1", {"If-Match": 'W/"99"'}).status, 412)
        done = self.ask("PUT", path, contact, "manager-1", {"If-Match": read.headers["ETag"]})
        self.assertEqual((done.status, done.json["minutes"]), (200, 30), done.text)
        self.assertEqual(self.ask("PUT", path, contact, "manager-1", {"If-Match": read.headers["ETag"]}).status, 412)
        elsewhere = self.ask("PUT", self.of("contacts/contact-1", self.other), contact, "manager-1", {"If-Match": done.headers["ETag"]})
        self.assertEqual(elsewhere.status, 400)

    def test_5_what_is_refused_says_why_and_leaves_nothing(self):
        before = self.ask("GET", "/care/events?after=last", member="manager-1").json["last"]
        wrong = self.ask("POST", self.of("contacts"), {"id": "c9", "role": "wizard", "start": "yesterday"}, member="manager-1")
        self.assertEqual(wrong.status, 422)
        self.assertIn("Contact/c9.start", wrong.text)
        taken = self.ask("POST", self.of("flags"), {"id": "flag-1", "reason": "other", "raised": True}, member="manager-1")
        self.assertEqual(taken.status, 409)
        self.assertEqual(self.ask("PUT", self.of("acts/act-1"), {}, member="manager-1").status, 405)
        self.assertEqual(self.ask("POST", self.of("medications"), {}, member="manager-1").status, 405)
        self.assertEqual(self.ask("GET", self.of("spaceships"), member="manager-1").status, 404)
        # What the EHR answers meanwhile may be news too, but none of it is of these.
        since = self.ask("GET", f"/care/events?after={before}&limit=500", member="manager-1").json["events"]
        self.assertEqual([one for one in since if one["reason"] != "map"], [])

    def test_6_pages_hold_everything_once(self):
        for n in range(7):
            self.made(self.of("feedback"), {"id": f"page-{n}", "from": "patient", "date": f"2026-10-{n + 1:02}"}, member="manager-1")
        for path, member in ((self.of("feedback"), "feedback"), (self.of("timeline"), "timeline"), ("/care/caseload", "caseload"),
                             ("/care/patients", "patients"), ("/care/measures/CMS2", "verdicts")):
            whole = self.ask("GET", path + "?limit=500", member="pcp-1").json[member]
            parts, after = [], ""
            while after is not None:
                answer = self.ask("GET", f"{path}?limit=2&after={after}", member="pcp-1")
                self.assertEqual(answer.status, 200, answer.text)
                parts += answer.json[member]
                after = answer.json["next"]
            self.assertEqual(parts, whole, path)

    def test_7_the_caseload_shows_a_change_at_once_and_can_be_filtered(self):
        for act, at in (("reach-out", "2026-10-02"), ("enrol", "2026-10-03"), ("start-treatment", "2026-10-04")):
            self.made(self.of("acts"), {"id": act, "episode": "episode-1", "act": act, "at": at}, member="manager-1")
        row = next(row for row in self.ask("GET", "/care/caseload", member="pcp-1").json["caseload"] if row["patient"] == self.patient)
        self.assertEqual((row["state"], row["careManager"]), ("active", "manager-1"))
        for query, there in (("state=active", True), ("state=on-hold", False), ("member=manager-1", True), ("member=pcp-1", False),
                             (f"flag={row['flags'][0]}", True)):
            rows = self.ask("GET", "/care/caseload?" + query, member="pcp-1").json["caseload"]
            self.assertEqual(self.patient in [one["patient"] for one in rows], there, query)
        self.assertEqual(self.ask("GET", "/care/caseload?flag=none", member="pcp-1").status, 400)
        self.made(self.of("acts"), {"id": "hold", "episode": "episode-1", "act": "hold", "at": "2026-11-01"}, member="manager-1")
        row = next(row for row in self.ask("GET", "/care/caseload", member="pcp-1").json["caseload"] if row["patient"] == self.patient)
        self.assertEqual(row["state"], "on-hold")
        month = self.ask("GET", self.of("billing/2026-10"), member="pcp-1").json
        self.assertEqual([piece["contact"] for piece in month["pieces"]], ["contact-1"])
        every = self.ask("GET", "/care/billing/2026-10", member="pcp-1").json["billing"]
        self.assertEqual([one for one in every if one["patient"] == self.patient], [month])
        table = self.ask("GET", "/care/billing/2026-10", member="pcp-1", headers={"Accept": "text/csv"})
        self.assertTrue(table.headers["Content-Type"].startswith("text/csv"))
        self.assertEqual(len(table.text.splitlines()[0].split(",")), 11)
        self.assertIn(self.patient, table.text)
        charges = self.ask("GET", self.of("billing/2026-10"), member="pcp-1", headers={"Accept": "application/fhir+json"})
        self.assertTrue(charges.headers["Content-Type"].startswith("application/fhir+json"))
        found = [entry["resource"]["resourceType"] for entry in charges.json["entry"]]
        self.assertEqual(found.count("ChargeItem"), len(month["lines"]), charges.text)
        self.assertIn("Patient", found)

    def test_7_the_whole_record_is_a_bundle_for_those_who_may_read_all_of_it(self):
        self.assertEqual(self.ask("GET", self.of("fhir"), member="clerk-1").status, 403)
        self.assertEqual(self.ask("GET", self.of("fhir", "nobody"), member="pcp-1").status, 404)
        answer = self.ask("GET", self.of("fhir"), member="pcp-1")
        self.assertEqual(answer.status, 200, answer.text)
        kinds = {entry["resource"]["resourceType"] for entry in answer.json["entry"]}
        self.assertLessEqual({"Patient", "EpisodeOfCare", "Consent", "Observation", "CarePlan", "Encounter"}, kinds)

    def test_8_a_follower_sees_every_change_in_order_and_a_waiting_one_at_once(self):
        events = self.ask("GET", "/care/events?limit=500", member="pcp-1").json
        self.assertEqual([event["seq"] for event in events["events"]], list(range(1, len(events["events"]) + 1)))
        last = self.ask("GET", "/care/events?after=last", member="pcp-1").json["next"]
        seen = []

        def follow():
            after = last
            while not any(one["id"] == "flag-3" for one in seen):  # the EHR's news may come between
                answer = self.ask("GET", f"/care/events?after={after}&wait=20", member="pcp-1").json
                seen.extend(answer["events"])
                after = answer["next"]
                if not answer["events"]:
                    return
        waiting = threading.Thread(target=follow)
        began = time.monotonic()
        waiting.start()
        time.sleep(0.2)
        self.made(self.of("flags"), {"id": "flag-3", "raised": True}, member="manager-1")
        waiting.join()
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual([(one["kind"], one["reason"]) for one in seen if one["id"] == "flag-3"], [("CaseFlag", "post-entry")])
        self.assertEqual([one["seq"] for one in seen], list(range(last + 1, last + 1 + len(seen))))
        beyond = self.ask("GET", "/care/events?after=999999&wait=1", member="pcp-1")
        self.assertEqual(beyond.json["events"], [])
        self.assertEqual(self.ask("GET", "/care/events?wait=61", member="pcp-1").status, 400)

    def test_9_a_long_poll_does_not_hold_up_a_stop(self):
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(self.ask("GET", "/care/events?after=last&wait=60", member="pcp-1")))
        waiting.start()
        time.sleep(0.3)
        began = time.monotonic()
        self.assertEqual(self.stack.daemon.stop(), 0)
        self.assertLess(time.monotonic() - began, 10)
        waiting.join()
        self.assertEqual(answers[0].status, 200)
        self.stack.start_daemon()
        # What the practice entered is still there, rights and all.
        self.assertEqual(self.ask("GET", "/care/caseload").status, 403)
        self.assertEqual(self.ask("GET", "/care/practice/members", member="pcp-1").status, 200)


class Document(unittest.TestCase):
    def test_every_reference_of_the_document_leads_somewhere(self):
        whole = document()
        text = json.dumps(whole)
        for ref in set(re.findall(r'"#/components/([a-z]+/[A-Za-z]+)"', text)):
            section, name = ref.split("/")
            self.assertIn(name, whole["components"][section], ref)
        ids = [one["operationId"] for operations in whole["paths"].values() for one in operations.values()]
        self.assertEqual(len(ids), len(set(ids)))
        for path, operations in whole["paths"].items():
            for method, one in operations.items():
                named = {parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"}
                self.assertEqual(named, set(re.findall(r"{(\w+)}", path)), f"{method} {path}")
                self.assertIn("200", one["responses"])

    def test_a_validator_of_openapi_accepts_the_document(self):
        try:
            import openapi_spec_validator
        except ImportError:
            self.skipTest("openapi_spec_validator is not installed (pip install openapi-spec-validator)")
        openapi_spec_validator.validate(document())


class ReadmeCommands(unittest.TestCase):
    """The section 'With curl alone' of the README, run as it stands."""

    def test_the_commands_of_the_readme_do_what_it_says(self):
        section = README.read_text().split("## With curl alone")[1].split("\n## ")[0]
        commands = re.findall(r"```sh\n(.*?)```", section, re.S)
        self.assertEqual(len(commands), 4)
        with Stack() as stack:
            until("the samples' patients", lambda: len(stack.patients()) >= 3 and stack.settled())
            environment = dict(os.environ, BHI=stack.adapter.base)
            # Variables of one are used in the next: one script, a line of answer from each.
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", "".join(commands)], env=environment, capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            answers = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(len(answers), 4)
            caseload, timeline, posted, after = answers
            self.assertGreaterEqual(len(caseload["caseload"]), 1)
            self.assertIn("flags", caseload["caseload"][0])
            self.assertTrue(timeline["timeline"])
            self.assertTrue(all(set(one) >= {"kind", "id", "text"} for one in timeline["timeline"]))
            self.assertEqual((posted["kind"], posted["instrument"], posted["total"]), ("Screening", "gad-7", 11))
            self.assertEqual(posted["severity"], "moderate")
            self.assertIn("GAD-7 11, moderate, positive", [one["text"] for one in after["timeline"]])
            value = f"screening-result/{posted['id']}"
            until("the score at the EHR", lambda: value in stack.ours("Observation"))


if __name__ == "__main__":
    unittest.main()
