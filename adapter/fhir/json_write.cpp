// JSON out: compact, for people, and canonical. Escapes only what must be escaped (RFC 8259 section 7).
#include "base/hash.h"
#include "fhir/json.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bhi::fhir {

namespace {

enum class Order { AsWritten, ByName };

// For each byte: 0 = as it is, 'u' = \u00XX, else the letter after the backslash.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
  table['\b'] = 'b';
  table['\t'] = 't';
  table['\n'] = 'n';
  table['\f'] = 'f';
  table['\r'] = 'r';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

void write_text(std::string_view text, std::string& out) {
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char escape = kEscapes[static_cast<unsigned char>(text[i])];
    if (escape == 0) [[likely]]
      continue;
    out.append(text, written, i - written);
    written = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(text[i]);
      out.append("00").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  out.append(text, written);
  out += '"';
}

class Writer {
 public:
  Writer(std::string& out, Order order, bool pretty) : out_(out), order_(order), pretty_(pretty) {}

  void write(const Node& node) {
    switch (node.kind()) {
      case NodeKind::Null: out_ += "null"; return;
      case NodeKind::Boolean:
      case NodeKind::Number: out_ += node.text(); return;
      case NodeKind::String: write_text(node.text(), out_); return;
      case NodeKind::Array: write_array(node.elements()); return;
      case NodeKind::Object: write_object(node.members()); return;
    }
  }

 private:
  void write_array(std::span<const Node> elements) {
    out_ += '[';
    ++depth_;
    for (const Node& element : elements) {
      separate(&element != elements.data());
      write(element);
    }
    --depth_;
    close(']', elements.empty());
  }

  void write_object(std::span<const Member> members) {
    out_ += '{';
    ++depth_;
    if (order_ == Order::AsWritten) {
      for (const Member& member : members) write_member(member, &member != members.data());
    } else {
      std::vector<const Member*> sorted;
      sorted.reserve(members.size());
      for (const Member& member : members) sorted.push_back(&member);
      std::ranges::stable_sort(sorted, {}, [](const Member* member) { return member->name->text; });
      for (const Member* member : sorted) write_member(*member, member != sorted.front());
    }
    --depth_;
    close('}', members.empty());
  }

  void write_member(const Member& member, bool follows) {
    separate(follows);
    write_text(member.name->text, out_);
    out_ += pretty_ ? ": " : ":";
    write(member.value);
  }

  void separate(bool follows) {
    if (follows) out_ += ',';
    if (pretty_) new_line();
  }

  void close(char bracket, bool empty) {
    if (pretty_ && !empty) new_line();
    out_ += bracket;
  }

  void new_line() { out_.append(1, '\n').append(depth_ * 2, ' '); }

  std::string& out_;
  Order order_;
  bool pretty_;
  std::size_t depth_ = 0;
};

std::string written(const Node& node, Order order, bool pretty) {
  std::string out;
  Writer(out, order, pretty).write(node);
  return out;
}

}  // namespace

std::string write_json(const Node& node) { return written(node, Order::AsWritten, false); }

std::string write_json_pretty(const Node& node) { return written(node, Order::AsWritten, true); }

std::string write_canonical_json(const Node& node) { return written(node, Order::ByName, false); }

std::string content_hash(const Node& resource) {
  static const Name& meta = intern("meta");
  static const Name& text = intern("text");
  static const Name& security = intern("security");
  Arena arena;
  if (!resource.is_object()) return to_hex(sha256(write_canonical_json(resource)));
  Node content = without(without(resource, meta, arena), text, arena);
  const Node* const kept = resource.find(meta);
  const Node* const labels = kept != nullptr ? kept->find(security) : nullptr;
  if (labels != nullptr) content = with(content, security, *labels, arena);
  return to_hex(sha256(write_canonical_json(content)));
}

}  // namespace bhi::fhir
