# SPDX-License-Identifier: Apache-2.0
"""doctor and bugreport on nodes that the real systemd runs: filters, namespaces and sockets are the units' there."""
import json, os, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import nodes
import systemd

# The machine lacks a volume and a time service, and the test's own drop-ins change what is started.
OF_THE_TEST = {"storage", "clock", "swap", "packages", "kernel", "cores"}


def findings(node):
    _, text = node.try_cli("doctor", "--json")
    return [one for one in json.loads(text)["findings"] if one["area"] not in OF_THE_TEST
            and "jail.conf" not in one["what"] and one["level"] != "note"]


def installed(lab):
    """an installed node has no finding; a namespace that a drop-in takes away is missed; logs are redacted"""
    alice, bob = lab.pair()
    alice.reaches(bob, 20)
    assert not findings(alice), findings(alice)
    code, text = alice.try_cli("bugreport", "/tmp/report.tar", "--json")
    assert code == 0 and {"units.txt", "log.txt"} <= {one["name"] for one in json.loads(text)["entries"]}, text
    report = alice.host.run(["tar", "-xOf", "/tmp/report.tar"])
    assert "friend-1" in report and "friend=bob" not in report and bob.address not in report
    # The installed unit goes on promising what the running process no longer has.
    alice.host.drop_in(systemd.unit("peerdb"), "[Service]\nPrivateNetwork=no\n", "open")
    alice.host.systemctl("restart", systemd.unit("peerdb"))
    said = " | ".join(one["what"] for one in nodes.wait_for("what is missed", 20, lambda: [
        one for one in findings(alice) if "shares the net namespace" in one["what"]]))
    assert "shares the net namespace" in said, said
    assert any("open.conf weakens its unit: PrivateNetwork=no" in one["what"] for one in findings(alice))


if __name__ == "__main__":
    systemd.main(installed)
