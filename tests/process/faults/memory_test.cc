// SPDX-License-Identifier: Apache-2.0
// The Nth allocation fails, in a process of its own for each N: it ends, refuses or goes on, and
// never by a signal of the processor. What it acknowledged is there for the next one.
#include <doctest/doctest.h>
#include <kj/async-io.h>
#include <schema/keystore.capnp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "rpc/convert.h"
#include "rpc/endpoint.h"
#include "tests/process/faults/memory.h"
#include "tests/process/faults/report.h"
#include "tests/process/faults/store_trace.h"
#include "tests/rpc/echo_support.h"
#include "tests/support/temporary_directory.h"

namespace covfefe::faults {
namespace {

enum class End : std::uint8_t { Done, Refused, Aborted, Other };

// Runs `act` in a child; its return value says if it did all it wanted.
End in_child(const std::function<bool()>& act) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Nothing of what it says on the way out is wanted.
    ::close(STDERR_FILENO);
    ::signal(SIGABRT, SIG_DFL);
    ::signal(SIGSEGV, SIG_DFL);
    bool done = false;
    try {
      done = act();
    } catch (...) {
      ::_exit(2);
    }
    ::_exit(done ? 0 : 1);
  }
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return End::Other;
  if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? End::Done : End::Refused;
  return WTERMSIG(status) == SIGABRT ? End::Aborted : End::Other;
}

struct Ends {
  std::uint64_t refused = 0;
  std::uint64_t aborted = 0;

  void add(End end, Report& report) {
    ++report.cycles;
    if (end == End::Refused) ++refused;
    if (end == End::Aborted) ++aborted;
    if (end == End::Other) ++report.integrity;
    CHECK(end != End::Other);
  }
  [[nodiscard]] std::string text() const {
    return std::to_string(refused) + " refused, " + std::to_string(aborted) + " ended the process";
  }
};

std::uint64_t allocations_of(const std::function<bool()>& act) {
  fail_allocation(0);
  REQUIRE(act());
  return allocations();
}

// Every N, or about as many as given, spread evenly from a start by chance.
std::uint64_t stride(std::uint64_t all, std::uint64_t wanted) {
  return wants_all() ? 1 : std::max<std::uint64_t>(1, all / wanted);
}

int live(const StoreTrace& trace, const std::string& path, int from) {
  auto database = start(path);
  if (!database) return from;
  for (int number = from + 1; number <= trace.steps(); ++number) {
    if (const auto done = trace.step(*database, number); !done) {
      if (done.error().fault != store::Fault::Full) database->suspect();
      return number - 1;
    }
  }
  return trace.steps();
}

TEST_CASE("an allocation that fails in the database costs no acknowledged operation") {
  const StoreTrace trace(7);
  Report report{"database: failing allocations", 0, 0, 0, 0, {}};
  Ends ends;
  std::uint64_t all = 0;
  {
    const test::TemporaryDirectory directory;
    all = allocations_of([&] { return live(trace, directory / "peers.db", 0) == trace.steps(); });
  }
  const std::uint64_t step = stride(all, 150);
  for (std::uint64_t nth = 1 + seed() % step; nth <= all; nth += step) {
    const test::TemporaryDirectory directory;
    const std::string path = directory / "peers.db";
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    ends.add(in_child([&] {
               fail_allocation(nth);
               const int acked = live(trace, path, 0);
               fail_allocation(0);
               return ::write(pipe[1], &acked, sizeof acked) == sizeof acked &&
                      acked == trace.steps();
             }),
             report);
    ::close(pipe[1]);
    int acked = 0;
    const bool told = ::read(pipe[0], &acked, sizeof acked) == sizeof acked;
    ::close(pipe[0]);
    CAPTURE(nth);
    auto database = start(path);
    REQUIRE(database.ok());
    if (!database->quarantined().empty()) ++report.integrity;
    report.acked += static_cast<std::uint64_t>(acked);
    // Who ended without a word may have done any number of steps, but each of them whole.
    bool found = false;
    for (int after = acked; after <= trace.steps(); ++after) {
      found = found || ((!told || after <= acked + 1) && trace.is_after(*database, after));
    }
    if (!found) ++report.lost;
    CHECK(report.lost + report.integrity == 0);
  }
  report.note =
      std::to_string(all) + " allocations, each " + std::to_string(step) + "th; " + ends.text();
  print(report);
  CHECK(report.ok());
}

bool call_over_pipe() {
  rpc::end_without_memory();
  kj::EventLoop loop;
  kj::WaitScope scope(loop);
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  rpc::CallCount calls;
  bool answered = false;
  KJ_IF_MAYBE (failed, kj::runCatchingExceptions([&] {
                 rpc::Endpoint server(kj::mv(pipe.ends[0]), rpc::Side::Acceptor, {},
                                      capnp::Capability::Client(kj::heap<rpc::PaperShaper>(calls)));
                 rpc::Endpoint client(kj::mv(pipe.ends[1]), rpc::Side::Connector, {}, nullptr);
                 auto asked =
                     client.peer().castAs<schema::ShaperForRouter>().statusRequest().send();
                 answered = asked.wait(scope).getStatus().getSentDatagrams() == 42;
               })) {
    return false;
  }
  return answered;
}

bool friends_there_and_back() {
  capnp::MallocMessageBuilder message;
  auto params = message.initRoot<schema::KeystoreForRouter::LoadFriendsParams>();
  std::vector<FriendRecord> all{person(1), person(2), person(3)};
  for (std::uint32_t i = 0; i < all.size(); ++i) all[i].id = {i + 1};
  rpc::write_friends(all, params);
  const auto back = rpc::friends_from(params.asReader().getFriends());
  return back.ok() && back->size() == all.size();
}

void every_allocation(const std::string& name, const std::function<bool()>& act) {
  Report report{name, 0, 0, 0, 0, {}};
  Ends ends;
  const std::uint64_t all = allocations_of(act);
  for (std::uint64_t nth = 1; nth <= all; ++nth) {
    CAPTURE(nth);
    ends.add(in_child([&] {
               fail_allocation(nth);
               return act();
             }),
             report);
  }
  report.note = "every one of " + std::to_string(all) + "; " + ends.text();
  print(report);
  CHECK(report.ok());
}

TEST_CASE("an allocation that fails in codecs and calls ends the process or the call") {
  every_allocation("records: failing allocations", friends_there_and_back);
  every_allocation("calls: failing allocations", call_over_pipe);
}

}  // namespace
}  // namespace covfefe::faults
