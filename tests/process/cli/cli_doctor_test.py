# SPDX-License-Identifier: Apache-2.0
"""doctor on nodes that live: nothing is found on a sound one but what the machine lacks; then one thing after the
other is broken, named, mended and no longer named."""
import ctypes, os, shutil, signal, subprocess

from contract import Call, DONE, DOWN, REFUSED, alone, bare, call, nodes

# What the test's machine may lack: a LUKS volume, a time service, encrypted swap, patched packages.
OF_THE_MACHINE = {"storage", "clock", "swap", "packages", "kernel", "cores"}
LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, PTRACE_DETACH, PIDFD_GETFD = 0x4206, 17, 438


def examined(node, inside=None):
    """(exit code, findings) of one doctor; inside: words that run it, as unshare(1)."""
    words = (inside or []) + [nodes.covfefe(), "doctor", "--root", node.root, "--json"]
    done = subprocess.run(node.host.command(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    one = Call.__new__(Call)
    one.words, one.code, one.out, one.err = words, done.returncode, done.stdout.decode(), done.stderr.decode()
    seen = one.json("doctor")
    levels = [finding["level"] for finding in seen["findings"]]
    wanted = DOWN if "failing" in levels else REFUSED if "warning" in levels else DONE
    assert one.code == wanted and seen["worst"] in ("note", "warning", "failing"), str(one)
    for finding in seen["findings"]:
        assert list(finding) == ["level", "area", "what", "why", "fix"] and finding["why"], str(one)
    return one.code, seen


def of_the_node(seen):
    return [one for one in seen["findings"] if one["area"] not in OF_THE_MACHINE and one["level"] != "note"]


def sound(node):
    _, seen = examined(node)
    assert seen["node"] == "up" and all(one["pid"] for one in seen["services"]), seen
    assert not of_the_node(seen), of_the_node(seen)
    assert seen["held"] > 120, seen["held"]


def named(node, level, phrase, inside=None):
    _, seen = examined(node, inside)
    found = [one for one in seen["findings"] if phrase in one["what"]]
    assert found and found[0]["level"] == level, "no %s «%s» in %s" % (level, phrase, seen["findings"])
    assert level == "note" or found[0]["fix"], found
    return found[0]


def healthy(lab):
    """a sound node has no finding of its own, in text and in JSON; status agrees"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    sound(alice)
    text = call(alice, "doctor")
    assert text.code in (DONE, REFUSED) and "is up; " in text.out and text.err == "", str(text)
    call(alice, "status").ends(DONE)


def hostile_names(node):
    """A service names its files: the fixes that are to be copied run nothing else, and follow no link."""
    folder = os.path.join(node.root, "var/lib/covfefe/peerdb")
    names = [os.path.join(folder, name) for name in ("x;touch ${IFS}marker", "$(touch marker)", "a'b\"c", "-R")]
    owner = os.stat(folder)
    marker, target = os.path.join(node.lab.directory, "marker"), os.path.join(node.lab.directory, "target")
    os.close(os.open(target, os.O_CREAT, 0o644))
    for swapped in (False, True):
        for path in names:
            with open(path, "w"):
                os.chmod(path, 0o644)
            os.chown(path, 4711, owner.st_gid)
        found = examined(node)[1]["findings"]
        for path in names:
            if swapped:
                os.unlink(path)
                os.symlink(target, path)
            fixes = [one["fix"] for one in found if one["what"].startswith(path)]
            assert len(fixes) == 2, found
            for fix in fixes:
                subprocess.run(["sh", "-c", fix], cwd=node.lab.directory, timeout=10, stderr=subprocess.DEVNULL,
                               check=not swapped)
            facts, behind = os.lstat(path), os.stat(target)
            assert facts.st_uid == owner.st_uid and (swapped or facts.st_mode & 0o777 == 0o600), (path, facts)
            assert behind.st_uid == 0 and behind.st_mode & 0o777 == 0o644, (path, behind)
            os.unlink(path)
    assert not os.path.exists(marker), "a file's name was run"


def files(lab):
    """modes, owners, sockets and drop-ins: each is named, its fix mends it"""
    alice = alone(lab)
    peerdb = os.path.join(alice.root, "var/lib/covfefe/peerdb")
    for path, mode, phrase in (
            ("etc/covfefe/credentials/keystore.key", 0o644, "keystore.key has mode 0644, not 0600"),
            ("etc/covfefe/credentials", 0o755, "credentials has mode 0755, not 0700"),
            ("etc/covfefenet.yaml", 0o666, "covfefenet.yaml has mode 0666, not 0644"),
            ("var/lib/covfefe/keystore", 0o750, "keystore has mode 0750, not 0700"),
            ("var/lib/covfefe/keystore/keys.sealed", 0o640, "keys.sealed has mode 0640"),
            ("var/lib/covfefe/peerdb/peers.db", 0o660, "peers.db has mode 0660"),
            ("run/covfefe/router.operator.sock", 0o666, "and mode 0666"),
            ("var/lib", 0o777, "var/lib belongs to 0:0 with mode 0777")):
        os.chmod(os.path.join(alice.root, path), mode)
        fix = named(alice, "failing", phrase)["fix"]
        subprocess.run(["sh", "-c", fix], check=True, timeout=10)
    facts = os.stat(peerdb)
    os.chown(peerdb, 4711, 4711)
    fix = named(alice, "failing", "peerdb belongs to 4711:4711")["fix"]
    subprocess.run(["sh", "-c", fix], check=True, timeout=10)
    assert os.stat(peerdb).st_uid == facts.st_uid
    hostile_names(alice)
    drop_ins = os.path.join(alice.root, "etc/systemd/system/covfefe-router.service.d")
    os.makedirs(drop_ins)
    with open(os.path.join(drop_ins, "open.conf"), "w") as file:
        file.write("[Service]\nPrivateNetwork=no\n")
    named(alice, "warning", "open.conf weakens its unit: PrivateNetwork=no")
    shutil.rmtree(drop_ins)
    sound(alice)
    os.unlink(os.path.join(alice.root, "run/covfefe/router.peerdb.sock"))
    named(alice, "warning", "router.peerdb.sock is missing")


def processes(lab):
    """a service that hangs or is traced; somebody else with its socket"""
    alice = alone(lab)
    pids = alice.pids()
    os.kill(pids["peerdb"], signal.SIGSTOP)
    try:
        named(alice, "warning", "the peerdb does not answer")
    finally:
        os.kill(pids["peerdb"], signal.SIGCONT)
    pid = pids["keystore"]
    assert LIBC.ptrace(PTRACE_SEIZE, pid, None, None) == 0, os.strerror(ctypes.get_errno())
    try:
        named(alice, "failing", "is traced by process %d" % os.getpid())
    finally:
        os.kill(pid, signal.SIGSTOP)  # a tracer lets go of what stands only
        os.waitpid(pid, os.WUNTRACED | 0x40000000)
        LIBC.ptrace(PTRACE_DETACH, pid, None, ctypes.c_void_p(0))
        os.kill(pid, signal.SIGCONT)
    nodes.wait_for("the node to be whole", 20, lambda: alice.json("status", check=False)["state"] == "ok")
    sound(alice)
    stolen = steal(alice.process.pid, os.path.join(alice.root, "run/covfefe/router.operator.sock"))
    try:
        found = named(alice, "failing", "process %d (" % os.getpid())
        assert found["area"] == "router" and "is not covfefe-router" in found["what"], found
    finally:
        os.close(stolen)
    sound(alice)


def steal(launcher, path):
    """A copy of the launcher's listening socket, as whoever is root can take one."""
    # up runs below ip-netns-exec, which became it.
    with open("/proc/%d/net/unix" % launcher) as table:
        inodes = {line.split()[6] for line in table if line.rstrip().endswith(" " + path) and " 00010000 " in line}
    folder = "/proc/%d/fd" % launcher
    number = [fd for fd in os.listdir(folder) if os.readlink(os.path.join(folder, fd))[8:-1] in inodes]
    pidfd = os.pidfd_open(launcher)
    try:
        copy = LIBC.syscall(PIDFD_GETFD, pidfd, int(number[0]), 0)
    finally:
        os.close(pidfd)
    assert copy >= 0, os.strerror(ctypes.get_errno())
    return copy


def machine(lab):
    """MTUs, ports, swap, clock of the board, crash dumps and old libraries"""
    alice, bob = lab.pair()
    alice.reaches(bob)
    set_mtu = lambda device, mtu: alice.host.run(["ip", "link", "set", device, "mtu", str(mtu)])
    set_mtu("cov-alice", 1400)
    named(alice, "warning", "cov-alice has MTU 1400, not 1280")
    set_mtu("cov-alice", 1280)
    set_mtu("w0alice", 1300)
    named(alice, "warning", "w0alice has MTU 1300, less than 1448")
    set_mtu("w0alice", 1500)
    config = os.path.join(alice.root, "etc/covfefenet.yaml")
    with open(config) as file:
        text = file.read()
    with open(config, "w") as file:
        file.write(text.replace("6365", "7365"))
    named(alice, "failing", "no socket on port 7365")
    with open(config, "w") as file:
        file.write(text.replace("name:", "nam:", 1))
    named(alice, "failing", "nam")
    with open(config, "w") as file:
        file.write(text)
    sound(alice)
    for shown, at, level, phrase in (
            ("Filename Type Size Used Priority\n%s/swap file 1024 0 -2\n" % lab.directory, "/proc/swaps", "warning",
             "/swap is swap that is not encrypted"),
            ("1\n", "/proc/sys/fs/suid_dumpable", "warning", "fs.suid_dumpable is 1"),
            ("Package: libsodium23\nStatus: install ok installed\nVersion: 1.0.18-1\n", "/var/lib/dpkg/status",
             "warning", "libsodium23 is 1.0.18-1, older than 1.0.18-1+deb12u1")):
        if os.path.exists(at):
            named(alice, level, phrase, instead(lab, shown, at))


def instead(lab, text, at):
    """Words that run a command on a machine where the file `at` holds this text."""
    path = os.path.join(lab.directory, "shown")
    with open(path, "w") as file:
        file.write(text)
    return ["unshare", "--mount", "sh", "-c", "mount --bind %s %s && exec \"$@\"" % (path, at), "sh"]


def impostor(lab):
    """a program without a jail in the keystore's place is named for everything it has too much of"""
    alice = bare(lab)
    folder = os.path.join(lab.directory, "bin")
    os.makedirs(folder + "/real")
    for service in nodes.SERVICES:
        shutil.copy(os.path.join(nodes.BUILD, "cmd", service, "covfefe-" + service), folder)
    shutil.copy(nodes.covfefe(), folder)
    shutil.copy("/bin/sleep", folder + "/real/covfefe-keystore")
    with open(folder + "/covfefe-keystore", "w") as file:
        file.write("#!/bin/sh\nexec %s/real/covfefe-keystore 600\n" % folder)
    os.chmod(folder + "/covfefe-keystore", 0o755)
    alice.process = alice.host.start([folder + "/covfefe", "up", "--root", alice.root, "--watchdog", "600"],
                                     stdout=open(alice.log, "ab"), stderr=subprocess.STDOUT)
    nodes.wait_for("the router", 20, lambda: call(alice, "inspect", "router").code == DONE)
    _, seen = examined(alice)
    said = " | ".join(one["what"] for one in seen["findings"] if one["area"] == "keystore")
    for phrase in ("runs as uid 0, not as covfefe-keystore", "effective capabilities", "may gain privileges",
                   "no system call filter", "real/covfefe-keystore, not ", "does not answer"):
        assert phrase in said, "no «%s» in %s" % (phrase, said)


def unprivileged(lab):
    """without root it says what it cannot see, and makes nothing of it"""
    alice = alone(lab)
    _, seen = examined(alice, ["setpriv", "--reuid", "63999", "--regid", "63999", "--clear-groups"])
    unseen = [one["what"] for one in seen["findings"] if one["level"] == "unseen"]
    assert any("guessed from their names" in one for one in unseen), seen
    assert any("shown to root only" in one for one in unseen), seen
    assert seen["node"] == "up", seen
    assert not [one for one in of_the_node(seen) if one["level"] == "failing"], seen


def without_node(lab):
    """a node that is down, and a place where there is none"""
    alice = bare(lab)
    _, seen = examined(alice)
    assert seen["node"] == "down", seen
    named(alice, "failing", "no service runs")
    os.chmod(os.path.join(alice.root, "etc/covfefe/credentials/keystore.key"), 0o604)
    named(alice, "failing", "has mode 0604")
    call(alice, "doctor").ends(DOWN, "is down", "covfefe up --root " + alice.root)
    alice.root = os.path.join(lab.directory, "nothing")
    assert "covfefe init" in named(alice, "failing", "covfefenet.yaml")["fix"]


if __name__ == "__main__":
    nodes.main(healthy, files, processes, machine, impostor, unprivileged, without_node)
