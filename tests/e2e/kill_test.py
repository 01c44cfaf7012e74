"""kill -9 of the daemon at random moments of ingest and delivery: nothing accepted is lost, nothing exists twice at the EHR.

50 kills (BHI_KILLS). Bounded: the whole test ends within BHI_KILL_SECONDS, and says how many kills it made.
"""
import http.client
import json
import os
import random
import time
import unittest

from stack import Stack, until

KILLS = int(os.environ.get("BHI_KILLS", "50"))
SECONDS = float(os.environ.get("BHI_KILL_SECONDS", "240"))
ANSWERS = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]
ITEMS = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]


def response(number, patient, randomness):
    scores = [randomness.randrange(4) for _ in range(8)] + [0]
    return sum(scores), {
        "resourceType": "QuestionnaireResponse", "id": f"kill-{number}", "status": "completed",
        "subject": {"reference": f"Patient/{patient}"}, "authored": f"2026-11-{1 + number % 20:02d}T10:{number % 60:02d}:00Z",
        "item": [{"linkId": f"/{code}", "answer": [{"valueCoding": {"system": "http://loinc.org", "code": ANSWERS[score]}}]}
                 for code, score in zip(ITEMS, scores)]}


class Kill(unittest.TestCase):
    def test_nothing_accepted_is_lost_and_nothing_is_doubled(self):
        randomness = random.Random(20261122)
        accepted, posted, number, kills = {}, {}, 0, 0
        with Stack(samples=False) as stack:
            for index in range(5):
                stack.ehr.ask("PUT", f"/Patient/k{index}", {"resourceType": "Patient", "id": f"k{index}", "name": [{"text": f"Kill {index}"}]})
            until("the patients", lambda: len(stack.patients()) == 5)
            care_ids = {patient["name"]: patient["id"] for patient in stack.patients()}
            start = time.monotonic()
            while kills < KILLS and time.monotonic() - start < SECONDS:
                moment = time.monotonic() + randomness.uniform(0.02, 0.4)
                while time.monotonic() < moment:
                    number += 1
                    total, body = response(number, f"k{number % 5}", randomness)
                    try:
                        if number % 3:
                            answer = stack.adapter.ask("POST", "/fhir", body, timeout=5)
                            if answer.status in (200, 201, 202):
                                accepted[body["id"]] = total
                        else:
                            screening = {"id": f"bhi-{number}", "instrument": "gad-7", "authored": body["authored"],
                                         "items": [{"n": n, "score": randomness.randrange(4)} for n in range(1, 8)]}
                            answer = stack.adapter.ask("POST", f"/care/patients/{care_ids[f'Kill {number % 5}']}/screenings", screening, timeout=5)
                            if answer.status == 201:
                                posted[answer.json["id"]] = answer.json["total"]
                    except (OSError, http.client.HTTPException, json.JSONDecodeError):
                        break
                stack.daemon.kill()
                kills += 1
                stack.start_daemon(wait=False)
                until("the daemon to be ready again",
                      lambda: stack.daemon.alive() and stack.management.ask("GET", "/readyz").status == 200)
            self.assertGreaterEqual(kills, min(KILLS, 20), f"only {kills} kills within {SECONDS:g} s")
            self.assertGreater(len(accepted), kills / 2)

            until("everything to be worked off", lambda: self.quiet(stack, accepted), timeout=90, pause=0.3)
            screenings = {}
            for patient in stack.patients():
                for screening in stack.of(patient, "screenings"):
                    screenings.setdefault(screening["source"].get("id") or screening["id"], []).append(screening)
            observations = stack.ours("Observation")
            lost = [name for name, total in accepted.items() if [s["total"] for s in screenings.get(name, [])] != [total]]
            self.assertEqual(lost, [], "accepted but not in the care model as sent")
            self.assertEqual([name for name, total in posted.items() if [s["total"] for s in screenings.get(name, [])] != [total]], [])
            self.assertEqual({value: len(copies) for value, copies in observations.items() if len(copies) != 1}, {})
            self.assertEqual({value: len(copies) for value, copies in stack.ours("QuestionnaireResponse").items() if len(copies) != 1}, {})
            ids = [s["id"] for found in screenings.values() for s in found]
            missing = [identity for identity in ids if f"screening-result/{identity}" not in observations]
            self.assertEqual(missing, [], "screenings whose score the EHR does not have")
            print(f"kills {kills}, accepted {len(accepted)} responses and {len(posted)} screenings, "
                  f"{len(observations)} scores at the EHR, lost 0, doubled 0")

    def quiet(self, stack, accepted):
        have = sum(len(stack.of(patient, "screenings")) for patient in stack.patients())
        return have >= len(accepted) and stack.settled()


if __name__ == "__main__":
    unittest.main()
