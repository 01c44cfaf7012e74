#!/usr/bin/env python3
"""The story that tools/demo tells: every sentence of it is read back from the daemon or from the EHR, nothing is assumed."""
import argparse
import datetime
import json
import pathlib
import shutil
import signal
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests" / "e2e"))

from stack import Stack, until  # noqa: E402

FOLLOW_UP = [1, 1, 2, 1, 0, 1, 1, 0, 0]


def say(text=""):
    print(text, flush=True)


def heading(text):
    say(f"\n== {text}")


def describe(screening):
    total, stated = screening["total"], screening["statedTotal"]
    line = f"{screening['instrument'].upper()} of {screening['authored'][:10]}: "
    if screening["items"]:
        line += "items " + " ".join("-" if item.get("score") is None else str(item["score"]) for item in screening["items"]) + ", "
    line += f"total {total}" if total is not None else f"score {stated:g} without its answers" if stated is not None else "no total"
    if total is not None and stated not in (None, total):
        line += f" (but its sender says {stated:g})"
    return line + (f", {screening['severity']}" if screening["severity"] else "")


def arrived(stack):
    heading("What arrived from the EHR")
    for patient in stack.patients():
        say(f"- {patient['name']}, born {patient.get('birthDate', 'unknown')}")
        screenings = stack.of(patient, "screenings")
        for screening in screenings[-4:]:
            say(f"    {describe(screening)}")
        if len(screenings) > 4:
            say(f"    ... and {len(screenings) - 4} earlier screenings")
        medications = [m for m in stack.of(patient, "medications") if m["drugClass"] != "other" and m["status"] == "active"]
        for medication in medications[:4]:
            say(f"    takes {medication['text']} ({medication['drugClass']})")
        for event in stack.of(patient, "safety"):
            say(f"    SAFETY {event['level']}: {event['note']} -> {event['state']}")


def written(stack):
    heading("What the EHR holds now from us (read back from the EHR)")
    names = {f"Patient/{patient['source']['id']}": patient["name"] for patient in stack.patients()}
    shown = 0
    for resource_type in ("Observation", "QuestionnaireResponse", "CarePlan", "Flag"):
        for _, copies in sorted(stack.ours(resource_type).items(), key=lambda found: found[1][0]["subject"]["reference"]):
            resource, = copies  # a second copy would be a duplicate: the demo fails loudly
            say(f"- {names.get(resource['subject']['reference'], 'somebody')}: {resource_type}/{resource['id']} "
                f"version {resource['meta']['versionId']}{detail(resource)}")
            shown += 1
    for item in stack.outbox():
        if item["state"] in ("parked", "dead"):
            say(f"- not sent, {item['artifact']}: {item['reason']}")
            shown += 1
    if not shown:
        say("- nothing")


def detail(resource):
    if resource["resourceType"] == "Observation":
        return f", {resource['code']['text']} {resource['valueQuantity']['value']}, from {resource['derivedFrom'][0]['reference']}"
    if resource["resourceType"] == "CarePlan":
        review = [activity["detail"]["scheduledPeriod"]["start"] for activity in resource.get("activity", [])
                  if "plan-review" in str(activity.get("detail", {}).get("code"))]
        return f", \"{resource.get('title', 'care plan')}\"" + (f", next review {review[0]}" if review else "")
    if resource["resourceType"] == "Flag":
        return f", {resource['code']['text']}"
    return f", the answers of {resource['authored'][:10]}"


def keep_bundle(stack):
    """What the EHR holds at the start, as a file to play with."""
    types = ("Patient", "Questionnaire", "Condition", "Goal", "EpisodeOfCare", "CarePlan", "MedicationRequest",
             "QuestionnaireResponse", "Observation")
    entries = [{"resource": resource} for kind in types for resource in stack.ehr.entries(f"/{kind}?_count=200")]
    (stack.folder / "ehr.json").write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}, indent=1))


def bhi_side(stack):
    heading("The BHI side works with it")
    patient = pick(stack)
    authored = datetime.date.today().isoformat() + "T00:01:00Z"
    posted = stack.adapter.ask("POST", f"/care/patients/{patient['id']}/screenings", {
        "id": f"demo-{authored[:10]}", "instrument": "phq-9", "authored": authored,
        "items": [{"n": n, "score": score} for n, score in enumerate(FOLLOW_UP, 1)]})
    if posted.status != 201:
        raise AssertionError(f"the screening was refused: {posted.status} {posted.text}")
    say(f"- the care manager asks {patient['name']} again: {describe(posted.json)}")
    plan = next((plan for plan in stack.of(patient, "plans") if plan["behavioral"] and plan["status"] == "active"), None)
    if plan is None:
        made = stack.adapter.ask("POST", f"/care/patients/{patient['id']}/plans", {
            "id": "demo", "title": "Depression care plan",
            "activities": [{"description": "Call in two weeks", "status": "scheduled"}]})
        if made.status != 201:
            raise AssertionError(f"the plan was refused: {made.status} {made.text}")
        say(f"- and writes a new care plan: {made.json['title']}")
        return
    wish = "Walk 20 minutes, three times a week"
    if any(activity.get("description") == wish for activity in plan.get("activities", [])):
        say(f"- the plan has \"{wish}\" from a former run already: nothing to change")
        return
    path = f"/care/patients/{patient['id']}/plans/{plan['id']}"
    for _ in range(5):
        current = stack.adapter.ask("GET", path)
        activities = current.json.get("activities", []) + [{"description": wish, "status": "not-started"}]
        changed = stack.adapter.ask("PATCH", path, {"activities": activities}, {"If-Match": current.headers["ETag"]})
        if changed.status != 412:
            break
    if changed.status != 200:
        raise AssertionError(f"the plan change was refused: {changed.status} {changed.text}")
    say(f"- and adds to the plan: {wish}")


def pick(stack):
    """The patient with a behavioral plan, else with the newest screening, else the first."""
    def rank(patient):
        plans = [plan for plan in stack.of(patient, "plans") if plan["behavioral"] and plan["status"] == "active"]
        screenings = [screening["authored"] for screening in stack.of(patient, "screenings")]
        return (bool(plans), max(screenings, default=""))
    return max(stack.patients(), key=rank)


def quiet(stack):
    """Loaded, worked off and delivered: the same picture twice, half a second apart."""
    def picture():
        return len(stack.patients()), len(stack.outbox()), stack.metric("bhi_inbox_items", state="pending")
    seen = [None]

    def same():
        now = picture()
        steady, seen[0] = now == seen[0] and now[0] > 0 and stack.settled(), now
        return steady
    until("the journey to come to rest", same, timeout=120, pause=0.7)


def look_further(stack, staying):
    heading("Look further" + ("" if staying else " (tools/demo --stay leaves both running)"))
    say(f"  EHR     curl -s '{stack.ehr.base}/Observation?_count=5'")
    say(f"  care    curl -s {stack.adapter.base}/care/patients")
    say(f"  ways    build/release/bin/bhi plan {stack.ehr.base}     (by which way each artifact goes; the same of an EHR of yours)")
    say(f"  queue   build/release/bin/bhi queue list --url {stack.adapter.base} ; the operator's page: {stack.adapter.base}/admin")
    say(f"  health  curl -s {stack.management.base}/readyz ; curl -s {stack.management.base}/metrics")
    say(f"  logs    {relative(stack.folder)}/daemon.log, store {relative(stack.folder)}/store/bhi.db")
    say(f"  map     build/release/bin/bhi map {relative(stack.folder)}/ehr.json     (what the EHR held at the start; no server needed)")


def relative(path):
    return path.relative_to(TOP) if path.is_relative_to(TOP) else path


def main():
    parser = argparse.ArgumentParser(prog="tools/demo", description="a journey of real FHIR resources, told")
    parser.add_argument("--bundle", metavar="FILE", help="a FHIR R4 bundle instead of the sample patients")
    parser.add_argument("--stay", action="store_true", help="leave simulator and daemon running until Ctrl-C")
    parser.add_argument("--fresh", action="store_true", help="forget what former runs left")
    options = parser.parse_args()
    bundle = pathlib.Path(options.bundle).resolve() if options.bundle else None
    if bundle is not None and not bundle.is_file():
        parser.error(f"no such file: {options.bundle}")

    folder = TOP / "build" / "demo" / (bundle.stem[:40] if bundle else "samples")
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    again = (folder / "store").exists()
    with Stack(folder, samples=bundle is None, load=[bundle] if bundle else [], sim_state=True) as stack:
        say(f"EHR simulator {stack.ehr.base}   bhi-adapter {stack.adapter.base}" + ("   (second run on the same data)" if again else ""))
        if not again:
            keep_bundle(stack)
        until("the first patients", lambda: stack.patients(), timeout=60)
        quiet(stack)
        arrived(stack)
        bhi_side(stack)
        quiet(stack)
        written(stack)
        look_further(stack, options.stay)
        if options.stay:
            say("\nrunning; Ctrl-C stops both")
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    say("\nstopped: simulator and daemon are down again")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as failure:
        sys.exit(f"demo: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
