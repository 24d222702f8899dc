# SPDX-License-Identifier: Apache-2.0
"""The units of systemd alone, without our own jail: the real unit files, in whose place of the program stands a twin
that does not confine itself and tries everything that is forbidden."""
import os, shutil, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import systemd
from systemd import nodes, unit

TWIN = os.path.abspath(sys.argv[1])
# What starts, supervises and joins the service is taken away, and nothing that hardens it.
LEFT_OUT = ("Wants=", "After=", "Before=", "Type=", "Restart", "WatchdogSec=", "ExecStart=", "ExecReload=", "LoadCredential=",
            "SetCredential=")
ADDED = """Type=oneshot
RemainAfterExit=yes
ExecStart=-{program} unit {service}
StandardOutput=append:{output}
StandardError=append:{output}
"""
# The router has its TUN device from the tun-helper; this is another way to pass it a descriptor.
DEVICE = """[Socket]
ListenSpecial=/dev/net/tun
Writable=yes
Service=covfefe-router.service
"""


def copy_of(machine, service, program, output):
    """The real unit with the twin in place of the program."""
    text = machine.run(["cat", "/usr/local/lib/systemd/system/" + unit(service)])
    lines = [line for line in text.splitlines() if not line.startswith(LEFT_OUT)]
    lines.insert(lines.index("[Service]") + 1, ADDED.format(program=program, service=service, output=output))
    if service == "router":
        lines.insert(lines.index("[Service]") + 1, "Sockets=canary.socket")
    return "\n".join(lines) + "\n"


def prepare(lab):
    machine = lab.host("alice")
    node = lab.node(machine)
    machine.run(["ip", "link", "add", "nowhere", "type", "veth", "peer", "name", "nobody"])
    machine.run(["ip", "addr", "add", "192.0.2.1/24", "dev", "nowhere"])
    for name in ("nowhere", "nobody"):
        machine.run(["ip", "link", "set", name, "up"])
    # A database as its process would have made it.
    database = "/var/lib/covfefe/peerdb/peers.db"
    machine.run(["sh", "-c", "echo friends > %s && chown covfefe-peerdb: %s && chmod 600 %s" % ((database,) * 3)])
    sockets = [word.split()[0] for word in machine.systemctl(
        "list-unit-files", "--no-legend", "covfefe-*.socket").splitlines()]
    machine.systemctl("start", *sockets)
    return node


def try_all(machine, lab, service):
    """Runs the twin in the unit; returns what it printed."""
    program = "/usr/local/libexec/covfefe/covfefe-" + service
    twin, output = os.path.join(lab.directory, "twin"), os.path.join(lab.directory, service + ".out")
    shutil.copy(TWIN, twin)
    machine.run(["cp", twin, program])
    place = "/etc/systemd/system/"
    machine.run(["rm", "-r", place + unit(service) + ".d"])
    machine.run(["sh", "-c", 'cat > "$0"', place + unit(service)], input=copy_of(machine, service, program, output))
    machine.run(["sh", "-c", 'cat > "$0"', place + "canary.socket"], input=DEVICE)
    machine.systemctl("daemon-reload")
    # Anew: the helper's twin takes it.
    machine.run(["ip", "tuntap", "del", "canary0", "mode", "tun"], check=False)
    machine.run(["ip", "tuntap", "add", "canary0", "mode", "tun", "user", "covfefe-router"])
    if service == "router":
        machine.systemctl("start", "canary.socket")
    machine.systemctl("start", unit(service), check=False)
    with open(output, errors="replace") as text:
        return text.read()


def behind_units(lab):
    """every forbidden act in the unit of each service is denied as documented"""
    machine = prepare(lab).host
    short = []
    for service in nodes.SERVICES:
        text = try_all(machine, lab, service)
        print(text.rstrip(), flush=True)
        last = text.rstrip().rsplit("\n", 1)[-1]
        if not last.startswith("the unit of %s alone: " % service) or not last.endswith(" 0 not as documented"):
            short.append(service)
            print(machine.journal(service, 20))
    assert not short, "not as documented: " + ", ".join(short)


if __name__ == "__main__":
    sys.argv[1:] = sys.argv[2:]
    systemd.main(behind_units)
