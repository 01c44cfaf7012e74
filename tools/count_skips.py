#!/usr/bin/env python3
"""Names the tests that the last ctest run skipped, with their reasons.   tools/count_skips.py BUILD_DIR"""
import pathlib
import re
import sys


def main():
    log = pathlib.Path(sys.argv[1]) / "Testing" / "Temporary" / "LastTest.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    skipped = []
    for block in re.split(r"(?m)^(?=\d+/\d+ Testing: )", text):
        name = re.search(r"Testing: (\S+)", block)
        if "[  SKIPPED ]" in block or "skipped=" in block:
            reasons = re.findall(r": Skipped\n(.*)", block) + re.findall(r"""skipped ['"](.*)['"]""", block)
            skipped.append((name.group(1) if name else "?", "; ".join(sorted(set(map(str.strip, reasons))))))
    print(f"skipped: {len(skipped)}")
    for name, reason in skipped:
        print(f"  {name}: {reason}")


if __name__ == "__main__":
    main()
