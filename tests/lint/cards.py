# SPDX-License-Identifier: Apache-2.0
"""SECURITY.md against the tree, arguments SOURCE_ROOT BUILD_ROOT: the facts of each identity card are those of the
jail (--explain-jail=json) and of the unit; each «cannot» names a test that is there; each dependency's
paragraph, and `covfefe doctor`, name the version that the package asks for."""
import pathlib
import re
import sys

import facts
import tree

FIELDS = ['Runs as', 'Holds', 'Exposes', 'May', 'If taken']
FACTS = ['User', 'Capabilities', 'Sockets', 'Connects to', 'New sockets', 'Address families', 'Files', 'Limits']
CANNOT = 'What a taken process cannot do'
DEPENDENCIES = ['libsodium', 'libevent', "Cap'n Proto", 'SQLite', 'libseccomp', 'libcap-ng', 'libyaml',
                'CLI11', 'libqrencode', 'libmnl']
TICKED = re.compile(r'`([^`]+)`')


def rows_of(section):
    """The two columns of a card."""
    return {name.strip(): text.strip() for name, text in re.findall(r'^\| ([^|]+) \| (.+) \|$', section, re.M)}


def sockets_said(text):
    """«`a`, `b` ← `user`; `c` ← everybody»: who may connect, by socket."""
    said = {}
    for part in text.split(';'):
        names, _, owners = part.partition('←')
        for name in TICKED.findall(names):
            said[name] = set(TICKED.findall(owners))
    return said


def files_said(text):
    """«read-write `/a`, device `/b`»."""
    return {(path, access) for access, path in re.findall(r'(read-write|read|device) `([^`]+)`', text)}


def limits_said(text):
    return {name: int(value) for name, value in re.findall(r'`(RLIMIT_\w+)` (\d+)', text)}


def differs(card, row, said, right):
    if said != right:
        yield f'SECURITY.md: {card}, «{row}» says {shown(said)}, the tree says {shown(right)}'


def shown(value):
    if isinstance(value, dict):
        return ', '.join(f'{name} {shown(one)}' for name, one in sorted(value.items())) or 'none'
    if isinstance(value, set):
        return ' '.join(sorted(str(one) for one in value)) or 'none'
    return str(value)


def card_problems(service, rows, unit, jail):
    card = f'covfefe-{service}'
    ticked = {row: set(TICKED.findall(text)) for row, text in rows.items()}
    yield from differs(card, 'User', ticked['User'], {jail['user']})
    yield from differs(card, 'Capabilities', ticked['Capabilities'], jail['capabilities'])
    yield from differs(card, 'Sockets', sockets_said(rows['Sockets']), unit['sockets'])
    yield from differs(card, 'Connects to', ticked['Connects to'], facts.connects(service))
    yield from differs(card, 'New sockets', ticked['New sockets'], jail['families'])
    yield from differs(card, 'Address families', ticked['Address families'], unit['families'])
    yield from differs(card, 'Files', files_said(rows['Files']), jail['files'])
    yield from differs(card, 'Limits', limits_said(rows['Limits']), jail['limits'])


def covers(paths, path):
    return any(path == one or path.startswith(one + '/') for one in paths)


def agreement_problems(service, unit, jail):
    """Unit and jail are two walls around the same thing."""
    name = f'covfefe-{service}'
    if unit['user'] != jail['user']:
        yield f'{name}: User= of the unit is {unit["user"]}, the jail wants {jail["user"]}'
    if unit['capabilities'] != jail['capabilities']:
        yield f'{name}: the unit leaves {shown(unit["capabilities"])}, the jail {shown(jail["capabilities"])}'
    if not jail['families'] <= unit['families']:
        yield f'{name}: the unit forbids a family of sockets that the jail allows'
    if jail['connects'] != bool(facts.connects(service)):
        yield f'{name}: the jail\'s connect does not match the sockets that belong to its user'
    needed = {path for path, access in jail['files'] if access != 'read'}
    for path in sorted(needed):
        if not covers(unit['writable'], path):
            yield f'{name}: the unit does not leave {path} writable'
    for path in sorted(unit['writable']):
        if not any(covers({path}, one) for one in needed):
            yield f'{name}: the unit leaves {path} writable, the jail does not'
    for limit, value in sorted(jail['limits'].items()):
        if unit['limits'].get(limit, value) < value:
            yield f'{name}: {limit} is {unit["limits"][limit]} in the unit, the jail sets {value}'


def process_problems(sections, build):
    for process in sorted(p.name for p in (tree.root() / 'cmd').iterdir() if p.is_dir()):
        name = 'covfefe' if process == 'covfefe' else f'covfefe-{process}'
        rows = rows_of(sections.get(name, ''))
        wanted = FIELDS + (FACTS if process in tree.SERVICES else [])
        missing = [f'SECURITY.md: the card of {name} does not say «{row}»' for row in wanted if row not in rows]
        yield from missing
        if missing or process not in tree.SERVICES:
            continue
        unit, jail = facts.unit_facts(process), facts.jail_facts(process, build)
        yield from card_problems(process, rows, unit, jail)
        yield from agreement_problems(process, unit, jail)


def test_problem(cell):
    """«`tests/…/file` «words»»: the file is there, and the words in it."""
    named = re.findall(r'`(tests/[^`]+)`((?: «[^»]+»)*)', cell)
    if not named:
        return 'names no test'
    for path, quoted in named:
        file = tree.root() / path
        if not file.is_file():
            return f'names {path}, which does not exist'
        text = file.read_text()
        for phrase in re.findall(r'«([^»]+)»', quoted):
            if phrase not in text:
                return f'names «{phrase}», which is not in {path}'
    return None


def cannot_problems(text):
    found = re.search(rf'^##+ {CANNOT}\n(.*?)(?=^##|\Z)', text, re.M | re.S)
    rows = re.findall(r'^\| (covfefe[\w-]*) \| ([^|]+) \| ([^|]+) \|$', found.group(1) if found else '', re.M)
    for service in tree.SERVICES:
        if not any(process == f'covfefe-{service}' for process, _, _ in rows):
            yield f'SECURITY.md: «{CANNOT}» has no row of covfefe-{service}'
    for process, what, cell in rows:
        if problem := test_problem(cell):
            yield f'SECURITY.md: {process} cannot «{what.strip()}»: {problem}'


def asked():
    """Package: version, of every «package (>= version)» in the control file."""
    text = (tree.root() / 'tests' / 'package' / 'debian' / 'control').read_text()
    return dict(re.findall(r'([a-z0-9][a-z0-9.+-]+) \(>= ([^)]+)\)', text))


def dependency_problems(text):
    versions = asked()
    for name in DEPENDENCIES:
        found = re.search(rf'^\*\*{re.escape(name)}.*?(?=\n\n|\Z)', text, re.M | re.S)
        if not found:
            yield f'SECURITY.md: no paragraph on {name}'
            continue
        said = re.findall(r'`([a-z0-9.+-]+)` ≥ ([0-9][\w.+:~-]*[\w])', found.group(0))
        if not said:
            yield f'SECURITY.md: the paragraph on {name} names no least version: (`package` ≥ version)'
        for package, version in said:
            if versions.get(package) != version:
                yield f'SECURITY.md: {package} ≥ {version}, but the package asks for {versions.get(package)}'
    doctor = (tree.root() / 'cmd' / 'covfefe' / 'doctor_packages.cc').read_text()
    for package, version in re.findall(r'{"([a-z0-9.+-]+)", "([0-9][^"]*)"', doctor):
        if versions.get(package) != version:
            yield f'covfefe doctor: {package} ≥ {version}, but the package asks for {versions.get(package)}'


def main():
    text = (tree.root() / 'SECURITY.md').read_text()
    sections = dict(re.findall(r'^### (.+?)\n(.*?)(?=^##|\Z)', text, re.M | re.S))
    problems = [*process_problems(sections, pathlib.Path(sys.argv[2])), *cannot_problems(text),
                *dependency_problems(text)]
    tree.finish(problems, f'{len(tree.SERVICES) + 1} cards, {len(DEPENDENCIES)} dependencies')


if __name__ == '__main__':
    main()
