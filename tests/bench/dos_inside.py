# SPDX-License-Identifier: Apache-2.0
"""The rows of tests/bench/dos on those who are let in: a hostile friend, and callers of the services that never read."""
import contextlib, json, os, socket, subprocess, time

import nodes
from dos_scene import Change, static_key, tool

MESSAGES = 20_000  # of the hostile friend, a second
CALLERS = 1_000


def pings(scene, count):
    """Round trips in milliseconds from alice to bob, over the overlay."""
    text = scene.alice.host.run(["ping", "-6", "-n", "-i", "0.01", "-c", str(count), "-W", "1", scene.bob.address], check=False)
    return [float(line.split("time=")[1].split()[0]) for line in text.splitlines() if "time=" in line]


def p99(values):
    return sorted(values)[int(0.99 * (len(values) - 1))] if values else 9999


def hostile_friend(report, scene, count):
    card = os.path.join(scene.lab.directory, "mallory.card")
    with open(card, "w") as file:
        file.write(nodes.run([tool("hostile_friend"), "card", "mallory", scene.mallory_ip + ":6363"]))
    process = scene.mallory.start([tool("hostile_friend"), "run", static_key(scene.bob), scene.target, str(count), str(MESSAGES), "170"],
                                  stdout=subprocess.PIPE, text=True)
    scene.bob.cli("friend", "add", card, "--name", "mallory", "--trust", "known")
    if process.stdout.readline().strip() != "linked":
        raise RuntimeError("the hostile friend got no link")
    # The link is there; from here on it sends. What was before comes from another look at the same path.
    before = scene.seen()
    busy = pings(scene, 1000)
    errors = icmp_messages(scene)
    last = json.loads(process.communicate(timeout=180)[0])
    change = Change(before, scene.seen())
    closed_port(report, scene, errors)
    calm = pings(scene, 1000)
    name = "hostile friend"
    report.add("%s: control messages sent, without regard to the window" % name, last["sent"] / 1e6, "million", at_least=count / 1e6)
    report.add("%s: in" % name, last["seconds"], "s", at_most=60 * count / 1e6)
    report.add("%s: control messages taken" % name, last["acknowledged"] / 1e6, "million", at_least=count / 1e6)
    report.add("%s: beyond the window, sent besides" % name, last["far"], "")
    report.add("%s: refused" % name, change.router["link.malformed"], "", at_least=0.9 * last["far"])
    report.add("%s: another friend's p99" % name, p99(busy), "ms", p99(calm), at_most=2, of="ratio")
    for service in ("router", "peerdb", "shaper", "keystore"):
        report.add("%s: %s's memory grew" % (name, service), max(0, change.rss[service]), "MiB", at_most=4)
        report.add("%s: %s" % (name, service), change.cpu.get(service, 999), "% of a core")
    report.add("%s: services restarted" % name, 0 if change.same else 1, "", at_most=0)
    report.add("%s: lines logged" % name, change.lines, "/s", at_most=10)
    scene.bob.cli("friend", "remove", "mallory")


def icmp_messages(scene):
    """That bob's kernel received so far."""
    names, values = [line.split() for line in scene.bob.host.run(["cat", "/proc/net/snmp"]).splitlines() if line.startswith("Icmp:")]
    return int(values[names.index("InMsgs")])


def closed_port(report, scene, were):
    """The friend's port is closed now: what goes there comes back as an ICMP error. A call of bob's goes there every
    few seconds at least."""
    pids = scene.bob.pids()
    try:
        nodes.wait_for("ICMP errors", 20, lambda: icmp_messages(scene) >= were + 2, pause=0.2)
    except TimeoutError:
        pass  # the row says so
    report.add("ICMP errors for what was sent", icmp_messages(scene) - were, "", at_least=1)
    report.add("ICMP errors: services restarted", 0 if scene.bob.pids() == pids else 1, "", at_most=0)


@contextlib.contextmanager
def callers(path, count):
    """Connections that send a few bytes and never read."""
    made = []
    try:
        for _ in range(count):
            one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            one.settimeout(0.2)
            made.append(one)
            try:
                one.connect(path)
                one.send(b"\0\0\0\0")
            except OSError:
                pass
        yield
    finally:
        for one in made:
            one.close()


def slow_callers(report, scene):
    for service in ("router", "keystore", "peerdb", "shaper"):
        before = scene.seen()
        path = os.path.join(scene.bob.root, "run/covfefe", service + ".operator.sock")
        with callers(path, CALLERS):
            times = pings(scene, 200)
            start = time.monotonic()
            code, _ = scene.bob.try_cli("status")
            took = time.monotonic() - start
        change = Change(before, scene.seen())
        name = "%d silent callers of %s" % (CALLERS, service)
        report.add("%s: its memory grew" % name, max(0, change.rss[service]), "MiB", at_most=16)
        report.add("%s: friend's p99" % name, p99(times), "ms")
        report.add("%s: status beside them (exit %d)" % (name, code), took, "s", at_most=5)
        report.add("%s: services restarted" % name, 0 if change.same else 1, "", at_most=0)
