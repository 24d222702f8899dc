# SPDX-License-Identifier: Apache-2.0
"""What every test of the operator's tool asks of one call: exit code, words, JSON, and that a refusal left
everything as it was."""
import hashlib, json, os, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import nodes

DONE, REFUSED, DOWN, USAGE = 0, 1, 2, 64


class Call:
    """One run of covfefe: code, standard output and standard error apart."""

    def __init__(self, host, words, seconds=60, **more):
        self.words = [str(word) for word in words]
        done = subprocess.run(host.command([nodes.covfefe()] + self.words), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, **more)
        self.code = done.returncode
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()

    def __str__(self):
        return "covfefe %s\n  ended with %d\n  out: %s\n  err: %s" % (
            " ".join(self.words), self.code, self.out, self.err)

    def ends(self, code, *phrases):
        """The exit code, and each phrase somewhere in what was printed."""
        assert self.code == code, "wanted %d of %s" % (code, self)
        for phrase in phrases:
            assert phrase in self.out + self.err, "no «%s» in %s" % (phrase, self)
        return self

    def json(self, schema):
        """Standard output is one object that begins with its schema."""
        try:
            value = json.loads(self.out)
        except ValueError as error:
            raise AssertionError("not JSON (%s): %s" % (error, self))
        assert list(value)[0] == "schema" and value["schema"] == "covfefe.%s/1" % schema, str(self)
        return value

    def refuses(self, code, *phrases):
        """One sentence on standard error, nothing on standard output, and no crash."""
        self.ends(code)
        assert self.out == "" and self.err.startswith("covfefe: "), str(self)
        for phrase in phrases:
            assert phrase in self.err, "no «%s» in %s" % (phrase, self)
        return self


def call(node, *words, **more):
    return Call(node.host, [*words, "--root", node.root], **more)


def tree(root):
    """Path, mode, owner and content of everything below root but sockets."""
    out = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            digest = ""
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            out[path] = (facts.st_mode, facts.st_uid, facts.st_gid, digest)
    return out


def write(path, text):
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def bare(lab, name="alice"):
    """A node on disk that does not run."""
    return lab.node(lab.host(name))


def alone(lab, name="alice"):
    """A node that runs and has no friends yet."""
    node = bare(lab, name)
    node.up()
    nodes.wait_for("%s to be whole" % name, 20, lambda: node.json("status", check=False)["state"] == "ok")
    return node


def friend_list(node):
    return call(node, "friend", "list", "--json").ends(DONE).json("friend-list")["friends"]
