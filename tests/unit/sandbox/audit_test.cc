// SPDX-License-Identifier: Apache-2.0
#include "sandbox/audit.h"

#include <doctest/doctest.h>

#include <string>

namespace covfefe::sandbox {
namespace {

const std::string kJailed =
    "Name:\trouter\nUmask:\t0022\nUid:\t63631\t63631\t63631\t63631\nGid:"
    "\t63631\t63631\t63631\t63631"
    "\nGroups:\t \nThreads:\t1\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
    "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n"
    "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";
constexpr os::Owner kOwner{63631, 63631};

std::string with(std::string_view key, std::string_view value) {
  std::string text = kJailed;
  const std::size_t at = text.find("\n" + std::string(key) + ":\t") + key.size() + 3;
  return text.replace(at, text.find('\n', at) - at, value);
}

bool identity_holds(const std::string& text) {
  const auto status = parse_status(text);
  return status && check_identity(*status, kRouter, kOwner).ok();
}

}  // namespace

TEST_CASE("the status of a jailed process is read and passes") {
  const auto status = parse_status(kJailed);
  REQUIRE(status.has_value());
  CHECK(status->uid == 63631);
  CHECK(status->seccomp == 2);
  CHECK(status->threads == 1);
  CHECK(status->no_groups);
  CHECK(identity_holds(kJailed));
}

TEST_CASE("a process name cannot pretend to be a field") {
  std::string text = kJailed;
  text.replace(6, 6, "CapEff:");
  CHECK(identity_holds(text));
}

TEST_CASE("a status with a field missing or not a number is not understood") {
  for (const char* key : {"Uid", "Gid", "Groups", "Threads", "CapInh", "CapPrm", "CapEff", "CapBnd",
                          "CapAmb", "NoNewPrivs", "Seccomp"}) {
    CAPTURE(key);
    std::string missing = kJailed;
    missing.replace(missing.find("\n" + std::string(key) + ":") + 1, 1, "x");
    CHECK_FALSE(parse_status(missing).has_value());
    CHECK_FALSE(parse_status(with(key, "many")).has_value());
  }
  CHECK_FALSE(parse_status(with("Uid", "1\t1\t1")).has_value());
  CHECK_FALSE(parse_status("").has_value());
}

TEST_CASE("whatever is more than the policy fails the audit") {
  CHECK_FALSE(identity_holds(with("Uid", "63631\t63631\t0\t63631")));
  CHECK_FALSE(identity_holds(with("Uid", "0\t0\t0\t0")));
  CHECK_FALSE(identity_holds(with("Gid", "63631\t0\t63631\t63631")));
  CHECK_FALSE(identity_holds(with("Gid", "0\t0\t0\t0")));
  CHECK_FALSE(identity_holds(with("Groups", "4 27 ")));
  CHECK_FALSE(identity_holds(with("CapInh", "0000000000001000")));
  CHECK_FALSE(identity_holds(with("CapPrm", "0000000000001000")));
  CHECK_FALSE(identity_holds(with("CapEff", "0000000000001000")));
  CHECK_FALSE(identity_holds(with("CapBnd", "0000000000001000")));
  CHECK_FALSE(identity_holds(with("CapAmb", "0000000000001000")));
}

TEST_CASE("the group of the user itself is no supplementary group") {
  CHECK(identity_holds(with("Groups", "63631 ")));
}

TEST_CASE("a missing wall is found") {
  const SysResult<os::Fd> status = open_status();
  REQUIRE(status.ok());
  CHECK_FALSE(check_walls(*parse_status(with("NoNewPrivs", "0")), *status).ok());
  CHECK_FALSE(check_walls(*parse_status(with("Seccomp", "0")), *status).ok());
}

TEST_CASE("the C library's trial passes where nothing is forbidden") {
  CHECK(exercise_library(Threads::AfterConfine).ok());
}

}  // namespace covfefe::sandbox
