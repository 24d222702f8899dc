# SPDX-License-Identifier: Apache-2.0
"""Finds function definitions in C++ text by its braces: enough for measuring, not a parser."""
import re

NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
    re.S)
SCOPE = re.compile(r'\b(namespace|class|struct|union|enum|extern)\b')
AFTER_PARAMETERS = re.compile(
    r'(\)|\b(const|noexcept|override|final|mutable|try)|&|->\s*[\w:<>,&*\s]+)\s*$')
NOT_FUNCTIONS = {'if', 'for', 'while', 'switch', 'catch', 'return', 'sizeof', 'decltype', 'alignas'}


def blank(text):
    """The text with comments, strings and preprocessor lines as spaces; line breaks stay."""
    def spaces(match):
        return re.sub(r'[^\n]', ' ', match.group(0))
    text = NOT_CODE.sub(spaces, text)
    return re.sub(r'^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', spaces, text, flags=re.M | re.S)


class Function:
    def __init__(self, head, start, first_line):
        self.head, self.start, self.first_line, self.lines = head, start, first_line, 0

    def name(self):
        before = self.head[:self.parameters_at()].rstrip()
        match = re.search(r'(operator\s*\S+|~?[\w:]+(<[^<>]*>)?)$', before)
        return match.group(1) if match else before[-30:]

    def parameters_at(self):
        """Where the parameter list opens: the first bracket after a name, outside template lists."""
        depth = 0
        for at, c in enumerate(self.head):
            if c == '<' and not re.search(r'operator\s*<?$', self.head[:at]):
                depth += 1
            elif c == '>' and depth > 0 and self.head[at - 1] != '-':
                depth -= 1
            elif c == '(' and depth == 0:
                word = re.search(r'(\w+)\s*$', self.head[:at])
                if word and word.group(1) in NOT_FUNCTIONS | {'noexcept', 'operator', 'requires'}:
                    continue
                return at
        return len(self.head)

    def parameters(self):
        depth, out, current = 0, [], ''
        for c in self.head[self.parameters_at():]:
            if c in '([{<':
                depth += 1
                if depth == 1:
                    continue
            if c in ')]}>':
                depth -= 1
                if depth == 0:
                    break
            if c == ',' and depth == 1:
                out.append(current.strip())
                current = ''
            else:
                current += c
        if current.strip():
            out.append(current.strip())
        return [] if out == ['void'] else out


def is_function(head):
    if SCOPE.search(re.sub(r'\(.*', '', re.sub(r'template\s*<[^{}]*?>', '', head), flags=re.S)):
        return False
    if '(' not in head or re.search(r'=\s*$', head):
        return False
    return bool(AFTER_PARAMETERS.search(head)) or head.rstrip().endswith('}')


def is_initializer(head):
    """An opening brace of a member initializer: T::T(int a) : a_{"""
    return bool(re.search(r'\)\s*(noexcept\s*)?:(?!:).*[\w>]\s*$', head, re.S))


def functions(text):
    """Every function defined at namespace or class scope, with its length in lines."""
    text = blank(text)
    found, stack, head_at = [], [], 0
    for at, c in enumerate(text):
        if c == '{':
            head = text[head_at:at]
            inside = any(kind != 'scope' for kind, _ in stack)
            if inside:
                stack.append(('block', None))
            elif is_initializer(head):
                stack.append(('initializer', None))
                continue
            elif is_function(head):
                lead = len(head) - len(head.lstrip())
                line = text.count('\n', 0, head_at + lead) + 1
                function = Function(head.strip(), at, line)
                found.append(function)
                stack.append(('function', function))
            elif SCOPE.search(head) and '=' not in head:
                stack.append(('scope', None))
            else:
                stack.append(('block', None))
            head_at = at + 1
        elif c == '}' and stack:
            kind, function = stack.pop()
            if kind == 'initializer':
                continue
            if function is not None:
                function.lines = text.count('\n', 0, at) + 2 - function.first_line
            head_at = at + 1
        elif c == ';' and not any(kind == 'initializer' for kind, _ in stack):
            head_at = at + 1
        elif c == ':' and re.search(r'\b(public|private|protected)\s*$', text[head_at:at]):
            head_at = at + 1
    return found
