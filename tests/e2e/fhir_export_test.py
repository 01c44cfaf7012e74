"""bhi map --fhir: the care model of real bundles as one FHIR Bundle that another system can load."""
import json
import subprocess
import unittest

from stack import BIN, FIXTURES

NOW = "2026-11-22T12:00:00Z"


def bhi_map(*arguments):
    return subprocess.run([BIN / "bhi", "map", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


class FhirExport(unittest.TestCase):
    @unittest.skipUnless((FIXTURES / "synthea").is_dir(), "fixtures/synthea is not here (set BHI_FIXTURES)")
    def test_synthea_bundles_are_linked_labelled_and_the_same_each_time(self):
        files = sorted((FIXTURES / "synthea").rglob("*.json"))
        for path in files:
            done = bhi_map("--fhir", "--now", NOW, path)
            self.assertIn(done.returncode, (0, 1), done.stderr[-500:])
            bundle = json.loads(done.stdout)
            self.assertEqual((bundle["resourceType"], bundle["type"]), ("Bundle", "collection"))
            urls = {entry["fullUrl"] for entry in bundle["entry"]}
            self.assertEqual(len(urls), len(bundle["entry"]), path.name)
            for entry in bundle["entry"]:
                resource = entry["resource"]
                name = f"{path.name} {resource['resourceType']}/{resource['id']}"
                self.assertTrue(resource["meta"]["security"], name)
                for reference in references(resource):
                    self.assertIn(reference, urls, name)
            if path not in files[::7]:  # the rest is the same for all, and each run takes its time
                continue
            report = json.loads(bhi_map("--json", "--now", NOW, path).stdout)
            kinds = {entity["kind"] for entity in report["care"]}
            types = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
            for kind, resource_type in (("Patient", "Patient"), ("MedicationTherapy", "MedicationStatement"), ("CarePlan", "CarePlan")):
                self.assertEqual(kind in kinds, resource_type in types, path.name)
            self.assertEqual(done.stdout, bhi_map("--fhir", "--now", NOW, path).stdout, path.name)
        self.assertEqual(len(files), 28)

    def test_part_2_is_said_where_substance_use_is_and_nowhere_else(self):
        response = {"resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": {"resourceType": "Patient", "id": "p", "gender": "female"}},
            {"resource": {"resourceType": "Observation", "id": "a", "status": "final", "subject": {"reference": "Patient/p"},
                          "code": {"coding": [{"system": "http://loinc.org", "code": "75626-2"}]},
                          "effectiveDateTime": "2026-11-01", "valueQuantity": {"value": 7}}},
            {"resource": {"resourceType": "Observation", "id": "b", "status": "final", "subject": {"reference": "Patient/p"},
                          "code": {"coding": [{"system": "http://loinc.org", "code": "70274-6"}]},
                          "effectiveDateTime": "2026-11-01", "valueQuantity": {"value": 7}}}]}
        done = subprocess.run([BIN / "bhi", "map", "--fhir", "--part2", "-"], input=json.dumps(response), capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        labels = {}
        for entry in json.loads(done.stdout)["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] == "Observation":
                self.assertEqual(resource["valueQuantity"]["value"], 7)
                labels[resource["code"]["coding"][0]["code"]] = {label["code"] for label in resource["meta"]["security"]}
        self.assertEqual(labels, {"75626-2": {"R", "SUD", "42CFRPart2", "NORDSCLCD"}, "70274-6": {"R", "MH"}})

    def test_the_two_forms_exclude_each_other(self):
        for wrong in (["--fhir", "--json"], ["--part2"]):
            self.assertEqual(bhi_map(*wrong, "nothing.json").returncode, 2)


if __name__ == "__main__":
    unittest.main()
