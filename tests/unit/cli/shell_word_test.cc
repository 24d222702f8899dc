// SPDX-License-Identifier: Apache-2.0
#include "shell_word.h"

#include <doctest/doctest.h>

using namespace covfefe::cli;

TEST_CASE("a shell reads any text as the one word that it was") {
  CHECK(shell_word("/etc/covfefe-1.0/a_b@c") == "/etc/covfefe-1.0/a_b@c");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("~") == "'~'");
  CHECK(shell_word("a b;c") == "'a b;c'");
  CHECK(shell_word("$(x)`y`\"!\\") == "'$(x)`y`\"!\\'");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("\xc3\xa4") == "'\xc3\xa4'");
}

TEST_CASE("what a terminal shows otherwise cannot be copied") {
  CHECK(can_be_copied("/a b;c/\xc3\xa4"));
  for (const char* text : {"a\nb", "a\x1b[2K", "\xff", "\x7f"}) CHECK(!can_be_copied(text));
}
