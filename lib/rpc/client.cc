// SPDX-License-Identifier: Apache-2.0
#include "rpc/client.h"

namespace covfefe::rpc {

CallResult<std::unique_ptr<Client>> Client::connect(const std::string& path, Duration timeout) {
  std::unique_ptr<Client> client;
  KJ_IF_MAYBE (failed, kj::runCatchingExceptions(
                           [&client] { client.reset(new Client(kj::setupAsyncIo())); })) {
    return from_exception(*failed);
  }
  auto stream = client->wait<kj::Own<kj::AsyncIoStream>>(
      [&client, &path] {
        return client->io_.provider->getNetwork()
            .parseAddress(kj::str("unix:", path.c_str()))
            .then([](kj::Own<kj::NetworkAddress> parsed) {
              auto connecting = parsed->connect();
              return connecting.attach(kj::mv(parsed));
            });
      },
      timeout);
  if (!stream) return stream.error();
  client->endpoint_ = kj::heap<Endpoint>(std::move(*stream), Side::Connector,
                                         Limits{.traversal_words = 1024 * 1024}, nullptr);
  return client;
}

}  // namespace covfefe::rpc
