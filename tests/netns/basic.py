# SPDX-License-Identifier: Apache-2.0
"""Two nodes come up, become friends and carry IP; what must not pass does not pass."""
import json, os, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import nodes
from transfer import Transfer


def ping_and_tcp(lab):
    """friends by card: ping, TCP both ways, status"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    bob.reaches(alice)
    out = alice.host.run(["ping", "-6", "-n", "-q", "-i", "0.01", "-c", "200", bob.address])
    assert "200 received" in out, out
    for source, sink in ((alice, bob), (bob, alice)):
        result = Transfer(source, sink, 16 << 20).start().finish()
        assert result["bytes"] == 16 << 20
    for node, other in ((alice, bob), (bob, alice)):
        status = node.json("status")
        assert status["state"] == "ok", status
        assert status["schema"] == "covfefe.status/1"
        assert {s["name"] for s in status["services"]} == set(nodes.SERVICES)
        assert all(s["jail"].startswith("closed") for s in status["services"]), status["services"]
        friend = node.friend(other)
        assert friend["state"] == "up" and friend["rx_bytes"] > 16 << 20 and friend["path"], friend
    code, text = alice.try_cli("ping", "bob", "--count", "3")
    assert code == 0 and "direct" in text, text
    assert all(finding["ok"] for finding in alice.json("why", "bob")["findings"])


def device(lab):
    """the device has the overlay address, MTU 1280 and the route, and only those"""
    alice, bob = lab.pair(befriend=False)
    link = json.loads(alice.host.run(["ip", "-j", "addr", "show", "dev", "cov-alice"]))[0]
    assert link["mtu"] == 1280, link
    addresses = [(a["local"], a["prefixlen"]) for a in link["addr_info"]]
    assert addresses == [(alice.address, 128)], addresses
    routes = alice.host.run(["ip", "-6", "route", "show", "dev", "cov-alice"])
    assert "fd00::/8" in routes, routes


def strangers(lab):
    """no friends, no traffic: unreachable at once and not a datagram on the wire"""
    alice, bob = lab.pair(befriend=False)
    start = time.monotonic()
    done = subprocess.run(alice.host.command(["ping", "-6", "-n", "-c", "1", "-W", "3", bob.address]),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode != 0 and "nreachable" in done.stdout, done.stdout
    assert time.monotonic() - start < 1.5, "the refusal was slow"
    sent = json.loads(alice.host.run(["ip", "-j", "-s", "link", "show", "w0alice"]))[0]
    snmp = alice.host.run(["cat", "/proc/net/snmp"])
    out_datagrams = int([l for l in snmp.splitlines() if l.startswith("Udp:")][1].split()[4])
    assert out_datagrams == 0, (out_datagrams, sent)


def one_sided(lab):
    """a friendship that only one side wants stays down and says why"""
    alice, bob = lab.pair(befriend=False)
    alice.befriend(bob)
    time.sleep(1.5)
    assert alice.friend(bob)["state"] != "up"
    code, text = alice.try_cli("why", "bob")
    assert code == 1 and "NOT" in text and "next:" in text, text
    bob.befriend(alice)
    alice.reaches(bob)


def psk(lab):
    """a pairwise key must be the same on both sides"""
    alice, bob = lab.pair(befriend=False)
    paths = []
    for name, byte in (("right", "ab"), ("wrong", "cd")):
        paths.append(os.path.join(lab.directory, name))
        with open(paths[-1], "w") as file:
            file.write(byte * 32 + "\n")
    right, wrong = paths
    alice.befriend(bob, "--psk", right)
    bob.befriend(alice, "--psk", wrong)
    time.sleep(2)
    assert alice.friend(bob)["state"] != "up"
    bob.cli("friend", "set", "alice", "--psk", right)
    alice.reaches(bob)


def removed(lab):
    """a removed friend is cut off at once and for good"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    alice.cli("friend", "remove", "bob")
    nodes.wait_for("the link to end", 5, lambda: alice.friend(bob) is None)
    done = subprocess.run(bob.host.command(["ping", "-6", "-n", "-c", "2", "-W", "1", alice.address]),
                          stdout=subprocess.DEVNULL)
    assert done.returncode != 0
    alice.befriend(bob)
    bob.reaches(alice, 15)


if __name__ == "__main__":
    nodes.main(ping_and_tcp, device, strangers, one_sided, psk, removed)
