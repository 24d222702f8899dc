# SPDX-License-Identifier: Apache-2.0
"""The checker itself: honest journals pass, doctored ones do not."""
import json, os, sys, tempfile

sys.dont_write_bytecode = True
import history


def judge(*lines):
    """The violations of a journal made of (verb, friend, value, ended) or of whole lines."""
    with tempfile.TemporaryDirectory(prefix="covfefe-history-") as directory:
        path = os.path.join(directory, "journal")
        with open(path, "w") as file:
            for number, (verb, friend, value, ended) in enumerate(lines, 1):
                issued = {"operation": number, "verb": verb, "at": number / 10}
                issued.update({"friend": friend, "value": value} if friend else {})
                answer = {"operation": number, "ended": ended, "at": number / 10 + 0.05}
                answer.update(value if not friend and value else {})
                file.write(json.dumps(issued) + "\n" + json.dumps(answer) + "\n")
        found = history.History(path)
        found.advance()
        return found.lost


YES, NO = "acknowledged", "failed"


def read(**friends):
    return ("read", None, {"friends": friends}, YES)


def honest():
    assert not judge(("add", "n1", "a", YES), ("set", "n1", "b", YES), read(n1="b"), ("remove", "n1", "", YES), read())
    assert not judge(("add", "n1", "a", NO), read(n1="a")) and not judge(("add", "n1", "a", NO), read())
    assert not judge(("add", "n1", "a", YES), ("remove", "n1", "", NO), read(n1="a"), read())
    # It failed, was overtaken, and took effect late: before what it cannot contradict.
    assert not judge(("add", "n1", "a", YES), ("set", "n1", "b", NO), ("set", "n1", "c", YES), read(n1="c"), read(n1="b"))
    assert not judge(("add", "n1", "a", YES), ("vouch", None, {"vouched": {"n1": "yes"}}, YES))
    assert not judge(("add", "n1", "a", NO), ("vouch", None, {"vouched": {"n1": "no"}}, YES))


def doctored():
    lost = ("add", "n1", "a", YES), read()
    stale = ("add", "n1", "a", YES), ("set", "n1", "b", YES), read(n1="a")
    resurrected = ("add", "n1", "a", YES), ("remove", "n1", "", YES), read(n1="a")
    twice = ("add", "n1", "a", NO), read(n1="a"), ("remove", "n1", "", YES), read(n1="a")
    invented = ("add", "n1", "a", YES), read(n1="a", n2="b")
    added_again = ("add", "n1", "a", YES), ("add", "n1", "b", YES)
    late = (("add", "n1", "a", YES), ("set", "n1", "b", NO)) + (("set", "n1", "c", YES),) * 20 + (read(n1="b"),)
    for journal in (late, lost, stale, resurrected, twice, invented, added_again):
        assert len(judge(*journal)) == 1, journal
    assert judge(("add", "n1", "a", YES), ("vouch", None, {"vouched": {"n1": "no"}}, YES))
    assert judge(("add", "n1", "a", YES), ("remove", "n1", "", YES), ("honour", None, {"honoured": {"2": "yes"}}, YES))


if __name__ == "__main__":
    honest()
    doctored()
    print("ok  the checker explains honest journals and no doctored one")
