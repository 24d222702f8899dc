// SPDX-License-Identifier: Apache-2.0
// What stands above the links: every event goes to promises and to circuits, in this order, so that
// what friends promised is known before cells are sent by it. Thread: data.
#pragma once

#include "core/circuit/circuits.h"
#include "core/promise/promises.h"

namespace covfefe::core {

class Above final : public LinkEvents {
 public:
  Above(Promises& promises, Circuits& circuits) : promises_(promises), circuits_(circuits) {}
  // Borrowed for the object's life.

  void on_cell(LinkSlot link, const CellHeader& header, ByteView onion, Instant now) override {
    circuits_.on_cell(link, header, onion, now);
  }
  void on_control(LinkSlot link, const wire::Control& message, Instant now) override {
    if (!promises_.on_control(link, message, now)) circuits_.on_control(link, message, now);
  }
  void on_destroy(LinkSlot link, CircuitId circuit, wire::DestroyReason reason,
                  Instant now) override {
    circuits_.on_destroy(link, circuit, reason, now);
  }
  void on_build(LinkSlot link, const wire::BuildFrame& build, Instant now) override {
    circuits_.on_build(link, build, now);
  }
  void on_built(LinkSlot link, const wire::BuiltFrame& built, Instant now) override {
    circuits_.on_built(link, built, now);
  }
  void on_friend(LinkSlot link, const Friend& who) override {
    promises_.on_friend(link, who);
    circuits_.on_friend(link, who);
  }
  void on_link_up(LinkSlot link, Boot boot, Instant now) override {
    promises_.on_link_up(link, boot, now);
    circuits_.on_link_up(link, boot, now);
  }
  void on_link_down(LinkSlot link, Instant now) override {
    promises_.on_link_down(link, now);
    circuits_.on_link_down(link, now);
  }
  void on_link_gone(LinkSlot link) override {
    promises_.on_link_gone(link);
    circuits_.on_link_gone(link);
  }

 private:
  Promises& promises_;
  Circuits& circuits_;
};

}  // namespace covfefe::core
