# SPDX-License-Identifier: Apache-2.0
"""Files up to 500 lines, functions up to 60, main up to 40, parameters up to 4, no bool among them."""
import re

import cxx
import tree

FILE_WALL = 500
FUNCTION_WALL = 60
MAIN_WALL = 40
PARAMETER_WALL = 4
BOOL = re.compile(r'^(const\s+)?bool(\s+\w+)?(\s*=.*)?$')


def is_callback(parameters):
    """A C library chose its shape: void* me first."""
    return bool(parameters) and parameters[0].startswith('void*')


def problems_of(name, functions):
    for function in functions:
        where = f'{name}:{function.first_line}: {function.name()}'
        wall = MAIN_WALL if function.name() == 'main' else FUNCTION_WALL
        if function.lines > wall:
            yield f'{where} has {function.lines} lines, {wall} are the wall'
        parameters = function.parameters()
        if len(parameters) > PARAMETER_WALL and not is_callback(parameters):
            yield f'{where} has {len(parameters)} parameters, {PARAMETER_WALL} are the wall'
        # Alone it is a value (a JSON truth); beside others it is a flag that a caller mixes up.
        for parameter in parameters if len(parameters) > 1 else []:
            if BOOL.match(parameter) and not name.startswith('tests/'):
                yield f'{where} takes a bool ({parameter}): an enum says what it means'


def main():
    problems, lengths = [], []
    sources = tree.files('.cc', '.h', '.py', '.sh', '.capnp', 'meson.build')
    for path, name in sources:
        text = path.read_text()
        count = text.count('\n')
        if count > FILE_WALL:
            problems.append(f'{name} has {count} lines, {FILE_WALL} are the wall')
        if not name.endswith(('.cc', '.h')):
            continue
        functions = cxx.functions(text)
        problems += problems_of(name, functions)
        lengths += [(f.lines, f'{name}: {f.name()}') for f in functions]
    for lines, where in sorted(lengths, reverse=True)[:5]:
        print(f'longest: {lines} {where}')
    tree.finish(problems, f'{len(sources)} files, {len(lengths)} functions')


if __name__ == '__main__':
    main()
