# SPDX-License-Identifier: Apache-2.0
"""What a hostile network or a hostile friend sends: captured datagrams again, garbage, forged inner
sources; and honest trouble: roaming, paths too small for large cells."""
import json, os, socket, struct, subprocess, sys, textwrap, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import nodes
from transfer import Transfer


def read_pcap(path):
    """UDP payloads and ports of an Ethernet/IPv4 capture."""
    out = []
    with open(path, "rb") as file:
        data = file.read()
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        frame = data[at + 16:at + 16 + size]
        at += 16 + size
        if frame[12:14] != b"\x08\x00" or frame[23] != 17:
            continue
        header = 14 + (frame[14] & 15) * 4
        source, target = struct.unpack_from(">HH", frame, header)
        out.append((source, target, frame[header + 8:]))
    return out


def capture(lab, host, device, seconds):
    path = os.path.join(lab.directory, "capture.pcap")
    dump = host.start(["tcpdump", "-i", device, "-w", path, "-U", "-s", "0", "udp"], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    yield path
    time.sleep(seconds)
    dump.terminate()
    dump.wait(5)


def counters(node):
    return node.json("inspect", "router")["counters"]


def only_known_sizes(lab):
    """every datagram on the wire has one of the four defined sizes"""
    alice, bob = lab.pair()
    # A veth pair shows trains of datagrams uncut; a real wire never does.
    for node in (alice, bob):
        node.host.run(["ethtool", "-K", "w0" + node.name, "tx-udp-segmentation", "off"])
    for path in capture(lab, alice.host, "w0alice", 0.5):
        alice.reaches(bob)
        Transfer(bob, alice, 2 << 20).start().finish()
    sizes = {len(payload) for _, _, payload in read_pcap(path)}
    assert sizes and sizes <= {64, 256, 1400}, sizes


def replay(lab):
    """captured datagrams sent again change nothing"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    for path in capture(lab, bob.host, "w0bob", 0.5):
        alice.host.run(["ping", "-6", "-n", "-q", "-i", "0.01", "-c", "100", bob.address])
    caught = [(port, payload) for _, port, payload in read_pcap(path)]
    assert len(caught) > 100
    seen = int(bob.host.run(["cat", "/sys/class/net/cov-bob/statistics/rx_packets"]))
    again = lambda address: textwrap.dedent("""
        import socket, sys, pickle
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for port, payload in pickle.load(open(sys.argv[1], 'rb')) * 3:
            s.sendto(payload, (%r, port))
    """ % address)
    import pickle
    stash = os.path.join(lab.directory, "caught")
    with open(stash, "wb") as file:
        pickle.dump(caught, file)
    alice.host.run([sys.executable, "-c", again("10.99.0.2"), stash])
    bob.host.run([sys.executable, "-c", again("10.99.0.1"), stash])
    time.sleep(0.5)
    now = int(bob.host.run(["cat", "/sys/class/net/cov-bob/statistics/rx_packets"]))
    assert now - seen <= 4, "replayed datagrams reached the device: %d" % (now - seen)
    alice.reaches(bob, 2)
    result = Transfer(bob, alice, 4 << 20).start().finish()
    assert result["worst_gap"] < 1


def garbage(lab):
    """a flood of garbage on all ports is dropped and counted, the link stays up"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    flood = textwrap.dedent("""
        import os, random, socket, struct, time
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        random.seed(7)
        end = time.monotonic() + 2
        sizes = (0, 1, 3, 4, 63, 64, 255, 256, 257, 1399, 1400, 1401, 1472)
        sent = 0
        while time.monotonic() < end:
            for size in sizes:
                data = bytearray(os.urandom(size))
                if size >= 4 and random.random() < 0.5:
                    data[0:4] = struct.pack('<I', random.choice((1, 2, 3, 4, 0, 255, 256, 0xffffffff)))
                s.sendto(data, ('10.99.0.2', random.choice((6363, 6364, 6365))))
                sent += 1
        print(sent)
    """)
    pids = bob.pids()
    before = counters(bob)
    sent = int(alice.host.run([sys.executable, "-c", flood]))
    alice.reaches(bob, 3)
    result = Transfer(bob, alice, 4 << 20).start().finish()
    assert result["bytes"] == 4 << 20
    assert bob.pids() == pids, "a process was restarted"
    after = counters(bob)
    reasons = ("wrong_length", "wrong_type", "malformed", "forged", "unknown_index", "replayed")
    dropped = {reason: after["link." + reason] - before["link." + reason] for reason in reasons}
    print("  %d datagrams of garbage, counted: %s" % (sent, dropped))
    assert dropped["wrong_length"] > 1000 and dropped["unknown_index"] > 0, dropped


def spoofed_source(lab):
    """a friend's packets with another source than its own address are dropped and counted"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    alice.host.run(["ip", "addr", "add", "fd66::66/128", "dev", "cov-alice"])
    for path in capture(lab, bob.host, "cov-bob", 0.5):
        done = subprocess.run(alice.host.command(["ping", "-6", "-n", "-c", "3", "-i", "0.1", "-W", "1", "-I", "fd66::66", bob.address]),
                              stdout=subprocess.DEVNULL)
        assert done.returncode != 0
    with open(path, "rb") as file:
        assert bytes.fromhex("fd660000000000000000000000000066") not in file.read()
    alice.reaches(bob, 2)


def roaming(lab):
    """alice changes her address in the middle of a transfer: it goes on"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    transfer = Transfer(bob, alice, 24 << 20, 6e6).start()
    time.sleep(1)
    alice.host.run(["ip", "addr", "add", "10.99.0.77/24", "dev", "w0alice"])
    alice.host.run(["ip", "addr", "del", "10.99.0.1/24", "dev", "w0alice"])
    # Deleting the primary address takes the secondary of its subnet with it.
    alice.host.run(["ip", "addr", "replace", "10.99.0.77/24", "dev", "w0alice"])
    result = transfer.finish()
    print("  worst gap %.0f ms" % (result["worst_gap"] * 1000))
    assert result["worst_gap"] < 5
    assert "10.99.0.77" in bob.friend(alice)["path"], bob.friend(alice)


def small_path(lab):
    """a path that carries no large cells: everything in small ones, and it says so"""
    alice, bob = lab.pair(mtu=1300)
    alice.reaches(bob, 15)
    nodes.wait_for("the small mode", 30, lambda: alice.friend(bob)["small_mode"])
    result = Transfer(bob, alice, 2 << 20).start().finish()
    assert result["bytes"] == 2 << 20
    out = alice.host.run(["ping", "-6", "-n", "-q", "-s", "1200", "-i", "0.02", "-c", "50", bob.address])
    assert "50 received" in out, out
    text = "\n".join(f["what"] for f in alice.json("why", "bob", check=False)["findings"])
    assert "small" in text.lower() or " S " in text, text


def data_ports_closed(lab):
    """data ports behind a filter: the link falls back to the control socket and says so"""
    alice, bob = lab.pair(befriend=False)
    bob.host.run(["nft", "add table inet f; add chain inet f in { type filter hook input priority 0; }; "
                         "add rule inet f in udp dport 6364-6365 drop"])
    alice.befriend(bob)
    bob.befriend(alice)
    alice.reaches(bob)
    result = Transfer(bob, alice, 4 << 20).start().finish()
    assert result["bytes"] == 4 << 20
    assert alice.friend(bob)["data_sockets"] == 0, alice.friend(bob)


if __name__ == "__main__":
    nodes.main(only_known_sizes, replay, garbage, spoofed_source, roaming, small_path, data_ports_closed)
