// SPDX-License-Identifier: Apache-2.0
#include "ending.h"

#include <doctest/doctest.h>

#include <csignal>

using namespace covfefe::cli;

namespace {

std::optional<Problem> line(const std::string& code, const std::string& status) {
  return ending_in("covfefe-router.service: Main process exited, code=" + code +
                   ", status=" + status + "\n");
}

}  // namespace

TEST_CASE("a broken jail is told apart from a crash, a kill and an end") {
  CHECK(signal_in_words(SIGSYS) ==
        "broke its jail: a system call that its policy lacks (signal 31, SIGSYS)");
  CHECK(signal_in_words(SIGSEGV) == "crashed (signal 11, SIGSEGV)");
  CHECK(signal_in_words(SIGKILL).ends_with("for want of memory (signal 9, SIGKILL)"));
  CHECK(signal_in_words(SIGTERM) == "was ended (signal 15, SIGTERM)");
  CHECK(signal_in_words(4'000) == "was ended (signal 4000)");
}

TEST_CASE("systemd's line says how a service ended") {
  CHECK(line("killed", "31/SYS")->what.starts_with("broke its jail"));
  CHECK(line("killed", "31/SYS")->next.starts_with("journalctl -k"));
  CHECK(line("dumped", "6/ABRT")->what == "crashed (signal 6, SIGABRT)");
  CHECK(line("exited", "1/FAILURE")->what == "ended with status 1");
  CHECK(line("exited", "1/FAILURE")->next == "journalctl -u covfefe-router.service");
  CHECK(line("exited", "226/NAMESPACE")->what ==
        "could not be started by systemd, step NAMESPACE (status 226)");
}

TEST_CASE("another line says nothing") {
  for (const char* text : {"", "covfefe-router.service: Deactivated successfully.", "code=killed",
                           "x: code=killed, status=", "x: code=killed, status=31",
                           "x: code=killed, status=-9/X", "x: code=killed, status=99999999999/X"}) {
    CAPTURE(text);
    CHECK(!ending_in(text));
  }
}
