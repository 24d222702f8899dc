// SPDX-License-Identifier: Apache-2.0
// The verbs id and card: what this node shows to others. Public values only.
#include <qrencode.h>

#include <cstdio>
#include <memory>

#include "base/hex.h"
#include "commands.h"
#include "crypto/address.h"
#include "json.h"
#include "layout.h"
#include "node_files.h"
#include "os/resolve.h"

namespace covfefe::cli {
namespace {

Outcome<std::vector<std::string>> own_endpoints(const config::Config& config) {
  const Endpoint& control = config.listen.control;
  if (control.ip != Address{}) return std::vector<std::string>{format_endpoint(control)};
  const auto addresses = os::global_addresses();
  if (!addresses) return Problem{addresses.error().text(), "name them: card --endpoint HOST:PORT"};
  std::vector<std::string> out;
  for (const Address& address : *addresses) {
    if (out.size() == config::kMaxCardEndpoints) break;
    out.push_back(format_endpoint({address, control.port, 0}));
  }
  return out;
}

Outcome<config::Card> make_card(const Layout& layout, const CardOptions& options) {
  const auto config = load_config(layout);
  if (!config) return config.error();
  auto card = load_identity(layout);
  if (!card) return card.error();
  card->name = config->name;
  card->endpoints = options.endpoints;
  if (card->endpoints.size() > config::kMaxCardEndpoints) {
    return Problem{"a card has at most 8 endpoints", "", kUsage};
  }
  for (const std::string& endpoint : card->endpoints) {
    if (!config::is_valid_host_port(endpoint)) {
      return Problem{"--endpoint " + endpoint + " is not HOST:PORT", "", kUsage};
    }
  }
  if (card->endpoints.empty()) {
    auto own = own_endpoints(*config);
    if (!own) return own.error();
    card->endpoints = std::move(*own);
  }
  return card;
}

Outcome<std::string> qr_text(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_L), QRcode_free);
  if (!code) return Problem{"the card does not fit a QR code", "leave endpoints out"};
  const int width = code->width;
  const auto dark = [&](int x, int y) {
    const bool inside = x >= 0 && y >= 0 && x < width && y < width;
    return inside && (code->data[y * width + x] & 1) != 0;
  };
  // Two modules a character, light on dark terminals; a quiet zone of two modules all round.
  std::string out;
  for (int y = -2; y < width + 2; y += 2) {
    for (int x = -2; x < width + 2; ++x) {
      const bool above = dark(x, y);
      const bool below = dark(x, y + 1);
      out += above ? (below ? " " : "▄") : (below ? "▀" : "█");
    }
    out += '\n';
  }
  return out;
}

}  // namespace

int id(const Common& common) {
  const Layout layout(common.root);
  const auto card = load_identity(layout);
  if (!card) return report(card.error(), common);
  const std::string address = format_address(card->address);
  const std::string words = crypto::fingerprint(card->identity_key);
  const std::string key = to_hex(card->identity_key);
  if (common.json) {
    const Json json = Json::document("id")
                          .set("name", card->name)
                          .set("address", address)
                          .set("fingerprint", words)
                          .set("identity_key", key)
                          .set("service_key", to_hex(card->service_key));
    std::fputs(json.text().c_str(), stdout);
    return kDone;
  }
  std::printf("name         %s\naddress      %s\nfingerprint  %s\nidentity key %s\n",
              card->name.c_str(), address.c_str(), words.c_str(), key.c_str());
  return kDone;
}

int card(const Common& common, const CardOptions& options) {
  const auto made = make_card(Layout(common.root), options);
  if (!made) return report(made.error(), common);
  std::string text = config::emit_card(*made);
  if (options.qr) {
    const auto qr = qr_text(text);
    if (!qr) return report(qr.error(), common);
    text = *qr;
  }
  if (common.json) text = Json::document("card").set("card", text).text();
  std::fputs(text.c_str(), stdout);
  return kDone;
}

}  // namespace covfefe::cli
