# SPDX-License-Identifier: Apache-2.0
"""The package under the real systemd (tests/support/systemd.py), argument: a directory with the package and a newer one.
An upgrade starts every service anew, each when the one before it is ready, and no socket; removal stops all."""
import glob, os, shutil, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import nodes, systemd

ORDER = ["keystore", "peerdb", "shaper", "tun-helper", "router"]


class Lab(systemd.Lab):
    """Machines without programs of ours: the package brings them."""

    def installed(self):
        place = os.path.join(self.directory, "installed")
        os.makedirs(os.path.join(place, "usr", "local"), exist_ok=True)
        return place


def install(lab, machine, package):
    """A machine looks for units in a folder of the Lab, besides its own."""
    here = shutil.copy(package, lab.directory)
    machine.run(["dpkg", "-i", here])
    for path in machine.run(["sh", "-c", "ls -d /lib/systemd/system/covfefe*"]).split():
        with open(os.path.join(lab.units(), os.path.basename(path)), "w") as file:
            file.write(machine.run(["cat", path]))


def own_usr(lab, machine):
    """The machine's /usr takes what dpkg writes; a policy of the host against starting services does not count."""
    layers = os.path.join(lab.directory, "usr")
    machine.run(["sh", "-c", "mkdir $0 $0/upper $0/work && mount -t overlay overlay -o lowerdir=/usr,upperdir=$0/upper,workdir=$0/work /usr"
                 " && rm -f /usr/sbin/policy-rc.d /var/lib/man-db/auto-update", layers])


def states(machine, kind, names):
    return [machine.show(systemd.unit(name, kind), "ActiveState") for name in names]


def became_active(machine, name, kind="service"):
    return int(machine.show(systemd.unit(name, kind), "ActiveEnterTimestampMonotonic"))


def upgraded(lab, machine, newer):
    services = {name: machine.pid(name) for name in ORDER}
    sockets = {name: became_active(machine, name, "socket") for name in ("router.keystore", "wire.control")}
    install(lab, machine, newer)
    assert set(states(machine, "service", ORDER)) == {"active"}
    for name in ORDER:
        assert machine.pid(name) not in (0, services[name]), name + " was not started anew"
    for earlier, later in zip(ORDER, ORDER[1:]):
        began = int(machine.show(systemd.unit(later), "ExecMainStartTimestampMonotonic"))
        assert began >= became_active(machine, earlier), "%s did not wait for %s" % (later, earlier)
    for name, since in sockets.items():
        assert became_active(machine, name, "socket") == since, name + " was closed"


def removed(machine):
    machine.run(["dpkg", "-r", "covfefenet"])
    assert set(states(machine, "service", ORDER)) == {"inactive"}, states(machine, "service", ORDER)
    assert "covfefe0" not in machine.run(["ip", "-o", "link"]), "the TUN device was left"
    # The state of these machines is a mount of its own: what opens it is kept until the operator says so.
    said = machine.run(["dpkg", "--purge", "covfefenet"])
    machine.run(["sh", "-c", said.split("then: ")[1].splitlines()[0]], check=False)
    left = machine.run(["sh", "-c", "find /etc /usr/lib /usr/bin /usr/libexec /run/covfefe /run/systemd/system -name '*covfefe*' 2>/dev/null"], check=False)
    assert left == "", left


def test_upgrade_and_removal(lab):
    package = glob.glob(os.path.join(DIRECTORY, "covfefenet_*.deb"))[0]
    machine = lab.host("parcel")
    own_usr(lab, machine)
    install(lab, machine, package)
    machine.run(["covfefe", "init", "--name", "parcel"])
    machine.run(["sed", "-i", "s/^  require_luks: yes/  require_luks: no/", "/etc/covfefenet.yaml"])
    machine.systemctl("daemon-reload")
    machine.systemctl("enable", "--now", "covfefe.target")
    nodes.wait_for("the node to be up", 30, lambda: set(states(machine, "service", ORDER)) == {"active"})
    upgraded(lab, machine, os.path.join(DIRECTORY, "newer.deb"))
    removed(machine)


DIRECTORY = sys.argv.pop(1)
systemd.need_systemd()
nodes.main(test_upgrade_and_removal, make_lab=Lab)
