# SPDX-License-Identifier: Apache-2.0
"""Every man page is there and well made, and every protocol step that code cites exists."""
import re
import shutil
import subprocess

import tree

PAGES = ['covfefe.1', 'covfefenet.yaml.5', 'covfefe-protocol.7', 'covfefe-units.7',
         *(f'covfefe-{service}.8' for service in tree.SERVICES)]
STEP = re.compile(r'\bSteps? ((?:[A-Z]\d+(?:, | and |–)?)+)')


def lint(page):
    run = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', str(page)], capture_output=True,
                         text=True)
    for line in run.stdout.splitlines():
        # Pages of this suite that are not installed yet are no fault of the page.
        if 'referenced manual not found' not in line:
            yield line.replace(str(page.parent) + '/', '')


def cited_steps():
    for path, name in tree.files('.cc', '.h', folders=('cmd', 'lib', 'sandbox')):
        for group in STEP.findall(path.read_text()):
            for step in re.findall(r'[A-Z]\d+', group):
                yield step, name


def main():
    folder = tree.root() / 'man'
    problems = [f'man/{page}: is missing' for page in PAGES if not (folder / page).exists()]
    pages = [path for path in sorted(folder.iterdir()) if re.search(r'\.[1-8]$', path.name)]
    installed = (folder / 'meson.build').read_text()
    problems += [f'man/{page.name}: is not installed by man/meson.build' for page in pages
                 if f"'{page.name}'" not in installed]
    if shutil.which('mandoc') is None:
        print('not checked: mandoc is not installed')
    else:
        for page in pages:
            problems += lint(page)
    protocol = folder / 'covfefe-protocol.7'
    text = protocol.read_text() if protocol.exists() else ''
    steps = set(re.findall(r'\b([A-Z]\d+)\b', text))
    problems += [f'{name}: cites step {step}, which covfefe-protocol(7) does not have'
                 for step, name in sorted(set(cited_steps())) if step not in steps]
    tree.finish(problems, f'{len(pages)} pages')


if __name__ == '__main__':
    main()
