# SPDX-License-Identifier: Apache-2.0
"""Files damaged while the node was down: what is restored, what is refused, and that nothing is overwritten."""
import glob, os, signal, sqlite3

from contract import DONE, DOWN, REFUSED, alone, bare, call, friend_list, nodes, read, write


def database(node):
    return node.root + "/var/lib/covfefe/peerdb/peers.db"


def with_friend(lab):
    """alice runs and has bob, whom the newest backup knows too."""
    alice, bob = alone(lab), bare(lab, "bob")
    card = write(os.path.join(lab.directory, "bob.card"),
                 call(bob, "card", "--endpoint", "192.0.2.9:6363").ends(DONE).out)
    call(alice, "friend", "add", card, "--name", "bob", "--trust", "met").ends(DONE)
    # Every start of the database makes a backup.
    alice.down()
    alice.up()
    nodes.wait_for("the node to be whole", 20, lambda: alice.json("status", check=False)["state"] == "ok")
    friends = friend_list(alice)
    alice.down()
    assert len(friends) == 1 and glob.glob(database(alice) + ".1")
    settle(database(alice))
    return alice, friends


def settle(path):
    """Moves what is still in the log into the database file, so that damage to the file is damage to the friends."""
    connection = sqlite3.connect(path)
    connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    connection.close()
    assert not os.path.exists(path + "-wal")


def flip(path, at, count=64):
    data = bytearray(read(path))
    for index in range(at, min(at + count, len(data))):
        data[index] ^= 0x5a
    write(path, bytes(data))
    return bytes(data)


def up_and_list(alice):
    alice.up()
    nodes.wait_for("the node to be whole", 20, lambda: alice.json("status", check=False)["state"] == "ok")
    return friend_list(alice)


def restored(lab):
    """a database with flipped bytes is set aside whole and the newest backup takes its place"""
    alice, friends = with_friend(lab)
    owner = os.stat(database(alice))
    for at in (0, 100, 4096):
        damaged = flip(database(alice), at)
        assert up_and_list(alice) == friends, at
        alice.down()
        settle(database(alice))
        aside = sorted(glob.glob(database(alice) + ".corrupt-*"))
        kept = [path for path in aside if not path.endswith("-wal") and read(path) == damaged]
        assert kept, "the damaged file is not there: %s" % aside
        now = os.stat(database(alice))
        assert (now.st_uid, now.st_mode) == (owner.st_uid, owner.st_mode), "another owner or mode after the restore"


def cut_short(lab):
    """a database that was cut, also to nothing, or deleted loses no friend while a backup is sound"""
    alice, friends = with_friend(lab)
    whole = len(read(database(alice)))
    for size in (whole // 2, 4096, 100, 10, 0):
        with open(database(alice), "r+b") as file:
            file.truncate(size)
        assert up_and_list(alice) == friends, "cut to %d of %d bytes" % (size, whole)
        alice.down()
        settle(database(alice))
    os.unlink(database(alice))
    assert up_and_list(alice) == friends, "deleted"


def no_sound_backup(lab):
    """with database and every backup damaged the node starts empty and every file is kept"""
    alice, _ = with_friend(lab)
    damaged = flip(database(alice), 0)
    backups = {}
    for path in glob.glob(database(alice) + ".[0-9]"):
        backups[path] = flip(path, 0)
    assert backups
    assert up_and_list(alice) == []
    everything = [read(path) for path in glob.glob(database(alice) + "*")]
    assert damaged in everything, "the damaged database is gone"
    # The card brings the friend back.
    call(alice, "friend", "add", os.path.join(lab.directory, "bob.card"), "--name", "bob", "--trust", "met").ends(DONE)
    alice.down()


def refused_start(alice, *phrases):
    """up gives up with the service's reason in its output."""
    ended = call(alice, "up", seconds=30).ends(REFUSED)
    for phrase in phrases:
        assert phrase in ended.err + ended.out, "no «%s» in %s" % (phrase, ended)


def key_file(lab):
    """a key file that is cut, altered, foreign or missing is refused by its name and never written"""
    alice, bob = bare(lab), bare(lab, "bob")
    path = alice.root + "/var/lib/covfefe/keystore/keys.sealed"
    good, foreign = read(path), read(bob.root + "/var/lib/covfefe/keystore/keys.sealed")
    facts = os.stat(path)
    for what, text in (("cut in half", good[:len(good) // 2]), ("cut to nothing", b""), ("one byte short", good[:-1]),
                       ("one byte long", good + b"\x00"), ("of another version", bytes([good[0] ^ 1]) + good[1:]),
                       ("altered at its end", good[:-1] + bytes([good[-1] ^ 1])), ("another node's", foreign),
                       ("huge", b"\x00" * (4 << 20))):
        write(path, text)
        try:
            refused_start(alice, path)
        except AssertionError as error:
            raise AssertionError("a key file %s: %s" % (what, error))
        assert read(path) == text, "a key file %s was overwritten" % what
        call(alice, "init").refuses(REFUSED, "exists")
    os.unlink(path)
    refused_start(alice, path)
    assert not os.path.exists(path)
    call(alice, "status").ends(DOWN)
    write(path, good)
    os.chown(path, facts.st_uid, facts.st_gid)
    os.chmod(path, facts.st_mode & 0o777)
    alice.up()


def credential(lab):
    """a credential that is cut, wrong or missing opens nothing and says where it is"""
    alice = bare(lab)
    path = alice.root + "/etc/covfefe/credentials/keystore.key"
    keys = alice.root + "/var/lib/covfefe/keystore/keys.sealed"
    good, sealed = read(path), read(keys)
    for text in (good[:20], b"", b"zz" * 32 + b"\n", b"\x00" * 9000, good + good):
        write(path, text)
        refused_start(alice, path)
    write(path, b"00" * 32 + b"\n")
    refused_start(alice, keys)
    os.unlink(path)
    alice.up()
    state = [one for one in alice.json("status", check=False)["services"] if one["name"] == "keystore"][0]
    assert "locked" in state["note"] and "credentials/keystore.key back" in state["note"], state
    alice.down()
    assert read(keys) == sealed
    write(path, good)
    alice.up()
    nodes.wait_for("the node to be whole", 20, lambda: alice.json("status", check=False)["state"] == "ok")


def unlock(lab):
    """a keystore sealed by a passphrase waits for it, refuses a wrong one and opens with the right one"""
    host = lab.host("alice")
    right = write(os.path.join(lab.directory, "right"), "correct horse battery\n")
    wrong = write(os.path.join(lab.directory, "wrong"), "wrong horse battery\n")
    alice = lab.node(host, "--passphrase-file", right)
    alice.up()
    call(alice, "status").ends(REFUSED, "locked", "covfefe unlock")
    call(alice, "unlock", "--passphrase-file", wrong).refuses(REFUSED)
    call(alice, "unlock", "--passphrase-file", wrong + ".absent").refuses(REFUSED, "absent")
    call(alice, "status").ends(REFUSED, "locked")
    nodes.wait_for("the pause between two tries", 10, lambda: call(
        alice, "unlock", "--passphrase-file", right, "--json").code == DONE, pause=0.3)
    nodes.wait_for("the node to be whole", 20, lambda: alice.json("status", check=False)["state"] == "ok")
    alice.kill("keystore", signal.SIGKILL)
    nodes.wait_for("the keystore to wait again", 20, lambda: "locked" in call(alice, "status").out)


if __name__ == "__main__":
    nodes.main(restored, cut_short, no_sound_backup, key_file, credential, unlock)
