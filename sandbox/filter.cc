// SPDX-License-Identifier: Apache-2.0
#include "sandbox/filter.h"

#include <seccomp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>

namespace covfefe::sandbox {
namespace {

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

scmp_arg_cmp compare(const Argument& argument) {
  scmp_arg_cmp out{};
  out.arg = argument.index;
  out.datum_a = argument.value;
  switch (argument.test) {
    case Test::Equal:
      out.op = SCMP_CMP_EQ;
      break;
    case Test::Below:
      out.op = SCMP_CMP_LT;
      break;
    case Test::AtLeast:
      out.op = SCMP_CMP_GE;
      break;
    case Test::Masked:
      out.op = SCMP_CMP_MASKED_EQ;
      out.datum_a = argument.mask;
      out.datum_b = argument.value;
      break;
    case Test::OwnPid:
      out.op = SCMP_CMP_EQ;
      out.datum_a = static_cast<scmp_datum_t>(::getpid());
      break;
  }
  return out;
}

std::uint32_t action_of(const Call& call) {
  switch (call.verdict) {
    case Verdict::Allow:
      return SCMP_ACT_ALLOW;
    case Verdict::Refuse:
      return SCMP_ACT_ERRNO(static_cast<std::uint32_t>(call.error));
    case Verdict::Kill:
      return SCMP_ACT_KILL_PROCESS;
  }
  return SCMP_ACT_KILL_PROCESS;
}

std::uint32_t default_action(UnknownCall unknown) {
  return unknown == UnknownCall::Kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(ENOSYS);
}

bool names(const Policy& policy, int number) {
  for (const CallSet* set : policy.calls) {
    for (const Call& call : set->calls) {
      if (call.number == number) return true;
    }
  }
  return false;
}

SysResult<void> add(const Filter& filter, const Call& call, std::uint32_t unlisted) {
  const std::uint32_t action = action_of(call);
  // A call that this machine has not, or one that gets what every unlisted call gets.
  if (call.number < 0 || action == unlisted) return {};
  std::array<scmp_arg_cmp, 3> tests{};
  for (std::size_t i = 0; i < call.argument_count; ++i) tests[i] = compare(call.arguments[i]);
  const int code = seccomp_rule_add_exact_array(
      filter.get(), action, call.number, static_cast<unsigned>(call.argument_count), tests.data());
  if (code == 0) return {};
  return SysError{"add a seccomp rule for", "call " + std::to_string(call.number), -code};
}

SysResult<void> configure(const Filter& filter) {
  struct Setting {
    scmp_filter_attr attribute;
    std::uint32_t value;
  };
  const Setting required[] = {
      {SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS},
      {SCMP_FLTATR_CTL_NNP, 0},       // it is on already, and a unit forbids prctl
      {SCMP_FLTATR_CTL_OPTIMIZE, 2},  // binary tree: a call costs about 8 comparisons, not 80
  };
  for (const Setting& setting : required) {
    const int code = seccomp_attr_set(filter.get(), setting.attribute, setting.value);
    if (code != 0) return SysError{"configure", "seccomp", -code};
  }
  // Log lines are a comfort: a kernel or container without them is no reason to stay unconfined.
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_LOG, 1);
  return {};
}

}  // namespace

SysResult<std::uint32_t> load_filter(const Policy& policy, UnknownCall unknown) {
  const std::uint32_t unlisted = default_action(unknown);
  const Filter filter(seccomp_init(unlisted));
  if (!filter) return SysError{"make a filter with", "seccomp", ENOMEM};
  if (SysResult<void> configured = configure(filter); !configured.ok()) return configured.error();
  std::uint32_t allowed = 0;
  for (const CallSet* set : policy.calls) {
    for (const Call& call : set->calls) {
      if (SysResult<void> added = add(filter, call, unlisted); !added.ok()) return added.error();
      if (call.verdict == Verdict::Allow) ++allowed;
    }
  }
  for (const Call& call : sanitizer_calls()) {
    if (names(policy, call.number)) continue;
    if (SysResult<void> added = add(filter, call, unlisted); !added.ok()) return added.error();
  }
  if (const int code = seccomp_load(filter.get()); code != 0) {
    return SysError{"load the filter of", "covfefe-" + std::string(policy.service), -code};
  }
  return allowed;
}

}  // namespace covfefe::sandbox
