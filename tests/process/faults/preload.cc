// SPDX-License-Identifier: Apache-2.0
// The same disk for a program that knows nothing of it: LD_PRELOAD this, and say in COVFEFE_FAULT
// "NTH ERRNO once|forever DIRECTORY". With ERRNO 0 the program is killed instead of the Nth call.
#include <cstdlib>
#include <new>
#include <sstream>

#include "tests/process/faults/disk.h"

namespace covfefe::faults {
namespace {

__attribute__((constructor)) void install() {
  const char* text = std::getenv("COVFEFE_FAULT");
  if (text == nullptr) return;
  Fault fault;
  std::string lasting;
  std::string below;
  std::istringstream(text) >> fault.nth >> fault.error >> lasting >> below;
  if (fault.error == 0) fault.error = kKill;
  fault.lasting = lasting == "forever" ? Lasting::Forever : Lasting::Once;
  // Lives as long as the process: files are closed after main().
  static Disk* const disk = new Disk(below);
  disk->fail(fault);
}

}  // namespace
}  // namespace covfefe::faults
