// SPDX-License-Identifier: Apache-2.0
// The live sessions of one link, at most four: the one that is sent on, older ones that still
// receive, and what a handshake of the friend has made but not yet used (A12, A29; Steps L13, L14,
// covfefe-protocol(7)).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/link/index_table.h"
#include "core/link/session.h"

namespace covfefe::core {

class Sessions {
 public:
  static constexpr std::size_t kMost = 4;

  explicit Sessions(IndexTable& indices) : indices_(indices) {}
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  Session& add(std::unique_ptr<Session> session);
  // Its index leads to it from now on. A new unconfirmed session replaces an unconfirmed one; with
  // four, the least preferred goes.

  [[nodiscard]] Session* sending() const { return sending_; }
  // The newest confirmed session (of two born within 5 s by handshakes from both sides, the one of
  // the friend with the smaller key, so that both ends choose the same), or none.

  void settle(Instant now);
  // Call when a session was confirmed or time passed: drops what has ended, chooses sending(),
  // retires the others.
  void keep_boot(const BootId& boot);
  // Drops the sessions of every other boot.
  void clear();

  [[nodiscard]] Instant deadline() const;  // the next end of a session
  [[nodiscard]] std::span<const std::unique_ptr<Session>> all() const { return all_; }
  [[nodiscard]] std::uint64_t missing() const;  // over all sessions, gone ones included

 private:
  template <typename Predicate>
  void drop_if(Predicate gone);

  IndexTable& indices_;
  std::vector<std::unique_ptr<Session>> all_;
  Session* sending_ = nullptr;
  std::uint64_t missing_before_ = 0;
};

}  // namespace covfefe::core
