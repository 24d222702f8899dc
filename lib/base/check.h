// SPDX-License-Identifier: Apache-2.0
// CHECK states what only a bug of our own can break; it aborts in every build and is never used on
// what a peer, a file or another process said. Only source files include this header: a header or
// a test that needs the same says covfefe::bug() (base/bug.h), since test frameworks own the word.
#pragma once

#include "base/bug.h"

#define CHECK(condition)           \
  do {                             \
    if (!(condition)) [[unlikely]] \
      ::covfefe::bug(#condition);  \
  } while (false)
