// SPDX-License-Identifier: Apache-2.0
#include "serve.h"

#include <cstdio>
#include <thread>

#include "control_plane.h"
#include "data_plane.h"

namespace covfefe::router {
namespace {

int report(const char* thread, const SysResult<void>& ended) {
  if (ended) return 0;
  std::fprintf(stderr, "<3>covfefe-router %s thread ended: %s\n", thread,
               ended.error().text().c_str());
  return 1;
}

void end_data_thread(DataMailbox& to_data) {
  ToData mail;
  mail.emplace<Stop>();
  while (to_data.push(std::move(mail)) == os::Posted::Dropped) {
    mail.emplace<Stop>();
    std::this_thread::yield();
  }
}

}  // namespace

int serve(sandbox::Confined<Resources> jailed) {
  Resources& held = jailed.resources();
  int status = 0;
  std::thread data([&held, &status] {
    DataPlane plane(held.node, held.listeners, held.data, *held.to_data, *held.to_control);
    status = report("data", plane.run());
  });
  {
    ControlPlane control(held, jailed.report());
    const int ended = report("control", control.run());
    end_data_thread(*held.to_data);
    data.join();
    status |= ended;
  }
  return status;
}

}  // namespace covfefe::router
