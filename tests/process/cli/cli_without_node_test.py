# SPDX-License-Identifier: Apache-2.0
"""The operator's tool where no node runs: init, configuration, usage, and refusals that change nothing."""
import json, os

from contract import Call, DONE, DOWN, REFUSED, USAGE, bare, call, nodes, read, tree, write

NOBODY = 65534


def init_makes_a_node(lab):
    """init makes a whole node: sealed keys and credential are private, public files are readable"""
    alice = bare(lab)
    assert os.stat(alice.root + "/etc/covfefenet.yaml").st_mode & 0o777 == 0o644
    assert os.stat(alice.root + "/etc/covfefe/identity.yaml").st_mode & 0o777 == 0o644
    for private in ("var/lib/covfefe/keystore/keys.sealed", "etc/covfefe/credentials/keystore.key"):
        assert os.stat(os.path.join(alice.root, private)).st_mode & 0o077 == 0, private
    assert call(alice, "id", "--json").ends(DONE).json("id")["address"].startswith("fd")
    text = call(alice, "id").ends(DONE, alice.address, "fingerprint").out
    assert len([line for line in text.splitlines() if line.startswith("fingerprint")][0].split()) >= 2
    host = alice.host
    fresh = os.path.join(lab.directory, "fresh")
    made = Call(host, ["init", "--root", fresh, "--name", "carol", "--json"]).ends(DONE).json("init")
    assert made["name"] == "carol" and made["config"] == fresh + "/etc/covfefenet.yaml", made


PARTS = ("etc/covfefenet.yaml", "var/lib/covfefe/keystore/keys.sealed", "etc/covfefe/identity.yaml")


def set_aside(node, parts):
    for part in parts:
        os.rename(os.path.join(node.root, part), os.path.join(node.root, part) + ".aside")


def bring_back(node, parts):
    for part in parts:
        os.rename(os.path.join(node.root, part) + ".aside", os.path.join(node.root, part))


def init_overwrites_nothing(lab):
    """init refuses where a node is, or its identity is all that is left, and leaves every byte as it was"""
    alice = bare(lab)
    before = tree(alice.root)
    call(alice, "init", "--name", "mallory").refuses(REFUSED, "exists", "overwrites nothing")
    assert tree(alice.root) == before
    set_aside(alice, PARTS[:2])
    before = tree(alice.root)
    call(alice, "init").refuses(REFUSED, PARTS[2] + " exists")
    assert tree(alice.root) == before
    bring_back(alice, PARTS[:2])
    call(alice, "config", "check").ends(DONE)


def init_goes_on(lab):
    """an init that was interrupted is completed by the next one with the same keys, overwriting nothing"""
    alice = bare(lab)
    whole = tree(alice.root)
    set_aside(alice, PARTS[2:])
    left = tree(alice.root)
    call(alice, "init", "--name", "mallory").ends(REFUSED, "says something else", "overwrites nothing")
    key = os.path.join(alice.root, "etc/covfefe/credentials/keystore.key")
    os.rename(key, key + ".aside")
    call(alice, "init").ends(REFUSED, "keys.sealed is there already", "--passphrase-file")
    os.rename(key + ".aside", key)
    assert tree(alice.root) == left
    call(alice, "init").ends(DONE, alice.address)
    os.unlink(os.path.join(alice.root, PARTS[2]) + ".aside")
    assert tree(alice.root) == whole
    set_aside(alice, PARTS[1:])
    call(alice, "init").ends(DONE)
    assert alice.json("id")["address"] != alice.address


def init_refuses_bad_words(lab):
    """a bad --listen, --tun, --name or passphrase makes nothing at all"""
    host = lab.host("alice")
    root = os.path.join(lab.directory, "never")
    short = write(os.path.join(lab.directory, "short"), "seven77\n")
    cases = [(["--listen", word], USAGE, "--listen: ") for word in (
        "nonsense", "0", "99999", "10.0.0.1", "10.0.0.1:99999", "10.0.0.1:x", "[::1", "[::1]", "host.example:6363", "65534",
        "65535", "-1", "224.0.0.1:6363")]
    cases += [(["--tun", word], USAGE, "--tun " + word) for word in ("..", "a/b", "sixteen-bytes-xx", "with space")]
    cases += [(["--name", word], USAGE, "a name is 1 to 63 of") for word in (
        "Bob", "a_b", "-x", "x-", "a.b", "n" * 64, "naïve", "a b", "x\ny")]
    cases += [(["--passphrase-file", os.path.join(lab.directory, "absent")], REFUSED, "no keys were made"),
              (["--passphrase-file", short], REFUSED, "no keys were made")]
    for words, code, phrase in cases:
        ended = Call(host, ["init", "--root", root, *words])
        ended.ends(code, phrase)
        left = [path for path in tree(root) if os.path.isfile(path)] if os.path.exists(root) else []
        assert not left, "%s left %s" % (words, left)
    Call(host, ["init", "--root", root]).ends(DONE)


def init_with_passphrase(lab):
    """a node sealed by a passphrase stores no credential and says how to open it"""
    host = lab.host("alice")
    secret = write(os.path.join(lab.directory, "secret"), "correct horse battery\nsecond line\n")
    root = os.path.join(lab.directory, "sealed")
    Call(host, ["init", "--root", root, "--passphrase-file", secret]).ends(DONE)
    assert not os.listdir(root + "/etc/covfefe/credentials")
    assert b"correct horse" not in read(root + "/var/lib/covfefe/keystore/keys.sealed")


def needs_root(lab):
    """init and up say at once that they need root"""
    alice = bare(lab)
    demoted = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    command = [nodes.covfefe()]
    import subprocess
    for words in (["init", "--root", "/tmp/covfefe-not-made"], ["up", "--root", alice.root]):
        done = subprocess.run(command + words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20,
                              **demoted)
        assert done.returncode == REFUSED and "run it as root" in done.stdout, (words, done)
    assert not os.path.exists("/tmp/covfefe-not-made")


BROKEN = (  # text, line, key, words
    ("nam: x\n", 1, "nam", "nearest known one is 'name'"),
    ("name: Bob\n", 1, "name", "is not 1..63"),
    ("name: a\nname: b\n", 2, "name", ""),
    ("name: [a]\n", 1, "name", ""),
    ("listen:\n  contrl: 6363\n", 2, "listen.contrl", "listen.control"),
    ("listen:\n  control: 70000\n", 2, "listen.control", ""),
    ("listen:\n  control: 0\n", 2, "listen.control", ""),
    ("listen:\n  control: 6363\n  data: [6364]\n", 3, "listen.data", "list of two"),
    ("listen:\n  data:\n    - 6364\n    - x\n", 4, "listen.data", ""),
    ("listen:\n  control: 6364\n", None, "listen", "differ"),
    ("tun:\n  name: a/b\n", 2, "tun.name", "interface name"),
    ("tun:\n  exclude: [10.0.0.0/8]\n", 2, "tun.exclude", ""),
    ("tun:\n  exclude:\n    - fd12::/48\n    - fd12::1/48\n", 4, "tun.exclude", "behind its length"),
    ("capacity:\n  up: 10 Mbps\n", 2, "capacity.up", ""),
    ("capacity:\n  up: 1 bit/s\n", 2, "capacity.up", ""),
    ("capacity:\n  down: -1 Mbit/s\n", 2, "capacity.down", ""),
    ("link.overhead: 257\n", 1, "link.overhead", "from 0 to 256"),
    ("min_trusted_entries: many\n", 1, "min_trusted_entries", "whole number"),
    ("circuits:\n  per_destination: 5\n", 2, "circuits.per_destination", "from 1 to 4"),
    ("circuits:\n  strangers: no\n", 2, "circuits.strangers", "neither accept nor refuse"),
    ("circuits:\n  relay: perhaps\n", 2, "circuits.relay", "neither yes nor no"),
    ("storage:\n  require_luks: maybe\n", 2, "storage.require_luks", "neither yes nor no"),
    ("storage:\n  require_luk: no\n", 2, "storage.require_luk", "storage.require_luks"),
    ("storage: yes\n", 1, "storage", ""),
    ("name: &a alice\n", 1, None, ""),
    ("name: !!str alice\n", 1, None, ""),
    ("name: |\n  alice\n", 1, None, ""),
    ("name: alice\n--- \nname: bob\n", None, None, ""),
    ("name: 'alice\n", None, None, ""),
    ("name: \x01\n", None, None, ""),
    (b"name: \xff\xfe\n", None, None, ""),
    ("a: " * 200 + "b\n", None, None, ""),
    ("a:\n" + "".join(" " * n + "a:\n" for n in range(1, 30)), None, None, ""),
    ("[" * 5000 + "\n", None, None, ""),
    ("- name\n", None, None, ""),
    ("tun:\n  exclude: [%s]\n" % ", ".join("fd%02x::/16" % n for n in range(65)), 2, "tun.exclude", "more than 64"),
    ("# big\n" * (200 << 10), None, None, ""),
)


def config_check(lab):
    """config check names file, line and key of each fault; nothing of such a file is used"""
    alice = bare(lab)
    path = alice.root + "/etc/covfefenet.yaml"
    good = read(path)
    call(alice, "config", "check", "--json").ends(DONE).json("config-check")
    for text, line, key, words in BROKEN:
        write(path, text)
        where = path + (":%d:" % line if line else "")
        for verb in (["config", "check"], ["config", "show"], ["card"], ["status"], ["up"]):
            ended = call(alice, *verb).refuses(REFUSED, where, words)
            assert key is None or key in ended.err, "no «%s» in %s" % (key, ended)
            assert len(ended.err) < 1000, "%d bytes of words" % len(ended.err)
        refusal = call(alice, "config", "check", "--json").ends(REFUSED).json("error")
        assert where in refusal["error"], refusal
    write(path, good)
    call(alice, "config", "check").ends(DONE)


def config_show(lab):
    """config show is itself a valid configuration with the same values"""
    alice = bare(lab)
    path = alice.root + "/etc/covfefenet.yaml"
    write(path, "name: zoe\ncapacity.up: 1.5 MB/s\ntun:\n  exclude: [fd12::/16]\nstorage.require_luks: no\n"
                "circuits: {per_destination: 3, strangers: refuse, relay: no}\n")
    shown = call(alice, "config", "show").ends(DONE).out
    values = call(alice, "config", "show", "--json").ends(DONE).json("config-show")
    assert values["name"] == "zoe" and values["tun"]["exclude"] == ["fd12::/16"], values
    assert values["circuits"] == {"per_destination": 3, "strangers": "refuse", "relay": False}, values
    assert values["storage"]["require_luks"] is False and values["listen"]["control"] == "6363", values
    write(path, shown)
    assert call(alice, "config", "show").ends(DONE).out == shown
    assert call(alice, "config", "show", "--json").ends(DONE).json("config-show") == values
    write(path, "")
    assert call(alice, "config", "show", "--json").ends(DONE).json("config-show")["storage"]["require_luks"] is True


def usage(lab):
    """wrong words end with 64 and say which; help and version end with 0"""
    host = lab.host("alice")
    for words in ([], ["frobnicate"], ["friend"], ["config"], ["ping"], ["why"], ["inspect"], ["id", "--nope"],
                  ["friend", "add"], ["friend", "add", "x.card", "--name", "x"], ["friend", "remove"],
                  ["friend", "add", "x.card", "--name", "x", "--trust", "total"], ["ping", "bob", "--count", "0"],
                  ["ping", "bob", "--count", "-1"], ["ping", "bob", "--count", "x"], ["up", "--jail-unknown", "maybe"],
                  ["inspect", "nobody"], ["id", "--root"], ["path"], ["circuit"], ["circuit", "new"], ["circuit", "close"],
                  ["circuit", "close", "x"], ["circuit", "close", "-1"], ["circuit", "close", "4294967296"],
                  ["circuits", "bob", "carol"], ["identity"], ["identity", "new"], ["identity", "drop", "--once"],
                  ["friend", "set", "bob", "--visibility", "everyone"],
                  ["friend", "add", "x.card", "--name", "x", "--trust", "met", "--visibility", ""]):
        Call(host, words).ends(USAGE)
    for words in (["--help"], ["up", "--help"], ["friend", "--help"], ["friend", "add", "--help"], ["--version"]):
        assert Call(host, words).ends(DONE).out.strip()


def no_node_here(lab):
    """every verb where no node is: exit 2 and the command that makes one; where none runs: how to start it"""
    host = lab.host("alice")
    empty = os.path.join(lab.directory, "empty")
    for words in (["id"], ["card"], ["status"], ["config", "check"], ["config", "show"], ["up"]):
        Call(host, [*words, "--root", empty]).refuses(DOWN, empty, "covfefe init --root " + empty)
        Call(host, [*words, "--root", empty, "--json"]).ends(DOWN).json("error")
    assert not os.path.exists(empty)
    alice = lab.node(host)
    asking = [["ping", "bob"], ["why", "bob"], ["friend", "list"], ["friend", "show", "bob"],
              ["friend", "remove", "bob"], ["friend", "set", "bob", "--trust", "met"], ["path", "bob"], ["circuits"],
              ["circuits", "bob"], ["circuit", "new", "bob"], ["circuit", "close", "1"], ["identity", "new", "--once"],
              ["identity", "drop"]]
    asking += [["inspect", service] for service in nodes.SERVICES]
    for words in asking:
        call(alice, *words).refuses(DOWN, "does not answer", "next: is it running? covfefe up --root " + alice.root)
        refusal = call(alice, *words, "--json").ends(DOWN).json("error")
        assert "does not answer" in refusal["error"] and "covfefe up" in refusal["next"], refusal
    down = call(alice, "status", "--json").ends(DOWN).json("status")
    assert down["state"] == "down" and all(one["pid"] is None for one in down["services"]), down
    assert down["circuits"] is None, down
    call(alice, "status").ends(DOWN, "down")


def card(lab):
    """the card holds the endpoints that were asked for and no secret; hostile words pass JSON unharmed"""
    alice = bare(lab)
    text = call(alice, "card", "--endpoint", "192.0.2.7:6363", "--endpoint", "[2001:db8::7]:1").ends(DONE).out
    assert text.startswith("covfefe_card: 1\n") and "192.0.2.7:6363" in text and "[2001:db8::7]:1" in text, text
    secret = read(alice.root + "/etc/covfefe/credentials/keystore.key").decode().strip()
    assert secret not in text and len(text) < 4096
    for words in (["192.0.2.7"], ["192.0.2.7:0"], ["192.0.2.7:65536"], [":6363"], ["a b:1"], ["x" * 300 + ":1"],
                  ["[::1]"], ["bob\n:1"]):
        call(alice, "card", "--endpoint", *words).refuses(USAGE, "is not HOST:PORT")
    nine = [word for n in range(9) for word in ("--endpoint", "192.0.2.%d:1" % n)]
    call(alice, "card", *nine).refuses(USAGE, "at most 8")
    assert call(alice, "card", "--endpoint", "h:1", "--json").ends(DONE).json("card")["card"].startswith("covfefe_card")
    assert "█" in call(alice, "card", "--qr").ends(DONE).out
    for word in ("quote\"\\", "tab\t", "esc\x1b[2J", "Grüße"):
        refusal = call(alice, "card", "--endpoint", word, "--json").ends(USAGE).json("error")
        assert word in refusal["error"], refusal
    identity = alice.root + "/etc/covfefe/identity.yaml"
    good = read(identity)
    for broken in (good[:len(good) // 2], good.replace(b"covfefe_card: 1", b"covfefe_card: 2"), b"", b"\x00" * 64,
                   good + b"more: 1\n", b"x" * 5000):
        write(identity, broken)
        for words in (["id"], ["card"], ["status"], ["up"]):
            call(alice, *words).refuses(REFUSED, identity)


if __name__ == "__main__":
    nodes.main(init_makes_a_node, init_overwrites_nothing, init_goes_on, init_refuses_bad_words, init_with_passphrase, needs_root,
               config_check, config_show, usage, no_node_here, card)
