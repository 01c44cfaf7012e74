#include "ehr_sim/faults.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

namespace bhi::sim {

namespace {
struct FaultKind;
constexpr int kAlways = -1;
constexpr std::size_t kMostFaults = 1000;
}  // namespace

struct Fault {
  const FaultKind* kind = nullptr;
  std::string method;  // empty: any
  std::string type;    // empty: any
  int left = 1;        // or kAlways
  int code = 503;
  int retry_after = -1;  // seconds; -1: not said
  int milliseconds = 0;
  int at = 0;
  int secs = 120;
  int rate_limit = -1;  // seconds, in a RateLimit header; -1: none
  int percent = 100;    // of the requests that it is about
  int seed = 1;
  std::mt19937 dice{1};
  std::string to = "http://127.0.0.2:9";
  bool after = false;
};

namespace {

using fhir::Node;

struct FaultKind {
  std::string_view name;
  std::string_view short_form;  // the field that a plain number sets; empty: `true` is the short form
  void (*strike)(const Fault&, Effect&);
  bool further_pages_only = false;
};

void lose_answer(const Fault&, Effect& effect) { effect.lose_answer = true; }

void delay(const Fault& fault, Effect& effect) {
  (fault.after ? effect.wait_after : effect.wait_before) += std::chrono::milliseconds(fault.milliseconds);
}

void answer_status(const Fault& fault, Effect& effect) {
  effect.instead = refuse(fault.code, fault.code == 429 ? "throttled" : "transient", "a fault that was asked for");
  if (fault.rate_limit >= 0) {
    effect.instead->headers.emplace_back("RateLimit", "\"fhirInteractions\";r=0;t=" + std::to_string(fault.rate_limit));
  }
  if (fault.retry_after >= 0) effect.instead->headers.emplace_back("Retry-After", std::to_string(fault.retry_after));
}

void answer_stale(const Fault&, Effect& effect) {
  effect.instead = refuse(412, "conflict", "a fault that was asked for: the version is not the current one");
}

void answer_conflict(const Fault&, Effect& effect) {
  effect.instead = refuse(409, "conflict", "a fault that was asked for: somebody else writes this at the moment");
}

void expire_next(const Fault&, Effect& effect) {
  effect.instead = refuse(410, "expired", "a fault that was asked for: this page is not kept any more");
}

template <LinkFault kFault>
void change_link(const Fault& fault, Effect& effect) {
  effect.link = kFault;
  effect.link_to = fault.to;
}

void commit_late(const Fault& fault, Effect& effect) { effect.late = std::chrono::seconds(fault.secs); }

void answer_html(const Fault&, Effect& effect) {
  effect.instead = Response{.status = 200,
                            .body = "<html><body><h1>Please sign in</h1></body></html>\n",
                            .content_type = "text/html; charset=utf-8",
                            .headers = {}};
}

void cut(const Fault& fault, Effect& effect) { effect.cut_at = static_cast<std::size_t>(fault.at); }

constexpr std::array kKinds = std::to_array<FaultKind>({
    {"conflict", "", answer_conflict},
    {"cut", "at", cut},
    {"delay_ms", "ms", delay},
    {"empty_page", "", change_link<LinkFault::Empty>},
    {"expire_next", "", expire_next, true},
    {"forge_next", "", change_link<LinkFault::Foreign>},
    {"html", "", answer_html},
    {"late_commit", "secs", commit_late},
    {"loop_pages", "", change_link<LinkFault::Loop>},
    {"lose_answer", "", lose_answer},
    {"repeat_page", "", change_link<LinkFault::Twice>},
    {"stale", "", answer_stale},
    {"status", "code", answer_status},
});

struct NumberField {
  std::string_view name;
  int Fault::*field;
  int least;
  int most;
};
constexpr std::array kNumberFields = std::to_array<NumberField>({
    {"at", &Fault::at, 0, 1 << 30},
    {"code", &Fault::code, 400, 599},
    {"ms", &Fault::milliseconds, 0, 600'000},
    {"percent", &Fault::percent, 0, 100},
    {"rate_limit", &Fault::rate_limit, 0, 86'400},
    {"retry_after", &Fault::retry_after, 0, 86'400},
    {"secs", &Fault::secs, 1, 86'400},
    {"seed", &Fault::seed, 0, 1 << 30},
    {"times", &Fault::left, 1, 1 << 30},
});

Error wrong(std::string_view kind, std::string_view field, std::string_view expected) {
  return {Kind::Incorrect, "faults." + std::string(kind) +
                               (field.empty() ? "" : "." + std::string(field.substr(0, 64))) + ": expected " +
                               std::string(expected)};
}

Result<void> set_number(Fault& fault, std::string_view name, const Node& value) {
  const auto* row = std::ranges::find(kNumberFields, name, &NumberField::name);
  if (row == kNumberFields.end()) return wrong(fault.kind->name, name, "a field this server knows");
  int number = 0;
  const std::string_view digits = value.text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole =
      value.kind() == fhir::NodeKind::Number && error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || number < row->least || number > row->most) {
    return wrong(fault.kind->name, name,
                 "a whole number from " + std::to_string(row->least) + " to " + std::to_string(row->most));
  }
  fault.*(row->field) = number;
  return {};
}

Result<void> set_field(Fault& fault, std::string_view name, const Node& value) {
  if (name == "times" && value.text() == "always") {
    fault.left = kAlways;
    return {};
  }
  if (name == "method" || name == "type" || name == "to") {
    if (!value.is_string()) return wrong(fault.kind->name, name, "text");
    (name == "method" ? fault.method : name == "type" ? fault.type : fault.to) = value.text();
    return {};
  }
  if (name == "after") {
    if (value.kind() != fhir::NodeKind::Boolean) return wrong(fault.kind->name, name, "true or false");
    fault.after = value.as_boolean();
    return {};
  }
  return set_number(fault, name, value);
}

Result<Fault> read_fault(const FaultKind& kind, const Node& value) {
  Fault fault;
  fault.kind = &kind;
  if (value.is_object()) {
    if (value.find("percent") != nullptr) fault.left = kAlways;
    for (const fhir::Member& member : value.members()) BHI_CHECK(set_field(fault, member.name->text, member.value));
    fault.dice.seed(static_cast<unsigned>(fault.seed));
    return fault;
  }
  fault.left = kAlways;
  if (value.kind() == fhir::NodeKind::Boolean && value.as_boolean() && kind.short_form.empty()) return fault;
  if (kind.short_form.empty()) return wrong(kind.name, {}, "true or an object");
  BHI_CHECK(set_number(fault, kind.short_form, value));
  return fault;
}

std::string names_of_kinds() {
  std::string names;
  for (const FaultKind& kind : kKinds) names += (names.empty() ? "" : ", ") + std::string(kind.name);
  return "one of " + names;
}

}  // namespace

FaultTable::FaultTable() = default;
FaultTable::~FaultTable() = default;

Result<void> FaultTable::add(const Node& settings) {
  std::vector<Fault> added;
  for (const fhir::Member& member : settings.members()) {
    const auto* kind = std::ranges::find(kKinds, member.name->text, &FaultKind::name);
    if (kind == kKinds.end()) return wrong(member.name->text.substr(0, 64), {}, names_of_kinds());
    for (const Node& one : fhir::each(&member.value)) {
      BHI_TRY(auto fault, read_fault(*kind, one));
      added.push_back(std::move(fault));
    }
  }
  const std::lock_guard lock(mutex_);
  if (faults_.size() + added.size() > kMostFaults) return Error{Kind::Incorrect, "faults: too many"};
  std::ranges::move(added, std::back_inserter(faults_));
  return {};
}

void FaultTable::clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

std::size_t FaultTable::size() const {
  const std::lock_guard lock(mutex_);
  return faults_.size();
}

Effect FaultTable::take(std::string_view method, std::string_view type, bool further_page) {
  Effect effect;
  const std::lock_guard lock(mutex_);
  for (Fault& fault : faults_) {
    if (fault.left == 0 || effect.instead) continue;  // one answer in place of the work is enough
    if (!fault.method.empty() && fault.method != method) continue;
    if (!fault.type.empty() && fault.type != type) continue;
    if (fault.kind->further_pages_only && !further_page) continue;
    if (fault.percent < 100 && static_cast<int>(fault.dice() % 100) >= fault.percent) continue;
    if (fault.left != kAlways) --fault.left;
    fault.kind->strike(fault, effect);
    effect.names.emplace_back(fault.kind->name);
  }
  std::erase_if(faults_, [](const Fault& fault) { return fault.left == 0; });
  return effect;
}

}  // namespace bhi::sim
