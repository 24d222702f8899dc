# SPDX-License-Identifier: Apache-2.0
"""Adds up Meson's test logs: says why each skipped test was skipped, and prints the final line."""
import json, sys

OK = ("OK", "EXPECTEDFAIL")


def last_words(entry):
    lines = [line for line in (entry.get("stdout") or "").splitlines() if "skip" in line.lower()]
    return lines[-1].strip() if lines else "no reason given"


def main():
    passed = failed = skipped = 0
    for path in sys.argv[1:]:
        try:
            with open(path) as log:
                entries = [json.loads(line) for line in log]
        except OSError as error:
            print("FAILED   %s: %s" % (path, error))
            failed += 1
            continue
        for entry in entries:
            if entry["result"] in OK:
                passed += 1
            elif entry["result"] == "SKIP":
                skipped += 1
                print("skipped  %s: %s" % (entry["name"], last_words(entry)))
            else:
                failed += 1
                print("FAILED   %s (%s, %s)" % (entry["name"], entry["result"], path))
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
