# SPDX-License-Identifier: Apache-2.0
"""The policies as the services print them (--explain-jail=json), and which of their entries a call falls under."""
import json, os, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import nodes

ALL = (1 << 64) - 1


def binary(service):
    return os.path.join(nodes.BUILD, "cmd", service, "covfefe-" + service)


def rule_text(rule):
    form = {"equal": "%d=%#x", "below": "%d<%d", "at-least": "%d>=%d", "own-pid": "%d=own pid"}
    if rule["test"] == "masked":
        return "%d&%#x=%#x" % (rule["index"], rule["mask"], rule["value"])
    if rule["test"] == "own-pid":
        return "%d=own pid" % rule["index"]
    return form[rule["test"]] % (rule["index"], rule["value"])


class Entry:
    def __init__(self, service, fields):
        self.service, self.fields = service, fields
        self.number, self.verdict, self.rare = fields["number"], fields["verdict"], fields["rare"]
        self.uses = 0

    def name(self):
        words = [self.fields["call"]] + [rule_text(rule) for rule in self.fields["arguments"]]
        return " ".join(words)

    def covers(self, registers):
        return all(self._holds(rule, registers) for rule in self.fields["arguments"])

    @staticmethod
    def _holds(rule, registers):
        if rule["index"] >= len(registers):
            return False
        value = registers[rule["index"]]
        if rule["test"] == "own-pid" or value == "pid":
            return rule["test"] == "own-pid" and value == "pid"
        value &= ALL
        return {"equal": value == rule["value"], "below": value < rule["value"], "at-least": value >= rule["value"],
                "masked": value & rule["mask"] == rule["value"]}[rule["test"]]


class Policy:
    def __init__(self, service):
        self.service = service
        self.facts = json.loads(nodes.run([binary(service), "--explain-jail=json"]))
        self.entries = [Entry(service, fields) for fields in self.facts["calls"]]

    def count(self, number, registers, times):
        """Under which entries the call falls; False if under none: it is missing."""
        found = [one for one in self.entries if one.number == number and one.covers(registers)]
        for one in found:
            one.uses += times
        return bool(found)

    def widths(self):
        out = {}
        for one in self.entries:
            key = (self.service, one.number)
            out[key] = max([out.get(key, 0)] + [rule["index"] + 1 for rule in one.fields["arguments"]])
        return out

    def open_doors(self):
        """Entries that let a call through, or that a library is known to ask for and do without."""
        return [one for one in self.entries if one.verdict != "kill"]
