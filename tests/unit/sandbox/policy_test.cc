// SPDX-License-Identifier: Apache-2.0
#include "sandbox/policy.h"

#include <doctest/doctest.h>
#include <seccomp.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sandbox/sets.h"

namespace covfefe::sandbox {
namespace {

// A call with its argument rules as text: two equal ones are one entry written twice.
std::string key_of(const Call& call) {
  std::string key = std::to_string(call.number);
  for (std::size_t i = 0; i < call.argument_count; ++i) {
    const Argument& argument = call.arguments[i];
    key += " " + std::to_string(argument.index) + ":" +
           std::to_string(static_cast<int>(argument.test)) + ":" + std::to_string(argument.value) +
           ":" + std::to_string(argument.mask);
  }
  return key;
}

std::vector<const Call*> calls_of(const Policy& policy) {
  std::vector<const Call*> out;
  for (const CallSet* set : policy.calls) {
    for (const Call& call : set->calls) out.push_back(&call);
  }
  return out;
}

bool allows(const Policy& policy, int number) {
  const std::vector<const Call*> calls = calls_of(policy);
  return std::any_of(calls.begin(), calls.end(), [number](const Call* call) {
    return call->number == number && call->verdict == Verdict::Allow;
  });
}

}  // namespace

TEST_CASE("every entry of every policy says why") {
  for (const Policy* policy : all_policies()) {
    CAPTURE(policy->service);
    for (const Call* call : calls_of(*policy)) CHECK(call->why.text().size() > 10);
    for (const Path& path : policy->paths) CHECK(path.why.text().size() > 10);
    for (const Limit& limit : policy->limits) CHECK(limit.why.text().size() > 10);
    for (const Capability& capability : policy->capabilities) {
      CHECK(capability.why.text().size() > 10);
    }
  }
}

TEST_CASE("no policy names a call twice with the same arguments") {
  for (const Policy* policy : all_policies()) {
    std::set<std::string> seen;
    for (const Call* call : calls_of(*policy)) {
      CAPTURE(policy->service);
      CAPTURE(call->why.text());
      CHECK(seen.insert(key_of(*call)).second);
    }
  }
}

TEST_CASE("no policy allows what the list of dangerous calls kills") {
  for (const Policy* policy : all_policies()) {
    for (const Call& dangerous : kDangerous.calls) {
      CAPTURE(policy->service);
      CAPTURE(dangerous.number);
      CHECK_FALSE(allows(*policy, dangerous.number));
    }
  }
}

TEST_CASE("every policy has the common set, the dangerous set and no core dump") {
  for (const Policy* policy : all_policies()) {
    const auto has = [policy](const CallSet& wanted) {
      return std::find(policy->calls.begin(), policy->calls.end(), &wanted) != policy->calls.end();
    };
    CHECK(has(kCommon));
    CHECK(has(kDangerous));
    CHECK(has(kThreading) == (policy->threads == Threads::AfterConfine));
    CHECK(policy->limits.front().resource == kNoCore.resource);
    CHECK(policy->limits.front().value == 0);
  }
}

TEST_CASE("only the tun-helper keeps a capability and the user root") {
  for (const Policy* policy : all_policies()) {
    const bool helper = policy == &kTunHelper;
    CHECK(policy->capabilities.size() == (helper ? 1U : 0U));
    CHECK((policy->user.name == "root") == helper);
    CHECK((policy->user.reserved_id == 0) == helper);
  }
}

TEST_CASE("the router is allowed no call that makes, joins or copies a socket") {
  for (const int call :
       {SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(sendto), SCMP_SYS(sendmmsg),
        SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(openat), SCMP_SYS(open)}) {
    CAPTURE(call);
    CHECK_FALSE(allows(kRouter, call));
  }
}

TEST_CASE("the explanation names the process, its user, every call and every reason") {
  for (const Policy* policy : all_policies()) {
    const std::string text = explain(*policy);
    CHECK(text.find("process covfefe-" + std::string(policy->service)) != std::string::npos);
    CHECK(text.find("user " + std::string(policy->user.name)) != std::string::npos);
    for (const Call* call : calls_of(*policy)) {
      CHECK(text.find(call->why.text()) != std::string::npos);
    }
  }
  CHECK(explain(kRouter).find("kill   write arg0>=512 – only the shaper") != std::string::npos);
  CHECK(explain(kRouter).find("refuse clone3 (ENOSYS)") != std::string::npos);
}

TEST_CASE("the explanation for programs has every call with its set, verdict and arguments") {
  const std::string json = explain(kRouter, Form::Json);
  CHECK(json.starts_with("{\"service\":\"router\",\"user\":\"covfefe-router\","));
  CHECK(json.find(
            "{\"set\":\"router\",\"call\":\"write\",\"number\":1,\"verdict\":\"kill\",\"errno\":0,"
            "\"arguments\":[{\"index\":0,\"test\":\"at-least\",\"value\":512,\"mask\":0}],") !=
        std::string::npos);
  CHECK(std::count(json.begin(), json.end(), '{') == std::count(json.begin(), json.end(), '}'));
}

TEST_CASE("the mode for unlisted calls is enosys or kill and nothing else") {
  CHECK(parse_unknown_call("enosys") == UnknownCall::Enosys);
  CHECK(parse_unknown_call("kill") == UnknownCall::Kill);
  CHECK_FALSE(parse_unknown_call("").has_value());
  CHECK_FALSE(parse_unknown_call("Kill").has_value());
  CHECK(std::string(name_of(UnknownCall::Kill)) == "kill");
}

}  // namespace covfefe::sandbox
