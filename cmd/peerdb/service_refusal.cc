// SPDX-License-Identifier: Apache-2.0
#include "service_edges.h"

namespace covfefe::peerdb {

schema::Refusal refusal_for(Node& node, const store::StoreError& error) {
  ++node.refusals;
  const bool grave = error.fault == store::Fault::Io || error.fault == store::Fault::Corrupt;
  node.log.record(grave ? Level::Error : Level::Notice, "refused", {{"why", error.text}});
  // After a failed fsync or a corrupt page nothing more may be acknowledged: the next start checks
  // the file and, where it must, restores a backup.
  if (grave) {
    node.database.suspect();
    node.disk_failed();
  }
  switch (error.fault) {
    case store::Fault::Exists:
      return schema::Refusal::EXISTS;
    case store::Fault::Unknown:
      return schema::Refusal::UNKNOWN;
    case store::Fault::Refused:
      return schema::Refusal::MALFORMED;
    case store::Fault::Full:
    case store::Fault::Io:
    case store::Fault::Corrupt:
      return schema::Refusal::IO;
  }
  return schema::Refusal::IO;
}

}  // namespace covfefe::peerdb
