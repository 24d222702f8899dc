// SPDX-License-Identifier: Apache-2.0
// The reports of all links, and what they say together. A queue that stands is one that two reports
// in a row have seen, so the lesser of the last two is what a link votes with. Thread: data.
#pragma once

#include <cstdint>
#include <vector>

#include "base/instant.h"
#include "shape/capacity_types.h"

namespace covfefe::shape {

struct LinkRecord {
  Instant heard{INT64_MIN / 2};
  Instant measured_from;  // which measurement the two measured_… belong to
  Duration queue;         // of the last two reports, the lesser
  Duration newest_queue;
  Duration peak;      // since restart_peaks()
  Duration interval;  // of the last report
  Duration rtt;       // least of this and the last 10 s
  Duration rtt_now;   // least of these 10 s
  Instant rtt_since;
  std::uint64_t rate = 0;  // delivered bytes a second over the last two reports, at least 20 ms
  std::uint64_t newest_rate = 0;
  std::uint64_t usual_rate = 0;  // of the last eight reports or so
  std::uint64_t measured_bytes = 0;
  Duration measured_time;
  std::uint32_t earlier_bytes = 0;  // of the report before
  Duration earlier_interval;
  std::uint64_t claimed = 0;      // delivered bytes in all, never more than were sent
  std::uint64_t paced_bytes = 0;  // sent until `paced`
  Instant paced;                  // when the present window began
  std::uint64_t pace = 0;         // sent bytes a second in the last window, and the one before
  std::uint64_t pace_before = 0;
  std::uint8_t lost = 0;
  bool listed = false;
  bool pace_known = false;
};

struct LinksView {
  Duration queue;             // as voted, of the last two reports of each link the lesser
  Duration newest_queue;      // as voted by the last reports alone
  Duration peak;              // median of what each link saw most since restart_peaks()
  Duration rtt;               // of the link that carries most
  Duration interval;          // of its reports
  Instant heard;              // its last
  std::uint64_t arrived = 0;  // bytes in all, with what came since the last reports, as it seems
  std::uint64_t rate = 0;     // delivered on all links, two reports each
  std::uint64_t newest = 0;   // the same by the last report alone
  std::uint64_t newest_lost = 0;  // lost bytes a second beside `newest`
  std::uint64_t carried = 0;      // bytes delivered by reports since the last view
  std::uint64_t lost = 0;         // bytes that were lost beside them
  std::uint64_t lossy = 0;        // of `carried`, on links that lost more than the limit
  bool short_most = false;        // on most of what is usual, less comes or a report is overdue
  std::uint32_t links = 0;        // that reported of late
};

class CapacityLinks {
 public:
  explicit CapacityLinks(std::uint32_t links);

  void report(std::uint32_t link, const LinkReport& report, Instant now);
  void forget(std::uint32_t link);
  void begin_anew() { heard_ = kNever; }
  void hear(Instant now) { heard_ = now; }
  void set_loss_limit(std::uint8_t of_255) { loss_limit_ = of_255; }

  [[nodiscard]] LinksView view(Instant now);
  // Linear in the links that reported in the last second or two.

  void restart_peaks();
  void measure_from(Instant when);
  [[nodiscard]] std::uint64_t measured(Instant now) const;
  // Delivered bytes a second by the reports of later intervals that still saw `busy` queue; 0: not
  // enough of them yet.
  void set_busy(Duration queue) { busy_ = queue; }

  [[nodiscard]] bool heard_any() const { return heard_ > kNever; }
  [[nodiscard]] Instant heard() const { return heard_; }  // the last report of any link
  [[nodiscard]] const std::vector<std::uint32_t>& listed() const { return listed_; }
  [[nodiscard]] const LinkRecord& operator[](std::uint32_t link) const { return links_[link]; }
  [[nodiscard]] static bool fresh(const LinkRecord& link, Instant now);

 private:
  void drop_stale(Instant now);
  [[nodiscard]] static bool is_short(const LinkRecord& link, Instant now);
  using Field = Duration LinkRecord::*;
  static constexpr Instant kNever{INT64_MIN / 2};

  [[nodiscard]] Duration vote(Field by, std::uint64_t bytes, Instant now) const;
  [[nodiscard]] Duration median(Field by, std::uint64_t bytes, Instant now) const;

  std::vector<LinkRecord> links_;
  std::vector<std::uint32_t> listed_;
  Instant heard_ = kNever;
  std::uint64_t arrived_ = 0;
  Instant measure_from_{INT64_MAX};
  Duration busy_;
  std::uint64_t carried_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t lossy_ = 0;
  std::uint8_t loss_limit_ = 13;
};

}  // namespace covfefe::shape
