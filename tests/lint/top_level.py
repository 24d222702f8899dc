# SPDX-License-Identifier: Apache-2.0
"""The top level is exactly the house's; lib/README.md and the folders agree."""
import re
import subprocess

import tree

REQUIRED = {'meson.build', 'cmd', 'lib', 'schema', 'sandbox', 'systemd', 'tests', 'man', 'README.md',
            'SECURITY.md', 'LICENSE'}


def entries():
    """What git would commit; without git, what lies there."""
    listing = ['git', '-c', 'safe.directory=*', 'ls-files', '--cached', '--others',
               '--exclude-standard']
    try:
        run = subprocess.run(listing, cwd=tree.root(), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {path.name for path in tree.root().iterdir()}
    return {line.split('/')[0] for line in run.stdout.splitlines()}


def main():
    found = entries()
    problems = [f'{name}: no such entry in the house' for name in sorted(found - REQUIRED)
                if not name.startswith('.')]
    problems += [f'{name}: is missing at the top level' for name in sorted(REQUIRED - found)]
    text = (tree.root() / 'lib' / 'README.md').read_text()
    rows = set(re.findall(r'^\| `(\w+)` \|', text, re.M))
    folders = {path.name for path in (tree.root() / 'lib').iterdir() if path.is_dir()}
    problems += [f'lib/{name}: has no row in lib/README.md' for name in sorted(folders - rows)]
    tree.finish(problems, f'{len(found)} entries')


if __name__ == '__main__':
    main()
