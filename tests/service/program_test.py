"""The program as IT meets it: configuration errors, exit codes, the sample, an installation, the unit."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from stack import BIN, TOP, Client, Process, free_port, until  # noqa: E402

PROGRAM = BIN / "bhi-adapter"


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


class Program(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="bhi-program-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.port, self.management_port = free_port(), free_port()

    def config(self, more=""):
        path = self.folder / "bhi-adapter.yaml"
        path.write_text(f"instance_id: test\nlisten: 127.0.0.1:{self.port}\nmanagement: 127.0.0.1:{self.management_port}\n"
                        f"store: {{path: {self.folder}/store/bhi.db}}\n{more}")
        return path

    def test_usage_and_surroundings_end_with_2(self):
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("--nonsense").returncode, 2)
        self.assertEqual(run("--config", "/nowhere/x.yaml").returncode, 2)
        self.assertEqual(run("--help").returncode, 0)
        self.assertRegex(run("--version").stdout, r"^bhi-adapter \d+\.\d+\.\d+\n$")

    def test_mistakes_in_the_configuration_end_with_1_and_a_line_each(self):
        path = self.config("limits: {max_dept: 3}\nworkers: none\n")
        for arguments in (["--check"], []):
            ended = run("--config", path, *arguments)
            self.assertEqual(ended.returncode, 1)
            self.assertEqual(ended.stderr.splitlines(), [
                f"{path}:5:10: limits.max_dept: unknown option; did you mean `max_depth`?",
                f"{path}:6:10: workers: expected a whole number from 1 to 64, found 'none'"])

    def test_a_secret_that_others_can_read_is_refused(self):
        secret = self.folder / "token"
        secret.write_text("abc")
        secret.chmod(0o640)
        path = self.config(f"sources: [{{name: a, base_url: 'https://e.example', auth: {{type: bearer, token_file: {secret}}}}}]\n")
        ended = run("--config", path, "--check")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("open to group or others", ended.stderr)
        secret.chmod(0o600)
        self.assertEqual(run("--config", path, "--check").returncode, 0)

    def test_wrong_maps_are_found_by_the_check_and_end_a_start(self):
        maps = self.folder / "maps"
        maps.mkdir()
        path = self.config(f"maps: {{folder: {maps}}}\n")
        self.assertEqual(run("--config", path, "--check").returncode, 0)
        (maps / "own.map").write_text("/// url = 'http://example.org/own'\n"
                                      "uses \"http://hl7.org/fhir/StructureDefinition/Patient\" alias P as source\n"
                                      "group Own(source s : P, target t) {\n  s.nam as n -> t.name = n;\n}\n")
        ended = run("--config", path, "--check")
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(ended.stderr, f"{maps}/own.map:4:3: rule 'nam': expected an element of Patient, found 'nam' "
                                       "(did you mean `name`?)\n")
        ended = run("--config", path)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("own.map:4:3", ended.stderr)
        wrong = self.config("maps: {folder: /nowhere/maps}\n")
        self.assertEqual(run("--config", wrong, "--check").returncode, 1)
        unknown = self.config("sources: [{name: a, maps: epci}]\n")
        self.assertIn("maps of source 'a': expected a folder of maps", run("--config", unknown, "--check").stderr)

    def test_hangup_reads_the_maps_again(self):
        maps = self.folder / "maps"
        maps.mkdir()
        process = Process("daemon", [PROGRAM, "--config", self.config(f"maps: {{folder: {maps}, watch: false}}\n")], self.folder)
        management = Client(f"http://127.0.0.1:{self.management_port}")
        until("the daemon to be ready", lambda: management.ask("GET", "/readyz").status == 200)

        def figure(name):
            text = management.ask("GET", "/metrics").text
            return next(line.split()[1] for line in text.splitlines() if line.startswith(name + " "))

        (maps / "own.map").write_text("group broken(")
        process.handle.send_signal(signal.SIGHUP)
        until("the maps to be rejected", lambda: figure("bhi_maps_rejected_total") == "1")
        self.assertEqual(management.ask("GET", "/readyz").status, 200)
        (maps / "own.map").write_text("/// url = 'http://example.org/own'\ngroup Own(source s, target t) {\n}\n")
        process.handle.send_signal(signal.SIGHUP)
        ours = len(list((TOP / "mappings" / "core").glob("*/*.map")))
        until("the maps to be loaded", lambda: figure("bhi_maps_loaded") == str(ours + 1))
        self.assertEqual(process.stop(), 0)
        log = (self.folder / "daemon.log").read_text()
        self.assertIn("maps rejected; those in use stay in use", log)
        swapped = int(log.split('"swapped_us":')[1].split("}")[0].split(",")[0])
        self.assertLess(swapped, 50_000)

    def test_the_sample_has_no_mistakes(self):
        ended = run("--config", TOP / "tools" / "packaging" / "bhi-adapter.yaml", "--check")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    def test_it_stops_in_good_order_when_asked(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = Process("daemon", [PROGRAM, "--config", self.config()], self.folder)
            management = Client(f"http://127.0.0.1:{self.management_port}")
            until("the daemon to be ready", lambda: management.ask("GET", "/readyz").status == 200)
            process.handle.send_signal(number)
            self.assertEqual(process.handle.wait(20), 0)
            process.log.close()
        self.assertIn('"event":"stopped","drained":true,"failed":false', (self.folder / "daemon.log").read_text())

    def test_a_taken_port_ends_with_2(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port))
            taken.listen()
            ended = run("--config", self.config())
        self.assertEqual(ended.returncode, 2)
        self.assertIn("cannot listen on", ended.stderr)

    def test_it_tells_the_service_manager(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.folder / "notify"))
            manager.settimeout(20)
            environment = {**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify"), "WATCHDOG_USEC": "200000"}
            with open(self.folder / "daemon.log", "wb") as log:
                process = subprocess.Popen([PROGRAM, "--config", self.config()], stderr=log, env=environment)
            heard = [manager.recv(100)]
            while b"WATCHDOG=1" not in heard:
                heard.append(manager.recv(100))
            process.terminate()
            while b"STOPPING=1" not in heard:
                heard.append(manager.recv(100))
            self.assertEqual(heard[0], b"READY=1")
            self.assertEqual(process.wait(20), 0)

    def test_nobody_else_may_look_into_its_memory_or_files(self):
        process = Process("daemon", [PROGRAM, "--config", self.config()], self.folder)
        management = Client(f"http://127.0.0.1:{self.management_port}")
        until("the daemon to be ready", lambda: management.ask("GET", "/readyz").status == 200)
        self.assertEqual([path for path in (self.folder / "store").rglob("*") if path.stat().st_mode & 0o077], [])
        self.assertEqual(process.stop(), 0)

    def test_an_installation_is_complete_and_starts(self):
        prefix = self.folder / "prefix"
        subprocess.run(["cmake", "--install", BIN.parent, "--prefix", prefix], check=True, capture_output=True)
        for path in ("bin/bhi-adapter", "share/bhi-adapter/mappings/core", "share/bhi-adapter/fhir_profiles/care",
                     "etc/bhi-adapter/bhi-adapter.yaml", "lib/systemd/system/bhi-adapter.service"):
            self.assertTrue((prefix / path).exists(), path)
        unit = (prefix / "lib/systemd/system/bhi-adapter.service").read_text()
        self.assertIn(f"ExecStart={prefix}/bin/bhi-adapter --config {prefix}/etc/bhi-adapter/bhi-adapter.yaml\n", unit)
        self.assertNotIn("@", unit.replace("@system-service", "").replace("@privileged", "").replace("@resources", ""))
        process = Process("daemon", [prefix / "bin" / "bhi-adapter", "--config", self.config()], self.folder)
        management = Client(f"http://127.0.0.1:{self.management_port}")
        until("the installed daemon to be ready", lambda: process.alive() and management.ask("GET", "/readyz").status == 200)
        self.assertEqual(process.stop(), 0)
        own = prefix / "etc/bhi-adapter/bhi-adapter.yaml"
        own.write_text("# ours\n")
        subprocess.run(["cmake", "--install", BIN.parent, "--prefix", prefix], check=True, capture_output=True)
        self.assertEqual(own.read_text(), "# ours\n", "a site's configuration is kept")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "the unit's exposure: systemd-analyze is not installed")
    def test_the_unit_is_well_protected(self):
        unit = self.folder / "bhi-adapter.service"
        text = (TOP / "tools" / "packaging" / "bhi-adapter.service").read_text()
        unit.write_text(text.replace("@bhi_bin@", "/usr/bin").replace("@bhi_etc@", "/etc/bhi-adapter"))
        ended = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", unit], capture_output=True, text=True)
        self.assertEqual(ended.returncode, 0, ended.stdout[-500:] + ended.stderr)


if __name__ == "__main__":
    unittest.main()
