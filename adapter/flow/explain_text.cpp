// Explanations, printed: as lines for people and as JSON for programs.
#include "fhir/json.h"
#include "flow/explain.h"

namespace bhi::flow {

namespace {

using fhir::Node;

class Printer {
 public:
  Node text(std::string_view value) { return value.empty() ? Node() : Node::string(arena_.copy(value)); }
  Node number(std::uint32_t value) { return Node::number(arena_.copy(std::string_view(std::to_string(value)))); }

  Node object(std::initializer_list<std::pair<std::string_view, Node>> members) {
    fhir::Member* kept = arena_.array<fhir::Member>(members.size());
    std::size_t count = 0;
    for (const auto& [name, value] : members) {
      if (!value.is_null()) kept[count++] = {&fhir::intern(name), value};
    }
    return Node::object({kept, count});
  }

  Node list(const auto& values) {
    if (values.empty()) return {};
    Node* kept = arena_.array<Node>(values.size());
    std::size_t count = 0;
    for (const auto& value : values) kept[count++] = node(value);
    return Node::array({kept, count});
  }

  Node node(const mapping::LineageRule& rule) {
    return object({{"map", text(rule.map)},
                   {"hash", text(rule.hash)},
                   {"file", text(rule.file)},
                   {"line", number(rule.at.line)},
                   {"column", number(rule.at.column)},
                   {"group", text(rule.group)},
                   {"name", text(rule.rule)}});
  }

  Node node(const ExplainedStep& step) {
    return object({{"how", text(step.how)},
                   {"by", text(step.by)},
                   {"rule", step.rule ? node(*step.rule) : Node()},
                   {"careRule", text(step.care_rule)},
                   {"translation", text(step.translation)},
                   {"from", list(step.from)}});
  }

  Node node(const Explained& element) {
    return object({{"document", text(element.document)},
                   {"path", text(element.path)},
                   {"value", value(element.value)},
                   {"steps", list(element.steps)}});
  }

  Node node(const ExplainedWrite& write) {
    return object({{"artifact", text(write.write->artifact)},
                   {"method", text(write.write->method)},
                   {"url", text(write.write->url)},
                   {"elements", list(write.elements)}});
  }

 private:
  Node value(std::string_view json) {
    if (json.empty()) return {};
    if (json.front() == '"') {
      const auto read = fhir::read_json("{\"value\":" + std::string(json) + "}");
      return read.ok() ? text((*read)->root().text_of("value")) : Node();
    }
    if (json == "true" || json == "false") return Node::boolean(json == "true");
    return Node::number(arena_.copy(json));
  }

  Arena arena_;
};

constexpr std::size_t kLongest = 80;  // of an expression; the rule's place tells where the rest is

std::string words_of(const ExplainedStep& step) {
  if (!step.care_rule.empty()) return "care rule: " + step.care_rule;
  std::string text = step.how;
  if (!step.by.empty() && step.by != "copy") {
    text += " with " + (step.by.size() <= kLongest ? step.by : step.by.substr(0, kLongest) + "...");
  }
  if (step.rule) text += " by " + to_text(*step.rule);
  if (!step.translation.empty()) text += ", " + step.translation;
  return text;
}

void add_lines(const Explained& element, std::size_t indent, std::string& text) {
  for (const ExplainedStep& step : element.steps) {
    text += std::string(indent, ' ') + words_of(step) + "\n";
    for (const Explained& from : step.from) {
      text += std::string(indent + 2, ' ') + "<- ";
      // The document's name says the type of its paths already.
      if (!from.document.empty()) text += from.document + " ";
      const std::size_t dot = from.path.find('.');
      text += dot == std::string::npos ? from.path : from.path.substr(dot + 1);
      if (!from.value.empty()) text += " = " + from.value;
      text += "\n";
      add_lines(from, indent + 4, text);
    }
  }
}

}  // namespace

std::string to_json(const std::vector<ExplainedWrite>& writes) {
  Printer printer;
  const Node listed = printer.list(writes);
  return fhir::write_json_pretty(printer.object({{"writes", listed.is_null() ? Node::array({}) : listed}})) + "\n";
}

std::string to_text(const std::vector<ExplainedWrite>& writes) {
  std::string text;
  for (const ExplainedWrite& write : writes) {
    text += (text.empty() ? "" : "\n") + write.write->method + " " + write.write->url + "  (" + write.write->artifact +
            ")\n";
    for (const Explained& element : write.elements) {
      text += "  " + element.path + " = " + element.value + "\n";
      add_lines(element, 4, text);
    }
  }
  return text.empty() ? "nothing would be written that is made from it\n" : text;
}

}  // namespace bhi::flow
