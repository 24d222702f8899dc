// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <optional>

namespace covfefe::config {
namespace {

constexpr std::size_t kMaxKey = 64;

struct Event {
  yaml_event_t raw{};
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&raw); }

  [[nodiscard]] std::uint32_t line() const {
    return static_cast<std::uint32_t>(raw.start_mark.line) + 1;
  }
};

bool is_key_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

// libyaml has already refused what is not UTF-8; left are C0, DEL and C1, which steer terminals.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
      return true;
  }
  return false;
}

class Document {
 public:
  Document(std::string_view text, std::string_view file_name);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  ~Document() { yaml_parser_delete(&parser_); }

  ConfigResult<Node> read();

 private:
  using Fault = std::optional<ConfigError>;

  ConfigError error(std::uint32_t line, std::string message) const;
  Fault next(Event& event);
  Fault expect_end();
  Fault refuse_decoration(const Event& event, const yaml_char_t* anchor, const yaml_char_t* tag);
  ConfigResult<Node> node(const Event& event, std::size_t depth);
  ConfigResult<Node> scalar(const Event& event);
  ConfigResult<Node> list(const Event& start, std::size_t depth);
  ConfigResult<Node> map(const Event& start, std::size_t depth);
  ConfigResult<std::string> key(const Event& event, const Node& of);

  yaml_parser_t parser_{};
  std::string_view text_;
  std::string file_;
  std::string path_;  // dotted key of the value being read
  std::size_t nodes_ = 0;
};

Document::Document(std::string_view text, std::string_view file_name)
    : text_(text), file_(file_name) {
  if (yaml_parser_initialize(&parser_) == 0) bug("libyaml has no memory");
  yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
}

ConfigError Document::error(std::uint32_t line, std::string message) const {
  return {file_, line, path_, std::move(message)};
}

Document::Fault Document::next(Event& event) {
  if (yaml_parser_parse(&parser_, &event.raw) != 0) return {};
  auto line = static_cast<std::uint32_t>(parser_.problem_mark.line) + 1;
  if (parser_.error == YAML_READER_ERROR) {
    const std::size_t upto = std::min(parser_.problem_offset, text_.size());
    line = static_cast<std::uint32_t>(std::count(text_.data(), text_.data() + upto, '\n')) + 1;
  }
  const std::string what = parser_.problem != nullptr ? parser_.problem : "not YAML";
  return error(line, "not readable: " + what);
}

ConfigResult<Node> Document::read() {
  if (text_.size() > kMaxText) return error(0, "longer than 1 MiB");
  Event stream;
  if (Fault fault = next(stream)) return *fault;
  Event start;
  if (Fault fault = next(start)) return *fault;
  Node root;
  root.kind = Node::Kind::Map;
  if (start.raw.type == YAML_STREAM_END_EVENT) return root;
  const auto& document = start.raw.data.document_start;
  if (document.version_directive != nullptr ||
      document.tag_directives.start != document.tag_directives.end) {
    return error(start.line(), "directives (%YAML, %TAG) are not part of this format");
  }
  Event first;
  if (Fault fault = next(first)) return *fault;
  ConfigResult<Node> whole = node(first, 1);
  if (!whole.ok()) return whole;
  if (Fault fault = expect_end()) return *fault;
  if (whole->is_null()) return root;
  if (whole->kind != Node::Kind::Map) return error(whole->line, "must be a map: KEY: VALUE");
  return whole;
}

Document::Fault Document::expect_end() {
  Event document_end;
  if (Fault fault = next(document_end)) return fault;
  Event stream_end;
  if (Fault fault = next(stream_end)) return fault;
  if (stream_end.raw.type == YAML_STREAM_END_EVENT) return {};
  return error(stream_end.line(), "a second document starts here; only one is allowed");
}

Document::Fault Document::refuse_decoration(const Event& event, const yaml_char_t* anchor,
                                            const yaml_char_t* tag) {
  if (anchor != nullptr) return error(event.line(), "anchors (&) are not part of this format");
  if (tag != nullptr) return error(event.line(), "tags (!) are not part of this format");
  return {};
}

ConfigResult<Node> Document::node(const Event& event, std::size_t depth) {
  if (++nodes_ > kMaxNodes) return error(event.line(), "too many values in one document");
  switch (event.raw.type) {
    case YAML_SCALAR_EVENT:
      return scalar(event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
      if (depth > kMaxDepth) return error(event.line(), "nested deeper than 8 levels");
      return event.raw.type == YAML_MAPPING_START_EVENT ? map(event, depth) : list(event, depth);
    case YAML_ALIAS_EVENT:
      return error(event.line(), "aliases (*) are not part of this format; quote a text with *");
    default:
      return error(event.line(), "not a value");
  }
}

ConfigResult<Node> Document::scalar(const Event& event) {
  const auto& raw = event.raw.data.scalar;
  if (Fault fault = refuse_decoration(event, raw.anchor, raw.tag)) return *fault;
  if (raw.length > kMaxScalar) return error(event.line(), "text longer than 1024 bytes");
  Node out;
  out.line = event.line();
  out.quoted = raw.style != YAML_PLAIN_SCALAR_STYLE;
  out.text.assign(reinterpret_cast<const char*>(raw.value), raw.length);
  const bool block =
      raw.style == YAML_LITERAL_SCALAR_STYLE || raw.style == YAML_FOLDED_SCALAR_STYLE;
  if (block || event.raw.start_mark.line != event.raw.end_mark.line)
    return error(event.line(), "text must be on one line");
  if (has_control(out.text)) return error(event.line(), "text holds a control character");
  return out;
}

ConfigResult<Node> Document::list(const Event& start, std::size_t depth) {
  const auto& raw = start.raw.data.sequence_start;
  if (Fault fault = refuse_decoration(start, raw.anchor, raw.tag)) return *fault;
  Node out;
  out.kind = Node::Kind::List;
  out.line = start.line();
  for (;;) {
    Event event;
    if (Fault fault = next(event)) return *fault;
    if (event.raw.type == YAML_SEQUENCE_END_EVENT) return out;
    ConfigResult<Node> item = node(event, depth + 1);
    if (!item.ok()) return item;
    out.items.push_back(*std::move(item));
  }
}

ConfigResult<Node> Document::map(const Event& start, std::size_t depth) {
  const auto& raw = start.raw.data.mapping_start;
  if (Fault fault = refuse_decoration(start, raw.anchor, raw.tag)) return *fault;
  Node out;
  out.kind = Node::Kind::Map;
  out.line = start.line();
  for (;;) {
    Event event;
    if (Fault fault = next(event)) return *fault;
    if (event.raw.type == YAML_MAPPING_END_EVENT) return out;
    ConfigResult<std::string> name = key(event, out);
    if (!name.ok()) return name.error();
    const std::size_t outer = path_.size();
    path_ += (path_.empty() ? "" : ".") + *name;
    Event value;
    if (Fault fault = next(value)) return *fault;
    ConfigResult<Node> member = node(value, depth + 1);
    if (!member.ok()) return member;
    path_.resize(outer);
    // The line of a key is where a reader looks, also when its value is empty or starts below.
    if (member->kind != Node::Kind::List) member->line = event.line();
    out.members.push_back({*std::move(name), *std::move(member)});
  }
}

ConfigResult<std::string> Document::key(const Event& event, const Node& of) {
  if (event.raw.type != YAML_SCALAR_EVENT) return error(event.line(), "a key must be plain text");
  ConfigResult<Node> read = scalar(event);
  if (!read.ok()) return read.error();
  const std::string& text = read->text;
  if (text.empty() || text.size() > kMaxKey || !std::all_of(text.begin(), text.end(), is_key_byte))
    return error(event.line(), "a key must be 1..64 of letters, digits, '_', '-' and '.'");
  if (of.find(text) != nullptr) return error(event.line(), "the key '" + text + "' stands twice");
  return text;
}

bool is_plain_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/';
}

bool is_plain(std::string_view text) {
  if (text.empty() || !is_plain_start(text.front())) return false;
  if (text.back() == ' ' || text.back() == ':') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool inner = is_key_byte(c) || c == '/' || c == ' ' || c == ':';
    if (!inner || (c == ':' && text[i + 1] == ' ')) return false;
  }
  return text != "null" && text != "Null" && text != "NULL";
}

}  // namespace

std::string ConfigError::text() const {
  std::string out = file;
  if (line != 0) out += ":" + std::to_string(line);
  if (!out.empty()) out += ": ";
  if (!key.empty()) out += key + ": ";
  return out + message;
}

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return &value;
  }
  return nullptr;
}

bool Node::is_null() const {
  return kind == Kind::Scalar && !quoted && (text.empty() || text == "~" || text == "null");
}

ConfigResult<Node> parse_yaml(std::string_view text, std::string_view file_name) {
  return Document(text, file_name).read();
}

std::string quote(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace covfefe::config
