# SPDX-License-Identifier: Apache-2.0
"""A disk with Debian 12, its own kernel and the test's root shell; made once and kept for the next run.

What it was made of names its folder: this recipe, the agent, and the state of the archive (its
InRelease files). Whatever else lies in the cache is older, and removed.
"""
import fcntl, glob, hashlib, os, shutil, subprocess, tempfile, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ARCHIVE = "http://deb.debian.org/"
SUITES = {"bookworm": "debian", "bookworm-updates": "debian", "bookworm-security": "debian-security"}
# A minimal system that boots from a virtio disk, then what our package depends on: dpkg installs it offline.
PACKAGES = ("systemd systemd-sysv udev linux-image-cloud-amd64 cryptsetup iproute2 iputils-ping kmod "
            "libcapnp-0.9.2 libsodium23 libevent-core-2.1-7 libsqlite3-0 libseccomp2 libcap-ng0 libyaml-0-2 "
            "libmnl0 libqrencode4").split()
# Not of this test, and each costs seconds in an emulated machine.
MASKED = ("getty.target", "e2scrub_reap.service", "e2scrub_all.timer", "apt-daily.timer", "apt-daily-upgrade.timer",
          "dpkg-db-backup.timer", "fstrim.timer", "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service")
INITRD_MODULES = "virtio_pci\nvirtio_blk\next4\ncrc32c_generic\n"
DISK_BYTES = 1 << 30  # sparse


class Unavailable(Exception):
    """The image cannot be made on this machine; the test is skipped with this reason."""


class Image:
    def __init__(self, folder):
        self.disk = os.path.join(folder, "disk.ext4")
        self.kernel = os.path.join(folder, "vmlinuz")
        self.initrd = os.path.join(folder, "initrd.img")


def _archive_state():
    state = b""
    try:
        for suite, folder in SUITES.items():
            with urllib.request.urlopen("%s%s/dists/%s/InRelease" % (ARCHIVE, folder, suite), timeout=20) as reply:
                state += reply.read()
    except OSError:
        return None
    return state


def _read(name):
    with open(os.path.join(HERE, name), "rb") as file:
        return file.read()


def _recipe():
    return b"\0".join(_read(name) for name in ("image.py", "agent.sh", "agent.service"))


def _write(root, path, text):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(text)


def _bootstrap(work):
    """The tree of the system, below `work`."""
    root = os.path.join(work, "root")
    modules = os.path.join(work, "modules")
    with open(modules, "w") as file:
        file.write(INITRD_MODULES)
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--format=directory",
               "--include=" + ",".join(PACKAGES), "--dpkgopt=force-unsafe-io", "--aptopt=Acquire::Languages \"none\"",
               # A small initial disk: the emulated machine unpacks it at each boot.
               '--essential-hook=mkdir -p "$1/etc/initramfs-tools/conf.d"',
               "--essential-hook=cp %s \"$1/etc/initramfs-tools/modules\"" % modules,
               '--essential-hook=echo MODULES=list > "$1/etc/initramfs-tools/conf.d/test"', "bookworm", root]
    command += ["deb %s%s %s main" % (ARCHIVE, folder, suite) for suite, folder in SUITES.items()]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
    if done.returncode != 0:
        raise RuntimeError("mmdebstrap ended with %d:\n%s" % (done.returncode, done.stdout[-4000:]))
    return root


def _customise(root):
    units = "etc/systemd/system/"
    _write(root, "usr/local/sbin/test-agent", _read("agent.sh"))
    os.chmod(os.path.join(root, "usr/local/sbin/test-agent"), 0o755)
    _write(root, units + "test-agent.service", _read("agent.service"))
    os.makedirs(os.path.join(root, units, "sysinit.target.wants"), exist_ok=True)
    os.symlink("../test-agent.service", os.path.join(root, units, "sysinit.target.wants/test-agent.service"))
    for unit in MASKED:
        os.symlink("/dev/null", os.path.join(root, units, unit))
    os.symlink("/lib/systemd/system/multi-user.target", os.path.join(root, units, "default.target"))
    _write(root, "etc/hostname", b"machine\n")
    _write(root, "etc/fstab", b"/dev/vda / ext4 noatime 0 1\n")


def _make(folder):
    work = tempfile.mkdtemp(prefix="making-", dir=os.path.dirname(folder))
    try:
        root = _bootstrap(work)
        _customise(root)
        image = Image(work)
        shutil.copy(glob.glob(root + "/boot/vmlinuz-*")[0], image.kernel)
        shutil.copy(glob.glob(root + "/boot/initrd.img-*")[0], image.initrd)
        with open(image.disk, "wb") as disk:
            disk.truncate(DISK_BYTES)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, image.disk], check=True, timeout=300)
        shutil.rmtree(root)
        os.rename(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _newest(cache, recipe):
    """With the archive out of reach: what this recipe made last."""
    made = glob.glob(os.path.join(cache, recipe + "-*"))
    return max(made, key=os.path.getmtime) if made else None


def obtain(cache):
    """The image, made now unless one of the same inputs lies in the folder `cache`."""
    for tool in ("mmdebstrap", "mke2fs"):
        if shutil.which(tool) is None:
            raise Unavailable("%s is not installed" % tool)
    os.makedirs(cache, exist_ok=True)
    recipe = hashlib.sha256(_recipe()).hexdigest()[:16]
    with open(os.path.join(cache, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = _archive_state()
        if state is None:
            folder = _newest(cache, recipe)
            if folder is None:
                raise Unavailable("Debian's archive %s is out of reach, and no image was made before" % ARCHIVE)
            return Image(folder)
        folder = os.path.join(cache, "%s-%s" % (recipe, hashlib.sha256(state).hexdigest()[:16]))
        if not os.path.isdir(folder):
            for old in glob.glob(os.path.join(cache, "*-*")):
                shutil.rmtree(old)
            _make(folder)
        return Image(folder)
