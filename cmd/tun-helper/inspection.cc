// SPDX-License-Identifier: Apache-2.0
#include "inspection.h"

namespace covfefe::tun_helper {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= ' ' && c < 0x7f ? c : '?';
  }
  return out + '"';
}

std::string member(std::string_view name, std::string_view value) {
  return quoted(name) + ": " + std::string(value);
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
}
std::string truth(bool value) {
  return value ? "true" : "false";
}

std::string counters_text(std::span<const Count> counters) {
  std::string out;
  for (const Count& each : counters) {
    out += out.empty() ? "{" : ", {";
    out += member("name", quoted(each.name)) + ", " + member("value", number(each.value)) + "}";
  }
  return "[" + out + "]";
}

std::string jail_text(const Inspected& now) {
  std::string out = "{";
  out += member("uid", number(now.jail.uid)) + ", " + member("gid", number(now.jail.gid)) + ", ";
  out += member("capabilities", number(now.jail.capabilities)) + ", ";
  out += member("noNewPrivs", truth(now.jail.no_new_privs)) + ", ";
  out += member("dumpable", truth(now.jail.dumpable)) + ", ";
  out += member("seccomp", number(now.jail.seccomp)) + ", ";
  out += member("syscalls", number(now.confined.syscalls)) + ", ";
  out += member("landlock", std::to_string(now.confined.landlock)) + ", ";
  return out + member("unknown", quoted(sandbox::name_of(now.confined.unknown))) + "}";
}

}  // namespace

std::string inspection_text(const Inspected& now) {
  const std::int64_t millis = now.uptime.nanoseconds / 1'000'000;
  std::string out = "{";
  out += member("service", quoted("tun-helper")) + ", ";
  out += member("version", quoted(COVFEFE_VERSION)) + ", ";
  out += member("pid", std::to_string(now.jail.pid)) + ", ";
  out += member("uptimeMs", number(static_cast<std::uint64_t>(millis))) + ", ";
  out += member("interfaces", "[]") + ", " + member("queues", "[]") + ", ";
  out += member("counters", counters_text(now.counters)) + ", ";
  out += member("jail", jail_text(now)) + ", ";
  return out + member("state", quoted(now.state)) + "}\n";
}

}  // namespace covfefe::tun_helper
