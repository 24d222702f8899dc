// SPDX-License-Identifier: Apache-2.0
#include "rpc/errors.h"

namespace covfefe::rpc {
namespace {

CallFailure failure_of(kj::Exception::Type type) {
  switch (type) {
    case kj::Exception::Type::DISCONNECTED:
      return CallFailure::Disconnected;
    case kj::Exception::Type::OVERLOADED:
      return CallFailure::Overloaded;
    case kj::Exception::Type::UNIMPLEMENTED:
      return CallFailure::Unimplemented;
    case kj::Exception::Type::FAILED:
      break;
  }
  return CallFailure::Broken;
}

kj::Exception::Type type_of(CallFailure kind) {
  switch (kind) {
    case CallFailure::Disconnected:
      return kj::Exception::Type::DISCONNECTED;
    case CallFailure::Overloaded:
    case CallFailure::TimedOut:
      return kj::Exception::Type::OVERLOADED;
    case CallFailure::Unimplemented:
      return kj::Exception::Type::UNIMPLEMENTED;
    case CallFailure::Broken:
      break;
  }
  return kj::Exception::Type::FAILED;
}

}  // namespace

CallError from_exception(const kj::Exception& exception) {
  const kj::StringPtr description = exception.getDescription();
  std::string line(description.begin(), description.end());
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  constexpr std::size_t kLongest = 512;
  if (line.size() > kLongest) line.resize(kLongest);
  return {failure_of(exception.getType()), std::move(line)};
}

kj::Exception to_exception(CallFailure kind, const char* text) {
  return kj::Exception(type_of(kind), "", 0, kj::heapString(text));
}

kj::Exception without_origin(const kj::Exception& exception) {
  return kj::Exception(exception.getType(), "", 0, kj::heapString(exception.getDescription()));
}

schema::Refusal refusal_of(Reject reason) {
  switch (reason) {
    case Reject::WrongLength:
    case Reject::WrongType:
    case Reject::WrongValue:
    case Reject::Unexpected:
      return schema::Refusal::MALFORMED;
    case Reject::Forged:
      return schema::Refusal::FORGED;
    case Reject::Replayed:
      return schema::Refusal::REPLAYED;
    case Reject::Unknown:
      return schema::Refusal::UNKNOWN;
    case Reject::Overloaded:
      return schema::Refusal::OVERLOADED;
    case Reject::Expired:
      return schema::Refusal::EXPIRED;
  }
  return schema::Refusal::MALFORMED;
}

Reject reject_of(schema::Refusal refusal) {
  switch (refusal) {
    case schema::Refusal::MALFORMED:
      return Reject::WrongValue;
    case schema::Refusal::UNKNOWN:
      return Reject::Unknown;
    case schema::Refusal::FORGED:
      return Reject::Forged;
    case schema::Refusal::REPLAYED:
      return Reject::Replayed;
    case schema::Refusal::OVERLOADED:
    case schema::Refusal::UNAVAILABLE:
    case schema::Refusal::LOCKED:
    case schema::Refusal::IO:
      return Reject::Overloaded;
    case schema::Refusal::EXISTS:
      return Reject::Unexpected;
    case schema::Refusal::EXPIRED:
      return Reject::Expired;
  }
  return Reject::WrongValue;
}

const char* sentence_of(schema::Refusal refusal) {
  switch (refusal) {
    case schema::Refusal::MALFORMED:
      return "a value has a form that is not allowed";
    case schema::Refusal::UNKNOWN:
      return "there is no such entry";
    case schema::Refusal::FORGED:
      return "a signature or endorsement does not verify";
    case schema::Refusal::REPLAYED:
      return "it is older than what was seen already";
    case schema::Refusal::LOCKED:
      return "the keystore waits for its passphrase";
    case schema::Refusal::OVERLOADED:
      return "a limit is reached; try again later";
    case schema::Refusal::UNAVAILABLE:
      return "a service that it needs is not there now";
    case schema::Refusal::EXISTS:
      return "there is one already";
    case schema::Refusal::EXPIRED:
      return "it is no longer valid";
    case schema::Refusal::IO:
      return "the disk refused; look whether it was done before you repeat it";
  }
  return "the reason is not known to this version";
}

}  // namespace covfefe::rpc
