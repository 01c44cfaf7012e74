"""The patients to load: Synthea bundles of the fixtures, and the sample patients of the simulator, as tagged transactions.

A bundle is cut down to what the adapter polls and what that refers to, so that a run takes minutes; references to what was left out
or to nothing in the bundle (`Practitioner?identifier=...`) become displays. Exactly this bundle is loaded and given to `bhi map`.
"""
import copy
import datetime
import json
import re

TAG = "urn:bhi-adapter:interop"  # on everything we load: {TAG}|loaded
RUN_TAG = "urn:bhi-adapter:interop-run"  # and whose it is: {RUN_TAG}|<run>

# What a patient's bundle is cut down to; what these refer to stays with them.
KEPT = ["Patient", "EpisodeOfCare", "Questionnaire", "Condition", "Goal", "Medication", "CarePlan", "MedicationRequest",
        "QuestionnaireResponse", "Observation"]
# Everything that is ever loaded, those first that others refer to; cleaning up goes the other way.
TYPES = ["Organization", "Location", "Practitioner", "PractitionerRole", "Patient", "Questionnaire", "Medication", "Encounter",
         "Condition", "EpisodeOfCare", "CareTeam", "Goal", "CarePlan", "MedicationRequest", "QuestionnaireResponse", "Observation"]
# What the daemon is told to ask for.
POLLED = ["Patient", "Questionnaire", "Medication", "EpisodeOfCare", "Condition", "Goal", "CareTeam", "Encounter", "CarePlan",
          "MedicationRequest", "QuestionnaireResponse", "Observation"]


def references(node):
    """Every Reference in a resource, as the object that holds it."""
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


class Bundle:
    """One transaction to be. `entries`: fullUrl -> resource with the id it has in the file."""

    def __init__(self, name, resources):
        self.name = name
        self.entries = {}
        places = {}
        for full_url, resource in resources:
            places[full_url] = places[f"{resource['resourceType']}/{resource['id']}"] = resource
        known = {id(resource): f"urn:uuid:{resource['resourceType']}-{resource['id']}" if not full_url.startswith("urn:uuid:") else full_url
                 for full_url, resource in resources}
        wanted = [resource for _, resource in resources if resource["resourceType"] in KEPT]
        while wanted:
            resource = wanted.pop()
            if known[id(resource)] in self.entries:
                continue
            self.entries[known[id(resource)]] = resource
            for reference in references(resource):
                target = places.get(reference["reference"])
                if target is not None and target["resourceType"] in TYPES:
                    reference["reference"] = known[id(target)]
                    wanted.append(target)
                elif not reference["reference"].startswith("#"):
                    reference.setdefault("display", target["resourceType"] if target else reference["reference"].split("?")[0])
                    del reference["reference"]
        order = {full_url: at for at, full_url in enumerate(known.values())}
        self.entries = dict(sorted(self.entries.items(), key=lambda entry: order[entry[0]]))

    def as_transaction(self, tags=()):
        entries = []
        for full_url, resource in self.entries.items():
            resource = copy.deepcopy(resource)
            if tags:
                resource.setdefault("meta", {}).setdefault("tag", []).extend(tags)
            entries.append({"fullUrl": full_url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}})
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    def count(self):
        return len(self.entries)


def without_narrative(resource):
    resource.pop("text", None)
    return resource


def read(path, fill=lambda text: text):
    entries = json.loads(fill(path.read_text()))["entry"]
    return [(entry.get("fullUrl", ""), without_narrative(entry["resource"])) for entry in entries]


def synthea(folder, most):
    """The smallest files of each set, turn by turn."""
    sets = [sorted(one.glob("*.json"), key=lambda path: path.stat().st_size) for one in sorted(folder.iterdir()) if one.is_dir()]
    chosen = []
    for turn in range(max((len(files) for files in sets), default=0)):
        chosen += [files[turn] for files in sets if turn < len(files)]
    return [Bundle(path.stem.split("_")[0], read(path)) for path in chosen[:most]]


def samples(folder, now):
    """The simulator's own patients, in one bundle because they share forms and a clinic; dates as it fills them in."""
    def fill(text):
        def day(found):
            return (now + datetime.timedelta(days=int(found[1]))).strftime("%Y-%m-%d")

        def moment(found):
            return (now + datetime.timedelta(days=int(found[1]))).strftime("%Y-%m-%dT%H:%M:%SZ")
        return re.sub(r"\{\{now([+-]\d+)d\}\}", moment, re.sub(r"\{\{today([+-]\d+)\}\}", day, text))
    resources = [resource for path in sorted(folder.glob("*.json")) for _, resource in read(path, fill)]
    return Bundle("samples", [(f"urn:uuid:{resource['resourceType']}-{resource['id']}", resource) for resource in resources])
