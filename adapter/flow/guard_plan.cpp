#include "flow/guard_plan.h"

#include "flow/label_facts.h"
#include "flow/substance_use.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace bhi::flow {

namespace {

using care::Code;
using fhir::Node;

// A part as it is looked at: what it says, and the words or the reference by which it would be found at the EHR.
struct Part {
  std::string path;
  std::vector<Code> codes{};
  std::vector<std::string_view> texts{};
  std::string_view reference{};

  std::string_view name() const {
    if (!reference.empty()) return reference;
    const auto text = std::ranges::find_if(texts, [](std::string_view one) { return !one.empty(); });
    if (text != texts.end()) return *text;
    return codes.empty() ? std::string_view() : std::string_view(codes.front().code);
  }
};

std::string at(std::string_view list, std::size_t index) {
  return "CarePlan." + std::string(list) + "[" + std::to_string(index) + "]";
}

Part part_of(const care::Problem& problem, std::size_t index) {
  return {at("problems", index), problem.codes, {problem.text}, problem.reference};
}
Part part_of(const care::Activity& activity, std::size_t index) {
  return {at("activities", index), activity.codes, {activity.description, activity.kind}, activity.reference};
}
Part part_of(const care::Goal& goal, std::size_t index) {
  Part part{at("goals", index), {}, {goal.description}, goal.reference};
  for (const care::Target& target : goal.targets) {
    part.codes.push_back({"http://loinc.org", target.measure, ""});
    part.texts.push_back(target.text);
  }
  return part;
}
Part part_of(const Code& category, std::size_t index) { return {at("categories", index), {category}, {}, {}}; }
Part part_of(const std::string& note, std::size_t index) { return {at("notes", index), {}, {note}, {}}; }

bool stands_in(const Node& node, std::string_view text) {
  if (node.is_string()) return node.text().find(text) != std::string_view::npos;
  for (const Node& element : node.elements()) {
    if (stands_in(element, text)) return true;
  }
  return std::ranges::any_of(node.members(), [&](const auto& member) { return stands_in(member.value, text); });
}

// Does an element of the EHR's resource speak of substance use?
bool speaks(const Node& node, bool by_words) {
  if (node.is_string()) return by_words && has_substance_use_word(node.text());
  for (const Node& element : node.elements()) {
    if (speaks(element, by_words)) return true;
  }
  if (node.find("system") != nullptr &&
      is_substance_use_code({std::string(node.text_of("system")), std::string(node.text_of("code")), ""})) {
    return true;
  }
  return std::ranges::any_of(node.members(), [&](const auto& member) { return speaks(member.value, by_words); });
}

class PlanGuard {
 public:
  PlanGuard(const care::CarePlan& plan, const GuardQuestion& question, const PlanRules& rules)
      : question_(question), rules_(rules), own_(plan.source.system == question.destination) {
    done_.plan = plan;
    base_ = own_ ? question.held : question.written;
  }

  GuardedPlan run() {
    note_names();
    go_through(done_.plan.problems);
    go_through(done_.plan.goals);
    go_through(done_.plan.activities);
    go_through(done_.plan.categories);
    go_through(done_.plan.notes);
    text("title", "title", done_.plan.title);
    text("description", "description", done_.plan.description);
    text("selfManagement", "note", done_.plan.self_management);
    text("relapsePrevention", "note", done_.plan.relapse_prevention);
    text("safetyPlan", "", done_.plan.safety_plan);
    if (!done_.redactions.empty()) {
      done_.plan.derived.clear();  // says again what the rules put in; never written
      look_for_edits();
    }
    const care::CarePlan& plan = done_.plan;
    done_.empty = !done_.redactions.empty() && plan.problems.empty() && plan.goals.empty() && plan.activities.empty() &&
                  plan.notes.empty() && plan.self_management.empty() && plan.relapse_prevention.empty() &&
                  plan.safety_plan.empty();
    return std::move(done_);
  }

 private:
  struct Finding {
    bool substance_use = false;
    LabelFacts facts{};
    const Ancestor* resource = nullptr;
  };

  Finding look_at(const Part& part) const {
    Finding finding;
    const auto about = [this](const Code& code) {
      return is_substance_use_code(code) || (rules_.careful && has_substance_use_word(code.display));
    };
    finding.substance_use = std::ranges::any_of(part.codes, about) ||
                            (rules_.careful && std::ranges::any_of(part.texts, has_substance_use_word));
    if (!part.reference.empty()) {
      const auto found = std::ranges::find_if(question_.parts, [&](const Ancestor& one) {
        return part.reference == one.source.type + "/" + one.source.id;
      });
      if (found != question_.parts.end()) {
        finding.resource = &*found;
        finding.facts = facts_of(found->labels);
        finding.facts.psychotherapy |= found->psychotherapy_note;
        finding.substance_use |= finding.facts.substance_use || std::ranges::any_of(found->codes, about);
      }
    }
    return finding;
  }

  // Empty: it may leave.
  std::string why_not(const Finding& finding) const {
    if (finding.facts.psychotherapy) return "psychotherapy notes never leave";
    if (question_.emergency) return {};
    const bool part2 = finding.facts.part2 || (finding.substance_use && rules_.careful);
    if (part2 && !rules_.substance_use_may) return "substance use: " + rules_.why_not_substance_use;
    const bool may = finding.substance_use ? rules_.substance_use_may : rules_.restricted_may;
    if (finding.facts.restricted && !may) {
      return "restricted: " + (finding.substance_use ? rules_.why_not_substance_use : rules_.why_not_restricted);
    }
    return {};
  }

  // Says whether the part is taken out.
  bool taken_out(const Part& part) {
    const Finding finding = look_at(part);
    const std::string why = why_not(finding);
    const bool there = base_ != nullptr && !part.name().empty() && stands_in(*base_, part.name());
    const bool elsewhere = !part.name().empty() && std::ranges::any_of(question_.elsewhere, [&part](const auto& text) {
      return text.find(part.name()) != std::string::npos;
    });
    if (why.empty()) {
      if (finding.resource != nullptr) done_.labels.push_back(finding.resource->labels);
      done_.substance_use |= finding.substance_use;
      done_.part2 |= finding.facts.part2 || (finding.substance_use && rules_.careful);
      return false;
    }
    if (own_ && there) return false;  // its own words, as they stand in its own record
    if (there || elsewhere) for_a_person(part.path);
    done_.redactions.push_back({part.path, why});
    return true;
  }

  void for_a_person(const std::string& path) {
    if (done_.for_a_person.empty()) done_.for_a_person = path;
  }

  template <typename T>
  void go_through(std::vector<T>& list) {
    std::vector<T> left;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!taken_out(part_of(list[i], i))) left.push_back(std::move(list[i]));
    }
    list = std::move(left);
  }

  // `element`: of the EHR's resource; taking out a text that stands there would clear or change it.
  void text(std::string_view name, std::string_view element, std::string& value) {
    if (value.empty() || !taken_out({"CarePlan." + std::string(name), {}, {value}, {}})) return;
    value.clear();
    if (element != "note" && !element.empty() && base_ != nullptr && base_->find(element) != nullptr) {
      for_a_person("CarePlan." + std::string(name));
    }
  }

  void note_names() {
    const auto add = [this](const auto& list) {
      for (std::size_t i = 0; i < list.size(); ++i) names_.emplace_back(part_of(list[i], i).name());
    };
    add(done_.plan.problems);
    add(done_.plan.goals);
    add(done_.plan.activities);
    add(done_.plan.categories);
    add(done_.plan.notes);
    names_.push_back(done_.plan.self_management);
    names_.push_back(done_.plan.relapse_prevention);
  }

  // A part that was changed here stands at the EHR in other words: taking the new ones out would take the old ones out
  // too. So what it holds on substance use must be known to us word for word.
  void look_for_edits() {
    look_for_edits_elsewhere();
    if (base_ == nullptr) return;
    for (const std::string_view list : {"addresses", "goal", "activity", "note", "category"}) {
      for (const Node& element : fhir::each(base_->find(list))) {
        if (!speaks(element, rules_.careful)) continue;
        const bool known = std::ranges::any_of(
            names_, [&](const std::string& name) { return !name.empty() && stands_in(element, name); });
        if (!known) for_a_person("CarePlan (" + std::string(list) + ")");
      }
    }
  }

  // A document says it in one text: is there more of it than the words that we know?
  void look_for_edits_elsewhere() {
    if (!rules_.careful) return;
    for (std::string text : question_.elsewhere) {
      for (const std::string& name : names_) {
        if (name.empty()) continue;
        for (auto found = text.find(name); found != std::string::npos; found = text.find(name)) {
          text.erase(found, name.size());
        }
      }
      if (has_substance_use_word(text)) for_a_person("CarePlan (another resource of it)");
    }
  }

  const GuardQuestion& question_;
  const PlanRules& rules_;
  bool own_;
  const Node* base_ = nullptr;
  std::vector<std::string> names_;
  GuardedPlan done_;
};

}  // namespace

GuardedPlan guard_plan(const care::CarePlan& plan, const GuardQuestion& question, const PlanRules& rules) {
  return PlanGuard(plan, question, rules).run();
}

}  // namespace bhi::flow
