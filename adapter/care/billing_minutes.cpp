#include "care/billing_minutes.h"

#include "care/consent.h"
#include "care/episode.h"
#include "care/team.h"
#include "care/times.h"
#include "care/work_check.h"

#include <algorithm>
#include <utility>

namespace bhi::care {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::year_month;
using std::chrono::year_month_day;

struct Span {
  Instant begin;
  Instant end;
};

// Time that has been counted or billed already; its spans do not overlap.
class Covered {
 public:
  // Milliseconds of `span` not covered yet; covers them.
  milliseconds take(Span span) {
    std::vector<Span> open{span};
    for (const Span& held : spans_) {
      std::vector<Span> rest;
      for (const Span& part : open) {
        if (held.end <= part.begin || part.end <= held.begin) {
          rest.push_back(part);
          continue;
        }
        if (part.begin < held.begin) rest.push_back({part.begin, held.begin});
        if (held.end < part.end) rest.push_back({held.end, part.end});
      }
      open = std::move(rest);
    }
    milliseconds total{0};
    for (const Span& part : open) total += part.end - part.begin;
    spans_.insert(spans_.end(), open.begin(), open.end());
    return total;
  }

 private:
  std::vector<Span> spans_;
};

bool has_time(const Contact& contact) { return contact.start.find('T') != std::string::npos; }

year_month month_of(year_month_day date) { return date.year() / date.month(); }

Span span_of(year_month month, const TimeZone& zone) {
  return {zone.start_of(month / 1), zone.start_of((month + std::chrono::months{1}) / 1)};
}

// What of the contact lies in the month. A contact with a date alone lies there whole.
std::optional<Span> part_in(const Contact& contact, year_month month, Span bounds) {
  const auto start = instant_from(contact.start);
  if (!start) return std::nullopt;
  if (!has_time(contact)) {
    if (month_of(*date_from(contact.start)) != month) return std::nullopt;
    return Span{*start, *start + minutes{contact.minutes}};
  }
  const Span part{std::max(*start, bounds.begin), std::min(*start + minutes{contact.minutes}, bounds.end)};
  if (part.begin >= part.end) return std::nullopt;
  return part;
}

bool role_counts(std::string_view role, std::string_view track) {
  return role == "care-manager" || (track == "general" && role == "nurse");
}

bool activity_counts(const Contact& contact) {
  return std::ranges::any_of(contact.activities, [](const std::string& id) {
    const auto found = std::ranges::find(contact_activities(), id, &ContactActivity::id);
    return found != contact_activities().end() && found->counts;
  });
}

// The moment by which the consent must have been given. A date without a time: its end at the practice.
Instant moment_of(const Contact& contact, const TimeZone& zone) {
  if (has_time(contact)) return *instant_from(contact.start);
  const auto next = std::chrono::sys_days{*date_from(contact.start)} + std::chrono::days{1};
  return zone.start_of(year_month_day{next}) - milliseconds{1};
}

// Empty: it counts.
std::string why_not_counted(const Contact& contact, const Record& record, const Episode& episode,
                            const BillingContext& context) {
  if (contact.status != "final") return "entered in error";
  if (!contact.billed_as.empty()) return "billed as " + contact.billed_as;
  if (!contact.episode.empty() && contact.episode != episode.id) return "of another episode";
  if (!role_counts(contact.role, billing_track(context))) return "minutes of this role do not count";
  if (contact.setting == "inpatient" || contact.setting == "observation") return "patient was " + contact.setting;
  if (contact.outcome == "no-show" || contact.outcome == "cancelled") return "did not take place";
  if (contact.activities.empty()) return "no activity documented";
  if (!activity_counts(contact)) return "clerical";
  const Instant moment = moment_of(contact, context.zone);
  if (const auto over = latest_moment(episode.end); over && *over < moment) return "after the end of the episode";
  if (consent_state(record.consents, "service", "", moment) != "given") return "no service consent at that time";
  return {};
}

}  // namespace

const Episode* episode_of_month(const Record& record, year_month month, const TimeZone& zone) {
  const Instant end = span_of(month, zone).end;
  const Episode* found = nullptr;
  std::string found_at;
  for (const Episode& episode : record.episodes) {
    if (episode.state == "entered-in-error") continue;
    std::string at = enrolled_at(episode, record.acts);
    const auto enrolled = instant_from(at);
    if (!enrolled || *enrolled >= end) continue;
    if (found != nullptr && earlier(at, found_at)) continue;
    found = &episode;
    found_at = std::move(at);
  }
  return found;
}

std::string_view billing_track(const BillingContext& context) {
  const CareModel* model = find_care_model(context.practice.care_model);
  if (model == nullptr || model->billing == "none") return "none";
  return context.payer.family == "general" ? "general" : model->billing;
}

std::vector<MinutePiece> pieces_of(const Record& record, const Episode& episode, year_month month,
                                   const BillingContext& context) {
  const Span bounds = span_of(month, context.zone);
  struct Found {
    const Contact* contact;
    Span part;
    std::string why;
  };
  std::vector<Found> found;
  Covered covered;
  // In order of time: from two days before the month (dates have no zone, a contact lasts a day at most) on.
  const auto first = std::ranges::partition_point(record.contacts, [&](const Contact& contact) {
    return instant_from(contact.start) < std::optional(bounds.begin - std::chrono::days{2});
  });
  for (auto at = first; at != record.contacts.end(); ++at) {
    const Contact& contact = *at;
    const auto part = part_in(contact, month, bounds);
    if (!part || contact.minutes <= 0) continue;
    found.push_back({&contact, *part, why_not_counted(contact, record, episode, context)});
    if (contact.status == "final" && !contact.billed_as.empty() && has_time(contact)) covered.take(*part);
  }
  std::vector<MinutePiece> pieces;
  for (Found& one : found) {
    MinutePiece piece;
    piece.contact = one.contact->id;
    piece.member = one.contact->member;
    piece.role = one.contact->role;
    piece.start = has_time(*one.contact) ? to_text(one.part.begin) : one.contact->start;
    piece.minutes = static_cast<int>(std::chrono::floor<minutes>(one.part.end - one.part.begin).count());
    if (!one.why.empty()) {
      piece.why = std::move(one.why);
    } else if (!has_time(*one.contact)) {
      piece.counted = piece.minutes;
      piece.why = "no time of day: overlap not checked";
    } else {
      piece.counted = static_cast<int>(std::chrono::floor<minutes>(covered.take(one.part)).count());
      if (piece.counted < piece.minutes) piece.why = "overlaps time that is counted or billed already";
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

std::optional<year_month> first_counted_month(const Record& record, const Episode& episode,
                                              const BillingContext& context) {
  for (const Contact& contact : record.contacts) {
    if (contact.minutes <= 0 || !instant_from(contact.start)) continue;
    if (!why_not_counted(contact, record, episode, context).empty()) continue;
    const auto date =
        has_time(contact) ? context.zone.date_of(*instant_from(contact.start)) : *date_from(contact.start);
    return month_of(date);
  }
  return std::nullopt;
}

}  // namespace bhi::care
