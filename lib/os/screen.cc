// SPDX-License-Identifier: Apache-2.0
#include "os/screen.h"

#include <fcntl.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>

#include "os/files.h"

namespace covfefe::os {
namespace {

// Other page, no wrapping, no cursor; and back. ECMA-48, and the private modes of xterm.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?7l\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[0m\x1b[?25h\x1b[?7h\x1b[?1049l";

SysResult<Fd> terminal_at(int number, const char* name) {
  if (isatty(number) == 0) return SysError{"isatty", name, ENOTTY};
  Fd copy(fcntl(number, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) return last_error("fcntl", name);
  return copy;
}

}  // namespace

bool shows_utf8() {
  if (std::setlocale(LC_CTYPE, "") == nullptr) return false;
  return std::string_view(nl_langinfo(CODESET)) == "UTF-8";
}

Screen::Screen(Fd input, Fd output, const termios& before)
    : input_(std::move(input)), output_(std::move(output)), before_(before) {}

SysResult<Screen> Screen::take() {
  auto input = terminal_at(STDIN_FILENO, "standard input");
  if (!input) return input.error();
  auto output = terminal_at(STDOUT_FILENO, "standard output");
  if (!output) return output.error();
  termios before{};
  if (tcgetattr(input->number(), &before) != 0) return last_error("tcgetattr", "standard input");
  Screen screen(std::move(*input), std::move(*output), before);
  screen.take_again();
  return screen;
}

Screen::~Screen() {
  if (input_.valid()) give_back();
}

void Screen::take_again() const {
  termios raw = before_;
  // Control-C comes as a key, so that the way out is one; signals from elsewhere still come.
  raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG | IEXTEN);
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  tcsetattr(input_.number(), TCSADRAIN, &raw);
  (void)write(kEnter);
}

void Screen::give_back() const {
  (void)write(kLeave);
  tcsetattr(input_.number(), TCSADRAIN, &before_);
}

ScreenSize Screen::size() const {
  winsize told{};
  if (ioctl(output_.number(), TIOCGWINSZ, &told) != 0 || told.ws_col == 0 || told.ws_row == 0)
    return {};
  return {std::min<std::size_t>(told.ws_col, 1'000), std::min<std::size_t>(told.ws_row, 1'000)};
}

SysResult<std::string_view> Screen::read(std::span<char> into) const {
  const ssize_t n = ::read(input_.number(), into.data(), into.size());
  if (n < 0 && errno != EIO) return last_error("read", "standard input");
  return std::string_view(into.data(), n < 0 ? 0 : static_cast<std::size_t>(n));
}

SysResult<void> Screen::write(std::string_view text) const {
  return write_all(output_, bytes_of(text), "standard output");
}

}  // namespace covfefe::os
