// The screening instruments we follow: codes, answers with their scores, bands, cut-offs, safety rules.
//
// One row per instrument; facts only, the short labels are our own (the wording of an instrument is its owner's). Every
// code here was seen in at least one independent public source; what still needs a clinician's review stands in the row
// (`review`). Changing a row changes what a score means: raise kInstrumentTables with it.
#pragma once

#include "care/model.h"

#include <optional>
#include <span>
#include <string_view>

namespace bhi::care {

inline constexpr std::string_view kInstrumentTables = "2026-11b";
inline constexpr std::string_view kLoinc = "http://loinc.org";

// For what has no confirmed LOINC code, and for site maps: code "<instrument>/<n>" in this system names an item,
// "<instrument>/total" the total, "<instrument>" the form.
inline constexpr std::string_view kItemSystem = "urn:bhi-adapter:instrument-item";

struct AnswerOption {
  std::string_view code;  // LOINC answer (LA...), empty when none is confirmed; it never identifies an item, many lists
                          // share it
  std::string_view label;  // lower case, compared without regard to case; several rows may carry one code
  int score = 0;
};

enum class ItemRole {
  Scored,
  Noted,       // kept and looked at by a rule, never added: a gate question, the questions of a triage
  Functional,  // "how difficult": never added to a total
  Extra,       // asked with the instrument, never added (PHQ-9M's yes/no questions)
};

struct InstrumentItem {
  int n = 0;                   // number on the form, from 1; Functional and Extra items continue it
  std::string_view code = {};  // LOINC; empty when none is confirmed
  std::string_view label = {};
  std::span<const std::string_view> stems = {};  // words that the question's text has, lower case
  std::span<const AnswerOption> answers = {};    // empty: only the form's own ordinal gives a score
  ItemRole role = ItemRole::Scored;
  int max = 3;                // highest score
  bool ordinal_only = false;  // polarity depends on the wording: nothing but the form's ordinal counts (DAST-10 item 3)
  int step = 1;               // scores are multiples of it (AUDIT items 9 and 10: 0, 2 or 4)
  int only_after = 0;         // asked only when this item was answered with at least 1; kAnyBefore: any item before it
  bool code_first = false;    // the LOINC list numbers its answers the other way round (K6): the answer's code wins
};

inline constexpr int kAnyBefore = -1;

struct Band {
  int from = 0;
  int to = 0;
  std::string_view name;
};

// An answer of at least 1 to the item is positive, whatever the total.
struct SafetyRule {
  std::string_view id;  // "phq-9.item-9"
  int item = 0;         // n
};

// A row of a triage: it holds when all of `yes` are answered with yes and all of `no` with no (a question that was
// rightly skipped counts as no). The first row that holds gives the level; rows stand from the worst to the mildest.
struct TriageRow {
  std::string_view level;
  int tier = 0;  // 3 at once, 2 the same day, 1 follow-up in the plan, 0 nothing; from 2 on it is a safety finding
  std::span<const int> yes = {};
  std::span<const int> no = {};
};

enum class Scoring {
  Sum,
  SumTimesFour,  // WHO-5
  None,          // no total: a triage, or counts of symptoms
};

// Positive or not where a total alone does not decide (MDQ); empty when an answer that it needs is missing. `total` is
// the computed one, empty when there is none.
using Decide = std::optional<bool> (*)(std::span<const ScreeningItem> items, std::optional<int> total);

struct Instrument {
  std::string_view id = {};
  std::string_view name = {};
  std::span<const std::string_view> panels = {};  // LOINC of the form
  std::span<const std::string_view> totals = {};  // LOINC of the score; the first is the one to write
  std::span<const InstrumentItem> items = {};     // empty: only its total is understood
  int min = 0;
  int max = 0;
  std::span<const Band> bands = {};
  std::optional<int> cut_off = {};          // total >= cut_off is positive; empty: a total alone does not decide
  std::optional<int> cut_off_male = {};     // AUDIT-C: men from here, everyone else (also sex unknown) from cut_off
  std::span<const SafetyRule> safety = {};  // the first stands for a total without items
  bool substance_use = false;               // results are substance-use data
  bool by_text = false;                     // may be recognised by its question texts alone, without any code
  Scoring scoring = Scoring::Sum;
  bool higher_is_better = false;           // WHO-5: positive from cut_off downwards
  Decide decide = nullptr;                 // in place of the cut-off
  std::span<const TriageRow> triage = {};  // in place of total and cut-off
  std::string_view triage_version = {};
  std::span<const std::string_view> results = {};  // LOINC of a coded result (risk level)
  std::span<const std::string_view> review =
      {};  // facts of this row that need clinical review; see care/clinical_review.h
};

std::span<const Instrument> instruments();

// nullptr when it is not one of ours.
const Instrument* find_instrument(std::string_view id);
const Instrument* instrument_by_panel(const Code& code);
const Instrument* instrument_by_total(const Code& code);

// By the canonical of the form, with or without a version: ours (".../Questionnaire/phq-9" of bhi-adapter.org), or
// LOINC's own ("http://loinc.org/q/44249-1").
const Instrument* instrument_by_form(std::string_view canonical);

// The item's code as it can be put into a ReportedItem: LOINC, or ours.
Code item_code(const Instrument& instrument, const InstrumentItem& item);
bool is_item(const Instrument& instrument, const InstrumentItem& item, const Code& code);

// Our label of a LOINC answer in any of the lists; empty when it is in none.
std::string_view answer_label(std::string_view code);

int scored_items(const Instrument& instrument);

// Asked in every edition of the form: scored and noted ones.
bool is_core(const InstrumentItem& item);
int core_items(const Instrument& instrument);

// Empty when the instrument has no bands or the total is out of range.
std::string_view band_of(const Instrument& instrument, double total);

// Items of other forms that ask about self-harm: seeing one answered outside of our instruments is never silent.
bool is_self_harm_code(const Code& code);
bool asks_about_self_harm(std::string_view lower_case_text);

}  // namespace bhi::care
