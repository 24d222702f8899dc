# SPDX-License-Identifier: Apache-2.0
"""The source tree as the lints see it, and how they end. Every lint takes the source root first."""
import pathlib
import sys

FOLDERS = ('cmd', 'lib', 'man', 'sandbox', 'schema', 'systemd', 'tests')
SERVICES = ('tun-helper', 'router', 'keystore', 'peerdb', 'shaper')


def root():
    return pathlib.Path(sys.argv[1]).resolve()


def files(*suffixes, folders=FOLDERS):
    """Every file below the folders with one of the suffixes, sorted, as (path, name from the root)."""
    found = []
    for folder in folders:
        for path in sorted((root() / folder).rglob('*')):
            if path.is_file() and (not suffixes or path.name.endswith(suffixes)):
                if 'corpus' not in path.parts and '__pycache__' not in path.parts:
                    found.append((path, path.relative_to(root()).as_posix()))
    if not found:
        sys.exit('the lint found no file to look at: wrong source root?')
    return found


def finish(problems, looked_at):
    """Prints every problem; the exit code says whether there was one."""
    for problem in problems:
        print(problem)
    print(f'{looked_at}: {len(problems)} problem(s)')
    sys.exit(1 if problems else 0)


def skip(why):
    print(f'skipped: {why}')
    sys.exit(77)
