// SPDX-License-Identifier: Apache-2.0
#include "rpc/discovery_codec.h"

#include <string_view>

namespace covfefe::rpc {

// ---- values to builders

void write(const wire::Offer& from, schema::Control::Builder to) {
  auto offer = to.initOffer();
  offer.setShown(static_cast<schema::Control::Shown>(from.shown));
  offer.setRate(from.rate);
  auto keys = offer.initOnionKeys(static_cast<capnp::uint>(from.keys.size()));
  for (capnp::uint i = 0; i < keys.size(); ++i) {
    keys[i].setKey(as_data(from.keys[i].key));
    keys[i].setNotAfter(from.keys[i].not_after);
  }
}

void write(const wire::DescriptorsGet& from, schema::Control::Builder to) {
  auto get = to.initDescriptorsGet();
  get.setGeneration(from.generation);
  get.setFrom(from.from);
}

void write(const wire::Descriptors& from, schema::Control::Builder to) {
  auto page = to.initDescriptors();
  page.setGeneration(from.generation);
  page.setEpoch(from.epoch);
  page.setTotal(from.total);
  page.setFrom(from.from);
  const auto bytes = wire::write_descriptors(from.entries.view());
  page.setEntries({bytes.data(), bytes.size()});
}

void write(const wire::DescriptorsChanged& from, schema::Control::Builder to) {
  to.initDescriptorsChanged().setGeneration(from.generation);
}

void write(const wire::NameAsk& from, schema::Control::Builder to) {
  auto ask = to.initNameAsk();
  ask.setToken(from.token);
  ask.setName(from.name.c_str());
}

void write(const wire::NameAnswer& from, schema::Control::Builder to) {
  auto answer = to.initNameAnswer();
  answer.setToken(from.token);
  if (from.address) answer.setAddress(as_data(from.address->bytes));
}

// ---- readers to values

Result<wire::Control> read(schema::Control::Offer::Reader from) {
  wire::Offer out;
  const auto shown = static_cast<std::uint16_t>(from.getShown());
  if (shown > static_cast<std::uint16_t>(wire::Shown::Reachable) || from.getRate() > 63) {
    return Reject::WrongValue;
  }
  out.shown = static_cast<wire::Shown>(shown);
  out.rate = from.getRate();
  if (from.getOnionKeys().size() > out.keys.capacity()) return Reject::WrongLength;
  for (const auto given : from.getOnionKeys()) {
    wire::OfferedKey key{{}, given.getNotAfter()};
    if (!take(given.getKey(), key.key)) return Reject::WrongLength;
    if (all_zero(key.key) || key.not_after <= 0) return Reject::WrongValue;
    out.keys.push_back(key);
  }
  return wire::Control{out};
}

Result<wire::Control> read(schema::Control::DescriptorsGet::Reader from) {
  if (from.getFrom() >= wire::kDescriptorsMost) return Reject::WrongValue;
  return wire::Control{wire::DescriptorsGet{from.getGeneration(), from.getFrom()}};
}

Result<wire::Control> read(schema::Control::Descriptors::Reader from) {
  wire::Descriptors out{from.getGeneration(), from.getEpoch(), from.getTotal(), from.getFrom(), {}};
  const ByteView bytes = as_view(from.getEntries());
  const std::size_t count = bytes.size() / wire::kDescriptorSize;
  if (bytes.size() % wire::kDescriptorSize != 0 || count > out.entries.capacity()) {
    return Reject::WrongLength;
  }
  if (out.generation == 0 || out.total > wire::kDescriptorsMost || out.from + count > out.total) {
    return Reject::WrongValue;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto entry =
        wire::parse_descriptor(bytes.subspan(i * wire::kDescriptorSize, wire::kDescriptorSize));
    if (!entry) return entry.error();
    out.entries.push_back(*entry);
  }
  return wire::Control{out};
}

Result<wire::Control> read(schema::Control::DescriptorsChanged::Reader from) {
  if (from.getGeneration() == 0) return Reject::WrongValue;
  return wire::Control{wire::DescriptorsChanged{from.getGeneration()}};
}

Result<wire::Control> read(schema::Control::NameAsk::Reader from) {
  const auto text = from.getName();
  const std::string_view name(text.begin(), text.size());
  if (!wire::is_friend_name(name)) return Reject::WrongValue;
  return wire::Control{wire::NameAsk{from.getToken(), std::string(name)}};
}

Result<wire::Control> read(schema::Control::NameAnswer::Reader from) {
  wire::NameAnswer out{from.getToken(), {}};
  if (from.getAddress().size() == 0) return wire::Control{out};
  Address address;
  if (!take(from.getAddress(), address.bytes)) return Reject::WrongLength;
  if (!address.is_overlay()) return Reject::WrongValue;
  out.address = address;
  return wire::Control{out};
}

}  // namespace covfefe::rpc
