// SPDX-License-Identifier: Apache-2.0
// The linked libraries as dpkg knows them, against the first version of Debian 12 in which what is
// known of them is mended. SECURITY.md lists the same versions and why.
#pragma once

#include <string>
#include <string_view>

#include "doctor_report.h"

namespace covfefe::cli::doctor {

void check_packages(std::string_view dpkg_status, Report& report);
// The text of /var/lib/dpkg/status; empty: another distribution, nothing is said.

[[nodiscard]] std::string versions_in(std::string_view dpkg_status);
// "libsodium23 1.0.18-1+deb12u1", one line each.

[[nodiscard]] int compare_versions(std::string_view one, std::string_view other);
// As deb-version(7) orders them: negative, zero or positive.

}  // namespace covfefe::cli::doctor
