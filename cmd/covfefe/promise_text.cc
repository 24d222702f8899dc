// SPDX-License-Identifier: Apache-2.0
#include "promise_text.h"

#include "quantity.h"

namespace covfefe::cli {
namespace {

std::string rate_of(std::uint32_t bytes) {
  return bytes_text(bytes) + "/s";
}

std::string lease_text(const PromiseView& one) {
  // Taken and ours: only this node's own uplink keeps it, towards the friend.
  const std::string whom = one.kind == "given" || one.ours ? " to " : " from ";
  const std::string out = one.lease_class + " " + rate_of(one.payload_rate) + whom + one.with;
  if (one.starts_in_s > 0) {
    return out + ", starts in " + span_text(one.starts_in_s) + " for " +
           span_text(one.left_s - one.starts_in_s);
  }
  return out + ", " + span_text(one.left_s) + " left";
}

std::string who_and(const PromiseView& one, const char* we, const char* they) {
  return one.ours ? std::string("this node ") + we : one.with + " " + they;
}

std::string plea_text(const PromiseView& one) {
  return one.ours ? "this node asks " + one.with + " to stay longer"
                  : one.with + " asks this node to stay longer";
}

}  // namespace

std::string reserve_text(const ReserveView& view) {
  return "lease " + std::to_string(view.id) + ": " + rate_of(view.payload_rate) +
         " of payload for " + span_text(view.lasts_s) + ", " + view.how + "\n  on the wire " +
         rate_of(view.wire_rate) + "; covfefe extend, covfefe release\n";
}

std::string promise_text(const PromiseView& one) {
  std::string out;
  if (one.kind == "given" || one.kind == "taken") {
    out = lease_text(one);
  } else if (one.kind == "online until") {
    out = who_and(one, "stays for ", "stays for ") + span_text(one.left_s);
  } else if (one.kind == "leaving") {
    out = who_and(one, "goes in ", "goes in ") + span_text(one.left_s);
  } else if (one.kind == "please") {
    out = plea_text(one);
  } else {
    out = "something else with " + one.with;
  }
  return one.state.empty() ? out : out + " (" + one.state + ")";
}

std::string promises_text(const PromisesView& view) {
  std::string out;
  for (const PromiseView& one : view.all) {
    std::string id = one.id == 0 ? "-" : std::to_string(one.id);
    id.resize(std::max<std::size_t>(id.size(), 12), ' ');
    out += id + "  " + promise_text(one) + "\n";
  }
  if (view.left != 0) out += "and " + std::to_string(view.left) + " more\n";
  return out.empty() ? "nothing is promised, announced or asked\n" : out;
}

Json reserve_json(const char* verb, const ReserveView& view) {
  return Json::document(verb)
      .set("id", view.id)
      .set("payload_rate", view.payload_rate)
      .set("wire_rate", view.wire_rate)
      .set("lasts_s", view.lasts_s)
      .set("how", view.how);
}

Json promise_json(const PromiseView& one) {
  const bool lease = !one.lease_class.empty();
  return Json::object()
      .set("id", one.id == 0 ? Json() : Json(one.id))
      .set("kind", one.kind)
      .set("ours", one.ours)
      .set("with", one.with)
      .set("class", lease ? Json(one.lease_class) : Json())
      .set("payload_rate", lease ? Json(one.payload_rate) : Json())
      .set("wire_rate", lease ? Json(one.wire_rate) : Json())
      .set("starts_in_s", one.starts_in_s)
      .set("left_s", one.left_s)
      .set("state", one.state);
}

Json promises_json(const PromisesView& view) {
  Json list = Json::array();
  for (const PromiseView& one : view.all) list.add(promise_json(one));
  return Json::document("promises").set("promises", std::move(list)).set("left", view.left);
}

}  // namespace covfefe::cli
