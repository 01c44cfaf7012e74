"""kill -9 of the daemon at random moments of ingest and delivery (F1)."""
import time

from scenario import Ledger, Load


def random_kills(run):
    """F1: 20 to 400 ms after it is ready, or while it starts, under load all the time."""
    ledger = Ledger()
    with run.stack() as stack:
        load = Load(stack, ledger, seed=run.seed, pause=0.02).start()
        for _ in run.rounds():
            time.sleep(run.random.uniform(0.02, 0.4))
            stack.daemon.kill()
            if run.random.random() < 0.1:  # once more while it starts
                stack.start_daemon(wait=False)
                time.sleep(run.random.uniform(0.01, 0.2))
                stack.daemon.kill()
                run.add("kills")
            run.add("kills")
            run.restart(stack)
        load.stop()
        run.settle(stack, ledger)
