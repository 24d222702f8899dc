# SPDX-License-Identifier: Apache-2.0
"""What a whole node makes of its peer database: an older version's, one that holds what circuits need, one that
somebody altered. Real binaries in a network namespace. Needs root."""
import contextlib, os, sqlite3, sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
import nodes

BEFORE_CIRCUITS = """
DROP TABLE promises; DROP TABLE capacity; DROP TABLE catalogues; DROP TABLE destinations;
ALTER TABLE friends DROP COLUMN visibility;
ALTER TABLE metrics DROP COLUMN link_faults; ALTER TABLE metrics DROP COLUMN onion_faults;
ALTER TABLE metrics DROP COLUMN circuits_destroyed; ALTER TABLE metrics DROP COLUMN relayed_cells;
PRAGMA user_version=2;
"""


BEFORE_THE_SHAPER = """
DROP TABLE promises; DROP TABLE capacity;
PRAGMA user_version=3;
"""


def alter(node, script):
    """Changes the database of a node that is down, as root can."""
    with contextlib.closing(sqlite3.connect(node.root + "/var/lib/covfefe/peerdb/peers.db")) as database:
        database.executescript(script)


def lines(node, words):
    with open(node.log, errors="replace") as log:
        return [line for line in log if words in line]


def last_loaded(node):
    return lines(node, "keystore-knows-friends")[-1]


def wait_for_line(node, words, count):
    nodes.wait_for("%d times %r" % (count, words), 20, lambda: len(lines(node, words)) >= count)


def whole(node):
    nodes.wait_for("the node to be whole", 20, lambda: node.json("status", check=False)["state"] == "ok")


def with_friend(lab):
    alice, bob = (lab.node(lab.host(name)) for name in ("alice", "bob"))
    alice.up()
    alice.befriend(bob, at="192.0.2.9:6363")
    whole(alice)
    alice.down()
    return alice


def an_older_database(lab):
    """a database of the version before circuits is taken over with its friends, who are still endorsed"""
    alice = with_friend(lab)
    alter(alice, BEFORE_CIRCUITS)
    alice.up()
    whole(alice)
    wait_for_line(alice, "remembered catalogues", 2)
    assert "accepted=1 refused=0" in last_loaded(alice).replace('"', ""), last_loaded(alice)
    alice.down()
    with contextlib.closing(sqlite3.connect(alice.root + "/var/lib/covfefe/peerdb/peers.db")) as database:
        assert database.execute("SELECT visibility FROM friends").fetchall() == [(1,)]
        assert database.execute("PRAGMA user_version").fetchone()[0] > 2


def a_database_before_the_shaper(lab):
    """a database of the version before the shaper is taken over, and has room for promises and the uplink"""
    alice = with_friend(lab)
    alter(alice, BEFORE_THE_SHAPER)
    alice.up()
    whole(alice)
    alice.down()
    with contextlib.closing(sqlite3.connect(alice.root + "/var/lib/covfefe/peerdb/peers.db")) as database:
        assert database.execute("SELECT petname FROM friends").fetchall() == [("bob",)]
        assert database.execute("PRAGMA user_version").fetchone()[0] > 3
        for table in ("promises", "capacity"):
            assert database.execute("SELECT count(*) FROM " + table).fetchone() == (0,)


def what_circuits_need(lab):
    """catalogues and far ends are told once in a router's life, also after kill -9; nonsense in them ends nothing"""
    alice = with_friend(lab)
    alter(alice, """
INSERT INTO catalogues SELECT id, 496000, zeroblob(96 * 512) FROM friends;
INSERT INTO destinations VALUES(x'fd070707070707070707070707070707', 1);
""")
    before = len(lines(alice, "remembered catalogues"))
    alice.up()
    wait_for_line(alice, "remembered catalogues", before + 1)
    told = lines(alice, "remembered catalogues")[-1].replace('"', "")
    assert "catalogues=1 destinations=1" in told, told
    alice.kill("peerdb")
    wait_for_line(alice, "database-open", 2)
    whole(alice)
    assert len(lines(alice, "remembered catalogues")) == before + 1
    alice.kill("router")
    wait_for_line(alice, "remembered catalogues", before + 2)
    whole(alice)


def an_altered_database(lab):
    """who makes a friend visible in the database has made a record that nobody endorsed"""
    alice = with_friend(lab)
    alter(alice, "UPDATE friends SET visibility=2;")
    loads = len(lines(alice, "keystore-knows-friends"))
    alice.up()
    wait_for_line(alice, "keystore-knows-friends", loads + 1)
    assert "accepted=0 refused=1" in last_loaded(alice).replace('"', ""), last_loaded(alice)


def a_change_to_an_altered_record(lab):
    """no change is endorsed to a record that somebody altered, and the card brings the friend back"""
    alice = with_friend(lab)
    for alteration in ("trust=1", "visibility=2", "petname='bobby'", "static_key=randomblob(32)",
                       "identity_key=randomblob(32)"):
        alter(alice, "UPDATE friends SET %s;" % alteration)
        loads = len(lines(alice, "keystore-knows-friends"))
        alice.up()
        wait_for_line(alice, "keystore-knows-friends", loads + 1)
        name = "bobby" if "bobby" in alteration else "bob"
        before = alice.json("friend", "list")
        code, text = alice.try_cli("friend", "set", name, "--endpoint", "192.0.2.77:9")
        assert code == 1 and "altered" in text and "covfefe friend remove " + name in text, (alteration, code, text)
        assert alice.json("friend", "list") == before, alteration
        alice.cli("friend", "remove", name)
        alice.cli("friend", "add", os.path.join(lab.directory, "bob.card"), "--name", "bob", "--trust", "met")
        alice.cli("friend", "set", "bob", "--endpoint", "192.0.2.77:9")
        alice.down()


def main():
    if os.geteuid() != 0:
        print("skipped: needs root")
        return 77
    for case in (an_older_database, a_database_before_the_shaper, what_circuits_need, an_altered_database, a_change_to_an_altered_record):
        with nodes.Lab() as lab:
            case(lab)
        print("ok: " + case.__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
