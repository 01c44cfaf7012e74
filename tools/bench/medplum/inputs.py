"""The inputs of the six maps: our own invented data, made by rule so that they are the same in every run."""


def patient():
    return {
        "resourceType": "Patient", "id": "p1", "active": True, "gender": "female", "birthDate": "1984-03-09",
        "identifier": [{"system": "http://example.org/mrn", "value": "mrn-0417"}, {"system": "http://example.org/other", "value": "x"}],
        "name": [{"use": "official", "family": "Alder", "given": ["Robin", "Jo"]}, {"family": "Birch", "given": ["Robin"]}],
        "telecom": [{"system": "phone", "value": "555-0100", "use": "home"}, {"system": "email", "value": "Robin@Example.ORG"},
                    {"system": "phone", "value": "555-0101", "use": "work"}],
        "address": [{"use": "home", "line": ["1 Example Street"], "city": "Sampleton", "postalCode": "00001"}],
    }


def entries(count):
    return {
        "resourceType": "List", "status": "current", "mode": "working", "title": "Caseload",
        "entry": [{"item": {"reference": f"Patient/{i}", "display": f"Person {i}"}, "deleted": i % 3 == 0,
                   "date": f"2026-01-{i % 28 + 1:02}"} for i in range(count)],
    }


def form(depth, width):
    def items(prefix, left):
        made = []
        for i in range(width):
            item = {"linkId": f"{prefix}{i}", "text": f"Question {prefix}{i}", "type": "group" if left else "string"}
            if left:
                item["item"] = items(f"{prefix}{i}.", left - 1)
            made.append(item)
        return made

    return {"resourceType": "Questionnaire", "url": "http://example.org/Questionnaire/tree", "status": "active",
            "item": items("", depth)}


def episode():
    states = ["planned", "waitlist", "active", "onhold", "finished"]
    return {
        "resourceType": "EpisodeOfCare", "status": "active", "patient": {"reference": "Patient/p1"},
        "statusHistory": [{"status": state, "period": {"start": f"2026-0{i + 1}-01"}} for i, state in enumerate(states)],
        "type": [{"text": "Collaborative care"}, {"text": "Other"}], "period": {"start": "2026-01-01"},
        "diagnosis": [{"condition": {"reference": "Condition/1"}, "rank": 2}, {"condition": {"reference": "Condition/2"}, "rank": 1}],
    }


def order():
    return {
        "resourceType": "MedicationRequest", "status": "active", "intent": "order", "authoredOn": "2026-03-01T09:15:00Z",
        "subject": {"reference": "Patient/p1"}, "groupIdentifier": {"value": "group-7"},
        "note": [{"text": "Take in the morning, with food, and call when it does not help."}, {"text": "Short."}],
        "dosageInstruction": [{"text": "one tablet in the morning"}, {"text": "half a tablet at night"}],
        "reasonCode": [{"text": "Depression"}, {"text": "Sleep"}],
    }


INPUTS = {
    "codes": episode(),
    "copy": patient(),
    "expressions": patient(),
    "list": entries(100),
    "texts": order(),
    "tree": form(3, 4),
}
