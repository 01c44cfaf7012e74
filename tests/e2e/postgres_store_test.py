"""The daemon on a PostgreSQL store: the journey, kill -9 of the daemon, kill -9 of the server under it; nothing accepted is lost."""
import http.client
import json
import random
import subprocess
import unittest

import postgres
from phq9 import response
from stack import BIN, Stack, until

ROUNDS = 4  # kills of each


@unittest.skipUnless(postgres.installed(), "PostgreSQL's server is not installed (postgresql-15)")
class PostgresStore(unittest.TestCase):
    def setUp(self):
        self.cluster = postgres.Cluster()
        self.addCleanup(self.cluster.stop)
        self.cluster.start()
        self.url = self.cluster.url("postgres")

    def check(self):
        done = subprocess.run([BIN / "bhi", "store", "check", self.url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("sound", done.stdout)

    def test_samples_flow_in_and_scores_flow_back_across_a_restart(self):
        with Stack(store=self.url) as stack:
            screenings = lambda: [s for patient in stack.patients() for s in stack.of(patient, "screenings")]
            until("all that the samples bring", lambda: len(screenings()) >= 5 and stack.settled(), timeout=60)
            before = {s["id"]: s["version"] for s in screenings() if "version" in s} or {s["id"]: 1 for s in screenings()}
            written = {value: len(copies) for value, copies in stack.ours("Observation").items()}
            self.assertTrue(written)
            self.assertEqual(stack.daemon.stop(), 0)
            stack.start_daemon()
            until("quiet again", stack.settled)
            self.assertEqual({s["id"] for s in screenings()}, set(before))
            self.assertEqual({value: len(copies) for value, copies in stack.ours("Observation").items()}, written)
            self.check()

    def test_nothing_accepted_is_lost_when_daemon_or_server_are_killed(self):
        randomness, accepted, number, refused = random.Random(20261122), {}, 0, 0
        with Stack(samples=False, store=self.url) as stack:
            for index in range(3):
                stack.ehr.ask("PUT", f"/Patient/k{index}", {"resourceType": "Patient", "id": f"k{index}", "name": [{"text": f"Kill {index}"}]})
            until("the patients", lambda: len(stack.patients()) == 3, timeout=60)

            def post(count):
                nonlocal number, refused
                for _ in range(count):
                    number += 1
                    total, body = response(number, f"k{number % 3}", randomness)
                    try:
                        answer = stack.adapter.ask("POST", "/fhir", body, timeout=30)
                        if answer.status in (200, 201, 202):
                            accepted[body["id"]] = total
                        else:
                            refused += 1
                            self.assertEqual(answer.status, 503, answer.text)
                    except (OSError, http.client.HTTPException, json.JSONDecodeError):
                        refused += 1

            for turn in range(ROUNDS):
                post(randomness.randrange(3, 15))
                stack.daemon.kill()
                stack.start_daemon()

                post(randomness.randrange(3, 15))
                process = stack.daemon.handle.pid
                self.cluster.kill()
                post(2)  # refused, and told so
                until("readiness to go", lambda: stack.management.ask("GET", "/readyz").status == 503)
                self.cluster.start()
                until("the daemon to be ready again", lambda: stack.management.ask("GET", "/readyz").status == 200, timeout=40)
                self.assertEqual(stack.daemon.handle.pid, process)
                self.assertTrue(stack.daemon.alive(), "the daemon lives through it")
                post(3)
            self.assertGreaterEqual(refused, ROUNDS)
            self.assertGreater(len(accepted), 4 * ROUNDS)

            def screenings():
                found = {}
                for patient in stack.patients():
                    for screening in stack.of(patient, "screenings"):
                        found.setdefault(screening["source"].get("id"), []).append(screening)
                return found
            until("everything accepted to be in the care model", lambda: len(screenings()) >= len(accepted), timeout=60, pause=0.3)
            until("everything to be delivered", stack.settled, timeout=60, pause=0.3)
            kept = screenings()
            self.assertEqual([name for name, total in accepted.items() if [s["total"] for s in kept.get(name, [])] != [total]], [])
            observations = stack.ours("Observation")
            self.assertEqual({value: len(copies) for value, copies in observations.items() if len(copies) != 1}, {})
            self.assertEqual([s["id"] for found in kept.values() for s in found if f"screening-result/{s['id']}" not in observations], [])
            self.check()
            print(f"{ROUNDS} kills of the daemon and {ROUNDS} of the server, accepted {len(accepted)}, refused {refused}, "
                  f"{len(observations)} scores at the EHR, lost 0, doubled 0")


if __name__ == "__main__":
    unittest.main()
