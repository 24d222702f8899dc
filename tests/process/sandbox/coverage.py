# SPDX-License-Identifier: Apache-2.0
"""The policies are what the services use: two nodes run under strace through everything that nodes meet, and each
call that was made behind a filter is held against the policy. An entry that lets a call through and was never used
fails the test, unless the policy calls it rare and says why; so does a call that was used and is not in the policy."""
import sys, time

from policies import Policy
from scenarios import ALL as SCENARIOS
from traced import Trace, TracedNode, nodes, trace_twin

MOST_RARE = 4  # for each process, or the exception has become the rule


def play(lab):
    """Returns the trace files."""
    one, other = lab.host("alice"), lab.host("bob")
    lab.wire(one, other)
    alice, bob = TracedNode(lab, one, "alice"), TracedNode(lab, other, "bob")
    for node in (alice, bob):
        lab.nodes.append(node)
        node.init()
        node.up(wait=False)
    for node in (alice, bob):
        node.wait_ready(40)
    alice.befriend(bob)
    bob.befriend(alice)
    for scenario in SCENARIOS:
        start = time.monotonic()
        scenario(alice, bob)
        print("  %5.1f s  %s" % (time.monotonic() - start, scenario.__doc__), flush=True)
    alice.down()
    bob.down()
    return alice.runs + bob.runs


def compare(policies, trace):
    """Counts what was seen; returns calls that no entry covers."""
    missing = {}
    for (service, number, registers), times in sorted(trace.seen.items(), key=str):
        if not policies[service].count(number, registers, times):
            missing.setdefault(service, []).append("%s(%s…) %d times" % (trace.names[number], ", ".join(
                one if one == "pid" else hex(one) for one in registers), times))
    return missing


def judge(policies, trace, missing):
    """Prints a table and returns the number of faults."""
    faults = 0
    print("\n%-12s %8s %8s %6s %8s  (entries that let a call through)" % ("process", "entries", "used", "rare", "filters"))
    for service, policy in policies.items():
        doors = policy.open_doors()
        rare = [one for one in doors if one.rare]
        print("%-12s %8d %8d %6d %8d" % (service, len(doors), sum(one.uses > 0 for one in doors), len(rare), trace.jails[service]))
        faults += judge_one(service, doors, rare, missing.get(service, []))
        if not trace.jails[service]:
            faults += 1
            print("  FAULT no filter of %s came into force: nothing was measured" % service)
    for (service, how), times in sorted(trace.ended.items()):
        if "SIGSYS" in how:
            faults += 1
            print("  FAULT %s %s, %d times" % (service, how, times))
    return faults


def judge_one(service, doors, rare, missing):
    faults = len(missing)
    for text in missing:
        print("  FAULT used and not in the policy: %s" % text)
    for one in doors:
        if not one.uses and not one.rare:
            faults += 1
            print("  FAULT never used: %s (%s)" % (one.name(), one.fields["set"]))
    for one in rare:
        print("  rare: %s – %s%s" % (one.name(), one.rare, "; used %d times here" % one.uses if one.uses else ""))
    if len(rare) > MOST_RARE:
        faults += 1
        print("  FAULT %d rare entries, %d at most" % (len(rare), MOST_RARE))
    return faults


def main():
    nodes.need_root()
    policies = {service: Policy(service) for service in nodes.SERVICES}
    trace = Trace({key: width for policy in policies.values() for key, width in policy.widths().items()})
    with nodes.Lab(jail_unknown="enosys") as lab:
        start = time.monotonic()
        files = play(lab)
        files += [trace_twin(lab, sys.argv[1], mode, one) for mode in ("abort", "leave") for one in nodes.SERVICES]
        print("  played in %.1f s" % (time.monotonic() - start))
        for file in files:
            trace.read(file)
    faults = judge(policies, trace, compare(policies, trace))
    print("%d calls counted, %d faults" % (sum(trace.seen.values()), faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
