# SPDX-License-Identifier: Apache-2.0
"""The first line of every source is its licence; no source puts work off to later."""
import re

import tree

SPDX = 'SPDX-License-Identifier: Apache-2.0'
# Spelled in halves, so that this file passes its own test.
PUT_OFF = ['TO' 'DO', 'FIX' 'ME', 'XX' 'X', 'HA' 'CK', 'hack' 'y', 'place' 'holder', 'st' 'ubs?',
           'for' ' now', 'not' ' implemented', 'un' 'implemented yet']
WORDS = re.compile(r'\b(' + '|'.join(PUT_OFF) + r')\b')


def first_line(text):
    lines = text.split('\n')
    return lines[1] if lines[0].startswith('#!') and len(lines) > 1 else lines[0]


def main():
    problems = []
    found = tree.files()
    found += [(tree.root() / 'meson.build', 'meson.build')]
    looked_at = 0
    for path, name in found:
        if not name.endswith(('.cc', '.h', '.py', '.sh', '.capnp', 'meson.build')):
            continue
        looked_at += 1
        text = path.read_text()
        # Cap'n Proto wants its file id first.
        if not name.endswith('.capnp') and SPDX not in first_line(text):
            problems.append(f'{name}: the first line is not the licence')
        for number, line in enumerate(text.split('\n'), 1):
            if word := WORDS.search(line):
                problems.append(f'{name}:{number}: puts work off ({word.group(0)})')
            if line != line.rstrip() or '\t' in line:
                problems.append(f'{name}:{number}: tab or space at the end of the line')
        if not text.endswith('\n') or text.endswith('\n\n'):
            problems.append(f'{name}: does not end with exactly one line break')
    tree.finish(problems, f'{looked_at} files')


if __name__ == '__main__':
    main()
