"""A backup made under load becomes the store of another machine: what was accepted before it is there, what may have gone out since is
looked up, nothing is twice at the EHR, and what the EHR holds comes again by polling."""
import http.client
import pathlib
import random
import shutil
import subprocess
import threading
import unittest

from phq9 import response
from stack import BIN, Stack, until

PATIENTS = 4


class Backup(unittest.TestCase):
    def test_made_under_load_restored_elsewhere_loses_nothing_and_doubles_nothing(self):
        stack = Stack(samples=False)
        self.addCleanup(stack.stop)
        stack.start_sim()
        stack.start_daemon()
        for index in range(PATIENTS):
            stack.ehr.ask("PUT", f"/Patient/k{index}", {"resourceType": "Patient", "id": f"k{index}", "name": [{"text": f"Backup {index}"}]})
        until("the patients", lambda: len(stack.patients()) == PATIENTS)

        randomness, accepted, stop = random.Random(20261122), {}, threading.Event()

        def load():
            number = 0
            while not stop.is_set():
                number += 1
                total, body = response(number, f"k{number % PATIENTS}", randomness)
                try:
                    if number % 2:
                        answer = stack.adapter.ask("POST", "/fhir", body, timeout=60)  # not at the EHR: only we have it
                    else:
                        answer = stack.ehr.ask("PUT", f"/QuestionnaireResponse/{body['id']}", body)
                    if answer.status in (200, 201, 202):
                        accepted[body["id"]] = (total, "posted" if number % 2 else "at the EHR")
                except (OSError, http.client.HTTPException):
                    return

        loading = threading.Thread(target=load)
        loading.start()
        try:
            until("load and deliveries", lambda: len(accepted) >= 60 and stack.ours("Observation"), timeout=90)
            before = dict(accepted)
            copy = stack.folder / "elsewhere" / "monday.db"
            self.run_bhi("backup", stack.folder / "store" / "bhi.db", copy)
            after_backup = len(accepted)
            until("more load after it", lambda: len(accepted) >= after_backup + 40, timeout=90)
            at_backup = set(stack.ours("Observation"))
            until("more deliveries after it", lambda: len(stack.ours("Observation")) >= len(at_backup) + 5, timeout=90)
        finally:
            stop.set()
            loading.join()
        stack.daemon.kill()
        stack.daemon = None
        gone_out = set(stack.ours("Observation"))
        shutil.rmtree(stack.folder / "store")  # the machine is lost

        told = self.run_bhi("restore", copy, stack.folder / "store" / "bhi.db")
        self.assertIn("looked up", told)
        stack.start_daemon()
        expected = {name: total for name, (total, how) in accepted.items() if name in before or how == "at the EHR"}
        until("everything to be worked off", lambda: set(expected) <= set(self.screenings(stack)) and stack.settled(), timeout=180, pause=0.5)

        found = self.screenings(stack)
        self.assertEqual({name: found[name] for name in expected}, {name: [total] for name, total in expected.items()})
        lost = set(accepted) - set(found)  # came in after the backup and are nowhere else
        self.assertTrue(all(accepted[name][1] == "posted" and name not in before for name in lost), lost)
        observations = stack.ours("Observation")
        self.assertEqual({value: len(copies) for value, copies in observations.items() if len(copies) != 1}, {})
        self.assertLessEqual(gone_out, set(observations))
        scores = {identity for patient in stack.patients() for identity in [s["id"] for s in stack.of(patient, "screenings")]}
        self.assertEqual({identity for identity in scores if f"screening-result/{identity}" not in observations}, set())
        self.assertEqual(stack.daemon.stop(), 0)
        self.run_bhi("check", stack.folder / "store" / "bhi.db")
        stack.daemon = None
        print(f"accepted {len(before)} before the backup and {len(accepted) - len(before)} during and after it; {len(gone_out)} scores had gone out; "
              f"restored: {len(found)} screenings, {len(observations)} scores, lost of what was there 0, doubled 0")

    def screenings(self, stack):
        found = {}
        for patient in stack.patients():
            for screening in stack.of(patient, "screenings"):
                found.setdefault(screening["source"].get("id") or screening["id"], []).append(screening["total"])
        return found

    def run_bhi(self, act, *paths):
        done = subprocess.run([BIN / "bhi", "store", act, *[pathlib.Path(path) for path in paths]], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout


if __name__ == "__main__":
    unittest.main()
