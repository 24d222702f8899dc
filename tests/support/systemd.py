# SPDX-License-Identifier: Apache-2.0
"""Nodes under the real systemd, which runs as process 1 of its own namespaces: no virtual machine.

    with systemd.Lab() as lab:
        alice, bob = lab.pair()          # two machines, installed, enabled, friends
        alice.reaches(bob)
        alice.kill("router")             # as tests/support/nodes.py: a Node is a Node
        alice.host.systemctl("stop", "covfefe-peerdb.service")

Each machine has its own /etc, /var, /usr/local, /run, /tmp, /dev and network; the host's are not written to.
Everything ends with the Lab, also when the test is killed.
"""
import os, signal, subprocess, sys

import nodes
from nodes import run, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
SYSTEMD = "/usr/lib/systemd/systemd"
STOCK = "/usr/lib/systemd/system"
TARGETS = ("sysinit basic multi-user sockets timers paths slices local-fs local-fs-pre remote-fs network network-pre "
           "network-online shutdown umount final exit poweroff reboot halt rescue emergency time-set nss-lookup").split()
# What makes directories below /run at each boot; here it acts on our own file only, since / is the host's.
TMPFILES = "systemd-tmpfiles-setup.service"
TMPFILES_UNIT = """[Unit]
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target shutdown.target
Conflicts=shutdown.target
[Service]
Type=oneshot
RemainAfterExit=yes
# Before the first install there is neither the file nor its users.
ExecStart=-/usr/bin/systemd-tmpfiles --create /usr/local/lib/tmpfiles.d/covfefe.conf
"""
JOURNAL = ("systemd-journald.service", "systemd-journald.socket")


def unit(service, kind="service"):
    return "covfefe-%s.%s" % (service.replace(".", "-"), kind)


def unified():
    """Where this process may make control groups: (mount point + own group), or None."""
    own = [line.rstrip("\n")[3:] for line in open("/proc/self/cgroup") if line.startswith("0::")]
    for line in open("/proc/self/mountinfo"):
        left, right = line.rstrip("\n").split(" - ")
        if own and right.split()[0] == "cgroup2" and left.split()[3] == "/":
            return left.split()[4] + own[0].rstrip("/")
    return None


def need_systemd():
    """Meson counts exit code 77 as skipped."""
    nodes.need_root()
    missing = [what for what, there in (
        ("systemd", os.path.exists(SYSTEMD)), ("a cgroup2 hierarchy", unified()),
        ("overlayfs", "overlay" in open("/proc/filesystems").read())) if not there]
    if missing:
        print("skipped: this machine has no " + ", no ".join(missing))
        sys.exit(77)


class Machine(nodes.Host):
    """A host whose process 1 is systemd. command() and run() act inside of it."""

    def __init__(self, lab, name):
        super().__init__(lab, name)
        self.directory = os.path.join(lab.directory, "machine-" + name)
        os.makedirs(self.directory)
        self.group = os.path.join(unified(), self.ns)
        self.process = self.pid1 = None

    def boot(self):
        os.makedirs(self.group, exist_ok=True)
        place = dict(os.environ, MACHINE=self.directory, INSTALLED=self.lab.installed(), UNITS=self.lab.units(),
                     LAB=self.lab.directory, NAME=self.name)
        # The first shell enters the control group that becomes the root of the machine's own view.
        inside = ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", self.ns, "unshare", "-C", "-m", "-p", "-f", "-u",
                  "-i", "--mount-proc", "--kill-child", "sh", os.path.join(HERE, "boot_machine.sh")]
        self.process = subprocess.Popen(
            ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', self.group] + inside, env=place,
            stdin=subprocess.DEVNULL, stdout=open(self.directory + ".boot", "wb"), stderr=subprocess.STDOUT)
        self.lab.processes.append(self.process)
        wait_for("process 1 of " + self.name, 10, self._find_pid1)
        wait_for("%s to boot" % self.name, 20, self._booted)
        return self

    def _find_pid1(self):
        if self.process.poll() is not None:
            raise RuntimeError("%s did not boot:\n%s" % (self.name, open(self.directory + ".boot").read()))
        children = open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)).read().split()
        if children and os.readlink("/proc/%s/exe" % children[0]) == SYSTEMD:
            self.pid1 = int(children[0])
        return self.pid1

    def _booted(self):
        return self.systemctl("is-system-running", check=False).strip() in ("running", "degraded")

    def command(self, words):
        if self.pid1 is None:
            return super().command(words)
        # nsenter stays outside as the parent: what it started ends with it.
        return ["nsenter", "-t", str(self.pid1), "-m", "-p", "-C", "-u", "-i", "-n", "--",
                "setpriv", "--pdeathsig", "KILL", "--"] + words

    def beside(self, words):
        """As command(), for what is to hear signals: it keeps a process number of the host and has no /proc/self."""
        return ["nsenter", "-t", str(self.pid1), "-m", "-u", "-i", "-n", "--"] + words

    def systemctl(self, *words, **more):
        return self.run(["systemctl", "--no-pager", *words], **more)

    def show(self, name, *properties):
        """The values of a unit's properties, in the order asked for (one: the value itself)."""
        text = self.systemctl("show", name, *("--property=" + p for p in properties))
        found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        values = [found.get(p, "") for p in properties]
        return values[0] if len(values) == 1 else values

    def pid(self, service):
        """The main process of one of our services by the host's number, or 0: safe to signal (never 0 or 1)."""
        for slice_ in ("covfefe.slice", "system.slice"):
            try:
                numbers = open(os.path.join(self.group, slice_, unit(service), "cgroup.procs")).read().split()
            except OSError:
                continue
            if numbers and int(numbers[0]) > 1:
                return int(numbers[0])
        return 0

    def journal(self, service=None, lines=200):
        words = ["journalctl", "--no-pager", "-o", "short-monotonic", "-n", str(lines)]
        return self.run(words + (["-u", unit(service)] if service else []), check=False)

    def drop_in(self, name, text, file="test", reload_now=True):
        """/etc/systemd/system/NAME.d/FILE.conf, as `systemctl edit` makes it."""
        folder = "/etc/systemd/system/%s.d" % name
        self.run(["sh", "-c", 'mkdir -p "$0" && cat > "$0/$1.conf"', folder, file], input=text)
        if reload_now:
            self.systemctl("daemon-reload")

    def install(self):
        """What the package's scripts do: users and directories."""
        conf = "/usr/local/lib/%s.d/covfefe.conf"
        self.run(["systemd-sysusers", conf % "sysusers"])
        self.run(["systemd-tmpfiles", "--create", conf % "tmpfiles"])

    def stop(self):
        """The power cord: unshare dies, systemd with it, and the kernel ends the namespace."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.pid1 = None
        wait_for("the processes of %s to end" % self.name, 10, self._empty)
        self._remove_groups()

    def _empty(self):
        try:
            return "populated 0" in open(os.path.join(self.group, "cgroup.events")).read()
        except OSError:
            return True

    def _remove_groups(self):
        for folder, _, _ in os.walk(self.group, topdown=False):
            os.rmdir(folder)


class Node(nodes.Node):
    """A node as an operator has it: programs below /usr/local, units enabled, the root directory /."""

    def __init__(self, lab, host, name):
        super().__init__(lab, host, name)
        self.root = "/"

    def _covfefe(self, words):
        return ["/usr/local/bin/covfefe", *words]

    def cli(self, *words, **more):
        return self.host.run(self._covfefe(words), **more)

    def json(self, *words, **more):
        text = self.host.run(self._covfefe([*words, "--json"]), **more)
        return nodes.json.loads(text[max(0, text.find("{")):])

    def try_cli(self, *words, timeout=60):
        done = subprocess.run(self.host.command(self._covfefe(words)), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=timeout)
        return done.returncode, done.stdout

    def init(self, *more):
        self.host.install()
        for service in nodes.SERVICES:
            program = "/usr/local/libexec/covfefe/covfefe-" + service
            self.host.drop_in(unit(service), "[Service]\nExecStart=\nExecStart=%s --jail-unknown=%s\n" % (
                program, self.lab.jail_unknown), "jail", reload_now=False)
        self.host.systemctl("daemon-reload")
        super().init(*more)
        # There is no encrypted volume here (tests/machine has one).
        self.host.run(["sed", "-i", "s/^  require_luks: yes/  require_luks: no/", "/etc/covfefenet.yaml"])

    def up(self, wait=True):
        self.host.systemctl("enable", "--now", "covfefe.target")
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds=20):
        wait_for("%s to be up\n" % self.name, seconds, lambda: all(
            state == "active" for state in self.states().values()), pause=0.1)

    def states(self):
        names = [unit(service) for service in nodes.SERVICES]
        words = self.host.systemctl("is-active", *names, check=False).split()
        return dict(zip(nodes.SERVICES, words))

    def down(self):
        self.host.systemctl("stop", "covfefe.target")

    def tail(self, lines=60):
        return self.host.journal(lines=lines) if self.host.pid1 else ""

    def pid(self, service):
        return self.host.pid(service)

    def pids(self):
        return {service: self.host.pid(service) for service in nodes.SERVICES}

    def kill(self, service, sign=signal.SIGKILL):
        pid = wait_for("%s of %s to run" % (service, self.name), 10, lambda: self.host.pid(service))
        os.kill(pid, sign)
        return pid

    def kill_whole(self):
        """The machine fails."""
        self.host.stop()


class Lab(nodes.Lab):
    """nodes.Lab whose hosts are machines: host(), node(), pair() and mesh() work as there."""

    def host(self, name):
        machine = Machine(self, name)
        self.hosts.append(machine)
        return machine.boot()

    def node(self, host, *init_words):
        node = Node(self, host, host.name)
        self.nodes.append(node)
        node.init(*init_words)
        return node

    def clean(self):
        for host in self.hosts:
            if host.process is not None and host.process.poll() is None:
                host.process.kill()
        super().clean()

    def _end_strays(self, host):
        host.stop()

    def installed(self):
        """What `meson install` puts in place, once for all machines."""
        place = os.path.join(self.directory, "installed")
        if not os.path.isdir(place):
            run(["meson", "install", "-C", nodes.BUILD, "--no-rebuild", "--quiet", "--destdir", place])
        return place

    def units(self):
        """A folder with the few stock units that a machine needs; none of the host's others is seen."""
        place = os.path.join(self.directory, "units")
        if os.path.isdir(place):
            return place
        for wants in ("sockets.target.wants", "sysinit.target.wants"):
            os.makedirs(os.path.join(place, wants))
        for name in [target + ".target" for target in TARGETS] + list(JOURNAL):
            os.symlink(os.path.join(STOCK, name), os.path.join(place, name))
        with open(os.path.join(place, TMPFILES), "w") as file:
            file.write(TMPFILES_UNIT)
        os.symlink("../" + TMPFILES, os.path.join(place, "sysinit.target.wants", TMPFILES))
        os.symlink("multi-user.target", os.path.join(place, "default.target"))
        os.symlink("../systemd-journald.socket", os.path.join(place, "sockets.target.wants", "systemd-journald.socket"))
        os.symlink("../systemd-journald.service", os.path.join(place, "sysinit.target.wants", "systemd-journald.service"))
        return place


def main(*tests):
    """nodes.main with machines."""
    need_systemd()
    nodes.main(*tests, make_lab=Lab)
