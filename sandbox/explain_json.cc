// SPDX-License-Identifier: Apache-2.0
#include "sandbox/explain_json.h"

#include <seccomp.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace covfefe::sandbox {
namespace {

// Names and reasons are our own literals: printable text, quotes at worst.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  return out + '"';
}

std::string field(std::string_view name, std::string_view text) {
  return quoted(name) + ":" + quoted(text);
}
std::string field(std::string_view name, std::uint64_t number) {
  return quoted(name) + ":" + std::to_string(number);
}

template <typename Entries, typename Print>
std::string list(std::string_view name, const Entries& entries, Print print) {
  std::string out;
  for (const auto& entry : entries) {
    const std::string one = print(entry);
    if (!one.empty()) out += (out.empty() ? "" : ",\n ") + one;
  }
  return quoted(name) + ":[" + out + "]";
}

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Allow:
      return "allow";
    case Verdict::Refuse:
      return "refuse";
    case Verdict::Kill:
      return "kill";
  }
  return "";
}

const char* word_of(Test test) {
  switch (test) {
    case Test::Equal:
      return "equal";
    case Test::Below:
      return "below";
    case Test::AtLeast:
      return "at-least";
    case Test::Masked:
      return "masked";
    case Test::OwnPid:
      return "own-pid";
  }
  return "";
}

const char* word_of(Access access) {
  switch (access) {
    case Access::Read:
      return "read";
    case Access::ReadWrite:
      return "read-write";
    case Access::Device:
      return "device";
  }
  return "";
}

std::string json_of(const Argument& argument) {
  return "{" + field("index", argument.index) + "," + field("test", word_of(argument.test)) + "," +
         field("value", argument.value) + "," + field("mask", argument.mask) + "}";
}

std::string json_of(const CallSet& set, const Call& call) {
  if (call.number < 0) return {};
  const std::span<const Argument> arguments(call.arguments.data(), call.argument_count);
  std::string out = "{" + field("set", set.name) + "," + field("call", name_of_call(call.number)) +
                    "," + field("number", static_cast<std::uint64_t>(call.number)) + "," +
                    field("verdict", word_of(call.verdict)) + "," +
                    field("errno", static_cast<std::uint64_t>(call.error)) + ",";
  out += list("arguments", arguments, [](const Argument& one) { return json_of(one); });
  return out + "," + field("why", call.why.text()) + "," + field("rare", call.rare) + "}";
}

std::string json_of(const Path& path) {
  return "{" + field("base", path.base == Base::Root ? "root" : "system") + "," +
         field("path", path.path) + "," + field("access", word_of(path.access)) + "," +
         field("why", path.why.text()) + "}";
}

std::string json_of(const Limit& limit) {
  return "{" + field("name", limit.name) + "," + field("value", limit.value) + "," +
         field("why", limit.why.text()) + "}";
}

std::string calls_of(const CallSet& set) {
  std::string out;
  for (const Call& call : set.calls) {
    const std::string one = json_of(set, call);
    if (!one.empty()) out += (out.empty() ? "" : ",\n ") + one;
  }
  return out;
}

}  // namespace

std::string name_of_call(int number) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
  return name ? std::string(name.get()) : std::to_string(number);
}

std::string explain_json(const Policy& policy) {
  std::string out = "{" + field("service", policy.service) + "," + field("user", policy.user.name);
  out += ",\n" + list("capabilities", policy.capabilities,
                      [](const Capability& one) { return quoted(one.name); });
  out += ",\n" + list("limits", policy.limits, [](const Limit& one) { return json_of(one); });
  out += ",\n" + list("paths", policy.paths, [](const Path& one) { return json_of(one); });
  out += ",\n" + list("calls", policy.calls, [](const CallSet* set) { return calls_of(*set); });
  return out + "}\n";
}

}  // namespace covfefe::sandbox
