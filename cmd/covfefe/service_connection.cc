// SPDX-License-Identifier: Apache-2.0
#include "rpc/client.h"
#include "services.h"
#include "shell_word.h"

namespace covfefe::cli {

Connection::Connection(std::unique_ptr<rpc::Client> client) : client_(std::move(client)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Outcome<Connection> Connection::open(const Layout& layout, std::string_view service,
                                     Duration patience) {
  const std::string path = layout.socket(std::string(service) + ".operator");
  auto client = rpc::Client::connect(path, patience);
  if (client) return Connection(std::move(*client));
  return Problem{"the " + std::string(service) + " of the node in " + layout.root() +
                     " does not answer: " + client.error().text,
                 "is it running? covfefe up --root " + shell_word(layout.root()), kDown};
}

}  // namespace covfefe::cli
