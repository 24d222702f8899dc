# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: the table of lib/README.md, and one row per process. Arrows point down."""
import re
import sys

import tree

THIRD_PARTY = [
    ('libsodium', r'sodium(/.*)?\.h$'),
    ('SQLite', r'sqlite3(ext)?\.h$'),
    ('libevent', r'event2/'),
    ('kj', r'(kj|capnp)/'),
    ('kj', r'schema/'),
    ('libyaml', r'yaml\.h$'),
    ('libseccomp', r'seccomp\.h$'),
    ('libcap-ng', r'cap-ng\.h$'),
    ('libmnl', r'libmnl/'),
    ('libqrencode', r'qrencode\.h$'),
    ('CLI11', r'CLI/'),
    ('doctest', r'doctest/'),
    ('rapidcheck', r'rapidcheck'),
    ('benchmark', r'benchmark/'),
]

# What a folder may include beside itself and the C++ library. "libc" is every other <….h>.
FOLDERS = {
    'lib/base': set(),
    'lib/wire': {'base'},
    'lib/crypto': {'base', 'libsodium'},
    'lib/core': {'base', 'wire', 'crypto'},
    'lib/shape': {'base'},
    'lib/trust': {'base'},
    'lib/config': {'base', 'libyaml'},
    'lib/os': {'base', 'libc'},
    'lib/keys': {'base', 'wire', 'crypto', 'os', 'libsodium'},
    'lib/store': {'base', 'os', 'SQLite'},
    'lib/rpc': {'base', 'wire', 'os', 'kj'},
    'lib/loop': {'base', 'os', 'libevent'},
    'sandbox': {'base', 'os', 'libseccomp', 'libcap-ng', 'libc'},
    'cmd/tun-helper': {'base', 'config', 'os', 'sandbox', 'libmnl', 'netlink'},
    'cmd/router': {'base', 'config', 'wire', 'crypto', 'core', 'shape', 'os', 'loop', 'rpc',
                   'sandbox', 'kj'},
    'cmd/keystore': {'base', 'config', 'wire', 'crypto', 'os', 'keys', 'rpc', 'sandbox', 'kj'},
    'cmd/peerdb': {'base', 'config', 'wire', 'os', 'store', 'rpc', 'sandbox', 'kj'},
    'cmd/shaper': {'base', 'config', 'wire', 'os', 'shape', 'loop', 'rpc', 'sandbox', 'kj'},
    'cmd/covfefe': {'base', 'config', 'wire', 'crypto', 'os', 'rpc', 'sandbox', 'trust', 'kj', 'CLI11',
                    'libqrencode'},
}

# Arithmetic and protocol: time and randomness are parameters there, threads and files absent.
PURE = ('lib/wire', 'lib/crypto', 'lib/core', 'lib/shape', 'lib/trust')
WORLDLY = {'chrono', 'ctime', 'thread', 'mutex', 'condition_variable', 'future', 'iostream',
           'fstream', 'filesystem', 'random', 'csignal'}

# In a process, KJ and the contracts are the business of its RPC files alone.
KJ_FILES = re.compile(r'cmd/[^/]+/(service|control)[a-z_]*\.(cc|h)$')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def owner_of(name):
    """The row of the table that a file belongs to, or nothing (tests)."""
    rows = [row for row in FOLDERS if name.startswith(row + '/')]
    return max(rows, key=len, default=None)


def third_party(header):
    for library, pattern in THIRD_PARTY:
        if re.match(pattern, header):
            return library
    return None


def target_of(name, quoted, header, siblings):
    """What an include line reaches: a folder's name, a library, "libc", or None for the C++ library."""
    library = third_party(header)
    if library:
        return library
    if not quoted:
        if not header.endswith(('.h', '.hpp')):
            return None
        return 'netlink' if header.startswith('linux/') and name.startswith('cmd/') else 'libc'
    first = header.split('/')[0]
    if '/' not in header:
        return owner_of(name) if header in siblings else 'no such file'
    if first in ('cmd', 'lib', 'tests'):
        return '/'.join(header.split('/')[:2])
    return first


def problems_of(path, name):
    text = path.read_text()
    row = owner_of(name)
    siblings = {sibling.name for sibling in path.parent.iterdir()}
    for quote, header in INCLUDE.findall(text):
        if header == 'base/check.h' and (name.endswith('.h') or name.startswith('tests/')):
            if name != 'lib/base/check.h':
                yield f'{name}: base/check.h is for sources only'
        if row is None:
            continue
        target = target_of(name, quote == '"', header, siblings)
        own = row.removeprefix('lib/')
        if target is None:
            if row in PURE and header in WORLDLY:
                yield f'{name}: <{header}> in a folder without clock, thread or file'
        elif target not in FOLDERS[row] | {own, row}:
            yield f'{name}: may not include {header} ({row} → {target})'
        elif target == 'kj' and name.startswith('cmd/') and not KJ_FILES.match(name):
            yield f'{name}: {header} belongs into service* or control*'


def main():
    found = tree.files('.cc', '.h')
    problems = [p for path, name in found for p in problems_of(path, name)]
    rows = {p.name for p in (tree.root() / 'lib').iterdir() if p.is_dir()}
    rows -= {row.removeprefix('lib/') for row in FOLDERS}
    problems += [f'lib/{row}: has no row in the table of this lint' for row in sorted(rows)]
    tree.finish(problems, f'{len(found)} files')


if __name__ == '__main__':
    sys.exit(main())
