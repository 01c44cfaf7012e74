"""What surrounds the daemon fails: the EHR, the network, tokens, the clock, the operator's restarts (F9, F14, F20, F22, F23)."""
import json
import pathlib
import subprocess
import time

from scenario import PATIENCE, PRIVACY, Failed, Ledger, Load, Skip, Stack, order, without_leaks
from stack import BIN


def rude_ehr(run):
    """F9: 500, 502, 503 and 429 with Retry-After, lost and cut answers, a tenth each; then nothing more."""
    ledger = Ledger()
    with run.stack() as stack:
        load = Load(stack, ledger, seed=run.seed).start()
        for _ in run.rounds():
            faults = {"status": [{"code": code, "percent": 8, "seed": run.random.randrange(1, 10**6), **more}
                                 for code, more in ((500, {}), (502, {}), (503, {"retry_after": 1}), (429, {"retry_after": 1}))],
                      "lose_answer": [{"method": method, "percent": 10, "seed": run.random.randrange(1, 10**6)} for method in ("POST", "PUT")],
                      "cut": [{"at": 100, "percent": 5, "seed": run.random.randrange(1, 10**6)}]}
            order(stack, "/faults", faults)
            time.sleep(run.random.uniform(1, 3))
            order(stack, "/reset")
            run.add("storms")
            if run.random.random() < 0.5:
                stack.daemon.kill()
                run.restart(stack)
                run.add("kills")
        load.stop()
        run.settle(stack, ledger)


def iptables(*words, check=True):
    return subprocess.run(["iptables", *words], capture_output=True, text=True, check=check)


def cut_network(run):
    """F14, in a network of its own: black holes, resets, lost answers and lossy lines between daemon and EHR."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if iptables("-L", "-n", check=False).returncode != 0:
        raise Skip("no iptables here")
    ledger = Ledger()
    with run.stack(source="    timeout_secs: 2\n" + PRIVACY) as stack:
        port = str(stack.sim_port)
        to, back = ["-i", "lo", "-p", "tcp", "--dport", port], ["-i", "lo", "-p", "tcp", "--sport", port]
        cuts = {
            "black hole": [to + ["-j", "DROP"]],
            "answers lost": [back + ["-j", "DROP"]],
            "reset": [to + ["-j", "REJECT", "--reject-with", "tcp-reset"]],
            "half-open": [to + ["-m", "state", "--state", "NEW", "-j", "ACCEPT"], to + ["-j", "DROP"]],
            "lossy": [direction + ["-m", "statistic", "--mode", "random", "--probability", "0.2", "-j", "DROP"] for direction in (to, back)],
        }
        load = Load(stack, ledger, seed=run.seed, without=("ehr_record",)).start()
        for number in run.rounds():
            name = list(cuts)[number % len(cuts)]
            for rule in cuts[name]:
                if iptables("-A", "INPUT", *rule, check=False).returncode != 0 and name == "half-open":
                    iptables("-A", "INPUT", *to, "-m", "statistic", "--mode", "nth", "--every", "3", "-j", "DROP")  # no conntrack here
                    break
            time.sleep(run.random.uniform(0.3, 2.5))
            iptables("-F", "INPUT")
            run.add("cuts")
            time.sleep(run.random.uniform(0.1, 0.5))
            if number % 10 == 9:
                stack.daemon.kill()
                run.restart(stack)
                run.add("kills")
        load.stop()
        run.settle(stack, ledger)


def short_tokens(run):
    """F20: tokens of 2 s, the token endpoint away for a while, the signing key changed: nothing lost, one repeat after a 401."""
    ledger = Ledger()
    stack = Stack(samples=False, types=["Patient", "QuestionnaireResponse", "Observation", "CarePlan"])
    stack.environment["ASAN_OPTIONS"] = without_leaks()
    old, new = stack.folder / "old.pem", stack.folder / "new.pem"
    for path in (old, new):
        subprocess.run([BIN / "bhi", "keys", "new", path], check=True, stdout=subprocess.DEVNULL)
    (stack.folder / "auth.json").write_text(json.dumps({"token_secs": 2, "clients": [
        {"id": "test", "token": "let-me-look"},
        {"id": "bhi", "scopes": "system/*.cruds", "jwks_url": f"http://127.0.0.1:{stack.port}/.well-known/jwks.json"}]}))
    stack.sim_args = ["--auth", stack.folder / "auth.json"]
    stack.source = f"    auth: {{type: smart, client_id: bhi, key_files: [{old}, {new}]}}\n" + PRIVACY
    stack.ehr.headers = {"Authorization": "Bearer let-me-look"}
    with stack:
        load = Load(stack, ledger, seed=run.seed).start()
        for number in run.rounds():
            time.sleep(run.random.uniform(1, 2.5))
            act = number % 4
            if act == 0:
                order(stack, "/faults", {"status": {"code": 503, "type": "token", "times": "always"}})
                time.sleep(run.random.uniform(1, 4))
                order(stack, "/reset")
                run.add("endpoint_down")
            elif act == 3:
                order(stack, "/auth", {"revoke": True})
                run.add("revoked")
            elif act == 1:
                first, second = old.read_bytes(), new.read_bytes()
                for path, content in ((old, second), (new, first)):
                    fresh = path.with_suffix(".fresh")
                    fresh.write_bytes(content)
                    fresh.chmod(0o600)
                    fresh.rename(path)
                run.add("keys_changed")
            else:
                stack.daemon.kill()
                run.restart(stack)
                run.add("kills")
        load.stop()
        run.settle(stack, ledger)
        run.figures["tokens"] = stack.control.get("/auth")["issued"]


FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def jumping_clock(run):
    """F22: the daemon's clock jumps by an hour and back, or runs sixty times as fast, under load and with a rude EHR."""
    if not FAKETIME.exists():
        raise Skip("no faketime here")
    ledger = Ledger()
    with run.stack() as stack:
        load = Load(stack, ledger, clients=2, seed=run.seed)
        stack.daemon.stop()
        clock = stack.folder / "clock"

        def set_clock(text):
            part = stack.folder / "clock.part"
            part.write_text(text + "\n")
            part.rename(clock)
        set_clock("+0")
        stack.environment.update({"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
                                  "FAKETIME_DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": without_leaks() + ":verify_asan_link_order=0"})
        run.restart(stack)
        load.start()
        for number in run.rounds():
            faults = {"status": [{"code": 503, "retry_after": 1, "percent": 10, "seed": run.random.randrange(1, 10**6)}],
                      "lose_answer": [{"method": "POST", "percent": 10, "seed": run.random.randrange(1, 10**6)}]}
            order(stack, "/faults", faults)
            time.sleep(run.random.uniform(0.3, 1))
            set_clock(["+1h", "-1h", "+0 x60", "+0"][number % 4])
            time.sleep(run.random.uniform(0.3, 1.5))
            order(stack, "/reset")
            run.add("jumps")
        set_clock("+0")
        load.stop()
        run.settle(stack, ledger)


def restarts(run):
    """F23: SIGTERM while the queues are full: a clean end in time, and nothing is lost."""
    ledger = Ledger()
    with run.stack() as stack:
        load = Load(stack, ledger, seed=run.seed).start()
        for number in run.rounds():
            if number % 2:  # the EHR is away, so that much waits
                order(stack, "/faults", {"status": [{"code": 503, "times": "always", "method": "POST"}]})
            time.sleep(run.random.uniform(0.3, 1.5))
            began = time.monotonic()
            code = stack.daemon.stop(timeout=30 * PATIENCE)
            run.most("stop_s", time.monotonic() - began)
            if code != 0:
                raise Failed(f"SIGTERM: the daemon ended with {code}")
            run.restart(stack)
            order(stack, "/reset")
            run.add("stops")
        load.stop()
        run.settle(stack, ledger)
