# SPDX-License-Identifier: Apache-2.0
"""A Debian 12 machine with its own kernel: the package, a LUKS volume, systemd, and everything that an
operator does to them.

    machine_test.py CACHE [PACKAGE.deb]     CACHE keeps the disk image; without PACKAGE one is built
"""
import os, signal, subprocess, sys, tarfile, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import image, node, volume
from machine import Failed, Machine

HERE = os.path.dirname(os.path.abspath(__file__))
SERVICES = ("tun-helper", "keystore", "peerdb", "shaper", "router")
VOLUME_BYTES = 64 << 20  # sparse files


class Run:
    """Steps in the machine, each timed and printed."""

    def __init__(self, machine):
        self.machine = machine

    def step(self, what, script, seconds=240, **variables):
        start = time.monotonic()
        words = "".join("%s=%s\n" % one for one in variables.items())
        said = self.machine.run("[ -e /root/guest.sh ] || tar -xf /dev/vdb -C /root; . /root/guest.sh\n" + words + script, seconds=seconds).strip()
        print("ok  %-58s %5.1f s  %s" % (what, time.monotonic() - start, " ".join(said.split())[:100]), flush=True)
        return said


def payload(folder, package):
    """A disk that is a tar file: the package, and what the scripts share."""
    path = os.path.join(folder, "payload")
    with tarfile.open(path, "w") as tar:
        tar.add(package, "package.deb")
        tar.add(os.path.join(HERE, "guest.sh"), "guest.sh")
    return path


def blank(folder, name):
    path = os.path.join(folder, name)
    with open(path, "wb") as disk:
        disk.truncate(VOLUME_BYTES)
    return path


def build_package(folder):
    done = subprocess.run([os.path.join(HERE, "..", "package", "build"), folder], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]


def first_day(run):
    run.step("dpkg -i: users, no service", node.INSTALLED)
    run.step("init without the volume warns and says what to do", node.BEFORE_THE_VOLUME)
    run.step("LUKS2, crypttab, fstab, mount, directories", volume.MAKE)
    run.step("init, systemctl enable --now covfefe.target", node.STARTED)
    run.step("a friend on another node, by cards; ping", node.FRIENDS)
    run.step("jails: closed, no capability, Landlock of this kernel", node.JAILS)
    run.step("wire sockets: IPAddressDeny= on the wire", node.WIRES)


def services(run):
    for how in ("kill", "restart"):
        for victim in SERVICES:
            run.step("%s %s alone" % (how, victim), node.ENDED, VICTIM=victim, HOW=how)
    run.step("systemctl reload", node.RELOADED)


def volumes(run):
    run.step("the volume is stopped: keystore, peerdb end and say why", volume.STOPPED)
    run.step("it is started: they come back", volume.STARTED)
    run.step("umount: they end, say why and free it", volume.UNMOUNTED)
    run.step("mount: they come back", volume.MOUNTED)
    run.step("a volume that is not encrypted is refused", volume.UNENCRYPTED)
    run.step("plain dm-crypt is refused", volume.PLAIN)
    run.step("no volume and no directory", volume.ABSENT)


def second_day(run):
    start = time.monotonic()
    run.machine.reboot()
    print("ok  %-58s %5.1f s" % ("reboot", time.monotonic() - start), flush=True)
    run.step("everything came up by itself; ping", node.REBOOTED)
    run.step("jails after the reboot", node.JAILS)
    run.step("the package is purged, nothing is left", node.PURGED)


PARTS = {"services": services, "volumes": volumes, "second_day": second_day}


def main():
    if os.geteuid() != 0:
        print("skipped: needs root to make a disk image")
        sys.exit(77)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit("ended by signal %d" % number))
    with tempfile.TemporaryDirectory(prefix="covfefe-machine-") as folder:
        try:
            start = time.monotonic()
            disk = image.obtain(sys.argv[1])
            print("ok  %-58s %5.1f s" % ("Debian 12 on a disk", time.monotonic() - start), flush=True)
            start = time.monotonic()
            package = sys.argv[2] if sys.argv[2:] else build_package(folder)
            print("ok  %-58s %5.1f s" % ("the package", time.monotonic() - start), flush=True)
            start = time.monotonic()
            disks = [payload(folder, package), blank(folder, "volume"), blank(folder, "other")]
            with Machine(disk, folder, disks) as machine:
                print("ok  %-58s %5.1f s" % ("boot, by " + machine.accelerator, time.monotonic() - start), flush=True)
                follow(machine)
        except image.Unavailable as reason:
            print("skipped: %s" % reason)
            sys.exit(77)


def follow(machine):
    run = Run(machine)
    first_day(run)
    wanted = os.environ.get("COVFEFE_MACHINE_PARTS", " ".join(PARTS)).split()
    try:
        for part in wanted:
            PARTS[part](run)
    except (Failed, TimeoutError):
        print("---- journal\n" + machine.run("journalctl -b -n 150 --no-pager -o short-monotonic", None, 90))
        print("---- console\n" + machine.tail())
        raise


if __name__ == "__main__":
    main()
