// SPDX-License-Identifier: Apache-2.0
// covfefe top: one frame a second until the operator has seen enough.
#include <array>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "commands.h"
#include "os/clock.h"
#include "os/poll.h"
#include "os/screen.h"
#include "os/signals.h"
#include "printable.h"
#include "services.h"
#include "top_frame.h"

namespace covfefe::cli {
namespace {

constexpr Duration kFrame = Duration::seconds(1);

std::string clock_now() {
  const std::time_t now = std::time(nullptr);
  std::tm day{};
  localtime_r(&now, &day);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%H:%M:%S", &day)};
}

const char* sgr_of(Look look) {
  switch (look) {
    case Look::Plain:
      return "";
    case Look::Strong:
      return "\x1b[1m";
    case Look::Head:
      return "\x1b[7m";
    case Look::Quiet:
      return "\x1b[2m";
    case Look::Alarm:
      return "\x1b[1;7m";
  }
  return "";
}

// Overwrites the frame before it without clearing first: nothing flickers.
std::string painted(const std::vector<TopLine>& frame, std::size_t rows) {
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < frame.size(); ++i) {
    out += (i == 0 ? "" : "\r\n") + std::string(sgr_of(frame[i].look)) + frame[i].text + "\x1b[0m";
  }
  return frame.size() < rows ? out + "\r\n\x1b[J" : out;
}

std::string printed(const std::vector<TopLine>& frame) {
  std::string out;
  for (const TopLine& line : frame) {
    const std::size_t end = line.text.find_last_not_of(' ');
    out += line.text.substr(0, end == std::string::npos ? 0 : end + 1) + "\n";
  }
  return out;
}

class Live {
 public:
  Live(const Layout& layout, Connection shaper, ShaperState first)
      : layout_(layout),
        shaper_(std::move(shaper)),
        glyphs_(os::shows_utf8() ? Glyphs::Blocks : Glyphs::Ascii) {
    model_.take(std::move(first));
  }

  std::string once() const { return printed(top_frame(model_, {{}, clock_now(), glyphs_})); }
  Outcome<void> run(os::Screen& screen, const os::Fd& signals);

 private:
  Outcome<void> draw(const os::Screen& screen);
  Outcome<TopDoes> typed(const os::Screen& screen);
  TopDoes signalled(const os::Screen& screen, const os::Fd& signals) const;
  void refresh();

  const Layout& layout_;
  std::optional<Connection> shaper_;  // none: it went away
  Glyphs glyphs_;
  TopModel model_;
};

Outcome<void> Live::draw(const os::Screen& screen) {
  const os::ScreenSize size = screen.size();
  const auto frame = top_frame(model_, {{size.columns, size.rows}, clock_now(), glyphs_});
  const auto done = screen.write(painted(frame, size.rows));
  if (!done) return Problem{done.error().text(), ""};
  return {};
}

void Live::refresh() {
  if (model_.paused()) return;
  if (!shaper_) {
    auto again = Connection::open(layout_, "shaper");
    if (!again) return model_.lost(printable(again.error().what));
    shaper_.emplace(std::move(*again));
  }
  auto state = shaper_state(*shaper_);
  if (state) return model_.take(std::move(*state));
  shaper_.reset();
  model_.lost(printable(state.error().what));
}

Outcome<TopDoes> Live::typed(const os::Screen& screen) {
  std::array<char, 64> buffer{};
  const auto keys = screen.read(buffer);
  if (!keys) return Problem{keys.error().text(), ""};
  if (keys->empty()) return TopDoes::Ends;
  const os::ScreenSize size = screen.size();
  return model_.press(*keys, friend_rows({size.columns, size.rows}));
}

TopDoes Live::signalled(const os::Screen& screen, const os::Fd& signals) const {
  while (const auto signal = os::read_signal(signals)) {
    if (*signal == SIGTSTP) {
      screen.give_back();
      std::raise(SIGSTOP);
      screen.take_again();
    } else if (*signal != SIGWINCH) {
      return TopDoes::Ends;
    }
  }
  return TopDoes::Goes;
}

Outcome<void> Live::run(os::Screen& screen, const os::Fd& signals) {
  Instant next = os::monotonic_now() + kFrame;
  for (;;) {
    if (const auto drawn = draw(screen); !drawn) return drawn;
    std::array<os::Waited, 2> waited = {{{&screen.keys()}, {&signals}}};
    if (const auto done = os::wait(waited, next); !done) return Problem{done.error().text(), ""};
    if (signalled(screen, signals) == TopDoes::Ends) return {};
    if (waited[0].happened) {
      const auto does = typed(screen);
      if (!does) return does.error();
      if (*does == TopDoes::Ends) return {};
    }
    if (os::monotonic_now() < next) continue;
    refresh();
    next = os::monotonic_now() + kFrame;
  }
}

Outcome<void> show_live(Live& live) {
  const auto signals = os::watch_signals({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH});
  if (!signals) return Problem{signals.error().text(), ""};
  // A shaper that goes away in the middle of a question is an answer, not an end.
  if (const auto ignored = os::ignore_broken_pipes(); !ignored)
    return Problem{ignored.error().text(), ""};
  auto screen = os::Screen::take();
  if (!screen) {
    return Problem{"top draws on a terminal: " + screen.error().text(),
                   "covfefe top --once prints one frame, covfefe shaper everything", kUsage};
  }
  return live.run(*screen, *signals);
}

}  // namespace

int top(const Common& common, const TopOptions& options) {
  if (common.json)
    return report({"top draws for eyes", "covfefe shaper --json has the same for programs", kUsage},
                  common);
  const Layout layout(common.root);
  auto shaper = Connection::open(layout, "shaper");
  if (!shaper) return report(shaper.error(), common);
  auto first = shaper_state(*shaper);
  if (!first) return report(first.error(), common);
  Live live(layout, std::move(*shaper), std::move(*first));
  if (options.once) {
    std::fputs(live.once().c_str(), stdout);
    return kDone;
  }
  const auto shown = show_live(live);
  return shown ? kDone : report(shown.error(), common);
}

}  // namespace covfefe::cli
