"""The store on PostgreSQL: kills of daemon and server, a failover to a standby, replicas that die or stand still (F8, F21)."""
import contextlib
import time

import postgres
from replicas import Replicas
from scenario import PATIENCE, PRIVACY, TYPES, Failed, Ledger, Load, Skip, until, without_leaks

LEASE = 2  # seconds
WITHIN = 5.0  # seconds beyond the lease until what one held is taken over


@contextlib.contextmanager
def cluster(primary=None):
    """A server of our own, running."""
    if not postgres.installed():
        raise Skip("PostgreSQL's server is not installed (postgresql-15)")
    made = postgres.Cluster(primary=primary)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def lives_on(run, stack, process, began, figure):
    """The daemon is the one it was, and ready again."""
    until("the daemon to be ready again", lambda: stack.management.ask("GET", "/readyz").status == 200, timeout=20 * PATIENCE, pause=0.05)
    run.most(figure, time.monotonic() - began)
    if stack.daemon.handle.pid != process or not stack.daemon.alive():
        raise Failed("the daemon did not live through the loss of its database")


def kills(run):
    """F8: SIGKILL of the daemon and of PostgreSQL by turns, under load all the time."""
    ledger = Ledger()
    with cluster() as server, run.stack(store=server.url("postgres")) as stack:
        load = Load(stack, ledger, seed=run.seed, pause=0.02).start()
        for number in run.rounds():
            time.sleep(run.random.uniform(0.05, 0.5))
            if number % 2 == 0:
                stack.daemon.kill()
                run.add("daemon_kills")
                run.restart(stack)
                continue
            process = stack.daemon.handle.pid
            server.kill()
            run.add("server_kills")
            time.sleep(run.random.uniform(0, 0.2))
            server.start()
            lives_on(run, stack, process, time.monotonic(), "on_again_s")
        load.stop()
        run.settle(stack, ledger)


def failover(run):
    """F8: a primary whose commits wait for its hot standby is killed, the standby promoted, another one made: the daemon finds it."""
    ledger = Ledger()
    with contextlib.ExitStack() as servers:
        first = servers.enter_context(cluster())
        second = servers.enter_context(cluster(first))
        until("the standby to keep up", first.synchronous, timeout=30 * PATIENCE)
        # The address names two places; whoever is made anew is made in the place of the one that was lost.
        with run.stack(store=first.url("postgres", second)) as stack:
            load = Load(stack, ledger, seed=run.seed, pause=0.02).start()
            for _ in run.rounds():
                time.sleep(run.random.uniform(0.5, 1.5))
                process = stack.daemon.handle.pid
                first.kill()
                began = time.monotonic()
                time.sleep(run.random.uniform(0, 0.5))
                second.promote()
                run.most("promoted_s", time.monotonic() - began)
                lives_on(run, stack, process, began, "on_again_s")
                run.add("failovers")
                first.follow(second)
                first, second = second, first
                until("the standby to keep up", first.synchronous, timeout=30 * PATIENCE)
            load.stop()
            run.settle(stack, ledger)


def takeover(run):
    """F21: one of three replicas is killed or stands still, by turns: the others take over, and a sleeper that wakes sends nothing."""
    if not postgres.installed():
        raise Skip("PostgreSQL's server is not installed (postgresql-15)")
    ledger = Ledger()
    with Replicas(LEASE, run.seed, types=TYPES, source=PRIVACY, environment={"ASAN_OPTIONS": without_leaks()}) as stack:
        replicas = [stack.add(name) for name in "abc"]
        # A request that got no answer may lie in a sleeper: what follows it is not of the same thing.
        load = Load(stack, ledger, clients=4, seed=run.seed, pause=0.06, late=True).start()
        until("three to share the work", lambda: stack.shared(replicas), timeout=30 * PATIENCE)
        # Each write takes its time, so that one who stops or dies mostly has something on the wire.
        stack.control.ask("POST", "/faults", {"delay_ms": {"method": "POST", "ms": 60, "after": True, "times": "always"}})

        def tend(seconds, condition):
            end = time.monotonic() + seconds
            while not condition():
                if time.monotonic() > end:
                    return False
                time.sleep(0.05)
            return True
        for number in run.rounds():
            time.sleep(run.random.uniform(0.05, 0.3))
            sleeps = number % 2 == 1
            seen = stack.falls_out(replicas[number % 3], run.random.uniform(LEASE + 0.2, LEASE + 1.5) if sleeps else None, LEASE + WITHIN * PATIENCE, tend)
            run.add("stops" if sleeps else "kills")
            run.most("taken_over_s", seen.seconds)
            run.add("looked_up", seen.looked_up)
            run.add("sent_by_sleepers", seen.zombie)
            if seen.zombie:
                raise Failed(f"a sleeper wrote {seen.zombie} times before it had a lease again")
        stack.control.ask("POST", "/reset")
        load.stop()
        run.settle(stack, ledger)
