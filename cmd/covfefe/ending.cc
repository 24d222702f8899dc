// SPDX-License-Identifier: Apache-2.0
#include "ending.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstring>

#include "os/file_facts.h"
#include "os/process.h"

namespace covfefe::cli {
namespace {

// systemd.exec(5): from here on systemd could not start the program.
constexpr int kFirstOfSystemd = 200;

// SD_MESSAGE_UNIT_PROCESS_EXIT. Of process 1 only: a service may write the same words.
constexpr const char* kProcessExit = "MESSAGE_ID=98e322203f7a4ed290d09fe03c09fe15";

std::string_view word_after(std::string_view line, std::string_view key) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + key.size());
  return line.substr(0, line.find_first_of(", \n"));
}

bool is_crash(int signal) {
  constexpr std::array<int, 6> kFaults = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
  for (const int fault : kFaults) {
    if (signal == fault) return true;
  }
  return false;
}

std::string status_in_words(int status, std::string_view name) {
  const std::string number = std::to_string(status);
  if (status < kFirstOfSystemd) return "ended with status " + number;
  return "could not be started by systemd, step " + std::string(name) + " (status " + number + ")";
}

}  // namespace

std::string signal_in_words(int signal) {
  const char* name = ::sigabbrev_np(signal);
  const std::string which = "(signal " + std::to_string(signal) +
                            (name != nullptr ? ", SIG" + std::string(name) : "") + ")";
  if (signal == SIGSYS) return "broke its jail: a system call that its policy lacks " + which;
  if (signal == SIGKILL) return "was killed by hand, by a watchdog or for want of memory " + which;
  return (is_crash(signal) ? "crashed " : "was ended ") + which;
}

std::optional<Problem> ending_in(std::string_view line) {
  const std::string_view code = word_after(line, "code=");
  const std::string_view status = word_after(line, "status=");
  const std::string_view unit = line.substr(0, line.find(':'));
  int number = 0;
  const auto read = std::from_chars(status.data(), status.data() + status.size(), number);
  const bool whole = read.ec == std::errc() && read.ptr != status.data() + status.size() &&
                     *read.ptr == '/' && number >= 0;
  if (code.empty() || !whole) return std::nullopt;
  const std::string_view name = status.substr(status.find('/') + 1);
  if (code == "exited") {
    return Problem{status_in_words(number, name), "journalctl -u " + std::string(unit)};
  }
  return Problem{signal_in_words(number), number == SIGSYS
                                              ? "journalctl -k -g type=1326 names the call"
                                              : "journalctl -u " + std::string(unit)};
}

std::optional<Problem> last_ending(const Layout& layout, std::string_view service) {
  const std::string journalctl = "/usr/bin/journalctl";
  const bool runs = os::facts_of("/run/systemd/system").ok();
  if (layout.tree() != os::RootTree::System || !runs || !os::is_executable(journalctl))
    return std::nullopt;
  os::Program program;
  program.path = "/usr/bin/timeout";
  program.errors = os::ErrorStream::Null;
  program.arguments = {"1",
                       journalctl,
                       "--quiet",
                       "--boot",
                       "--reverse",
                       "--lines=1",
                       "--output=cat",
                       "--since=-10min",
                       "_PID=1",
                       "UNIT=covfefe-" + std::string(service) + ".service",
                       kProcessExit};
  const auto output = os::run(program);
  if (!output || output->status != 0) return std::nullopt;
  return ending_in(output->text);
}

}  // namespace covfefe::cli
