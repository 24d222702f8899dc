# SPDX-License-Identifier: Apache-2.0
"""kill -9 of each process at random moments, and of all at once."""
import json, time

import nodes, trial

CYCLES = {  # of mode ci and nightly
    "ci": {"peerdb": 50, "keystore": 20, "tun-helper": 20, "shaper": 15, "router": 12, "all": 4},
    "nightly": {"peerdb": 10_000, "keystore": 2_000, "tun-helper": 2_000, "shaper": 2_000, "router": 2_000, "all": 500},
}
SLOWER = {"up": 1, "systemd": 2}  # in mode ci systemd, which takes longer, gets so much fewer
AGAIN_AT_ONCE = 0.1  # so often the next kill does not wait until the service answers
STEADY = 0.5         # seconds: cut again before that, TCP remembers the last cut and waits the longer
WHOLE_AGAIN = 2.0    # seconds, after all were killed


def count(world, service):
    """Cycles."""
    if world.cycles:
        return world.cycles
    return CYCLES[world.mode][service] // (SLOWER[world.under] if world.mode == "ci" else 1)


def kill(world, service):
    """kill -9 of one process, 2 to 500 ms after it is there again."""
    load, random, cycles = world.load, world.random, count(world, service)
    with trial.Trial(load, "kill -9 " + service) as row:
        for _ in range(cycles):
            time.sleep(random.uniform(0.002, 0.5))
            before = load.bob.whole()
            pid, moment = load.bob.signal(service)
            row.hit(service, moment)
            load.bob.wait_replaced(service, pid)
            row.compare(before, load.bob.whole(), (service,))
            settle(load, random, service, moment)
    row.require_kill_bounds()
    if service == "router":
        worst = max(row.traffic)
        row.require(worst <= trial.RESUMES + row.busy(), "the stream stood still for %.0f ms" % (worst * 1000))
    return row


def settle(load, random, service, moment):
    """Traffic is given time to flow again where it was cut; else some kills hit the start itself."""
    if service in ("router", "shaper"):
        load.stream.wait_after(load.echo.wait_after(moment + 0.03, 20), 20)
        nodes.wait_for("a steady stream", 20, lambda: not load.stream.silences(time.monotonic() - STEADY, time.monotonic()))
    elif random.random() >= AGAIN_AT_ONCE:
        load.probes.wait_after(service, moment)


def kill_all(world):
    """All five at once."""
    load, cycles = world.load, count(world, "all")
    with trial.Trial(load, "kill -9 all at once") as row:
        whole = []
        for _ in range(cycles):
            time.sleep(world.random.uniform(0.002, 0.5))
            before = load.bob.whole()
            moment = time.monotonic()
            for service in nodes.SERVICES:
                load.bob.signal_pid(before[service])
            row.hit_all(moment)
            for service in nodes.SERVICES:
                load.bob.wait_replaced(service, before[service])
            load.wait_quiet()
            whole.append(time.monotonic() - moment)
    row.note = "every service answered and both flows flowed after %s ms (p50 / max)" % trial.milliseconds(whole)
    row.require_kill_bounds()
    row.require(max(whole) <= WHOLE_AGAIN + row.busy(), "full service took %.1f s" % max(whole))
    return row


def device(load):
    """What must survive the router: index, addresses and routes of bob's TUN device."""
    def ask(*words):
        return json.loads(load.bob.node.host.run(["ip", "-j", *words]))
    name = "cov-bob"
    links = [(one["ifindex"], one["mtu"]) for one in ask("link", "show", "dev", name)]
    addresses = [(one["local"], one["prefixlen"]) for one in ask("-6", "addr", "show", "dev", name)[0]["addr_info"]]
    routes = [(one["dst"], one.get("type")) for one in ask("-6", "route", "show", "dev", name)]
    return links, sorted(addresses), sorted(routes, key=str)


def kill_router(world):
    before = device(world.load)
    row = kill(world, "router")
    after = device(world.load)
    row.require(after == before, "the TUN device changed: %s, %s" % (before, after))
    return row
