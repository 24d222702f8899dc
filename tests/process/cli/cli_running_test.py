# SPDX-License-Identifier: Apache-2.0
"""The operator's tool against nodes that run: exit codes of status, every JSON, up in unusual places, and services
started with an environment that lies."""
import os, signal, subprocess, time

from contract import Call, DONE, DOWN, REFUSED, alone, bare, call, nodes


def whole(node):
    return node.json("status", check=False)["state"] == "ok"


def status_codes(lab):
    """status: 0 whole, 1 with one service hung, 2 with the router hung or the node dead"""
    alice = alone(lab)
    call(alice, "status").ends(DONE, "ok")
    for service in nodes.SERVICES:
        pid = alice.kill(service, signal.SIGSTOP)
        try:
            start = time.monotonic()
            seen = call(alice, "status", "--json").ends(DOWN if service == "router" else REFUSED).json("status")
            took = time.monotonic() - start
        finally:
            os.kill(pid, signal.SIGCONT)
        states = {one["name"]: one["state"] for one in seen["services"]}
        assert states[service] == "down", states
        assert seen["state"] == ("down" if service == "router" else "degraded"), seen
        assert took < 1.8, "status took %.1f s with a hung %s" % (took, service)
        assert "does not answer" in [one["note"] for one in seen["services"] if one["name"] == service][0], seen
        nodes.wait_for("the node to be whole after the %s woke" % service, 10, lambda: whole(alice))
    pids = alice.pids().values()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        call(alice, "status").ends(DOWN, "does not answer")
        took = time.monotonic() - start
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert took < 1.8, "status took %.1f s with all services hung" % took
    alice.down()
    call(alice, "status").ends(DOWN, "down")
    assert call(alice, "status", "--json").ends(DOWN).json("status")["state"] == "down"


def every_json(lab):
    """each verb's JSON is one object with its schema, with friends and without"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    call(alice, "id", "--json").ends(DONE).json("id")
    call(alice, "card", "--json").ends(DONE).json("card")
    call(alice, "config", "check", "--json").ends(DONE).json("config-check")
    call(alice, "config", "show", "--json").ends(DONE).json("config-show")
    assert len(call(alice, "friend", "list", "--json").ends(DONE).json("friend-list")["friends"]) == 1
    call(alice, "friend", "show", "bob", "--json").ends(DONE).json("friend-show")
    status = call(alice, "status", "--json").ends(DONE).json("status")
    assert [one["name"] for one in status["services"]] == ["keystore", "peerdb", "shaper", "router", "tun-helper"]
    for service in nodes.SERVICES:
        seen = call(alice, "inspect", service, "--json").ends(DONE).json("inspect")
        assert seen["service"] == service and seen["jail"]["verdict"].startswith("closed"), seen
        assert call(alice, "inspect", service).ends(DONE, "closed").out.startswith(service)
    for peer in ("bob", bob.address):
        ping = call(alice, "ping", peer, "--count", "2", "--json").ends(DONE).json("ping")
        assert ping["sent"] == 2 == ping["received"] and len(ping["rtt_ms"]) == 2, ping
        assert ping["address"] == bob.address and ping["hops"] == [], ping
        circuits = call(alice, "circuits", peer, "--json").ends(DONE).json("circuits")
        assert circuits["peer"] == "bob" and circuits["relayed"] == [] and circuits["left"] == 0, circuits
        why = call(alice, "why", peer, "--json").ends(DONE).json("why")
        assert why["ok"] and all(one["ok"] for one in why["findings"]), why
    call(alice, "friend", "set", "bob", "--trust", "known", "--json").ends(DONE).json("friend-changed")
    call(alice, "friend", "remove", "bob", "--json").ends(DONE).json("friend-removed")


def strange_peers(lab):
    """ping and why of someone unknown: refused with a next step, whatever the name"""
    alice = alone(lab)
    for peer in ("dave", "fd00::1", "::", "2001:db8::1", "x" * 5000, "quote\"\\", "esc\x1b[2J", "Grüße", "-", " ",
                 "dave.bob", "a.b.c", ".", "dave.", ".bob"):
        words = ["--root", alice.root, "--", peer]
        ping = Call(alice.host, ["ping", "--count", "1", *words]).ends(REFUSED)
        assert "\x1b" not in ping.out + ping.err, str(ping)
        assert Call(alice.host, ["ping", "--json", "--count", "1", *words]).ends(REFUSED).json("ping")["received"] == 0
        why = Call(alice.host, ["why", *words]).ends(REFUSED)
        assert "\x1b" not in why.out + why.err and "next:" in why.out + why.err, str(why)
        for verb in (["path"], ["circuits"], ["circuit", "new"]):
            refused = Call(alice.host, [*verb, *words])
            if peer == "fd00::1":  # an address may be anybody's
                continue
            refused.refuses(REFUSED, "next:")
            assert "\x1b" not in refused.err, str(refused)
            Call(alice.host, [*verb, "--json", *words]).ends(REFUSED).json("error")
        assert Call(alice.host, ["why", "--json", *words]).ends(REFUSED).json("why")["ok"] is False
    raw = subprocess.run(alice.host.command([nodes.covfefe(), "why", "--root", alice.root, "--json", b"\xff\xfe"]),
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20)
    raw.stdout.decode("utf-8")  # raises where JSON is no UTF-8
    assert whole(alice)


def up_twice(lab):
    """a second up on the same root is refused and the first does not notice"""
    alice = alone(lab)
    pids = alice.pids()
    call(alice, "up").refuses(REFUSED, "is running already", "covfefe status --root " + alice.root)
    call(alice, "up", "--json").ends(REFUSED).json("error")
    assert alice.pids() == pids and whole(alice)
    call(alice, "init").refuses(REFUSED, "exists")


def port_taken(lab):
    """up with its port taken names the port and where to choose another; nothing is left behind"""
    alice = bare(lab)
    holder = alice.host.start(["python3", "-c", "import socket, time\n"
                               "s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(('::', 6364))\n"
                               "print('bound', flush=True)\ntime.sleep(60)"],
                              stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline().strip() == "bound"
    call(alice, "up").refuses(REFUSED, "6364", "listen: in covfefenet.yaml")
    assert not [name for name in os.listdir(alice.root + "/run/covfefe") if name.endswith(".sock")]
    holder.kill()
    holder.wait(5)
    alice.up()


def ends_clean(lab):
    """SIGTERM ends up with 0 and takes processes, sockets and device along; a new up finds nothing in its way"""
    alice = alone(lab)
    pids = list(alice.pids().values())
    alice.process.terminate()
    assert alice.process.wait(15) == 0
    assert not [pid for pid in pids if os.path.exists("/proc/%d" % pid)]
    assert not [name for name in os.listdir(alice.root + "/run/covfefe") if name.endswith(".sock")]
    assert "cov-alice" not in alice.host.run(["ip", "link"])
    alice.up()
    nodes.wait_for("the node to be whole again", 20, lambda: whole(alice))


def closed_parent(lab):
    """a node below a directory that only root may enter works, and the directory stays closed"""
    host = lab.host("alice")
    closed = os.path.join(lab.directory, "closed")
    os.mkdir(closed, 0o700)
    alice = nodes.Node(lab, host, "alice")
    lab.nodes.append(alice)
    alice.root = os.path.join(closed, "deep", "alice")
    os.mkdir(os.path.dirname(alice.root), 0o700)
    alice.init()
    alice.up()
    nodes.wait_for("the node to be whole", 20, lambda: whole(alice))
    for service in nodes.SERVICES:
        call(alice, "inspect", service).ends(DONE, "closed")
    assert os.stat(closed).st_mode & 0o777 == 0o700
    alice.kill("keystore")
    nodes.wait_for("the keystore to be back", 20, lambda: whole(alice))


def lying_environment(lab):
    """a service whose inherited sockets are missing, misnamed or closed says so in one line and ends with 1"""
    alice = bare(lab)
    names = {"keystore": "keystore.operator", "peerdb": "peerdb.operator", "shaper": "shaper.operator",
             "router": "router.operator", "tun-helper": "tun-helper.operator"}
    for service, wanted in names.items():
        binary = os.path.join(nodes.BUILD, "cmd", service, "covfefe-" + service)
        if not os.path.exists(binary):
            binary = os.path.join(os.path.dirname(nodes.covfefe()), "covfefe-" + service)
        for what, variables, words in (
                ("none", {}, "inherited socket"),
                ("not a number", {"LISTEN_FDS": "three", "LISTEN_FDNAMES": wanted}, "LISTEN_FDS"),
                ("negative", {"LISTEN_FDS": "-1", "LISTEN_FDNAMES": wanted}, "LISTEN_FDS"),
                ("huge", {"LISTEN_FDS": "99999999999999999999", "LISTEN_FDNAMES": wanted}, "LISTEN_FDS"),
                ("too few names", {"LISTEN_FDS": "2", "LISTEN_FDNAMES": wanted}, "LISTEN_FDS"),
                ("no names", {"LISTEN_FDS": "1"}, ""),
                ("not open", {"LISTEN_FDS": "1", "LISTEN_FDNAMES": wanted}, ""),
                ("another's", {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "x", "LISTEN_PID": "1"}, "inherited socket")):
            shell = 'exec 3>&-; export LISTEN_PID="${LISTEN_PID:-$$}"; exec "$0" --root "$1" --jail-unknown=kill'
            done = subprocess.run(alice.host.command(["sh", "-c", shell, binary, alice.root]), timeout=20, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env=dict(PATH=os.environ["PATH"], **variables))
            text = done.stdout.strip()
            assert done.returncode == 1, "%s with %s ended with %d: %s" % (service, what, done.returncode, text)
            assert service in text and words in text and len(text.splitlines()) == 1, (service, what, text)


def stale_environment(lab):
    """up inside a service manager's environment gives its services their own sockets all the same"""
    alice = bare(lab)
    alice.process = alice.host.start(
        [nodes.covfefe(), "up", "--root", alice.root, "--jail-unknown", "kill"], stdout=open(alice.log, "ab"),
        stderr=subprocess.STDOUT, env=dict(os.environ, LISTEN_FDS="7", LISTEN_PID="1", LISTEN_FDNAMES="a:b",
                                           NOTIFY_SOCKET="/nowhere", CREDENTIALS_DIRECTORY="/nowhere",
                                           LD_PRELOAD="", TZ="Mars/Olympus"))
    alice.wait_ready()
    nodes.wait_for("the node to be whole", 20, lambda: whole(alice))
    given = {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "TZ"}
    for service, pid in alice.pids().items():
        seen = {line.split("=")[0] for line in open("/proc/%d/environ" % pid).read().split("\0") if line}
        assert seen == given | ({"CREDENTIALS_DIRECTORY"} if service == "keystore" else set()), (service, seen)


def silent_services(lab):
    """a service that stands still is ended and started again, alone; one whose launcher stood still is not"""
    alice = bare(lab)
    alice.up(words=("--watchdog", "2"))
    nodes.wait_for("the node to be whole", 20, lambda: whole(alice))
    before = alice.pids()
    time.sleep(4.5)
    assert alice.pids() == before, "the watchdog ended a service that was well: %s" % alice.tail()
    for service in nodes.SERVICES:
        before = alice.pids()
        start = time.monotonic()
        os.kill(before[service], signal.SIGSTOP)
        nodes.wait_for("another %s" % service, 8, lambda: not os.path.exists("/proc/%d" % before[service]))
        took = time.monotonic() - start
        nodes.wait_for("the node to be whole after its %s stood still" % service, 10, lambda: whole(alice))
        after = alice.pids()
        assert [name for name in before if before[name] != after[name]] == [service], (service, before, after)
        assert took < 3.5, "%s stood still for %.1f s" % (service, took)
    before = alice.pids()
    alice.process.send_signal(signal.SIGSTOP)
    time.sleep(4)
    alice.process.send_signal(signal.SIGCONT)
    time.sleep(1)
    assert alice.pids() == before, "a launcher that stood still blames its services: %s" % alice.tail()


if __name__ == "__main__":
    nodes.main(status_codes, every_json, strange_peers, up_twice, port_taken, ends_clean, closed_parent,
               lying_environment, stale_environment, silent_services)
