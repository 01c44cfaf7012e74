#include "flow/ladder_text.h"

#include "base/arena.h"
#include "fhir/json.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;

// What is told of first stands first.
constexpr std::array<std::string_view, 3> kOrder = {"care-plan", "screening-result", "safety"};

Standing written_as(const WritePlan& plan) {
  Standing standing;
  for (const auto& at : {plan.chosen, plan.beside}) {
    if (!at) continue;
    for (const std::string_view part : plan.ladder[*at].parts) standing.there.emplace_back(part);
  }
  return standing;
}

// What came from the EHR itself; nothing of the sort happens with safety events.
std::vector<Standing> from_the_ehr(std::string_view artifact) {
  if (artifact == "care-plan") return {{{"care-plan"}, false}};
  if (artifact == "screening-result") return {{{}, true}};
  return {};
}

bool taken(const WritePlan& plan, std::size_t at) { return plan.chosen == at || plan.beside == at; }

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : std::string(between)) + word;
  return text;
}

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string_view mark(const WritePlan& plan, std::size_t at) {
  if (plan.chosen == at) return "->";
  if (plan.beside == at) return "+";
  return plan.ladder[at].fits ? "or" : "no";
}

std::string line_of(const WritePlan& plan, std::size_t at) {
  const Judged& judged = plan.ladder[at];
  std::string what = joined(judged.interactions, ", ");
  if (!judged.fits) what = judged.why;
  if (judged.fits && !judged.why.empty()) what += (what.empty() ? "" : "; ") + judged.why;
  return "    " + padded(mark(plan, at), 4) + padded(judged.rung->name, 24) + what + "\n";
}

class Writer {
 public:
  Node document(std::span<const PlannedCase> cases) {
    std::vector<Node> nodes;
    for (const PlannedCase& one : cases) nodes.push_back(of(one));
    return list(nodes);
  }

 private:
  Node of(const PlannedCase& one) {
    const WritePlan& plan = one.plan;
    std::vector<Node> rungs;
    std::vector<Node> interactions;
    for (std::size_t at = 0; at < plan.ladder.size(); ++at) {
      const Judged& judged = plan.ladder[at];
      std::vector<Node> own;
      for (const auto& interaction : judged.interactions) own.push_back(text(interaction));
      if (taken(plan, at)) std::ranges::copy(own, std::back_inserter(interactions));
      std::vector<fhir::Member> members = {
          member("rung", text(judged.rung->name)), member("fits", Node::boolean(judged.fits)),
          member("taken", Node::boolean(taken(plan, at))), member("interactions", list(own))};
      if (!judged.why.empty()) members.push_back(member("why", text(judged.why)));
      rungs.push_back(object(members));
    }
    std::vector<fhir::Member> members = {member("artifact", text(one.artifact)),
                                         member("occasion", text(name(one.occasion))),
                                         member("taken", text(rungs_taken(plan))),
                                         member("interactions", list(interactions)), member("ladder", list(rungs))};
    if (!plan.chosen) members.push_back(member("why_none", text(plan.why_not())));
    return object(members);
  }

  fhir::Member member(std::string_view name, const Node& value) { return {&fhir::intern(name), value}; }
  Node text(std::string_view value) { return Node::string(arena_.copy(value)); }
  Node list(const std::vector<Node>& nodes) { return Node::array(arena_.copy(std::span<const Node>(nodes))); }
  Node object(const std::vector<fhir::Member>& members) {
    return Node::object(arena_.copy(std::span<const fhir::Member>(members)));
  }

  Arena arena_;
};

}  // namespace

std::string_view name(Occasion occasion) {
  switch (occasion) {
    case Occasion::New: return "new";
    case Occasion::Changed: return "changed";
    case Occasion::Theirs: return "theirs";
  }
  return "";
}

std::vector<PlannedCase> planned_cases(const Capabilities& capabilities, const WritingWishes& wishes) {
  std::vector<PlannedCase> cases;
  for (const std::string_view artifact : kOrder) {
    const auto add = [&](Occasion occasion, const Standing& standing) {
      cases.push_back({std::string(artifact), occasion, plan_write(artifact, standing, capabilities, wishes)});
    };
    add(Occasion::New, {});
    const Standing standing = written_as(cases.back().plan);
    if (!standing.there.empty()) add(Occasion::Changed, standing);
    for (const Standing& theirs : from_the_ehr(artifact)) add(Occasion::Theirs, theirs);
  }
  return cases;
}

std::string rungs_taken(const WritePlan& plan) {
  if (!plan.chosen) return "none";
  std::string text(plan.ladder[*plan.chosen].rung->name);
  if (plan.beside) text += " and " + std::string(plan.ladder[*plan.beside].rung->name);
  return text;
}

std::string plans_text(std::span<const PlannedCase> cases) {
  std::string text;
  for (const PlannedCase& one : cases) {
    text += "  " + padded(one.artifact, 18) + std::string(name(one.occasion));
    if (one.occasion == Occasion::Changed) text += " (as we wrote it)";
    if (one.occasion == Occasion::Theirs) text += " (came from this EHR)";
    if (!one.plan.chosen) text += ": none; it is parked, a person decides";
    text += "\n";
    for (std::size_t at = 0; at < one.plan.ladder.size(); ++at) text += line_of(one.plan, at);
  }
  return text;
}

std::string plans_json(std::span<const PlannedCase> cases) { return fhir::write_json(Writer().document(cases)); }

}  // namespace bhi::flow
