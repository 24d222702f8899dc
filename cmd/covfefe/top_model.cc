// SPDX-License-Identifier: Apache-2.0
#include "top_model.h"

#include <algorithm>
#include <array>

namespace covfefe::cli {
namespace {

constexpr char kControlC = 0x03;

// Bytes a second; 0 when the counter began anew.
std::uint64_t rate_between(std::uint64_t before, std::uint64_t after, double seconds) {
  if (after <= before || seconds <= 0) return 0;
  return static_cast<std::uint64_t>(static_cast<double>(after - before) / seconds);
}

std::uint64_t value_of(const FriendState& one, SortBy by) {
  switch (by) {
    case SortBy::Rate:
      return one.rate;
    case SortBy::Entitled:
      return one.entitled;
    case SortBy::Queue:
      return one.queued_bytes;
    case SortBy::Leased:
      return one.leased;
    case SortBy::Dropped:
      return one.dropped;
    case SortBy::Name:
      return 0;
  }
  return 0;
}

struct Sequence {
  std::string_view bytes;
  int rows = 0;   // up or down
  int pages = 0;  // likewise
};
constexpr std::array<Sequence, 8> kSequences = {{{"\x1b[A", -1, 0},
                                                 {"\x1b[B", 1, 0},
                                                 {"\x1bOA", -1, 0},
                                                 {"\x1bOB", 1, 0},
                                                 {"\x1b[5~", 0, -1},
                                                 {"\x1b[6~", 0, 1},
                                                 {"k", -1, 0},
                                                 {"j", 1, 0}}};

}  // namespace

void TopModel::take(ShaperState state) {
  const double seconds = static_cast<double>(state.at_ns - state_.at_ns) / 1e9;
  sent_ = state_.at_ns == 0
              ? 0
              : rate_between(state_.queue.sent_bytes, state.queue.sent_bytes, seconds);
  class_rates_.clear();
  for (const ClassState& now : state.classes) {
    const auto before = std::find_if(state_.classes.begin(), state_.classes.end(),
                                     [&now](const auto& one) { return one.name == now.name; });
    const bool known = before != state_.classes.end();
    class_rates_.push_back(
        {now.name, known ? rate_between(before->sent_bytes, now.sent_bytes, seconds) : 0});
  }
  std::map<std::uint32_t, std::deque<std::uint64_t>> rates;
  for (const FriendState& one : state.friends) {
    auto& history = rates[one.id];
    if (const auto at = rates_.find(one.id); at != rates_.end()) history = std::move(at->second);
    history.push_back(one.rate);
    if (history.size() > kTopHistory) history.pop_front();
  }
  rates_ = std::move(rates);
  state_ = std::move(state);
  trouble_.clear();
  scroll(0);
}

void TopModel::lost(std::string why) {
  trouble_ = std::move(why);
}

TopDoes TopModel::press(std::string_view keys, std::size_t rows) {
  while (!keys.empty()) {
    const auto* const known =
        std::find_if(kSequences.begin(), kSequences.end(),
                     [keys](const Sequence& one) { return keys.starts_with(one.bytes); });
    if (known != kSequences.end()) {
      scroll(known->rows + known->pages * static_cast<std::ptrdiff_t>(rows));
      keys.remove_prefix(known->bytes.size());
    } else {
      press_one(keys.front());
      keys.remove_prefix(1);
    }
  }
  return ends_ ? TopDoes::Ends : TopDoes::Goes;
}

void TopModel::press_one(char key) {
  struct Order {
    char key;
    SortBy by;
  };
  constexpr std::array<Order, 6> kOrders = {{{'r', SortBy::Rate},
                                             {'e', SortBy::Entitled},
                                             {'q', SortBy::Queue},
                                             {'l', SortBy::Leased},
                                             {'d', SortBy::Dropped},
                                             {'n', SortBy::Name}}};
  for (const Order& one : kOrders) {
    if (one.key != key) continue;
    sort_ = one.by;
    first_ = 0;
  }
  if (key == 'x' || key == 'Q' || key == kControlC) ends_ = true;
  if (key == 'p' || key == ' ') paused_ = !paused_;
  if (key == '?' || key == 'h') helping_ = !helping_;
}

void TopModel::scroll(std::ptrdiff_t by) {
  const auto last = static_cast<std::ptrdiff_t>(state_.friends.size()) - 1;
  const std::ptrdiff_t wanted = static_cast<std::ptrdiff_t>(first_) + by;
  first_ = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(wanted, 0, std::max(last, {})));
}

std::vector<const FriendState*> TopModel::order() const {
  std::vector<const FriendState*> out;
  for (const FriendState& one : state_.friends) out.push_back(&one);
  std::sort(out.begin(), out.end(), [by = sort_](const FriendState* a, const FriendState* b) {
    const std::uint64_t x = value_of(*a, by);
    const std::uint64_t y = value_of(*b, by);
    return x != y ? x > y : a->name < b->name;
  });
  return out;
}

const std::deque<std::uint64_t>& TopModel::rates_of(std::uint32_t friend_id) const {
  return rates_.at(friend_id);
}

}  // namespace covfefe::cli
