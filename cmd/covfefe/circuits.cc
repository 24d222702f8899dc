// SPDX-License-Identifier: Apache-2.0
// The verbs about circuits: path, circuits, circuit new and close; identity new and drop.
#include <cstdio>

#include "circuit_text.h"
#include "commands.h"
#include "layout.h"
#include "printable.h"
#include "wrap.h"

namespace covfefe::cli {
namespace {

void show(const Common& common, const Json& json, const std::string& text) {
  std::fputs(common.json ? json.text().c_str() : text.c_str(), stdout);
}

template <typename Ask>
auto ask_router(const Common& common, Ask&& question)
    -> decltype(question(std::declval<Connection&>())) {
  auto router = Connection::open(Layout(common.root), "router");
  if (!router) return router.error();
  return question(*router);
}

Json identity_json(const char* verb, const FarIdentityView& view) {
  return Json::document(verb).set("once", view.once).set("address", format_address(view.address));
}

}  // namespace

int circuits(const Common& common, const std::string& peer) {
  const auto view = ask_router(common, [&](Connection& router) { return circuits(router, peer); });
  if (!view) return report(view.error(), common);
  show(common, circuits_json(*view), circuits_text(*view));
  if (view->circuits.empty() && view->peer && !common.json) {
    const std::string name = printable(peer);
    std::printf("  covfefe path %s shows the ways, covfefe circuit new %s builds one\n",
                name.c_str(), name.c_str());
  }
  return kDone;
}

int path(const Common& common, const std::string& peer) {
  const auto view = ask_router(common, [&](Connection& router) { return path(router, peer); });
  if (!view) return report(view.error(), common);
  show(common, path_json(*view), path_text(*view));
  if (!view->ok && !common.json && !view->next.empty()) {
    std::printf("  next: %s\n", wrapped(view->next, 8).c_str());
  }
  return view->ok ? kDone : kRefused;
}

int circuit_new(const Common& common, const std::string& peer) {
  const auto made =
      ask_router(common, [&](Connection& router) { return new_circuit(router, peer); });
  if (!made) return report(made.error(), common);
  show(common, Json::document("circuit-new").set("circuit", circuit_json(*made)),
       "circuit " + std::to_string(made->id) + " to " + name_of(made->to) + "\n" +
           circuit_text(*made));
  return kDone;
}

int circuit_close(const Common& common, std::uint32_t id) {
  const auto done =
      ask_router(common, [&](Connection& router) { return close_circuit(router, id); });
  if (!done) return report(done.error(), common);
  show(common, Json::document("circuit-close").set("id", id).set("closed", true),
       "circuit " + std::to_string(id) + " is closed\n");
  return kDone;
}

int identity_new(const Common& common) {
  const auto view = ask_router(common, [](Connection& router) { return new_identity(router); });
  if (!view) return report(view.error(), common);
  show(common, identity_json("identity-new", *view),
       "sessions opened from now on show " + format_address(view->address) +
           "\nopen ones keep the address that they have; back: covfefe identity drop\n");
  return kDone;
}

int identity_drop(const Common& common) {
  const auto view = ask_router(common, [](Connection& router) { return drop_identity(router); });
  if (!view) return report(view.error(), common);
  show(common, identity_json("identity-drop", *view),
       "sessions opened from now on show " + format_address(view->address) +
           ",\nwhich is this node's own\n");
  return kDone;
}

}  // namespace covfefe::cli
