#include "flow/care_steps.h"

#include "care/instruments.h"
#include "care/plan_proposals.h"
#include "care/recognise.h"
#include "care/text.h"
#include "care/trend.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace bhi::flow {

namespace {

using care::Instrument;
using care::InstrumentItem;
using care::ReportedAnswer;
using care::ReportedItem;
using care::Screening;
using care::ScreeningReport;

std::string tables() { return " (instrument tables " + std::string(care::kInstrumentTables) + ")"; }

std::string at(std::size_t index) { return "[" + std::to_string(index) + "]"; }

// "items[3].score" -> 3
std::optional<std::size_t> index_of(std::string_view path, std::string_view list) {
  if (!path.starts_with(list) || !path.substr(list.size()).starts_with('[')) return std::nullopt;
  path.remove_prefix(list.size() + 1);
  std::size_t index = 0;
  const auto [end, problem] = std::from_chars(path.data(), path.data() + path.size(), index);
  return problem == std::errc{} && end != path.data() + path.size() && *end == ']' ? std::optional(index)
                                                                                   : std::nullopt;
}

std::string list_of(const std::vector<int>& numbers) {
  const bool run = numbers.size() > 2 && numbers.back() - numbers.front() + 1 == static_cast<int>(numbers.size());
  if (run) return "items " + std::to_string(numbers.front()) + " to " + std::to_string(numbers.back());
  std::string text = numbers.size() == 1 ? "item " : "items ";
  for (std::size_t i = 0; i < numbers.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(numbers[i]);
  return text;
}

const InstrumentItem* find_item(const Instrument& instrument, int n) {
  const auto found = std::ranges::find(instrument.items, n, &InstrumentItem::n);
  return found == instrument.items.end() ? nullptr : &*found;
}

CareStep total(const Screening& screening, const Instrument& instrument) {
  CareStep step;
  std::vector<int> numbers;
  for (std::size_t i = 0; i < screening.items.size(); ++i) {
    const InstrumentItem* item = find_item(instrument, screening.items[i].n);
    if (item == nullptr || item->role != care::ItemRole::Scored) continue;
    numbers.push_back(item->n);
    step.fields.push_back("Screening.items" + at(i) + ".score");
  }
  step.rule = std::string(instrument.name) + ": sum of " + list_of(numbers) + tables();
  return step;
}

// How an answer became a score, in the order in which care/scoring.h looks.
std::string scored_by(const InstrumentItem& item, const ReportedAnswer& answer) {
  if (answer.ordinal) return "by the score that the form states for the answer";
  for (const care::AnswerOption& option : item.answers) {
    if (answer.coding.system == care::kLoinc && answer.coding.code == option.code) {
      return "by the LOINC answer " + std::string(option.code);
    }
  }
  for (const care::AnswerOption& option : item.answers) {
    for (const std::string_view text : {std::string_view(answer.coding.display), std::string_view(answer.text),
                                        std::string_view(answer.coding.code)}) {
      if (care::same_words(text, option.label)) return "by the words of the answer";
    }
  }
  return "by the number answered";
}

std::string recognised_by(const Instrument& instrument, const InstrumentItem& item, const ReportedItem& reported) {
  const bool coded = std::ranges::any_of(reported.codes,
                                         [&](const care::Code& code) { return care::is_item(instrument, item, code); });
  return coded ? "recognised by its code" : "recognised by its words";
}

CareStep item(const Screening& screening, const ScreeningReport& report, const Instrument& instrument,
              std::size_t index, bool scored) {
  CareStep step;
  if (index >= screening.items.size()) return step;
  const int n = screening.items[index].n;
  const care::Recognition recognition = care::recognise(report);
  for (const care::Recognised& recognised : recognition.instruments) {
    if (recognised.instrument != &instrument) continue;
    for (const care::FoundItem& found : recognised.items) {
      if (found.item->n != n) continue;
      for (const ReportedItem* reported : found.reported) {
        const std::string path = "ScreeningReport.items" + at(static_cast<std::size_t>(reported - report.items.data()));
        step.received.push_back(path + ".answers");
        if (!step.rule.empty()) continue;
        step.rule = std::string(instrument.name) + " item " + std::to_string(n) + ", " +
                    recognised_by(instrument, *found.item, *reported);
        if (scored && !reported->answers.empty()) {
          step.rule += "; scored " + scored_by(*found.item, reported->answers.front());
        }
        step.rule += tables();
      }
    }
  }
  return step;
}

CareStep recognised(const Screening& screening, const ScreeningReport& report, const Instrument& instrument) {
  CareStep step;
  if (!report.codes.empty()) step.received.push_back("ScreeningReport.codes");
  const bool by_code = std::ranges::any_of(report.codes, [&](const care::Code& code) {
    return care::instrument_by_panel(code) == &instrument || care::instrument_by_total(code) == &instrument;
  });
  if (by_code) {
    step.rule = "recognised as " + std::string(instrument.name) + " by the code of " +
                (screening.items.empty() ? "its total" : "the form") + tables();
    return step;
  }
  for (std::size_t i = 0; i < report.items.size(); ++i) {
    if (!report.items[i].codes.empty()) step.received.push_back("ScreeningReport.items" + at(i) + ".codes");
  }
  step.rule = "recognised as " + std::string(instrument.name) + " by the codes and words of the questions" + tables();
  return step;
}

CareStep band(const Screening& screening, const Instrument& instrument, std::string_view what) {
  CareStep step;
  step.rule = std::string(instrument.name) + ": " + std::string(what) + tables();
  step.fields.push_back(screening.total ? "Screening.total" : "Screening.statedTotal");
  return step;
}

CareStep of_screening(const Screening& screening, const care::Change& change, std::string_view path) {
  const auto* report = std::get_if<ScreeningReport>(&change);
  const Instrument* instrument = care::find_instrument(screening.instrument);
  if (report == nullptr || instrument == nullptr) return {};
  if (path == "total") return total(screening, *instrument);
  if (path == "severity") return band(screening, *instrument, "band of the total");
  if (path == "positive") return band(screening, *instrument, "cut-off of the total");
  if (path == "instrument") return recognised(screening, *report, *instrument);
  if (const auto index = index_of(path, "items"))
    return item(screening, *report, *instrument, *index, path.ends_with(".score"));
  if (path == "id") return {"made from the source, the type and the id of what was received", {}, {}};
  if (path.starts_with("source")) return {"the resource that was received", {}, {}};
  return {"", {}, {"ScreeningReport." + std::string(path)}};
}

// A goal or an activity that the rules put into the plan and nobody has changed.
bool is_derived(const care::CarePlan& plan, std::string_view path) {
  if (const auto goal = index_of(path, "goals")) {
    return *goal < plan.goals.size() && care::is_derived(plan, plan.goals[*goal]);
  }
  const auto activity = index_of(path, "activities");
  return activity && *activity < plan.activities.size() && care::is_derived(plan, plan.activities[*activity]);
}

CareStep of_safety(const care::SafetyEvent& event, std::string_view path) {
  const std::string rule = "safety rule " + event.rule + " on screening " + event.derived_from;
  if (path == "level" || path == "occurred" || path == "state") return {rule, {}, {}};
  return {};
}

}  // namespace

CareStep care_step(const care::Entity& entity, const care::Change& change, std::string_view path) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view rest = path.substr(dot + 1);
  if (const auto* screening = std::get_if<Screening>(&entity)) return of_screening(*screening, change, rest);
  if (const auto* event = std::get_if<care::SafetyEvent>(&entity)) return of_safety(*event, rest);
  if (const auto* plan = std::get_if<care::CarePlan>(&entity)) {
    if (rest == "reviewDate")
      return {"review date: the newest finished screening plus the interval of the policy", {}, {}};
    if (is_derived(*plan, rest)) return {"treat to target, targets of " + std::string(care::kTargets), {}, {}};
  }
  return {"", {}, {std::string(path)}};
}

}  // namespace bhi::flow
