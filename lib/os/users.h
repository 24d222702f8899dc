// SPDX-License-Identifier: Apache-2.0
// Users by name. The lookup opens files and loads modules of the C library, so it happens before
// confine. Thread: main.
#pragma once

#include <string>

#include "base/result.h"
#include "os/files.h"

namespace covfefe::os {

[[nodiscard]] SysResult<Owner> user_by_name(const std::string& name);
// uid and primary gid; ENOENT if there is no such user.

[[nodiscard]] SysResult<Owner> user_or_reserved(const std::string& name, const Owner& reserved);
// The same, or `reserved` if there is no such user (nodes that do not live in "/").

enum class RootTree : std::uint8_t { System, Other };
// System: --root is "/". Other: a node rooted in a directory of its own (tests, containers).

[[nodiscard]] SysResult<Owner> service_user(const std::string& service, RootTree tree);
// Of "covfefe-<service>" (router, keystore, peerdb, shaper). Where that user does not exist: in
// another tree the reserved number (63631 … 63634, uid = gid), for the system ENOENT, since
// packages create the users by sysusers.d. "tun-helper" is root. EINVAL for others.

}  // namespace covfefe::os
