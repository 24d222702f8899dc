#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes noise_own.json: known answers for the handshakes that CovfefeNet runs.

Shares no code with the project: the Noise specification (revision 34) on top of `cryptography`
(X25519, ChaCha20-Poly1305) and `hashlib` (BLAKE2b). Every input is a hash of its label.
"""
import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

PATTERNS = {
    "IKpsk2": (["<s"], ["e es s ss", "e ee se psk"]),
    "NNpsk0": ([], ["psk e", "e ee"]),
    "XXpsk0": ([], ["psk e", "e ee s es", "s se"]),
}


def seed(label, size=32):
    return hashlib.blake2b(("covfefe noise " + label).encode(), digest_size=size).digest()


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def dh(secret, peer):
    return X25519PrivateKey.from_private_bytes(secret).exchange(
        X25519PublicKey.from_public_bytes(peer))


def hkdf(chain, material, count):
    temp = hmac.digest(chain, material, "blake2b")
    outputs, last = [], b""
    for i in range(1, count + 1):
        last = hmac.digest(temp, last + bytes([i]), "blake2b")
        outputs.append(last)
    return outputs


class Symmetric:
    def __init__(self, name):
        self.h = name.encode().ljust(64, b"\0")
        self.ck = self.h
        self.k = None
        self.n = 0

    def mix_hash(self, data):
        self.h = hashlib.blake2b(self.h + data).digest()

    def mix_key(self, material):
        self.ck, key = hkdf(self.ck, material, 2)
        self.k, self.n = key[:32], 0

    def mix_key_and_hash(self, material):
        self.ck, middle, key = hkdf(self.ck, material, 3)
        self.mix_hash(middle)
        self.k, self.n = key[:32], 0

    def encrypt(self, plain):
        if self.k is None:
            out = plain
        else:
            out = ChaCha20Poly1305(self.k).encrypt(nonce(self.n), plain, self.h)
            self.n += 1
        self.mix_hash(out)
        return out


def nonce(counter):
    return bytes(4) + counter.to_bytes(8, "little")


def run(name, prologue, payloads, transport):
    """One side's view is enough: whoever writes mixes the same values as whoever reads."""
    pre, messages = PATTERNS[name]
    label = name + " " + prologue.decode()
    e = [seed(label + " init e"), seed(label + " resp e")]
    s = [seed(label + " init s"), seed(label + " resp s")]
    psk = seed(label + " psk")
    state = Symmetric("Noise_" + name + "_25519_ChaChaPoly_BLAKE2b")
    state.mix_hash(prologue)
    if "<s" in pre:
        state.mix_hash(public(s[1]))
    out = []
    for i, tokens in enumerate(messages):
        me, wire = i % 2, b""
        for token in tokens.split():
            if token == "e":
                wire += public(e[me])
                state.mix_hash(public(e[me]))
                state.mix_key(public(e[me]))
            elif token == "s":
                wire += state.encrypt(public(s[me]))
            elif token == "psk":
                state.mix_key_and_hash(psk)
            else:
                initiator = {"e": e[0], "s": s[0]}[token[0]]
                responder = {"e": e[1], "s": s[1]}[token[1]]
                shared = dh(initiator, public(responder))
                assert shared == dh(responder, public(initiator))
                state.mix_key(shared)
        wire += state.encrypt(payloads[i])
        out.append({"payload": payloads[i].hex(), "ciphertext": wire.hex()})
    keys = [k[:32] for k in hkdf(state.ck, b"", 2)]
    counters = [0, 0]
    for i, plain in enumerate(transport):
        me = (len(messages) + i) % 2
        sealed = ChaCha20Poly1305(keys[me]).encrypt(nonce(counters[me]), plain, b"")
        counters[me] += 1
        out.append({"payload": plain.hex(), "ciphertext": sealed.hex()})
    vector = {
        "protocol_name": "Noise_" + name + "_25519_ChaChaPoly_BLAKE2b",
        "init_prologue": prologue.hex(), "resp_prologue": prologue.hex(),
        "init_ephemeral": e[0].hex(), "resp_ephemeral": e[1].hex(),
        "init_psks": [psk.hex()], "resp_psks": [psk.hex()],
        "handshake_hash": state.h.hex(), "messages": out,
    }
    if name != "NNpsk0":
        vector["init_static"], vector["resp_static"] = s[0].hex(), s[1].hex()
    if "<s" in pre:
        vector["init_remote_static"] = public(s[1]).hex()
    return vector


def main(path):
    transport = [seed("transport %d" % i, n) for i, n in enumerate([1, 16, 63, 64])]
    vectors = [
        run("IKpsk2", b"covfefe link v1", [seed("p1", 60) * 2, seed("p2", 41) * 4], transport),
        run("IKpsk2", b"", [b"", b""], transport),
        run("NNpsk0", b"covfefe rekey v1", [b"", b""], transport),
        run("NNpsk0", b"", [seed("p3", 7), seed("p4", 33)], transport),
        run("XXpsk0", b"covfefe e2e v1", [b"", seed("p5", 34) * 4, seed("p6", 34) * 4], transport),
        run("XXpsk0", b"x", [seed("p7", 5), b"", seed("p8", 64)], transport),
    ]
    with open(path, "w", encoding="ascii") as out:
        json.dump({"vectors": vectors}, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "noise_own.json")
