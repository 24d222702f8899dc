# SPDX-License-Identifier: Apache-2.0
"""What each process may be linked with, read from its ELF file: arguments SOURCE_ROOT BUILD_ROOT."""
import pathlib
import re
import subprocess
import sys

import tree

PLAIN = {'libc', 'libm', 'libstdc++', 'libgcc_s', 'ld-linux-x86-64', 'ld-linux-aarch64', 'libatomic'}
SANITIZERS = {'libasan', 'libubsan', 'libtsan', 'libpthread', 'libdl', 'librt', 'libresolv'}
JAIL = {'libseccomp', 'libcap-ng'}
RPC = {'libcapnp', 'libcapnp-rpc', 'libkj', 'libkj-async'}

# process: (what it must need, what it may need beside that)
TABLE = {
    'tun-helper': (JAIL, {'libmnl', 'libyaml-0'}),
    'router': (JAIL | RPC | {'libsodium', 'libevent_core-2.1'}, {'libyaml-0'}),
    'keystore': (JAIL | RPC | {'libsodium'}, {'libyaml-0'}),
    'peerdb': (JAIL | RPC | {'libsqlite3'}, {'libyaml-0'}),
    'shaper': (JAIL | RPC | {'libevent_core-2.1'}, {'libyaml-0'}),
    'covfefe': (RPC, JAIL | {'libsodium', 'libyaml-0', 'libqrencode', 'libcapnp-json'}),
}


def libraries_of(binary):
    text = subprocess.run(['readelf', '-d', str(binary)], check=True, capture_output=True,
                          text=True).stdout
    names = re.findall(r'\(NEEDED\).*\[([^\]]+)\]', text)
    # libcapnp-0.9.2.so carries its version before the suffix, others behind it.
    return {re.sub(r'(-\d+\.\d+\.\d+)?\.so.*$', '', name) for name in names}


def problems_of(process, binary):
    must, may = TABLE[process]
    needed = libraries_of(binary) - PLAIN - SANITIZERS
    for name in sorted(must - needed):
        yield f'{binary.name}: is not linked with {name}'
    for name in sorted(needed - must - may):
        yield f'{binary.name}: may not be linked with {name}'


def main():
    build = pathlib.Path(sys.argv[2])
    problems = []
    for process in TABLE:
        name = 'covfefe' if process == 'covfefe' else f'covfefe-{process}'
        binary = build / 'cmd' / process / name
        if binary.exists():
            problems += problems_of(process, binary)
        else:
            problems.append(f'{name}: was not built at {binary}')
    folders = {p.name for p in (tree.root() / 'cmd').iterdir() if p.is_dir()}
    problems += [f'cmd/{name}: has no row in the table of this lint' for name in
                 sorted(folders - set(TABLE))]
    tree.finish(problems, f'{len(TABLE)} processes')


if __name__ == '__main__':
    main()
