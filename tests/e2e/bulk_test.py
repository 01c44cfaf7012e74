"""Loading by Bulk Data export: the real daemon against the simulator's $export.

The large run: BHI_BULK_BYTES of NDJSON made on the fly (100 MB; 10 GB with BHI_FULL=1), the daemon killed (-9) five
times in between, and afterwards every generated resource is there exactly once.
"""
import os
import pathlib
import sqlite3
import time
import unittest

from stack import Stack, until

FULL = os.environ.get("BHI_FULL", "0") == "1"
BYTES = int(os.environ.get("BHI_BULK_BYTES", 10_000_000_000 if FULL else 100_000_000))
LINE = int(os.environ.get("BHI_BULK_LINE", 100_000 if FULL else 20_000))
KILLS = 5
TYPES = ["Patient", "Observation"]
# A sanitized process keeps what it freed for a while; that is no growth of ours.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"


def bulk_of(stack):
    return stack.adapter.get("/care/sources")["sources"][0]["bulk"]


def mode_of(stack, name):
    return next(row for row in stack.adapter.get("/care/sources")["sources"][0]["types"] if row["type"] == name)


class Bulk(unittest.TestCase):
    def test_first_load_by_export_then_polls(self):
        source = "    bulk: {use: first-load, level: system}\n"
        with Stack(sim_args=["--bulk", str(self.switches({"waits": 2, "retry_after": "1", "gzip": "bare"}))], source=source) as stack:
            until("the export to be taken in", lambda: "polling goes on" in bulk_of(stack)["state"])
            counted = stack.control.get("/bulk")
            self.assertEqual((counted["kick_offs"], counted["deletes"], counted["statuses"]), (1, 1, 3))
            until("the patients", lambda: len(stack.patients()) == 5)
            until("polling", lambda: mode_of(stack, "Patient")["mode"] == "lastUpdated")
            stack.ehr.ask("PUT", "/Patient/new-one", {"resourceType": "Patient", "id": "new-one", "name": [{"family": "Late"}]})
            until("a patient by poll", lambda: len(stack.patients()) == 6)
            self.assertEqual(stack.control.get("/bulk")["kick_offs"], 1)
            searches = [line for line in stack.control.get("/log?last=500")["log"] if line["path"] == "/fhir/Patient" and "_lastUpdated" not in line["query"]]
            self.assertEqual(searches, [], "polling began behind the export, not with everything")

    def test_exports_only(self):
        source = "    bulk: {use: only, level: system, interval_secs: 1}\n"
        with Stack(source=source) as stack:
            until("the patients", lambda: len(stack.patients()) == 5)
            stack.ehr.ask("PUT", "/Patient/new-one", {"resourceType": "Patient", "id": "new-one", "name": [{"family": "Late"}]})
            until("a patient by the next export", lambda: len(stack.patients()) == 6)
            self.assertIn("_since=", stack.control.get("/bulk")["last_kick_off"])
            row = mode_of(stack, "Patient")
            self.assertEqual(row["mode"], "bulk")
            self.assertIn("staleness_secs", row)
            asked = {line["path"] for line in stack.control.get("/log?last=1000")["log"] if line["method"] == "GET" and not line["query"].startswith("identifier")}
            self.assertFalse({"/fhir/Patient", "/fhir/Observation"} & asked, "polled though only exports are wanted")
            self.assertGreater(stack.metric("bhi_bulk_exports_total", outcome="complete"), 0)

    def test_an_ehr_that_will_not_export_is_polled(self):
        source = "    bulk: {use: first-load, level: group, group: nobody}\n"
        with Stack(source=source) as stack:
            until("the patients", lambda: len(stack.patients()) == 5)
            self.assertIn("no bulk export here", bulk_of(stack)["state"])

    def test_any_size_in_little_memory_killed_in_between(self):
        source = "    bulk: {use: first-load, level: system, types: [Patient, Observation]}\n    timeout_secs: 120\n"
        switches = self.switches({"generate_bytes": BYTES, "generate_line": LINE, "waits": 0})
        with Stack(samples=False, types=TYPES, sim_args=["--bulk", str(switches)], source=source) as stack:
            lines = stack.control.get("/bulk")["generated_lines"]
            begun, marks, peaks, base = time.monotonic(), [lines * (i + 1) // (KILLS + 1) for i in range(KILLS)], [], None
            kills = 0
            while "polling goes on" not in bulk_of(stack)["state"]:
                base = base or self.resident(stack, "VmRSS")
                taken = bulk_of(stack)["resources"]
                if kills < KILLS and taken >= marks[kills]:
                    peaks.append(self.resident(stack, "VmHWM") - base)
                    stack.daemon.kill()
                    kills += 1
                    base = None
                    stack.start_daemon()
                    continue
                self.assertLess(time.monotonic() - begun, 7200 if FULL else 240, f"{taken} of {lines} lines")
                time.sleep(0.05)
            loaded = time.monotonic() - begun
            if base:
                peaks.append(self.resident(stack, "VmHWM") - base)
            until("everything to be worked off", lambda: stack.metric("bhi_inbox_items", state="pending") == 0,
                  timeout=7200 if FULL else 200, pause=0.2)
            if base:
                peaks.append(self.resident(stack, "VmHWM") - base)
            self.assertEqual(kills, KILLS)
            self.compare(stack, lines)
            sanitized = "asan" in str(pathlib.Path(os.environ.get("BHI_BIN_DIR", "")))
            limit = 256 if sanitized else 64
            print(f"bulk: {BYTES} bytes in {lines} lines, {kills} kills, loaded in {loaded:.1f} s, worked off after {time.monotonic() - begun:.1f} s; "
                  f"growth of the resident memory in MiB by life of the daemon: {', '.join(f'{peak:.0f}' for peak in peaks)}")
            self.assertLess(max(peaks), limit)

    def compare(self, stack, lines):
        """What the generator made (bulk_export.h) with store and care model."""
        patients = min(100, lines)
        ids = {f"bulk-{number}" for number in range(100, lines)}
        with sqlite3.connect(f"file:{stack.folder}/store/bhi.db?mode=ro", uri=True) as store:
            rows = store.execute("SELECT id, count(*) FROM inbox WHERE type = 'Observation' GROUP BY id").fetchall()
            self.assertEqual({identity for identity, _ in rows}, ids, "lost, or never made")
            self.assertEqual([row for row in rows if row[1] != 1], [], "doubled")
            states = dict(store.execute("SELECT state, count(*) FROM inbox GROUP BY state").fetchall())
            self.assertEqual(sum(states.values()), lines - 100 + patients)
            self.assertNotIn("quarantined", states)
        expected = {}
        for number in range(100, lines, 100):
            expected.setdefault(f"Generated{number // 100 % 100}", []).append(number // 100 % 28)
        found = {patient["name"]: sorted(s["statedTotal"] for s in stack.of(patient, "screenings")) for patient in stack.patients()}
        for name, totals in expected.items():
            self.assertEqual(found.get(name), sorted(totals), name)

    @staticmethod
    def resident(stack, field):
        status = pathlib.Path(f"/proc/{stack.daemon.handle.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith(field))) / 1024

    def switches(self, settings):
        import json
        import tempfile
        file = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
        self.addCleanup(os.unlink, file.name)
        with file:
            json.dump(settings, file)
        return file.name


if __name__ == "__main__":
    unittest.main()
