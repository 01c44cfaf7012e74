"""Write-back for test patients that are at the server already, where nobody may load or remove: an EHR's sandbox, the simulator's profiles.

What was written is recognised by what was not there before; it stays there, as in any chart.
"""
import json
import re

import bundles
from checks import ANSWERS, WISH, Checks

# Where something of ours may appear, whatever rung it takes.
PLACES = ["Flag", "Observation", "QuestionnaireResponse", "CarePlan", "DocumentReference", "Communication", "CommunicationRequest", "Task"]
WAITS = ("not filed: ", "consent:", "no rung")  # parked, and rightly so
LOST = ("outcome unknown, and the EHR can search", "ambiguous: outcome unknown")  # the same, where answers are lost


def said(resource):
    """What a resource says, whoever keeps it under whatever id and identifier."""
    return json.dumps({key: value for key, value in resource.items() if key not in ("id", "meta", "identifier", "text")}, sort_keys=True)


class ChecksThere(Checks):
    def __init__(self, patients, *arguments):
        super().__init__(*arguments)
        self.patients, self.before, self.places = patients, {}, []

    def steps(self, _):
        return [("capability", self.capability),
                ("authorisation", self.authorisation),
                ("what was there", self.look_before),
                ("daemon reads", self.read),
                ("push: screenings, care plans", self.push),
                ("what is at the server", self.look),
                ("again: same requests", self.again),
                ("again: killed and restarted", self.after_kill)]

    def read_statement(self):
        super().read_statement()
        rest = next(one for one in self.server.get("metadata")["rest"] if one["mode"] == "server")
        searched = {one["type"]: [parameter["name"] for parameter in one.get("searchParam", [])] for one in rest["resource"]
                    if "search-type" in [each["code"] for each in one.get("interaction", [])]}
        self.places = [one for one in PLACES if "patient" in searched.get(one, [])]
        self.adapter.asked = [one for one in bundles.POLLED if one in searched]

    def all_there(self):
        return {f"{one}/{resource['id']}": resource for one in self.places for patient in self.patients
                for resource in self.server.search(one, f"patient={patient}")}

    def look_before(self):
        self.before = self.all_there()
        return f"{len(self.before)} resources of {len(self.places)} types about {len(self.patients)} patients"

    def push(self):
        for patient in self.adapter.patients():
            self.post_screening(patient)
        self.rest()
        for patient in self.adapter.patients():
            plan = self.post_plan(patient)
            self.posted[patient["source"]["id"]] = plan
        self.rest()
        for patient in self.adapter.patients():
            self.change_plan(patient, self.posted[patient["source"]["id"]])
        self.rest()
        return f"{len(self.posted)} screenings of {sum(ANSWERS)}, {len(self.posted)} care plans made and changed"

    def post_screening(self, patient):
        answer = self.adapter.api.ask("POST", f"/care/patients/{patient['id']}/screenings", self.screening())
        if answer.status not in (200, 201):
            raise AssertionError(f"the screening was answered {answer.status}")
        return answer.json

    def ours(self):
        return {key: resource for key, resource in self.all_there().items() if key not in self.before}

    def held(self):
        return self.all_there()

    def look(self):
        outbox, ours = self.adapter.outbox(), self.ours()
        waits = WAITS + (LOST if self.proxy is not None else ())
        bad = [f"{item['artifact']} {item['state']}: {item['reason']}" for item in outbox
               if item["state"] not in ("verified", "superseded") and not (item["state"] == "parked" and item["reason"].startswith(waits))]
        texts = [said(resource) for resource in ours.values()]
        bad += [f"{sum(1 for text in texts if text == one)} resources say the same" for one in sorted({one for one in texts if texts.count(one) > 1})]
        places = {reference for item in outbox if item["state"] == "verified" for reference in re.findall(r"\b[A-Z][A-Za-z]+/[\w.-]+", item["reason"])}
        bad += [f"{place}: said to be written, and not found" for place in sorted(places)
                if place.split("/")[0] in self.places and place not in ours and place not in self.before]
        whom = {resource.get("subject", resource.get("for", {})).get("reference", "?").split("/")[-1] for resource in ours.values()}
        if not whom <= set(self.patients):
            bad.append("something was written about another patient")
        if self.proxy is not None and not self.proxy.lost:
            bad.append("no answer was lost, though each should have been")
        if not any(WISH in text for text in texts) and "CarePlan" in {key.split("/")[0] for key in ours}:
            bad.append("care plan: our activity is not there")
        if bad:
            raise AssertionError("; ".join(sorted(set(bad))))
        kinds = sorted(key.split("/")[0] for key in ours)
        counts = ", ".join(f"{kinds.count(one)} {one}" for one in sorted(set(kinds))) or "nothing"
        rungs = sorted({f"{item['artifact']} by {item['rung']}" for item in outbox if item.get("rung")})
        waiting = sorted({next(why for why in waits if item["reason"].startswith(why)).strip(": ") for item in outbox
                          if item["state"] == "parked"})
        lost = f"; {self.proxy.lost} answers were lost" if self.proxy is not None else ""
        return f"{counts}, none twice; {', '.join(rungs) or 'no rung'}; parked: {', '.join(waiting) or 'nothing'}{lost}"

    def again(self):
        before = self.held()
        for patient in self.adapter.patients():
            self.post_screening(patient)
            self.post_plan(patient)
            self.change_plan(patient, self.posted[patient["source"]["id"]])
        self.rest()
        return self.none_more(before)

    def after_kill(self):
        before = self.held()
        self.adapter.stop(9)
        self.adapter.start()
        self.rest()
        return self.none_more(before)

    def none_more(self, before):
        now = self.held()
        more = sorted(set(now) - set(before))
        changed = sorted(one for one in before if said(now.get(one, {})) != said(before[one]))
        if more or changed:
            raise AssertionError(f"more: {', '.join(more) or 'none'}; changed: {', '.join(changed) or 'none'}")
        return f"{len(now)} resources as they were, none more"

    def clean_up(self):
        return f"SKIPPED, {len(self.ours())} resources stay in the charts" if self.before else "nothing was made"
