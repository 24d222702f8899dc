# SPDX-License-Identifier: Apache-2.0
"""Nodes in network namespaces, for tests, benches and cmd/quickstart.

Every namespace, process, directory and device is made here and removed here, even after a failure
or a signal: use `with Lab() as lab`. Processes are ended by the pid that this program started.
"""
import json, os, shutil, signal, subprocess, sys, tempfile, time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("COVFEFE_BUILD", os.path.join(TOP, "build"))
SERVICES = ("tun-helper", "keystore", "peerdb", "shaper", "router")


def covfefe():
    return os.path.join(BUILD, "cmd", "covfefe", "covfefe")


def run(command, check=True, timeout=60, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout, **more)
    if check and done.returncode != 0:
        raise RuntimeError("%s\n  ended with %d:\n%s" % (" ".join(command), done.returncode, done.stdout))
    return done.stdout


def wait_for(what, seconds, probe, pause=0.02):
    """Polls until probe() is true; returns its value, raises TimeoutError naming `what`."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError("waited %.1f s for %s" % (seconds, what))
        time.sleep(pause)


class Host:
    """One network namespace."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.ns = "cov%d-%s" % (os.getpid(), name)
        run(["ip", "netns", "add", self.ns])
        run(["ip", "-n", self.ns, "link", "set", "lo", "up"])

    def command(self, words):
        return ["ip", "netns", "exec", self.ns] + words

    def run(self, words, **more):
        return run(self.command(words), **more)

    def start(self, words, **more):
        process = subprocess.Popen(self.command(words), stdin=subprocess.DEVNULL, **more)
        self.lab.processes.append(process)
        return process


class Node:
    """One CovfefeNet node: `covfefe up` and its five services on a host."""

    def __init__(self, lab, host, name):
        self.lab, self.host, self.name = lab, host, name
        self.root = os.path.join(lab.directory, name)
        self.process = None
        self.log = os.path.join(lab.directory, name + ".log")
        self.log_begins = 0  # of what the running process wrote

    def cli(self, *words, **more):
        return self.host.run([covfefe(), *words, "--root", self.root], **more)

    def json(self, *words, **more):
        """A refusal is said in words, too, before its JSON."""
        text = self.host.run([covfefe(), *words, "--root", self.root, "--json"], **more)
        return json.loads(text[max(0, text.find("{")):])

    def try_cli(self, *words, timeout=60):
        """(exit code, output) without raising."""
        done = subprocess.run(self.host.command([covfefe(), *words, "--root", self.root]),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
        return done.returncode, done.stdout

    def init(self, *more):
        self.cli("init", "--name", self.name, "--tun", "cov-" + self.name[:8], *more)
        self.address = self.json("id")["address"]

    def up(self, wait=True, words=()):
        self.process = self.host.start(
            [covfefe(), "up", "--root", self.root, "--jail-unknown", self.lab.jail_unknown, *words],
            stdout=self.open_log(), stderr=subprocess.STDOUT)
        if wait:
            self.wait_ready()

    def open_log(self):
        """For a process that is about to start: what earlier ones wrote is no word of its own."""
        out = open(self.log, "ab")
        self.log_begins = out.tell()
        return out

    def wait_ready(self, seconds=20):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError("%s ended:\n%s" % (self.name, self.tail()))
            with open(self.log, "rb") as log:
                log.seek(self.log_begins)
                return b"is up," in log.read()
        wait_for("%s to be up\n%s" % (self.name, self.tail()), seconds, ready)

    def tail(self, lines=60):
        try:
            with open(self.log, errors="replace") as log:
                return "".join(log.readlines()[-lines:])
        except OSError:
            return ""

    def down(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(15)
        self.process = None

    def pid(self, service):
        for one in self.json("status", check=False)["services"]:
            if one["name"] == service and one["pid"]:
                return one["pid"]
        raise RuntimeError("%s of %s has no pid" % (service, self.name))

    def pids(self):
        return {one["name"]: one["pid"] for one in self.json("status", check=False)["services"]}

    def kill(self, service, sign=signal.SIGKILL):
        pid = self.pid(service)
        if pid <= 1:
            raise RuntimeError("refusing pid %d" % pid)
        os.kill(pid, sign)
        return pid

    def kill_whole(self):
        """The machine fails: the launcher is killed -9, and its services end with it."""
        pids = [pid for pid in self.pids().values() if pid]
        self.process.kill()
        self.process.wait(5)
        wait_for("%s to be dead" % self.name, 5, lambda: not any(os.path.exists("/proc/%d" % pid) for pid in pids))

    def card(self, *endpoint):
        path = os.path.join(self.lab.directory, self.name + ".card")
        with open(path, "w") as card:
            card.write(self.cli("card", *endpoint))
        return path

    def befriend(self, other, *more, trust="met", at=None):
        """at: HOST:PORT where this node reaches the other, if the card is not to say all addresses."""
        card = other.card(*(["--endpoint", at] if at else []))
        self.cli("friend", "add", card, "--name", other.name, "--trust", trust, *more)

    def friend(self, other):
        for one in self.json("status", check=False)["friends"]:
            if one["name"] == other.name:
                return one
        return None

    def reaches(self, other, seconds=10):
        """Waits until one IP ping through the TUN is answered; returns the seconds it took."""
        start = time.monotonic()
        wait_for("%s to reach %s\n%s" % (self.name, other.name, self.tail(20)), seconds, lambda: subprocess.run(
            self.host.command(["ping", "-6", "-n", "-q", "-c", "1", "-W", "1", other.address]),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0)
        return time.monotonic() - start


class Lab:
    """What is made for one test and removed with it."""

    def __init__(self, jail_unknown="kill", keep=False):
        self.jail_unknown, self.keep = jail_unknown, keep
        self.hosts, self.nodes, self.processes = [], [], []
        self.directory = None

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ended)
        self.directory = tempfile.mkdtemp(prefix="covfefe-lab-")
        os.chmod(self.directory, 0o755)
        return self

    @staticmethod
    def _ended(number, _):
        raise SystemExit("ended by signal %d" % number)

    def __exit__(self, kind, value, trace):
        if kind is not None and kind is not SystemExit:
            for node in self.nodes:
                sys.stderr.write("---- last lines of %s\n%s\n" % (node.name, node.tail()))
        if not self.keep or kind is not None:
            self.clean()

    def clean(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        for host in self.hosts:
            self._end_strays(host)
            run(["ip", "netns", "del", host.ns], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    @staticmethod
    def _end_strays(host):
        """A service whose `up` was killed outlives it: it lives in a namespace of ours, so it is ours."""
        for word in run(["ip", "netns", "pids", host.ns], check=False).split():
            if word.isdigit() and int(word) > 1:
                try:
                    os.kill(int(word), signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def host(self, name):
        host = Host(self, name)
        self.hosts.append(host)
        return host

    def wire(self, one, other, number=0, mtu=1500):
        """A veth pair 10.99.N.0/24 between two hosts, named w<N><host>; returns the two addresses."""
        names = ["w%d%s" % (number, one.name[:6]), "w%d%s" % (number, other.name[:6])]
        run(["ip", "link", "add", names[0], "mtu", str(mtu), "netns", one.ns, "type", "veth",
             "peer", "name", names[1], "mtu", str(mtu), "netns", other.ns])
        addresses = []
        for last, (host, name) in enumerate(((one, names[0]), (other, names[1])), 1):
            address = "10.99.%d.%d" % (number, last)
            run(["ip", "-n", host.ns, "addr", "add", address + "/24", "dev", name])
            # No link-local address: nothing but the nodes' own datagrams and ARP is on the wire.
            run(["ip", "-n", host.ns, "link", "set", name, "addrgenmode", "none", "up"])
            addresses.append(address)
        return addresses

    def node(self, host, *init_words):
        node = Node(self, host, host.name)
        self.nodes.append(node)
        node.init(*init_words)
        return node

    def mesh(self, friendships, *init_words):
        """A node for each name in `friendships`, a list of pairs of names; every pair has a wire of its own and
        no other way, and becomes friends over it. Returns the nodes by name, up."""
        for name in dict.fromkeys(name for pair in friendships for name in pair):
            self.node(self.host(name), *init_words)
        by_name = {node.name: node for node in self.nodes}
        wires = [(by_name[one], by_name[other], self.wire(by_name[one].host, by_name[other].host, number))
                 for number, (one, other) in enumerate(friendships)]
        for node in self.nodes:
            node.up(wait=False)
        for node in self.nodes:
            node.wait_ready()
        for one, other, (near, far) in wires:
            one.befriend(other, at=far + ":6363")
            other.befriend(one, at=near + ":6363")
        for one, other, _ in wires:
            for node, friend in ((one, other), (other, one)):
                wait_for("%s and %s to be linked" % (node.name, friend.name), 20, lambda: (
                    lambda seen: seen and seen["state"] == "up")(node.friend(friend)), pause=0.1)
        return by_name

    def pair(self, mtu=1500, befriend=True):
        """alice and bob, up, friends of each other; returns both."""
        one, other = self.host("alice"), self.host("bob")
        self.wire(one, other, mtu=mtu)
        alice, bob = self.node(one), self.node(other)
        alice.up(wait=False)
        bob.up(wait=False)
        alice.wait_ready()
        bob.wait_ready()
        if befriend:
            alice.befriend(bob)
            bob.befriend(alice)
        return alice, bob


def need_root():
    """Meson counts exit code 77 as skipped."""
    if os.geteuid() != 0:
        print("skipped: needs root for network namespaces")
        sys.exit(77)
    if not os.path.exists("/dev/net/tun"):
        print("skipped: this machine has no /dev/net/tun")
        sys.exit(77)


def main(*tests, make_lab=Lab):
    """Runs each test function (or only those named on the command line) with a Lab of its own; the
    first failure ends the program."""
    need_root()
    for test in tests:
        if sys.argv[1:] and test.__name__ not in sys.argv[1:]:
            continue
        start = time.monotonic()
        with make_lab() as lab:
            test(lab)
        print("ok  %-60s %.1f s" % ((test.__doc__ or test.__name__).split("\n")[0], time.monotonic() - start), flush=True)
