"""Consent and 42 CFR Part 2 with the real daemon: what waits, what a consent lets go, what an emergency lets go."""
import datetime
import json
import unittest

from stack import Stack, until

PRIVACY = """privacy:
  redisclosure_notice: 42 CFR part 2 prohibits unauthorized use or disclosure of these records.
  consent_scope: "Covers {covers} from {starts} until {expires}."
"""
CONSENT = {"id": "privacy-1", "type": "privacy", "decision": "given", "method": "written", "covers": ["substance-use"], "starts": "2026-01-01"}


def yesterday():
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Consent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(source=PRIVACY)
        cls.stack.__enter__()
        until("the samples", lambda: cls.stack.patients() and cls.stack.settled(), 60)
        cls.patient = cls.stack.patients()[0]
        profile = {"id": "p", "name": "Clinic", "careModel": "cocm", "rolesActive": ["care-manager", "administrative"], "timeZone": "UTC"}
        for collection, body in (("profile", profile), ("members", {"id": "cm", "name": "C", "roles": ["care-manager"]}),
                                 ("members", {"id": "clerk", "name": "D", "roles": ["administrative"]})):
            answer = cls.stack.adapter.ask("POST", f"/care/practice/{collection}", body)
            assert answer.status == 201, answer.text

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__(None, None, None)

    def ask(self, method, path, body, member="cm"):
        return self.stack.adapter.ask(method, path, body, {"X-BHI-Member": member})

    def screened(self, name):
        body = {"id": name, "instrument": "audit-c", "authored": yesterday(), "items": [{"n": n, "score": 1} for n in (1, 2, 3)]}
        made = self.ask("POST", f"/care/patients/{self.patient['id']}/screenings", body)
        self.assertEqual(made.status, 201, made.text)
        return made.json["id"]

    def item(self, care_id):
        answer = self.stack.adapter.ask("GET", f"/care/outbox?patient={self.patient['id']}&limit=100", headers={"X-BHI-Member": "cm"})
        return next(item for item in answer.json["outbox"] if item["care_id"] == care_id)

    def held(self, care_id):
        return until("the item to be held back", lambda: (item := self.item(care_id))["state"] == "parked" and item, 60)

    def at_ehr(self, care_id):
        return self.stack.ours("Observation").get(f"screening-result/{care_id}")

    def test_1_an_emergency_lets_one_held_item_go_and_nobody_else_may_say_so(self):
        screening = self.screened("in-an-emergency")
        item = self.held(screening)
        self.assertTrue(item["reason"].startswith("consent: "), item["reason"])
        self.assertIsNone(self.at_ehr(screening))
        path = f"/care/outbox/{item['seq']}/emergency"
        record = {"recipient": "Dr. Ada Byron, County General Hospital", "nature": "found unresponsive"}
        self.assertEqual(self.ask("POST", path, record, "clerk").status, 403)
        self.assertEqual(self.stack.adapter.ask("POST", path, record).status, 403, "nobody named")
        self.assertEqual(self.ask("POST", path, {"recipient": "x"}).status, 400)
        self.assertEqual(self.ask("POST", path, {**record, "more": "x"}).status, 400)
        self.assertEqual(self.ask("POST", "/care/outbox/999999/emergency", record).status, 404)
        answer = self.ask("POST", path, record)
        self.assertEqual(answer.status, 202, answer.text)
        self.assertEqual(answer.json["emergency"]["recipient"], record["recipient"])
        observation, = until("the score at the EHR", lambda: self.at_ehr(screening), 60)
        self.assertIn("42CFRPart2", json.dumps(observation["meta"]["security"]))
        until("the item to be settled", lambda: self.item(screening)["state"] == "verified", 60)
        self.assertEqual(self.ask("POST", path, record).status, 409, "it is no longer held back")

    def test_2_a_consent_lets_go_what_waited_with_notice_and_scope(self):
        screening = self.screened("under-consent")
        self.held(screening)
        made = self.ask("POST", f"/care/patients/{self.patient['id']}/consents", CONSENT)
        self.assertEqual(made.status, 201, made.text)
        observation, = until("the score at the EHR", lambda: self.at_ehr(screening), 60)
        texts = {extension["url"].rsplit("/", 1)[1]: extension["valueString"] for extension in observation["extension"]}
        self.assertIn("42 CFR part 2", texts["redisclosure-notice"])
        self.assertEqual(texts["consent-scope"], "Covers substance-use from 2026-01-01 until no end date.")
        self.assertIn(texts["redisclosure-notice"], observation["note"][0]["text"])

    def test_3_once_it_is_taken_back_nothing_more_leaves(self):
        revoked = self.ask("POST", f"/care/patients/{self.patient['id']}/consents/{CONSENT['id']}/revoke", {"reason": "changed my mind"})
        self.assertEqual(revoked.status, 200, revoked.text)
        screening = self.screened("after-revocation")
        self.assertIn("took the consent back", self.held(screening)["reason"])
        self.assertIsNone(self.at_ehr(screening))


if __name__ == "__main__":
    unittest.main()
