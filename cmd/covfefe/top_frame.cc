// SPDX-License-Identifier: Apache-2.0
#include "top_frame.h"

#include <algorithm>
#include <array>

#include "quantity.h"
#include "shaper_text.h"

namespace covfefe::cli {
namespace {

constexpr std::size_t kAbove = 6;  // lines above the friends, their head included
constexpr std::size_t kBelow = 1;
constexpr std::size_t kLeastSpark = 8;
constexpr const char* kKeys =
    "x quit  ? help  p pause  r rate  q queue  e entitled  n name  l leased  d drop";

constexpr std::array<const char*, 15> kHelp = {
    "x, Q, Ctrl-C  quit",
    "p, space      pause and go on",
    "j, k, arrows  scroll; page up, page down",
    "r             sort by the rate of the last second",
    "q             sort by what waits",
    "e             sort by what each is entitled to",
    "l             sort by what is leased",
    "d             sort by what was dropped",
    "n             sort by name",
    "",
    "Rates are bits a second on the wire, headers included. Entitled is what a friend",
    "gets at least while it wants it: leases, its reserve and its share by weight.",
    "The line on the right is the rate of the last seconds, the newest on the right,",
    "as a share of its own largest.",
    "? closes this.",
};

struct Column {
  const char* head;
  const char* sorted;  // the head when it is sorted by
  SortBy by;
  std::size_t width;
  std::size_t from;  // columns of the terminal that it needs
  std::string (*text)(const FriendState&);
};

std::string right(const std::string& text, std::size_t width) {
  return text.size() >= width ? fitted(text, width) : std::string(width - text.size(), ' ') + text;
}

std::string or_dash(std::uint64_t rate) {
  return rate == 0 ? "-" : bits_text(rate);
}

constexpr std::array<Column, 6> kColumns = {{
    {"rate", "RATE", SortBy::Rate, 6, 0, [](const FriendState& f) { return bits_text(f.rate); }},
    {"entitled", "ENTITLED", SortBy::Entitled, 8, 0,
     [](const FriendState& f) { return or_dash(f.entitled); }},
    {"queue", "QUEUE", SortBy::Queue, 10, 0,
     [](const FriendState& f) { return bytes_text(f.queued_bytes); }},
    {"drop", "DROP", SortBy::Dropped, 6, 72,
     [](const FriendState& f) { return std::to_string(f.dropped); }},
    {"leased", "LEASED", SortBy::Leased, 6, 80,
     [](const FriendState& f) { return or_dash(f.leased); }},
    {"idle lane", "idle lane", SortBy::Name, 10, 100, [](const FriendState& f) { return f.idle; }},
}};

constexpr std::size_t kName = 14;
constexpr std::size_t kWideName = 24;
constexpr std::size_t kLevel = 10;
constexpr std::size_t kWide = 100;

std::size_t name_width(const TopSize& size) {
  return size.columns >= kWide ? kWideName : kName;
}

std::string head_text(const TopModel& model, const TopSize& size) {
  std::string out =
      fitted(model.sorted_by() == SortBy::Name ? "FRIEND" : "friend", name_width(size));
  if (size.columns >= kWide) out += " " + fitted("level", kLevel);
  for (const Column& one : kColumns) {
    if (size.columns < one.from) continue;
    const bool sorted = model.sorted_by() == one.by;
    out += " " + right(sorted ? one.sorted : one.head, one.width);
  }
  return out + "  last seconds";
}

std::string friend_text(const TopModel& model, const FriendState& one, const TopAsked& asked) {
  std::string out = fitted(one.name, name_width(asked.size));
  std::size_t used = name_width(asked.size);
  if (asked.size.columns >= kWide) {
    out += " " + fitted(one.level, kLevel);
    used += 1 + kLevel;
  }
  for (const Column& column : kColumns) {
    if (asked.size.columns < column.from) continue;
    out += " " + right(column.text(one), column.width);
    used += 1 + column.width;
  }
  if (used + 2 + kLeastSpark > asked.size.columns) return out;
  return out + "  " +
         sparkline(model.rates_of(one.id), asked.size.columns - used - 2, asked.glyphs);
}

std::string bar(std::uint64_t part, std::uint64_t whole) {
  constexpr std::size_t kCells = 20;
  const double share = whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  const auto full = static_cast<std::size_t>(std::min(share, 1.0) * kCells + 0.5);
  return "[" + std::string(full, '#') + std::string(kCells - full, '.') + "]";
}

std::string sent_text(const TopModel& model) {
  const ShaperState& state = model.state();
  std::string out = "sent    " + rate_text(model.sent());
  if (state.capacity.rate != 0) out += " " + bar(model.sent(), state.capacity.rate);
  return out + "  queue " + bytes_text(state.queue.queued_bytes) + " in " +
         count_text(state.queue.flows, "flow") + ", dropped " + std::to_string(state.queue.dropped);
}

std::string promised_text(const LedgerState& ledger) {
  const std::size_t count = ledger.leases.size() + ledger.left;
  std::string out = "leases  " + rate_text(ledger.leased) + " in " + count_text(count, "lease");
  const std::uint64_t given = ledger.control + ledger.floors + ledger.leased;
  if (ledger.most == 0) return out;
  return out + ", free " + rate_text(ledger.most - std::min(given, ledger.most)) + " of " +
         rate_text(ledger.most);
}

std::string classes_text(const TopModel& model) {
  std::string out;
  for (const ClassRate& one : model.class_rates()) {
    if (one.rate != 0) out += "  " + one.name + " " + bits_text(one.rate);
  }
  return "by      " + (out.empty() ? std::string("nothing is sent") : out.substr(2));
}

TopLine notice(const TopModel& model) {
  if (!model.trouble().empty()) return {"trying again: " + model.trouble(), Look::Alarm};
  if (model.paused()) return {"paused: p goes on", Look::Alarm};
  return {"        " + model.state().capacity.why, Look::Quiet};
}

std::string title(const TopModel& model, const TopAsked& asked) {
  const std::string left = "uplink  " + capacity_text(model.state().capacity);
  const std::size_t room = asked.size.columns;
  if (room < asked.clock.size() + 1) return left;
  return fitted(left, room - asked.clock.size() - 1) + " " + asked.clock;
}

void add_friends(const TopModel& model, const TopAsked& asked, std::vector<TopLine>& out) {
  const std::vector<const FriendState*> order = model.order();
  const std::size_t end = std::min(order.size(), model.first() + friend_rows(asked.size));
  for (std::size_t i = model.first(); i < end; ++i)
    out.push_back({friend_text(model, *order[i], asked), Look::Plain});
  if (order.empty()) out.push_back({"no friends yet", Look::Quiet});
}

}  // namespace

std::size_t friend_rows(const TopSize& size) {
  return size.rows > kAbove + kBelow ? size.rows - kAbove - kBelow : 0;
}

std::string sparkline(const std::deque<std::uint64_t>& rates, std::size_t columns, Glyphs glyphs) {
  constexpr std::array<const char*, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::array<const char*, 8> kAscii = {"_", ".", ":", "-", "=", "+", "*", "#"};
  const std::size_t shown = std::min(columns, rates.size());
  const auto from = rates.end() - static_cast<std::ptrdiff_t>(shown);
  const std::uint64_t most = shown == 0 ? 0 : *std::max_element(from, rates.end());
  std::string out(columns - shown, ' ');
  for (auto at = from; at != rates.end(); ++at) {
    const double share = most == 0 ? 0 : static_cast<double>(*at) / static_cast<double>(most);
    const std::size_t step = std::min<std::size_t>(static_cast<std::size_t>(share * 8), 7);
    out += *at == 0 ? " " : (glyphs == Glyphs::Blocks ? kBlocks : kAscii).at(step);
  }
  return out;
}

std::vector<TopLine> top_frame(const TopModel& model, const TopAsked& asked) {
  std::vector<TopLine> out = {{title(model, asked), Look::Strong},
                              {sent_text(model), Look::Plain},
                              {promised_text(model.state().ledger), Look::Plain},
                              {classes_text(model), Look::Plain},
                              notice(model)};
  if (model.helping()) {
    for (const char* line : kHelp) out.push_back({line, Look::Plain});
  } else {
    out.push_back({head_text(model, asked.size), Look::Head});
    add_friends(model, asked, out);
  }
  const std::size_t room = asked.size.rows;
  if (room >= kAbove + kBelow) {
    out.resize(room - kBelow);
    out.push_back({kKeys, Look::Quiet});
  } else {
    out.resize(std::min(out.size(), room));
  }
  for (TopLine& line : out) line.text = fitted(line.text, asked.size.columns);
  return out;
}

}  // namespace covfefe::cli
