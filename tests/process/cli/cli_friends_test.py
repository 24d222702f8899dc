# SPDX-License-Identifier: Apache-2.0
"""Friends by card: what is refused, in which words, and that a refusal leaves no trace."""
import os, signal

from contract import DONE, DOWN, REFUSED, USAGE, alone, bare, call, friend_list, nodes, write


def lines_with(text, key, value):
    """The card with another value of one key."""
    out = []
    for line in text.splitlines(keepends=True):
        out.append("%s: %s\n" % (key, value) if line.startswith(key + ":") else line)
    assert "".join(out) != text, key
    return "".join(out)


def value_of(text, key):
    return [line.split(":", 1)[1].strip().strip('"') for line in text.splitlines() if line.startswith(key + ":")][0]


def flipped(text, key):
    """The card with the last hexadecimal digit of one key changed."""
    value = value_of(text, key)
    return lines_with(text, key, '"%s"' % (value[:-1] + ("0" if value[-1] != "0" else "1")))


def add(node, path, name="bob", *more):
    return call(node, "friend", "add", path, "--name", name, "--trust", "met", *more)


def broken_cards(good, other):
    """What may arrive instead of a card, and the words of the refusal."""
    yield "empty", "", ""
    yield "truncated", good[:len(good) // 2], ""
    yield "without its last line", good[:good.rindex("address:")], ""
    yield "oversized", good + "# " + "x" * 5000 + "\n", ""
    yield "of the next version", lines_with(good, "covfefe_card", "2"), "covfefe_card"
    yield "of no version", good.replace("covfefe_card: 1\n", ""), "covfefe_card"
    yield "with an unknown key", good + "more: 1\n", "more"
    yield "with a key twice", good + "name: bob\n", "name"
    yield "with a short key", lines_with(good, "identity_key", '"%s"' % ("ab" * 31)), "identity_key"
    yield "with a zero key", lines_with(good, "static_key", '"%s"' % ("00" * 32)), "static_key"
    yield "with a key that is no hexadecimal", lines_with(good, "service_key", '"%s"' % ("zz" * 32)), "service_key"
    yield "with an address of the old internet", lines_with(good, "address", '"2001:db8::1"'), "address"
    yield "with a hostile name", lines_with(good, "name", '"bob\\e[2J"'), ""
    yield "with nine endpoints", endpoints(good, 9), "endpoints"
    yield "with an endpoint that is none", good[:good.index("endpoints:")] + "endpoints: [x]\n", "endpoints"
    yield "that is no text", b"\x00\x01\x02" * 100, ""
    yield "that is a bomb", "a: &a [1]\nb: [*a, *a]\n", ""
    for key in ("static_sig", "static_key", "identity_key"):
        yield "with an altered " + key, flipped(good, key), "static_sig"
    yield "with an altered address", flipped(good, "address"), "address"
    yield "with an altered service_key", flipped(good, "service_key"), "address"
    yield "with another's static key", lines_with(good, "static_key", value_of(other, "static_key")), "static_sig"
    yield "with another's address", lines_with(good, "address", '"%s"' % value_of(other, "address")), "address"


def endpoints(card, count):
    head = card[:card.index("endpoints:")]
    return head + "endpoints: [%s]\n" % ", ".join('"192.0.2.%d:1"' % n for n in range(count))


def text_of(node, *words):
    return call(node, "card", *(words or ("--endpoint", "192.0.2.9:6363"))).ends(DONE).out


def cards(lab):
    """each broken card is refused by the file's name, and the list of friends stays as it was"""
    alice = alone(lab)
    bob, carol = bare(lab, "bob"), bare(lab, "carol")
    good, other = text_of(bob), text_of(carol)
    first = write(os.path.join(lab.directory, "carol.card"), other)
    add(alice, first, "carol").ends(DONE, "added carol (met, " + carol.address)
    before = friend_list(alice)
    path = os.path.join(lab.directory, "bob.card")
    for what, text, words in broken_cards(good, other):
        write(path, text)
        try:
            add(alice, path).refuses(REFUSED, path, words)
        except AssertionError as error:
            raise AssertionError("a card %s: %s" % (what, error))
        assert friend_list(alice) == before, "a card %s changed the friends" % what
    add(alice, os.path.join(lab.directory, "absent"), "bob").refuses(REFUSED, "absent")
    add(alice, lab.directory).refuses(REFUSED, lab.directory)
    write(path, good)
    assert add(alice, path, "bob", "--json").ends(DONE).json("friend-added")["address"] == bob.address
    assert [one["name"] for one in friend_list(alice)] == ["carol", "bob"]
    assert friend_list(alice)[0] == before[0]


def twice(lab):
    """a friend is added once: by name, by key; oneself never; names are names"""
    alice = alone(lab)
    bob, carol = bare(lab, "bob"), bare(lab, "carol")
    path = write(os.path.join(lab.directory, "bob.card"), text_of(bob))
    hers = write(os.path.join(lab.directory, "carol.card"), text_of(carol))
    own = write(os.path.join(lab.directory, "own.card"), text_of(alice))
    add(alice, own, "me").refuses(REFUSED, "your own card")
    add(alice, path).ends(DONE)
    before = friend_list(alice)
    add(alice, path).refuses(REFUSED, "already called bob")
    add(alice, path, "robert").refuses(REFUSED, "already your friend bob", "covfefe friend set bob")
    add(alice, hers, "bob").refuses(REFUSED, "already called bob")
    for name in ("", "Bob", "b b", "-b", "x" * 64, "b\x1b[2J"):
        ended = add(alice, hers, name).refuses(USAGE, "a name is 1 to 63")
        assert "\x1b" not in ended.err
    for endpoint in ("", "x", "192.0.2.1:0", "[::1]"):
        add(alice, hers, "carol", "--endpoint", endpoint).refuses(USAGE, "is not HOST:PORT")
    add(alice, hers, "carol", "--endpoint", "no-such-host.invalid:1").refuses(REFUSED, "no-such-host.invalid")
    assert friend_list(alice) == before
    add(alice, hers, "carol").ends(DONE)
    call(alice, "friend", "set", "carol", "--name", "bob").refuses(REFUSED, "already called bob")
    call(alice, "friend", "set", "carol", "--name", "Bob").refuses(USAGE, "a name is")
    for verb in (["set", "dave", "--trust", "met"], ["show", "dave"], ["remove", "dave"]):
        call(alice, "friend", *verb).refuses(REFUSED, "no friend is called dave", "covfefe friend list")
    assert [one["name"] for one in friend_list(alice)] == ["bob", "carol"]


def changes(lab):
    """set changes what is named and nothing else; remove removes, and the same card can come back"""
    alice, bob = alone(lab), bare(lab, "bob")
    path = write(os.path.join(lab.directory, "bob.card"), text_of(bob))
    add(alice, path).ends(DONE)
    before = friend_list(alice)[0]
    changed = call(alice, "friend", "set", "bob", "--trust", "known", "--json").ends(DONE).json("friend-changed")
    assert changed["trust"] == "known", changed
    assert friend_list(alice)[0] == dict(before, trust="known")
    assert before["visibility"] == changed["visibility"] == "relay-only", changed
    for what in ("hidden", "reachable"):
        call(alice, "friend", "set", "bob", "--visibility", what).ends(DONE)
        assert friend_list(alice)[0] == dict(before, trust="known", visibility=what)
    call(alice, "friend", "show", "bob").ends(DONE, "visibility   reachable: ")
    call(alice, "friend", "list").ends(DONE, "reachable")
    before["visibility"] = "reachable"
    call(alice, "friend", "set", "bob", "--name", "robert", "--endpoint", "192.0.2.77:9").ends(DONE, "changed robert")
    after = friend_list(alice)[0]
    assert after == dict(before, trust="known", name="robert", endpoints=["192.0.2.77:9"] + before["endpoints"]), after
    shown = call(alice, "friend", "show", "robert", "--json").ends(DONE).json("friend-show")
    assert shown["friend"] == after and shown["last_24h"]["rx_bytes"] == 0, shown
    nodes.wait_for("the router to know robert", 5, lambda: call(
        alice, "friend", "show", "robert", "--json").ends(DONE).json("friend-show")["now"])
    now = call(alice, "friend", "show", "robert", "--json").ends(DONE).json("friend-show")["now"]
    assert [now[key] for key in ("link_faults", "onion_faults", "circuits_destroyed")] == [0, 0, 0], now
    assert set(now["relayed"]) == {"circuits", "cells", "onion_faults", "builds", "refused"}, now
    assert {"link_faults", "onion_faults", "circuits_destroyed", "relayed_cells"} < set(shown["last_24h"]), shown
    assert max(map(len, call(alice, "friend", "show", "robert").ends(DONE).out.splitlines())) <= 80
    call(alice, "friend", "show", "robert").ends(DONE, "fingerprint", "192.0.2.77:9", after["fingerprint"])
    call(alice, "friend", "list").ends(DONE, "robert", "known", bob.address)
    removed = call(alice, "friend", "remove", "robert", "--json").ends(DONE).json("friend-removed")
    assert removed["name"] == "robert" and friend_list(alice) == []
    add(alice, path, "bob", "--visibility", "hidden").ends(DONE)
    assert [one["visibility"] for one in friend_list(alice)] == ["hidden"]


def psk(lab):
    """a wrong pairwise key file is refused before anything is stored"""
    alice, bob = alone(lab), bare(lab, "bob")
    path = write(os.path.join(lab.directory, "bob.card"), text_of(bob))
    key = os.path.join(lab.directory, "psk")
    for text in ("", "ab" * 31, "ab" * 33, "zz" * 32, "00" * 32, "ab" * 32 + "\nmore\n", b"\x00" * 32, "ab" * 3000):
        write(key, text)
        ended = add(alice, path, "bob", "--psk", key).refuses(REFUSED, key)
        assert "abab" not in ended.err, "the refusal shows the key"
        assert friend_list(alice) == []
    add(alice, path, "bob", "--psk", key + ".absent").refuses(REFUSED, key + ".absent")
    write(key, "AB" * 32 + "\n")
    add(alice, path, "bob", "--psk", key).ends(DONE, "remove " + key)
    write(key, "short")
    before = friend_list(alice)
    call(alice, "friend", "set", "bob", "--trust", "none", "--psk", key).refuses(REFUSED, key)
    assert friend_list(alice) == before


def hung_services(lab):
    """with keystore or peerdb hung every change is refused in bounded time, and done again it succeeds"""
    alice, bob = alone(lab), bare(lab, "bob")
    path = write(os.path.join(lab.directory, "bob.card"), text_of(bob))
    for service in ("keystore", "peerdb"):
        pid = alice.kill(service, signal.SIGSTOP)
        try:
            add(alice, path).refuses(DOWN, service)
        finally:
            os.kill(pid, signal.SIGCONT)
        nodes.wait_for("the %s to answer" % service, 10,
                       lambda: alice.json("status", check=False)["state"] == "ok")
        assert friend_list(alice) == [], service
    add(alice, path).ends(DONE)
    pid = alice.kill("keystore", signal.SIGSTOP)
    try:
        call(alice, "friend", "remove", "bob").refuses(DOWN, "keystore")
        assert len(friend_list(alice)) == 1
    finally:
        os.kill(pid, signal.SIGCONT)


if __name__ == "__main__":
    nodes.main(cards, twice, changes, psk, hung_services)
