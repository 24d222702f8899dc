// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <cmath>
#include <cstdio>

#include "base/check.h"
#include "printable.h"

namespace covfefe::cli {
namespace {

void quote(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char first = text[0];
    if (length == 0) {
      out += "\\ufffd";  // the replacement character: JSON is UTF-8
    } else if (length == 1 && static_cast<unsigned char>(first) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(first));
      out += escaped;
    } else {
      if (first == '"' || first == '\\') out += '\\';
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[320];  // the largest double has 309 digits before its point
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

void indent(std::string& out, std::size_t depth) {
  out += '\n';
  out.append(2 * depth, ' ');
}

}  // namespace

Json Json::document(std::string_view verb) {
  Json out = object();
  out.set("schema", "covfefe." + std::string(verb) + "/1");
  return out;
}

Json& Json::set(std::string_view key, Json value) {
  auto* members = std::get_if<Members>(&value_);
  CHECK(members != nullptr);
  members->emplace_back(key, std::move(value));
  return *this;
}

Json& Json::add(Json value) {
  auto* items = std::get_if<Items>(&value_);
  CHECK(items != nullptr);
  items->push_back(std::move(value));
  return *this;
}

std::string Json::text() const {
  std::string out;
  print(out, 0);
  out += '\n';
  return out;
}

void Json::print(std::string& out, std::size_t depth) const {
  if (const auto* flag = std::get_if<bool>(&value_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* integer = std::get_if<std::int64_t>(&value_)) {
    out += std::to_string(*integer);
  } else if (const auto* natural = std::get_if<std::uint64_t>(&value_)) {
    out += std::to_string(*natural);
  } else if (const auto* real = std::get_if<double>(&value_)) {
    out += number(*real);
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    quote(out, *text);
  } else if (const auto* items = std::get_if<Items>(&value_)) {
    out += '[';
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i != 0) out += ',';
      indent(out, depth + 1);
      (*items)[i].print(out, depth + 1);
    }
    if (!items->empty()) indent(out, depth);
    out += ']';
  } else if (const auto* members = std::get_if<Members>(&value_)) {
    out += '{';
    for (std::size_t i = 0; i < members->size(); ++i) {
      if (i != 0) out += ',';
      indent(out, depth + 1);
      quote(out, (*members)[i].first);
      out += ": ";
      (*members)[i].second.print(out, depth + 1);
    }
    if (!members->empty()) indent(out, depth);
    out += '}';
  } else {
    out += "null";
  }
}

}  // namespace covfefe::cli
