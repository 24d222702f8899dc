# SPDX-License-Identifier: Apache-2.0
"""The operator's tool about promises and the uplink: config apply, reserve, extend, release, promises, intend,
please, answer and shaper, against two nodes that run; and what each of them refuses."""
from contract import DONE, DOWN, REFUSED, USAGE, alone, bare, call, nodes, read, write

CLASSES = ["control", "leases", "idle", "met", "known", "introduced", "none", "relayed"]


def configured(node, *changes):
    """Changes lines of the file, each (what it is, what it will be), and lets the node follow it."""
    path = node.root + "/etc/covfefenet.yaml"
    text = read(path).decode()
    for before, after in changes:
        assert text.count(before) == 1, "%s stands %d times" % (before, text.count(before))
        text = text.replace(before, after)
    write(path, text)
    return call(node, "config", "apply")


def limited(node, rate="10 Mbit/s"):
    return configured(node, ("  up: auto", "  up: %s" % rate), ("  learn: yes", "  learn: no")).ends(DONE)


def fits(ended):
    for line in ended.out.splitlines():
        assert len(line) <= 80 and line.isprintable(), "%d columns: «%s» in %s" % (len(line), line, ended)
    return ended


def json(node, verb, *words, code=DONE):
    return call(node, *words, "--json").ends(code).json(verb)


def shaper(node):
    return json(node, "shaper", "shaper")


def config_apply(lab):
    """what the file says holds at once; what needs a restart is named; a fault changes nothing anywhere"""
    alice = alone(lab)
    call(alice, "config", "apply").ends(DONE, "nothing changed")
    limited(alice).ends(DONE, "changed  capacity.up", "changed  capacity.learn")
    assert shaper(alice)["capacity"]["rate"] == 1250000, shaper(alice)
    pids = alice.pids()
    done = configured(alice, ("idle_lane: always-on", "idle_lane: metered"), ("donate: 50 %", "donate: 25 %"),
                      ("control: 6363", "control: 7363"))
    done.ends(DONE, "changed  idle_lane", "changed  shaping.donate", "waits    listen.control", "next: systemctl restart")
    assert json(alice, "config-apply", "config", "apply") == {
        "schema": "covfefe.config-apply/1", "changed": [], "restart": ["listen.control"]}
    path = alice.root + "/etc/covfefenet.yaml"
    good = read(path)
    wrong = good.replace(b"up: 10 Mbit/s", b"up: 1 Mbit/s") + b"shaping.friends.bob.wieght: 2\n"
    write(path, wrong)
    call(alice, "config", "apply").refuses(
        REFUSED, path + ":%d:" % wrong.count(b"\n"), "shaping.friends.bob.wieght", "'shaping.friends.bob.weight'")
    assert shaper(alice)["capacity"]["rate"] == 1250000, shaper(alice)
    write(path, good.replace(b"10 Mbit/s", b"20 Mbit/s"))
    call(alice, "config", "apply").ends(DONE, "changed  capacity.up")
    assert shaper(alice)["capacity"]["rate"] == 2500000 and alice.pids() == pids
    alice.down()
    call(alice, "config", "apply").refuses(DOWN, "next: is it running?")


def whole_shaper(lab):
    """covfefe shaper names uplink, ledger, classes and friends, in words of 80 columns and in JSON"""
    alice, bob = lab.pair()
    limited(alice)
    alice.reaches(bob)
    seen = nodes.wait_for("bob to have a link", 10, lambda: [
        one for one in shaper(alice)["friends"] if one["name"] == "bob" and one["sent_bytes"]], pause=0.1)
    assert seen[0]["level"] == "met" and seen[0]["idle"] == "always-on" and seen[0]["idle_period_ms"] == 250, seen
    state = shaper(alice)
    assert [one["name"] for one in state["classes"]] == CLASSES, state["classes"]
    assert state["capacity"]["configured"] == state["capacity"]["rate"] == 1250000, state["capacity"]
    assert state["ledger"]["most"] == 1000000 and state["ledger"]["leases"] == [], state["ledger"]
    assert state["queue"]["attached"] and state["queue"]["sent_bytes"], state["queue"]
    fits(call(alice, "shaper").ends(DONE, "uplink    10.0 Mbit/s", "8.00 Mbit/s may be promised", "bob", "250 ms"))
    shown = json(alice, "status", "status")["friends"][0]
    assert shown["idle"] == "always-on" and shown["promises"] == [], shown
    configured(alice, ("  friends: {}", "  friends: {bob: {idle: off, cap: 1 Mbit/s}}")).ends(
        DONE, "changed  shaping.friends.bob")
    nodes.wait_for("bob's lane to be off", 10, lambda: [
        one for one in shaper(alice)["friends"] if one["idle"] == "off" and one["cap"] == 125000], pause=0.1)


def reservations(lab):
    """a reservation holds at both ends, is extended and released; what cannot be kept is refused with the best offer"""
    alice, bob = lab.pair()
    limited(alice)
    limited(bob)
    alice.reaches(bob)
    made = nodes.wait_for("bob to keep 10 KiB/s", 15, lambda: (
        lambda ended: ended.json("reserve") if ended.code == DONE else None)(
            call(alice, "reserve", "bob", "10KiB/s", "1h", "--json")), pause=0.3)
    assert made["payload_rate"] == 10240 and 20000 < made["wire_rate"] < 40000, made
    assert 3590 < made["lasts_s"] <= 3600 and "bob" in made["how"], made
    own = json(alice, "promises", "promises")["promises"]
    assert [(one["kind"], one["with"], one["class"]) for one in own] == [("taken", "bob", "realtime")], own
    there = json(bob, "promises", "promises")["promises"]
    assert [(one["kind"], one["with"]) for one in there] == [("given", "alice")], there
    for node in (alice, bob):
        state = nodes.wait_for("%s's ledger" % node.name, 5, lambda n=node: (
            lambda s: s if s["ledger"]["leased"] else None)(shaper(n)), pause=0.1)
        assert state["ledger"]["leases"][0]["class"] == "realtime", state["ledger"]
    fits(call(alice, "shaper").ends(DONE, "\nlease ", "realtime"))
    fits(call(alice, "promises").ends(DONE, "from bob"))
    call(alice, "status").ends(DONE, "from bob")
    longer = json(alice, "extend", "extend", made["id"], "30min")
    assert 5300 < longer["lasts_s"] <= 5400, longer
    asked = call(alice, "reserve", "bob", "5 MB/s", "1h", "--class", "bulk").refuses(REFUSED, "next: ")
    assert "it would give" in asked.err, str(asked)
    call(alice, "release", made["id"]).ends(DONE)
    call(alice, "release", made["id"]).refuses(REFUSED)
    call(alice, "extend", made["id"], "30min").refuses(REFUSED)
    nodes.wait_for("nothing to be promised", 10, lambda: all(
        json(node, "promises", "promises")["promises"] == [] and shaper(node)["ledger"]["leased"] == 0
        for node in (alice, bob)), pause=0.2)
    call(alice, "promises").ends(DONE, "nothing is promised")
    later = json(alice, "reserve", "reserve", "bob", "64 kbit/s", "10min", "--at", "+1h", "--out", "--packet", "160")
    assert json(alice, "promises", "promises")["promises"][0]["starts_in_s"] > 3500, later
    configured(bob, ("  lend: yes", "  lend: no")).ends(DONE, "changed  promises.lend")
    call(alice, "reserve", "bob", "10KiB/s", "1h", "--in").refuses(REFUSED, "lends nothing")


def nonsense(lab):
    """rates, times and packets that cannot be are refused in one sentence, before anybody is asked"""
    alice = bare(lab)
    for words in (["0", "1h"], ["-1KiB/s", "1h"], ["10", "1h"], ["unlimited", "1h"], ["99999999999999999999 B/s", "1h"],
                  ["1 Tbit/s", "1h"], ["1 B/s", "1h"], ["10KiB/s", "0s"], ["10KiB/s", "-1h"], ["10KiB/s", "25h"],
                  ["10KiB/s", "9999999999999999999h"], ["10KiB/s", "soon"], ["esc\x1b[2J", "1h"]):
        ended = call(alice, "reserve", "bob", "--", *words) if words[0][0] == "-" or words[1][0] == "-" else call(
            alice, "reserve", "bob", *words)
        ended.ends(USAGE)
        assert "\x1b" not in ended.out + ended.err and len(ended.err) < 1000, str(ended)
    for words in (["--packet", "0"], ["--packet", "1233"], ["--packet", "-1"], ["--class", "gold"], ["--at", "25h"],
                  ["--at", "24:00"], ["--in", "--out"], ["--both", "--out"]):
        call(alice, "reserve", "bob", "10KiB/s", "1h", *words).ends(USAGE)
    for words in (["extend", "x", "1h"], ["extend", "-1", "1h"], ["extend", "99999999999", "1h"], ["extend", "1", "0h"],
                  ["release"], ["release", "x"], ["intend"], ["intend", "sleeping", "1h"], ["intend", "leaving"],
                  ["intend", "leaving", "25h"], ["intend", "online-until", "8d"], ["intend", "nothing", "1h"],
                  ["please", "bob"], ["please", "bob", "0min"], ["please", "bob", "25h"], ["answer", "bob"],
                  ["answer", "bob", "maybe"], ["answer", "bob", "no", "10min"], ["answer", "bob", "yes", "1s"]):
        call(alice, *words).ends(USAGE)
    for words in (["reserve", "bob", "10KiB/s", "1h"], ["promises"], ["shaper"], ["intend", "leaving", "10min"]):
        call(alice, *words).refuses(DOWN, "next: is it running?")


def words_between_friends(lab):
    """what a node announces reaches its friend's status; who is asked to stay can answer, or has a policy"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    call(alice, "intend", "online-until", "2h").ends(DONE)

    def of_alice(kind):
        return [one for one in json(bob, "status", "status")["friends"][0]["promises"] if one["kind"] == kind]
    seen = nodes.wait_for("bob to know", 10, lambda: of_alice("online until"), pause=0.1)
    assert 6000 < seen[0]["left_s"] <= 7500 and not seen[0]["ours"], seen
    call(alice, "intend", "leaving", "20min").ends(DONE)
    nodes.wait_for("bob to know that alice goes", 10, lambda: of_alice("leaving"), pause=0.1)
    call(bob, "status").ends(DONE, "alice goes in ")
    call(alice, "status").ends(DONE, "announced   this node goes in ")
    call(bob, "please", "alice", "+10min").ends(DONE)
    nodes.wait_for("alice to be asked", 10, lambda: "asks this node to stay" in call(alice, "status").out, pause=0.1)
    call(alice, "status").ends(DONE, "next: covfefe answer bob yes, or no")
    call(alice, "answer", "bob", "yes").ends(DONE)
    call(alice, "answer", "bob", "yes").refuses(REFUSED)
    nodes.wait_for("nobody to be asked", 10, lambda: "next: covfefe answer" not in call(alice, "status").out, pause=0.1)
    call(alice, "intend", "nothing").ends(DONE)
    nodes.wait_for("bob to hear that it is taken back", 10, lambda: not of_alice("leaving"), pause=0.1)
    for verb in (["reserve", "mallory", "10KiB/s", "1h"], ["please", "mallory", "10min"], ["answer", "mallory", "yes"]):
        call(alice, *verb).refuses(REFUSED, "no friend called mallory", "next: ")


if __name__ == "__main__":
    nodes.main(config_apply, whole_shaper, reservations, nonsense, words_between_friends)
