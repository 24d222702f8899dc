// SPDX-License-Identifier: Apache-2.0
#include <capnp/compat/json.h>
#include <schema/inspect.capnp.h>

#include <array>

#include "os/clock.h"
#include "os/fd.h"
#include "os/listen.h"
#include "os/process.h"
#include "os/stream.h"
#include "rpc/convert.h"
#include "service_calls.h"
#include "shell_word.h"

namespace covfefe::cli {
namespace {

constexpr std::size_t kMostText = 64 * 1024;

JailView jail_view(schema::Inspection::Jail::Reader from) {
  return {from.getUid(),        from.getGid(),      from.getCapabilities(),
          from.getNoNewPrivs(), from.getDumpable(), from.getSeccomp(),
          from.getSyscalls(),   from.getLandlock(), said(from.getUnknown())};
}

InspectionView inspection_view(schema::Inspection::Reader from) {
  InspectionView out;
  out.service = said(from.getService());
  out.version = said(from.getVersion());
  out.pid = from.getPid();
  out.uptime_ms = from.getUptimeMs();
  out.state = said(from.getState());
  for (const auto one : from.getInterfaces()) {
    InterfaceView view{said(one.getName()), said(one.getEdge()), {}, 0, 0};
    for (const auto method : one.getMethods()) view.methods.push_back(said(method));
    view.connections = one.getConnections();
    view.calls = one.getCalls();
    out.interfaces.push_back(std::move(view));
  }
  for (const auto one : from.getCounters()) {
    out.counters.push_back({said(one.getName()), one.getValue()});
  }
  for (const auto one : from.getQueues()) {
    out.queues.push_back(
        {said(one.getName()), one.getDepth(), one.getCapacity(), one.getDropped()});
  }
  out.jail = jail_view(from.getJail());
  return out;
}

Outcome<InspectionView> inspect_helper(const Layout& layout, Duration patience) {
  const std::string path = layout.socket("tun-helper.operator");
  const auto socket = os::connect_unix(path, os::UnixKind::Stream);
  const auto text = socket ? os::read_stream(*socket, kMostText, patience)
                           : SysResult<std::string>(socket.error());
  if (!text || text->empty()) {
    return Problem{"the tun-helper of the node in " + layout.root() + " does not answer: " +
                       (text ? "it closed without a word" : text.error().text()),
                   "is it running? covfefe up --root " + shell_word(layout.root()), kDown};
  }
  return inspection_from_text(*text);
}

}  // namespace

Outcome<InspectionView> inspection_from_text(std::string_view text) {
  Outcome<InspectionView> out = Problem{"the tun-helper wrote something that is no inspection", ""};
  (void)rpc::Client::guard([&] {
    capnp::MallocMessageBuilder message;
    auto root = message.initRoot<schema::Inspection>();
    capnp::JsonCodec codec;
    codec.setMaxNestingDepth(8);
    codec.decode(kj::arrayPtr(text.data(), text.size()), root);
    out = inspection_view(root.asReader());
  });
  return out;
}

Outcome<InspectionView> inspect(const Layout& layout, std::string_view service, Duration patience) {
  if (service == "tun-helper") return inspect_helper(layout, patience);
  const Instant end = os::monotonic_now() + patience;
  auto connection = Connection::open(layout, service, patience);
  if (!connection) return connection.error();
  rpc::Client& client = connection->client();
  auto request = client.as<schema::Inspectable>().inspectRequest();
  const std::string name(service);
  return call_and_read<InspectionView>(Callee{client, name.c_str(), end - os::monotonic_now()},
                                       kj::mv(request),
                                       [](auto& answer) -> Outcome<InspectionView> {
                                         return inspection_view(answer.getInspection());
                                       });
}

}  // namespace covfefe::cli
