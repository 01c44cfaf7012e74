#include "care/billing.h"

#include "care/billing_minutes.h"
#include "care/billing_table.h"
#include "care/consent.h"
#include "care/episode.h"
#include "care/times.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace bhi::care {

namespace {

using std::chrono::year_month;

// The least minutes of a first code, and the full time from which further half hours are counted.
struct MonthKind {
  std::string_view kind;
  std::string_view code;
  std::string_view wrapper;  // of RHC and FQHC: the full time, no midpoint
  std::string_view apcm;
};

constexpr auto kKinds = std::to_array<MonthKind>({
    {"initial", "99492", "G0512", "G0568"},
    {"subsequent", "99493", "G0512", "G0569"},
    {"general", "99484", "G0511", "G0570"},
});

const MonthKind* find_kind(std::string_view kind) {
  const auto found = std::ranges::find(kKinds, kind, &MonthKind::kind);
  return found == kKinds.end() ? nullptr : &*found;
}

bool in_force(std::string_view code, std::string_view month) {
  const BillingCode* row = find_billing_code(code);
  return row != nullptr && is_in_force(*row, month);
}

bool holds(std::span<const std::string> list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

// ---- codes ----------------------------------------------------------------------------------------------------------

class Codes {
 public:
  Codes(BillingMonth& month, const BillingContext& context) : month_(month), context_(context) {}

  // True when nothing else of the month forbids what is proposed.
  bool propose() {
    const MonthKind* kind = find_kind(month_.kind);
    if (kind == nullptr) return true;
    const std::string_view family = context_.payer.family;
    if (family == "apcm" && propose_apcm(*kind)) return !is_excluded();
    if (family == "rhc" && in_force(kind->wrapper, month_.month)) {
      propose_wrapper(*kind);
    } else if (month_.kind == "general") {
      propose_general();
    } else {
      propose_cocm(*kind);
    }
    return !is_excluded();
  }

 private:
  void add(std::string_view code, int units = 1) {
    const BillingCode& row = *find_billing_code(code);
    month_.lines.push_back({std::string(code), units, row.needs_review, std::string(row.note)});
  }
  void reason(std::string text) { month_.reasons.push_back(std::move(text)); }
  void too_few(std::string_view code, int least) {
    reason(std::string(code) + ": expected at least " + std::to_string(least) + " minutes, found " +
           std::to_string(month_.minutes));
  }

  bool propose_apcm(const MonthKind& kind) {
    const BillingCode& row = *find_billing_code(kind.apcm);
    if (!is_in_force(row, month_.month)) return false;
    for (const std::string_view base : {"G0556", "G0557", "G0558"}) {
      if (!holds(context_.other_codes, base)) continue;
      add(kind.apcm);
      return true;
    }
    reason(std::string(kind.apcm) + ": expected an APCM base code in the same month");
    return false;
  }

  void propose_wrapper(const MonthKind& kind) {
    const int least = kind.kind == "general" ? 20 : kind.kind == "initial" ? 70 : 60;
    if (month_.minutes >= least) {
      add(kind.wrapper);
    } else {
      too_few(kind.wrapper, least);
    }
  }

  void propose_general() {
    const bool own = context_.payer.mental_health_biller && in_force("G0323", month_.month);
    const std::string_view code = own ? "G0323" : "99484";
    const int least = find_billing_code(code)->threshold_minutes;
    if (month_.minutes >= least) {
      add(code);
    } else {
      too_few(code, least);
    }
  }

  void propose_cocm(const MonthKind& kind) {
    const BillingCode& base = *find_billing_code(kind.code);
    const BillingCode& further = *find_billing_code("99494");
    const BillingCode& half_hour = *find_billing_code("G2214");
    if (month_.minutes >= base.threshold_minutes) {
      add(base.code);
      const int over = month_.minutes - (base.unit_minutes + further.threshold_minutes);
      if (over >= 0) add(further.code, over / further.unit_minutes + 1);
      return;
    }
    too_few(base.code, base.threshold_minutes);
    if (month_.minutes < half_hour.threshold_minutes || !is_in_force(half_hour, month_.month)) return;
    if (context_.payer.takes_g2214) {
      add(half_hour.code);
    } else {
      reason("G2214: the payer does not take it");
    }
  }

  bool is_excluded() {
    bool excluded = false;
    for (const BillingLine& line : month_.lines) {
      for (const std::string& other : context_.other_codes) {
        if (!exclude_each_other(line.code, other)) continue;
        reason(line.code + ": not in the same month as " + other);
        excluded = true;
      }
    }
    return excluded;
  }

  BillingMonth& month_;
  const BillingContext& context_;
};

// ---- required elements ----------------------------------------------------------------------------------------------

class Elements {
 public:
  Elements(BillingMonth& month, const Record& record, year_month calendar, const BillingContext& context)
      : month_(month), record_(record), context_(context) {
    begin_ = context.zone.start_of(calendar / 1);
    end_ = context.zone.start_of((calendar + std::chrono::months{1}) / 1);
  }

  void look() {
    note("consent", consent());
    note("assessment", assessment());
    note("plan", plan());
    if (month_.kind == "general") {
      note("coordination", contact("coordination", true));
      note("continuity", continuity());
      return;
    }
    if (month_.kind == "initial") note("outreach", outreach());
    note("registry", month_.episode);
    note("psychiatric-review", review());
    note("weekly-consultation", meetings());
    note("brief-intervention", contact("brief-intervention", true));
  }

 private:
  void note(std::string_view id, std::string evidence) {
    const bool present = !evidence.empty();
    month_.elements.push_back({std::string(id), present, std::move(evidence)});
  }

  bool in_month(std::string_view text) const {
    const auto moment = instant_from(text);
    if (!moment) return false;
    if (text.find('T') == std::string_view::npos)  // a date is that of the practice's calendar
      return context_.zone.start_of(*date_from(text)) >= begin_ && context_.zone.start_of(*date_from(text)) < end_;
    return *moment >= begin_ && *moment < end_;
  }

  std::string consent() const {
    for (const Consent& one : record_.consents) {
      if (one.kind == "service" && one.decision == "given" && !one.starts.empty() &&
          instant_from(one.starts) < std::optional(end_))
        return one.id;
    }
    return {};
  }
  std::string assessment() const {
    for (const Screening& one : record_.screenings) {
      const bool before = month_.kind == "initial" && instant_from(one.authored) < std::optional(begin_);
      if (one.complete && (in_month(one.authored) || (before && !one.authored.empty()))) return one.id;
    }
    return {};
  }
  std::string plan() const {
    const auto found = std::ranges::find_if(
        record_.plans, [](const CarePlan& one) { return one.behavioral && one.status == "active"; });
    return found == record_.plans.end() ? std::string() : found->id;
  }
  std::string outreach() const {
    for (const Contact& one : record_.contacts) {
      const bool engages = holds(one.activities, "outreach") || (one.with == "patient" && one.outcome == "reached");
      if (one.status == "final" && engages && instant_from(one.start) < std::optional(end_)) return one.id;
    }
    return {};
  }
  std::string review() const {
    for (const CaseReview& one : record_.reviews) {
      if (one.status == "final" && one.discussed && in_month(one.date)) return one.id;
    }
    return {};
  }
  // Weekly: no fewer than the whole weeks of a month.
  std::string meetings() const {
    std::vector<std::string> dates;
    for (const std::string& date : context_.meetings) {
      if (in_month(date) && !holds(dates, date)) dates.push_back(date);
    }
    return dates.size() >= 4 ? std::to_string(dates.size()) + " meetings" : std::string();
  }
  std::string contact(std::string_view activity, bool counted) const {
    for (const MinutePiece& piece : month_.pieces) {
      if (counted && piece.counted == 0) continue;
      const auto found = std::ranges::find(record_.contacts, piece.contact, &Contact::id);
      if (holds(found->activities, activity)) return found->id;
    }
    return {};
  }
  std::string continuity() const {
    for (const MinutePiece& piece : month_.pieces) {
      if (piece.counted > 0 && !piece.member.empty()) return piece.contact;
    }
    return {};
  }

  BillingMonth& month_;
  const Record& record_;
  const BillingContext& context_;
  Instant begin_;
  Instant end_;
};

std::string cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string joined(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& one : texts) text += (text.empty() ? "" : "; ") + one;
  return text;
}

}  // namespace

std::string month_text(year_month month) { return to_text(month / 1).substr(0, 7); }

PayerRule payer_rule(const Practice& practice, std::string_view payer) {
  const auto found = std::ranges::find(practice.payers, payer, &PayerRule::payer);
  if (found != practice.payers.end()) return *found;
  if (!practice.payers.empty()) return practice.payers.front();
  return {"", "cocm", false, false};
}

int threshold_minutes(std::string_view kind) {
  const MonthKind* row = find_kind(kind);
  return row == nullptr ? 0 : find_billing_code(row->code)->threshold_minutes;
}

int counted_minutes(const Record& record, year_month month, const BillingContext& context) {
  const Episode* episode = episode_of_month(record, month, context.zone);
  if (episode == nullptr) return 0;
  int total = 0;
  for (const MinutePiece& piece : pieces_of(record, *episode, month, context)) total += piece.counted;
  return total;
}

BillingMonth billing_month(const Record& record, year_month month, const BillingContext& context) {
  BillingMonth out;
  out.month = month_text(month);
  if (record.patient) out.patient = record.patient->id;
  const Episode* episode = episode_of_month(record, month, context.zone);
  if (episode == nullptr) {
    out.reasons.emplace_back("not enrolled by the end of the month");
    return out;
  }
  out.episode = episode->id;
  if (out.patient.empty()) out.patient = episode->patient;
  out.pieces = pieces_of(record, *episode, month, context);
  for (const MinutePiece& piece : out.pieces) {
    auto role = std::ranges::find(out.roles, piece.role, &RoleMinutes::role);
    if (role == out.roles.end()) role = out.roles.insert(out.roles.end(), {piece.role, 0, 0});
    role->minutes += piece.minutes;
    role->counted += piece.counted;
    out.minutes += piece.counted;
  }
  std::ranges::sort(out.roles, {}, &RoleMinutes::role);
  const std::string_view track = billing_track(context);
  if (track == "none") {
    out.reasons.emplace_back("the practice's care model has no month to bill");
    return out;
  }
  const auto first = first_counted_month(record, *episode, context);
  if (!first || out.minutes == 0) {
    out.reasons.emplace_back("no minutes that count");
    return out;
  }
  out.kind = track == "general" ? "general" : *first == month ? "initial" : "subsequent";
  const bool allowed = Codes(out, context).propose();
  Elements(out, record, month, context).look();
  const bool complete = std::ranges::all_of(out.elements, &BillingElement::present);
  out.ready = !out.lines.empty() && complete && allowed;
  return out;
}

std::string billing_csv_header() {
  return "patient,month,kind,code,units,minutes,ready,needs_review,missing,reasons,contacts\r\n";
}

std::string billing_csv_rows(const BillingMonth& month) {
  std::vector<std::string> missing;
  for (const BillingElement& element : month.elements) {
    if (!element.present) missing.push_back(element.id);
  }
  std::vector<std::string> contacts;
  for (const MinutePiece& piece : month.pieces) {
    if (piece.counted > 0) contacts.push_back(piece.contact + "=" + std::to_string(piece.counted));
  }
  const auto row = [&](std::string_view code, int units, bool needs_review) {
    std::string text;
    bool first = true;
    for (const std::string& one : {month.patient, month.month, month.kind, std::string(code), std::to_string(units),
                                   std::to_string(month.minutes), std::string(month.ready ? "yes" : "no"),
                                   std::string(needs_review ? "needs clinical review" : ""), joined(missing),
                                   joined(month.reasons), joined(contacts)}) {
      text += (std::exchange(first, false) ? "" : ",") + cell(one);
    }
    return text + "\r\n";
  };
  if (month.lines.empty()) return row("", 0, false);
  std::string rows;
  for (const BillingLine& line : month.lines) rows += row(line.code, line.units, line.needs_review);
  return rows;
}

}  // namespace bhi::care
