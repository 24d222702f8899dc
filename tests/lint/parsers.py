# SPDX-License-Identifier: Apache-2.0
"""Every file that reads foreign bytes or text is a parser in tests/fuzz/parsers.txt or says there why it is none; every
dictionary belongs to a target and can be read."""
import re

import cxx
import tree

NAMES = re.compile(r'(^|::)((parse|decode|unpack|read|receive)(_[a-z0-9_]+)?|[a-z0-9_]+_from)$')
READS = re.compile(r'\b(Reader (in|from|input|reader)\b|Reader& |InnerReader\b|load_[lb]e<|recvm?msg\(|recv\(|getline\()')
ENTRY = re.compile(r'(parser|run|none) (\S+)(?: +(.+))?$')
WORD = re.compile(r'"(\\\\|\\"|\\x[0-9a-fA-F]{2}|[^"\\])+"$')


def signs(name, text):
    """What makes a source look as if it read what others wrote. Headers mostly declare: there only functions count."""
    found = [one for one in (f.name() for f in cxx.functions(text)) if NAMES.search(one)]
    uses = READS.finditer(cxx.blank(text)) if name.endswith('.cc') else ()
    return found + [match.group(0).strip() for match in uses]


def entries(text):
    """(number, kind, name, reason) of each line; kind is None where it has no shape."""
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith('#'):
            match = ENTRY.match(line)
            yield (number, *match.groups()) if match else (number, None, line, None)


def problems_of_list(listed):
    seen = set()
    for number, kind, name, reason in listed:
        where = f'tests/fuzz/parsers.txt:{number}:'
        if kind is None:
            yield f'{where} is not "parser FILE", "run PROGRAM" or "none FILE REASON"'
        elif (kind == 'none') != (reason is not None):
            yield f'{where} {"says no reason" if kind == "none" else "says too much"}'
        if name in seen:
            yield f'{where} {name} is listed twice'
        seen.add(name)


def problems_of_files(listed, sources):
    """sources: {name: signs}."""
    named = {name: kind for _, kind, name, _ in listed if kind in ('parser', 'none')}
    for name, found in sources.items():
        if found and name not in named:
            yield f'{name} reads ({", ".join(sorted(set(found))[:3])}) and is not in tests/fuzz/parsers.txt'
        if not found and named.get(name) == 'none':
            yield f'{name} reads nothing: it needs no reason in tests/fuzz/parsers.txt'
    yield from (f'tests/fuzz/parsers.txt: there is no {name}' for name in named if name not in sources)


def problems_of_words(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith('#') and not WORD.match(line):
            yield f'{name}:{number}: is no word that libFuzzer can read'


def main():
    listed = list(entries((tree.root() / 'tests/fuzz/parsers.txt').read_text()))
    found = tree.files('.cc', '.h', folders=('cmd', 'lib', 'sandbox'))
    sources = {name: signs(name, path.read_text()) for path, name in found}
    problems = list(problems_of_list(listed)) + list(problems_of_files(listed, sources))
    words = tree.files('.dict', folders=('tests',))
    for path, name in words:
        problems += problems_of_words(name, path.read_text())
        if not (path.parent / 'corpus' / path.stem).is_dir():
            problems.append(f'{name}: there is no such target')
    tree.finish(problems, f'{len(found)} sources, {len(words)} dictionaries')


if __name__ == '__main__':
    main()
