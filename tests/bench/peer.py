# SPDX-License-Identifier: Apache-2.0
"""The peer of the comparison: Debian's wireguard-go between the same two hosts, over the same wire."""
import os, subprocess

import nodes

DEVICE = "wgpeer"
PORT = 51820
PREFIX = "10.98.0."
# Without it wireguard-go refuses where the kernel has WireGuard itself.
USERSPACE = {"WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1", "LOG_LEVEL": "error"}


class WireguardGo:
    """Up from the constructor on; ends with the lab."""

    def __init__(self, lab, hosts, wire_addresses):
        self.hosts = hosts
        self.addresses = [PREFIX + str(number) for number in (1, 2)]
        keys = [self._key(lab, host) for host in hosts]
        # The control socket /run/wireguard/NAME.sock belongs to the mount namespace, not to the network's.
        self.devices = ["%s%d" % (DEVICE, number) for number in (1, 2)]
        self.processes = [host.start(["wireguard-go", "-f", device], env=dict(os.environ, **USERSPACE),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                          for host, device in zip(hosts, self.devices)]
        for mine, other in ((0, 1), (1, 0)):
            self._set_up(mine, keys[mine][0], keys[other][1], wire_addresses[other], self.addresses[other])
        nodes.wait_for("wireguard-go to carry a ping", 10, self._answers)

    def _key(self, lab, host):
        private = nodes.run(["wg", "genkey"]).strip()
        path = os.path.join(lab.directory, "wg-" + host.name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(private + "\n")
        public = subprocess.run(["wg", "pubkey"], input=private, stdout=subprocess.PIPE, text=True, check=True).stdout
        return path, public.strip()

    def _set_up(self, mine, key_file, other_key, other_wire, other_inner):
        host, device = self.hosts[mine], self.devices[mine]
        nodes.wait_for(device, 10, lambda: os.path.exists("/run/wireguard/%s.sock" % device))
        host.run(["wg", "set", device, "listen-port", str(PORT), "private-key", key_file, "peer", other_key,
                  "allowed-ips", other_inner + "/32", "endpoint", "%s:%d" % (other_wire, PORT),
                  "persistent-keepalive", "25"])
        host.run(["ip", "addr", "add", self.addresses[mine] + "/24", "dev", device])
        host.run(["ip", "link", "set", device, "up"])

    def _answers(self):
        return subprocess.run(self.hosts[0].command(["ping", "-n", "-q", "-c", "1", "-W", "1", self.addresses[1]]),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def pids(self):
        return [process.pid for process in self.processes]

    @staticmethod
    def version():
        return nodes.run(["wireguard-go", "--version"]).split("\n")[0]
