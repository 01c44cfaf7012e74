#include "care/recognise.h"

#include "care/form.h"
#include "care/text.h"

#include <algorithm>
#include <array>
#include <string>

namespace bhi::care {

namespace {

Issue note(Severity severity, std::string_view code, std::string text) {
  return {severity, std::string(code), {}, std::move(text)};
}

Recognised take(Form& form, const Instrument& instrument, const Assignment& found) {
  Recognised result;
  result.instrument = &instrument;
  for (std::size_t k = 0; k < instrument.items.size(); ++k) {
    if (found[k].empty()) continue;
    FoundItem item{&instrument.items[k], {}};
    for (const std::size_t i : found[k]) {
      item.reported.push_back(&form.report.items[i]);
      form.taken[i] = true;
    }
    result.items.push_back(std::move(item));
  }
  return result;
}

std::optional<double> number_of(const ReportedItem& item) {
  for (const ReportedAnswer& answer : item.answers) {
    if (answer.number) return answer.number;
    if (const auto number = number_from(answer.text)) return number;
  }
  return std::nullopt;
}

// The total that the sender states: in an item with the total's code, in the value of a score Observation, or (one
// instrument alone in the form) in the only uncoded number that calls itself total or score.
void find_stated_total(const Form& form, Recognised& one, bool alone) {
  for (const ReportedItem& item : form.report.items) {
    if (!is_question(item)) continue;
    const bool is_total =
        std::ranges::any_of(item.codes, [&](const Code& code) { return instrument_by_total(code) == one.instrument; });
    const auto number = is_total ? number_of(item) : std::nullopt;
    if (!number) continue;
    if (one.stated_total && *one.stated_total != *number) {
      one.issues.push_back(note(Severity::Warning, "value",
                                "two different totals stated: " + number_text(*one.stated_total) + " kept, " +
                                    number_text(*number) + " not used"));
      continue;
    }
    one.stated_total = number;
  }
  const auto names_total = [&](const Code& code) { return instrument_by_total(code) == one.instrument; };
  if (!one.stated_total && (alone || std::ranges::any_of(form.report.codes, names_total))) {
    one.stated_total = form.report.stated_total;
  }
  if (one.stated_total || !alone) return;
  std::optional<double> only;
  for (std::size_t i = 0; i < form.report.items.size(); ++i) {
    const ReportedItem& item = form.report.items[i];
    if (form.taken[i] || !item.codes.empty() || is_of_type(item, {"group", "display", "choice"})) continue;
    if (form.texts[i].find("total") == std::string::npos && form.texts[i].find("score") == std::string::npos) continue;
    const auto number = number_of(item);
    if (!number) continue;
    if (only) return;  // two of them: which one it is stays open
    only = number;
  }
  one.stated_total = only;
}

// ---- the instruments of a form, one family after the other ---------------------------------------------------------

struct Family {
  const Instrument& instrument;
  Assignment coded;
  bool anchored = false;  // the form's or the total's code names it

  Family(const Form& form, std::string_view id)
      : instrument(*find_instrument(id)),
        coded(by_code(form, instrument)),
        anchored(form.has_panel(instrument) || form.has_total(instrument)) {}

  std::size_t found(int from, int to) const { return count_found(instrument, coded, from, to); }
};

// Items of the instrument that carry no code here, found by text, are added to those found by code.
void take_with_text(Form& form, const Family& family, Recognition& result) {
  Assignment found = family.coded;
  const Assignment added = by_text(form, family.instrument, found, 2);
  Issues issues;
  for (std::size_t k = 0; k < found.size(); ++k) {
    if (added[k].empty()) continue;
    found[k] = added[k];
    issues.push_back(
        note(Severity::Information, "informational",
             "item " + std::to_string(family.instrument.items[k].n) + " has no code here, told by its text"));
  }
  add_functional(form, family.instrument, found);
  result.instruments.push_back(take(form, family.instrument, found));
  std::ranges::move(issues, std::back_inserter(result.instruments.back().issues));
}

// A form whose questions have no codes. True when every scored item was told by its text.
bool take_by_text(Form& form, const Family& family, Recognition& result) {
  const Instrument& instrument = family.instrument;
  if (!family.anchored && !instrument.by_text) return false;
  const auto questions = static_cast<int>(std::ranges::count_if(form.report.items, is_uncoded_question));
  const auto asked = static_cast<int>(instrument.items.size());
  const bool fits = questions >= core_items(instrument) && questions <= asked;
  // One word is enough in a form that names the instrument and asks no more than it; else two.
  Assignment found = by_text(form, instrument, Assignment(instrument.items.size()), family.anchored && fits ? 1 : 2);
  if (!has_every_core(instrument, found)) return false;
  add_functional(form, instrument, found);
  result.instruments.push_back(take(form, instrument, found));
  if (!family.anchored) {
    result.instruments.back().issues.push_back(note(
        Severity::Information, "informational", "form without codes, recognised by the texts of all its questions"));
  }
  return true;
}

// The teen form asks for irritable mood in its first question.
bool reads_like_teen_form(const Form& form) {
  return std::ranges::any_of(form.texts, [](const std::string& text) {
    return text.find("depressed") != std::string::npos && text.find("irritable") != std::string::npos;
  });
}

void recognise_depression(Form& form, Recognition& result) {
  const Family phq9(form, "phq-9");
  const Family phq9m(form, "phq-9m");
  const Family phq2(form, "phq-2");
  const std::size_t first_two = phq9.found(1, 2);
  const std::size_t the_rest = phq9.found(3, 9);
  const bool asks_phq9 = the_rest > 0 || (first_two > 0 && phq9.anchored);

  if (asks_phq9) {
    bool rest_answered = false;
    for (std::size_t k = 2; k < 9; ++k) rest_answered = rest_answered || is_answered(form, phq9.coded[k]);
    if (phq2.anchored && !phq9.anchored && !rest_answered) {
      // PHQ-2 first, PHQ-9 only when it is positive: nothing but the first part was asked.
      take_with_text(form, phq2, result);
      result.instruments.back().issues.push_back(
          note(Severity::Information, "informational", "the form's PHQ-9 part is not answered"));
      for (std::size_t k = 2; k < phq9.coded.size(); ++k) {
        for (const std::size_t i : phq9.coded[k]) form.taken[i] = true;
      }
      return;
    }
    take_with_text(form, phq9, result);
    if (phq2.anchored) take_with_text(form, phq2, result);
    return;
  }
  if (phq9m.found(1, 9) > 0) return take_with_text(form, phq9m, result);
  if (first_two > 0) return take_with_text(form, phq2, result);
  if (phq2.anchored && take_by_text(form, phq2, result)) return;
  const bool teen = phq9m.anchored || (!phq9.anchored && reads_like_teen_form(form));
  take_by_text(form, teen ? phq9m : phq9, result);
}

void recognise_anxiety(Form& form, Recognition& result) {
  const Family gad7(form, "gad-7");
  const Family gad2(form, "gad-2");
  const bool first_two = gad2.found(1, 2) > 0;
  if (gad7.found(3, 7) > 0 || (first_two && gad7.anchored)) {
    take_with_text(form, gad7, result);
    if (gad2.anchored) take_with_text(form, gad2, result);
    return;
  }
  if (first_two) return take_with_text(form, gad2, result);
  if (gad2.anchored && take_by_text(form, gad2, result)) return;
  take_by_text(form, gad7, result);
}

void recognise_alcohol(Form& form, Recognition& result) {
  const Family audit(form, "audit");
  const Family audit_c(form, "audit-c");
  const bool whole = audit.found(4, 10) > 0 || (audit.anchored && audit.found(1, 3) > 0);
  if (whole) take_with_text(form, audit, result);
  if (audit_c.found(1, 3) > 0 && (!whole || audit_c.anchored)) {
    take_with_text(form, audit_c, result);
  } else if (!whole && audit_c.anchored) {
    take_by_text(form, audit_c, result);
  }
  const auto asks_heavy_days = [](const ReportedItem& item) {
    return std::ranges::any_of(item.codes, [](const Code& c) { return c.system == kLoinc && c.code == "68517-2"; });
  };
  if (result.instruments.empty() || !std::ranges::any_of(form.report.items, asks_heavy_days)) return;
  Recognised& last = result.instruments.back();
  if (last.instrument->id == "audit-c" && (last.items.empty() || last.items.front().item->n != 1)) {
    last.issues.push_back(note(Severity::Warning, "business-rule",
                               "the form asks for heavy drinking days (68517-2) in place of item 1 (68518-0)"));
  }
}

// The first coded answer or text to a question whose code is one of the instrument's results.
void find_stated_level(Form& form, Recognised& one) {
  for (std::size_t i = 0; i < form.report.items.size(); ++i) {
    const ReportedItem& item = form.report.items[i];
    const auto is_result = [&](const Code& code) {
      return code.system == kLoinc &&
             std::ranges::find(one.instrument->results, code.code) != one.instrument->results.end();
    };
    if (!std::ranges::any_of(item.codes, is_result)) continue;
    form.taken[i] = true;
    if (item.answers.empty() || !one.stated_level.empty()) continue;
    const ReportedAnswer& answer = item.answers.front();
    const bool listed = answer.coding.system == kLoinc || answer.coding.system.empty();
    one.stated_level = listed && !answer.coding.code.empty() ? answer.coding.code
                       : !answer.coding.display.empty()      ? answer.coding.display
                       : !answer.text.empty()                ? answer.text
                                                             : "?";
  }
}

// A form of a triage instrument: its answers, or its stated level alone.
void recognise_triage(Form& form, std::string_view id, Recognition& result) {
  const Family family(form, id);
  if (family.found(1, 99) > 0) {
    take_with_text(form, family, result);
  } else if (!take_by_text(form, family, result)) {
    if (!family.anchored) return;
    Recognised alone;
    alone.instrument = &family.instrument;
    find_stated_level(form, alone);
    if (!alone.stated_level.empty()) result.instruments.push_back(std::move(alone));
    return;
  }
  find_stated_level(form, result.instruments.back());
}

// The question for heavy drinking days by itself; beside AUDIT-C it stands in place of that form's first question.
void recognise_single_alcohol(Form& form, Recognition& result) {
  const auto is_alcohol = [](const Recognised& one) {
    return one.instrument->id == "audit-c" || one.instrument->id == "audit";
  };
  const bool asked_with_audit =
      form.has_panel(*find_instrument("audit-c")) || form.has_panel(*find_instrument("audit"));
  if (asked_with_audit || std::ranges::any_of(result.instruments, is_alcohol)) return;
  const Family family(form, "sisq-alcohol");
  if (family.found(1, 1) == 0) return;
  // A count of days; answered with a code it is the variant of AUDIT-C.
  const auto is_count = [&](std::size_t i) {
    const ReportedItem& item = form.report.items[i];
    return item.answers.empty() || number_of(item).has_value() || item.answers.front().ordinal.has_value();
  };
  if (std::ranges::all_of(family.coded.front(), is_count)) take_with_text(form, family, result);
}

void recognise_single(Form& form, std::string_view id, Recognition& result) {
  const Family family(form, id);
  if (family.found(1, 99) > 0) {
    take_with_text(form, family, result);
  } else {
    take_by_text(form, family, result);
  }
}

// Totals whose instrument could not be found by its questions: the score alone is kept.
void add_scores_alone(Form& form, Recognition& result) {
  for (const Instrument* instrument : form.totals) {
    const auto is_it = [&](const Recognised& one) { return one.instrument == instrument; };
    if (std::ranges::any_of(result.instruments, is_it)) continue;
    Recognised alone;
    alone.instrument = instrument;
    find_stated_total(form, alone, false);
    if (!alone.stated_total) continue;
    if (std::ranges::any_of(form.report.items, is_uncoded_question)) {
      alone.issues.push_back(note(
          Severity::Warning, "not-supported",
          "questions of " + std::string(instrument->name) + " could not be told apart; only the stated total is kept"));
    }
    result.instruments.push_back(std::move(alone));
  }
}

std::string reason_for_nothing(const Form& form) {
  if (!form.totals.empty()) return "score of " + std::string(form.totals.front()->name) + " without a value";
  if (!form.panels.empty() && form.report.items.empty()) {
    return std::string(form.panels.front()->name) + " without answers and without a total";
  }
  for (const Code& code : form.report.codes) {
    for (const Instrument& instrument : instruments()) {
      for (const InstrumentItem& item : instrument.items) {
        if (is_item(instrument, item, code)) {
          return "item " + std::to_string(item.n) + " of " + std::string(instrument.name) +
                 " by itself; its response or total is expected";
        }
      }
    }
  }
  if (!form.panels.empty()) {
    return "form is named " + std::string(form.panels.front()->name) + ", but its questions could not be told apart";
  }
  std::string reason = "not one of the instruments we follow";
  if (!form.report.codes.empty()) {
    reason += ": code " + form.report.codes.front().code;
  } else if (!form.report.form.empty()) {
    reason += ": form " + form.report.form;
  }
  const auto no_text = [](const std::string& text) { return text.empty(); };
  if (!form.texts.empty() && form.report.codes.empty() && std::ranges::all_of(form.texts, no_text)) {
    reason += "; its questions have neither code nor text (is the Questionnaire missing?)";
  }
  return reason;
}

}  // namespace

bool clearly_negative(const ReportedItem& item) {
  constexpr std::array<std::string_view, 7> kWords{"not at all", "no", "never", "none", "never or 1 day", "false", "0"};
  constexpr std::array<std::string_view, 3> kCodes{"LA6568-5", "LA32-8", "LA6270-8"};
  constexpr std::string_view kSnomedNo = "373067005";
  const auto is_negative = [&](const ReportedAnswer& answer) {
    if (answer.ordinal) return *answer.ordinal == 0;
    if (answer.number) return *answer.number == 0;
    if (answer.coding.system == kLoinc && std::ranges::find(kCodes, answer.coding.code) != kCodes.end()) return true;
    if (answer.coding.code == kSnomedNo) return true;
    return std::ranges::any_of(kWords, [&](std::string_view word) {
      return same_words(answer.text, word) || same_words(answer.coding.display, word) ||
             same_words(answer.coding.code, word);
    });
  };
  return !item.answers.empty() && std::ranges::all_of(item.answers, is_negative);
}

Recognition recognise(const ScreeningReport& report) {
  Form form(report);
  Recognition result;
  if (!report.items.empty()) {
    recognise_depression(form, result);
    recognise_single(form, "epds", result);
    recognise_anxiety(form, result);
    recognise_alcohol(form, result);
    recognise_single(form, "dast-10", result);
    recognise_single_alcohol(form, result);
    recognise_triage(form, "c-ssrs-screener", result);
    recognise_triage(form, "asq", result);
    for (const std::string_view id :
         {"sisq-drug", "pc-ptsd-5", "pcl-5", "mdq", "k6", "who-5", "psc-17", "vanderbilt"}) {
      recognise_single(form, id, result);
    }
    for (Recognised& one : result.instruments) find_stated_total(form, one, result.instruments.size() == 1);
  }
  add_scores_alone(form, result);

  for (std::size_t i = 0; i < report.items.size(); ++i) {
    const ReportedItem& item = report.items[i];
    if (form.taken[i] || !is_question(item) || item.answers.empty() || clearly_negative(item)) continue;
    if (asks_about_self_harm(form.texts[i]) || std::ranges::any_of(item.codes, is_self_harm_code)) {
      result.self_harm.push_back(&item);
    }
  }
  if (result.instruments.empty()) {
    if (!form.panels.empty() && !report.items.empty()) result.doubtful = form.panels.front();
    result.issues.push_back(note(Severity::Information, "not-supported", reason_for_nothing(form)));
  }
  return result;
}

}  // namespace bhi::care
