# SPDX-License-Identifier: Apache-2.0
"""The main job on real input: alice and bob become friends by card, alice fetches a file from bob."""
import hashlib, os, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import nodes

SIZE = 64 << 20
PORT = 8000


def make_file(directory):
    os.makedirs(directory)
    digest = hashlib.sha256()
    with open(os.path.join(directory, "gift.bin"), "wb") as file:
        for _ in range(SIZE >> 20):
            chunk = os.urandom(1 << 20)
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def serve(lab, bob, directory):
    server = bob.host.start(["python3", "-m", "http.server", str(PORT), "--bind", bob.address,
                             "--directory", directory],
                            stdout=open(os.path.join(lab.directory, "http.log"), "wb"), stderr=-2)
    nodes.wait_for("the web server", 10, lambda: bob.host.run(
        ["curl", "-g", "-s", "-o", "/dev/null", "http://[%s]:%d/" % (bob.address, PORT)], check=False) == ""
        and "LISTEN" in bob.host.run(["ss", "-Hltn", "sport = :%d" % PORT], check=False))
    return server


def show_status(*all_nodes):
    for node in all_nodes:
        code, text = node.try_cli("status")
        print("\n$ covfefe status --root %s   (exit %d)\n%s" % (node.root, code, text))
        if code != 0:
            raise RuntimeError("%s is not ok" % node.name)


def job(lab):
    print("two hosts (network namespaces), one wire, one node on each …", flush=True)
    start = time.monotonic()
    alice, bob = lab.pair()
    print("  %s is %s\n  %s is %s" % (alice.name, alice.address, bob.name, bob.address))
    alice.reaches(bob)
    print("friends by card, first ping answered %.1f s after the start" % (time.monotonic() - start))
    wanted = make_file(os.path.join(lab.directory, "share"))
    server = serve(lab, bob, os.path.join(lab.directory, "share"))
    url = "http://[%s]:%d/gift.bin" % (bob.address, PORT)
    target = os.path.join(lab.directory, "fetched.bin")
    print("$ curl -g %s" % url, flush=True)
    start = time.monotonic()
    alice.host.run(["curl", "-g", "-sS", "-f", "-o", target, url], timeout=300)
    took = time.monotonic() - start
    server.terminate()  # with --keep only the nodes stay
    server.wait(5)
    got = sha256_of(target)
    if got != wanted:
        raise RuntimeError("the file came altered: %s, not %s" % (got, wanted))
    show_status(alice, bob)
    print("%d MiB in %.1f s, %.0f Mbit/s, SHA-256 %s… as sent" % (SIZE >> 20, took, SIZE * 8 / took / 1e6, got[:16]))
    return alice, bob


def main():
    keep = "--keep" in sys.argv[1:]
    if any(word != "--keep" for word in sys.argv[1:]):
        print("usage: quickstart [--keep]", file=sys.stderr)
        return 64
    with nodes.Lab(jail_unknown="enosys", keep=keep) as lab:
        alice, bob = job(lab)
        if keep:
            for node in (alice, bob):
                print("\n%s:  ip netns exec %s %s status --root %s" % (node.name, node.host.ns, nodes.covfefe(), node.root))
            print("\nstop:  kill %d %d && sleep 4; ip netns del %s; ip netns del %s; rm -r %s" % (
                alice.process.pid, bob.process.pid, alice.host.ns, bob.host.ns, lab.directory))
    print("\nquickstart: all of it worked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
