# SPDX-License-Identifier: Apache-2.0
"""clang-format decides the layout and nobody discusses it."""
import re
import shutil
import subprocess

import tree


def main():
    tool = shutil.which('clang-format')
    if tool is None:
        tree.skip('clang-format is not installed')
    found = tree.files('.cc', '.h')
    run = subprocess.run([tool, '--dry-run', '-Werror', *(str(path) for path, _ in found)],
                         capture_output=True, text=True, cwd=tree.root())
    wrong = re.findall(r'^(\S+?):(\d+):\d+: error: code should be clang-formatted', run.stderr, re.M)
    first = {}
    for name, line in wrong:
        first.setdefault(name, line)
    problems = [f'{name}:{line}: is not as clang-format has it' for name, line in first.items()]
    if run.returncode != 0 and not problems:
        problems.append(run.stderr.strip())
    tree.finish(problems, f'{len(found)} files')


if __name__ == '__main__':
    main()
