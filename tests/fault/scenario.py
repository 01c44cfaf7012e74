"""What every scenario is made of: a stack, a load, figures, and what counts as an error."""
import collections
import contextlib
import os
import random
import time

from ledger import Check, Ledger, quiet
from load import TYPES, Load
from stack import Stack, until

READY = 5.0     # seconds from a start to ready
DRAINED = 60.0  # seconds from the last start to empty queues
# The sanitizers are slow and a test machine is shared: what is asserted is so many times more; the figures are printed.
PATIENCE = float(os.environ.get("BHI_FAULT_PATIENCE", "4"))
PRIVACY = """privacy:
  redisclosure_notice: 42 CFR part 2 prohibits unauthorized use or disclosure of these records.
  consent_scope: "Covers {covers} from {starts} until {expires}."
"""


class Skip(Exception):
    """The machine does not allow it; says what."""


class Failed(Exception):
    """Lines of what is wrong."""


def without_leaks():
    """A process that is killed or starved leaves nothing to look for; a small quarantine, for two daemons run at once."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return (options + ":" if options else "") + "detect_leaks=0:quarantine_size_mb=16"


def order(stack, path, settings=None):
    """To the simulator's control side; `/reset` ends all faults."""
    answer = stack.control.ask("POST", path, settings)
    if answer.status != 200:
        raise Failed(f"the simulator does not take {path}: {answer.status} {answer.text}")


class Run:
    """One scenario's run: `figures` are printed in the order in which they were set."""

    def __init__(self, count, seconds=None, seed=None):
        self.count, self.seconds = count, seconds  # how often; or how long at most
        self.seed = seed if seed is not None else int(os.environ.get("BHI_FAULT_SEED", random.randrange(10**6)))
        self.random = random.Random(self.seed)
        self.figures = collections.OrderedDict()
        self.began = time.monotonic()
        self.may_abort = False  # an end by abort() is an end like others

    def rounds(self):
        """Numbers of rounds until there were enough, or the time is over."""
        number = 0
        while (self.count is None or number < self.count) and (self.seconds is None or time.monotonic() - self.began < self.seconds):
            yield number
            number += 1

    def most(self, name, seconds):
        self.figures[name] = max(self.figures.get(name, 0), round(seconds, 2))

    def add(self, name, number=1):
        self.figures[name] = self.figures.get(name, 0) + number

    @contextlib.contextmanager
    def stack(self, **options):
        options.setdefault("types", TYPES)
        options.setdefault("samples", False)
        options.setdefault("source", PRIVACY)
        stack = Stack(**options)
        stack.environment["ASAN_OPTIONS"] = without_leaks()
        with stack:
            yield stack

    def restart(self, stack):
        """From a stopped daemon to a ready one."""
        began = time.monotonic()
        stack.start_daemon(wait=False)
        self.ready(stack, began)

    def ready(self, stack, began):
        until("the daemon to be ready", lambda: stack.daemon.alive() and stack.management.ask("GET", "/readyz").status == 200,
              timeout=READY * PATIENCE, pause=0.01)
        self.most("ready_s", time.monotonic() - began)

    def settle(self, stack, ledger, name="drained_s"):
        """Waits for quiet and holds the ledger against what is there."""
        began = time.monotonic()
        until("everything to be worked off", lambda: self.all_there(stack, ledger), timeout=DRAINED * PATIENCE, pause=0.2)
        self.most(name, time.monotonic() - began)
        self.judge(stack, ledger)

    def all_there(self, stack, ledger):
        """Quiet, and what was entered at the EHR has come by a poll."""
        if not quiet(stack):
            return False
        waiting = [name for name in ledger.accepted if name.startswith("ehr-")]
        if waiting:
            found = {(s.get("source") or {}).get("id") for patient in stack.patients() for s in stack.of(patient, "screenings")}
            return found.issuperset(waiting)
        return True

    def judge(self, stack, ledger):
        check = Check(stack, ledger)
        for name, number in check.figures.items():
            self.add(name, number)
        problems = [one for one in check.problems if not (self.may_abort and one.startswith("log:"))]
        if problems:
            raise Failed("\n".join(problems[:20]))


__all__ = ["Failed", "Ledger", "Load", "Run", "Skip", "Stack", "order", "until", "quiet"]
