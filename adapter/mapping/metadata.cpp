#include "mapping/metadata.h"

#include "fhir/types.h"
#include "mapping/literal_text.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bhi::mapping {

namespace {

using fhir::ElementInfo;
using fhir::Node;
using fhir::TypeInfo;

// One element, its values in order.
struct Tree {
  std::string name;
  struct Value {
    std::string text;  // of a primitive
    std::vector<Tree> members;
  };
  std::vector<Value> values;
};

std::string_view first_step(std::string_view path) { return path.substr(0, path.find('.')); }

std::string_view rest_of(std::string_view path) {
  const std::size_t dot = path.find('.');
  return dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
}

Tree& child(std::vector<Tree>& members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &Tree::name);
  return found != members.end() ? *found : members.emplace_back(Tree{std::string(name), {}});
}

void insert(std::vector<Tree>& members, std::string_view path, const std::string& text) {
  Tree& tree = child(members, first_step(path));
  const std::string_view rest = rest_of(path);
  if (rest.empty()) {
    tree.values.push_back({text, {}});
    return;
  }
  if (tree.values.empty()) tree.values.emplace_back();
  insert(tree.values.back().members, rest, text);
}

const TypeInfo& map_type() {
  static const TypeInfo& type = *fhir::Types::r4().find("StructureMap");
  return type;
}

// The element of that name; `type` becomes its type, null when it is not known.
const ElementInfo* step(const TypeInfo*& type, std::string_view name) {
  const TypeInfo* const parent = type;
  type = nullptr;
  const fhir::Name* known = fhir::find_name(name);
  return parent == nullptr || known == nullptr ? nullptr : parent->element(*known, &type);
}

enum class Literal : std::uint8_t { Text, Boolean, Number };

Literal literal_of(const TypeInfo* type) {
  if (type == nullptr) return Literal::Text;
  if (type->name == "boolean") return Literal::Boolean;
  constexpr std::array<std::string_view, 4> kNumbers = {"decimal", "integer", "positiveInt", "unsignedInt"};
  return std::ranges::find(kNumbers, type->name) != kNumbers.end() ? Literal::Number : Literal::Text;
}

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const std::string_view whole = text.substr(0, dot);
  if (!digits(whole) || (whole.size() > 1 && whole.front() == '0')) return false;
  return dot == text.size() || digits(text.substr(dot + 1));
}

// Does the text fit the literal? A boolean that is none stays a text.
bool is_bare(Literal literal, std::string_view text) {
  if (literal == Literal::Boolean) return text == "true" || text == "false";
  return literal == Literal::Number && is_number(text);
}

Node node_of(const Tree::Value& value, const TypeInfo* type, Arena& arena);

void add_members(const std::vector<Tree>& members, const TypeInfo* type, ObjectBuilder& to, Arena& arena) {
  for (const Tree& tree : members) {
    const TypeInfo* own = type;
    const ElementInfo* element = step(own, tree.name);
    std::vector<Node> values;
    for (const Tree::Value& value : tree.values) {
      const Node made = node_of(value, own, arena);
      if (!made.is_null()) values.push_back(made);
    }
    if (values.empty()) continue;
    const bool listed = values.size() > 1 || tree.name == "extension" || (element != nullptr && element->many());
    if (listed) {
      to.list(tree.name, values);
    } else {
      to.add(tree.name, values.front());
    }
  }
}

Node node_of(const Tree::Value& value, const TypeInfo* type, Arena& arena) {
  if (!value.members.empty()) {
    ObjectBuilder made(arena);
    add_members(value.members, type, made, arena);
    const Node object = made.node();
    return object.members().empty() ? Node() : object;
  }
  if (value.text.empty()) return Node();
  const std::string_view text = arena.copy(std::string_view(value.text));
  const Literal literal = literal_of(type);
  if (!is_bare(literal, text)) return Node::string(text);
  return literal == Literal::Boolean ? Node::boolean(text == "true") : Node::number(text);
}

std::vector<Tree> tree_of(std::span<const Metadata> entries) {
  std::vector<Tree> members;
  for (const Metadata& entry : entries) insert(members, entry.path, entry.value);
  return members;
}

void flatten(const std::vector<Tree>& members, const std::string& before, std::vector<Metadata>& to) {
  for (const Tree& tree : members) {
    const std::string path = before + tree.name;
    for (const Tree::Value& value : tree.values) {
      if (value.members.empty()) {
        if (!value.text.empty()) to.push_back({path, value.text});
        continue;
      }
      const std::size_t begun = to.size();
      to.push_back({path, {}});
      flatten(value.members, path + ".", to);
      if (to.size() == begun + 1) to.pop_back();
    }
  }
}

std::string value_text(const Metadata& entry) {
  if (entry.value.empty()) return {};
  const TypeInfo* type = &map_type();
  for (std::string_view path = entry.path; !path.empty(); path = rest_of(path)) step(type, first_step(path));
  if (is_bare(literal_of(type), entry.value)) return " " + entry.value;
  constexpr std::string_view kBlank = " \t\r\n";
  const bool lines = entry.value.find('\n') != std::string::npos && entry.value.find("\"\"\"") == std::string::npos &&
                     entry.value.find('\r') == std::string::npos &&
                     kBlank.find(entry.value.front()) == std::string_view::npos &&
                     kBlank.find(entry.value.back()) == std::string_view::npos;
  return lines ? " \"\"\"\n" + entry.value + "\n\"\"\"" : " " + quoted(entry.value, '\'');
}

// Members of the map that are read by themselves.
constexpr std::array<std::string_view, 9> kParts = {"resourceType", "contained", "text",  "url",  "name",
                                                    "structure",    "import",    "const", "group"};

}  // namespace

bool is_part_of_map(std::string_view name) { return std::ranges::find(kParts, name) != kParts.end(); }

bool is_metadata_path(std::string_view path) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  if (path.empty() || is_part_of_map(first_step(path))) return false;
  for (; !path.empty(); path = rest_of(path)) {
    const std::string_view name = first_step(path);
    if (name.empty() || name.find_first_not_of(kLetters) != std::string_view::npos || path.ends_with('.')) return false;
  }
  return true;
}

std::vector<Metadata> normal_metadata(std::span<const Metadata> entries) {
  std::vector<Metadata> made;
  flatten(tree_of(entries), {}, made);
  return made;
}

std::string metadata_lines(std::span<const Metadata> entries) {
  std::size_t width = 0;
  for (const Metadata& entry : entries) width = std::max(width, entry.path.size());
  std::string text;
  for (const Metadata& entry : entries) {
    text += "/// " + entry.path + std::string(width - entry.path.size(), ' ') + " =" + value_text(entry) + "\n";
  }
  return text;
}

void add_metadata(std::span<const Metadata> entries, ObjectBuilder& to, Arena& arena) {
  add_members(tree_of(entries), &map_type(), to, arena);
}

}  // namespace bhi::mapping
