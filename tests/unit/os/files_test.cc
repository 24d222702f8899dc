// SPDX-License-Identifier: Apache-2.0
#include "os/files.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/sync.h"
#include "tests/support/temporary_directory.h"

using namespace covfefe;
using test::TemporaryDirectory;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

std::string content_of(const std::string& path) {
  auto text = os::read_text(path, 1'000);
  return text ? *text : text.error().text();
}

std::size_t entries(const TemporaryDirectory& dir) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator(dir.text())) ++count;
  return count;
}

}  // namespace

TEST_CASE("an Fd closes once, and moving hands over the duty") {
  int numbers[2];
  REQUIRE(::pipe(numbers) == 0);
  os::Fd reader(numbers[0]);
  {
    os::Fd first(numbers[1]);
    os::Fd second = std::move(first);
    CHECK_FALSE(first.valid());  // NOLINT: the moved-from state is what is tested
    CHECK(second.number() == numbers[1]);
  }
  char byte = 0;
  CHECK(::read(reader.number(), &byte, 1) == 0);  // the only writer is closed
}

TEST_CASE("a descriptor moves to or above a wall and keeps working") {
  int numbers[2];
  REQUIRE(::pipe(numbers) == 0);
  os::Fd reader(numbers[0]);
  auto high = os::move_to_or_above(os::Fd(numbers[1]), 600);
  REQUIRE(high.ok());
  CHECK(high->number() >= 600);
  CHECK(::fcntl(numbers[1], F_GETFD) == -1);
  CHECK((::fcntl(high->number(), F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(os::write_all(*high, bytes_of("x"), "pipe").ok());
  char byte = 0;
  CHECK(::read(reader.number(), &byte, 1) == 1);
}

TEST_CASE("a file is read whole up to the limit and refused one byte above") {
  TemporaryDirectory dir;
  dir.write("f", std::string(10'000, 'a'));
  auto exact = os::read_file(dir / "f", 10'000);
  REQUIRE(exact.ok());
  CHECK(exact->size() == 10'000);
  auto above = os::read_file(dir / "f", 9'999);
  REQUIRE_FALSE(above.ok());
  CHECK(above.error().number == EFBIG);
}

TEST_CASE("an empty file and a file of /proc, whose size reads zero, are read") {
  TemporaryDirectory dir;
  dir.write("empty", "");
  auto empty = os::read_file(dir / "empty", 0);
  REQUIRE(empty.ok());
  CHECK(empty->empty());
  CHECK(content_of("/proc/self/comm").size() > 1);
}

TEST_CASE("what is not a regular file is refused without blocking") {
  TemporaryDirectory dir;
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  CHECK(os::read_file(dir / "fifo", 10).error().number == EINVAL);
  CHECK(os::read_file(dir.text(), 10).error().number == EISDIR);
  const SysError missing = os::read_file(dir / "nothing", 10).error();
  CHECK(missing.text() == "open " + dir / "nothing" + ": No such file or directory");
}

TEST_CASE("reading by directory takes one plain name and follows no symbolic link") {
  TemporaryDirectory dir;
  dir.write("f", "content");
  REQUIRE(::symlink("f", (dir / "link").c_str()) == 0);
  auto opened = os::open_directory(dir.text());
  REQUIRE(opened.ok());
  CHECK(os::read_file_at(*opened, "f", 100).ok());
  CHECK(os::read_file_at(*opened, "link", 100).error().number == ELOOP);
  CHECK(os::read_file_at(*opened, "../f", 100).error().number == EINVAL);
  CHECK(os::read_file_at(*opened, "..", 100).error().number == EINVAL);
}

TEST_CASE("an atomic write replaces content and sets the exact mode") {
  TemporaryDirectory dir;
  dir.write("f", "old");
  const mode_t before = ::umask(077);
  auto written = os::write_atomically(dir / "f", bytes_of("new"), {.mode = 0644});
  ::umask(before);
  REQUIRE(written.ok());
  CHECK(content_of(dir / "f") == "new");
  CHECK(mode_of(dir / "f") == 0644);
  CHECK(entries(dir) == 1);
}

TEST_CASE("a failed atomic write leaves the old content and no temporary file") {
  TemporaryDirectory dir;
  dir.write("f/child", "a directory that rename cannot replace by a file");
  auto written = os::write_atomically(dir / "f", bytes_of("new"));
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().number == EISDIR);
  CHECK(written.error().object == dir / "f");
  CHECK(entries(dir) == 1);
}

TEST_CASE("a temporary file that a crash left behind does not block the next write") {
  TemporaryDirectory dir;
  dir.write(".f.new", "half written");
  REQUIRE(os::write_atomically(dir / "f", bytes_of("whole")).ok());
  CHECK(content_of(dir / "f") == "whole");
  CHECK(entries(dir) == 1);
}

TEST_CASE("create_file never overwrites") {
  TemporaryDirectory dir;
  REQUIRE(os::create_file(dir / "f", bytes_of("first")).ok());
  CHECK(os::create_file(dir / "f", bytes_of("second")).error().number == EEXIST);
  CHECK(content_of(dir / "f") == "first");
  CHECK(mode_of(dir / "f") == 0600);
  CHECK(entries(dir) == 1);
}

TEST_CASE("make_directory makes or takes a directory and refuses a symbolic link to one") {
  TemporaryDirectory dir;
  REQUIRE(os::make_directory(dir / "d", {.mode = 0750}).ok());
  CHECK(mode_of(dir / "d") == 0750);
  REQUIRE(os::make_directory(dir / "d", {.mode = 0700}).ok());
  CHECK(mode_of(dir / "d") == 0700);
  REQUIRE(::symlink("d", (dir / "link").c_str()) == 0);
  CHECK(os::make_directory(dir / "link", {.mode = 0755}).error().number == ENOTDIR);
  CHECK(mode_of(dir / "d") == 0700);
  CHECK(os::make_directory(dir / "no/such", {.mode = 0755}).error().number == ENOENT);
}

TEST_CASE("sync by path names what is missing") {
  TemporaryDirectory dir;
  dir.write("f", "x");
  CHECK(os::sync_file(dir / "f").ok());
  CHECK(os::sync_directory(dir.text()).ok());
  CHECK(os::sync_file(dir / "nothing").error().number == ENOENT);
}
