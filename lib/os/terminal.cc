// SPDX-License-Identifier: Apache-2.0
#include "os/terminal.h"

#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/files.h"

namespace covfefe::os {

SysResult<std::string> ask_secret(const char* prompt) {
  const Fd terminal(open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!terminal.valid()) return last_error("open", "/dev/tty");
  termios before{};
  if (tcgetattr(terminal.number(), &before) != 0) return last_error("terminal", "/dev/tty");
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(terminal.number(), TCSAFLUSH, &silent);
  (void)write_all(terminal, bytes_of(prompt), "/dev/tty");
  std::string out;
  char c = 0;
  while (out.size() < 4096 && read(terminal.number(), &c, 1) == 1 && c != '\n') out += c;
  tcsetattr(terminal.number(), TCSAFLUSH, &before);
  (void)write_all(terminal, bytes_of("\n"), "/dev/tty");
  return out;
}

void forget(std::string& secret) {
  explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace covfefe::os
