#include "flow/document_html.h"

#include "care/instruments.h"
#include "fhir/json.h"

#include <array>
#include <initializer_list>
#include <utility>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Node;

// As text of XHTML, and of an attribute; characters that XML cannot hold are left out.
std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\n': out += "<br/>"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') out += c;
    }
  }
  return out;
}

std::string element(std::string_view name, std::string_view inner) {
  return "<" + std::string(name) + ">" + std::string(inner) + "</" + std::string(name) + ">\n";
}

std::string paragraph(std::string_view label, std::string_view text) {
  if (text.empty()) return {};
  return element("p", "<strong>" + escaped(label) + ":</strong> " + escaped(text));
}

std::string section(std::string_view title, const std::string& inner) {
  return inner.empty() ? std::string() : element("h2", escaped(title)) + inner;
}

std::string words(std::string_view text) { return text.empty() ? std::string() : element("p", escaped(text)); }

using Row = std::vector<std::string>;  // not escaped yet

std::string table(std::string_view caption, const Row& heads, const std::vector<Row>& rows) {
  if (rows.empty()) return {};
  std::string text = "<table>\n" + element("caption", escaped(caption)) + "<thead><tr>";
  for (const std::string& head : heads) text += "<th scope=\"col\">" + escaped(head) + "</th>";
  text += "</tr></thead>\n<tbody>\n";
  for (const Row& row : rows) {
    text += "<tr>";
    for (const std::string& cell : row) text += "<td>" + escaped(cell) + "</td>";
    text += "</tr>\n";
  }
  return text + "</tbody>\n</table>\n";
}

std::string list(const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string text = "<ul>\n";
  for (const std::string& item : items) text += element("li", escaped(item));
  return text + "</ul>\n";
}

std::string joined(std::initializer_list<std::string_view> parts, std::string_view between) {
  std::string text;
  for (const std::string_view part : parts) {
    if (part.empty()) continue;
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

std::string of(const Node& node, std::string_view member) { return std::string(node.text_of(member)); }

// ---- care plan

std::vector<Row> goals_of(const Node& plan) {
  std::vector<Row> rows;
  for (const Node& goal : fhir::each(plan.find("goals"))) {
    std::string targets, due;
    for (const Node& target : fhir::each(goal.find("targets"))) {
      targets = joined({targets, target.text_of("text")}, "; ");
      due = joined({due, target.text_of("due")}, "; ");
    }
    rows.push_back(
        {of(goal, "description"), joined({goal.text_of("achievement"), goal.text_of("status")}, ", "), targets, due});
  }
  return rows;
}

std::vector<Row> activities_of(const Node& plan) {
  std::vector<Row> rows;
  for (const Node& activity : fhir::each(plan.find("activities"))) {
    rows.push_back({of(activity, "description"), of(activity, "status"), of(activity, "scheduled")});
  }
  return rows;
}

std::string plan_page(const Node& plan) {
  std::vector<std::string> problems, notes;
  for (const Node& problem : fhir::each(plan.find("problems"))) problems.push_back(of(problem, "text"));
  for (const Node& note : fhir::each(plan.find("notes"))) notes.emplace_back(note.text());
  std::erase(problems, "");
  return paragraph("Status", plan.text_of("status")) + paragraph("From", plan.text_of("start")) +
         paragraph("Until", plan.text_of("end")) + paragraph("Next review", plan.text_of("reviewDate")) +
         words(plan.text_of("description")) + section("Problems", list(problems)) +
         section("Goals", table("Goals of the plan", {"Goal", "Progress", "Target", "Due"}, goals_of(plan))) +
         section("Activities",
                 table("Activities of the plan", {"Activity", "Status", "Scheduled"}, activities_of(plan))) +
         section("Self-management", words(plan.text_of("selfManagement"))) +
         section("Relapse prevention", words(plan.text_of("relapsePrevention"))) + section("Notes", list(notes));
}

// ---- screening

std::string label_of_item(const care::Instrument* instrument, std::string_view n) {
  if (instrument == nullptr) return {};
  for (const care::InstrumentItem& item : instrument->items) {
    if (std::to_string(item.n) == n) return std::string(item.label);
  }
  return {};
}

std::string number_of(const Node& node, std::string_view member) {
  const Node* value = node.find(member);
  return value == nullptr ? std::string() : std::string(value->text());
}

std::string screening_page(const Node& screening, bool score_only) {
  const care::Instrument* instrument = care::find_instrument(screening.text_of("instrument"));
  std::string total = number_of(screening, "total");
  if (total.empty()) total = number_of(screening, "statedTotal");
  if (!total.empty() && instrument != nullptr && instrument->max > 0) total += " of " + std::to_string(instrument->max);
  std::vector<Row> answers;
  for (const Node& item : fhir::each(screening.find("items"))) {
    const std::string n = number_of(item, "n");
    const std::string_view answer = item.text_of("answer");
    const std::string_view label = care::answer_label(answer);
    answers.push_back(
        {n, label_of_item(instrument, n), std::string(label.empty() ? answer : label), number_of(item, "score")});
  }
  if (score_only) answers.clear();
  const Node* positive = screening.find("positive");
  return paragraph("Instrument", instrument != nullptr ? instrument->name : screening.text_of("instrument")) +
         paragraph("Answered", screening.text_of("authored")) + paragraph("Status", screening.text_of("status")) +
         paragraph("Total", total) + paragraph("Band", screening.text_of("severity")) +
         paragraph("Screen", positive == nullptr          ? ""
                             : positive->text() == "true" ? "positive"
                                                          : "negative") +
         section("Answers", table("Answers by item", {"Item", "About", "Answer", "Points"}, answers));
}

// ---- safety: the minimum, as a Flag has it; no answer, no score

std::string safety_page(const Node& event) {
  const std::string_view state = event.text_of("state");
  const bool settled = state == "acknowledged" || state == "answered";
  const std::string_view what = settled ? "Settled by the behavioral health team."
                                : event.text_of("level") == "positive"
                                    ? "Same-day safety assessment due: screening answer needs attention."
                                    : "Safety answer of a screening is missing: ask.";
  return element("p", "<strong>" + escaped(what) + "</strong>") + paragraph("Since", event.text_of("occurred"));
}

struct Page {
  std::string_view kind;
  std::string_view title;
};
constexpr std::array kPages = std::to_array<Page>({
    {"CarePlan", "Behavioral health care plan"},
    {"Screening", "Behavioral health screening"},
    {"SafetyEvent", "Behavioral health safety notice"},
});

std::string_view title_of(std::string_view kind) {
  for (const Page& page : kPages) {
    if (page.kind == kind) return page.title;
  }
  return {};
}

std::string content_of(const Node& entity, const DocumentFacts& facts) {
  const std::string_view kind = entity.text_of("kind");
  const std::string_view status = entity.text_of("status");
  if (status == "entered-in-error") {
    const std::string former = facts.replaces.empty() ? "" : " It takes the place of " + facts.replaces + ".";
    return element("p",
                   "<strong>Entered in error: do not rely on what was written here before.</strong>" + escaped(former));
  }
  std::string head;
  if (kind == "CarePlan" && status == "revoked") head = element("p", "<strong>This plan was taken back.</strong>");
  if (kind == "Screening" && status == "amended") {
    head = element("p", "<strong>Corrected: this takes the place of what was said before.</strong>");
  }
  if (kind == "CarePlan") return head + plan_page(entity);
  if (kind == "Screening") return head + screening_page(entity, facts.score_only);
  return head + safety_page(entity);
}

}  // namespace

std::string document_title(const Node& entity) {
  const std::string_view kind = entity.text_of("kind");
  std::string title(title_of(kind));
  if (kind == "CarePlan" && entity.text_of("status") != "entered-in-error" && !entity.text_of("title").empty()) {
    title += ": " + of(entity, "title");
  }
  if (const auto* instrument = care::find_instrument(entity.text_of("instrument"))) {
    title += ": " + std::string(instrument->name);
  }
  return title;
}

std::string document_html(const Node& entity, const DocumentFacts& facts) {
  if (title_of(entity.text_of("kind")).empty()) return {};
  const std::string title = escaped(document_title(entity));
  std::string footer = "Written by bhi-adapter for the behavioral health integration team at " +
                       to_text(facts.written) + ", version " + std::to_string(facts.version) + ".";
  std::string body = element("h1", title) + content_of(entity, facts);
  if (!facts.notice.empty()) body += element("p", "<strong>" + escaped(facts.notice) + "</strong>");
  body += element("footer", element("p", escaped(footer)));
  return "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\">\n<head>\n"
         "<meta charset=\"utf-8\"/>\n" +
         element("title", title) + "</head>\n<body>\n" + body + "</body>\n</html>\n";
}

}  // namespace bhi::flow
