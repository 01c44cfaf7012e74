"""What a run leaves at the server: loading tagged bundles, finding what is ours by tag and identifier, removing exactly that."""
import copy
import datetime

from bundles import RUN_TAG, TAG, TYPES, references
from fhir_server import Refused

WRITTEN = ["Flag", "Observation", "QuestionnaireResponse", "CarePlan", "DocumentReference"]  # what the adapter creates; not tagged, but with its identifier
MOST_AT_ONCE = 200  # deletes in a transaction
IDENTIFIER = "urn:bhi-adapter:interop-"  # + run: the identifier system of that run's adapter


def tags_of(run):
    return [{"system": TAG, "code": "loaded"}, {"system": RUN_TAG, "code": run}]


def run_of(resource):
    """The run that loaded a resource, or None when no run did."""
    tags = {tag.get("system"): tag.get("code") for tag in resource.get("meta", {}).get("tag", [])}
    return tags.get(RUN_TAG) if tags.get(TAG) == "loaded" else None


def identifiers(resource):
    found = resource.get("identifier", [])
    return found if isinstance(found, list) else [found]


def written_by(resource):
    """The run whose adapter wrote a resource, or None."""
    for identifier in identifiers(resource):
        if str(identifier.get("system", "")).startswith(IDENTIFIER):
            return identifier["system"][len(IDENTIFIER):]
    return None


class Loaded:
    """What was loaded: the id in the file <-> the id at the server, by type."""

    def __init__(self):
        self.at_server, self.in_file = {}, {}

    def add(self, resource_type, file_id, server_id):
        self.at_server[(resource_type, file_id)] = server_id
        self.in_file[(resource_type, server_id)] = file_id

    def count(self):
        return len(self.in_file)  # two bundles may bring the same practitioner


def load(server, bundle, run, transactions, loaded):
    """As one transaction, or one by one where the server has none."""
    if transactions:
        answer = server.ask("POST", "", bundle.as_transaction(tags_of(run)))
        if answer.status not in (200, 201):
            raise Refused(f"transaction of {bundle.count()} resources: {answer.problem()}")
        entries = answer.json.get("entry", [])
        statuses = {str(entry.get("response", {}).get("status", "?"))[:3] for entry in entries}
        if len(entries) != bundle.count() or statuses != {"201"}:  # a server without transactions may run them as a batch
            raise Refused(f"transaction of {bundle.count()} resources: {len(entries)} answers, {', '.join(sorted(statuses))}")
        for resource, entry in zip(bundle.entries.values(), entries):
            loaded.add(resource["resourceType"], resource["id"], id_of(entry["response"]["location"], resource["resourceType"]))
        return
    places, waiting = {}, dict(bundle.entries)
    while waiting:
        ready = [url for url, resource in waiting.items()
                 if all(one["reference"] in places or one["reference"] not in bundle.entries for one in references(resource))]
        if not ready:
            raise Refused(f"{len(waiting)} resources refer to each other in a circle, and the server has no transactions")
        for url in ready:
            resource = copy.deepcopy(waiting.pop(url))
            for one in references(resource):
                one["reference"] = places.get(one["reference"], one["reference"])
            resource.setdefault("meta", {}).setdefault("tag", []).extend(tags_of(run))
            file_id, resource_type = resource.pop("id"), resource["resourceType"]
            answer = server.ask("POST", resource_type, resource)
            if answer.status != 201:
                raise Refused(f"create of {resource_type}: {answer.problem()}")
            server_id = id_of(answer.headers["Location"], resource_type)
            loaded.add(resource_type, file_id, server_id)
            places[url] = f"{resource_type}/{server_id}"


def id_of(location, resource_type):
    parts = location.split("/")
    return parts[len(parts) - 1 - parts[::-1].index(resource_type) + 1]


# ---- finding and removing --------------------------------------------------------------------------------------------


def tagged(server, types):
    """Everything any run has loaded, looked at one by one: a server that ignores the tag does not mislead us."""
    found = []
    for resource_type in types:
        for resource in server.search(resource_type, f"_tag={TAG}%7Cloaded&_count=200"):
            if run_of(resource):
                found.append(resource)
    return found


def written(server, patients, types=WRITTEN):
    """What adapters of this tool wrote about these patients (their ids at the server), once each."""
    found = {}
    for patient in patients:
        for resource_type in types:
            for resource in server.search(resource_type, f"patient={patient}&_count=200"):
                if written_by(resource):
                    found[(resource_type, resource["id"])] = resource
    return list(found.values())


def older_than(resource, minutes, now):
    updated = resource.get("meta", {}).get("lastUpdated")
    if updated is None:
        return False
    return now - datetime.datetime.fromisoformat(updated.replace("Z", "+00:00")) > datetime.timedelta(minutes=minutes)


def find(server, types, wanted):
    """What `wanted(run, resource)` takes of all that is tagged, and what was written about its patients."""
    ours = [resource for resource in tagged(server, types) if wanted(run_of(resource), resource)]
    patients = [resource["id"] for resource in ours if resource["resourceType"] == "Patient"]
    return ours, written(server, patients, [one for one in WRITTEN if one in types])


def remove(server, resources, transactions):
    """How many went. Those that refer to others first, and again while it helps: servers keep what is referred to."""
    def rank(resource):
        resource_type = resource["resourceType"]
        return -(TYPES.index(resource_type) if resource_type in TYPES else len(TYPES))
    once = {(one["resourceType"], one["id"]): one for one in resources}
    left, gone, last = sorted(once.values(), key=rank), 0, ""
    while transactions and left:
        batch = left[:MOST_AT_ONCE]
        entries = [{"request": {"method": "DELETE", "url": f"{one['resourceType']}/{one['id']}"}} for one in batch]
        answer = server.ask("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
        if answer.status != 200:
            break  # then one by one, which says what is in the way
        gone, left = gone + len(batch), left[len(batch):]
    while left:
        kept = []
        for resource in left:
            answer = server.ask("DELETE", f"{resource['resourceType']}/{resource['id']}")
            if answer.status in (200, 202, 204, 404, 410):
                gone += 1
            else:
                kept.append(resource)
                last = f"delete of {resource['resourceType']}: {answer.problem()}"
        if len(kept) == len(left):
            raise Refused(f"{len(kept)} resources of ours stay at the server; {last}")
        left = kept
    return gone
