// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>

#include "commands.h"
#include "layout.h"
#include "node_files.h"
#include "os/log_sink.h"
#include "os/process.h"
#include "reach.h"
#include "shell_word.h"
#include "sockets.h"
#include "supervisor.h"

namespace covfefe::cli {
namespace {

Outcome<int> run_node(const Layout& layout, const UpOptions& options) {
  if (!os::is_root()) {
    return Problem{"up makes a network device and drops to several users", "run it as root"};
  }
  const auto config = load_config(layout);
  if (!config) return config.error();
  const auto identity = load_identity(layout);
  if (!identity) return identity.error();
  if (auto made = make_run_directory(layout); !made) return made.error();
  const auto lock = os::lock_file(layout.run() + "/up.lock");
  if (!lock) {
    const bool running = lock.error().number == EWOULDBLOCK;
    return Problem{
        running ? "the node in " + layout.root() + " is running already" : lock.error().text(),
        running ? "covfefe status --root " + shell_word(layout.root()) : ""};
  }
  auto sockets = SocketSet::open(layout, *config);
  if (!sockets) return sockets.error();
  const auto root = root_for_services(layout);
  if (!root) return root.error();
  Supervisor supervisor(layout, std::move(*sockets),
                        {"--root", *root, "--jail-unknown=" + options.jail_unknown},
                        Duration::seconds(options.watchdog));
  return supervisor.run("covfefe: " + config->name + " is up, " +
                        format_address(identity->address) + " on " + config->tun.name);
}

}  // namespace

int up(const Common& common, const UpOptions& options) {
  const Layout layout(common.root);
  os::never_wait_for_log();
  const auto ended = run_node(layout, options);
  if (!ended) return report(ended.error(), common);
  return *ended;
}

}  // namespace covfefe::cli
