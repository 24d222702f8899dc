// SPDX-License-Identifier: Apache-2.0
// A world whose nodes are friends as a graph says, and questions about all of it at once: who came
// up, who reached whom, and which nodes a circuit passes. Names of nodes are n0, n1, …
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/graph.h"
#include "tests/sim/world.h"

namespace covfefe::sim {

struct Dial {
  Place from = 0;
  Place to = 0;
  auto operator<=>(const Dial&) const = default;
};

[[nodiscard]] std::vector<Dial> batch_of(std::vector<Dial>& dials);
// Takes those out that have no node in common: they can run at the same time.

struct Way {  // an origin's circuit and the nodes that it passes, the far end last
  core::CircuitReport circuit;
  std::vector<Place> nodes;
  bool known = true;  // false: it was built before its keystores were watched
};

class Network final : public World {
 public:
  Network(std::uint64_t seed, const GraphPlan& plan);

  void start();
  // Boots every node, within the first second.
  [[nodiscard]] bool settle();
  // start(), and time for links and for the lists of three rings. False: a link stayed down.
  [[nodiscard]] std::size_t links_up();
  // Friendships whose link is up at both ends.
  [[nodiscard]] std::optional<Place> at(const Address& overlay) const;

  struct Tried {
    bool connected = false;
    Duration took;
    std::string why;
  };
  std::vector<Tried> dial(const std::vector<Dial>& dials, Duration timeout);
  // Asks every origin at once for a circuit, as `covfefe circuit new` does, and waits for all.
  // Connected: the circuit is there, or there is no further way beside those that the session has.
  std::vector<bool> echo(const std::vector<Dial>& dials, std::size_t tries, Duration each);
  // Echo requests until one of each dial is answered, at most so many.
  [[nodiscard]] std::vector<Way> ways(const Dial& dial);
  // The circuits of the origin to the target that it built itself.
  void hang_up(const Dial& dial);
  // Closes them all.

  [[nodiscard]] std::size_t opened(Place place) const;
  // Sessions that others asked this node for, over circuits, since the world began.

  void kill(Place place) { (*this)[place].crash(); }
  void revive(Place place) { (*this)[place].boot(); }
  void cut(const std::pair<Place, Place>& link);
  void mend(const std::pair<Place, Place>& link);

  const Graph graph;

 private:
  using HopName = std::string;  // a handle, in hex
  void watch(Node& node, const core::KeystoreRequest& request, const core::KeystoreReply& reply);
  [[nodiscard]] core::CircuitsReport circuits(Place place);
  [[nodiscard]] bool has_open(const Dial& dial);

  std::map<Address, Place> places_;
  std::map<ByteArray<32>, HopName> promised_;  // by the next hop's ephemeral: what it was called
  std::map<HopName, Place> owners_;
  std::map<Place, std::size_t> opened_;
  std::uint16_t sequence_ = 0;
};

}  // namespace covfefe::sim
