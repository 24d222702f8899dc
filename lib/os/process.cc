// SPDX-License-Identifier: Apache-2.0
#include "os/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace covfefe::os {
namespace {

constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START of sd_listen_fds(3)
constexpr std::size_t kMostOutput = 1 << 20;

void restore_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD, SIGHUP}) signal(number, SIG_DFL);
}

// A launcher that is killed takes its children with it: left alone they would hold its sockets.
void end_with(pid_t launcher) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != launcher) _exit(127);  // it died before the kernel knew what we want
}

bool silence_errors() {
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  return null >= 0 && dup2(null, STDERR_FILENO) >= 0;
}

bool place_sockets(const std::vector<Inherit>& sockets) {
  // First out of the way of 3.., since a source may stand where a target will be.
  const int clear_of = kFirstInherited + static_cast<int>(sockets.size());
  std::vector<int> high;
  for (const Inherit& socket : sockets) {
    high.push_back(fcntl(socket.fd, F_DUPFD_CLOEXEC, clear_of));
    if (high.back() < 0) return false;
  }
  for (std::size_t i = 0; i < high.size(); ++i) {
    if (dup2(high[i], kFirstInherited + static_cast<int>(i)) < 0) return false;
  }
  return true;
}

void set_environment(const Program& program) {
  clearenv();
  for (const auto& [key, value] : program.environment) setenv(key.c_str(), value.c_str(), 1);
  if (program.sockets.empty()) return;
  std::string names;
  for (const Inherit& socket : program.sockets) names += (names.empty() ? "" : ":") + socket.name;
  setenv("LISTEN_FDS", std::to_string(program.sockets.size()).c_str(), 1);
  setenv("LISTEN_FDNAMES", names.c_str(), 1);
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
}

struct Pipe {
  Fd read;
  Fd write;
};

SysResult<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return last_error("pipe", "");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

[[noreturn]] void become(const Program& program, int failure_fd) {
  restore_signals();
  std::vector<char*> arguments;
  arguments.push_back(const_cast<char*>(program.path.c_str()));
  for (const std::string& argument : program.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  // Above every inherited number, so that placing the sockets cannot overwrite it.
  const int report = fcntl(failure_fd, F_DUPFD_CLOEXEC,
                           kFirstInherited + 2 * static_cast<int>(program.sockets.size()) + 1);
  if (report >= 0 && place_sockets(program.sockets)) {
    set_environment(program);
    execv(program.path.c_str(), arguments.data());
  }
  const int number = errno;
  [[maybe_unused]] const auto written = write(report, &number, sizeof number);
  _exit(127);
}

SysResult<pid_t> start(const Program& program, int output) {
  auto failure = make_pipe();
  if (!failure) return failure.error();
  const pid_t launcher = getpid();
  const pid_t pid = fork();
  if (pid < 0) return last_error("fork", program.path);
  if (pid == 0) {
    end_with(launcher);
    if (output >= 0 && dup2(output, STDOUT_FILENO) < 0) _exit(127);
    if (program.errors == ErrorStream::Null && !silence_errors()) _exit(127);
    become(program, failure->write.number());
  }
  failure->write.reset();
  int number = 0;
  if (read(failure->read.number(), &number, sizeof number) == sizeof number) {
    waitpid(pid, nullptr, 0);
    return SysError{"execute", program.path, number};
  }
  return pid;
}

}  // namespace

SysResult<pid_t> spawn(const Program& program) {
  return start(program, -1);
}

SysResult<Output> run(const Program& program) {
  auto output = make_pipe();
  if (!output) return output.error();
  const auto pid = start(program, output->write.number());
  if (!pid) return pid.error();
  output->write.reset();
  Output out;
  std::array<char, 4096> chunk{};
  while (true) {
    const ssize_t got = read(output->read.number(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (out.text.size() < kMostOutput) out.text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

std::optional<Ended> reap() {
  int status = 0;
  const pid_t pid = waitpid(-1, &status, WNOHANG);
  if (pid <= 0) return std::nullopt;
  return Ended{pid, WIFEXITED(status) ? WEXITSTATUS(status) : 0,
               WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

SysResult<void> send_signal(pid_t pid, int signal) {
  if (pid <= 1) return SysError{"kill", std::to_string(pid), EINVAL};
  if (kill(pid, signal) != 0) return last_error("kill", std::to_string(pid));
  return {};
}

SysResult<Fd> lock_file(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return last_error("open", path);
  if (flock(fd.number(), LOCK_EX | LOCK_NB) != 0) return last_error("lock", path);
  return fd;
}

SysResult<std::string> own_directory() {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return last_error("readlink", "/proc/self/exe");
  const std::string whole(path.data(), static_cast<std::size_t>(size));
  return whole.substr(0, whole.rfind('/'));
}

bool is_executable(const std::string& path) {
  return access(path.c_str(), X_OK) == 0;
}

bool is_root() {
  return geteuid() == 0;
}

SysResult<std::vector<bool>> wait_readable(const std::vector<int>& fds, Duration timeout) {
  std::vector<pollfd> polled;
  for (const int fd : fds) polled.push_back({fd, POLLIN, 0});
  const auto millis = static_cast<int>((timeout.nanoseconds + 999'999) / 1'000'000);
  const int ready = poll(polled.data(), polled.size(), millis);
  if (ready < 0 && errno != EINTR) return last_error("poll", "");
  std::vector<bool> out;
  for (const pollfd& one : polled) out.push_back(ready > 0 && one.revents != 0);
  return out;
}

}  // namespace covfefe::os
