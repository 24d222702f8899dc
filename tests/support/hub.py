# SPDX-License-Identifier: Apache-2.0
"""One node with many friends: a hub in the middle of a bridge, every friend on a wire of its own. The friends are
whole nodes; the hub's uplink is what its configuration says."""
import concurrent.futures, os, re

import nodes
from nodes import run, wait_for

WORKERS = 4  # commands at the same time: most of one is waiting


def configure(node, *lines):
    """Puts top-level lines into covfefenet.yaml in place of those of the same key."""
    path = os.path.join(node.root, "etc/covfefenet.yaml")
    with open(path) as file:
        text = file.read()
    for line in lines:
        key = line.split(":")[0]
        text = re.sub(r"(?m)^%s:.*\n((?:[ \t#].*\n)*)" % re.escape(key), "", text) + line.rstrip() + "\n"
    with open(path, "w") as file:
        file.write(text)


class Hub:
    def __init__(self, lab, friends, *config):
        """config: lines of covfefenet.yaml of the hub."""
        self.lab = lab
        self.node = lab.node(lab.host("hub"))
        configure(self.node, *config)
        self._bridge()
        names = ["f%d" % number for number in range(1, friends + 1)]
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            hosts = [self._host(number, name) for number, name in enumerate(names, 1)]
            self.friends = list(pool.map(lambda host: lab.node(host), hosts))
            for node in [self.node] + self.friends:
                node.up(wait=False)
            list(pool.map(lambda node: node.wait_ready(60), [self.node] + self.friends))
            self.card = self.node.card("--endpoint", "10.98.0.1:6363")
            list(pool.map(self._befriend, enumerate(self.friends, 1)))
        wait_for("all links of the hub to be up", 60, self.all_up, pause=0.5)

    def _bridge(self):
        ns = self.node.host.ns
        run(["ip", "-n", ns, "link", "add", "wires", "type", "bridge"])
        run(["ip", "-n", ns, "addr", "add", "10.98.0.1/16", "dev", "wires"])
        run(["ip", "-n", ns, "link", "set", "wires", "addrgenmode", "none", "up"])

    @staticmethod
    def at(number):
        return "10.98.1.%d" % number

    def _host(self, number, name):
        host = self.lab.host(name)
        near = "p%d" % number
        run(["ip", "link", "add", near, "netns", self.node.host.ns, "type", "veth", "peer", "name", "wire", "netns",
             host.ns])
        run(["ip", "-n", self.node.host.ns, "link", "set", near, "master", "wires", "addrgenmode", "none", "up"])
        run(["ip", "-n", host.ns, "addr", "add", self.at(number) + "/16", "dev", "wire"])
        run(["ip", "-n", host.ns, "link", "set", "wire", "addrgenmode", "none", "up"])
        return host

    def _befriend(self, numbered):
        number, friend = numbered
        self.node.befriend(friend, at=self.at(number) + ":6363")
        friend.cli("friend", "add", self.card, "--name", "hub", "--trust", "met")

    def all_up(self):
        seen = self.node.json("status", check=False)["friends"]
        return len(seen) == len(self.friends) and all(one["state"] == "up" for one in seen)
