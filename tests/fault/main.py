"""Runs fault scenarios and prints one line of figures for each.

    tools/fault gate [SCENARIO...]              the short form, three side by side: most of the time they wait
    tools/fault nightly [--minutes N] [SCENARIO...]   the long form
    tools/fault list
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]  # stack.py is shared with the end-to-end tests

import table  # noqa: E402
from scenario import Failed, Run, Skip  # noqa: E402


def run_one(row, form, seconds, count):
    """In this process: one scenario. The code of the process: 0 fine, 1 failed, 77 skipped."""
    run = Run(count if count is not None else (row.gate if form == "gate" else row.nightly), seconds)
    began, code, word, lines = time.monotonic(), 0, "ok", ""
    try:
        row.scenario(run)
    except Skip as reason:
        code, word, lines = 77, "SKIPPED", f": {reason}"
    except Failed as failure:
        code, word, lines = 1, "FAILED", "\n    " + str(failure).replace("\n", "\n    ")
    except Exception:
        code, word, lines = 1, "FAILED", "\n" + traceback.format_exc()
    figures = ", ".join(f"{name} {value}" for name, value in run.figures.items())
    used = os.times()
    cpu = sum(used[:4])  # with all processes that have ended
    print(f"{row.name:<14} {word:<7} {time.monotonic() - began:5.0f} s, cpu {cpu:4.0f} s  seed {run.seed}  {figures}{lines}", flush=True)
    return code


def run_apart(row, form, seconds, count):
    """In a process of its own, which may have a network and mounts of its own."""
    command = [sys.executable, __file__, form, row.name, "--here"]
    if seconds is not None:
        command += ["--seconds", str(seconds)]
    if count is not None:
        command += ["--count", str(count)]
    if row.apart:
        command = ["unshare", *row.apart, "--"] + command
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if row.apart and "unshare failed" in done.stdout:
        print(f"{row.name:<14} SKIPPED: this machine allows no {' '.join(row.apart)}: {done.stdout.strip()}", flush=True)
        return 77
    lines = done.stdout.splitlines()
    shown = done.stdout if done.returncode == 1 else "\n".join(line for line in lines if line.startswith(row.name)) + "\n"
    print(shown, end="", flush=True)
    return done.returncode


def main():
    parser = argparse.ArgumentParser(prog="tools/fault", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("form", choices=["gate", "nightly", "list"])
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--minutes", type=float, help="nightly: how long at most for all of them")
    parser.add_argument("--seconds", type=float, help="how long at most for each")
    parser.add_argument("--count", type=int, help="rounds of each, instead of the table's")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-j", "--side-by-side", type=int, default=3)
    asked = parser.parse_args()
    if asked.form == "list":
        for row in table.ROWS:
            print(f"{row.name:<14} {row.fault:<9} gate {row.gate or '-':>5}  nightly {row.nightly or '-':>6}  {(row.scenario.__doc__ or '').strip().splitlines()[0]}")
        return 0
    unknown = set(asked.scenarios) - {row.name for row in table.ROWS}
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}; tools/fault list names them")
    rows = [row for row in table.ROWS if (row.name in asked.scenarios if asked.scenarios else getattr(row, asked.form) is not None)]
    if asked.here:
        return run_one(rows[0], asked.form, asked.seconds, asked.count)
    seconds = asked.seconds
    if seconds is None and asked.minutes is not None:
        seconds = asked.minutes * 60 * asked.side_by_side / len(rows)
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(asked.side_by_side) as pool:
        longest_first = sorted(rows, key=lambda row: -row.secs)
        codes = list(pool.map(lambda row: run_apart(row, asked.form, seconds, asked.count), longest_first))
    used = os.times()
    print(f"fault {asked.form}: {codes.count(0)} passed, {codes.count(77)} skipped, {len(codes) - codes.count(0) - codes.count(77)} failed"
          f" in {time.monotonic() - began:.0f} s, cpu {sum(used[:4]):.0f} s, on {os.environ.get('BHI_BIN_DIR', 'build/dev/bin')}", flush=True)
    return 1 if set(codes) - {0, 77} else 0


if __name__ == "__main__":
    sys.exit(main())
