# SPDX-License-Identifier: Apache-2.0
"""The units under the real systemd: a node is enabled, becomes friends, and no unit's end, restart or stand-still
is felt by another. tests/support/systemd.py makes the machines."""
import ctypes, json, os, re, signal, socket, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import nodes
import systemd
from systemd import unit
from transfer import Transfer

PIDFD_OPEN, PIDFD_GETFD = 434, 438
IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, IPV6_RECVPKTINFO = 23, 3, 49
IP_MTU_DISCOVER, IP_PKTINFO = 10, 8


def device(node):
    """Number, address and state of the node's interface: what applications would notice."""
    link = json.loads(node.host.run(["ip", "-j", "addr", "show", "dev", "cov-" + node.name]))[0]
    return link["ifindex"], sorted(a["local"] for a in link["addr_info"])


def before_init(lab):
    """enabled without a node, the units are quiet: nothing listens, nothing starts"""
    host = lab.host("alice")
    host.install()
    host.systemctl("enable", "--now", "covfefe.target")
    time.sleep(0.5)
    for name in [unit(s) for s in nodes.SERVICES] + [unit("wire.control", "socket"), unit("router.tun", "socket")]:
        state, restarts = host.show(name, "ActiveState", "NRestarts")
        assert state == "inactive" and restarts in ("0", ""), (name, state, restarts)


def locked_by_passphrase(lab):
    """without a credential the keystore starts once, status and doctor say what it waits for, and unlock opens it"""
    host = lab.host("alice")
    host.run(["sh", "-c", "echo correct horse battery > /tmp/secret"])
    node = lab.node(host, "--passphrase-file", "/tmp/secret")
    assert not os.path.exists("/proc/%d/root/etc/covfefe/credentials/keystore.key" % host.pid1)
    node.up()
    time.sleep(1)
    state, restarts = host.show(unit("keystore"), "ActiveState", "NRestarts")
    assert state == "active" and restarts == "0", (state, restarts, host.journal("keystore", 20))
    services = {one["name"]: one for one in node.json("status", check=False)["services"]}
    assert "locked: open the key file with `covfefe unlock`" == services["keystore"]["note"], services
    found = [one for one in json.loads(node.try_cli("doctor", "--json")[1])["findings"] if one["area"] == "keystore"]
    assert [one["fix"] for one in found] == ["covfefe unlock"], found
    node.cli("unlock", "--passphrase-file", "/tmp/secret")
    nodes.wait_for("alice to be whole", 10, lambda: node.json("status", check=False)["state"] == "ok")


def inherited(node, name):
    """systemd's own descriptor of a wire socket, as a socket of ours."""
    libc = ctypes.CDLL(None, use_errno=True)
    text = node.host.run(["ss", "-Hulnp", "sport", "=", ":%d" % {"wire.control": 6363, "wire.data0": 6364}[name]])
    number = int(re.search(r'"systemd",pid=1,fd=(\d+)', text).group(1))
    pidfd = libc.syscall(PIDFD_OPEN, node.host.pid1, 0)
    fd = libc.syscall(PIDFD_GETFD, pidfd, number, 0)
    assert pidfd >= 0 and fd >= 0, os.strerror(ctypes.get_errno())
    os.close(pidfd)
    return socket.socket(fileno=fd)


def wire_options(alice):
    """What `covfefe up` sets on the wire sockets holds for systemd's as well."""
    for name in ("wire.control", "wire.data0"):
        with inherited(alice, name) as wire:
            v6, v4, every = socket.IPPROTO_IPV6, socket.IPPROTO_IP, socket.SOL_SOCKET
            assert wire.family == socket.AF_INET6 and wire.getsockopt(v6, socket.IPV6_V6ONLY) == 0
            assert wire.getsockopt(v6, IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_PROBE, name
            assert wire.getsockopt(v4, IP_MTU_DISCOVER) == IPV6_PMTUDISC_PROBE, name
            assert wire.getsockopt(v6, IPV6_RECVPKTINFO) == 1 and wire.getsockopt(v4, IP_PKTINFO) == 1, name
            for kind in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                assert wire.getsockopt(every, kind) == 2 * (4 << 20), (name, wire.getsockopt(every, kind))


def received(node):
    return node.json("inspect", "router")["counters"]["udp.datagrams"]


def say(host, to, count=100):
    """Bare datagrams to the control port."""
    code = ("import socket,sys\ns=socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET,"
            "socket.SOCK_DGRAM)\n[s.sendto(b'x', (sys.argv[1], 6363)) for _ in range(int(sys.argv[2]))]")
    host.run([sys.executable, "-c", code, to, str(count)])


def addresses_denied(alice, bob):
    """IPAddressDeny= of the socket units acts on the sockets that the router inherited."""
    def more(host, to):
        before = received(alice)
        say(host, to)
        time.sleep(0.3)
        return received(alice) - before
    # Friends say something now and then, never so much in so short a time.
    assert more(bob.host, "10.99.0.1") >= 100
    for local in ("127.0.0.1", "::1"):
        assert more(alice.host, local) < 100, "datagrams to %s reach the router" % local


def walls(alice):
    """Each process sees no more of the system than its unit says."""
    own = os.readlink("/proc/%d/ns/net" % alice.host.pid1)
    for service, pid in alice.pids().items():
        run = sorted(os.path.relpath(os.path.join(folder, name), "/proc/%d/root/run" % pid)
                     for folder, _, names in os.walk("/proc/%d/root/run" % pid) for name in names)
        edges = {"router": [], "shaper": ["router.shaper", "router.shaper-fd"], "tun-helper": ["router.tun"]}
        wanted = ["covfefe/%s.sock" % edge for edge in edges.get(service, ["router." + service])]
        wanted += ["credentials/covfefe-keystore.service/keystore.key"] if service == "keystore" else []
        assert run == sorted(wanted + ["systemd/notify"]), (service, run)
        assert (os.readlink("/proc/%d/ns/net" % pid) == own) == (service == "tun-helper"), service
        state = "/proc/%d/root/var/lib/covfefe" % pid
        there = sorted(os.listdir(state)) if os.path.isdir(state) else []
        assert there == ([service] if service in ("keystore", "peerdb") else []), (service, there)
        shell = subprocess.run(["nsenter", "-t", str(pid), "-m", "--", "/bin/sh", "-c", "true"], capture_output=True)
        assert shell.returncode != 0 and b"No such file" in shell.stderr, (service, shell)
        rooms(service, "/proc/%d/root" % pid)
        with open("/proc/%d/mountinfo" % pid) as mounts:
            open_ = {line.split()[4] for line in mounts if {"rw", "noexec"} & set(line.split()[5].split(",")) == {"rw"}}
        assert open_ <= {"/dev/pts", "/dev/net/tun"}, "%s may write and execute in %s" % (service, open_)
        # Not dumpable: root's.
        assert os.stat("/proc/%d/maps" % pid).st_uid == 0, service
        with open("/proc/%d/coredump_filter" % pid) as what:
            assert int(what.read(), 16) == 0, service
        threads = alice.host.show(unit(service), "LimitNPROC")
        assert service == "tun-helper" or str(len(os.listdir("/proc/%d/task" % pid))) == threads, (service, threads)


def rooms(service, root):
    """The root holds what the unit names and places for it; nothing can be written there, and of /sys and /proc little is seen."""
    state = service in ("keystore", "peerdb")
    own = {"router": ["identity.yaml"], "tun-helper": ["identity.yaml"], "shaper": []}.get(service, ["fstab"])
    files = [name for _, _, names in os.walk(root + "/etc") for name in names]
    assert sorted(files) == sorted(["covfefenet.yaml", "passwd"] + own), (service, files)
    programs = [name for _, _, names in os.walk(root + "/usr") for name in names]
    assert programs == ["covfefe-" + service], (service, programs)
    assert os.listdir(root + "/home") == os.listdir(root + "/root") == [], service
    assert bool(os.listdir(root + "/sys")) == state, service
    assert not os.path.exists(root + "/proc/sys") and not os.path.exists(root + "/proc/kcore"), service
    table = [line.split() for line in open(root.removesuffix("root") + "mountinfo")]
    writable = {words[4] for words in table if words[5].startswith("rw")}
    known = {"/dev/pts", "/dev/shm", "/dev/mqueue", "/proc", "/tmp", "/var/tmp", "/run/user", "/var/lib/covfefe/" + service}
    assert writable <= known | {"/dev/net/tun"}, (service, writable - known)


class Pinging:
    """Echoes at 50 a second while something is done."""

    def __init__(self, node, other):
        self.command = node.host.beside(["ping", "-6", "-n", "-q", "-i", "0.02", other.address])

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        time.sleep(0.2)
        return self

    def __exit__(self, *_):
        time.sleep(0.3)
        # ping counts what is still under way as lost: it ends by the signal that asks for its summary.
        self.process.send_signal(signal.SIGINT)
        sent, got = map(int, re.search(r"(\d+) packets transmitted, (\d+) received",
                                       self.process.communicate(timeout=10)[0]).groups())
        self.lost = max(sent - got - 1, 0)


def one_at_a_time(alice, bob):
    """kill -9 and restart of each unit: the others stay, the interface stays, friends stay reachable"""
    for service in nodes.SERVICES:
        for what in ("kill", "restart"):
            before, seen = alice.pids(), device(alice)
            with Pinging(bob, alice) as pinging:
                start = time.monotonic()
                if what == "kill":
                    alice.kill(service)
                else:
                    alice.host.systemctl("restart", unit(service))
                nodes.wait_for("another " + service, 10, lambda: alice.pid(service) not in (0, before[service]), 0.005)
                nodes.wait_for("%s to be active" % service, 10, lambda: alice.states()[service] == "active")
                took = time.monotonic() - start
                bob.reaches(alice, 10)
            after = alice.pids()
            assert [s for s in before if before[s] != after[s]] == [service], (what, service, before, after)
            assert device(alice) == seen, (what, service, seen, device(alice))
            print("  %-7s %-10s active again after %.2f s, %d echoes lost" % (what, service, took, pinging.lost), flush=True)
            # What ping has under way when it ends counts as lost, and another machine may be emulated beside this test.
            most = 100 if service in ("router", "shaper") else 12
            assert pinging.lost <= most, "%d echoes lost around the %s of %s" % (pinging.lost, what, service)


def reload_and_reexec(alice, bob):
    """systemctl reload applies the file; daemon-reexec is not felt by traffic"""
    before = alice.pids()
    for node in (alice, bob):
        # A learned uplink goes to its slowest while the only friend is away: not what is tested here.
        node.host.run(["sed", "-i", "s/^  up: auto/  up: 10 Mbit\\/s/;s/^  learn: yes/  learn: no/", "/etc/covfefenet.yaml"])
        node.host.systemctl("reload", unit("router"))
        assert node.json("shaper")["capacity"]["rate"] == 1250000
    transfer = Transfer(alice, bob, 1 << 20, 4e5).start()
    with Pinging(bob, alice) as pinging:
        for _ in range(3):
            alice.host.systemctl("daemon-reexec")
            time.sleep(0.2)
    result = transfer.finish()
    assert pinging.lost <= 12 and result["worst_gap"] < 1, (pinging.lost, result)
    assert alice.pids() == before
    alice.kill("router")
    bob.reaches(alice, 10)


def edge_made_anew(alice):
    """a socket that is made anew is found by the service that connects to it, without its restart"""
    before = alice.pids()
    alice.host.systemctl("stop", unit("router.keystore", "socket"))
    alice.host.systemctl("restart", unit("router"))
    nodes.wait_for("alice to be whole", 10, lambda: alice.json("status", check=False)["state"] == "ok")
    after = alice.pids()
    assert [s for s in before if before[s] != after[s]] == ["router"], (before, after)


def refused_slowly(alice):
    """a service that refuses to start says why, costs little, and comes back by itself once that is mended"""
    before, restarts = alice.pids(), int(alice.host.show(unit("router"), "NRestarts"))
    alice.host.run(["cp", "/etc/covfefenet.yaml", "/etc/covfefenet.good"])
    alice.host.run(["sed", "-i", "1i nonsense: 1", "/etc/covfefenet.yaml"])
    alice.kill("router")
    time.sleep(3)
    restarts = int(alice.host.show(unit("router"), "NRestarts")) - restarts
    assert 1 <= restarts <= 4, "%d restarts in 3 s" % restarts
    assert "nonsense" in alice.host.journal("router", 20)
    alice.host.run(["mv", "/etc/covfefenet.good", "/etc/covfefenet.yaml"])
    nodes.wait_for("alice to be whole", 10, lambda: alice.json("status", check=False)["state"] == "ok")
    after = alice.pids()
    assert [s for s in before if before[s] != after[s]] == ["router"], (before, after)


def ending_said(alice):
    """status and doctor say of a service that its jail ends at every start how it ended; one that is mended is well"""
    alice.host.drop_in(unit("keystore"), "[Service]\nSystemCallFilter=~prctl\nSystemCallErrorNumber=kill\n", "narrow")
    alice.kill("keystore")
    def notes():
        return {one["name"]: one["note"] for one in alice.json("status", check=False)["services"]}
    words = "before, it broke its jail: a system call that its policy lacks (signal 31, SIGSYS)"
    nodes.wait_for("status to say how it ended", 10, lambda: words in notes()["keystore"])
    nodes.wait_for("doctor to say it", 10, lambda: "does not run; " + words in alice.try_cli("doctor", "--json")[1])
    assert not any("before" in note for name, note in notes().items() if name != "keystore"), notes()
    alice.host.run(["rm", "/etc/systemd/system/%s.d/narrow.conf" % unit("keystore")])
    alice.host.systemctl("daemon-reload")
    nodes.wait_for("alice to be whole", 10, lambda: alice.json("status", check=False)["state"] == "ok")


def what_is_missing(alice):
    """a directory or file that is gone is said to be missing, though its place in the root was made before"""
    gone = {"keystore": "/var/lib/covfefe/keystore", "router": "/etc/covfefe/identity.yaml"}
    for service, path in gone.items():
        alice.host.run(["mv", path, path + ".away"])
        try:
            alice.kill(service)
            nodes.wait_for("%s to miss %s" % (service, path), 10, lambda: path + ": No such file" in alice.host.journal(service, 10))
        finally:
            alice.host.run(["mv", path + ".away", path])
    nodes.wait_for("alice to be whole", 10, lambda: alice.json("status", check=False)["state"] == "ok")


def stopped_and_started(alice, bob):
    """stop leaves no process, socket or interface; start brings the friends back; so does a reboot"""
    alice.down()
    # systemctl returns when the target has stopped; its parts stop after it.
    left = lambda: [what for what, there in (
        ("services", set(alice.states().values()) != {"inactive"}),
        ("the interface", "cov-alice" in alice.host.run(["ip", "link"])),
        ("socket files", ".sock" in alice.host.run(["ls", "-R", "/run/covfefe"])),
        ("wire sockets", "6363" in alice.host.run(["ss", "-uln"]))) if there]
    try:
        nodes.wait_for("everything to be gone", 5, lambda: not left())
    except TimeoutError:
        raise AssertionError("stopped, and there are still " + ", ".join(left()))
    alice.host.systemctl("start", "covfefe.target")
    print("  stopped and started: reached after %.1f s" % bob.reaches(alice, 30), flush=True)
    alice.kill_whole()
    alice.host.boot()
    alice.wait_ready()
    print("  rebooted: reached after %.1f s" % bob.reaches(alice, 30), flush=True)


def units(lab):
    """enabled, befriended, confined; killed and restarted one by one; reloaded, reexecuted, stopped, rebooted"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    bob.reaches(alice)
    assert alice.json("status")["state"] == "ok"
    for check, arguments in ((wire_options, [alice]), (addresses_denied, [alice, bob]), (walls, [alice]),
                             (one_at_a_time, [alice, bob]), (reload_and_reexec, [alice, bob]), (edge_made_anew, [alice]),
                             (refused_slowly, [alice]), (what_is_missing, [alice]),
                             (ending_said, [alice]),
                             (stopped_and_started, [alice, bob])):
        start = time.monotonic()
        check(*arguments)
        print("  %-20s %.1f s" % (check.__name__, time.monotonic() - start), flush=True)


def watchdog(lab):
    """a unit that stands still is killed and restarted by systemd, alone; those that are well are left alone"""
    node = lab.node(lab.host("alice"))
    for service in nodes.SERVICES:
        node.host.drop_in(unit(service), "[Service]\nWatchdogSec=2s\n", "watchdog", reload_now=False)
    node.host.systemctl("daemon-reload")
    node.up()
    before = node.pids()
    time.sleep(4.5)
    assert node.pids() == before, "the watchdog ended a unit that was well:\n" + node.tail()
    stopped = ("keystore", "router", "tun-helper")
    start = time.monotonic()
    for service in stopped:
        os.kill(before[service], signal.SIGSTOP)
    nodes.wait_for("the units to be restarted", 10, lambda: all(node.pid(s) not in (0, before[s]) for s in stopped))
    took = time.monotonic() - start
    nodes.wait_for("the node to be whole", 10, lambda: node.json("status", check=False)["state"] == "ok")
    print("  stood still, restarted after %.1f s" % took)
    after = node.pids()
    assert sorted(s for s in before if before[s] != after[s]) == sorted(stopped), (before, after)
    assert took < 4, took
    assert "watchdog" in node.host.journal("router").lower()


if __name__ == "__main__":
    systemd.main(before_init, locked_by_passphrase, units, watchdog)
