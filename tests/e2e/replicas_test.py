"""Two and four daemons on one database: work is shared, order is kept, and what a dead or sleeping one held is taken over.

Short leases (2 s), pauses of some seconds and 4 takeovers (BHI_TAKEOVERS); BHI_FULL=1: pauses of 60 s and leases of 15 s.
"""
import http.client
import json
import os
import random
import subprocess
import time
import unittest

import postgres
from replicas import Replicas
from stack import BIN, until

FULL = os.environ.get("BHI_FULL") == "1"
PATIENTS = 12
TAKEOVERS = int(os.environ.get("BHI_TAKEOVERS", "4"))


class Driver:
    """Posts screenings of the BHI side, patient by patient in a known order, to whichever daemon answers."""

    def __init__(self, stack):
        self.stack, self.randomness, self.number = stack, random.Random(20261122), 0
        self.accepted = {}  # the screening's care id -> (patient, place in the patient's order)
        self.lost_answers = 0
        for index in range(PATIENTS):
            stack.ehr.ask("PUT", f"/Patient/r{index}",
                          {"resourceType": "Patient", "id": f"r{index}", "name": [{"text": f"Replica {index}"}]})
        self.patients = []

    def find_patients(self, replica):
        def known():
            found = replica.adapter.get("/care/patients?limit=500")["patients"]
            return found if len(found) == PATIENTS else None
        self.patients = [patient["id"] for patient in until("the patients", known, timeout=60)]

    def post(self, replicas):
        self.number += 1
        patient = self.patients[self.number % PATIENTS]
        screening = {"id": f"s{self.number}", "instrument": "gad-7",
                     "authored": f"2026-11-{1 + self.number // 1440 % 20:02d}T{self.number // 60 % 24:02d}:{self.number % 60:02d}:00Z",
                     "items": [{"n": n, "score": self.randomness.randrange(4)} for n in range(1, 8)]}
        for replica in self.randomness.sample(replicas, len(replicas)):  # an answer that was lost: the same id again elsewhere
            try:
                answer = replica.adapter.ask("POST", f"/care/patients/{patient}/screenings", screening, timeout=3)
            except (OSError, http.client.HTTPException):
                self.lost_answers += 1
                continue
            if answer.status in (200, 201):
                self.accepted[answer.json["id"]] = (patient, self.number)
                return True
            if answer.status == 409:  # kept, though its answer was lost
                return False
        return False


class ReplicasTest(unittest.TestCase):
    def setUp(self):
        if not postgres.installed():
            self.skipTest("PostgreSQL's server is not installed (postgresql-15)")

    def check_effects(self, stack, driver):
        """Nothing lost, nothing doubled, nothing out of order."""
        effects = stack.effects()
        scores = [value for _, _, value, _, _ in effects if value.startswith("screening-result/")]
        self.assertEqual(len(scores), len(set(scores)), "a score that is at the EHR twice")
        missing = [care_id for care_id in driver.accepted if f"screening-result/{care_id}" not in set(scores)]
        self.assertEqual(missing, [], "accepted, but not at the EHR")
        inversions, latest = 0, {}
        for value in scores:
            patient, number = driver.accepted.get(value.split("/", 1)[1], (None, 0))
            if patient is None:
                continue
            inversions += latest.get(patient, 0) > number
            latest[patient] = max(latest.get(patient, 0), number)
        self.assertEqual(inversions, 0, "scores of one patient that came in another order than they were given")
        stuck = stack.ask("SELECT count(*) FROM outbox WHERE state IN ('parked', 'dead')")
        self.assertEqual(stuck, "0")
        gaps = stack.ask("SELECT count(*) - max(seq) FROM audit")
        self.assertEqual(gaps, "0", "the audit trail has gaps")
        return len(scores)

    def test_work_is_shared_and_order_is_kept_from_one_to_two_to_four_to_one(self):
        with Replicas() as stack:
            driver = Driver(stack)
            replicas = [stack.add("a")]
            driver.find_patients(replicas[0])
            for count in (1, 2, 4):
                while len(replicas) < count:
                    replicas.append(stack.add("abcd"[len(replicas)]))
                begun = time.monotonic()
                held = until(f"{count} to share the work", lambda: stack.shared(replicas), timeout=60)
                balanced = time.monotonic() - begun
                before = {replica.name: len(replica.relay.writes) for replica in replicas}
                begun, posts = time.monotonic(), 150
                for _ in range(posts):
                    self.assertTrue(driver.post(replicas))
                until("everything to be delivered", lambda: stack.open_items() == 0, timeout=120, pause=0.2)
                took = time.monotonic() - begun
                wrote = {replica.name: len(replica.relay.writes) - before[replica.name] for replica in replicas}
                if count > 1:
                    self.assertGreater(min(wrote.values()), 0, f"one that wrote nothing: {wrote}")
                print(f"{count} replicas: shared {held} after {balanced:.1f} s; {posts} screenings in {took:.1f} s, "
                      f"{sum(wrote.values()) / took:.0f} writes a second, by replica {wrote}")
            # Single jobs are one replica's each.
            jobs = stack.ask("SELECT name || '=' || holder FROM lease WHERE name NOT LIKE 'lane/%' ORDER BY name").splitlines()
            self.assertEqual([job.split("=")[0] for job in jobs], ["on-call", "plan/main", "retention", "source/main", "tick"])
            shown = replicas[0].adapter.get("/admin/replicas")
            self.assertEqual(sorted(one["name"].split("-")[0] for one in shown["replicas"]), ["a", "b", "c", "d"])
            told = subprocess.run([BIN / "bhi", "queue", "--url", replicas[0].adapter.base, "replicas"], stdout=subprocess.PIPE, text=True, check=True)
            self.assertEqual(len(told.stdout.splitlines()), 5, told.stdout)
            for replica in replicas[:3]:  # a clean stop gives its work away at once
                begun = time.monotonic()
                self.assertEqual(replica.process.stop(timeout=40), 0)
            until("the last one to hold everything", lambda: replicas[3].held() == 64, timeout=30)
            print(f"one is left: it holds all {time.monotonic() - begun:.1f} s after the last of three was asked to stop")
            for _ in range(60):
                self.assertTrue(driver.post(replicas[3:]))
            until("everything to be delivered", lambda: stack.open_items() == 0, timeout=120, pause=0.2)
            count = self.check_effects(stack, driver)
            print(f"{count} scores at the EHR, lost 0, doubled 0, out of order 0")

    def test_what_a_killed_and_a_sleeping_replica_held_is_taken_over_and_the_sleeper_sends_nothing(self):
        lease = 15 if FULL else 2
        pause = 60 if FULL else 5
        with Replicas(lease_secs=lease) as stack:
            driver = Driver(stack)
            replicas = [stack.add(name) for name in "abc"]
            driver.find_patients(replicas[0])
            until("three to share the work", lambda: stack.shared(replicas), timeout=90)
            # Every answer takes its time, so that one who stops or dies mostly has something on the wire.
            stack.control.ask("POST", "/faults", {"delay_ms": {"method": "POST", "ms": 60, "after": True, "times": "always"}})

            def under_load(seconds, condition=lambda: False):
                end, last = time.monotonic() + seconds, 0.0
                while time.monotonic() < end:
                    driver.post(awake)
                    if time.monotonic() - last > 0.1:
                        last = time.monotonic()
                        if condition():
                            return True
                    time.sleep(0.02)
                return condition()

            kills, pauses, zombie_writes, looked_up = [], [], 0, 0
            for turn in range(TAKEOVERS):
                victim, sleeps = replicas[turn % 3], turn % 2 == 1
                awake = replicas
                under_load(driver.randomness.uniform(0.5, 1.5))
                awake = [replica for replica in replicas if replica is not victim]
                seen = stack.falls_out(victim, pause if sleeps else None, lease + 20, under_load)
                self.assertLessEqual(seen.seconds, lease + 5)
                self.assertEqual(seen.zombie, 0, "writes of the sleeper before it had a lease again")
                (pauses if sleeps else kills).append(seen.seconds)
                zombie_writes += seen.zombie
                looked_up += seen.looked_up
            until("everything to be delivered", lambda: stack.open_items() == 0, timeout=120, pause=0.2)
            count = self.check_effects(stack, driver)
            print(f"lease {lease} s, {len(kills)} kills: taken over after at most {max(kills):.1f} s; {len(pauses)} stops of {pause} s: after "
                  f"at most {max(pauses):.1f} s, sends of the sleeper before it had a lease again: {zombie_writes}; {looked_up} interrupted "
                  f"sends looked up; {count} scores at the EHR of {len(driver.accepted)} accepted, lost 0, doubled 0, out of order 0")


if __name__ == "__main__":
    unittest.main()
