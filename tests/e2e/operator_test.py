"""The operator's side of writing back: the plan and its changes, the queue and its acts, and the dry run."""
import datetime
import hashlib
import json
import subprocess
import unittest

from stack import BIN, Stack, until

PHQ9 = [2, 1, 2, 1, 1, 1, 1, 1, 0]


def yesterday():
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Mode(Stack):
    """A stack whose source is written to as `mode` says."""
    mode = "true"
    tokens = ""

    def config(self):
        return super().config().replace("write_back: true", f"write_back: {self.mode}") + self.tokens

    def restart_daemon(self, mode):
        self.daemon.stop()
        self.mode = mode
        self.start_daemon()

    def bhi(self, *arguments, url=None, code=0):
        done = subprocess.run([BIN / "bhi", "queue", *map(str, arguments), "--url", url or self.adapter.base], capture_output=True, text=True)
        if done.returncode != code:
            raise AssertionError(f"bhi queue {arguments}: exit {done.returncode}, expected {code}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def items(self, **wanted):
        query = "&".join(f"{key}={value}" for key, value in {"limit": 500, **wanted}.items())
        return self.adapter.get(f"/admin/outbox?{query}")["outbox"]

    def writes(self):
        """What the EHR was sent to change something, by its own log."""
        return [(line["method"], line["path"]) for line in self.control.get("/log?last=10000")["log"] if line["method"] != "GET"]

    def post_phq9(self, name):
        patient = self.patients()[0]
        made = self.adapter.ask("POST", f"/care/patients/{patient['id']}/screenings", {
            "id": name, "instrument": "phq-9", "authored": yesterday(), "items": [{"n": n, "score": score} for n, score in enumerate(PHQ9, 1)]})
        if made.status != 201:
            raise AssertionError(made.text)
        return made.json["id"]

    def ways(self):
        (one,) = self.adapter.get("/admin/plans")["destinations"]
        return {(plan["artifact"], plan["occasion"]): plan["taken"] for plan in one["plans"]}, one


class DryRun(unittest.TestCase):
    def test_D5_05_the_exact_requests_are_shown_and_nothing_is_sent_until_released(self):
        stack = Mode()
        stack.mode = "dry-run"
        with stack:
            until("the samples to be read", lambda: len(stack.patients()) >= 3 and stack.items(), timeout=60)
            care_id = stack.post_phq9("rehearsed")
            mine = lambda: next((item for item in stack.items(trouble="dry-run") if item["care_id"] == care_id), None)
            item = until("the rehearsal", mine, timeout=60)
            self.assertEqual(item["state"], "parked")
            self.assertRegex(item["reason"], r"^dry run: POST ")
            until("everything to be rehearsed", lambda: not stack.items(state="planned,sent,retry-at,unknown"), timeout=60)

            seen = stack.adapter.get(f"/admin/outbox/{item['seq']}")
            self.assertEqual(seen["would"]["state"], "verified")
            shown = [(request["method"], request["url"]) for request in seen["requests"]]
            self.assertEqual(item["reason"], "dry run: " + ", ".join(f"{method} {url}" for method, url in shown))
            text = stack.bhi("show", item["seq"])
            self.assertIn("Dry run: nothing was sent", text)
            for request in seen["requests"]:
                self.assertIn(f"{request['method']} {request['url']}\n", text)
            self.assertEqual(json.loads(stack.bhi("show", item["seq"], "--json"))["requests"], seen["requests"])
            self.assertNotIn("requests", json.loads(stack.bhi("show", item["seq"], "--json", "--no-preview")))
            self.assertEqual(stack.writes(), [], "the EHR was sent something")

            # Writing in earnest begins when the site says so, and what was rehearsed goes when a person says so.
            stack.restart_daemon("true")
            self.assertEqual(stack.items(trouble="dry-run")[0]["state"], "parked")
            self.assertRegex((stack.folder / "daemon.log").read_text(), r'"level":"warn".*items of a dry run are parked')
            self.assertIn("now planned", stack.bhi("release", "--all", "--trouble", "dry-run"))
            until("the item to be written", lambda: stack.adapter.get(f"/admin/outbox/{item['seq']}?preview=false")["item"]["state"] == "verified", timeout=60)
            sent = [write for write in stack.writes()]
            for method, url in shown:
                self.assertIn((method, "/fhir/" + url), sent)
            for request in seen["requests"]:
                value = request["body"]["identifier"]
                value = (value[0] if isinstance(value, list) else value)["value"]
                there = stack.ours(request["url"])[value]
                self.assertEqual(len(there), 1)
                for key, part in request["body"].items():
                    if key not in ("meta", "derivedFrom"):
                        self.assertEqual(there[0][key], part, f"{request['url']}.{key}")


class Plans(unittest.TestCase):
    def test_D5_04_a_capability_that_goes_and_comes_back_is_an_event_and_moves_what_was_parked(self):
        stack = Mode(sim_state=True)
        with stack:
            until("the samples to be read", lambda: len(stack.patients()) >= 3 and stack.settled(), timeout=60)
            before, _ = until("a plan", lambda: stack.ways()[0] and stack.ways())
            self.assertEqual(before["screening-result", "new"], "QuestionnaireResponse")

            self.change_ehr(stack, "--profile", "oracle")
            gone, one = until("the plan to be another", lambda: stack.ways()[0]["safety", "new"] != "Flag" and stack.ways(), timeout=60)
            self.assertEqual(gone["screening-result", "new"], "Observation")
            change = next(change for change in one["changes"] if (change["artifact"], change["occasion"]) == ("screening-result", "new"))
            self.assertEqual((change["before"], change["after"]), ("QuestionnaireResponse", "Observation"))
            self.assertIn("QuestionnaireResponse create is not declared", change["why"])
            self.assertRegex((stack.folder / "daemon.log").read_text(), r'"level":"warn".*write plan changed')
            self.assertGreater(stack.metric("bhi_write_plan_changes_total", artifact="screening-result"), 0)

            self.change_ehr(stack, "--profile", "eclinicalworks")
            until("no way for safety", lambda: stack.ways()[0]["safety", "new"] == "none", timeout=60)
            self.assertEqual(stack.metric("bhi_write_plan_no_way", artifact="safety"), 1)

            # A restart notices, too: the plan is kept.
            stack.daemon.stop()
            self.change_ehr(stack, refresh=False)
            stack.start_daemon()
            back, one = until("the plan to be as before", lambda: stack.ways()[0] == before and stack.ways(), timeout=60)
            self.assertIn(("none", "Flag"), [(change["before"], change["after"]) for change in one["changes"]])
            text = subprocess.run([BIN / "bhi", "plan", stack.ehr.base, "--json"], check=True, capture_output=True, text=True).stdout
            self.assertEqual({(plan["artifact"], plan["occasion"]): plan["taken"] for plan in json.loads(text)["plans"]}, back)

    def test_what_was_parked_for_want_of_a_way_goes_when_there_is_one(self):
        stack = Mode(sim_state=True)
        with stack:
            until("the samples to be read", lambda: len(stack.patients()) >= 3 and stack.settled(), timeout=60)
            self.change_ehr(stack, "--profile", "eclinicalworks")
            until("no care plans", lambda: stack.ways()[0]["care-plan", "new"] == "none", timeout=60)
            patient = stack.patients()[0]
            made = stack.adapter.ask("POST", f"/care/patients/{patient['id']}/plans", {"id": "late", "title": "Late", "status": "active", "intent": "plan"})
            self.assertEqual(made.status, 201, made.text)
            mine = lambda: next(item for item in stack.items(artifact="care-plan") if item["care_id"] == made.json["id"])
            item = until("the plan to be parked", lambda: mine()["state"] == "parked" and mine(), timeout=60)
            self.assertEqual(item["trouble"], "policy", item)
            self.change_ehr(stack)
            until("it to be written", lambda: mine()["state"] == "verified", timeout=60)
            self.assertEqual(len(stack.ours("CarePlan")["care-plan/" + made.json["id"]]), 1)

    def change_ehr(self, stack, *arguments, refresh=True):
        stack.sim.stop()
        stack.sim_args = list(arguments)
        stack.start_sim()
        if refresh:
            self.assertEqual(stack.adapter.ask("POST", "/admin/plans/refresh").status, 202)


class Queue(unittest.TestCase):
    def test_the_command_says_what_is_wrong_when_it_cannot_ask(self):
        self.assertEqual(self.run_queue("--url", "http://127.0.0.1:9").returncode, 2)
        self.assertIn("is the adapter running there?", self.run_queue("--url", "http://127.0.0.1:9").stderr)
        self.assertEqual(self.run_queue("discard", "1").returncode, 2, "a reason is asked for")
        self.assertEqual(self.run_queue("release").returncode, 2)
        self.assertEqual(self.run_queue("release", "--all").returncode, 2)
        stack = Mode(samples=False)
        roles = {"operator": "o" * 32, "ehr": "e" * 32}
        stack.tokens = "tokens:\n" + "".join(
            f"  - {{name: {role}-1, role: {role}, hash: {hashlib.sha256(token.encode()).hexdigest()}}}\n" for role, token in roles.items())
        with stack:
            files = {}
            for role, token in {**roles, "nobody": "n" * 32}.items():
                files[role] = stack.folder / f"{role}.token"
                files[role].write_text(token + "\n")
                files[role].chmod(0o600)
            for role, words in {None: "a token is asked for", "nobody": "not known", "ehr": "role operator"}.items():
                given = [] if role is None else ["--token-file", files[role]]
                done = self.run_queue("--url", stack.adapter.base, *given)
                self.assertEqual(done.returncode, 2, role)
                self.assertIn(words, done.stderr)
            asked = ["--token-file", files["operator"]]
            self.assertIn("0 items", stack.bhi(*asked))
            self.assertIn("404", stack.bhi("show", 7, *asked, code=1))
            self.assertIn("404", stack.bhi("release", 7, *asked, code=1))
            self.assertIn("keep: expected ours or theirs", stack.bhi("resolve", 7, "--keep", "both", *asked, code=1))

    def test_a_person_discards_and_releases(self):
        stack = Mode()
        stack.mode = "dry-run"
        with stack:
            until("rehearsed items", lambda: len(stack.items(state="parked", trouble="dry-run")) >= 2, timeout=60)
            first, second = [item["seq"] for item in stack.items(state="parked", trouble="dry-run")][:2]
            self.assertIn(f"{first}: now dead", stack.bhi("discard", first, "--reason", "entered twice"))
            listed = stack.bhi("list", "--state", "dead")
            self.assertRegex(listed, rf"(?m)^ +{first}  dead .*entered twice")
            refused = stack.adapter.ask("POST", f"/admin/outbox/{first}/discard", {"reason": "again"})
            self.assertEqual(refused.status, 409, refused.text)
            self.assertEqual(stack.adapter.ask("POST", f"/admin/outbox/{second}/discard", {}).status, 400)
            self.assertIn(f"{first}: now planned", stack.bhi("release", first))
            until("the rehearsal of the released one", lambda: first in [item["seq"] for item in stack.items(trouble="dry-run")], timeout=60)
            page = stack.adapter.get("/admin/outbox?limit=1&state=parked")
            after = stack.adapter.get(f"/admin/outbox?limit=1&state=parked&before={page['next']}")
            self.assertLess(after["outbox"][0]["seq"], page["outbox"][0]["seq"])
            self.assertEqual(stack.adapter.ask("GET", "/admin/outbox?state=lost").status, 400)
            self.assertEqual(stack.writes(), [])

    @staticmethod
    def run_queue(*arguments):
        return subprocess.run([BIN / "bhi", "queue", *map(str, arguments)], capture_output=True, text=True)


if __name__ == "__main__":
    unittest.main()
