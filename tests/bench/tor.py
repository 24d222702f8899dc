# SPDX-License-Identifier: Apache-2.0
"""The other onion network of the comparison: Debian's tor, private, on the hosts and wires that our own nodes use.

A chain of hosts: the client's, three relays', the server's. The relays are their own directory authorities, so no
further process runs; the client may use them in one order only. Nothing of it has a way out of the namespaces.
"""
import os, re, subprocess, sys, time

import nodes

ROLES = ("Entry", "Middle", "Exit")
SOCKS = 9050
OR_PORT, DIRECTORY_PORT = 5000, 7000
BOOTSTRAP = 240  # seconds


def routes(hosts, wires):
    """Every host of the chain can send to every wire of it: the authorities talk to each other. TCP is cubic, as
    Debian's, whatever the machine's own choice."""
    for place, host in enumerate(hosts):
        host.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        for number, (near, far) in enumerate(wires):
            network = near.rsplit(".", 1)[0] + ".0/24"
            if number in (place - 1, place):
                source = near if number == place else far
                host.run(["ip", "route", "replace", network, "dev", "w%d%s" % (number, host.name[:6]), "scope", "link",
                          "src", source, "congctl", "cubic"])
            else:
                gateway = wires[place][1] if number > place else wires[place - 1][0]
                host.run(["ip", "route", "add", network, "via", gateway, "congctl", "cubic"])


class PrivateTor:
    """hosts: client, three relays, server; wires: the four pairs of addresses between them. Up from the constructor
    on; ends with the lab."""

    def __init__(self, lab, hosts, wires):
        self.lab, self.client_host, self.relay_hosts = lab, hosts[0], hosts[1:4]
        self.relay_addresses = [wires[place][1] for place in range(3)]
        self.directory = os.path.join(lab.directory, "tor")
        self.empty = self._write("empty", "")
        routes(hosts, wires)
        for name in [*ROLES, "Client"]:
            os.makedirs(self._home(name), mode=0o700)
        self.fingerprints = [self._fingerprint(name) for name in ROLES]
        authorities = "".join(self._authority(*one) for one in zip(ROLES, self.relay_addresses, self.fingerprints))
        self.relays = [self._start(host, name, authorities + self._relay(name, address))
                       for host, name, address in zip(self.relay_hosts, ROLES, self.relay_addresses)]
        nodes.wait_for("a consensus of the tor relays", BOOTSTRAP, self._consensus, pause=0.5)
        self.client = self._start(self.client_host, "Client", authorities + self._client())
        nodes.wait_for("the tor client to be ready", BOOTSTRAP,
                       lambda: "Bootstrapped 100%" in self._log("Client"), pause=0.5)

    def _home(self, name):
        return os.path.join(self.directory, name)

    def _write(self, name, text):
        os.makedirs(self.directory, exist_ok=True)
        path = os.path.join(self.directory, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def _log(self, name):
        with open(os.path.join(self.directory, name + ".log"), errors="replace") as file:
            return file.read()

    def _fingerprint(self, name):
        text = nodes.run(["tor", "-f", self.empty, "--defaults-torrc", self.empty, "--DataDirectory", self._home(name),
                          "--Nickname", name, "--ORPort", str(OR_PORT), "--list-fingerprint", "--hush"])
        return "".join(re.findall(r"\b[0-9A-F]{4}\b", text)[-10:])

    def _authority(self, name, address, fingerprint):
        keys = os.path.join(self._home(name), "keys")
        os.makedirs(keys, mode=0o700, exist_ok=True)
        made = subprocess.run(["tor-gencert", "--create-identity-key", "-m", "12", "-a", "%s:%d" % (address, DIRECTORY_PORT),
                               "--passphrase-fd", "0"], input="for a bench\n", cwd=keys, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        if made.returncode != 0:
            raise RuntimeError("tor-gencert: " + made.stdout)
        with open(os.path.join(keys, "authority_certificate")) as file:
            identity = re.search(r"^fingerprint (\w+)", file.read(), re.M).group(1)
        return "DirAuthority %s orport=%d v3ident=%s %s:%d %s\n" % (
            name, OR_PORT, identity, address, DIRECTORY_PORT, fingerprint)

    def _common(self, name):
        return "\n".join((
            "TestingTorNetwork 1", "Nickname " + name, "DataDirectory " + self._home(name), "Log notice stdout",
            "RunAsDaemon 0", "ShutdownWaitLength 0", "AssumeReachable 1", "PathsNeededToBuildCircuits 0.25",
            "EnforceDistinctSubnets 0", "DisableDebuggerAttachment 0", ""))

    def _relay(self, name, address):
        exits = "ExitRelay 1\nExitPolicy accept *:*\n" if name == "Exit" else "ExitRelay 0\nExitPolicy reject *:*\n"
        return "\n".join((
            "Address " + address, "ORPort %s:%d" % (address, OR_PORT), "DirPort %s:%d" % (address, DIRECTORY_PORT),
            "SocksPort 0", "ContactInfo none@localhost", "AuthoritativeDirectory 1", "V3AuthoritativeDirectory 1",
            "TestingDirAuthVoteGuard *", "TestingDirAuthVoteExit *", "TestingDirAuthVoteHSDir *",
            "TestingV3AuthInitialVotingInterval 20", "TestingV3AuthInitialVoteDelay 4",
            "TestingV3AuthInitialDistDelay 4", "V3AuthVotingInterval 120", "V3AuthVoteDelay 4", "V3AuthDistDelay 4",
            "V3AuthNIntervalsValid 10", exits))

    def _client(self):
        pinned = "".join("%sNodes $%s\n" % pair for pair in zip(ROLES, self.fingerprints))
        return "SocksPort 127.0.0.1:%d\nStrictNodes 1\nUseEntryGuards 1\nConfluxEnabled 0\n%s" % (SOCKS, pinned)

    def _start(self, host, name, torrc):
        path = self._write(name + ".rc", self._common(name) + torrc)
        log = open(os.path.join(self.directory, name + ".log"), "ab")
        return host.start(["tor", "--defaults-torrc", self.empty, "-f", path], stdout=log, stderr=subprocess.STDOUT)

    def _consensus(self):
        """One that lists all three in their roles: a client that starts earlier may settle on another entry."""
        try:
            with open(os.path.join(self._home("Entry"), "cached-microdesc-consensus")) as file:
                flags = dict(re.findall(r"^r (\w+) .*?^s ([^\n]*)", file.read(), re.M | re.S))
        except OSError:
            return False
        return (all("Running" in flags.get(name, "") for name in ROLES)
                and "Guard" in flags["Entry"] and "Exit" in flags["Exit"])

    def pids(self):
        return [process.pid for process in (self.client, *self.relays)]

    @staticmethod
    def version():
        return nodes.run(["tor", "--version"]).split("\n")[0].rstrip(".")
