// SPDX-License-Identifier: Apache-2.0
// All that this node and one friend have promised each other. Bounded by the constants below,
// whatever the friend says. Thread: data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/link/bucket.h"
#include "core/promise/allowance.h"
#include "core/promise/outbox.h"
#include "core/promise_io.h"

namespace covfefe::core {

inline constexpr std::size_t kGivenMost = 16;  // leases that one friend holds (Step P7)
inline constexpr std::size_t kTakenMost = 16;  // that one friend keeps for this node

struct Absence {  // how long a link was down
  Duration before;
  Instant since = Instant::never();  // down since then

  void went(Instant now) {
    if (since.is_never()) since = now;
  }
  void came(Instant now) {
    before = total(now);
    since = Instant::never();
  }
  [[nodiscard]] Duration total(Instant now) const {
    return now <= since ? before : before + (now - since);
  }
};

struct Given {  // a lease of this node's uplink, for the friend
  std::uint32_t id = 0;
  wire::Need need;  // rate 0: its payload is not known, for this router has restarted since
  enum class State : std::uint8_t { Asked, Held, Extending } state = State::Asked;
  RequestId request;               // to the shaper, while Asked or Extending
  Instant due = Instant::never();  // when that counts as refused
  LeaseGrant grant;
};

struct Borrowed {   // what the friend keeps for this node, or this node for its way to the friend
  wire::Need need;  // number names it; rate as granted, 0: not known since a restart
  Directions directions = Directions::Both;
  enum class State : std::uint8_t {
    AskingOwn,  // a lease of the own uplink is awaited, then the friend is asked
    AskingFriend,
    InForce,
    ExtendingOwn,
    ExtendingFriend,
    Repeating,  // in force, but the friend restarted and may have forgotten
  } state = State::AskingOwn;
  LeaseGrant own;  // of the own uplink; lease 0: none
  Instant from{};
  Instant until{};
  RequestId question;                        // the operator's, 0: nobody waits
  RequestId request;                         // to the shaper, 0: none
  Instant due = Instant::never();            // when what is awaited counts as refused
  Duration by;                               // of the extension
  Instant patient_until = Instant::never();  // the operator's own limit
  unsigned repeats = 0;
  Absence absence;
  enum class Proof : std::uint8_t { Asked, OnItsWord } proof = Proof::Asked;
  // OnItsWord: taken up after a restart because the friend said so; its end counts for nothing.
};

struct Heard {  // what the friend announced
  struct Online {
    Instant since{};
    Instant until{};
    Instant promised{};  // the latest that it ever said
    Absence absence;
  };
  struct Leaving {
    Instant said{};
    Instant at{};
    enum class Was : std::uint8_t { Here, Early, InTime } went = Was::Here;
  };
  std::optional<Online> online;
  std::optional<Leaving> leaving;
  // In excess of what is heeded (Step P12): the newest, as instants; never(): taken back.
  std::optional<Instant> next_online;
  std::optional<Instant> next_leaving;
};

struct Told {  // what the friend was told last of this node's intentions
  std::optional<Instant> online;
  std::optional<Instant> leaving;
};

struct PleaFrom {  // the friend asks this node to stay
  std::uint32_t id = 0;
  std::uint32_t number = 0;
  Duration by;
};

struct PleaTo {  // this node asked the friend to stay
  std::uint32_t id = 0;
  Duration by;
  RequestId question;              // the operator's, 0: nobody waits any more
  Instant due = Instant::never();  // when it is answered that the friend was asked
  Instant until{};                 // when it is of no use any more
  std::string answer;              // empty: none yet
};

struct Party {
  LinkSlot link;
  FriendId id;  // 0: nobody
  Address address;
  std::string petname;
  enum class Is : std::uint8_t { Down, Up } is = Is::Down;

  Outbox out;
  Bucket asks{{4, 8}};
  Bucket releases{{4, 32}};
  Bucket announcements = Bucket::every(Duration::seconds(10), 6);
  Bucket returns{{4, 16}};                                 // Release for what was not wanted
  Bucket notes = Bucket::every(Duration::seconds(5), 32);  // lines in the log

  std::vector<Given> given;
  std::vector<Borrowed> taken;
  Allowance allowance;  // realtime leases in force over its link
  Heard heard;
  Told told;
  std::optional<PleaFrom> plea_from;
  std::optional<PleaTo> plea_to;
  std::uint64_t kept = 0;
  std::uint64_t broken = 0;

  [[nodiscard]] bool up() const { return is == Is::Up; }
};

}  // namespace covfefe::core
