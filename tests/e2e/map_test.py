"""bhi map on real third-party data: the Synthea bundles and the screening forms and responses of the fixtures."""
import collections
import json
import pathlib
import subprocess
import unittest

from stack import BIN, FIXTURES

SCORES = {"55758-7": "phq-2", "70274-6": "gad-7", "82667-7": "dast-10", "75626-2": "audit-c", "44261-6": "phq-9", "89204-2": "phq-9m"}


def bhi_map(*files):
    done = subprocess.run([BIN / "bhi", "map", "--json", *map(str, files)], capture_output=True, text=True, timeout=120)
    if done.returncode not in (0, 1):
        raise AssertionError(f"bhi map ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def needs(folder):
    return unittest.skipUnless((FIXTURES / folder).is_dir(), f"fixtures/{folder} is not here (set BHI_FIXTURES)")


class Map(unittest.TestCase):
    @needs("synthea")
    def test_synthea_bundles_are_accounted_for_to_the_last_resource(self):
        mapped, kinds, files, scores = collections.Counter(), collections.Counter(), 0, 0
        for path in sorted((FIXTURES / "synthea").rglob("*.json")):
            files += 1
            report = bhi_map(path)
            resources = [entry["resource"] for entry in json.loads(path.read_text())["entry"]]
            counts = report["counts"]
            self.assertEqual(counts["read"], dict(collections.Counter(r["resourceType"] for r in resources)), path.name)
            for kind, number in counts["read"].items():
                self.assertEqual(number, counts["mapped"].get(kind, 0) + counts["left"].get(kind, 0), f"{path.name} {kind}")
            paths = collections.Counter(issue["path"].split(" ")[0] for issue in report["issues"])
            of_entities = {(e["source"]["type"], e["source"]["id"]) for e in report["care"] if "source" in e}
            for resource in resources:
                key = (resource["resourceType"], resource["id"])
                self.assertTrue(key in of_entities or paths["/".join(key)], f"{path.name}: {key} neither mapped nor left with a reason")
            mapped.update(counts["mapped"])
            kinds.update(entity["kind"] for entity in report["care"])
            wanted = [r for r in resources if r["resourceType"] == "Observation" and r["code"]["coding"][0]["code"] in SCORES]
            scores += len(wanted)
            by_id = {e["source"]["id"]: e for e in report["care"] if e["kind"] == "Screening"}
            for observation in wanted:
                screening = by_id[observation["id"]]
                self.assertEqual(screening["instrument"], SCORES[observation["code"]["coding"][0]["code"]])
                self.assertEqual(screening["statedTotal"], observation["valueQuantity"]["value"])
                self.assertIsNone(screening["total"])
                self.assertEqual(screening.get("items", []), [])
                self.assertFalse(screening["complete"])
            self.assertEqual([w for w in report["writes"] if w["artifact"] == "screening-result"], [], "scores of the EHR are not echoed")
        self.assertEqual((files, mapped["MedicationRequest"], mapped["CarePlan"], scores), (28, 363, 80, 138))
        self.assertEqual(kinds["MedicationTherapy"], 363)
        self.assertEqual(kinds["CarePlan"], 80)

    @needs("us-behavioral-health")
    def test_xml_is_accounted_for_like_json(self):
        files = sorted((FIXTURES / "us-behavioral-health").rglob("*.xml"))
        report = bhi_map(*files)
        counts = report["counts"]
        self.assertEqual(sum(counts["read"].values()), len(files), [i for i in report["issues"] if i["severity"] == "fatal"])
        for kind, number in counts["read"].items():
            self.assertEqual(number, counts["mapped"].get(kind, 0) + counts["left"].get(kind, 0), kind)
        self.assertGreater(counts["mapped"].get("MedicationRequest", 0), 0)

    # response -> instrument, item scores in the form's order, total, stated total, safety, words that an issue must have
    EXPECTED = {
        # This form has no ninth question: what was never asked is unknown, and no total is computed from eight answers.
        "phq-9-questionnaireresponse": ("phq-9", [0, 1, 1, 1, 0, 0, 0, 0, None], None, 3, "unknown", ["difficult", "item 9"]),
        "questionnaireresponse-sdc-profile-example-PHQ9": ("phq-9", [0, 0, 0, 1, 2, 1, 3, 2, 1], 10, 13, "positive", ["total"]),
        "adaptive-questionnaireresponse-sdc-example-phq9": ("phq-9", [0, 0, 0, 1, 2, 1, 3, 2, 1], 10, 13, "positive", ["total"]),
        "phq-9-example": ("phq-9", [2, 2, 2, 2, 1, 1, 2, 0, 0], 12, 12, "negative", []),
        "AUDIT-C": ("audit-c", [None, 0, 0], None, 0, None, ["item 1"]),
    }

    @needs("screening")
    def test_screening_responses_give_the_published_scores(self):
        files = sorted((FIXTURES / "screening").rglob("*.json"))
        report = bhi_map(*files)
        screenings = {e["source"]["id"]: e for e in report["care"] if e["kind"] == "Screening" and e["source"]["type"] == "QuestionnaireResponse"}
        for name, (instrument, scores, total, stated, safety, words) in self.EXPECTED.items():
            with self.subTest(response=name):
                screening = screenings[name]
                self.assertEqual(screening["instrument"], instrument)
                points = {item["n"]: item.get("score") for item in screening["items"]}
                self.assertEqual([points.get(n) for n in range(1, len(scores) + 1)], scores)
                self.assertEqual(screening["total"], total)
                self.assertEqual(screening.get("statedTotal"), stated)
                self.assertEqual([finding["level"] for finding in screening.get("safety", [])], [safety] if safety else [])
                texts = " | ".join(issue["text"] for issue in screening.get("issues", []))
                for word in words:
                    self.assertIn(word, texts)
                if not words:
                    self.assertEqual(screening.get("issues", []), [])
        spezi = [s for s in screenings.values() if s["total"] == 27]
        self.assertEqual(len(spezi), 2)
        for screening in spezi:
            self.assertIsNone(screening["patient"])
            self.assertEqual([item["score"] for item in screening["items"] if item["n"] <= 9], [3] * 9)
        unassigned = [e for e in report["care"] if e["kind"] == "SafetyEvent" and "patient" not in e]
        self.assertEqual(len([e for e in unassigned if e["level"] == "positive"]), 2)
        known = set(self.EXPECTED) | {s["source"]["id"] for s in spezi}
        self.assertEqual(set(screenings), known)
        for path in files:
            resource = json.loads(path.read_text())
            if resource.get("resourceType") != "QuestionnaireResponse" or resource.get("id") in known:
                continue
            names = (f"QuestionnaireResponse/{resource.get('id')}", path.name)
            self.assertTrue(any(issue["path"].startswith(names) for issue in report["issues"]), f"{path.name} left without a reason")

    @needs("us-core")
    @needs("r4-examples")
    def test_examples_of_the_standard_and_of_us_core_are_mapped(self):
        for folder, least in (("r4-examples", {"CarePlan": 11, "MedicationRequest": 40, "Patient": 40}),
                              ("us-core", {"CarePlan": 2, "MedicationRequest": 4, "Patient": 4})):
            with self.subTest(folder=folder):
                report = bhi_map(*sorted((FIXTURES / folder).rglob("*.json")))
                for kind, number in least.items():
                    self.assertGreaterEqual(report["counts"]["mapped"].get(kind, 0), number, kind)
                    self.assertEqual(report["counts"]["left"].get(kind, 0), 0, kind)

    def test_an_unreadable_file_is_named_with_its_place(self):
        done = subprocess.run([BIN / "bhi", "map", "--json", "-"], input='{"resourceType": "Patient", "id": }', capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        issue, = json.loads(done.stdout)["issues"]
        self.assertIn("line 1", issue["text"])

    def run_map(self, text):
        done = subprocess.run([BIN / "bhi", "map", "--json", "-"], input=text, capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout)

    def test_an_r5_document_is_refused_with_the_place_and_what_gave_it_away(self):
        for text, place in (('{"resourceType": "Encounter", "id": "e", "actualPeriod": {"start": "2024"}}', "Encounter.actualPeriod"),
                            ('{"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}, '
                             '{"resource": {"resourceType": "Transport"}}]}', "Bundle.entry[1].resource")):
            code, report = self.run_map(text)
            self.assertEqual(code, 1)
            self.assertEqual([issue["code"] for issue in report["issues"]], ["not-supported"], report)
            self.assertIn(place, report["issues"][0]["path"])
            self.assertIn("found R5", report["issues"][0]["text"])
            self.assertEqual(report["counts"]["read"], {})

    def test_types_that_r4b_added_are_left_with_the_reason(self):
        code, report = self.run_map('{"resourceType": "NutritionProduct", "id": "n", "status": "active"}')
        self.assertEqual(code, 0, report)
        self.assertEqual(report["counts"]["left"], {"NutritionProduct": 1})
        self.assertIn("R4B", report["issues"][0]["text"])

    def test_one_wrong_entry_of_an_xml_bundle_leaves_the_others_alone(self):
        code, report = self.run_map(
            '<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>'
            '<entry><resource><Patient><id value="a"/></Patient></resource></entry>'
            '<entry><resource><Patient><id value="b"/><colour value="red"/></Patient></resource></entry></Bundle>')
        self.assertEqual(code, 1)
        self.assertEqual(report["counts"]["mapped"], {"Patient": 1})
        self.assertTrue(any("Bundle.entry[1].resource" in issue["path"] for issue in report["issues"]), report)

    def test_a_missing_file_is_an_error_of_the_environment(self):
        done = subprocess.run([BIN / "bhi", "map", "no-such-file.json"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no-such-file.json", done.stderr)


if __name__ == "__main__":
    unittest.main()
