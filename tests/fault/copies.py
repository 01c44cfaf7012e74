"""A backup made under load, put in place on an empty machine (what was accepted before it was begun is all there)."""
import copy
import shutil
import subprocess
import time

from scenario import Failed, Ledger, Load
from stack import BIN


def bhi(*words):
    done = subprocess.run([str(word) for word in (BIN / "bhi", "store", *words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"bhi store {words[0]}: {done.stderr}")


def restored(run):
    """F23: backup under load, restore where nothing is, go on: nothing of before the backup is lost, nothing doubled at the EHR."""
    ledger = Ledger()
    # An amendment after the backup would be at the EHR and unknown here, rightly.
    with run.stack() as stack:
        load = Load(stack, ledger, seed=run.seed, pause=0.02, without=("amendment", "plan_edit"))
        load.start()
        for number in run.rounds():
            time.sleep(run.random.uniform(0.5, 1.5))
            with ledger.lock:
                before = (copy.deepcopy(ledger.accepted), copy.deepcopy(ledger.order), copy.deepcopy(ledger.broken))
            backup = stack.folder / f"{number}.backup"
            bhi("backup", stack.store, backup)
            run.add("backups")
            time.sleep(run.random.uniform(0.2, 0.8))  # this is lost with the machine, as it must be
            stack.daemon.kill()
            time.sleep(0.3)  # the last answers are noted
            with ledger.lock:
                lost = sum(map(len, ledger.accepted.values())) - sum(map(len, before[0].values()))
                ledger.accepted, ledger.order, ledger.broken = before
            run.add("after_it", lost)
            shutil.rmtree(stack.store.parent)
            bhi("restore", backup, stack.store)
            run.restart(stack)
        load.stop()
        run.settle(stack, ledger)
