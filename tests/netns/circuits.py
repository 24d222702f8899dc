# SPDX-License-Identifier: Apache-2.0
"""Six nodes in six namespaces: alice reaches dave, a friend of friends of her friends, over circuits that share no
relay; relays and keystores are killed under a transfer; what must be refused is refused and explained."""
import json, os, subprocess, sys, textwrap, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import nodes
from capture import Capture
from six_nodes import HOPS, RELAY_BEHIND, Six, show, within_one_epoch
from stream import REALTIME, Stream, gap_at
from transfer import Transfer

CONTROL, DATA = 6363, (6364, 6365)
MARK = b"a passage that nobody on a wire may read"


def ready(lab, *init_words):
    six = Six(lab, *init_words)
    six.show_dave()
    six.wait_known()
    return six


def reached(six):
    took = six.alice.reaches(six.dave, 20)
    circuits = six.wait_circuits()
    return took, circuits


def unreached(node, address):
    return subprocess.run(node.host.command(["ping", "-6", "-n", "-q", "-c", "2", "-W", "4", address]),
                          stdout=subprocess.DEVNULL).returncode != 0


def failing(findings):
    return [one for one in findings if not one["ok"]]


def built(lab):
    """circuits are built by the first packet, and every verb tells of them"""
    six = ready(lab)
    alice, dave = six.alice, six.dave
    assert not six.circuits(), "circuits that nobody asked for"
    took, circuits = reached(six)
    print("  first ping answered %.0f ms after it was sent" % (took * 1000))
    assert set(circuits) == {"bob", "carol"}, circuits
    for one in circuits.values():
        assert len(one["hops"]) == HOPS and one["age_s"] < 30, one
    out = alice.host.run(["ping", "-6", "-n", "-q", "-i", "0.01", "-c", "200", dave.address])
    assert "200 received" in out, out
    assert not alice.friend(dave), "dave must not be alice's friend"
    paths = six.paths()
    assert paths["schema"] == "covfefe.path/1" and len(paths["options"]) >= 2, paths
    assert sorted(way["hops"][0] for way in paths["options"] if way["chosen"]) == ["bob", "carol"], paths
    timed = alice.json("ping", dave.address, "--count", "1", "--hops")
    assert timed["received"] == 1 and len(timed["hops"]) == HOPS and all(hop["ok"] for hop in timed["hops"]), timed
    assert all(one["ok"] for one in alice.json("why", dave.address)["findings"])
    one_more(six)
    by_name(six)
    for node in six.by_name.values():
        status = node.json("status")
        assert status["state"] == "ok", status
    assert sum(one["circuits"] for one in six.erin.json("circuits")["relayed"]) > 0


def one_more(six):
    """circuit new and circuit close"""
    before = {one["id"] for one in six.circuits().values()}
    made = six.alice.json("circuit", "new", six.dave.address, check=False)
    assert "circuit" in made or "error" in made, made  # there are no more entries that share nothing
    victim = six.circuits()["bob"]["id"]
    six.alice.cli("circuit", "close", str(victim))
    nodes.wait_for("the closed circuit to be gone", 5, lambda: victim not in {
        one["id"] for one in six.alice.json("circuits")["circuits"]})
    assert six.alice.reaches(six.dave, 3) < 3
    after = six.wait_circuits()
    assert {one["id"] for one in after.values()} != before, after
    code, text = six.alice.try_cli("circuit", "close", "4000000000")
    assert code == 1 and "next:" in text or code == 1, text


def by_name(six):
    """NAME.FRIEND: bob's name for a friend whom both show"""
    code, text = six.alice.try_cli("ping", "erin.bob", "--count", "1")
    assert code != 0, "erin is relay only and yet has a name at bob:\n" + text
    show(six.bob, six.erin)
    nodes.wait_for("erin.bob", 20, lambda: six.alice.try_cli("ping", "erin.bob", "--count", "1")[0] == 0, pause=0.3)


def only_cells_on_any_wire(lab):
    """on every wire: cells of two sizes and the defined control sizes, on their ports, and nothing readable"""
    six = Six(lab)
    capture = Capture(lab.hosts, (MARK, bytes.fromhex(six.dave.json("id")["identity_key"])))
    six.show_dave()
    six.wait_known()
    reached(six)
    Transfer(six.dave, six.alice, 4 << 20).start().finish()
    sender = "import socket, sys; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); " \
             "[s.sendto(%r * 20, (sys.argv[1], 9)) for _ in range(50)]" % MARK
    six.alice.host.run([sys.executable, "-c", sender, six.dave.address])
    time.sleep(0.5)
    seen = capture.stop()
    large = 0
    for host, frames in seen.items():
        assert set(frames["kinds"]) <= {"udp", "0806"}, (host, frames["kinds"])
        assert frames["leaks"] == 0, "something readable on a wire of " + host
        for one in frames["udp"]:
            assert {one.source, one.target} <= {CONTROL, *DATA}, (host, one)
            assert one.size in ({256, 1400} if one.target in DATA else {64, 256, 1400}), (host, one)
            large += one.count if one.size == 1400 else 0
    print("  %d frames of the large size seen, %d lost to the watcher" % (
        large, sum(frames["lost"] for frames in seen.values())))
    assert large > 4 * 3000, large  # 4 MiB over three wires, each seen from both ends


def relay_killed(lab):
    """a relay is killed -9 in the middle of a transfer: the file is whole, the gap is short"""
    within_one_epoch(90)
    six = ready(lab)
    reached(six)
    for traffic, limit in ((0, 1.0), (REALTIME, 0.5)):
        stream = Stream(six.alice, six.dave, 60, traffic)
        transfer = Transfer(six.dave, six.alice, 24 << 20, 8e6, 7000 + traffic).start()
        time.sleep(1)
        relay = six.busiest()
        entry = next(entry for entry, name in RELAY_BEHIND.items() if name == relay.name)
        killed = time.monotonic()
        relay.kill_whole()
        result = transfer.finish()
        gap = gap_at(stream.stop(), killed, 1.5)
        print("  %s killed: ping gap %.0f ms%s, transfer gap %.0f ms" % (
            relay.name, gap * 1000, " (realtime)" if traffic else "", result["worst_gap"] * 1000), flush=True)
        assert result["bytes"] == 24 << 20 and gap <= limit and result["worst_gap"] <= 2.0, (gap, result)
        assert entry not in six.circuits() and len(six.circuits()) >= 1
        relay.up()
        six.wait_known()
        six.wait_circuits(seconds=40)


def services_killed(lab):
    """keystores of the ends and of a relay, and a relay's router, killed -9 under a transfer"""
    within_one_epoch(120)
    six = ready(lab)
    reached(six)
    victims = ((six.alice, "keystore"), (six.erin, "keystore"), (six.dave, "keystore"), (six.bob, "shaper"),
               (six.erin, "router"), (six.frank, "router"))
    for port, (node, service) in enumerate(victims, 7000):
        transfer = Transfer(six.dave, six.alice, 12 << 20, 6e6, port).start()
        time.sleep(0.7)
        node.kill(service)
        result = transfer.finish()
        print("  %-6s %-9s worst gap %.0f ms" % (node.name, service, result["worst_gap"] * 1000), flush=True)
        assert result["bytes"] == 12 << 20 and result["worst_gap"] <= 2.0, result
        six.wait_circuits(seconds=40)


def entry_rule(lab):
    """with one friend met nobody beyond friends is reached, and why and path say what is missing"""
    six = ready(lab)
    alice, dave = six.alice, six.dave
    alice.cli("friend", "set", "carol", "--trust", "known")
    assert unreached(alice, dave.address)
    code, text = alice.try_cli("why", dave.address)
    assert code == 1 and "met" in text and "next:" in text, text
    code, text = alice.try_cli("path", dave.address)
    assert code != 0 and "met" in text, text
    code, text = alice.try_cli("circuit", "new", dave.address)
    assert code == 1 and "met" in text, text
    alice.reaches(six.bob, 3)
    alice.reaches(six.carol, 3)
    alice.cli("friend", "set", "carol", "--trust", "met")
    six.wait_known()
    reached(six)


def refused(lab):
    """who is not shown as reachable is not reached, nor who refuses strangers; friends reach it"""
    six = Six(lab)
    alice, dave = six.alice, six.dave
    assert unreached(alice, dave.address), "nobody said that dave may be reached"
    findings = failing(alice.json("why", dave.address, check=False)["findings"])
    assert findings and findings[0]["next"], findings
    assert alice.try_cli("path", dave.address)[0] != 0
    six.show_dave()
    six.wait_known()
    reached(six)
    dave.down()
    path = os.path.join(dave.root, "etc", "covfefenet.yaml")
    with open(path) as file:
        text = file.read()
    assert "strangers: accept" in text, text
    with open(path, "w") as file:
        file.write(text.replace("strangers: accept", "strangers: refuse"))
    dave.up()
    six.erin.reaches(dave, 15)
    assert unreached(alice, dave.address)
    # The session of before is given up first; then a new one is asked for and refused.
    nodes.wait_for("why to say that dave refuses", 30, lambda: unreached(alice, dave.address) and failing(
        alice.json("why", dave.address, check=False)["findings"]))
    assert dave.json("inspect", "router")["counters"]["session.refused"] > 0


PEER = textwrap.dedent("""
    import socket, sys
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    listener.bind((sys.argv[1], 7100)); listener.listen(4)
    print("listening", flush=True)
    while True:
        peer, address = listener.accept()
        print(address[0], flush=True)
        peer.close()
""")
CALL = "import socket, sys; socket.create_connection((sys.argv[1], 7100), 10).recv(1)"


def one_time_identity(lab):
    """identity new --once: dave sees an address that is not alice's, and TCP works from it; drop takes it back"""
    six = ready(lab)
    alice, dave = six.alice, six.dave
    server = dave.host.start([sys.executable, "-c", PEER, dave.address], stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline().strip() == "listening"
    call = [sys.executable, "-c", CALL, dave.address]
    once = alice.json("identity", "new", "--once")["address"]
    assert once != alice.address and once.startswith("fd"), once
    alice.host.run(call)
    seen = server.stdout.readline().strip()
    assert seen == once, (seen, once, alice.address)
    result = Transfer(dave, alice, 4 << 20).start().finish()
    assert result["bytes"] == 4 << 20
    assert alice.json("identity", "drop")["address"] == alice.address
    alice.kill("router")  # sessions that are open keep what they showed
    six.wait_known()
    assert not six.circuits(), "whom it met under another address it dials under its own, unasked"
    alice.host.run(call)
    assert server.stdout.readline().strip() == alice.address


if __name__ == "__main__":
    nodes.main(built, only_cells_on_any_wire, relay_killed, services_killed, entry_rule, refused, one_time_identity)
