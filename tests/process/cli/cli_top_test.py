# SPDX-License-Identifier: Apache-2.0
"""covfefe top in a real terminal emulator (tmux): what a screen of 80x24 shows, keys, other sizes, and that the
terminal is as it was however top ends."""
import os, signal, subprocess

from contract import DONE, DOWN, USAGE, Call, alone, call, nodes


class Terminal:
    """A tmux server of our own with one window, in which a shell waits."""

    def __init__(self, lab, node, columns=80, rows=24):
        self.socket, self.node = os.path.join(lab.directory, "tmux"), node
        self.environment = dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm-256color", PS1="$ ")
        self.environment.pop("TMUX", None)
        self.tmux("-f", "/dev/null", "-u", "new-session", "-d", "-x", columns, "-y", rows, "sh")
        self.tmux("set-option", "-g", "window-size", "manual")
        self.type("PS1='ready> '; clear", "Enter")
        self.shows("ready>")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-S", self.socket] + [str(word) for word in words], env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
        assert done.returncode == 0, "tmux %s: %s" % (" ".join(str(word) for word in words), done.stdout)
        return done.stdout

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shows(self, *parts, seconds=15):
        """Waits for a screen with every part; returns it."""
        def seen():
            text = self.screen()
            return text if all(part in text for part in parts) else None
        try:
            return nodes.wait_for("%s on the screen" % (parts,), seconds, seen, pause=0.1)
        except TimeoutError as late:
            raise AssertionError("%s\n%s" % (late, self.screen()))

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def modes(self):
        """How the terminal treats keys and lines, and whether the other page and the cursor are shown."""
        tty = self.tmux("display-message", "-p", "#{pane_tty}").strip()
        lines = subprocess.run(["stty", "-F", tty, "-a"], stdout=subprocess.PIPE, text=True, timeout=10).stdout
        flags = [word for word in lines.replace(";", " ").split() if word.lstrip("-") in
                 ("echo", "icanon", "isig", "iexten", "icrnl", "ixon")]
        return flags + [self.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}").strip()]

    def starts_top(self):
        self.type("%s top --root %s; echo ended with $?" % (nodes.covfefe(), self.node.root), "Enter")
        return self.shows("uplink", "friend", "x quit")

    def pid(self):
        """Of the top that the shell of this window runs."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        with open("/proc/%s/task/%s/children" % (shell, shell)) as children:
            return int(children.read().split()[0])

    def close(self):
        self.tmux("kill-server")


def befriended(lab):
    """alice and two friends that she reaches"""
    by_name = lab.mesh([("alice", "bob"), ("alice", "carol")])
    alice = by_name["alice"]
    for name in ("bob", "carol"):
        alice.reaches(by_name[name])
    return alice, by_name["bob"], by_name["carol"]


def in_terminal(lab, node, test):
    terminal = Terminal(lab, node)
    try:
        test(terminal)
    finally:
        terminal.close()


def rows_of(text, *names):
    """The names of the friends' rows, in the order of the screen."""
    return [line.split()[0] for line in text.splitlines() if line.split()[:1] and line.split()[0] in names]


def screens(lab):
    """80x24 shows uplink, leases, friends and keys; keys sort; 60x15 and 200x50 are filled and not more"""
    alice, bob, carol = befriended(lab)

    def test(terminal):
        text = terminal.starts_top()
        text = terminal.shows("bob", "carol", "RATE", "in 0 leases")
        lines = text.rstrip("\n").split("\n")
        assert len(lines) == 24 and all(len(line) <= 80 for line in lines), text
        assert lines[0].startswith("uplink") and lines[-1].startswith("x quit"), text
        terminal.type("n")
        assert rows_of(terminal.shows("FRIEND"), "bob", "carol") == ["bob", "carol"]
        with open(os.devnull, "wb") as nowhere:
            flood = carol_flood(alice, carol, nowhere)
            try:
                terminal.type("r")
                terminal.shows("RATE")
                nodes.wait_for("carol to be first", 20, lambda: rows_of(
                    terminal.screen(), "bob", "carol") == ["carol", "bob"], pause=0.2)
            finally:
                flood.terminate()
                flood.wait(10)
        terminal.type("e")
        terminal.shows("ENTITLED")
        terminal.type("q")
        terminal.shows("QUEUE")
        terminal.type("p")
        terminal.shows("paused: p goes on")
        terminal.type("p")
        terminal.type("?")
        terminal.shows("Ctrl-C", "Entitled is what a friend")
        terminal.type("?")
        for columns, rows in ((60, 15), (200, 50), (20, 8), (80, 24)):
            terminal.resize(columns, rows)
            nodes.wait_for("%dx%d to be filled" % (columns, rows), 10, lambda r=rows, c=columns: filled(
                terminal.screen(), c, r), pause=0.1)
        terminal.resize(200, 50)
        terminal.shows("idle lane", "always-on", "level")
        terminal.type("x")
        terminal.shows("ended with 0")
    in_terminal(lab, alice, test)


def carol_flood(alice, carol, nowhere):
    return alice.host.start(["ping", "-6", "-n", "-q", "-i", "0.01", "-s", "1000", carol.address], stdout=nowhere,
                            stderr=nowhere)


def filled(text, columns, rows):
    lines = text.rstrip("\n").split("\n")
    keys = "x quit  ? help  p pause"[:columns]
    return len(lines) == rows and all(len(line) <= columns for line in lines) and lines[-1].startswith(keys.rstrip())


def endings(lab):
    """quit, Control-C, SIGTERM, SIGHUP, and stopping and going on: the terminal is as it was"""
    alice = alone(lab)

    def test(terminal):
        before = terminal.modes()
        for end in ("x", "Q", "C-c", signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            terminal.starts_top()
            during = terminal.modes()
            assert "-echo" in during and "-icanon" in during and during[-1].startswith("1 0"), during
            if isinstance(end, str):
                terminal.type(end)
            else:
                os.kill(terminal.pid(), end)
            terminal.shows("ended with 0", "ready>")
            assert terminal.modes() == before, "after %s: %s, before: %s" % (end, terminal.modes(), before)
            terminal.type("clear", "Enter")
            nodes.wait_for("a clear screen", 5, lambda: "ended" not in terminal.screen(), pause=0.1)
        terminal.starts_top()
        os.kill(terminal.pid(), signal.SIGTSTP)
        nodes.wait_for("the terminal while top is stopped", 5, lambda: terminal.modes()[-1] == before[-1], pause=0.1)
        terminal.type("fg", "Enter")
        terminal.shows("x quit")
        terminal.type("x")
        terminal.shows("ready>")
        assert terminal.modes() == before, terminal.modes()
    in_terminal(lab, alice, test)


def without_service(lab):
    """when the shaper dies or hangs top says so and finds it again; without one it ends before it draws"""
    alice = alone(lab)

    def test(terminal):
        before = terminal.modes()
        terminal.starts_top()
        hung = alice.kill("shaper", signal.SIGSTOP)
        try:
            terminal.shows("trying again")
        finally:
            os.kill(hung, signal.SIGCONT)
        nodes.wait_for("top to find the shaper again", 20, lambda: "trying again" not in terminal.screen(), pause=0.1)
        alice.kill("shaper")
        nodes.wait_for("top to show the new shaper", 20, lambda: "trying again" not in terminal.screen(), pause=0.1)
        alice.down()
        terminal.shows("trying again")
        terminal.type("x")
        terminal.shows("ended with 0", "ready>")
        assert terminal.modes() == before, terminal.modes()
        terminal.type("clear; %s top --root %s; echo ended with $?" % (nodes.covfefe(), alice.root), "Enter")
        terminal.shows("next: is it running?", "ended with 2")
    in_terminal(lab, alice, test)


def no_terminal(lab):
    """without a terminal top refuses and says what else there is; --once prints one frame"""
    alice = alone(lab)
    call(alice, "top").refuses(USAGE, "draws on a terminal", "covfefe top --once")
    call(alice, "top", "--json").ends(USAGE, "covfefe shaper --json")
    ended = Call(alice.host, ["top", "--once", "--root", alice.root]).ends(DONE, "uplink", "friend", "x quit")
    lines = ended.out.splitlines()
    assert len(lines) == 24 and all(len(line) <= 80 and "\x1b" not in line for line in lines), str(ended)
    alice.down()
    call(alice, "top", "--once").refuses(DOWN, "next: is it running?")


if __name__ == "__main__":
    nodes.main(screens, endings, without_service, no_terminal)
