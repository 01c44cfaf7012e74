"""bhi test as an integration engineer uses it: our own cases pass, a wrong map shows what differs, --bless writes it down."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stack import BIN, TOP  # noqa: E402


def bhi(*arguments):
    return subprocess.run([BIN / "bhi", *map(str, arguments)], capture_output=True, text=True, timeout=120)


class MapCases(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="bhi-cases-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def own_copy(self):
        """Our maps, models and cases in a folder where a test may change them."""
        for name in ("mappings", "fhir_profiles"):
            shutil.copytree(TOP / name, self.folder / name)
        return self.folder / "mappings"

    def test_our_cases_pass_and_every_core_map_has_two(self):
        ended = bhi("test", TOP / "mappings")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        cases = list((TOP / "mappings").glob("*/*/cases/*"))
        self.assertEqual(ended.stdout, f"passed {len(cases)} of {len(cases)}\n")
        for folder in (TOP / "mappings" / "core").iterdir():
            self.assertGreaterEqual(len(list(folder.glob("cases/*/expected.json"))), 2, folder.name)

    def test_a_changed_map_shows_the_path_and_bless_writes_it_down(self):
        maps = self.own_copy()
        map_file = maps / "core/patient/patient.map"
        map_file.write_text(map_file.read_text().replace("(%patient.active.empty() or %patient.active)", "false"))
        ended = bhi("test", maps / "core/patient")
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(ended.stdout.splitlines(), [
            "FAIL core/patient/cases/nothing-but-an-id", "  active: expected true, found false",
            "FAIL core/patient/cases/usual-name-and-identifiers", "  active: expected true, found false", "passed 1 of 3"])
        blessed = bhi("test", maps / "core/patient", "--bless")
        self.assertEqual(blessed.returncode, 0)
        self.assertIn("blessed core/patient/cases/nothing-but-an-id\n  active: expected true, found false\n", blessed.stdout)
        self.assertEqual(bhi("test", maps / "core/patient").stdout, "passed 3 of 3\n")
        expected = maps / "core/patient/cases/nothing-but-an-id/expected.json"
        self.assertEqual(expected.read_text(), '{\n  "active": false,\n  "deceased": false\n}\n')

    def test_digits_of_decimals_count(self):
        maps = self.own_copy()
        expected = maps / "core/medication-request/cases/coded-with-dose/expected.json"
        text = expected.read_text()
        self.assertIn('"value": 25.0', text)
        expected.write_text(text.replace('"value": 25.0', '"value": 25'))
        ended = bhi("test", maps, "--only", "coded-with-dose")
        self.assertEqual((ended.returncode, ended.stdout),
                         (1, "FAIL core/medication-request/cases/coded-with-dose\n  dose.value: expected 25, found 25.0\n"
                             "passed 0 of 1\n"))

    def test_a_broken_map_or_case_is_told_with_its_place(self):
        maps = self.own_copy()
        case = maps / "core/episode/cases/active"
        (case / "case.yaml").write_text("about: x\nisues: [a]\n")
        ended = bhi("test", case)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("case.yaml:2: expected about, error, issues, map or now, found 'isues' (did you mean `issues`?)", ended.stdout)
        (case / "case.yaml").unlink()
        (case / "contxt.json").write_text("{}")
        self.assertIn("contxt.json: expected the name of a source of the map", bhi("test", case).stdout)
        (maps / "core/episode/episode.map").write_text("group X(")
        ended = bhi("test", maps)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("mappings/core/episode/episode.map:1:", ended.stderr)

    def test_an_expected_error_is_a_case_too(self):
        maps = self.own_copy()
        case = maps / "core/patient/cases/of-another-type"
        case.mkdir()
        (case / "input.json").write_text('{"resourceType": "Group"}')
        (case / "case.yaml").write_text("error: expected Patient for source 'patient', found Group\n")
        self.assertEqual(bhi("test", case).stdout, "passed 1 of 1\n")
        (case / "case.yaml").write_text("error: something else\n")
        self.assertEqual(bhi("test", case).returncode, 1)

    def test_no_cases_is_a_mistake_of_the_caller(self):
        self.assertEqual(bhi("test", self.folder).returncode, 2)
        self.assertEqual(bhi("test", self.folder / "gone").returncode, 2)

    def test_a_site_tests_its_own_overlay(self):
        site = self.folder / "site"
        case = site / "epic/patient/cases/shouts"
        case.mkdir(parents=True)
        (site / "epic/patient/patient.map").write_text(
            "/// url = 'http://bhi-adapter.org/fhir/StructureMap/patient-to-care'\n"
            "imports 'http://bhi-adapter.org/fhir/StructureMap/patient-to-care'\n"
            "group PatientToCare(source patient, target person) extends PatientToCare {\n"
            "  patient.name as name where (text.exists()) -> person.name = (%name.text.upper()) \"shout\";\n}\n")
        (case / "input.json").write_text('{"resourceType": "Patient", "name": [{"text": "Kim"}]}')
        self.assertEqual(bhi("test", site, "--bless").returncode, 0)
        self.assertEqual(json.loads((case / "expected.json").read_text()), {"name": "KIM", "active": True, "deceased": False})
        patient = self.folder / "patient.json"
        patient.write_text('{"resourceType": "Patient", "id": "p", "name": [{"text": "Kim"}]}')
        for overlay, name in (([], "Kim"), (["--maps", "epic"], "KIM")):
            ended = bhi("map", patient, "--json", "--maps-folder", site, *overlay)
            self.assertEqual(json.loads(ended.stdout)["care"][0]["name"], name)
        wrong = bhi("map", patient, "--maps-folder", site, "--maps", "epc")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("expected a folder of maps (epic), found 'epc' (did you mean `epic`?)", wrong.stderr)


if __name__ == "__main__":
    unittest.main()
