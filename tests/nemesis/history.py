# SPDX-License-Identifier: Apache-2.0
"""The checker: is there an order of the operations in a journal that explains every answer?

For each friend the possible worlds are kept: (value or None, operations without an answer that may still
take effect). What was acknowledged took effect between its two lines. What failed may take effect once or
never, and late: requests wait in the queue of a service that is stopped or not yet up. That ends LATE after
the first answer to what was asked later. A world that contradicts an answer is dropped; none left is a
violation.
"""
import json

PUT = ("add", "set")
LATE = 1.0  # seconds


def took_effect(world, operation):
    """The value after `operation`, or False where it cannot succeed in this world."""
    verb, present = operation["verb"], world is not None
    if verb == "add":
        return False if present else operation["value"]
    if verb == "set":
        return operation["value"] if present else False
    return None if present else False


def closure(worlds, open_operations):
    """Every world that a choice and order of the unanswered operations leads to."""
    found, fresh = set(worlds), list(worlds)
    while fresh:
        value, pending = fresh.pop()
        for number in pending:
            after = took_effect(value, open_operations[number])
            if after is False:
                continue
            world = (after, pending - {number})
            if world not in found:
                found.add(world)
                fresh.append(world)
    return found


class Friend:
    """The worlds of one friend."""

    def __init__(self, name):
        self.name = name
        self.worlds = {(None, frozenset())}
        self.open = {}        # number: operation, of those that failed
        self.vouched = False  # the keystore has to accept what the database has
        self.last = None      # last acknowledged operation

    def acknowledged(self, operation):
        reached = set()
        for value, pending in closure(self.worlds, self.open):
            after = took_effect(value, operation)
            if after is not False:
                reached.add((after, pending))
        self.vouched = operation["verb"] in PUT
        self.last = operation["operation"]
        return self._keep(reached, "operation %d (%s) was acknowledged" % (operation["operation"], operation["verb"]))

    def failed(self, operation):
        self.open[operation["operation"]] = operation
        self.worlds = {(value, pending | {operation["operation"]}) for value, pending in self.worlds}
        # A remove that failed may have revoked; an add that failed takes its endorsement back.
        if operation["verb"] != "set":
            self.vouched = False

    def settle(self, numbers):
        """These have taken effect by now, or never will."""
        if numbers & set(self.open):
            self.worlds = {(value, pending - numbers) for value, pending in closure(self.worlds, self.open)}
            self.open = {number: one for number, one in self.open.items() if number not in numbers}

    def read(self, value):
        return self._keep({world for world in closure(self.worlds, self.open) if world[0] == value},
                          "read as %s" % value)

    def _keep(self, worlds, what):
        if not worlds:
            had = sorted({str(value) for value, _ in closure(self.worlds, self.open)})
            self.worlds = {(None, frozenset())}
            self.open = {}
            return "%s: %s; possible was %s (after operation %s)" % (self.name, what, " or ".join(had), self.last)
        self.worlds = worlds
        kept = frozenset().union(*(pending for _, pending in worlds))
        self.open = {number: self.open[number] for number in kept}
        return None


class History:
    """Reads a journal as it grows."""

    def __init__(self, path):
        self.path, self.offset = path, 0
        self.issued, self.friends = {}, {}
        self.acknowledged = self.failed = 0
        self.late = {}  # number of a failed operation: [when it failed, when a later one was answered]
        self.lost = []  # sentences: answers that no order explains

    def advance(self):
        with open(self.path) as file:
            file.seek(self.offset)
            text = file.read()
        whole = text[:text.rfind("\n") + 1]
        self.offset += len(whole.encode())
        for line in whole.splitlines():
            self._line(json.loads(line))

    def _line(self, line):
        if "verb" in line:
            if line["operation"] in self.issued:
                self.lost.append("operation %d was issued twice" % line["operation"])
            self.issued[line["operation"]] = line
            return
        operation = self.issued.pop(line["operation"])
        if line["ended"] == "acknowledged":
            self._settle(operation["at"], line["at"])
        if operation["verb"] in PUT + ("remove",):
            self._change(operation, line)
        elif line["ended"] == "acknowledged":
            getattr(self, "_" + operation["verb"])(line)

    def _change(self, operation, line):
        friend = self.friends.setdefault(operation["friend"], Friend(operation["friend"]))
        if line["ended"] == "acknowledged":
            self.acknowledged += 1
            self._note(friend.acknowledged(operation))
        else:
            self.failed += 1
            self.late[operation["operation"]] = [line["at"], None]
            friend.failed(operation)

    def _settle(self, issued, answered):
        for times in self.late.values():
            if times[1] is None and times[0] <= issued:
                times[1] = answered
        over = {number for number, times in self.late.items() if times[1] is not None and answered > times[1] + LATE}
        for friend in self.friends.values() if over else ():
            friend.settle(over)
        for number in over:
            del self.late[number]

    def _read(self, line):
        for name in set(self.friends) | set(line["friends"]):
            friend = self.friends.setdefault(name, Friend(name))
            self._note(friend.read(line["friends"].get(name)))

    def _vouch(self, line):
        for name, verdict in line["vouched"].items():
            friend = self.friends.setdefault(name, Friend(name))
            if friend.vouched and verdict != "yes":
                self._note("%s: the keystore accepts what was acknowledged last (operation %s): %s"
                           % (name, friend.last, verdict))

    def _honour(self, line):
        for number, verdict in line["honoured"].items():
            if verdict != "no":
                self._note("revoked by operation %s, and the keystore accepts it: %s" % (number, verdict))

    def _note(self, sentence):
        if sentence:
            self.lost.append(sentence)
