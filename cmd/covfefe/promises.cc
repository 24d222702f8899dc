// SPDX-License-Identifier: Apache-2.0
// The verbs about promises: reserve, extend, release, promises, intend, please and answer.
#include <cstdio>
#include <ctime>

#include "commands.h"
#include "layout.h"
#include "printable.h"
#include "promise_text.h"
#include "promise_words.h"
#include "services.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

constexpr Span kLease{Duration::seconds(1), kLeaseLongest};
constexpr Span kLater{Duration::millis(1), kLeaseLatestStart};
constexpr Span kStay{Duration::minutes(1), Duration::hours(24)};

template <typename Ask>
auto ask_router(const Common& common, Ask&& question)
    -> decltype(question(std::declval<Connection&>())) {
  auto router = Connection::open(Layout(common.root), "router");
  if (!router) return router.error();
  return question(*router);
}

void show(const Common& common, const Json& json, const std::string& text) {
  std::fputs(common.json ? json.text().c_str() : text.c_str(), stdout);
}

int tell(const Common& common, const char* verb, const Outcome<DoneView>& done) {
  if (!done) return report(done.error(), common);
  show(common,
       Json::document(verb)
           .set("ok", true)
           .set("what", done->what)
           .set("next", done->next)
           .set("left_s", done->left_s),
       wrapped(done->what, 0) + "\n" + (done->next.empty() ? "" : wrapped(done->next, 0) + "\n"));
  return kDone;
}

Outcome<ReserveAsked> asked_of(const ReserveOptions& options) {
  ReserveAsked out;
  out.peer = options.peer;
  const auto rate = reserved_rate(options.rate);
  if (!rate) return rate.error();
  out.payload_rate = *rate;
  const auto lasts = length_of(options.lasts, kLease);
  if (!lasts) return lasts.error();
  out.lasts = *lasts;
  if (!options.at.empty()) {
    const auto starts = time_until(options.at, kLater, std::time(nullptr));
    if (!starts) return starts.error();
    out.starts_in = *starts;
  }
  if (options.lease_class == "bulk") out.as = LeaseClass::Bulk;
  const std::uint16_t usual = out.as == LeaseClass::Bulk ? kUsualBulk : kUsualPacket;
  out.packet = options.packet == 0 ? usual : options.packet;
  if (options.in != options.out) out.directions = options.in ? Directions::In : Directions::Out;
  return out;
}

}  // namespace

int reserve(const Common& common, const ReserveOptions& options) {
  const auto asked = asked_of(options);
  if (!asked) return report(asked.error(), common);
  const auto made = ask_router(common, [&](Connection& router) { return reserve(router, *asked); });
  if (!made) return report(made.error(), common);
  show(common, reserve_json("reserve", *made), reserve_text(*made));
  return kDone;
}

int extend(const Common& common, std::uint32_t id, const std::string& by) {
  const auto length = length_of(by, kLease);
  if (!length) return report(length.error(), common);
  const auto made =
      ask_router(common, [&](Connection& router) { return extend(router, id, *length); });
  if (!made) return report(made.error(), common);
  show(common, reserve_json("extend", *made), reserve_text(*made));
  return kDone;
}

int release(const Common& common, std::uint32_t id) {
  return tell(common, "release",
              ask_router(common, [id](Connection& router) { return release(router, id); }));
}

int promises(const Common& common) {
  const auto view = ask_router(common, [](Connection& router) { return promises(router); });
  if (!view) return report(view.error(), common);
  show(common, promises_json(*view), promises_text(*view));
  return kDone;
}

int intend(const Common& common, const std::string& what, const std::string& when) {
  const auto asked = intention(what, when, std::time(nullptr));
  if (!asked) return report(asked.error(), common);
  return tell(common, "intend",
              ask_router(common, [&](Connection& router) { return intend(router, *asked); }));
}

int please(const Common& common, const std::string& peer, const std::string& by) {
  const auto length = length_of(by, kStay);
  if (!length) return report(length.error(), common);
  return tell(common, "please", ask_router(common, [&](Connection& router) {
                return please(router, peer, *length);
              }));
}

int answer(const Common& common, const AnswerOptions& options) {
  const auto asked = reply_to(options.peer, options.yes_or_no, options.by);
  if (!asked) return report(asked.error(), common);
  return tell(common, "answer",
              ask_router(common, [&](Connection& router) { return answer(router, *asked); }));
}

}  // namespace covfefe::cli
