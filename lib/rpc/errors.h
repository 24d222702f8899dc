// SPDX-License-Identifier: Apache-2.0
// What a failed call looks like on either side of the quarantine: kj::Exception becomes CallError,
// Reject becomes schema::Refusal and back. No file names, line numbers or traces cross an edge.
#pragma once

#include <kj/exception.h>
#include <schema/common.capnp.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace covfefe::rpc {

enum class CallFailure : std::uint8_t {
  Disconnected,   // the peer went away, before or during the call; it may have acted on it
  Overloaded,     // try again later
  Unimplemented,  // the peer does not know the method
  TimedOut,       // no answer in time; it may still act on it
  Broken,         // the peer or its answer broke a rule
};

struct CallError {
  CallFailure kind;
  std::string text;  // one line for a person
};

template <typename T>
using CallResult = Expected<T, CallError>;

[[nodiscard]] CallError from_exception(const kj::Exception& exception);
[[nodiscard]] kj::Exception to_exception(CallFailure kind, const char* text);
[[nodiscard]] kj::Exception without_origin(const kj::Exception& exception);
// The same kind and description, without file, line, context and trace.

[[nodiscard]] schema::Refusal refusal_of(Reject reason);
[[nodiscard]] Reject reject_of(schema::Refusal refusal);
[[nodiscard]] const char* sentence_of(schema::Refusal refusal);
// "the signature does not verify": completes "refused: …". Values from a newer peer included.

}  // namespace covfefe::rpc
