# SPDX-License-Identifier: Apache-2.0
"""Six nodes: alice, whose friends are bob and carol; erin behind bob, frank behind carol; dave at the far end of both.

    alice --- bob ---- erin --- dave
        \\---- carol --- frank ---/
"""
import json, time

import nodes

FRIENDSHIPS = (("alice", "bob"), ("alice", "carol"), ("bob", "erin"), ("carol", "frank"), ("erin", "dave"),
               ("frank", "dave"))
RELAY_BEHIND = {"bob": "erin", "carol": "frank"}
HOPS = 3  # of a circuit from alice to dave: a friend, a relay, dave
EPOCH = 3600  # seconds, covfefe-protocol(7), step D1


def show(one, other, visibility="reachable"):
    """Both ends of a friendship agree that their other friends may be told of it."""
    one.cli("friend", "set", other.name, "--visibility", visibility)
    other.cli("friend", "set", one.name, "--visibility", visibility)


def within_one_epoch(seconds):
    """Waits if an epoch ends within so many seconds. A relay that starts again has keys of the new epoch only, and for its
    first six minutes paths are taken from lists of the old one (step D11): until then that relay is not used."""
    left = EPOCH - time.time() % EPOCH
    if left < seconds:
        print("  an epoch ends in %.0f s: waiting for it" % left, flush=True)
        time.sleep(left + 1)


class Six:
    def __init__(self, lab, *init_words):
        by_name = lab.mesh(FRIENDSHIPS, *init_words)
        self.alice, self.bob, self.carol, self.erin, self.frank, self.dave = (
            by_name[name] for name in ("alice", "bob", "carol", "erin", "frank", "dave"))
        self.by_name = by_name

    def show_dave(self):
        """erin and frank may tell bob and carol that dave can be reached; they pass it on."""
        for relay in (self.erin, self.frank):
            show(relay, self.dave)

    def wait_known(self, seconds=30):
        """Until alice has heard of two ways to dave."""
        nodes.wait_for("two ways from alice to dave", seconds, lambda: len(
            [way for way in self.paths().get("options", ()) if way["chosen"]]) >= 2, pause=0.1)

    def paths(self):
        return self.alice.json("path", self.dave.address, check=False)

    def circuits(self, state="open"):
        """alice's own circuits to dave, by the name of the friend that they enter by."""
        found = [one for one in self.alice.json("circuits")["circuits"]
                 if one["to"] in (self.dave.address, "dave") and one["state"] == state and one["hops"]]
        return {one["hops"][0]: one for one in found}

    def wait_circuits(self, count=2, seconds=15):
        return nodes.wait_for("%d open circuits to dave" % count, seconds,
                              lambda: (lambda open_: open_ if len(open_) >= count else None)(self.circuits()), pause=0.1)

    def busiest(self, direction="rx"):
        """The relay on the circuit that carries most in this moment, as alice's wires count it."""
        before = self._carried(direction)
        time.sleep(0.1)
        after = self._carried(direction)
        return self.by_name[RELAY_BEHIND[max(after, key=lambda entry: after[entry] - before[entry])]]

    def _carried(self, direction):
        links = {link["ifname"]: link["stats64"][direction]["bytes"]
                 for link in json.loads(self.alice.host.run(["ip", "-j", "-s", "link", "show"]))}
        return {entry: links["w%dalice" % number] for number, entry in enumerate(RELAY_BEHIND)}
