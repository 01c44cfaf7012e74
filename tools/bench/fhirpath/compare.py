#!/usr/bin/env python3
"""Our FHIRPath and fhirpath.js over the same expressions and resources, in one run.

    compare.py FIXTURES OURS NODE_MODULES BUILD [--rounds 7] [--seconds 0.15] [--only NAME]

Both sides read one plan and wait for orders, so that their rounds take turns on the machine:
plan: {"sets": {NAME: [file]}, "references": {"Type/id": file}, "value_sets": {URL: [[system, code]]},
       "expressions": [{"name", "set", "expr"}]}
`answers ROW`      -> one line, JSON: for each resource the list of its results
`run ROW SECONDS`  -> "evaluations seconds": over all resources of the set, again and again
Exit code: 0 fine, 1 answers differ or a goal is missed, 2 usage or environment.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys

GOAL_MEAN, GOAL_LEAST = 20, 8
HERE = os.path.dirname(os.path.abspath(__file__))
LEFT_OUT = {"QuestionnaireResponse-ussg-fht-answers.json"}  # as fhirpath-bench says


def files_of(folder, resource_type):
    found = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not name.endswith(".json") or name in LEFT_OUT:
            continue
        with open(path, encoding="utf-8") as file:
            if json.load(file).get("resourceType") == resource_type:
                found.append(path)
    return found


def files_of_set(fixtures, name):
    folder, _, resource_type = name.rpartition("/")
    return files_of(os.path.join(fixtures, folder or "r4-examples"), resource_type)


def make_plan(fixtures, only):
    with open(os.path.join(fixtures, "fhirpath-bench", "expressions.json"), encoding="utf-8") as file:
        expressions = json.load(file)["expressions"]
    with open(os.path.join(HERE, "expressions.json"), encoding="utf-8") as file:
        ours = json.load(file)
    expressions = [row for row in expressions + ours["expressions"] if only is None or row["name"] == only]
    references = {}
    for resource_type in ("Patient", "Practitioner", "Medication"):
        for path in files_of_set(fixtures, resource_type):
            with open(path, encoding="utf-8") as file:
                references[f"{resource_type}/{json.load(file)['id']}"] = path
    return {
        "sets": {row["set"]: files_of_set(fixtures, row["set"]) for row in expressions},
        "references": references,
        "value_sets": ours["value_sets"],
        "expressions": expressions,
    }


class Side:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, order):
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"a side ended with {self.process.wait()}")
        return answer

    def answers(self, row):
        return json.loads(self.ask(f"answers {row}"))

    def rate(self, row, seconds):
        evaluations, taken = self.ask(f"run {row} {seconds}").split()
        return int(evaluations) / float(taken)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def agree(a, b):
    """JavaScript knows one kind of number, and adds decimals as doubles."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(agree(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(agree(a[key], b[key]) for key in a)
    return a == b


def short(rate):
    return f"{rate / 1e6:.2f} M" if rate >= 1e6 else f"{rate / 1e3:.1f} k"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("fixtures", "ours", "node_modules", "build"):
        parser.add_argument(name)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.15)
    parser.add_argument("--only")
    given = parser.parse_args()
    if not os.path.isdir(os.path.join(given.fixtures, "fhirpath-bench")):
        print("fixtures not found: fhirpath-bench (set BHI_FIXTURES)", file=sys.stderr)
        return 2

    plan = make_plan(given.fixtures, given.only)
    plan_path = os.path.join(given.build, "fhirpath-plan.json")
    with open(plan_path, "w", encoding="utf-8") as file:
        json.dump(plan, file)
    ours = Side([given.ours, plan_path])
    theirs = Side(["node", os.path.join(HERE, "peer.js"), plan_path, os.path.abspath(given.node_modules)])

    rows = range(len(plan["expressions"]))
    answers = [(ours.answers(row), theirs.answers(row)) for row in rows]
    rates = [([], []) for _ in rows]
    for round_number in range(-1, given.rounds):  # round -1 warms up both sides
        for row in rows:
            pair = ours.rate(row, given.seconds), theirs.rate(row, given.seconds)
            if round_number >= 0:
                for kept, rate in zip(rates[row], pair):
                    kept.append(rate)
    ours.close()
    theirs.close()

    print(f"{'expression':24} {'resources':>9} {'results':>7} {'ours/s':>9} {'fhirpath.js/s':>13} {'ratio':>7}  answers")
    ratios = []
    all_agree = True
    for row in rows:
        expression = plan["expressions"][row]
        mine, peer = answers[row]
        same = agree(mine, peer)
        all_agree &= same
        ours_rate, peer_rate = (statistics.median(kept) for kept in rates[row])
        ratios.append(ours_rate / peer_rate)
        results = sum(len(of_one) for of_one in mine)
        print(f"{expression['name']:24} {len(mine):9} {results:7} {short(ours_rate):>9} {short(peer_rate):>13} "
              f"{ratios[-1]:6.1f}x  {'agree' if same else 'DIFFER'}")
        if not same:
            at = next(i for i, (x, y) in enumerate(zip(mine, peer)) if not agree(x, y))
            print(f"  {plan['sets'][expression['set']][at]}: ours {mine[at]}, fhirpath.js {peer[at]}"[:400])
    mean = statistics.geometric_mean(ratios)
    print(f"{len(ratios)} expressions, medians of {given.rounds} interleaved rounds of {given.seconds} s; load "
          f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"geometric mean {mean:.1f}x (goal {GOAL_MEAN}), least {min(ratios):.1f}x (goal {GOAL_LEAST})")
    return 0 if all_agree and mean >= GOAL_MEAN and min(ratios) >= GOAL_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
