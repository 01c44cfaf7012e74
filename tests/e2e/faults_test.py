"""An EHR that is rude, over real sockets: lost answers, refusals for a while, HTML, and a form that nobody sent."""
import unittest

from stack import Stack, until

CODES = ["44250-9", "44255-8"]


def patient(name):
    return {"resourceType": "Patient", "id": name, "name": [{"text": name}]}


def response(name, subject, scores, form=None, links=None):
    links = links or [f"/{code}" for code in CODES]
    body = {"resourceType": "QuestionnaireResponse", "id": name, "status": "completed", "authored": "2026-11-20T10:00:00Z",
            "subject": {"reference": f"Patient/{subject}"},
            "item": [{"linkId": link, "answer": [{"valueCoding": {"system": "http://loinc.org", "code": code}}]}
                     for link, code in zip(links, [["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"][score] for score in scores])]}
    if form:
        body["questionnaire"] = form
    return body


class Faults(unittest.TestCase):
    def setUp(self):
        self.stack = Stack(samples=False, types=["Patient", "QuestionnaireResponse", "Observation"])
        self.stack.__enter__()
        self.addCleanup(self.stack.stop)
        self.put("Patient", patient("rude"))
        until("the patient", lambda: self.stack.patients())

    def put(self, kind, resource):
        answer = self.stack.ehr.ask("PUT", f"/{kind}/{resource['id']}", resource)
        self.assertIn(answer.status, (200, 201), answer.text)

    def faults(self, **settings):
        answer = self.stack.control.ask("POST", "/faults", settings)
        self.assertEqual(answer.status, 200, answer.text)

    def score(self):
        return [copies for value, copies in self.stack.ours("Observation").items() if value.startswith("screening-result/")]

    def verified(self):
        items = self.stack.outbox()
        return items and all(item["state"] == "verified" for item in items)

    def test_a_write_whose_answer_was_lost_is_looked_up_and_not_repeated(self):
        self.faults(lose_answer={"method": "POST", "type": "Observation", "times": 1})
        self.put("QuestionnaireResponse", response("lost", "rude", [1, 2]))
        until("the delivery to be settled", self.verified, timeout=40)
        self.assertEqual([len(copies) for copies in self.score()], [1])
        self.assertEqual(self.score()[0][0]["meta"]["versionId"], "1")

    def test_an_ehr_that_is_busy_is_asked_again_later(self):
        self.faults(status={"code": 503, "retry_after": 1, "method": "POST", "type": "Observation", "times": 2})
        self.put("QuestionnaireResponse", response("busy", "rude", [1, 2]))
        until("the delivery to be settled", self.verified, timeout=40)
        self.assertEqual([len(copies) for copies in self.score()], [1])

    def test_a_write_that_met_somebody_elses_is_tried_again_and_made_once(self):
        self.faults(conflict={"method": "POST", "type": "Observation", "times": 2})
        self.put("QuestionnaireResponse", response("meeting", "rude", [1, 2]))
        until("the delivery to be settled", self.verified, timeout=60)
        self.assertEqual([len(copies) for copies in self.score()], [1])

    def test_pages_of_html_move_no_cursor_and_lose_nothing(self):
        self.faults(html={"method": "GET", "type": "QuestionnaireResponse", "times": 3})
        self.put("QuestionnaireResponse", response("html", "rude", [3, 3]))
        until("the screening", lambda: self.stack.of(self.stack.patients()[0], "screenings"), timeout=60)

    def test_a_form_that_nobody_sent_is_fetched(self):
        form = {"resourceType": "Questionnaire", "id": "local", "url": "http://clinic.example/Questionnaire/local", "status": "active",
                "item": [{"linkId": link, "type": "choice", "code": [{"system": "http://loinc.org", "code": code}]}
                         for link, code in zip(["q-a", "q-b"], CODES)]}
        self.put("Questionnaire", form)
        self.put("QuestionnaireResponse", response("opaque", "rude", [1, 3], form["url"], ["q-a", "q-b"]))
        screening, = until("the screening", lambda: self.stack.of(self.stack.patients()[0], "screenings"), timeout=30)
        self.assertEqual((screening["instrument"], screening["total"]), ("phq-2", 4))


if __name__ == "__main__":
    unittest.main()
