# SPDX-License-Identifier: Apache-2.0
"""`covfefe init` and the keystore's part of it, killed at, or refused, their Nth call that changes a file, for every
N: running init again completes the node, with the keys that are there, and overwrites nothing. Needs root."""
import errno, json, os, shutil, subprocess, sys, tempfile

BUILD, PRELOAD = os.environ["COVFEFE_BUILD"], os.environ.get("COVFEFE_PRELOAD", "")
COVFEFE = os.path.join(BUILD, "cmd/covfefe/covfefe")
KEYSTORE = os.path.join(BUILD, "cmd/keystore/covfefe-keystore")
FILES = ("etc/covfefenet.yaml", "etc/covfefe/credentials/keystore.key", "var/lib/covfefe/keystore/keys.sealed")


def call(words, fault=None, below=""):
    """What the shell and the jail need is not below, and does not fail."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    if fault is not None:
        environment.update(LD_PRELOAD=PRELOAD, COVFEFE_FAULT="%d %d once %s" % (*fault, below))
    return subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)


def contents(root):
    out = {}
    for name in FILES:
        try:
            with open(os.path.join(root, name), "rb") as file:
                out[name] = file.read()
        except FileNotFoundError:
            pass
    return out


def keystore_alone(root, fault):
    """The directories are there, as init makes them before it runs the keystore."""
    assert call([COVFEFE, "init", "--root", root, "--name", "carol"]).returncode == 0
    for name in FILES[1:] + ("etc/covfefe/identity.yaml",):
        os.unlink(os.path.join(root, name))
    return call([KEYSTORE, "--init", "--root", root], fault, root)


def whole_init(root, fault):
    return call([COVFEFE, "init", "--root", root, "--name", "carol"], fault, root)


def one(act, fault):
    """True if the program was stopped by the fault."""
    directory = tempfile.mkdtemp(prefix="covfefe-init-")
    root = os.path.join(directory, "node")
    try:
        first = act(root, fault)
        before, made = contents(root), os.path.exists(os.path.join(root, "etc/covfefe/identity.yaml"))
        stopped = first.returncode != 0
        if stopped or act is keystore_alone:
            again = call([COVFEFE, "init", "--root", root])
            # The identity is written last: who was stopped after it has a whole node.
            assert again.returncode == (1 if made else 0), (fault, first, again)
        after = contents(root)
        assert set(after) == set(FILES), (fault, sorted(after))
        assert all(after[name] == text for name, text in before.items()), "%s: something was overwritten" % (fault,)
        shown = call([COVFEFE, "id", "--root", root, "--json"])
        keys = call([COVFEFE, "init", "--root", root])
        assert shown.returncode == 0 and keys.returncode == 1, (fault, shown, keys)
        return stopped
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def report(what, cycles, stopped):
    assert stopped >= 3, "the fault is not made"
    print(json.dumps({"fault": "init: " + what, "cycles": cycles, "acked": 0, "lost": 0, "integrity": 0,
                      "verdict": "ok", "note": "%d of them stopped it; init completed each" % stopped}), flush=True)


def main():
    if os.geteuid() != 0 or not PRELOAD:
        print("skipped: needs root and the object to preload")
        return 77
    for act in (whole_init, keystore_alone):
        killed = 0
        while one(act, (killed + 1, 0)):
            killed += 1
        report("%s killed" % act.__name__, killed, killed)
        # Each call fails one way or the other; with --all, both ways.
        faults = [(nth, number) for nth in range(1, killed + 1) for number in (errno.EIO, errno.ENOSPC)
                  if "--all" in sys.argv or nth % 2 == (number == errno.EIO)]
        report("%s with EIO and ENOSPC" % act.__name__, len(faults), sum(one(act, fault) for fault in faults))
    return 0


if __name__ == "__main__":
    sys.exit(main())
