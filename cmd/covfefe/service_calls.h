// SPDX-License-Identifier: Apache-2.0
// What the service_*.cc files share: one call, its answer read safely, its failure in words.
#pragma once

#include <kj/exception.h>

#include <string>

#include "printable.h"
#include "rpc/client.h"
#include "services.h"

namespace covfefe::cli {

[[nodiscard]] inline std::string said(capnp::Text::Reader text) {
  return printable({text.cStr(), text.size()});
}
// What a service wrote, fit for a terminal.

[[nodiscard]] inline Problem problem_of(const rpc::CallError& error, const char* service) {
  return {std::string("the ") + service + " does not answer: " + error.text,
          std::string("covfefe inspect ") + service, kDown};
}

[[nodiscard]] inline Problem refused(const char* service, schema::Refusal why, std::string next) {
  return {std::string("the ") + service + " refused: " + rpc::sentence_of(why), std::move(next)};
}

struct Callee {
  rpc::Client& client;
  const char* service;
  Duration patience = kCallTimeout;
};

template <typename Value, typename Params, typename Results, typename Read>
Outcome<Value> call_and_read(const Callee& callee, capnp::Request<Params, Results>&& request,
                             Read&& read) {
  auto answer = callee.client.call(kj::mv(request), callee.patience);
  if (!answer) return problem_of(answer.error(), callee.service);
  Outcome<Value> out =
      Problem{std::string("the ") + callee.service + " sent an answer that lies", ""};
  const auto sound = rpc::Client::guard([&] { out = read(*answer); });
  if (!sound) return problem_of(sound.error(), callee.service);
  return out;
}
// `read` gets the response and returns an Outcome<Value>; what it throws becomes a Problem.

template <typename Value, typename Params, typename Results, typename Read>
Outcome<Value> call_and_read(rpc::Client& client, const char* service,
                             capnp::Request<Params, Results>&& request, Read&& read) {
  return call_and_read<Value>(Callee{client, service}, kj::mv(request), read);
}

}  // namespace covfefe::cli
