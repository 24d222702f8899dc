// SPDX-License-Identifier: Apache-2.0
// A live shaper's control thread behind both of its edges (first byte: router or operator).
// Whatever is called, the ledger stays within its bounds and inspection is answered.
#include <schema/shaper.capnp.h>

#include "cmd/shaper/service_desk.h"
#include "tests/fuzz/rpc/live.h"

namespace covfefe::fuzz {
namespace {

class NoLog final : public Log {
 public:
  void write(Level, std::string_view) override {}
};

struct Target {
  static constexpr std::size_t kMail = 256;
  std::unique_ptr<rpc::Service> service = std::move(*rpc::Service::make());
  std::unique_ptr<shaper::DataMailbox> to_data = std::move(*shaper::DataMailbox::create(kMail));
  std::unique_ptr<shaper::ControlMailbox> from_data =
      std::move(*shaper::ControlMailbox::create(kMail));
  shaper::Live live;
  NoLog log;
  shaper::Books books{{}, 1, *to_data};
  shaper::Desk desk{{*service, books, *to_data, *from_data, live, log}};

  Target() {
    desk.inspect = [] { return rpc::InspectedService{}; };
  }
  void run(ByteView bytes) {
    const ByteView rest = bytes.subspan(1);
    const auto running = bytes[0] % 2 == 0
                             ? begin<schema::ShaperForRouter>(shaper::router_edge(desk), rest)
                             : begin<schema::ShaperOperator>(shaper::operator_edge(desk), rest);
    // When nothing is left to do but to wait.
    service->run_beside(kj::evalLast([this] { service->stop(); }));
    if (!service->run()) bug("the loop failed");
    if (books.ledger().size() > shape::kLeasesMost) bug("more leases than there may be");
  }
};

}  // namespace
}  // namespace covfefe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  covfefe::fuzz::Target target;
  target.run({data, size});
  return 0;
}
