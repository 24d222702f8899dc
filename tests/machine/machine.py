# SPDX-License-Identifier: Apache-2.0
"""One virtual machine: qemu, by software emulation where KVM does not work, and a root shell in it.

The disk of the image is never written: changes go to a file without a name, which ends with qemu.
qemu ends with this program, however that ends.
"""
import base64, ctypes, os, shutil, signal, socket, subprocess, time

from image import Unavailable

QEMU = "qemu-system-x86_64"
COMMAND_LINE = "root=/dev/vda rw console=ttyS0 loglevel=6 systemd.show_status=0 mitigations=off"
KVM_PATIENCE = 10    # seconds until the kernel's first line; where KVM works it takes less than one
BOOT_PATIENCE = 240  # seconds, emulated, with everything else busy
PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """A script in the machine ended with an exit code other than the expected."""


def _end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Machine:
    """with Machine(image, folder, disks) as machine: machine.run("uname -r")"""

    def __init__(self, image, folder, disks):
        """disks: files that it sees as /dev/vdb, /dev/vdc …"""
        if shutil.which(QEMU) is None:
            raise Unavailable("%s is not installed" % QEMU)
        self.image, self.folder, self.disks = image, folder, disks
        self.console = os.path.join(folder, "console")
        self.qemu = self.link = self.replies = None
        self.asked = 0
        self.accelerator = ""

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def _start(self):
        if os.access("/dev/kvm", os.R_OK | os.W_OK):
            self._spawn("kvm")
            if self._kernel_speaks(KVM_PATIENCE):
                return self.wait_for_shell()
            self.close()  # the device is there, and its virtual machines do not run
        self._spawn("tcg,thread=multi")
        return self.wait_for_shell()

    def _spawn(self, accelerator):
        self.accelerator = accelerator.split(",")[0]
        port = os.path.join(self.folder, "agent")
        for left in (port, self.console):
            if os.path.exists(left):
                os.unlink(left)
        command = [QEMU, "-accel", accelerator, "-smp", "2", "-m", "1024", "-nodefaults", "-display", "none",
                   "-kernel", self.image.kernel, "-initrd", self.image.initrd, "-append", COMMAND_LINE,
                   "-serial", "file:" + self.console, "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
                   "-chardev", "socket,id=agent,server=on,wait=off,path=" + port,
                   "-device", "virtserialport,chardev=agent,name=test-agent",
                   "-drive", "file=%s,format=raw,if=virtio,snapshot=on" % self.image.disk]
        for disk in self.disks:
            command += ["-drive", "file=%s,format=raw,if=virtio,cache=unsafe" % disk]
        with open(os.path.join(self.folder, "qemu.log"), "ab") as log:
            self.qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         env={**os.environ, "TMPDIR": self.folder}, preexec_fn=_end_with_parent)
        self.link = self._connect(port)
        self.replies = b""

    def _connect(self, port):
        link = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + 30
        while True:
            try:
                link.connect(port)
                return link
            except OSError:
                if self.qemu.poll() is not None or time.monotonic() > end:
                    link.close()
                    raise RuntimeError("qemu did not start:\n" + self._text("qemu.log"))
                time.sleep(0.02)

    def _kernel_speaks(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.qemu.poll() is None:
            if "Linux version" in self._text("console"):
                return True
            time.sleep(0.1)
        return False

    def _text(self, name):
        try:
            with open(os.path.join(self.folder, name), errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def tail(self, lines=40):
        """The last lines of the machine's console."""
        return "\n".join(self._text("console").splitlines()[-lines:])

    def _line(self, end, what):
        while b"\n" not in self.replies:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the machine did not answer: %s\n%s" % (what, self.tail()))
            self.link.settimeout(left)
            try:
                more = self.link.recv(65536)
            except socket.timeout:
                continue
            if not more:
                raise RuntimeError("qemu ended: %s\n%s" % (what, self._text("qemu.log")))
            self.replies += more
        line, _, self.replies = self.replies.partition(b"\n")
        return line.decode(errors="replace").split()

    def wait_for_shell(self):
        """Until the root shell greets, as it does once in each boot."""
        end = time.monotonic() + BOOT_PATIENCE
        while self._line(end, "boot") != ["hello"]:
            pass

    def run(self, script, expect=0, seconds=60):
        """Output of a shell script; Failed if its exit code is not `expect` (None: any)."""
        self.asked += 1
        number = str(self.asked)
        text = base64.b64encode(script.encode()).decode()
        self.link.settimeout(10)
        self.link.sendall(("%s %d %s\n" % (number, seconds, text)).encode())
        # The machine ends the script after its time; that answer too may take a while.
        end = time.monotonic() + seconds + 30
        while True:
            words = self._line(end, script)
            if len(words) == 3 and words[0] == number:
                break
        output = base64.b64decode(words[2] if words[2] != "=" else "").decode(errors="replace")
        if expect is not None and int(words[1]) != expect:
            raise Failed("exit code %s of:\n%s\n---- output\n%s" % (words[1], script, output))
        return output

    def reboot(self):
        self.asked += 1
        text = base64.b64encode(b"systemctl --no-block reboot").decode()
        self.link.sendall(("%d 30 %s\n" % (self.asked, text)).encode())
        self.wait_for_shell()

    def close(self):
        if self.link is not None:
            self.link.close()
        if self.qemu is not None and self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait(20)
        self.link = self.qemu = None
