# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, and one that is gone."""
import os, time

import nodes, places, targets, trial

SECONDS = {"ci": 2.0, "nightly": 60.0}
CYCLES = {"ci": 2, "nightly": 50}
BACK = 5.0          # seconds, after the volume or the space is there again
STARTS_A_SECOND = 3.0


def fill(target):
    """Every byte; returns the file that does it."""
    path = places.seen(target, "filler")
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 10, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return path


def full(world):
    """The disk of keystore and peerdb is full: clear words, no crash loop, and recovery when there is space."""
    load = world.load
    with trial.Trial(load, "disk full and freed") as row, places.small_disk(load.bob, 6):
        load.wait_quiet()
        for cycle in range(CYCLES[world.mode]):
            before = load.bob.whole()
            filler = fill(load.bob)
            try:
                refused(row, load)
                row.cycles += 1
                if cycle % 2:
                    before = killed_while_full(row, load)
            finally:
                os.unlink(filler)
            row.compare(before, load.bob.whole(), ())
            accepted(row, load)
    return row


def refused(row, load):
    """A change is refused in words about the disk, or was still possible."""
    time.sleep(0.3)
    code, text = load.bob.node.try_cli("friend", "set", load.alice.name, "--trust", "known")
    words = any(word in text.lower() for word in ("disk", "space", "full"))
    row.require(code == 0 or words, "a full disk was answered with: %s" % text.strip())


def killed_while_full(row, load):
    """peerdb starts on a full disk, too."""
    pid, _ = load.bob.signal("peerdb")
    load.bob.wait_replaced("peerdb", pid)
    before = load.bob.whole()
    time.sleep(1.0)
    row.compare(before, load.bob.pids(), ())
    return before


def accepted(row, load):
    """With space again a change goes through soon."""
    start = time.monotonic()
    while True:
        code, text = load.bob.node.try_cli("friend", "set", load.alice.name, "--trust", "met")
        if code == 0:
            return
        if time.monotonic() - start > BACK:
            row.require(False, "%.0f s after there was space again: %s" % (BACK, text.strip()))
            return
        time.sleep(0.1)


def gone(world):
    """The volume is not there and keystore and peerdb are killed: they wait for it, traffic goes on."""
    load = world.load
    with trial.Trial(load, "state volume gone and back") as row:
        before = load.bob.whole()
        with places.no_volume(load.bob):
            start = time.monotonic()
            for service in places.KEEPERS:
                targets.end(before[service])
                row.cycles += 1
            time.sleep(SECONDS[world.mode])
            made = os.listdir(places.seen(load.bob, "peerdb")) if os.path.isdir(places.seen(load.bob, "peerdb")) else []
            row.require("peers.db" not in made, "peerdb began anew where its volume was missing")
            code, text = load.bob.node.try_cli("status")
            row.require(code != 0, "status is content without a volume")
        back = time.monotonic()
        for service in places.KEEPERS:
            took = load.probes.wait_after(service, back, BACK + 15) - back
            row.require(took <= BACK, "%s was back %.1f s after its volume" % (service, took))
        row.compare(before, load.bob.whole(), places.KEEPERS)
        silences = load.stream.silences(start, back)
        row.traffic = [max([end - max(begin, start) for begin, end in silences], default=0.0)]
        row.require(row.traffic[0] < 0.5, "traffic stood still for %.1f s" % row.traffic[0])
    return row
