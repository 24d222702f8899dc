// SPDX-License-Identifier: Apache-2.0
// What `covfefe top` remembers between two frames: the last rates of every friend, in which order
// the operator wants them and where he scrolled to. No terminal and no clock in here.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shaper_views.h"

namespace covfefe::cli {

inline constexpr std::size_t kTopHistory = 240;  // samples, one a second

enum class SortBy : std::uint8_t { Rate, Entitled, Queue, Leased, Dropped, Name };
enum class TopDoes : std::uint8_t { Goes, Ends };

struct ClassRate {
  std::string name;
  std::uint64_t rate = 0;  // B/s between the last two samples
};

class TopModel {
 public:
  void take(ShaperState state);
  // A fresh sample; forgets friends that are no more.
  void lost(std::string why);
  // The shaper did not answer: the last sample stays, with the reason.
  TopDoes press(std::string_view keys, std::size_t rows);
  // Bytes as a terminal sends them; rows of friends that fit on a page.

  [[nodiscard]] const ShaperState& state() const { return state_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] std::vector<const FriendState*> order() const;
  // Borrowed until the next sample.
  [[nodiscard]] const std::deque<std::uint64_t>& rates_of(std::uint32_t friend_id) const;
  // Of a friend of state().
  [[nodiscard]] const std::vector<ClassRate>& class_rates() const { return class_rates_; }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] SortBy sorted_by() const { return sort_; }
  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] bool helping() const { return helping_; }

 private:
  void press_one(char key);
  void scroll(std::ptrdiff_t by);

  ShaperState state_;
  std::string trouble_;
  std::map<std::uint32_t, std::deque<std::uint64_t>> rates_;
  std::vector<ClassRate> class_rates_;
  std::uint64_t sent_ = 0;  // B/s between the last two samples
  SortBy sort_ = SortBy::Rate;
  std::size_t first_ = 0;
  bool paused_ = false;
  bool helping_ = false;
  bool ends_ = false;
};

}  // namespace covfefe::cli
