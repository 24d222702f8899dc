# SPDX-License-Identifier: Apache-2.0
"""What an operator, friends and accidents do to a node, each so shortly that all of it can be traced."""
import os, signal, socket, struct, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))
sys.path.insert(0, os.path.join(HERE, "..", "..", "netns"))
from contract import DONE, call, nodes, read, write
from transfer import Transfer

SIZE = 2 << 20
# A Cap'n Proto frame of one segment of one word, a null message: the answer is an abort and the end of the stream.
NO_MESSAGE = struct.pack("<IIQ", 0, 1, 0xff)


def whole(node):
    nodes.wait_for("%s to be whole" % node.name, 30, lambda: node.json("status", check=False)["state"] == "ok", 0.1)


def database(node):
    return node.root + "/var/lib/covfefe/peerdb/peers.db"


def traffic(alice, bob):
    """pings, the tool's ping, and TCP in both directions"""
    alice.reaches(bob, 30)
    call(alice, "ping", "bob", "--count", "2").ends(DONE)
    Transfer(alice, bob, SIZE).start().finish()
    Transfer(bob, alice, SIZE, port=7001).start().finish()


def views(alice, bob):
    """everything that shows something"""
    for words in (["status"], ["promises"], ["shaper"], ["circuits"], ["why", "bob"], ["friend", "list"], ["friend", "show", "bob"],
                  ["id"], ["card"], *(["inspect", service] for service in nodes.SERVICES)):
        call(alice, *words).ends(DONE)


def friends(alice, bob):
    """a friend is changed, removed and added again"""
    call(alice, "friend", "set", "bob", "--trust", "known").ends(DONE)
    call(alice, "friend", "remove", "bob").ends(DONE)
    alice.befriend(bob)
    alice.reaches(bob, 30)


def settings(alice, bob):
    """the configuration is changed and applied; bandwidth is promised and given back"""
    for node in (alice, bob):
        path = node.root + "/etc/covfefenet.yaml"
        write(path, read(path).replace(b"  up: auto", b"  up: 10 Mbit/s").replace(b"  learn: yes", b"  learn: no"))
        call(node, "config", "apply").ends(DONE, "changed  capacity.up")
    alice.reaches(bob, 30)
    made = nodes.wait_for("bob to keep 10 KiB/s", 20, lambda: (
        lambda ended: ended.json("reserve") if ended.code == DONE else None)(
            call(alice, "reserve", "bob", "10KiB/s", "1h", "--json")), pause=0.3)
    Transfer(alice, bob, SIZE // 4, port=7002).start().finish()
    call(alice, "extend", made["id"], "30min").ends(DONE)
    call(alice, "release", made["id"]).ends(DONE)


def stopped(alice, _):
    """each service is stopped and goes on: calls that waited are resumed by the kernel"""
    for service in nodes.SERVICES:
        pid = alice.kill(service, signal.SIGSTOP)
        time.sleep(0.05)
        os.kill(pid, signal.SIGCONT)
    whole(alice)


def killed(alice, bob):
    """each service is killed and comes back"""
    for service in nodes.SERVICES:
        alice.kill(service)
        nodes.wait_for("%s to be back" % service, 30, lambda: alice.pids().get(service), 0.1)
        whole(alice)
    alice.reaches(bob, 30)


def asked_to_end(alice, bob):
    """each service is asked to end and comes back"""
    for service in nodes.SERVICES:
        alice.kill(service, signal.SIGTERM)
        nodes.wait_for("%s to be back" % service, 30, lambda: alice.pids().get(service), 0.1)
        whole(alice)
    alice.reaches(bob, 30)


def nonsense(alice, _):
    """each operator socket is told something that is no RPC"""
    for service in nodes.SERVICES:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.settimeout(5)
        peer.connect(alice.root + "/run/covfefe/%s.operator.sock" % service)
        try:
            peer.sendall(NO_MESSAGE)
            while peer.recv(65536):
                pass
        except ConnectionError:
            pass  # the tun-helper reads nothing
        peer.close()
    whole(alice)


def damaged(alice, bob):
    """the node is stopped, its database is cut, and a backup is restored at the start"""
    alice.down()
    with open(database(alice), "r+b") as file:
        file.truncate(4096)
    alice.up()
    whole(alice)
    alice.reaches(bob, 30)


def moved(alice, bob):
    """the node's directory is reached over a symbolic link, and a journal that nobody finished lies there"""
    alice.down()
    moved_to = alice.root + "-moved"
    os.rename(alice.root, moved_to)
    os.symlink(moved_to, alice.root)
    with open(database(alice) + "-journal", "wb") as journal:
        journal.write(bytes(512))
    facts = os.stat(database(alice))
    os.chown(database(alice) + "-journal", facts.st_uid, facts.st_gid)
    alice.up()
    whole(alice)
    alice.reaches(bob, 30)


ALL = (settings, traffic, views, friends, stopped, killed, asked_to_end, nonsense, damaged, moved)
