"""The steps of a run, in their order. Each returns the figure that it found, or raises with what was expected and found."""
import collections
import datetime
import json
import pathlib
import re
import signal
import subprocess
import time
import urllib.parse

import bundles
import care_model
import remains
from adapter import until
from documents import content, kind_of, lost_elements, version
from fhir_server import Refused, bhi

ANSWERS = [2, 2, 1, 2, 1, 2, 1, 1, 0]  # a PHQ-9 of 12 without a safety finding
NOTE = "Entered at the EHR while the BHI side changed the plan"
WISH = "Walk 20 minutes, three times a week"


def count(server, resource_type, query=""):
    """How many there are, or None when the server does not say."""
    return server.get(f"{resource_type}?_summary=count{query}").get("total")


class Checks:
    def __init__(self, run, server, adapter, auth, chosen, started, proxy=None):
        self.run, self.server, self.adapter, self.auth, self.chosen, self.started = run, server, adapter, auth, chosen, started
        self.proxy = proxy
        self.system = remains.IDENTIFIER + run
        self.loaded = remains.Loaded()
        self.software, self.transactions, self.types, self.validating, self.expected = "", False, [], [], None
        self.posted = {}  # patient at the server -> the screening that we posted
        self.made = None  # (patient at the server, care plan that we made)
        self.changed = {}  # CarePlan at the server -> its content before our change
        self.documents = False  # are plans and screenings written as documents too?
        self.dirty = False  # may there be anything of this run at the server?

    def steps(self, loading):
        return [("capability", self.capability),
                ("authorisation", self.authorisation),
                ("remains of other runs", self.remove_older),
                ("load", lambda: self.load(loading)),
                ("care model by bhi map", lambda: self.map(loading)),
                ("daemon reads", self.read),
                ("care model equals", self.compare),
                ("push: screenings, care plans", self.push),
                ("what is at the server", self.look),
                ("the server validates it", self.validate),
                ("again: same requests", self.again),
                ("again: killed and restarted", self.after_kill),
                ("again: with an empty store", self.after_loss)]

    # ---- before ------------------------------------------------------------------------------------------------------

    def read_statement(self):
        statement = self.server.get("metadata")
        rest = next(one for one in statement["rest"] if one["mode"] == "server")
        software = statement.get("software", {})
        self.software = f"{software.get('name', 'a server without a name')} {software.get('version', '')}".strip() + f", FHIR {statement['fhirVersion']}"
        self.types = [one["type"] for one in rest.get("resource", [])]
        self.adapter.asked = [one for one in bundles.POLLED if one in self.types]
        self.documents = not self.chosen.no_documents and any(
            one["type"] == "DocumentReference" and "create" in [each["code"] for each in one.get("interaction", [])]
            for one in rest.get("resource", []))
        self.validating = [one["type"] for one in rest.get("resource", [])
                           if "validate" in [operation["name"] for operation in one.get("operation", [])]]
        self.transactions = not self.chosen.one_by_one and "transaction" in [one["code"] for one in rest.get("interaction", [])]

    def capability(self):
        self.read_statement()
        command = [bhi(), "capabilities", self.chosen.base_url, "--types", *bundles.POLLED]
        command += ["--token-file", self.chosen.token_file] if self.chosen.token_file else []
        command += ["--allow-plain-http"] if self.chosen.allow_plain_http else []
        tls = {"--ca-file": self.chosen.ca_file, "--cert-file": self.chosen.cert_file, "--key-file": self.chosen.cert_key_file}
        command += [word for option, path in tls.items() if path for word in (option, path)]
        page = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if page.returncode != 0:
            raise AssertionError(f"bhi capabilities ended with {page.returncode}: {page.stderr.strip()[-300:]}")
        modes = re.findall(r"^  (\w+) +(lastUpdated|sweep|created-date|none)", page.stdout, re.MULTILINE)
        readable = [one for one, mode in modes if mode != "none"]
        todo = page.stdout.split("To do\n")[1].split("\n\n")[0].strip()
        return f"{self.software}; {len(readable)} of {len(modes)} types readable; to do: {' '.join(todo.split())}"

    def authorisation(self):
        doctor = subprocess.run([bhi(), "doctor", "--config", self.adapter.write_config("store")], capture_output=True, text=True, timeout=120)
        wrong = [" ".join(line.split()) for line in doctor.stdout.splitlines() if line.startswith("  WRONG")]
        if doctor.returncode != 0:
            raise AssertionError(f"bhi doctor ended with {doctor.returncode}: {'; '.join(wrong) or doctor.stderr.strip()[-300:]}")
        token = re.search(r"ok +token +(good for \d+ s)", doctor.stdout)
        return f"{self.auth.kind}{', ' + token[1] if token else ''}; bhi doctor: {doctor.stdout.count('  ok ')} ok"

    def ours_types(self):
        return [one for one in bundles.TYPES + ["Flag", "DocumentReference"] if one in self.types or not self.types]

    def remove_older(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        loaded, written = remains.find(self.server, self.ours_types(),
                                       lambda _, resource: remains.older_than(resource, self.chosen.older, now))
        gone = remains.remove(self.server, written + loaded, self.transactions)
        return f"{gone} resources removed"

    def remove_everything(self):
        self.read_statement()
        loaded, written = remains.find(self.server, self.ours_types(), lambda *_: True)
        return f"{remains.remove(self.server, written + loaded, self.transactions)} resources removed"

    # ---- what is read ------------------------------------------------------------------------------------------------

    def alone(self):
        """Nothing that the daemon would ask for is there, and nobody else is: then it may ask for everything, and sees its own writes."""
        host = urllib.parse.urlsplit(self.chosen.base_url).hostname
        if self.chosen.only_tagged or host not in ("127.0.0.1", "localhost", "::1"):
            return False
        return all(count(self.server, one) == 0 for one in bundles.POLLED)

    def load(self, loading):
        if not self.alone():
            tag = urllib.parse.quote(f"{bundles.RUN_TAG}|{self.run}", safe="")
            self.adapter.config["source"].append("filters: [" + ", ".join(f'"{one}?_tag={tag}"' for one in bundles.POLLED) + "]")
            asked = "the daemon asks for tagged resources only"
        else:
            asked = "the daemon asks for everything"
        self.dirty = True
        for bundle in loading:
            remains.load(self.server, bundle, self.run, self.transactions, self.loaded)
        patients = sum(1 for one, _ in self.loaded.at_server if one == "Patient")
        return (f"{len(loading)} bundles, {patients} patients, {self.loaded.count()} resources"
                f"{'' if self.transactions else ' one by one'}; {asked}")

    def map(self, loading):
        folder = pathlib.Path(self.adapter.folder) / "bundles"
        folder.mkdir(exist_ok=True)
        files = []
        for at, bundle in enumerate(loading):
            files.append(folder / f"{at}.json")
            files[-1].write_text(json.dumps(bundle.as_transaction()))
        command = [bhi(), "map", "--json", "--source", "main", "--instance", f"interop-{self.run}"]
        done = subprocess.run(command + files, capture_output=True, text=True, timeout=300)
        if done.returncode not in (0, 1):
            raise AssertionError(f"bhi map ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        report = json.loads(done.stdout)
        self.expected = report["care"]
        kinds = sorted({entity["kind"] for entity in self.expected})
        return f"{len(self.expected)} entities of {len(kinds)} kinds ({', '.join(kinds)}); {len(report['writes'])} writes foreseen"

    def rest(self):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        self.adapter.quiet(now.replace("+00:00", "Z"), self.chosen.timeout)

    def read(self):
        self.adapter.start()
        self.rest()
        outbox = self.adapter.outbox()
        states = {state: sum(1 for item in outbox if item["state"] == state) for state in sorted({item["state"] for item in outbox})}
        quarantine = self.adapter.api.get("/care/quarantine?limit=500")["quarantine"]
        if quarantine:
            raise AssertionError(f"{len(quarantine)} resources in quarantine")
        modes = sorted({one["mode"] for one in self.adapter.types()})
        return f"{len(self.adapter.patients())} patients by {', '.join(modes)}; outbox {states}"

    def compare(self):
        equal, elements, lines = care_model.compare(self.expected, self.adapter.care_model(), "main", self.loaded.in_file)
        if lines:
            shown = "; ".join(lines[:8]) + ("" if len(lines) <= 8 else "; ...")
            raise AssertionError(f"{equal} of {len(self.expected)} entities equal, {len(lines)} differences: {shown}")
        return f"{equal} of {len(self.expected)} entities, {elements} elements"

    # ---- what is written ---------------------------------------------------------------------------------------------

    def plan_patients(self):
        """(patient, plan): one with a behavioral plan, one with another active plan of the EHR, when there are such."""
        found = {}
        for patient in self.adapter.patients():
            for plan in self.adapter.of(patient, "plans"):
                if plan["status"] == "active" and plan.get("source", {}).get("type") == "CarePlan" and \
                        ("CarePlan", plan["source"]["id"]) in self.loaded.in_file:
                    found.setdefault(plan["behavioral"], (patient, plan))
        if not found:
            raise AssertionError("no active CarePlan among what was loaded")
        return list(found.values())

    def screening(self):
        return {"id": f"interop-{self.run}", "instrument": "phq-9", "authored": self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "items": [{"n": n, "score": score} for n, score in enumerate(ANSWERS, 1)]}

    def push(self):
        for patient, plan in self.plan_patients():
            posted = self.adapter.api.ask("POST", f"/care/patients/{patient['id']}/screenings", self.screening())
            if posted.status != 201:
                raise AssertionError(f"the screening was answered {posted.status}")
            self.posted[patient["source"]["id"]] = posted.json
            self.rest()  # what the score asks for goes into the plan before our own change
            at = plan["source"]["id"]
            self.changed[at] = self.edit_there(at)
            self.change_plan(patient, plan)  # at the same time, as far as we can
        self.make_plan()
        self.rest()
        return f"{len(self.posted)} screenings, {len(self.changed)} care plans changed, 1 made and changed"

    def make_plan(self):
        """A plan of the BHI side, for a patient without one where there is such; and once it is written, a change of it."""
        having = [patient for patient in self.adapter.patients() if patient["source"]["id"] not in self.posted]
        without = [patient for patient in having if not self.adapter.of(patient, "plans")]
        patient = (without or having or self.adapter.patients())[0]
        plan = self.post_plan(patient)
        self.made = (patient["source"]["id"], plan)
        self.rest()
        self.change_plan(patient, plan)

    def post_plan(self, patient):
        body = {"id": f"interop-{self.run}", "title": "Behavioral health plan", "status": "active", "intent": "plan",
                "goals": [{"description": "PHQ-9 below 5", "status": "active", "targets": [{"measure": "44261-6", "text": "< 5"}]}]}
        answer = self.adapter.api.ask("POST", f"/care/patients/{patient['id']}/plans", body)
        if answer.status not in (200, 201):
            raise AssertionError(f"the care plan was answered {answer.status}")
        return answer.json

    def edit_there(self, at):
        """A clinician's note in the plan at the server; the plan with it."""
        for _ in range(10):
            now = self.server.get(f"CarePlan/{at}")
            now.setdefault("note", []).append({"text": NOTE})
            answer = self.server.ask("PUT", f"CarePlan/{at}", now, {"If-Match": f'W/"{version(now)}"'})
            if answer.status == 200:
                return now
            if answer.status not in (409, 412):  # the adapter was faster
                raise AssertionError(f"the edit at the server was answered {answer.problem()}")
        raise AssertionError("the edit at the server met ten newer versions")

    def change_plan(self, patient, plan):
        path = f"/care/patients/{patient['id']}/plans/{plan['id']}"

        def changed():
            current = self.adapter.api.ask("GET", path)
            activities = [one for one in current.json.get("activities", []) if one.get("description") != WISH]
            activities.append({"description": WISH, "status": "not-started"})
            answer = self.adapter.api.ask("PATCH", path, {"activities": activities}, {"If-Match": current.headers["ETag"]})
            if answer.status not in (200, 412):  # 412: a poll was faster
                raise SystemError(f"the plan change was answered {answer.status}")
            return answer.status == 200
        until("the plan change to be taken", changed)

    def written(self):
        patients = [server_id for (kind, _), server_id in self.loaded.at_server.items() if kind == "Patient"]
        return [one for one in remains.written(self.server, patients, [kind for kind in remains.WRITTEN if kind in self.types]) if remains.written_by(one) == self.run]

    def by_identifier(self):
        found = {}
        for resource in self.written():
            for identifier in remains.identifiers(resource):
                if identifier.get("system") == self.system:
                    found.setdefault(identifier["value"], []).append(resource)
        return found

    def look(self):
        held, total = self.by_identifier(), sum(ANSWERS)
        outbox = self.adapter.outbox()
        bad = [f"{item['artifact']} {item['state']}: {item['reason']}" for item in outbox if item["state"] not in ("verified", "parked")]
        bad += [f"{item['artifact']} parked: {item['reason']}" for item in outbox if item["state"] == "parked" and "consent" not in item["reason"]]
        for patient, screening in self.posted.items():
            for artifact in ("screening-result", "questionnaire-response"):
                copies = held.get(f"{artifact}/{screening['id']}", [])
                subjects = {one["subject"]["reference"].split("/")[-1] for one in copies}
                if len(copies) != 1 or subjects != {patient}:
                    bad.append(f"{artifact}: expected one of its patient, found {len(copies)}")
                elif artifact == "screening-result" and float(copies[0]["valueQuantity"]["value"]) != total:
                    bad.append(f"{artifact}: its value is not the total of the answers")
        for at, before in self.changed.items():
            now = self.server.get(f"CarePlan/{at}")
            if [one.get("detail", {}).get("description") for one in now.get("activity", [])].count(WISH) != 1:
                bad.append("care plan: our activity is not there once")
            bad += [f"care plan: {lost}" for lost in lost_elements(before, now)]
            if remains.run_of(now) != self.run:
                bad.append("care plan: its tag is gone")
        bad += self.wrong_plan(held) + self.wrong_documents(held)
        twice = [value for value, copies in held.items() if len(copies) > 1]
        bad += [f"{value.split('/')[0]}: {len(held[value])} copies" for value in twice]
        if bad:
            raise AssertionError("; ".join(sorted(set(bad))))
        kinds = sorted({one["resourceType"] for copies in held.values() for one in copies})
        parked = sum(1 for item in outbox if item["state"] == "parked")
        if self.proxy is not None and not self.proxy.lost:
            raise AssertionError("no answer was lost, though each should have been")
        lost = f"; {self.proxy.lost} answers were lost" if self.proxy is not None else ""
        notes = [self.server.get(f"CarePlan/{at}").get("note", []) for at in self.changed]
        if any([note.get("text") for note in one].count(NOTE) != 1 for one in notes):
            raise AssertionError("care plan: the note that was entered there at the same time is not there once")
        return (f"{sum(map(len, held.values()))} with our identifier ({', '.join(kinds)}), each once; {len(self.changed)} care plans with both sides' "
                f"changes and nothing lost; {parked} wait for a consent{lost}")

    def wrong_plan(self, held):
        """What is wrong with the plan that we made and changed."""
        patient, plan = self.made
        copies = held.get(f"care-plan/{plan['id']}", [])
        if [one["subject"]["reference"].split("/")[-1] for one in copies] != [patient]:
            return [f"care plan of ours: expected one of its patient, found {len(copies)}"]
        if [one.get("detail", {}).get("description") for one in copies[0].get("activity", [])].count(WISH) != 1:
            return ["care plan of ours: the activity that came later is not there once"]
        return []

    def wrong_documents(self, held):
        """What is wrong with the documents that are written beside plans and screenings, where the server takes them."""
        if not self.documents:
            return []
        wanted = {f"screening-document/{screening['id']}": patient for patient, screening in self.posted.items()}
        wanted[f"care-plan-document/{self.made[1]['id']}"] = self.made[0]
        bad = []
        for value, patient in wanted.items():
            copies = held.get(value, [])
            if [one["subject"]["reference"].split("/")[-1] for one in copies] != [patient]:
                bad.append(f"{value.split('/')[0]}: expected one of its patient, found {len(copies)}")
            elif "data" not in copies[0]["content"][0]["attachment"]:
                bad.append(f"{value.split('/')[0]}: nothing is in it")
        return bad

    def validate(self):
        """What we created, by the server's own validator."""
        made = [one for one in self.written() if remains.run_of(one) is None and one["resourceType"] in self.validating]
        if not made:
            return "SKIPPED, the server declares no $validate for what we create"
        bad, warnings = set(), collections.Counter()
        for resource in made:
            answer = self.server.ask("POST", f"{resource['resourceType']}/$validate", resource)
            issues = answer.json.get("issue", []) if answer.json.get("resourceType") == "OperationOutcome" else []
            if not issues:
                raise AssertionError(f"$validate of {resource['resourceType']}: expected an OperationOutcome, found {answer.problem()}")
            warnings.update(kind_of(issue) for issue in issues if issue["severity"] == "warning")
            bad |= {f"{resource['resourceType']}: {' '.join(issue.get('expression', issue.get('location', [])))} {kind_of(issue)}".strip()
                    for issue in issues if issue["severity"] in ("error", "fatal")}
        if bad:
            raise AssertionError("; ".join(sorted(bad)))
        return f"{len(made)} resources without an error; warnings: " + (", ".join(f"{n} {kind}" for kind, n in sorted(warnings.items())) or "none")

    # ---- twice -------------------------------------------------------------------------------------------------------

    def held(self):
        """All that the adapter wrote or could have changed, as it is now."""
        resources = self.written() + [self.server.get(f"CarePlan/{server_id}")
                                      for (kind, _), server_id in self.loaded.at_server.items() if kind == "CarePlan"]
        return {f"{one['resourceType']}/{one['id']}": one for one in resources}

    def unchanged(self, before, same):
        """None more, none less, and each the same by `same`."""
        now = self.held()
        moved = sorted(one.split("/")[0] for one in before if one not in now or same(now[one]) != same(before[one]))
        more = sorted(one.split("/")[0] for one in set(now) - set(before))
        if moved or more:
            raise AssertionError(f"changed: {', '.join(moved) or 'nothing'}; created again: {', '.join(more) or 'nothing'}")
        return now

    def no_new_version(self, before):
        return f"{len(self.unchanged(before, version))} resources, no new version, none more"

    def post_again(self):
        for patient in self.adapter.patients():
            if patient["source"]["id"] in self.posted:
                answer = self.adapter.api.ask("POST", f"/care/patients/{patient['id']}/screenings", self.screening())
                if answer.status not in (200, 201) or answer.json["id"] != self.posted[patient["source"]["id"]]["id"]:
                    raise AssertionError(f"the repeated screening was answered {answer.status}, not with the screening that is there")
            if patient["source"]["id"] == self.made[0]:
                if self.post_plan(patient)["id"] != self.made[1]["id"]:
                    raise AssertionError("the repeated care plan was not answered with the one that is there")

    def again(self):
        before = self.held()
        self.post_again()
        for patient in self.adapter.patients():
            for plan in self.adapter.of(patient, "plans"):
                if plan.get("source", {}).get("id") in self.changed and patient["source"]["id"] in self.posted:
                    self.change_plan(patient, plan)
        self.rest()
        return self.no_new_version(before)

    def after_kill(self):
        before = self.held()
        self.adapter.stop(signal.SIGKILL)
        self.adapter.start()
        self.rest()
        return self.no_new_version(before)

    def after_loss(self):
        """The adapter begins anew beside what it wrote earlier. It does not read its own screenings back, so a plan is led by what is
        older until the screening is entered again; then all is as it was, and nothing is there twice."""
        before = self.held()
        self.adapter.stop()
        self.adapter.start("second-store")
        self.rest()
        self.post_again()
        self.rest()
        now = self.unchanged(before, content)
        written = sum(1 for one in now if version(now[one]) != version(before[one]))
        return f"{len(now)} resources with the same content, none more; {written} written again"

    # ---- after -------------------------------------------------------------------------------------------------------

    def clean_up(self):
        """By what the server says is tagged or carries our identifier; and by what we know to have loaded, should it not find by tag."""
        if not self.dirty:
            return "nothing was made"
        deadline = time.monotonic() + 60
        while True:
            loaded, written = remains.find(self.server, self.ours_types(), lambda run, _: run == self.run)
            known = {(one["resourceType"], one["id"]) for one in loaded}
            loaded += [{"resourceType": kind, "id": server_id} for (kind, server_id) in self.loaded.in_file if (kind, server_id) not in known]
            gone = remains.remove(self.server, written + self.written_unknown(written) + loaded, self.transactions)
            left, more = remains.find(self.server, self.ours_types(), lambda run, _: run == self.run)
            if not left and not more:
                return f"{gone} resources removed, none left"
            if time.monotonic() > deadline:
                raise Refused(f"{len(left) + len(more)} resources of ours are still found")

    def written_unknown(self, written):
        known = {(one["resourceType"], one["id"]) for one in written}
        return [one for one in self.written() if (one["resourceType"], one["id"]) not in known] if self.loaded.count() else []
