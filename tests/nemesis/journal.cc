// SPDX-License-Identifier: Apache-2.0
#include "journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "os/clock.h"
#include "os/files.h"

namespace covfefe::nemesis {
namespace {

[[noreturn]] void give_up(const char* why) {
  std::perror(why);
  std::exit(2);
}

}  // namespace

Journal::Journal(const std::string& path)
    : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (!file_.valid()) give_up("journal");
}

void Journal::issued(std::uint64_t operation, const std::string& verb, const std::string& rest) {
  add("{\"operation\":" + std::to_string(operation) + "," + member("verb", verb) +
      ",\"at\":" + std::to_string(seconds_now()) + (rest.empty() ? "" : "," + rest) + "}\n");
}

void Journal::acknowledged(std::uint64_t operation, const std::string& rest) {
  ended(operation, member("ended", "acknowledged") + (rest.empty() ? "" : "," + rest));
}

void Journal::failed(std::uint64_t operation) {
  ended(operation, member("ended", "failed"));
}

void Journal::ended(std::uint64_t operation, const std::string& how) {
  add("{\"operation\":" + std::to_string(operation) + "," + how +
      ",\"at\":" + std::to_string(seconds_now()) + "}\n");
}

void Journal::add(const std::string& line) {
  const auto written = os::write_all(
      file_, ByteView(reinterpret_cast<const std::uint8_t*>(line.data()), line.size()), "journal");
  if (!written || ::fdatasync(file_.number()) != 0) give_up("journal");
}

double seconds_now() {
  return static_cast<double>(os::monotonic_now().nanoseconds) / 1e9;
}

std::string member(const std::string& name, const std::string& plain_text) {
  return "\"" + name + "\":\"" + plain_text + "\"";
}

}  // namespace covfefe::nemesis
