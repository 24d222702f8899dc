# SPDX-License-Identifier: Apache-2.0
"""Completions of bash, zsh and fish: every verb and option that --help names is offered and no other, with the names
of friends from the running node; a node that is down or hangs costs the typist nothing."""
import os, re, signal, subprocess, tempfile, time

from contract import DONE, alone, bare, call, nodes

FOLDER = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "cmd", "covfefe",
                                       "completions"))


def offered(*words, host=None):
    """What the tool offers: a dictionary from word to what it is about."""
    line = [nodes.covfefe(), "complete", "--", *words]
    done = subprocess.run(host.command(line) if host else line, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=20, text=True)
    assert done.returncode == DONE and done.stderr == "", (words, done)
    pairs = [row.split("\t") for row in done.stdout.splitlines()]
    assert all(len(pair) == 2 for pair in pairs), (words, done.stdout)
    return dict(pairs)


def helped(*verbs):
    """Verbs and long options that --help shows."""
    text = subprocess.run([nodes.covfefe(), *verbs, "--help"], capture_output=True, text=True, check=True).stdout
    options, _, below = text.partition("\nSubcommands:\n")
    return set(re.findall(r"^  ([a-z]+)\b", below, re.M)), set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", options, re.M))


def every_verb_and_option(*path):
    """The whole tree below a verb; returns how many verbs it has."""
    verbs, options = helped(*path)
    assert set(offered(*path, "-")) == options, (path, options, offered(*path, "-"))
    if not verbs:
        return 1
    assert set(offered(*path, "")) == verbs, (path, verbs, offered(*path, ""))
    assert all(offered(*path, "").values()), "a verb without a word about it"
    return sum(every_verb_and_option(*path, verb) for verb in sorted(verbs))


def test_every_verb():
    assert every_verb_and_option() > 20
    assert set(offered("fri")) == {"friend"}
    assert offered("friends", "") != offered("friend", "")


def test_values():
    trust = {"met", "known", "introduced", "none"}
    assert set(offered("friend", "add", "card", "--trust", "")) == trust
    assert set(offered("friend", "set", "bob", "--trust=k")) == {"--trust=known"}
    assert set(offered("inspect", "")) == {"tun-helper", "router", "keystore", "peerdb", "shaper"}
    assert set(offered("inspect", "ke")) == {"keystore"}
    assert set(offered("answer", "bob", "")) == {"yes", "no"}
    assert list(offered("friend", "add", "")) == [":files"]
    assert list(offered("status", "--root", "/x")) == [":directories"]
    assert offered("status", "") == {} and offered("no", "such", "verb") == {}
    assert offered("friend", "show", "--root", "/nonexistent", "") == {}
    assert offered() != {} and offered("--") != {}


def printed(command, environment):
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment)
    return {row.split("\t")[0] for row in done.stdout.splitlines() if row}


def in_shells(words):
    """For each shell, a command that prints what the installed script offers for the line."""
    bash = """. /usr/share/bash-completion/bash_completion; . %s/covfefe.bash
      complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
        COMPREPLY=(); _covfefe; printf '%%s\\n' "${COMPREPLY[@]}"; }
      complete_words """ % FOLDER
    zsh = """_describe() { print -l -- ${offers%%%%:*} }; _files() { print files $@ }
      try() { words=("$@"); CURRENT=$#; . %s/_covfefe }
      try """ % FOLDER
    line = " ".join(word or "''" for word in words)
    return [["bash", "--norc", "-c", bash + line], ["zsh", "-f", "-c", zsh + line],
            ["fish", "--no-config", "-c", "source %s/covfefe.fish; complete -C '%s'" % (FOLDER, " ".join(words))]]


def with_path():
    return {**os.environ, "PATH": os.path.dirname(nodes.covfefe()) + ":" + os.environ["PATH"]}


def shells(node):
    for words, wanted in [(["fri"], {"friend"}), (["friend", "show", "--root", node.root, ""], {"bob", "carol"}),
                          (["why", "--root", node.root, "b"], {"bob"})]:
        for command in in_shells(["covfefe", *words]):
            nodes.wait_for("%s to offer %s for %s" % (command[0], wanted, words), 5,
                           lambda: printed(node.host.command(command), with_path()) == wanted)


def test_what_is_typed_does_not_run():
    """A program of another place that is called covfefe, too: the typist has not pressed Enter."""
    with tempfile.TemporaryDirectory() as folder:
        program, marker = os.path.join(folder, "covfefe"), os.path.join(folder, "marker")
        with open(program, "w") as file:
            file.write("#!/bin/sh\ntouch %s\necho evil\n" % marker)
        os.chmod(program, 0o755)
        for command in in_shells([program, "fri"]):
            assert printed(command, with_path()) == {"friend"}, command
            assert not os.path.exists(marker), "%s ran what was typed" % command[0]


def bash_divides_words_at_equals():
    line = """. /usr/share/bash-completion/bash_completion; . %s/covfefe.bash
      COMP_WORDS=(covfefe friend set bob --trust = m); COMP_CWORD=6; COMP_LINE="covfefe friend set bob --trust=m"
      COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; _covfefe; printf '%%s\\n' "${COMPREPLY[@]}" """ % FOLDER
    done = subprocess.run(["bash", "--norc", "-c", line], capture_output=True, text=True, env=with_path())
    assert done.stdout.split() == ["met"], done


def test_friends_of_a_running_node(lab):
    node = alone(lab)
    names = ("bob", "carol")
    for name in names:
        # A bare node has no address of its own to name.
        card = bare(lab, name).card("--endpoint", "192.0.2.1:6363")
        call(node, "friend", "add", card, "--name", name, "--trust", "known").ends(DONE)
    for verb in (["friend", "show"], ["friend", "set"], ["friend", "remove"], ["ping"], ["why"], ["please"]):
        # On a busy machine peerdb may be late, and then nothing is offered.
        nodes.wait_for("%s to offer friends" % verb, 5,
                       lambda: set(offered(*verb, "--root", node.root, "", host=node.host)) == set(names))
    shells(node)
    bash_divides_words_at_equals()
    os.kill(node.pid("peerdb"), signal.SIGSTOP)
    started = time.monotonic()
    assert offered("ping", "--root", node.root, "", host=node.host) == {}
    assert time.monotonic() - started < 1.5, "a hanging peerdb made the typist wait"


def main():
    test_every_verb()
    test_values()
    test_what_is_typed_does_not_run()
    nodes.main(test_friends_of_a_running_node)


if __name__ == "__main__":
    main()
