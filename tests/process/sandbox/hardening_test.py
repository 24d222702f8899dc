# SPDX-License-Identifier: Apache-2.0
"""How the programs are made, and how they run: what the linker and the compiler were to do is in the files, and what
confine() promises is in /proc of the services of a node that runs."""
import os, re, subprocess

from policies import Policy, binary
from traced import nodes

PROGRAMS = ("covfefe", "router", "keystore", "peerdb", "shaper", "tun-helper")
# /proc/PID/limits: name there, in bytes or numbers
LIMITS = {"RLIMIT_CORE": "Max core file size", "RLIMIT_NOFILE": "Max open files", "RLIMIT_NPROC": "Max processes",
          "RLIMIT_MEMLOCK": "Max locked memory"}


ENDBR64 = b"\xf3\x0f\x1e\xfa"


def path_of(program):
    return nodes.covfefe() if program == "covfefe" else binary(program)


def readelf(program, *words):
    return subprocess.run(["readelf", "-W", *words, path_of(program)], stdout=-1, text=True, check=True).stdout


def files(_):
    """every program: PIE, full RELRO, bound at the start, no executable stack, stack protector, CET"""
    for program in PROGRAMS:
        segments, dynamic = readelf(program, "-l"), readelf(program, "-d")
        assert re.search(r"Type: +DYN", readelf(program, "-h")), program + " is no PIE"
        assert re.search(r"FLAGS_1.*\bNOW\b.*\bPIE\b", dynamic), program + " is not bound at the start"
        assert "GNU_RELRO" in segments and "TEXTREL" not in dynamic, program + " is not full RELRO"
        assert re.search(r"GNU_STACK.* RW +0x", segments), program + " has an executable stack"
        assert not re.search(r"LOAD.* RWE +0x", segments), program + " has a segment to write and execute"
        assert "__stack_chk_fail" in readelf(program, "--dyn-syms"), program + " has no stack protector"
        # The mark of the whole file is missing, since Debian 12's own start files have none; the code is there.
        with open(path_of(program), "rb") as file:
            assert file.read().count(ENDBR64) > 100, program + " was not compiled for CET"


def mapped(pid):
    """(address range, rights, path) of every mapping."""
    with open("/proc/%d/maps" % pid) as text:
        for line in text:
            words = line.split(None, 5)
            yield words[0], words[1], words[5].strip() if len(words) > 5 else ""


def check_maps(service, pid):
    allowed = (os.path.realpath(binary(service)), "/usr/lib/", "/lib/", "[vdso]", "[vsyscall]")
    code = 0
    for where, rights, path in mapped(pid):
        assert not ("w" in rights and "x" in rights), "%s: %s %s %s" % (service, where, rights, path)
        if "x" in rights:
            code += 1
            assert path.startswith(allowed), "%s executes %s" % (service, path or where)
    assert code > 2, "nothing of %s is executable: not read" % service


def check_status(service, pid, policy):
    with open("/proc/%d/status" % pid) as text:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in text if ":\t" in line)
    kept = 1 << 12 if policy.facts["capabilities"] == ["CAP_NET_ADMIN"] else 0
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1"), (service, status)
    for name, wanted in (("CapEff", (kept,)), ("CapPrm", (kept,)), ("CapBnd", (0, kept)), ("CapInh", (0,)), ("CapAmb", (0,))):
        assert int(status[name], 16) in wanted, "%s %s %s" % (service, name, status[name])
    assert (status["Uid"].split()[0] == "0") == bool(kept), (service, status["Uid"])
    # Not dumpable: the files in /proc are root's.
    assert os.stat("/proc/%d/maps" % pid).st_uid == 0, service


def check_limits(service, pid, policy):
    with open("/proc/%d/limits" % pid) as text:
        lines = text.read()
    for limit in policy.facts["limits"]:
        soft, hard = re.search(re.escape(LIMITS[limit["name"]]) + r" +(\d+) +(\d+)", lines).groups()
        assert int(soft) == int(hard) <= limit["value"], "%s %s %s %s" % (service, limit["name"], soft, hard)


def running(lab):
    """every service: nothing to write and execute, the policy's limits and capabilities, filter, not dumpable"""
    node = lab.node(lab.host("alice"))
    node.up()
    for service, pid in node.pids().items():
        policy = Policy(service)
        check_maps(service, pid)
        check_status(service, pid, policy)
        check_limits(service, pid, policy)


if __name__ == "__main__":
    nodes.main(files, running)
