// SPDX-License-Identifier: Apache-2.0
// What doctor reads of files, against files that the test makes.
#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>

#include "os/file_facts.h"
#include "tests/support/temporary_directory.h"

using namespace covfefe;

TEST_CASE("kinds, modes and links are told as they are; what is not there is ENOENT") {
  const test::TemporaryDirectory own;
  const std::filesystem::path at = own / "facts";
  std::filesystem::create_directory(at);
  const std::string file = at / "file";
  REQUIRE(os::create_file(file, {}, {0640}).ok());
  std::filesystem::create_symlink("file", at / "link");
  CHECK(os::facts_of(file)->kind == os::FileKind::Regular);
  CHECK(os::facts_of(file)->mode == 0640);
  CHECK(os::facts_of(at)->kind == os::FileKind::Directory);
  CHECK(os::facts_of(at / "link")->kind == os::FileKind::Regular);
  CHECK(os::facts_of_entry(at / "link")->kind == os::FileKind::Link);
  CHECK(*os::link_text(at / "link") == "file");
  CHECK(*os::names_in(at) == std::vector<std::string>{"file", "link"});
  CHECK(os::facts_of(at / "none").error().number == ENOENT);
  CHECK(os::link_text(file).error().number == EINVAL);
  CHECK(os::names_in(file).error().number == ENOTDIR);
  CHECK(os::space_at(at).ok());
  CHECK(os::group_by_name("no-such-group-here").error().number == ENOENT);
  CHECK(*os::group_by_name("root") == 0);
  CHECK(os::clock_discipline().ok());
}
