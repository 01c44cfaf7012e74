#!/usr/bin/env python3
"""Our mapping engine and @medplum/core's over the same maps and inputs, in one run.

    compare.py OURS NODE_MODULES BUILD [--rounds 7] [--seconds 0.3]

Both sides parse and compile the maps before anything is timed, hold the input as their own tree, and make a tree. They
wait for orders, so that their rounds take turns on the machine:
plan: {"maps": [{"name", "url", "map": file, "input": file}]}
`answer ROW`       -> the result as JSON, one line
`time ROW SECONDS` -> "runs seconds"
No time counts before the results of both are the same (members in any order). Exit code: 0 fine, 1 results differ or the goal is missed, 2 usage or
environment.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys

from inputs import INPUTS

GOAL = 20
HERE = os.path.dirname(os.path.abspath(__file__))


def make_plan(build):
    rows = []
    for name, value in sorted(INPUTS.items()):
        path = os.path.join(build, f"fml-{name}.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(value, file)
        rows.append({"name": name, "url": f"http://example.org/StructureMap/{name}",
                     "map": os.path.join(HERE, "maps", f"{name}.map"), "input": path})
    path = os.path.join(build, "fml-plan.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"maps": rows}, file)
    return path, rows


class Side:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.read() != "ready":
            raise RuntimeError("not ready: " + command[0])

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("ended: " + " ".join(self.process.args))
        return line.rstrip("\n")

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.read()

    def answer(self, row):
        return json.loads(self.ask("answer", row), parse_float=str, parse_int=str)  # digits count

    def microseconds(self, row, seconds):
        runs, passed = self.ask("time", row, seconds).split()
        return float(passed) / int(runs) * 1e6

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ours")
    parser.add_argument("modules")
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3)
    options = parser.parse_args()
    plan, rows = make_plan(options.build)
    sides = [Side([options.ours, plan]), Side(["node", os.path.join(HERE, "peer.js"), plan, os.path.abspath(options.modules)])]

    for row in range(len(rows)):
        answers = [side.answer(row) for side in sides]
        if answers[0] != answers[1]:
            print(f"{rows[row]['name']}: the results differ\n  ours {json.dumps(answers[0])}\n  peer {json.dumps(answers[1])}")
            return 1
    print(f"results of all {len(rows)} maps are equal on both engines\n")

    times = [[[] for _ in rows] for _ in sides]
    for row in range(len(rows)):
        for side in sides:
            side.microseconds(row, options.seconds)  # warm
    for _ in range(options.rounds):
        for row in range(len(rows)):
            for number, side in enumerate(sides):
                times[number][row].append(side.microseconds(row, options.seconds))
    for side in sides:
        side.close()

    print("| map | ours, us a run | @medplum/core 4.5.2, us a run | ratio |\n|---|---|---|---|")
    ratios = []
    for row, plan_row in enumerate(rows):
        ours, peer = (statistics.median(times[number][row]) for number in (0, 1))
        ratios.append(peer / ours)
        print(f"| {plan_row['name']} | {ours:.1f} | {peer:.1f} | {peer / ours:.1f} x |")
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"| geometric mean | | | **{mean:.1f} x** |")
    if mean < GOAL:
        print(f"goal missed: at least {GOAL} x")
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, OSError) as problem:
        print(f"compare.py: {problem}", file=sys.stderr)
        sys.exit(2)
