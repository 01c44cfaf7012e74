#include "flow/alike.h"

#include "fhir/bundle.h"
#include "fhir/date_time.h"
#include "fhir/decimal.h"
#include "flow/query.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

enum class Says : std::uint8_t {
  Nothing,  // ours does not state the element: it is not asked
  Same,
  Missing,  // theirs does not state it, or too coarsely
  Near,     // a time that is off by less than a day
  Differs,
};

using Values = std::vector<const Node*>;

// The values at a path through objects and lists: "content.attachment". Alternatives: "sent|received", the first that
// is there.
void collect(const Node& node, std::string_view path, Values& values) {
  if (node.is_array()) {
    for (const Node& element : node.elements()) collect(element, path, values);
    return;
  }
  if (path.empty()) {
    values.push_back(&node);
    return;
  }
  const std::size_t dot = path.find('.');
  const std::string_view rest = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  if (!node.is_object()) return;
  if (const Node* member = node.find(path.substr(0, dot))) collect(*member, rest, values);
}

Values values_at(const Node& resource, std::string_view paths) {
  Values values;
  while (values.empty() && !paths.empty()) {
    const std::size_t bar = std::min(paths.find('|'), paths.size());
    collect(resource, paths.substr(0, bar), values);
    paths.remove_prefix(std::min(bar + 1, paths.size()));
  }
  return values;
}

std::string words_of(std::string_view text) {  // white space is the server's own business
  std::string words;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank) words += c;
    if (blank && !words.empty() && words.back() != ' ') words += ' ';
  }
  if (words.ends_with(' ')) words.pop_back();
  return words;
}

std::vector<std::string> codings_of(const Values& concepts) {
  std::vector<std::string> codings;
  for (const Node* concept_node : concepts) {
    for (const Node& coding : fhir::each(concept_node->find("coding"))) {
      codings.push_back(std::string(coding.text_of("system")) + "|" + std::string(coding.text_of("code")));
    }
  }
  return codings;
}

std::vector<std::string> texts_of(const Values& values, std::string_view member = {}) {
  std::vector<std::string> texts;
  for (const Node* value : values) {
    const std::string text = words_of(member.empty() ? value->text() : value->text_of(member));
    if (!text.empty()) texts.push_back(text);
  }
  std::ranges::sort(texts);
  return texts;
}

bool have_one_in_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(a, [&b](const std::string& one) { return std::ranges::find(b, one) != b.end(); });
}

Says same_texts(const std::vector<std::string>& ours, const std::vector<std::string>& theirs) {
  if (ours.empty()) return Says::Nothing;
  if (theirs.empty()) return Says::Missing;
  return ours == theirs ? Says::Same : Says::Differs;
}

Says compare_codes(const Values& ours, const Values& theirs) {
  const auto our_codings = codings_of(ours);
  const auto their_codings = codings_of(theirs);
  if (our_codings.empty()) return same_texts(texts_of(ours, "text"), texts_of(theirs, "text"));
  if (their_codings.empty()) {
    return have_one_in_common(texts_of(ours, "text"), texts_of(theirs, "text")) ? Says::Same : Says::Missing;
  }
  return have_one_in_common(our_codings, their_codings) ? Says::Same : Says::Differs;
}

Says compare_times(const Values& ours, const Values& theirs) {
  using namespace std::chrono_literals;
  if (ours.empty()) return Says::Nothing;
  const auto our_time = fhir::parse_date_time(ours.front()->text());
  if (!our_time) return Says::Nothing;
  const auto their_time = theirs.empty() ? std::nullopt : fhir::parse_date_time(theirs.front()->text());
  if (!their_time) return Says::Missing;
  const auto order = fhir::compare(*our_time, *their_time);
  if (!order) return Says::Missing;  // 2026-11-21 and 2026-11-21T10:00:00Z
  if (*order == std::strong_ordering::equal) return Says::Same;
  const auto apart = fhir::first_moment(*our_time) - fhir::first_moment(*their_time);
  return (apart < 0ms ? -apart : apart) <= 24h ? Says::Near : Says::Differs;
}

Says compare_numbers(std::string_view ours, std::string_view theirs) {
  const auto our_number = fhir::Decimal::parse(ours);
  const auto their_number = fhir::Decimal::parse(theirs);
  if (!our_number || !their_number) return ours == theirs ? Says::Same : Says::Differs;
  return *our_number == *their_number ? Says::Same : Says::Differs;
}

// A Quantity, a concept, a Coding, or a plain value, whatever the choice.
Says compare_one(const Node& ours, const Node& theirs) {
  if (ours.is_object() != theirs.is_object()) {
    // 9 and {"value": 9}: some servers turn an integer into a quantity.
    const Node* number = ours.is_object() ? ours.find("value") : theirs.find("value");
    if (number == nullptr) return Says::Differs;
    return ours.is_object() ? compare_numbers(number->text(), theirs.text())
                            : compare_numbers(ours.text(), number->text());
  }
  if (!ours.is_object()) {
    const bool numbers = ours.kind() == fhir::NodeKind::Number && theirs.kind() == fhir::NodeKind::Number;
    if (numbers) return compare_numbers(ours.text(), theirs.text());
    return fhir::same(ours, theirs) || words_of(ours.text()) == words_of(theirs.text()) ? Says::Same : Says::Differs;
  }
  if (ours.find("coding") != nullptr || theirs.find("coding") != nullptr) return compare_codes({&ours}, {&theirs});
  if (ours.find("code") != nullptr && ours.find("value") == nullptr) {
    return ours.text_of("system") == theirs.text_of("system") && ours.text_of("code") == theirs.text_of("code")
               ? Says::Same
               : Says::Differs;
  }
  const Node* our_number = ours.find("value");
  const Node* their_number = theirs.find("value");
  if (our_number == nullptr) return Says::Nothing;
  return their_number == nullptr ? Says::Missing : compare_numbers(our_number->text(), their_number->text());
}

// The value of a choice element: valueQuantity, valueString, ...
const Node* choice_in(const Node& object, std::string_view name) {
  for (const Member& member : object.members()) {
    const std::string_view found = member.name->text;
    if (found.starts_with(name) && found.size() > name.size() && found[name.size()] >= 'A' && found[name.size()] <= 'Z')
      return &member.value;
  }
  return nullptr;
}

Says compare_values(const Values& ours, const Values& theirs) {  // of the resources themselves
  const Node* our_value = choice_in(*ours.front(), "value");
  const Node* their_value = choice_in(*theirs.front(), "value");
  if (our_value == nullptr) return Says::Nothing;
  return their_value == nullptr ? Says::Missing : compare_one(*our_value, *their_value);
}

struct Answered {
  std::string_view link;
  const Node* value = nullptr;
};

void collect_answers(const Node& parent, std::vector<Answered>& answers) {
  for (const Node& item : fhir::each(parent.find("item"))) {
    for (const Node& answer : fhir::each(item.find("answer"))) {
      if (const Node* value = choice_in(answer, "value")) answers.push_back({item.text_of("linkId"), value});
      collect_answers(answer, answers);
    }
    collect_answers(item, answers);
  }
}

Says compare_answers(const Values& ours, const Values& theirs) {
  std::vector<Answered> our_answers, their_answers;
  collect_answers(*ours.front(), our_answers);
  collect_answers(*theirs.front(), their_answers);
  if (our_answers.empty()) return Says::Nothing;
  bool missing = false;
  for (const Answered& answer : our_answers) {
    const auto is_same_question = [&answer](const Answered& other) { return other.link == answer.link; };
    const bool asked = std::ranges::any_of(their_answers, is_same_question);
    const bool same = std::ranges::any_of(their_answers, [&](const Answered& other) {
      return is_same_question(other) && compare_one(*answer.value, *other.value) == Says::Same;
    });
    if (asked && !same) return Says::Differs;
    missing = missing || !asked;
  }
  return missing ? Says::Missing : their_answers.size() > our_answers.size() ? Says::Differs : Says::Same;
}

// Content by itself where both carry it, else by what is told of it.
Says compare_attachments(const Values& ours, const Values& theirs) {
  if (ours.empty()) return Says::Nothing;
  for (const std::string_view member : {"data", "hash"}) {
    const auto our_texts = texts_of(ours, member);
    const auto their_texts = texts_of(theirs, member);
    if (!our_texts.empty() && !their_texts.empty()) return same_texts(our_texts, their_texts);
  }
  return Says::Missing;  // it keeps the content elsewhere: a title proves nothing
}

Says compare_texts(const Values& ours, const Values& theirs) { return same_texts(texts_of(ours), texts_of(theirs)); }

Says compare_canonicals(const Values& ours, const Values& theirs) {
  if (ours.empty()) return Says::Nothing;
  if (theirs.empty()) return Says::Missing;
  const auto bare = [](const Node& node) { return node.text().substr(0, node.text().find('|')); };
  return bare(*ours.front()) == bare(*theirs.front()) ? Says::Same : Says::Differs;
}

struct Element {
  std::string_view paths;  // empty: the resource itself
  Says (*compare)(const Values& ours, const Values& theirs);
  bool tells = true;  // a time or content: codes alone are shared by many
};

// A search parameter and where its value stands in ours.
struct Narrowing {
  std::string_view parameter;
  std::string_view paths;
  bool is_time = false;  // a day before to a day after
};

struct Row {
  std::string_view type;
  std::array<Narrowing, 2> narrowings;
  std::array<Element, 5> elements;
};

constexpr std::string_view kEffective = "effectiveDateTime|effectiveInstant|effectivePeriod.start";

constexpr std::array kRows = std::to_array<Row>({
    {"CarePlan",
     {{{"category", "category"}}},
     {{{"title", compare_texts},
       {"period.start", compare_times},
       {"description", compare_texts},
       {"activity.detail.description", compare_texts},
       {"note.text", compare_texts}}}},
    {"Communication",
     {{{"category", "category"}, {"sent", "sent", true}}},
     {{{"category", compare_codes, false}, {"sent", compare_times}, {"payload.contentString", compare_texts}}}},
    {"CommunicationRequest",
     {{{"category", "category"}, {"authored", "authoredOn", true}}},
     {{{"category", compare_codes, false}, {"authoredOn", compare_times}, {"payload.contentString", compare_texts}}}},
    {"Condition",
     {{{"category", "category"}, {"code", "code"}}},
     {{{"category", compare_codes, false}, {"code", compare_codes, false}, {"code.text", compare_texts}}}},
    {"DocumentReference",
     {{{"type", "type"}, {"date", "date", true}}},
     {{{"type", compare_codes, false}, {"date", compare_times}, {"content.attachment", compare_attachments}}}},
    {"Flag",
     {{{"category", "category"}, {"date", "period.start", true}}},
     {{{"category", compare_codes, false}, {"code", compare_codes, false}, {"period.start", compare_times}}}},
    {"Goal",
     {{}},
     {{{"description", compare_codes}, {"target.measure", compare_codes, false}, {"target.dueDate", compare_times}}}},
    {"Observation",
     {{{"code", "code"}, {"date", kEffective, true}}},
     {{{"code", compare_codes, false}, {kEffective, compare_times}, {"", compare_values}}}},
    {"QuestionnaireResponse",
     {{{"authored", "authored", true}}},
     {{{"questionnaire", compare_canonicals, false}, {"authored", compare_times}, {"", compare_answers}}}},
    {"ServiceRequest",
     {{{"code", "code"}}},
     {{{"category", compare_codes, false},
       {"code", compare_codes, false},
       {"code.text", compare_texts},
       {"occurrenceDateTime", compare_times}}}},
    {"Task",
     {{{"code", "code"}, {"authored-on", "authoredOn", true}}},
     {{{"code", compare_codes, false}, {"authoredOn", compare_times}, {"description", compare_texts}}}},
});
static_assert(std::ranges::is_sorted(kRows, {}, &Row::type));

const Row* row_of(std::string_view type) {
  const auto found = std::ranges::lower_bound(kRows, type, {}, &Row::type);
  return found == kRows.end() || found->type != type ? nullptr : &*found;
}

bool is_same_patient(const Node& ours, const Node& theirs) {
  const auto patient = [](const Node& resource) {
    const Values references = values_at(resource, "subject.reference|for.reference|patient.reference");
    if (references.empty()) return std::string();
    const auto read = fhir::parse_reference(references.front()->text());
    return read ? std::string(read->id) : std::string(references.front()->text());
  };
  const std::string theirs_of = patient(theirs);
  return theirs_of.empty() || theirs_of == patient(ours);  // a server that leaves it out has been asked for the patient
}

bool declares(const TypeCapability& capability, std::string_view parameter) {
  return std::ranges::find(capability.search_params, parameter) != capability.search_params.end();
}

// "&code=http%3A...%7C44261-6", or nothing where ours says nothing.
std::string narrowed(const Narrowing& narrowing, const Node& ours) {
  const Values values = values_at(ours, narrowing.paths);
  if (values.empty()) return {};
  const std::string parameter = "&" + std::string(narrowing.parameter) + "=";
  if (!narrowing.is_time) {
    const auto codings = codings_of(values);
    return codings.empty() ? std::string() : parameter + encoded(codings.front());
  }
  const auto time = fhir::parse_date_time(values.front()->text());
  if (!time) return {};
  const auto day = [](Instant instant) { return to_text(instant).substr(0, 10); };
  return parameter + "ge" + day(fhir::first_moment(*time) - std::chrono::hours(24)) + parameter + "le" +
         day(fhir::last_moment(*time) + std::chrono::hours(24));
}

}  // namespace

Likeness likeness(const Node& ours, const Node& theirs) {
  const Row* row = row_of(fhir::resource_type(ours));
  if (row == nullptr || fhir::resource_type(theirs) != row->type || !is_same_patient(ours, theirs)) {
    return Likeness::Other;
  }
  int telling = 0, same = 0;
  bool doubt = theirs.text_of("status") == "entered-in-error" && ours.text_of("status") != "entered-in-error";
  for (const Element& element : row->elements) {
    if (element.compare == nullptr) break;
    const bool whole = element.paths.empty();
    switch (element.compare(whole ? Values{&ours} : values_at(ours, element.paths),
                            whole ? Values{&theirs} : values_at(theirs, element.paths))) {
      case Says::Nothing: break;
      case Says::Differs: return Likeness::Other;
      case Says::Same: ++same, telling += element.tells ? 1 : 0; break;
      case Says::Missing:
      case Says::Near: doubt = true;
    }
  }
  if (same == 0) return Likeness::Other;  // nothing in common but the patient
  return doubt || telling == 0 || same < 2 ? Likeness::Doubtful : Likeness::Alike;
}

std::vector<std::string> searches_for(const Node& ours, std::string_view patient, const TypeCapability& capability) {
  std::vector<std::string> searches;
  const Row* row = row_of(fhir::resource_type(ours));
  if (row == nullptr || !capability.search) return searches;
  std::string of_patient;
  if (declares(capability, "patient")) {
    of_patient = "patient=" + encoded(patient.substr(patient.find('/') + 1));
  } else if (declares(capability, "subject")) {
    of_patient = "subject=" + encoded(patient);
  } else {
    return searches;
  }
  std::string narrowest = of_patient;
  for (const Narrowing& narrowing : row->narrowings) {
    if (declares(capability, narrowing.parameter)) narrowest += narrowed(narrowing, ours);
  }
  if (narrowest != of_patient) searches.push_back(std::move(narrowest));
  searches.push_back(std::move(of_patient));
  return searches;
}

}  // namespace bhi::flow
