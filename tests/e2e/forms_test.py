"""Every form and every response of the screening and SDC fixtures: recognised as this instrument, or left with a reason.

A form is answered here by a machine: every question gets the answer that scores most. A response is taken as it is.
"""
import json
import pathlib
import re
import tempfile
import unittest

from map_test import bhi_map, needs
from stack import FIXTURES

ORDINALS = ("http://hl7.org/fhir/StructureDefinition/ordinalValue", "http://hl7.org/fhir/StructureDefinition/itemWeight")

# Form -> instruments with the computed total (None: the form does not ask everything); every other form is left with one of REASONS.
FORMS = {
    "screening/aidbox-forms/bundle.json phq2-phq9": {"phq-9": 27, "phq-2": 6},
    "screening/cqframework/Questionnaire-phq-9-questionnaire.json phq-9-questionnaire": {"phq-9": None},  # it has no ninth question
    "screening/hl7-sdc/Questionnaire-questionnaire-sdc-profile-example-PHQ9.json questionnaire-sdc-profile-example-PHQ9": {"phq-9": 27},
    "screening/hl7-sdc/Questionnaire-questionnaire-sdc-profile-example-cqf-PHQ9.json questionnaire-sdc-profile-example-cqf-PHQ9": {"phq-9": None},
    "screening/hl7-us-core/Questionnaire-AUDIT-C.json AUDIT-C": {"audit-c": None},  # 68517-2 in place of item 1
    "screening/hl7-us-core/Questionnaire-phq-9-example.json phq-9-example": {"phq-9": 27},
    "screening/jmandel-web/phq-2.json phq-2": {"phq-2": 6},
    "screening/jmandel-web/phq-9-teen.json phq-9-teen": {"phq-9m": 27},
    "screening/jmandel-web/phq-9.json phq-9": {"phq-9": 27},
    "screening/nlm-lforms-fhir-app/phq9.json 44249-1-x": {"phq-9": 27},
}

# Forms that are none of ours, but whose answer about self-harm calls somebody all the same.
SELF_HARM = {"screening/jmandel-web/c-ssrs-risk-assessment.json c-ssrs-risk-assessment", "screening/nlm-mds3/Minimum-Data-Set---version-3.0.R4.json"}

# Response (JSON and XML) -> instruments; every other response is left with one of REASONS.
RESPONSES = {
    "screening/cqframework/QuestionnaireResponse-phq-9-questionnaireresponse.json": ["phq-9"],
    "screening/hl7-sdc/QuestionnaireResponse-adaptive-questionnaireresponse-sdc-example-phq9.json": ["phq-9"],
    "screening/hl7-sdc/QuestionnaireResponse-questionnaireresponse-sdc-profile-example-PHQ9.json": ["phq-9"],
    "screening/hl7-us-behavioral-health/C-SSRS-example-1.xml": ["c-ssrs-screener"],
    "screening/hl7-us-behavioral-health/alcohol-use-identification-test-1.xml": ["audit-c"],
    "screening/hl7-us-behavioral-health/phq-9-example-1.xml": ["phq-9"],
    "screening/hl7-us-core/QuestionnaireResponse-AUDIT-C.json": ["audit-c"],
    "screening/hl7-us-core/QuestionnaireResponse-phq-9-example.json": ["phq-9"],
    "screening/stanford-spezi/PHQ9_response_rkof.json": ["phq-9"],
    "screening/stanford-spezi/PHQ9_response_spezi.json": ["phq-9"],
}

# Why a form or a response is left.
REASONS = ("not one of the instruments we follow", "could not be told apart", "without answers and without a total", "by itself",
           "not mapped: see its other issues", "its questionnaire is not among the inputs", "expected each name once in an object")


def resources(value):
    if value.get("resourceType") == "Bundle":
        for entry in value.get("entry", []):
            yield from resources(entry.get("resource", {}))
    else:
        yield value


def weight(option):
    extensions = option.get("extension", []) + option.get("valueCoding", {}).get("extension", [])
    return max((e.get("valueDecimal", e.get("valueInteger", 0)) for e in extensions if e.get("url") in ORDINALS), default=-1)


def answer_to(item, contained):
    kind, options = item["type"], item.get("answerOption", [])
    if kind in ("choice", "open-choice"):
        if not options and item.get("answerValueSet", "").startswith("#"):
            listed = contained.get(item["answerValueSet"][1:], {})
            codes = [dict(system=part.get("system"), code=c["code"], display=c.get("display"))
                     for part in listed.get("compose", {}).get("include", []) for c in part.get("concept", [])]
            options = [{"valueCoding": {k: v for k, v in c.items() if v}} for c in codes]
        if not options:
            # LL358-3 and other lists of LOINC are not in the form: its most severe answer.
            return {"valueCoding": {"system": "http://loinc.org", "code": "LA6571-9", "display": "Nearly every day"}}
        best = max(range(len(options)), key=lambda i: (weight(options[i]), i))
        return {k: v for k, v in options[best].items() if k.startswith("value")}
    return {"integer": {"valueInteger": 1}, "decimal": {"valueDecimal": 1}, "boolean": {"valueBoolean": True},
            "date": {"valueDate": "2026-01-02"}, "dateTime": {"valueDateTime": "2026-01-02T03:04:05Z"}, "time": {"valueTime": "03:04:05"},
            "quantity": {"valueQuantity": {"value": 1}}, "url": {"valueUri": "urn:x"}, "reference": {"valueReference": {"reference": "Patient/1"}},
            "attachment": {"valueAttachment": {"title": "x"}}}.get(kind, {"valueString": "x"})


def answered(items, contained):
    result = []
    for item in items:
        entry = {"linkId": item["linkId"]}
        children = answered(item.get("item", []), contained)
        if item["type"] == "display":
            continue
        if item["type"] != "group":
            entry["answer"] = [dict(answer_to(item, contained))]
            if children:
                entry["answer"][0]["item"] = children
        elif children:
            entry["item"] = children
        else:
            continue
        result.append(entry)
    return result


def files(pattern):
    for folder in ("screening", "sdc"):
        for path in sorted((FIXTURES / folder).rglob(pattern)):
            yield path


class Forms(unittest.TestCase):
    def check(self, report, identity, name, expected):
        """`identity`: id of the response at its source."""
        found = {e["instrument"]: e["total"] for e in report["care"] if e["kind"] == "Screening" and e["source"]["id"] == identity}
        self.assertEqual(found, expected.get(name, {}))
        if not found:
            texts = [i["text"] for i in report["issues"] if i["path"].startswith((f"QuestionnaireResponse/{identity}", name))]
            self.assertTrue(any(reason in text for text in texts for reason in REASONS), texts)

    @needs("screening")
    @needs("sdc")
    def test_every_form_is_recognised_or_left_with_a_reason(self):
        names, parts = {}, []
        for path in files("*.json"):
            for form in resources(json.loads(path.read_text())):
                if form.get("resourceType") != "Questionnaire":
                    continue
                identity = f"answered-{len(names)}"
                names[identity] = f"{path.relative_to(FIXTURES)} {form.get('id', '')}".strip()
                contained = {c.get("id"): c for c in form.get("contained", [])}
                form["id"], form["url"] = f"form-{len(names)}", f"urn:test:form:{len(names)}"
                form.pop("version", None)
                parts += [form, {"resourceType": "QuestionnaireResponse", "id": identity, "status": "completed", "authored": "2026-11-01T10:00:00Z",
                                 "questionnaire": form["url"], "item": answered(form.get("item", []), contained)}]
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "all.ndjson")
            file.write_text("\n".join(json.dumps(part) for part in parts))
            report = bhi_map(file)
        self.assertGreaterEqual(len(names), 90)
        events = {e["derivedFrom"] for e in report["care"] if e["kind"] == "SafetyEvent" and e["rule"] == "form.self-harm"}
        self.assertEqual(len(events), len(SELF_HARM))
        for identity, name in names.items():
            with self.subTest(form=name):
                self.check(report, identity, name, FORMS)
        self.assertEqual(set(FORMS) - set(names.values()), set(), "forms of the table that are not here")

    @needs("screening")
    @needs("sdc")
    def test_every_response_is_recognised_or_left_with_a_reason(self):
        seen, forms = set(), {}
        for path in files("*.json"):
            value = json.loads(path.read_text())
            if value.get("resourceType") == "Questionnaire" and "url" in value:
                forms.setdefault(value["url"], path)
        for path in [*files("*.json"), *files("*.xml")]:
            text = path.read_text()
            kind = json.loads(text).get("resourceType") if path.suffix == ".json" else re.search("<([A-Z][A-Za-z]*)", text)[1]
            if kind != "QuestionnaireResponse":
                continue
            report = bhi_map(path, *(form for url, form in forms.items() if re.search(f'"{re.escape(url)}["|]', text)))
            name = str(path.relative_to(FIXTURES))
            seen.add(name)
            with self.subTest(response=name):
                found = sorted(e["instrument"] for e in report["care"] if e["kind"] == "Screening")
                self.assertEqual(found, RESPONSES.get(name, []))
                texts = [i["text"] for i in report["issues"]]
                self.assertTrue(found or any(reason in text for text in texts for reason in REASONS), texts)
        self.assertEqual(set(RESPONSES) - seen, set(), "responses of the table that are not here")


if __name__ == "__main__":
    unittest.main()
