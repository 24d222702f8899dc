// SPDX-License-Identifier: Apache-2.0
// Owners and modes of a node's files, directories and sockets against those that init, systemd and
// the services give them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor_report.h"
#include "layout.h"
#include "os/file_facts.h"

namespace covfefe::cli::doctor {

struct WantedFile {
  std::string path;
  os::FileKind kind = os::FileKind::Regular;
  mode_t most = 0600;  // no bit beyond these
  os::Owner owner;
  std::string user;        // its name
  std::string why;         // it must not be wider
  os::Owner keeper{0, 0};  // who may write in its directory, for the fix
};

[[nodiscard]] std::vector<WantedFile> wanted_files(const Layout& layout);
// What is there whether or not the node runs. Owners that cannot be looked up are left out.
[[nodiscard]] WantedFile wanted_state(const Layout& layout, const std::string& service,
                                      const std::string& name);
// A file in the service's own directory.

enum class Sight : std::uint8_t { Seen, Missing, Hidden };
struct SeenFile {
  Sight sight = Sight::Missing;
  os::FileFacts facts;
};

void check_file(const WantedFile& wanted, const SeenFile& seen, Report& report);
// One that is missing is no fault here: a node locked by a passphrase has no credential.

struct SocketQuestion {
  const Edge& edge;
  std::string path;
  os::Owner owner;                         // of the service that may connect, else of its listener
  std::optional<std::uint32_t> operators;  // the group covfefe, which operators' sockets may have
};
void check_socket(const SocketQuestion& question, const SeenFile& seen, Report& report);
// One that is missing is a warning: ask only for services that run.

struct PathQuestion {
  std::string path;
  os::FileFacts facts;
};
void check_parent(const PathQuestion& question, Report& report);
// /etc, /var/lib …: whoever may write there may exchange the node's own.

}  // namespace covfefe::cli::doctor
