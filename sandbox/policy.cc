// SPDX-License-Identifier: Apache-2.0
#include "sandbox/policy.h"

#include <cstdio>
#include <cstring>

#include "sandbox/explain_json.h"

namespace covfefe::sandbox {
namespace {

std::string text_of(const Argument& argument) {
  char text[96];
  const auto value = static_cast<unsigned long long>(argument.value);
  const auto mask = static_cast<unsigned long long>(argument.mask);
  switch (argument.test) {
    case Test::Equal:
      std::snprintf(text, sizeof text, "arg%u=%#llx", argument.index, value);
      break;
    case Test::Below:
      std::snprintf(text, sizeof text, "arg%u<%llu", argument.index, value);
      break;
    case Test::AtLeast:
      std::snprintf(text, sizeof text, "arg%u>=%llu", argument.index, value);
      break;
    case Test::Masked:
      std::snprintf(text, sizeof text, "arg%u&%#llx=%#llx", argument.index, mask, value);
      break;
    case Test::OwnPid:
      std::snprintf(text, sizeof text, "arg%u=own pid", argument.index);
      break;
  }
  return text;
}

std::string text_of(const Call& call) {
  std::string line = "  ";
  switch (call.verdict) {
    case Verdict::Allow:
      line += "allow  ";
      break;
    case Verdict::Refuse:
      line += "refuse ";
      break;
    case Verdict::Kill:
      line += "kill   ";
      break;
  }
  line += name_of_call(call.number);
  if (call.verdict == Verdict::Refuse) {
    line += std::string(" (") + strerrorname_np(call.error) + ")";
  }
  for (std::size_t i = 0; i < call.argument_count; ++i) line += " " + text_of(call.arguments[i]);
  line += " – " + std::string(call.why.text());
  if (!call.rare.empty()) line += " (rare: " + std::string(call.rare) + ")";
  return line + "\n";
}

std::string text_of(const Path& path) {
  std::string line = "  ";
  switch (path.access) {
    case Access::Read:
      line += "read ";
      break;
    case Access::ReadWrite:
      line += "read and write ";
      break;
    case Access::Device:
      line += "device ";
      break;
  }
  line += path.base == Base::Root ? "ROOT/" : "/";
  return line + std::string(path.path) + " – " + std::string(path.why.text()) + "\n";
}

constexpr const Policy* kAll[] = {&kTunHelper, &kRouter, &kKeystore, &kPeerdb, &kShaper};

}  // namespace

std::span<const Policy* const> all_policies() {
  return kAll;
}

std::optional<UnknownCall> parse_unknown_call(std::string_view text) {
  if (text == "enosys") return UnknownCall::Enosys;
  if (text == "kill") return UnknownCall::Kill;
  return std::nullopt;
}

const char* name_of(UnknownCall unknown) {
  return unknown == UnknownCall::Kill ? "kill" : "enosys";
}

std::string explain(const Policy& policy, Form form) {
  if (form == Form::Json) return explain_json(policy);
  std::string text = "process covfefe-" + std::string(policy.service) + "\n";
  text +=
      "user " + std::string(policy.user.name) + " – " + std::string(policy.user.why.text()) + "\n";
  text += "capabilities" + std::string(policy.capabilities.empty() ? ": none\n" : "\n");
  for (const Capability& capability : policy.capabilities) {
    text += "  " + std::string(capability.name) + " – " + std::string(capability.why.text()) + "\n";
  }
  text += "limits\n";
  for (const Limit& limit : policy.limits) {
    text += "  " + std::string(limit.name) + " " + std::to_string(limit.value) + " – " +
            std::string(limit.why.text()) + "\n";
  }
  text += "paths" + std::string(policy.paths.empty() ? ": none\n" : "\n");
  for (const Path& path : policy.paths) text += text_of(path);
  for (const CallSet* set : policy.calls) {
    text += "calls: " + std::string(set->name) + "\n";
    for (const Call& call : set->calls) text += text_of(call);
  }
  return text +
         "any other call: ENOSYS and a line in the kernel's log, or the end (--jail-unknown)\n";
}

}  // namespace covfefe::sandbox
