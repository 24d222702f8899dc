// SPDX-License-Identifier: Apache-2.0
#include "build_world.h"

#include <algorithm>

#include "base/bug.h"

namespace covfefe::test {

namespace {

crypto::Drbg seeded(std::uint8_t seed) {
  ByteArray<32> key{};
  key[0] = seed;
  return crypto::Drbg(key);
}

Bytes bytes(ByteView view) {
  return {view.begin(), view.end()};
}

}  // namespace

BuildNode::BuildNode(std::uint8_t number, const core::CircuitPolicy& policy)
    : policy_(policy), random_(seeded(number)), onion_(crypto::make_key_pair(random_)) {
  begin_anew();
}

void BuildNode::begin_anew() {
  builds_.reset();
  shared_.reset(new core::Shared{Address{},
                                 wire::kTunMtu,
                                 *this,
                                 random_,
                                 {},
                                 core::CircuitTable(random_.next_u64()),
                                 core::Identity(Address{}),
                                 {},
                                 {}});
  builds_ = std::make_unique<core::Builds>(*shared_, *this, *this, policy_);
}

std::uint64_t BuildNode::gauge(std::string_view name) const {
  std::vector<core::Counter> all;
  builds_->count(all);
  for (const core::Counter& one : all) {
    if (one.name == name) return one.value;
  }
  bug("no such gauge");
}

void BuildNode::step(Instant now, const std::function<void()>& what) {
  shared_->now = now;
  shared_->identity.clock({kWall.unix_nanoseconds + now.nanoseconds}, now);
  builds_->begin(*this);
  what();
  if (builds_->next_deadline() <= now) builds_->timer();
  builds_->end();
}

void BuildNode::take(core::LinkSlot link, const Sent& what) {
  if (const auto* build = std::get_if<SentBuild>(&what)) {
    builds_->on_build(link, {build->mine, build->packet});
  } else if (const auto* built = std::get_if<SentBuilt>(&what)) {
    builds_->on_built(link, {built->yours, built->mine, built->packet});
  } else if (const auto* destroy = std::get_if<SentDestroy>(&what)) {
    builds_->on_destroy(link, destroy->circuit, destroy->reason);
  } else {
    cell(link, std::get<SentCell>(what));
  }
}

void BuildNode::cell(core::LinkSlot link, const SentCell& cell) {
  core::Circuit* circuit = shared_->table.find(cell.header.circuit);
  if (circuit == nullptr || circuit->link != link) {
    return shared_->tally.add(core::Count::CellUnknownCircuit);
  }
  const bool passes = circuit->role == core::CircuitRole::RelayForward ||
                      circuit->role == core::CircuitRole::RelayBackward;
  if (passes) return builds_->relay(*circuit, cell.header, cell.onion);
  Bytes plain(cell.onion.size());
  const auto opened = core::open_onion(*circuit, cell.header, cell.onion, plain);
  if (opened) {
    received.push_back(
        {circuit->receive, bytes(crypto::body_of(ByteView(plain))), cell.header.lane});
  } else if (opened.error() == Reject::Forged) {
    builds_->onion_fault(*circuit);
  } else {
    shared_->tally.add(core::Count::CellReplayed);
  }
}

bool BuildNode::answer_keystore(Instant now) {
  if (!keystore_answers || asked.empty()) return false;
  const core::KeystoreRequest request = std::move(asked.front());
  asked.pop_front();
  const ByteView packet = std::get<core::OpenBuild>(request.what).packet;
  core::KeystoreReply reply{request.request, Reject::Forged};
  auto opened = crypto::open_build(onion_, packet);
  if (!opened || keystore_says) {
    reply.answer = keystore_says.value_or(Reject::Forged);
  } else if (!ephemerals_.insert(bytes(packet.first(32))).second) {
    reply.answer = Reject::Replayed;
  } else {
    reply.answer =
        core::OpenedBuild{opened->record, std::move(opened->k1), opened->rest, onion_.public_key};
  }
  step(now, [&] { (void)builds_->keystore_reply(reply); });
  return true;
}

bool BuildNode::answer_shaper(Instant now) {
  if (!shaper_answers || wanted.empty()) return false;
  const core::ShaperReply reply = answer(wanted.front(), now);
  wanted.pop_front();
  step(now, [&] {
    const auto came = builds_->leases().came(reply);
    if (came == core::LeaseDesk::Came::Waited) (void)builds_->shaper_reply(reply);
  });
  return true;
}

// A ledger that counts each link on which a lease lies.
core::ShaperReply BuildNode::answer(const core::ShaperRequest& request, Instant now) {
  if (const auto* release = std::get_if<core::LeaseRelease>(&request.what)) {
    const auto found = ledger.find(release->lease);
    const bool theirs =
        found != ledger.end() && found->second.terms.principal == release->principal;
    if (!theirs) return {request.request, core::LeaseDenied{core::LeaseRefusal::NotYours, 0, {}}};
    const core::LeaseGrant was = found->second.grant;
    ledger.erase(found);
    return {request.request, was};
  }
  ++takes;
  const core::LeaseTerms& terms = std::get<core::LeaseTake>(request.what).terms;
  std::uint64_t used = 0;
  for (const auto& [id, one] : ledger) used += one.grant.rate * one.terms.over.size();
  const auto free = (capacity - std::min<std::uint64_t>(used, capacity)) / terms.over.size();
  if (terms.rate > free) {
    return {
        request.request,
        core::LeaseDenied{core::LeaseRefusal::NoCapacity, static_cast<std::uint32_t>(free), {}}};
  }
  const core::LeaseGrant grant{++last_lease_, terms.rate, now, now + terms.lasts};
  ledger[last_lease_] = {terms, grant};
  return {request.request, grant};
}

void BuildNode::revoke(Instant now, std::uint32_t lease) {
  ledger.erase(lease);
  step(now, [&] { builds_->lease_revoked(lease); });
}

bool BuildNode::send(CircuitId id, std::uint8_t fill, std::size_t onion, core::Lane lane) {
  core::Circuit* circuit = shared_->table.find(id);
  if (circuit == nullptr) return false;
  const auto size = onion == wire::kLargeOnion ? core::CellSize::Large : core::CellSize::Small;
  const MutableBytes cell = open_cell(circuit->link, core::unleased(lane), size);
  if (cell.empty()) return false;
  std::fill(cell.begin(), cell.end(), fill);
  core::CellHeader header = core::seal_onion(*circuit, random_, cell);
  header.lane = lane;
  send_cell(header);
  return true;
}

core::Circuit* BuildNode::only(core::CircuitRole role) {
  core::Circuit* found = nullptr;
  for (std::uint32_t index = 0; index < 256; ++index) {
    for (std::uint32_t generation = 1; generation < 4096; ++generation) {
      core::Circuit* circuit = shared_->table.find(CircuitId{generation << 20 | index});
      if (circuit == nullptr || circuit->role != role) continue;
      if (found != nullptr) return nullptr;
      found = circuit;
    }
  }
  return found;
}

void BuildNode::restart() {
  begin_anew();
  out.clear();
  asked.clear();
}

// ---- CellSink ----------------------------------------------------------------------------------

MutableBytes BuildNode::open_cell(core::LinkSlot link, FlowClass as, core::CellSize size) {
  const core::Lane lane = core::lane_of(as);
  if (!cells || !links[link.value].up) return {};
  if (!opened_.empty()) bug("a cell is open already");
  opened_.assign(size == core::CellSize::Small ? wire::kSmallOnion : wire::kLargeOnion, 0);
  opened_link_ = link;
  opened_lane_ = lane;
  return opened_;
}

void BuildNode::send_cell(const core::CellHeader& header) {
  core::CellHeader as_it_arrives = header;
  as_it_arrives.lane = opened_lane_;
  out.push_back({opened_link_, SentCell{as_it_arrives, std::move(opened_)}});
  opened_.clear();
}

bool BuildNode::post(core::LinkSlot link, Sent what) {
  if (!frames || !links[link.value].up) return false;
  out.push_back({link, std::move(what)});
  return true;
}

bool BuildNode::send_destroy(core::LinkSlot link, CircuitId circuit, wire::DestroyReason reason,
                             Instant) {
  if (circuit.value == 0) bug("DESTROY of circuit 0");
  return post(link, SentDestroy{circuit, reason});
}

bool BuildNode::send_build(core::LinkSlot link, const wire::BuildFrame& build, Instant) {
  return post(link, SentBuild{build.mine, bytes(build.packet)});
}

bool BuildNode::send_built(core::LinkSlot link, const wire::BuiltFrame& built, Instant) {
  return post(link, SentBuilt{built.yours, built.mine, bytes(built.packet)});
}

core::FriendReport BuildNode::report(core::LinkSlot link, Instant) const {
  core::FriendReport made_up;
  made_up.id = FriendId{link.value + 1};
  return made_up;
}

// ---- NextHops, BuildEvents ---------------------------------------------------------------------

std::optional<core::LinkSlot> BuildNode::next_hop(const wire::Handle& handle,
                                                  core::LinkSlot from) const {
  const auto found = handles.find(handle);
  if (found == handles.end() || found->second.second != from) return std::nullopt;
  return found->second.first;
}

void BuildNode::on_built(core::BuildId build, const core::Built& built) {
  replies.assign(built.replies.begin(), built.replies.end());
  made.push_back({build, built.circuit, built.rtt, built.replies.size(), bytes(built.answer)});
}

void BuildNode::on_build_failed(core::BuildId build, const core::BuildFailure& failure) {
  failed.push_back({build, failure});
}

wire::BuildStatus BuildNode::on_terminal(const core::Terminal& terminal, MutableBytes answer) {
  terminals.push_back(terminal.circuit);
  ephemeral = terminal.ephemeral;
  std::fill(answer.begin(), answer.end(), terminal.payload[0]);
  return grants;
}

void BuildNode::on_circuit_lost(CircuitId circuit, wire::DestroyReason reason) {
  if (shared_->table.find(circuit) == nullptr) bug("told of a circuit that is not there");
  lost.push_back({circuit, reason});
  on_lost(circuit);
}

// ---- the world ---------------------------------------------------------------------------------

BuildWorld::BuildWorld(std::size_t nodes, const core::CircuitPolicy& policy) {
  for (std::size_t i = 0; i < nodes; ++i) {
    nodes_.push_back(std::make_unique<BuildNode>(static_cast<std::uint8_t>(i + 1), policy));
    nodes_[i]->step(now, [&] { nodes_[i]->builds().keystore_up(); });
    if (i > 0) join(i - 1, i);
  }
}

void BuildWorld::join(std::size_t a, std::size_t b) {
  const core::LinkSlot at_a{static_cast<std::uint32_t>(at(a).links.size())};
  const core::LinkSlot at_b{static_cast<std::uint32_t>(at(b).links.size())};
  at(a).links.push_back({b, at_b, true});
  at(b).links.push_back({a, at_a, true});
  at(a).builds().on_friend(at_a, FriendId{static_cast<std::uint32_t>(b + 1)});
  at(b).builds().on_friend(at_b, FriendId{static_cast<std::uint32_t>(a + 1)});
}

core::LinkSlot BuildWorld::slot(std::size_t from, std::size_t to) {
  const auto& links = at(from).links;
  for (std::uint32_t i = 0; i < links.size(); ++i) {
    if (links[i].to == to) return {i};
  }
  bug("no such link");
}

core::CircuitPath BuildWorld::path(const std::vector<std::size_t>& nodes) {
  core::CircuitPath out;
  out.entry = slot(nodes[0], nodes[1]);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    core::PathHop hop;
    hop.onion_key = at(nodes[i]).onion_key();
    if (i > 1) {
      hop.handle[0] = 1;
      hop.handle[1] = ++last_handle_;
      BuildNode& before = at(nodes[i - 1]);
      before.handles[hop.handle] = {slot(nodes[i - 1], nodes[i]), slot(nodes[i - 1], nodes[i - 2])};
    }
    out.hops.push_back(hop);
  }
  return out;
}

std::optional<core::BuildId> BuildWorld::start(const core::CircuitPath& path,
                                               const core::BuildTerms& terms) {
  std::optional<core::BuildId> out;
  Bytes payload(wire::kBuildPayload, 0x5a);
  at(origin).step(now, [&] { out = at(origin).builds().start(path, terms, payload); });
  return out;
}

std::optional<core::BuildId> BuildWorld::start_over(const std::vector<std::size_t>& nodes) {
  origin = nodes[0];
  const auto out = start(path(nodes));
  exchange();
  return out;
}

bool BuildWorld::carry(std::size_t from) {
  BuildNode& node = at(from);
  bool moved = node.answer_keystore(now);
  moved = node.answer_shaper(now) || moved;
  while (!node.out.empty()) {
    moved = true;
    BuildNode::Posted posted = std::move(node.out.front());
    node.out.pop_front();
    const BuildNode::Link link = node.links[posted.link.value];
    if (!tap(from, link.to, posted.what)) continue;
    now = now + delay;
    at(link.to).step(now, [&] { at(link.to).take(link.theirs, posted.what); });
  }
  return moved;
}

void BuildWorld::exchange() {
  bool moved = true;
  for (int i = 0; moved && i < 1000; ++i) {
    moved = false;
    for (std::size_t node = 0; node < nodes_.size(); ++node) moved = carry(node) || moved;
  }
}

void BuildWorld::tick(Duration by) {
  const Instant end = now + by;
  while (now < end) {
    now = std::min(end, now + Duration::millis(100));
    for (const auto& node : nodes_) node->step(now, [] {});
    exchange();
  }
}

void BuildWorld::cut(std::size_t a, std::size_t b) {
  for (const auto& [one, other] : {std::pair{a, b}, std::pair{b, a}}) {
    BuildNode& node = at(one);
    const core::LinkSlot link = slot(one, other);
    node.links[link.value].up = false;
    node.step(now, [&] { node.builds().on_link_down(link); });
  }
}

void BuildWorld::mend(std::size_t a, std::size_t b, core::Boot boot) {
  for (const auto& [one, other] : {std::pair{a, b}, std::pair{b, a}}) {
    BuildNode& node = at(one);
    const core::LinkSlot link = slot(one, other);
    node.links[link.value].up = true;
    node.step(now, [&] { node.builds().on_link_up(link, boot); });
  }
  exchange();
}

void BuildWorld::restart(std::size_t node) {
  at(node).restart();
  for (std::uint32_t i = 0; i < at(node).links.size(); ++i) {
    const auto other = static_cast<std::uint32_t>(at(node).links[i].to + 1);
    at(node).builds().on_friend({i}, FriendId{other});
  }
  at(node).step(now, [&] { at(node).builds().keystore_up(); });
  for (const BuildNode::Link& link : at(node).links) {
    at(link.to).step(now, [&] { at(link.to).builds().on_link_up(link.theirs, core::Boot::New); });
  }
  exchange();
}

std::vector<std::size_t> line(std::size_t nodes) {
  std::vector<std::size_t> out(nodes);
  for (std::size_t i = 0; i < nodes; ++i) out[i] = i;
  return out;
}

}  // namespace covfefe::test
