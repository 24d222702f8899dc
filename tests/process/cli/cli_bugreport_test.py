# SPDX-License-Identifier: Apache-2.0
"""bugreport shows what is wrong and nobody's secrets: a seed, a credential, a passphrase and a pre-shared key that the
test knows are looked for in the archive, in logs, cores, answers and the memory of other processes."""
import os, re, resource, signal, subprocess, tarfile

from contract import DONE, REFUSED, call, nodes, read, write
import secrets_of

ENTRIES = {"README.txt", "versions.txt", "config.yaml", "doctor.json", "status.json", "circuits.json",
           "promises.json", "shaper.json"}
PASSPHRASE = b"correct horse battery staple, said the planted passphrase"
PETNAME = "zanzibar"


def planted(lab):
    """alice (credential) and bob (passphrase), friends with a pre-shared key; the secrets by name."""
    one, other = lab.host("alice"), lab.host("bob")
    near, far = lab.wire(one, other)
    alice = lab.node(one)
    secret = write(os.path.join(lab.directory, "passphrase"), PASSPHRASE + b"\n")
    bob = lab.node(other, "--passphrase-file", secret)
    psk = os.urandom(32)
    psk_file = write(os.path.join(lab.directory, "psk"), psk.hex() + "\n")
    for node in (alice, bob):
        node.up()
    nodes.wait_for("bob to be open, which takes Argon2id a while on a busy machine", 60, lambda: (
        call(bob, "unlock", "--passphrase-file", secret).code == DONE), pause=1)
    cards = {node: node.card("--endpoint", at + ":6363") for node, at in ((alice, near), (bob, far))}
    call(alice, "friend", "add", cards[bob], "--name", PETNAME, "--trust", "met", "--psk", psk_file).ends(DONE)
    call(bob, "friend", "add", cards[alice], "--name", "alice", "--trust", "met", "--psk", psk_file).ends(DONE)
    alice.reaches(bob, 20)
    contents = secrets_of.unsealed(alice.root)
    assert psk in contents, "what was unsealed has no pre-shared key in it"
    secrets = {"seed": contents[:32], "credential": secrets_of.credential(alice.root), "passphrase": PASSPHRASE,
               "pre-shared key": psk}
    for name, value in secrets.items():  # what finds nothing proves nothing
        for form in secrets_of.forms(value):
            assert secrets_of.found(b"x" + form + b"y", {name: value}) == [name]
    return alice, bob, secrets, (near, far)


def archive(lab):
    """the archive has what helps and no secret, name, address or key; it overwrites nothing and is the caller's"""
    alice, bob, secrets, places = planted(lab)
    path = os.path.join(lab.directory, "report.tar")
    shown = call(alice, "bugreport", path, "--json").ends(DONE).json("bugreport")
    names = {one["name"] for one in shown["entries"]}
    assert ENTRIES <= names and {"inspect-%s.json" % one for one in nodes.SERVICES} <= names, names
    assert os.stat(path).st_mode & 0o7777 == 0o600
    with tarfile.open(path) as tar:
        texts = {one.name: tar.extractfile(one).read() for one in tar.getmembers()}
        assert {name: len(text) for name, text in texts.items()} == {one["name"]: one["bytes"] for one in shown["entries"]}
    whole = read(path)
    assert not secrets_of.found(whole, secrets), secrets_of.found(whole, secrets)
    identity = alice.json("id")
    private = [PETNAME, "alice", "bob", *places, alice.address, bob.address, identity["fingerprint"].split()[0],
               os.uname().nodename]
    private += [value for key, value in identity.items() if key.endswith("_key")]
    private += [value for key, value in bob.json("id").items() if key.endswith("_key")]
    for word in private:
        found = re.search(rb"(?<![A-Za-z0-9])%s(?![A-Za-z0-9])" % re.escape(word.encode()), whole)
        assert not found, "«%s» is in the archive: %s" % (word, whole[found.start() - 80:found.end() + 20])
    assert b"friend-1" in texts["status.json"] and b"overlay-1" in texts["status.json"], texts["status.json"]
    call(alice, "bugreport", path).refuses(REFUSED, "overwrites nothing")
    call(alice, "bugreport", path + "2").ends(DONE, "wrote ", "nothing was sent", "status.json")
    call(alice, "bugreport", os.path.join(lab.directory, "no", "such", "place")).refuses(REFUSED)
    stopped = alice.kill("peerdb", signal.SIGSTOP)
    nameless = call(alice, "bugreport", path + "4", "--json").ends(DONE).json("bugreport")
    os.kill(stopped, signal.SIGCONT)
    assert any("status.json" in one for one in nameless["left_out"]), nameless
    assert PETNAME.encode() not in read(path + "4"), "router and shaper remember petnames"
    alice.down()
    down = call(alice, "bugreport", path + "3", "--json").ends(DONE).json("bugreport")
    assert "config.yaml" in {one["name"] for one in down["entries"]}, down
    assert any("log.txt" in one for one in down["left_out"]), down
    assert not secrets_of.found(read(path + "3"), secrets)


def elsewhere(lab):
    """no secret in logs, answers, metrics, cores and in the memory of any process but the keystore"""
    place = os.path.join(lab.directory, "cores")
    os.mkdir(place)
    core_anyway(place)
    home = os.getcwd()
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))  # the services lower it, not this test
    os.chdir(place)
    try:
        alice, bob, secrets, _ = planted(lab)
    finally:
        os.chdir(home)
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    for node in (alice, bob):
        for service, pid in list(node.pids().items()) + [("up", node.process.pid)]:
            if service == "keystore":
                continue
            for part in secrets_of.memory_of(pid):
                assert not secrets_of.found(part, secrets), "%s of %s: %s" % (
                    service, node.name, secrets_of.found(part, secrets))
    # The search works: it finds the seed where it has to be.
    assert any(secrets["seed"] in part for part in secrets_of.memory_of(alice.pid("keystore")))
    for service in nodes.SERVICES:
        for words in (["inspect", service], ["inspect", service, "--json"]):
            assert not secrets_of.found(call(alice, *words).ends(DONE).out.encode(), secrets), (service, words)
    for words in (["status"], ["shaper"], ["doctor"], ["friend", "show", PETNAME], ["circuits"], ["top", "--once"]):
        told = call(alice, *words)
        assert not secrets_of.found((told.out + told.err).encode(), secrets), words
    for service in nodes.SERVICES:
        alice.kill(service, signal.SIGABRT)
        nodes.wait_for("the %s to be back" % service, 20,
                       lambda: alice.json("status", check=False)["state"] == "ok")
    assert os.listdir(place) == [], os.listdir(place)
    for node in (alice, bob):
        log = read(node.log)
        assert log and not secrets_of.found(log, secrets), secrets_of.found(log, secrets)


def core_anyway(place):
    """Where the machine writes cores as plain files, a process without a jail leaves one."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    subprocess.run(["sh", "-c", "kill -ABRT $$"], cwd=place, stderr=subprocess.DEVNULL, timeout=10,
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)))
    if not os.listdir(place):
        print("not shown that a core would be seen: this machine writes none into the working directory")
    for name in os.listdir(place):
        os.unlink(os.path.join(place, name))


if __name__ == "__main__":
    nodes.main(archive, elsewhere)
