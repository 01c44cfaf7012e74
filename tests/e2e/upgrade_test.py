"""F23: the daemon is replaced by a newer one while its queues are full. From the store of every schema there was; and from a store in a
file to one on PostgreSQL (`bhi store migrate`).

The stores and what the EHR held at that moment: tests/store/stores/README.md."""
import collections
import re
import sqlite3
import subprocess
import unittest

import postgres
from stack import BIN, TOP, Stack, until

STORES = TOP / "tests" / "store" / "stores"
TYPES = ["Patient", "Questionnaire", "QuestionnaireResponse", "Observation", "CarePlan"]
NAMES = ["ada", "bela", "cleo"]
EXPECTED = (["entered-1", "lost", "worry"] + [f"first-{name}" for name in NAMES]
            + [f"second-{name}-{number}" for name in NAMES for number in range(4)]
            + [f"third-{name}-{number}" for name in NAMES for number in range(10)])


def newest_schema():
    text = (TOP / "adapter" / "store" / "schema.cpp").read_text()
    return max(int(number) for number in re.findall(r"^    \{(\d+), k\w+\},$", text, re.M))


class Upgrade(unittest.TestCase):
    def test_queues_that_an_older_daemon_left_are_worked_off_in_order_and_nothing_is_doubled(self):
        self.assertEqual({file.name for file in STORES.glob("schema-*.sql")},
                         {f"schema-{number}.sql" for number in range(1, newest_schema() + 1)})
        for version in range(1, newest_schema() + 1):
            with self.subTest(schema=version):
                self.upgrade(version)

    @unittest.skipUnless(postgres.installed(), "PostgreSQL's server is not installed (postgresql-15)")
    def test_full_queues_are_moved_to_postgresql_and_worked_off_there(self):
        cluster = postgres.Cluster()
        self.addCleanup(cluster.stop)
        cluster.start()
        self.upgrade(newest_schema(), cluster.url("postgres"))

    def upgrade(self, version, to=None):
        stack = Stack(samples=False, store=to, load=[STORES / f"schema-{version}.ehr.json"], types=TYPES)
        self.addCleanup(stack.stop)
        path = stack.folder / "store" / "bhi.db"
        path.parent.mkdir(mode=0o700)
        store = sqlite3.connect(path)
        store.executescript((STORES / f"schema-{version}.sql").read_text())
        open_before = store.execute("SELECT count(*) FROM outbox WHERE state IN ('planned', 'retry-at', 'unknown', 'sent')").fetchone()[0]
        pending_before = store.execute("SELECT count(*) FROM inbox WHERE state = 'pending'").fetchone()[0]
        store.close()
        self.assertGreater(min(open_before, pending_before), 10)

        if to:
            told = self.run_bhi(0, "migrate", path, "--to", to)
            self.assertIn("unbroken", told)
            self.assertIn("moved to PostgreSQL", self.run_bhi(2, "check", path))
        stack.start_sim()
        stack.start_daemon()
        until("the inbox to be worked off", lambda: stack.metric("bhi_inbox_items", state="pending") == 0 and len(self.screenings(stack)) >= len(EXPECTED), timeout=90)
        until("all deliveries", stack.settled, timeout=90)

        found = collections.Counter(self.screenings(stack))
        self.assertEqual({name: count for name, count in found.items() if count != 1}, {})
        self.assertEqual(set(EXPECTED) - set(found), set())
        states = collections.Counter(item["state"] for item in stack.outbox())
        self.assertEqual(set(states) - {"verified", "superseded"}, set(), states)
        doubled = {value: len(copies) for kind in ("Observation", "CarePlan", "Flag", "QuestionnaireResponse")
                   for value, copies in stack.ours(kind).items() if len(copies) != 1}
        self.assertEqual(doubled, {})
        scores = [value for value in stack.ours("Observation") if value.startswith("screening-result/")]
        self.assertEqual(len(scores), len(EXPECTED))
        self.assertTrue(stack.ours("Flag"), "the safety notice that was held up")
        self.check_order(stack)

        self.run_bhi(0, "check", to or path)
        copy = path.with_name(f"bhi.db.before-{newest_schema()}")
        self.assertEqual(copy.exists(), version < newest_schema())
        self.assertEqual(stack.stop()[0], 0)
        print(f"schema {version}: {pending_before} pending, {open_before} open deliveries worked off")

    def run_bhi(self, code, *words):
        done = subprocess.run([BIN / "bhi", "store", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def screenings(self, stack):
        return [screening["source"].get("id") or screening["id"] if screening["source"].get("system") != "bhi" else "entered-1"
                for patient in stack.patients() for screening in stack.of(patient, "screenings")]

    def check_order(self, stack):
        """The log of the EHR: for each patient the scores came in the order of the outbox."""
        place = {item["care_id"]: item["seq"] for item in stack.outbox() if item["artifact"] == "screening-result"}
        made = collections.defaultdict(list)
        for value, copies in stack.ours("Observation").items():
            kind, identity = value.split("/")[:2]
            if kind == "screening-result" and identity in place:
                made[copies[0]["subject"]["reference"]].append((copies[0]["meta"]["lastUpdated"], place[identity]))
        for sent in made.values():
            sent.sort()
            self.assertGreater(len(sent), 3)
            # What was there before has the time of loading; among equal times there is no order to see.
            for (earlier, first), (later, second) in zip(sent, sent[1:]):
                self.assertTrue(earlier == later or first < second, f"{first} before {second}")


if __name__ == "__main__":
    unittest.main()
