# SPDX-License-Identifier: Apache-2.0
"""The lints' own test: what they must find in text that breaks the rules, and not find in good text."""
import pathlib
import tempfile
import unittest
import unittest.mock

import cards
import cxx
import includes
import parsers
import sizes
import text


def measured(source):
    return {f.name(): (f.lines, len(f.parameters())) for f in cxx.functions(source)}


class Functions(unittest.TestCase):
    def test_lengths_and_parameters(self):
        self.assertEqual(measured('int f(int a, int b) {\n  return a;\n}\n'), {'f': (3, 2)})
        self.assertEqual(measured('void g() const noexcept { h(1, 2, 3); }'), {'g': (1, 0)})

    def test_member_initializers_are_not_functions(self):
        source = 'Foo::Foo(int a, Bar b)\n    : a_{a}, b_(std::move(b)), c_{1, 2} {\n  go();\n}\nint x;'
        self.assertEqual(measured(source), {'Foo::Foo': (4, 2)})

    def test_commas_in_templates_and_defaults(self):
        self.assertEqual(measured('std::map<int, int> f(std::map<int, int> m, int d = g(1, 2)) {\n}'),
                         {'f': (2, 2)})

    def test_scopes_and_tables_are_not_functions(self):
        source = 'namespace a {\nstruct S { int x{3}; };\nconstexpr int k[] = {f(1), 2};\nvoid f() {\n}\n}'
        self.assertEqual(measured(source), {'f': (2, 0)})

    def test_braces_in_strings_and_comments(self):
        self.assertEqual(measured('void f() {\n  // }\n  g("}{", \'}\');\n}\n'), {'f': (4, 0)})

    def test_members_inside_a_class(self):
        source = 'class A {\n public:\n  int f(int a) const { return a; }\n  A() = default;\n};'
        self.assertEqual(measured(source), {'f': (1, 1)})

    def test_operators_and_trailing_types(self):
        self.assertEqual(measured('bool operator()(int a) const {\n}'), {'operator()': (2, 1)})
        self.assertEqual(measured('auto f(int a) -> std::vector<int> {\n}'), {'f': (2, 1)})

    def test_a_long_function_is_found(self):
        body = '  x();\n' * 70
        found = list(sizes.problems_of('a.cc', cxx.functions('void f() {\n' + body + '}\n')))
        self.assertEqual(len(found), 1)
        main = list(sizes.problems_of('a.cc', cxx.functions('int main() {\n' + '  x();\n' * 45 + '}\n')))
        self.assertEqual(len(main), 1)

    def test_many_parameters_and_a_bool_are_found(self):
        found = list(sizes.problems_of('a.cc', cxx.functions('void f(int a, int b, int c, int d, bool e) {}')))
        self.assertEqual(len(found), 2)
        callback = 'int f(void* me, int a, const char* b, const char* c, const char* d) {}'
        self.assertEqual(list(sizes.problems_of('a.cc', cxx.functions(callback))), [])


class Includes(unittest.TestCase):
    def problems(self, name, line):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'file'
            path.write_text(line + '\n')
            return list(includes.problems_of(path, name))

    def test_arrows_point_down(self):
        self.assertEqual(self.problems('lib/wire/a.cc', '#include "base/bytes.h"'), [])
        self.assertEqual(len(self.problems('lib/wire/a.cc', '#include "crypto/aead.h"')), 1)
        self.assertEqual(len(self.problems('lib/core/a.cc', '#include "os/clock.h"')), 1)
        self.assertEqual(len(self.problems('lib/core/a.cc', '#include <chrono>')), 1)
        self.assertEqual(len(self.problems('sandbox/a.cc', '#include "core/router.h"')), 1)

    def test_libraries_stay_in_their_quarantine(self):
        self.assertEqual(self.problems('lib/crypto/a.cc', '#include <sodium.h>'), [])
        for name, line in [('lib/core/a.cc', '#include <sodium.h>'),
                           ('lib/keys/a.cc', '#include <sqlite3.h>'),
                           ('cmd/router/a.cc', '#include <event2/event.h>'),
                           ('lib/store/a.cc', '#include <kj/async.h>'),
                           ('cmd/router/main.cc', '#include "schema/router.capnp.h"'),
                           ('cmd/router/main.cc', '#include <sys/socket.h>')]:
            self.assertEqual(len(self.problems(name, line)), 1, line)
        self.assertEqual(self.problems('cmd/router/control_plane.cc', '#include <kj/async.h>'), [])

    def test_no_process_includes_another(self):
        self.assertEqual(len(self.problems('cmd/router/a.cc', '#include "cmd/keystore/service.h"')), 1)
        self.assertEqual(self.problems('cmd/router/a.cc', '#include "cmd/router/mail.h"'), [])

    def test_the_check_macro_is_for_sources(self):
        self.assertEqual(len(self.problems('lib/core/a.h', '#include "base/check.h"')), 1)
        self.assertEqual(len(self.problems('tests/unit/a.cc', '#include "base/check.h"')), 1)
        self.assertEqual(self.problems('lib/core/a.cc', '#include "base/check.h"'), [])


class Words(unittest.TestCase):
    def test_putting_off_is_found_and_ordinary_words_are_not(self):
        self.assertTrue(text.WORDS.search('// TO' 'DO: later'))
        self.assertTrue(text.WORDS.search('good enough for' ' now'))
        self.assertFalse(text.WORDS.search('/tmp/name-XX' 'XXXX'))
        self.assertFalse(text.WORDS.search('stubborn'))


class Parsers(unittest.TestCase):
    def test_what_reads_must_be_listed(self):
        sources = {'lib/a.cc': parsers.signs('lib/a.cc', 'int parse_it(ByteView b) {\n  Reader in(b);\n}\n'),
                   'lib/b.cc': parsers.signs('lib/b.cc', '// parse_it() reads\nint count() { return 1; }\n')}
        self.assertEqual(sources['lib/a.cc'], ['parse_it', 'Reader in'])
        self.assertEqual(sources['lib/b.cc'], [])
        self.assertEqual(len(list(parsers.problems_of_files([], sources))), 1)
        listed = list(parsers.entries('parser lib/a.cc\n'))
        self.assertEqual(list(parsers.problems_of_files(listed, sources)), [])
        listed = list(parsers.entries('parser lib/a.cc\nnone lib/b.cc it only counts\nparser lib/gone.cc\n'))
        self.assertEqual(len(list(parsers.problems_of_files(listed, sources))), 2)

    def test_shape_of_the_list(self):
        def count(text):
            return len(list(parsers.problems_of_list(list(parsers.entries(text)))))
        self.assertEqual(count('# why\nparser a.cc\nrun tests/a\nnone b.cc it reads its own\n'), 0)
        self.assertEqual(count('parser a.cc\nparser a.cc\n'), 1)
        self.assertEqual(count('none b.cc\nparsers a.cc\nparser c.cc because\n'), 3)

    def test_words(self):
        self.assertEqual(list(parsers.problems_of_words('a.dict', '# x\n"name:"\n"\\x0a\\\\"\n')), [])
        self.assertEqual(len(list(parsers.problems_of_words('a.dict', 'name\n"\\n"\n""\n'))), 3)


class Cards(unittest.TestCase):
    ROWS = {'User': '`covfefe-peerdb`', 'Capabilities': 'none', 'Sockets': '`a`, `b` ← `x`, `y`; `c` ← everybody',
            'Connects to': 'nothing', 'New sockets': '`AF_UNIX` and no other', 'Address families': '`AF_UNIX`',
            'Files': 'read-write `/d`; read `/f`', 'Limits': '`RLIMIT_CORE` 0, `RLIMIT_NOFILE` 128'}
    UNIT = {'user': 'covfefe-peerdb', 'capabilities': set(), 'families': {'AF_UNIX'}, 'writable': {'/d'},
            'sockets': {'a': {'x', 'y'}, 'b': {'x', 'y'}, 'c': set()}, 'limits': {'RLIMIT_NOFILE': 128}}
    JAIL = {'user': 'covfefe-peerdb', 'capabilities': set(), 'families': {'AF_UNIX'}, 'connects': False,
            'limits': {'RLIMIT_CORE': 0, 'RLIMIT_NOFILE': 128}, 'files': {('/d', 'read-write'), ('/f', 'read')}}

    def found(self, rows=None, unit=None, jail=None):
        """Problems of the card, and of unit against jail, with some facts replaced."""
        unit, jail = {**self.UNIT, **(unit or {})}, {**self.JAIL, **(jail or {})}
        with unittest.mock.patch.object(cards.facts, 'connects', lambda service: set()):
            said = list(cards.card_problems('peerdb', {**self.ROWS, **(rows or {})}, unit, jail))
            return len(said), len(list(cards.agreement_problems('peerdb', unit, jail)))

    def test_what_agrees_is_not_found(self):
        self.assertEqual(self.found(), (0, 0))

    def test_each_row_that_differs_is_found(self):
        for row in self.ROWS:
            self.assertEqual(self.found(rows={row: '`other`; read `/x`; `RLIMIT_CORE` 1'})[0], 1, row)

    def test_unit_and_jail_that_differ_are_found(self):
        for unit in ({'user': 'root'}, {'capabilities': {'CAP_KILL'}}, {'families': set()}, {'writable': {'/d', '/e'}},
                     {'writable': set()}, {'limits': {'RLIMIT_NOFILE': 64}}):
            self.assertEqual(self.found(unit=unit)[1], 1, unit)
        self.assertEqual(self.found(jail={'connects': True})[1], 1)


if __name__ == '__main__':
    unittest.main()
