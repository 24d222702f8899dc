// SPDX-License-Identifier: Apache-2.0
// A live router's operator edge, with a packet thread that answers and two friends. Whatever is
// called, nothing aborts.
#include <schema/router.capnp.h>

#include "tests/fuzz/rpc/live.h"
#include "tests/rpc/operator_desk.h"

namespace covfefe::fuzz {
namespace {

struct Target : router::OperatorDesk {
  // Mail is handed over, and answers go their way, until nothing is left to do but to wait.
  kj::Promise<void> turn(int rounds) {
    return kj::evalLast([this, rounds]() -> kj::Promise<void> {
      const std::size_t mails = to_data->drain([this](router::ToData mail) { take(kj::mv(mail)); });
      if (rounds > 0 && mails > 0) return turn(rounds - 1);
      service->stop();
      return kj::READY_NOW;
    });
  }
  void play(ByteView bytes) {
    const auto running = begin<schema::RouterOperator>(router::operator_capability(view), bytes);
    service->run_beside(turn(16));
    if (!service->run()) bug("the loop failed");
  }
};

}  // namespace
}  // namespace covfefe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  covfefe::fuzz::Target target;
  target.play({data, size});
  return 0;
}
