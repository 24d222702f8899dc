# SPDX-License-Identifier: Apache-2.0
"""This machine's own system, changed without changing it: an overlay on / in mount, process and network
namespaces that end with the program. What was changed is what lies in the overlay's upper layer."""
import filecmp, os, re, stat, subprocess, sys

# Written by dpkg and by the account tools about what they did; nothing of the package.
RECORDS = re.compile(r"^/(var/(lib/dpkg|lib/man-db|log|cache)/.*|etc/(passwd|group|shadow|gshadow)-|etc/\.pwd\.lock)$")
MAN_INDEX = "/var/lib/man-db/auto-update"  # where it exists, each dpkg run reads all manual pages of the machine


def enter():
    """Runs this program again inside new namespaces, once; only the second run comes back."""
    if os.environ.get("COVFEFE_THROWAWAY") == "yes":
        return
    environment = {**os.environ, "COVFEFE_THROWAWAY": "yes"}
    command = ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child", sys.executable, *sys.argv]
    sys.exit(subprocess.run(command, env=environment).returncode)


def mount(*words):
    subprocess.run(["mount", *words], check=True)


class System:
    """The overlay, below a directory that exists; `lower` is the machine as it is."""

    def __init__(self, directory):
        self.root = os.path.join(directory, "root")
        self.layers = os.path.join(directory, "layers")
        self.upper = os.path.join(self.layers, "upper")
        mount("--make-rprivate", "/")
        os.mkdir(self.layers)
        os.mkdir(self.root)
        mount("-t", "tmpfs", "tmpfs", self.layers)
        os.mkdir(self.upper)
        os.mkdir(os.path.join(self.layers, "work"))
        mount("-t", "overlay", "overlay", "-o",
              "lowerdir=/,upperdir=%s,workdir=%s/work" % (self.upper, self.layers), self.root)
        mount("-t", "proc", "proc", self.path("/proc"))
        mount("-t", "sysfs", "sysfs", self.path("/sys"))
        mount("--rbind", "/dev", self.path("/dev"))
        for folder in ("/run", "/tmp"):
            mount("-t", "tmpfs", "-o", "mode=0755" if folder == "/run" else "mode=1777", "tmpfs", self.path(folder))
        if self.exists(MAN_INDEX):
            os.unlink(self.path(MAN_INDEX))
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    def path(self, name):
        return self.root + name

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read().decode()

    def command(self, words):
        return ["chroot", self.root, *words]

    def run(self, *words, code=0):
        """Output of a command inside, both streams; any other exit code than `code` is a failure."""
        done = subprocess.run(self.command(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120,
                              env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8",
                                   "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        if done.returncode != code:
            raise AssertionError("%s ended with %d, not %d:\n%s" % (" ".join(words), done.returncode, code, done.stdout))
        return done.stdout

    def mounts(self):
        """Those of the system; others end when somebody removes their place on the machine."""
        with open("/proc/self/mountinfo") as table:
            places = [line.split()[4] for line in table]
        return sorted(place for place in places if place.startswith(self.root))

    def _differs(self, name, found):
        """Why an entry of the upper layer is a change, or nothing."""
        if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
            return "is gone"
        if not os.path.lexists(name):
            return "is new"
        before = os.lstat(name)
        if (before.st_mode, before.st_uid, before.st_gid) != (found.st_mode, found.st_uid, found.st_gid):
            return "has another mode or owner"
        if stat.S_ISREG(found.st_mode) and not filecmp.cmp(name, self.upper + name, shallow=False):
            return "has other content"
        if stat.S_ISLNK(found.st_mode) and os.readlink(name) != os.readlink(self.upper + name):
            return "points elsewhere"
        return None

    def changes(self):
        """Everything that differs from the machine, records aside; /run and /tmp were empty."""
        out = []
        for folder, folders, files in os.walk(self.upper):
            for entry in folders + files:
                name = os.path.join(folder, entry)[len(self.upper):]
                why = None if RECORDS.match(name) else self._differs(name, os.lstat(self.upper + name))
                if why:
                    out.append("%s %s" % (name, why))
        for top in ("/run", "/tmp"):
            out += ["%s/%s is new" % (top, entry) for entry in os.listdir(self.path(top)) if "covfefe" in entry]
        return sorted(out)
