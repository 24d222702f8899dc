# SPDX-License-Identifier: Apache-2.0
"""The Debian package: it builds from the tree, lintian has nothing to say, and install, init, up, upgrade, remove and
purge leave the machine as it was, in an overlay that is thrown away; then upgrade.py. With a directory as argument the
package found there is taken instead of building one."""
import glob, json, os, shutil, signal, subprocess, sys, tempfile, time

import throwaway

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = ["router", "keystore", "peerdb", "shaper", "tun-helper"]
USERS = ["covfefe-router", "covfefe-keystore", "covfefe-peerdb", "covfefe-shaper"]


def built(directory):
    if sys.argv[1:]:
        return glob.glob(os.path.join(sys.argv[1], "covfefenet_*.deb"))[0]
    started = time.monotonic()
    build = subprocess.Popen([os.path.join(HERE, "build"), directory], stdout=subprocess.PIPE, text=True,
                             start_new_session=True, env={**os.environ, "TMPDIR": directory})
    try:
        said = build.communicate()[0]
    except BaseException:
        os.killpg(build.pid, signal.SIGTERM)
        build.wait()
        raise
    assert build.returncode == 0, "tests/package/build failed"
    print("built in %.0f s" % (time.monotonic() - started))
    return said.splitlines()[-1]


def lintian(package):
    """Errors and warnings fail; what is overridden has its reason beside the override."""
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0",
                           package.replace(".deb", ".changes")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    print("lintian: " + (done.stdout.strip() or "nothing"))


def newer(package, directory):
    """The same package with a higher version."""
    tree = os.path.join(directory, "newer")
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = os.path.join(tree, "DEBIAN", "control")
    with open(control) as file:
        lines = file.read().splitlines()
    with open(control, "w") as file:
        file.write("".join((line + "+1" if line.startswith("Version: ") else line) + "\n" for line in lines))
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", "-Znone", tree, tree + ".deb"], check=True, stdout=subprocess.DEVNULL)
    return tree + ".deb"


def install(system, package):
    """dpkg sees the package at /tmp inside, where the machine's /tmp is not."""
    shutil.copy(package, system.path("/tmp"))
    system.run("dpkg", "-i", "/tmp/" + os.path.basename(package))
    os.unlink(system.path("/tmp/" + os.path.basename(package)))


def what_is_installed(system):
    accounts = {line.split(":")[0]: line.split(":") for line in system.read("/etc/passwd").splitlines()}
    for user in USERS:
        assert user in accounts and accounts[user][6].endswith("/nologin"), (user, accounts.get(user))
        owned = "/var/lib/covfefe/" + user.removeprefix("covfefe-")
        if user in ("covfefe-keystore", "covfefe-peerdb"):
            facts = os.stat(system.path(owned))
            assert facts.st_uid == int(accounts[user][2]) and facts.st_mode & 0o7777 == 0o700, owned
    for name in [*("/usr/libexec/covfefe/covfefe-" + one for one in PROGRAMS), "/usr/bin/covfefe",
                 *("/usr/share/man/man8/covfefe-%s.8.gz" % one for one in PROGRAMS), "/usr/share/man/man1/covfefe.1.gz",
                 "/usr/share/bash-completion/completions/covfefe", "/usr/share/zsh/vendor-completions/_covfefe",
                 "/usr/share/fish/vendor_completions.d/covfefe.fish", "/usr/share/doc/covfefenet/SECURITY.md.gz",
                 *("/lib/systemd/system/covfefe-%s.service" % one for one in PROGRAMS)]:
        assert system.exists(name), name + " was not installed"
    for name in USERS:
        mode = os.stat(system.path("/usr/libexec/covfefe/" + name)).st_mode & 0o7777
        assert mode == 0o711, "%s has mode %o: its process would be dumpable" % (name, mode)
    assert system.run("dpkg", "--verify", "covfefenet") == ""
    wanted = [name for name in os.listdir(system.path("/etc/systemd/system/multi-user.target.wants")) if "covfefe" in name]
    assert not wanted, "installing enabled %s" % wanted


class Node:
    """`covfefe up` on / of the system."""

    def __init__(self, system):
        self.system = system
        self.log = open(system.path("/tmp/up.log"), "wb")
        self.process = subprocess.Popen(system.command(["/usr/bin/covfefe", "up", "--jail-unknown=kill"]),
                                        stdout=self.log, stderr=subprocess.STDOUT)

    def state(self):
        done = subprocess.run(self.system.command(["covfefe", "status", "--json"]), capture_output=True, text=True)
        return json.loads(done.stdout)["state"] if done.stdout else "down"

    def is_ok(self, seconds=60):
        end = time.monotonic() + seconds
        while self.state() != "ok":
            assert time.monotonic() < end and self.process.poll() is None, self.system.read("/tmp/up.log")
            time.sleep(0.1)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.system.read("/tmp/up.log")
        self.log.close()
        os.unlink(self.system.path("/tmp/up.log"))


def make_node(system):
    system.run("covfefe", "init", "--name", "parcel")
    config = system.read("/etc/covfefenet.yaml")
    with open(system.path("/etc/covfefenet.yaml"), "w") as file:
        file.write(config.replace("require_luks: yes", "require_luks: no"))


def live(system, package, later):
    """install, init, up, upgrade, remove."""
    install(system, package)
    what_is_installed(system)
    make_node(system)
    node = Node(system)
    node.is_ok()
    assert "covfefe up" in system.run("dpkg", "-r", "covfefenet", code=1), "a node was taken away from who runs it"
    identity = system.run("covfefe", "id")
    install(system, later)
    node.is_ok()
    assert system.run("covfefe", "id") == identity
    node.end()
    # What an operator's systemctl leaves.
    system.run("systemctl", "enable", "covfefe.target")
    os.makedirs(system.path("/etc/systemd/system/covfefe-keystore.service.d"))
    with open(system.path("/etc/systemd/system/covfefe-keystore.service.d/override.conf"), "w") as file:
        file.write("[Service]\nLoadCredential=\n")
    system.run("dpkg", "-r", "covfefenet")
    assert not system.exists("/usr/bin/covfefe") and not system.exists("/run/covfefe")
    assert system.exists("/var/lib/covfefe/keystore/keys.sealed"), "remove took the keys"
    assert system.exists("/etc/covfefenet.yaml"), "remove took the configuration"


def nothing_left(system, mounts):
    left = system.changes()
    assert not left, "left behind:\n  " + "\n  ".join(left)
    assert system.mounts() == mounts, (mounts, system.mounts())
    known = system.run("dpkg-query", "-W", "covfefenet", code=1)
    assert "no packages found" in known, known
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True).stdout.splitlines()
    assert len(links) == 1, links


def purged_without_the_volume(system, package):
    """A volume that is not mounted now, a mount unit's or behind a link, is kept and said; so are the operator's own units."""
    unit, own = "/etc/systemd/system/var-lib-covfefe.mount", "/etc/systemd/system/covfefe-backup.timer"
    drop_in = "/etc/systemd/system/covfefe-backup.service.d/own.conf"
    os.makedirs(os.path.dirname(system.path(drop_in)))
    for name, text in ((unit, "[Mount]\nWhat=/dev/mapper/state\nWhere=/var/lib/covfefe\n"), (own + ".own", ""), (drop_in, "")):
        with open(system.path(name), "w") as file:
            file.write(text)
    os.symlink(own + ".own", system.path(own))
    link = "/var/lib/covfefe"
    for hidden in (unit, link):
        install(system, package)
        if hidden == link:
            os.rename(system.path(link), system.path("/srv/covfefe"))
            os.symlink("/srv/covfefe", system.path(link))
        make_node(system)
        said = system.run("dpkg", "--purge", "covfefenet")
        assert "are kept" in said and "users: /var/lib/covfefe\n" in said, said
        assert system.exists("/etc/covfefe/credentials/keystore.key") and "covfefe-keystore" in system.read("/etc/passwd")
        assert system.exists(own) and system.exists(drop_in), "an own unit is gone"
        if hidden == unit:
            os.unlink(system.path(unit))
        system.run("sh", "-c", said.split("then: ")[1].splitlines()[0])
    assert system.exists("/srv/covfefe/keystore/keys.sealed"), "what a link led to is gone"
    system.run("rm", "-r", "/srv/covfefe", own, own + ".own", os.path.dirname(drop_in))


def purged_with_a_volume(system, package):
    """State on a volume of its own is kept, said, and gone after the commands that were said."""
    install(system, package)
    throwaway.mount("-t", "tmpfs", "tmpfs", system.path("/var/lib/covfefe"))
    system.run("systemd-tmpfiles", "--create", "covfefe.conf")
    make_node(system)
    said = system.run("dpkg", "--purge", "covfefenet")
    assert "are kept" in said and "/var/lib/covfefe" in said, said
    assert system.exists("/etc/covfefe/credentials/keystore.key") and system.exists("/etc/covfefe/identity.yaml")
    assert system.exists("/var/lib/covfefe/keystore/keys.sealed") and "covfefe-keystore" in system.read("/etc/passwd")
    subprocess.run(["umount", system.path("/var/lib/covfefe")], check=True)
    system.run("sh", "-c", said.split("then: ")[1].splitlines()[0])


def inside(directory):
    system = throwaway.System(directory)
    mounts = system.mounts()
    if any(system.exists(name) for name in ("/etc/covfefe", "/var/lib/covfefe", "/usr/bin/covfefe")):
        print("skipped: a node is installed on this machine")
        sys.exit(77)
    package = glob.glob(os.path.join(directory, "covfefenet_*.deb"))[0]
    live(system, package, os.path.join(directory, "newer.deb"))
    print("installed, lived, was upgraded and removed")
    system.run("dpkg", "--purge", "covfefenet")
    nothing_left(system, mounts)
    print("purged: nothing is left behind")
    purged_with_a_volume(system, package)
    nothing_left(system, mounts)
    print("purged with a volume: kept and said; then nothing is left behind")
    purged_without_the_volume(system, package)
    nothing_left(system, mounts)
    print("purged with the volume away, and behind a link: the same")


def main():
    if os.geteuid() != 0:
        print("skipped: needs root")
        sys.exit(77)
    if os.environ.get("COVFEFE_PACKAGE_DIRECTORY"):
        throwaway.enter()
        inside(os.environ["COVFEFE_PACKAGE_DIRECTORY"])
        return
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit("ended by a signal"))
    directory = tempfile.mkdtemp(prefix="covfefe-package-")
    try:
        package = built(directory)
        if sys.argv[1:]:
            for path in glob.glob(os.path.join(sys.argv[1], "covfefenet_*")):
                package = shutil.copy(path, directory)
            package = glob.glob(os.path.join(directory, "covfefenet_*.deb"))[0]
        lintian(package)
        newer(package, directory)
        done = subprocess.run([sys.executable, os.path.abspath(__file__)],
                              env={**os.environ, "COVFEFE_PACKAGE_DIRECTORY": directory})
        if done.returncode == 0:
            done = subprocess.run([sys.executable, os.path.join(HERE, "upgrade.py"), directory])
            # Without a systemd to boot, what was shown before still counts.
            done.returncode = 0 if done.returncode == 77 else done.returncode
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
