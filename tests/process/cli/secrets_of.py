# SPDX-License-Identifier: Apache-2.0
"""What the secrets of a test's node are, in every form that they could be written in."""
import base64, ctypes, hashlib, os

HEAD, NONCE = 64, 24
LABEL = b"covfefe sealed v1"


def unsealed(root):
    """The contents of a key file that a credential opens: the seed is the first 32 bytes, pre-shared keys follow."""
    sodium = ctypes.CDLL("libsodium.so.23")
    with open(os.path.join(root, "var/lib/covfefe/keystore/keys.sealed"), "rb") as file:
        sealed = file.read()
    key = hashlib.blake2b(LABEL + sealed[32:48], digest_size=32, key=credential(root)).digest()
    box, length = sealed[HEAD + NONCE:], ctypes.c_ulonglong()
    plain = ctypes.create_string_buffer(len(box))
    failed = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, ctypes.byref(length), None, box, ctypes.c_ulonglong(len(box)), sealed[:HEAD], ctypes.c_ulonglong(HEAD),
        sealed[HEAD:HEAD + NONCE], key)
    assert failed == 0, "the key file does not open"
    return plain.raw[:length.value]


def credential(root):
    with open(os.path.join(root, "etc/covfefe/credentials/keystore.key"), "rb") as file:
        data = file.read()
    return data if len(data) == 32 else bytes.fromhex(data.decode().strip())


def forms(secret):
    """Raw, hexadecimal both ways, base64 at each of its three alignments (only characters that are all its own)."""
    out = [secret, secret.hex().encode(), secret.hex().upper().encode()]
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + secret)
        out += [text[4:-4], text[4:-4].replace(b"+", b"-").replace(b"/", b"_")]
    return out


def found(haystack, secrets):
    """Names of the secrets of which some form is in there; secrets: by name."""
    return [name for name, secret in secrets.items() if any(form in haystack for form in forms(secret))]


def memory_of(pid):
    """All of a process's memory: what it closed to itself between uses, too, but not the empty rest of arenas."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for line in maps:
            span, access = line.split()[:2]
            begin, end = (int(number, 16) for number in span.split("-"))
            most = 1 << 28 if access[0] == "r" else 1 << 20  # a sanitizer's shadow has terabytes
            if "[v" in line or end - begin > most:
                continue
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except OSError:  # given back meanwhile
                continue
