// SPDX-License-Identifier: Apache-2.0
// probe ROOT FILE PAUSE: calls each service of the node in ROOT every PAUSE milliseconds over its
// operator socket, from one thread each, until standard input ends. FILE gets a line for each
// silence between two answers that was longer than kQuiet: service, last answer, next answer, in
// seconds of the monotonic clock. Every kBeat a service that answers gets a line with both times
// alike.
#include <schema/inspect.capnp.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "layout.h"
#include "os/clock.h"
#include "os/listen.h"
#include "os/process.h"
#include "os/stream.h"
#include "rpc/client.h"

namespace {

using namespace covfefe;

constexpr Duration kQuiet = Duration::millis(25);
constexpr Duration kBeat = Duration::millis(50);
constexpr Duration kPatience = Duration::millis(1'000);
constexpr std::size_t kMostText = 64 * 1024;

struct Shared {
  std::string root;
  FILE* out = nullptr;
  Duration pause;
  std::mutex mutex;
  std::atomic<bool> ended = false;
};

double in_seconds(Instant instant) {
  return static_cast<double>(instant.nanoseconds) / 1e9;
}

class Prober {
 public:
  Prober(Shared& shared, std::string service)
      : shared_(shared),
        service_(std::move(service)),
        path_(cli::Layout(shared.root).socket(service_ + ".operator")) {}

  void run() {
    last_ = told_ = os::monotonic_now();
    while (!shared_.ended) {
      if (service_ == "tun-helper" ? ask_helper() : ask()) answered(os::monotonic_now());
      (void)os::wait_readable({}, shared_.pause);
    }
  }

 private:
  bool ask() {
    if (!client_) {
      auto made = rpc::Client::connect(path_, kPatience);
      if (!made) return false;
      client_ = std::move(*made);
    }
    const auto answer =
        client_->call(client_->as<schema::Inspectable>().inspectRequest(), kPatience);
    if (!answer) client_.reset();
    return answer.ok();
  }

  // It says one text to whoever connects.
  bool ask_helper() {
    const auto socket = os::connect_unix(path_, os::UnixKind::Stream);
    if (!socket) return false;
    const auto text = os::read_stream(*socket, kMostText, kPatience);
    return text.ok() && !text->empty();
  }

  void answered(Instant now) {
    if (now - last_ > kQuiet) {
      tell(last_, now);
    } else if (now - told_ > kBeat) {
      tell(now, now);
    }
    last_ = now;
  }

  void tell(Instant from, Instant to) {
    const std::lock_guard lock(shared_.mutex);
    std::fprintf(shared_.out, "%s %.6f %.6f\n", service_.c_str(), in_seconds(from), in_seconds(to));
    std::fflush(shared_.out);
    told_ = to;
  }

  Shared& shared_;
  const std::string service_;
  const std::string path_;
  std::unique_ptr<rpc::Client> client_;
  Instant last_;
  Instant told_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  Shared shared;
  shared.root = argv[1];
  shared.out = std::fopen(argv[2], "w");
  shared.pause = Duration::millis(std::atoi(argv[3]));
  if (shared.out == nullptr) return 2;
  std::vector<std::thread> threads;
  for (const std::string_view service : cli::services()) {
    threads.emplace_back([&shared, service] { Prober(shared, std::string(service)).run(); });
  }
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  shared.ended = true;
  for (std::thread& thread : threads) thread.join();
  return 0;
}
