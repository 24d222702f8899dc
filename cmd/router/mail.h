// SPDX-License-Identifier: Apache-2.0
// What the router's two threads say to each other: values only, through two bounded mailboxes. A
// full mailbox drops and counts; whoever needs an answer has a time limit of its own.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "core/io.h"
#include "os/mailbox.h"

namespace covfefe::router {

inline constexpr std::size_t kMailboxCapacity = 512;

struct Queue {
  const char* name;
  std::uint64_t depth = 0;
  std::uint64_t capacity = 0;
  std::uint64_t dropped = 0;
};

struct MeasureQuery {
  RequestId request;
};
struct Measured {  // what only the data thread can count
  RequestId request;
  std::vector<core::Counter> counters;
  std::vector<Queue> queues;
};

struct Attached {
  bool tun = false;
  bool shaper = false;
  std::string_view why_no_shaper;  // static text
};
// Told at every change.

struct Stop {};
// To data: end. To control: the data thread has ended.

using ToData =
    std::variant<core::FriendTable, core::Remembered, core::KeystoreUp, core::KeystoreDown,
                 core::KeystoreReply, core::Query, core::ShaperReply, core::LeasesKnown,
                 core::LeaseRevoked, core::PromisePolicy, MeasureQuery, Stop>;
using ToControl =
    std::variant<core::KeystoreRequest, core::Answer, core::EndpointLearned, core::LinkChanged,
                 core::Catalogue, core::DestinationUsed, core::ShaperRequest, core::LinkPlaces,
                 core::PromiseOutcome, core::PromiseNotice, Attached, Measured, Stop>;

using DataMailbox = os::Mailbox<ToData>;
using ControlMailbox = os::Mailbox<ToControl>;

}  // namespace covfefe::router
