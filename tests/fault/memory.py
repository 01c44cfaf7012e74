"""Memory that runs out (F6): libfiu lets single allocations of the daemon fail, by chance."""
import pathlib
import subprocess
import time

from scenario import Ledger, Load, Skip
from stack import BIN

FIU = [pathlib.Path("/usr/lib/fiu") / name for name in ("fiu_run_preload.so", "fiu_posix_preload.so")]


def no_memory(run):
    """F6: malloc fails now and then: an error answer or the end of the process, and nothing is lost."""
    if not all(path.exists() for path in FIU):
        raise Skip("no libfiu here")
    if b"__asan_init" in subprocess.run(["nm", "-D", BIN / "bhi-adapter"], capture_output=True).stdout:
        raise Skip("the address sanitizer has an allocator of its own; BHI_BIN_DIR names another build")
    ledger, ended, run.may_abort = Ledger(), {}, True
    with run.stack() as stack:
        load = Load(stack, ledger, seed=run.seed).start()
        stack.daemon.stop()
        for _ in run.rounds():
            probability = 10 ** run.random.uniform(-6, -3.5)
            stack.environment.update({"LD_PRELOAD": ":".join(map(str, FIU)),
                                      "FIU_ENABLE": f"enable_random name=libc/mm/malloc,probability={probability:.8f}"})
            stack.start_daemon(wait=False)
            moment = time.monotonic() + run.random.uniform(1, 3)
            while stack.daemon.alive() and time.monotonic() < moment:
                time.sleep(0.05)
            if stack.daemon.alive():
                stack.daemon.kill()
                ended["lived"] = ended.get("lived", 0) + 1
            else:
                code = stack.daemon.handle.returncode
                stack.daemon.log.close()
                ended[code] = ended.get(code, 0) + 1
            run.add("rounds_of_want")
        for name in ("LD_PRELOAD", "FIU_ENABLE"):
            del stack.environment[name]
        run.restart(stack)
        load.stop()
        run.figures["ended"] = ended
        run.settle(stack, ledger)
