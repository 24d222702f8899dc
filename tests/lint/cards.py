# SPDX-License-Identifier: Apache-2.0
"""SECURITY.md has a complete identity card for each process, and a paragraph for each dependency."""
import re

import tree

FIELDS = ['Runs as', 'Holds', 'Exposes', 'May', 'If taken']
DEPENDENCIES = ['libsodium', 'libevent', "Cap'n Proto", 'SQLite', 'libseccomp', 'libcap-ng', 'libyaml',
                'CLI11', 'libqrencode', 'libmnl']


def main():
    text = (tree.root() / 'SECURITY.md').read_text()
    sections = dict(re.findall(r'^### (.+?)\n(.*?)(?=^##|\Z)', text, re.M | re.S))
    problems = []
    processes = sorted(p.name for p in (tree.root() / 'cmd').iterdir() if p.is_dir())
    for process in processes:
        name = 'covfefe' if process == 'covfefe' else f'covfefe-{process}'
        card = sections.get(name)
        if card is None:
            problems.append(f'SECURITY.md: no identity card "### {name}"')
            continue
        problems += [f'SECURITY.md: the card of {name} does not say «{field}»' for field in FIELDS
                     if f'| {field} |' not in card]
    for dependency in DEPENDENCIES:
        if not re.search(rf'^\*\*{re.escape(dependency)}', text, re.M):
            problems.append(f'SECURITY.md: no paragraph on {dependency}')
    tree.finish(problems, f'{len(processes)} processes')


if __name__ == '__main__':
    main()
