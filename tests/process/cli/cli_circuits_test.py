# SPDX-License-Identifier: Apache-2.0
"""The operator's tool about circuits: words, JSON and exit codes of path, circuits, circuit, identity, ping --hops and
why, for friends, for a friend's friend and for nobody. alice's friends are bob and carol; dave is theirs."""
import re

from contract import DONE, REFUSED, alone, call, nodes, read, write

CIRCUIT = {"id", "to", "address", "hops", "state", "origin", "age_s", "lifetime_s", "rtt_ms", "tx_bytes", "rx_bytes",
           "onion_faults", "replays", "resent"}
HANDLE = re.compile("^[0-9a-f]{8,32}$")


def square(lab, *init_words):
    by_name = lab.mesh([("alice", "bob"), ("alice", "carol"), ("bob", "dave"), ("carol", "dave")], *init_words)
    return [by_name[name] for name in ("alice", "bob", "carol", "dave")]


def show_dave(bob, carol, dave):
    for one, other in ((bob, dave), (carol, dave)):
        call(one, "friend", "set", "dave", "--visibility", "reachable").ends(DONE)
        call(other, "friend", "set", one.name, "--visibility", "reachable").ends(DONE)


def json(node, verb, *words, code=DONE):
    return call(node, *words, "--json").ends(code).json(verb)


def ways(node, peer):
    ended = call(node, "path", peer, "--json")
    return ended.json("path")["options"] if ended.code in (DONE, REFUSED) and "covfefe.path/1" in ended.out else []


def fits(ended):
    """Every line of a screen of 80 columns, and nothing that is not text."""
    for line in ended.out.splitlines():
        assert len(line) <= 80 and line.isprintable(), "%d columns: «%s» in %s" % (len(line), line, ended)
    return ended


def circuits_of(node, peer, count):
    """Waits for so many open circuits to a peer."""
    def seen():
        found = json(node, "circuits", "circuits", peer)["circuits"]
        return found if len([one for one in found if one["state"] == "open"]) >= count else None
    return nodes.wait_for("%d circuits of %s" % (count, node.name), 20, seen, pause=0.1)


def nobody(lab):
    """a node without friends has no circuits, says what it would need, and takes and drops an identity"""
    alice = alone(lab)
    assert json(alice, "circuits", "circuits") == {
        "schema": "covfefe.circuits/1", "peer": None, "circuits": [], "left": 0, "relayed": []}
    call(alice, "circuits").ends(DONE, "no circuits")
    for words in (["path", "fd00::77"], ["circuit", "new", "fd00::77"], ["ping", "fd00::77", "--count", "1"],
                  ["why", "fd00::77"]):
        ended = fits(call(alice, *words).ends(REFUSED))
        assert "next:" in ended.out + ended.err, str(ended)
    path = json(alice, "path", "path", "fd00::77", code=REFUSED)
    assert path["address"] == path["peer"] == "fd00::77" and not path["ok"] and path["options"] == [], path
    assert path["why"] and path["next"], path
    call(alice, "circuit", "close", "7").refuses(REFUSED, "next: covfefe circuits shows the numbers")
    assert json(alice, "status", "status")["circuits"] == {"open": 0, "building": 0, "failing": 0, "relayed": 0}
    call(alice, "status").ends(DONE, "circuits    0 open")
    once = json(alice, "identity-new", "identity", "new", "--once")
    assert once["once"] and once["address"].startswith("fd") and once["address"] != alice.address, once
    again = json(alice, "identity-new", "identity", "new", "--once")
    assert again["address"] not in (once["address"], alice.address), again
    assert json(alice, "identity-drop", "identity", "drop") == {
        "schema": "covfefe.identity-drop/1", "once": False, "address": alice.address}
    fits(call(alice, "identity", "new", "--once").ends(DONE, "covfefe identity drop"))
    fits(call(alice, "identity", "drop").ends(DONE, alice.address))


def friend_of_friends(lab):
    """a friend's friend by name: ways, circuits, timed hops, closing and opening, in words and in JSON"""
    alice, bob, carol, dave = square(lab)
    show_dave(bob, carol, dave)
    nodes.wait_for("two ways to dave", 30, lambda: len([way for way in ways(alice, "dave.bob") if way["chosen"]]) == 2,
                   pause=0.2)
    path = json(alice, "path", "path", "dave.bob")
    assert path["ok"] and path["peer"] == "dave.bob" and path["address"] == dave.address, path
    assert sorted(way["hops"][0] for way in path["options"] if way["chosen"]) == ["bob", "carol"], path
    assert all(HANDLE.match(hop) for way in path["options"] for hop in way["hops"][1:]), path
    fits(call(alice, "path", "dave.carol").ends(DONE, "dave.carol  " + dave.address, "used      bob > "))
    ping = json(alice, "ping", "ping", "dave.bob", "--count", "2", "--hops")
    assert ping["received"] == 2 and ping["address"] == dave.address, ping
    assert ping["hops"][0]["hop"] in ("bob", "carol") and all(hop["ok"] and hop["rtt_ms"] for hop in ping["hops"]), ping
    fits(call(alice, "ping", dave.address, "--count", "1", "--hops").ends(DONE, "hop 1  ", "hop 2  "))
    seen = circuits_of(alice, "dave.carol", 2)
    assert all(set(one) == CIRCUIT and one["origin"] and one["address"] == dave.address for one in seen), seen
    assert sorted(one["hops"][0] for one in seen) == ["bob", "carol"], seen
    text = fits(call(alice, "circuits").ends(DONE, "To " + dave.address, "Eight hexadecimal digits"))
    assert all(" > " + one["hops"][1][:8] in text.out for one in seen), str(text)
    assert json(alice, "status", "status")["circuits"]["open"] >= 2
    through = json(bob, "circuits", "circuits")["relayed"]
    assert [one["from"] for one in through if one["circuits"] and one["cells"] and one["builds"]], through
    shown = json(bob, "friend-show", "friend", "show", "alice")["now"]["relayed"]
    assert shown["circuits"] >= 1 and shown["builds"] >= 1, shown
    fits(call(bob, "friend", "show", "alice").ends(DONE, "of this friend's through this node now"))
    fits(call(bob, "circuits").ends(DONE, "Through this node, for friends:", "alice"))
    assert json(bob, "status", "status")["circuits"]["relayed"] >= 1
    far = json(dave, "circuits", "circuits", alice.address)["circuits"]
    assert far and all(not one["origin"] and one["hops"] == [] for one in far), far
    fits(call(dave, "circuits").ends(DONE, "built by the far end"))
    closed = json(alice, "circuit-close", "circuit", "close", seen[0]["id"])
    assert closed["closed"] and closed["id"] == seen[0]["id"], closed
    call(alice, "circuit", "close", seen[0]["id"]).refuses(REFUSED, "covfefe circuits shows the numbers")
    assert alice.reaches(dave, 5) < 5
    circuits_of(alice, "dave.bob", 2)
    assert all(one["ok"] for one in json(alice, "why", "why", "dave.bob")["findings"])
    fits(call(alice, "why", "dave.bob").ends(DONE))


def names(lab):
    """NAME.FRIEND is answered only when both ends show the friendship, and every verb says so"""
    alice, bob, carol, dave = square(lab)
    call(bob, "friend", "set", "dave", "--visibility", "reachable").ends(DONE)
    for words in (["path"], ["circuits"], ["circuit", "new"]):
        refused = call(alice, *words, "dave.bob").refuses(REFUSED, "bob names nobody dave", "--visibility reachable")
        assert dave.address not in refused.err, str(refused)
    ended = call(alice, "ping", "dave.bob", "--count", "1").ends(REFUSED, "bob names nobody dave")
    assert "--visibility reachable" in ended.out, str(ended)
    call(alice, "why", "dave.bob").ends(REFUSED, "NOT  bob names nobody dave", "next: ")
    call(alice, "path", "dave.erin").refuses(REFUSED, "no friend called erin")
    call(dave, "friend", "set", "bob", "--visibility", "reachable").ends(DONE)
    nodes.wait_for("bob to name dave", 20, lambda: call(alice, "circuits", "dave.bob").code == DONE, pause=0.2)
    assert json(alice, "circuits", "circuits", "dave.bob")["peer"] == "dave.bob"


def entry_rule(lab):
    """with one friend met in person no circuit to a third party is built, and path, why, new and ping say the rule"""
    alice, bob, carol, dave = square(lab)
    show_dave(bob, carol, dave)
    nodes.wait_for("ways to dave", 30, lambda: ways(alice, dave.address), pause=0.2)
    call(alice, "friend", "set", "carol", "--trust", "known").ends(DONE)
    nodes.wait_for("the rule to hold", 10, lambda: call(alice, "path", dave.address).code == REFUSED, pause=0.2)
    path = fits(call(alice, "path", dave.address).ends(REFUSED, "next:"))
    assert "met" in path.out, str(path)
    assert not [way for way in ways(alice, dave.address) if way["chosen"]]
    why = fits(call(alice, "why", dave.address).ends(REFUSED, "NOT  ", "next: ", "min_trusted_entries"))
    assert "met" in why.out, str(why)
    call(alice, "circuit", "new", dave.address).refuses(REFUSED, "met", "next: covfefe why " + dave.address)
    call(alice, "ping", dave.address, "--count", "1").ends(REFUSED)
    assert json(alice, "circuits", "circuits")["circuits"] == [] or all(
        one["address"] != dave.address for one in json(alice, "circuits", "circuits")["circuits"])
    assert alice.reaches(bob, 5) < 5


def configured(node, line):
    """Appends a line to the configuration; a router that is killed comes back with it."""
    path = node.root + "/etc/covfefenet.yaml"
    text = read(path).decode()
    key, value = line.split(": ")
    changed = re.sub("(?m)^  %s: .*$" % key, "  %s: %s" % (key, value), text)
    assert changed != text, text
    write(path, changed)
    node.kill("router")
    nodes.wait_for("%s to be whole with %s" % (node.name, line), 20,
                   lambda: json_state(node) == "ok", pause=0.1)


def json_state(node):
    return node.json("status", check=False)["state"]


def answered(node, address):
    return json_of_ping(node, address)["received"] == 1


def json_of_ping(node, address):
    return call(node, "ping", address, "--count", "1", "--json").json("ping")


def policy(lab):
    """strangers that are refused get no session and are told so; a friend that relays nothing is no way"""
    alice, bob, carol, dave = square(lab)
    show_dave(bob, carol, dave)
    nodes.wait_for("alice to reach dave", 30, lambda: answered(alice, dave.address), pause=0.2)
    configured(dave, "strangers: refuse")
    nodes.wait_for("dave to refuse alice", 30, lambda: not answered(alice, dave.address), pause=0.2)
    refused = json_of_ping(alice, dave.address)
    assert refused["received"] == 0 and refused["why"], refused
    assert json(bob, "ping", "ping", "dave", "--count", "1")["received"] == 1
    configured(dave, "strangers: accept")
    nodes.wait_for("dave to accept alice", 60, lambda: answered(alice, dave.address), pause=0.2)
    configured(bob, "relay: no")
    nodes.wait_for("circuits by carol alone", 60, lambda: answered(alice, dave.address) and {
        one["hops"][0] for one in json(alice, "circuits", "circuits", dave.address)["circuits"]
        if one["state"] == "open" and one["origin"]} == {"carol"}, pause=0.3)
    assert json(bob, "circuits", "circuits")["relayed"] == [] or all(
        one["circuits"] == 0 for one in json(bob, "circuits", "circuits")["relayed"])


if __name__ == "__main__":
    nodes.main(nobody, friend_of_friends, names, entry_rule, policy)
