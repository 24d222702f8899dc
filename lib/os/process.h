// SPDX-License-Identifier: Apache-2.0
// Child processes, for the one program that has them: the operator's tool as supervisor. A child
// gets its sockets by the LISTEN_FDS protocol (os/listen.h is the other end) and an environment
// that holds nothing else but what the caller names. Call from a process with one thread. Process
// numbers <= 1 are refused everywhere: 0 and -1 would name whole groups.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "os/fd.h"

namespace covfefe::os {

struct Inherit {
  std::string name;  // in LISTEN_FDNAMES
  int fd = -1;       // borrowed; becomes 3, 4, … in the child
};

enum class ErrorStream : std::uint8_t { Ours, Null };

struct Program {
  std::string path;
  std::vector<std::string> arguments;                            // without argv[0]
  std::vector<std::pair<std::string, std::string>> environment;  // nothing of ours is added
  std::vector<Inherit> sockets;
  ErrorStream errors = ErrorStream::Ours;
};

[[nodiscard]] SysResult<pid_t> spawn(const Program& program);
// Starts it with standard streams as ours, signals unblocked and default. The error is the child's
// own when it could not be executed. It is killed when this process ends in whatever way; a child
// that changes its user loses that and has to ask again (sandbox::confine does).

struct Output {
  int status = -1;   // exit code, or 128 + signal
  std::string text;  // standard output, at most 1 MiB
};
[[nodiscard]] SysResult<Output> run(const Program& program);
// Starts it and waits for its end.

struct Ended {
  pid_t pid = 0;
  int status = 0;  // exit code, meaningless after a signal
  int signal = 0;  // that ended it, 0 if it exited
};
[[nodiscard]] std::optional<Ended> reap();
// One child that has ended, or nothing. Never blocks.

[[nodiscard]] SysResult<void> send_signal(pid_t pid, int signal);
// EINVAL for pid <= 1.

[[nodiscard]] SysResult<Fd> lock_file(const std::string& path);
// Creates and locks it for as long as the Fd lives; EWOULDBLOCK when another holds it. The file
// stays, the lock does not survive its process.

[[nodiscard]] SysResult<std::string> own_directory();
// Where this program's own binary lies.
[[nodiscard]] bool is_executable(const std::string& path);
[[nodiscard]] bool is_root();

[[nodiscard]] SysResult<std::vector<bool>> wait_readable(const std::vector<int>& fds,
                                                         Duration timeout);
// poll(2): which of them are readable or hung up. All false after the timeout or a signal.

}  // namespace covfefe::os
