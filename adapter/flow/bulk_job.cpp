#include "flow/bulk_job.h"

#include "base/arena.h"
#include "fhir/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;
using std::chrono::milliseconds;

template <typename Value>
struct Field {
  const char* name;
  Value BulkJob::*at;
};
constexpr std::array kTexts = std::to_array<Field<std::string>>({
    {"form", &BulkJob::form},
    {"status_url", &BulkJob::status_url},
    {"page_url", &BulkJob::page_url},
    {"progress", &BulkJob::progress},
    {"problem", &BulkJob::problem},
});
constexpr std::array kInstants = std::to_array<Field<Instant>>({
    {"asked", &BulkJob::asked},
    {"asked_there", &BulkJob::asked_there},
    {"not_before", &BulkJob::not_before},
});
constexpr std::array kMaybeInstants = std::to_array<Field<std::optional<Instant>>>({
    {"transaction_time", &BulkJob::transaction_time},
    {"since", &BulkJob::since},
    {"complete_until", &BulkJob::complete_until},
});
constexpr std::array kNumbers = std::to_array<Field<std::uint64_t>>({
    {"page", &BulkJob::page},
    {"pass", &BulkJob::pass},
    {"file", &BulkJob::file},
    {"lines", &BulkJob::lines},
    {"digest", &BulkJob::digest},
    {"polls", &BulkJob::polls},
    {"failures", &BulkJob::failures},
    {"given_up", &BulkJob::given_up},
    {"files", &BulkJob::files},
    {"seen", &BulkJob::seen},
    {"stored", &BulkJob::stored},
    {"bad", &BulkJob::bad},
    {"unasked", &BulkJob::unasked},
    {"deleted", &BulkJob::deleted},
    {"outcomes", &BulkJob::outcomes},
});
constexpr std::array kFlags = std::to_array<Field<bool>>({
    {"has_deleted", &BulkJob::has_deleted},
    {"incomplete", &BulkJob::incomplete},
    {"failed", &BulkJob::failed},
    {"loaded", &BulkJob::loaded},
});

constexpr std::array kPhases = {BulkPhase::Idle, BulkPhase::Waiting, BulkPhase::Files, BulkPhase::Ending};
constexpr std::array kKinds = {BulkKind::Full, BulkKind::Since, BulkKind::NewMembers};

template <typename Value, std::size_t kSize>
bool read_word(std::string_view text, const std::array<Value, kSize>& all, Value& into) {
  const auto found = std::ranges::find(all, text, [](Value value) { return name(value); });
  if (found != all.end()) into = *found;
  return found != all.end();
}

constexpr milliseconds kFirstPoll{1000};

}  // namespace

std::string_view name(BulkPhase phase) {
  switch (phase) {
    case BulkPhase::Idle: return "idle";
    case BulkPhase::Waiting: return "waiting";
    case BulkPhase::Files: return "files";
    case BulkPhase::Ending: return "ending";
  }
  return "idle";
}

std::string_view name(BulkKind kind) {
  switch (kind) {
    case BulkKind::Full: return "full";
    case BulkKind::Since: return "since";
    case BulkKind::NewMembers: return "new-members";
  }
  return "full";
}

std::string to_text(const BulkJob& job) {
  Arena arena;
  std::vector<Member> members;
  const auto add = [&](std::string_view name, Node value) { members.push_back({&fhir::intern(name), value}); };
  const auto text = [&](std::string_view value) { return Node::string(arena.copy(value)); };
  add("phase", text(name(job.phase)));
  add("kind", text(name(job.kind)));
  for (const auto& field : kTexts) {
    if (!(job.*field.at).empty()) add(field.name, text(job.*field.at));
  }
  for (const auto& field : kInstants) add(field.name, text(bhi::to_text(job.*field.at)));
  for (const auto& field : kMaybeInstants) {
    if (job.*field.at) add(field.name, text(bhi::to_text(*(job.*field.at))));
  }
  for (const auto& field : kNumbers) {
    if (job.*field.at != 0) add(field.name, Node::number(arena.copy(std::to_string(job.*field.at))));
  }
  for (const auto& field : kFlags) {
    if (job.*field.at) add(field.name, Node::boolean(true));
  }
  return fhir::write_json(Node::object(arena.copy(std::span<const Member>(members))));
}

std::optional<BulkJob> bulk_job_from(std::string_view text) {
  const auto read = fhir::read_json(std::string(text));
  if (!read) return std::nullopt;
  const Node& root = (*read)->root();
  BulkJob job;
  if (!read_word(root.text_of("phase"), kPhases, job.phase)) return std::nullopt;
  if (!read_word(root.text_of("kind"), kKinds, job.kind)) return std::nullopt;
  for (const auto& field : kTexts) job.*field.at = root.text_of(field.name);
  for (const auto& field : kInstants) job.*field.at = instant_from(root.text_of(field.name)).value_or(Instant{});
  for (const auto& field : kMaybeInstants) job.*field.at = instant_from(root.text_of(field.name));
  for (const auto& field : kNumbers) {
    const Node* node = root.find(field.name);
    const auto digits = node == nullptr ? std::string_view() : node->text();
    std::from_chars(digits.data(), digits.data() + digits.size(), job.*field.at);
  }
  for (const auto& field : kFlags) {
    const Node* node = root.find(field.name);
    job.*field.at = node != nullptr && node->text() == "true";
  }
  return job;
}

BulkState state_of(const BulkAnswer& answer) {
  if (answer.status == 200) return BulkState::Ready;
  if (answer.transient) return BulkState::Later;
  switch (answer.status) {
    case 202: return BulkState::Going;
    case 404:
    case 410: return BulkState::Gone;
    case 401:
    case 408:
    case 425:
    case 429: return BulkState::Later;
    case 502:
    case 503:
    case 504: return answer.body == nullptr ? BulkState::Later : BulkState::Failed;
    default: return BulkState::Failed;
  }
}

BulkStart start_of(const BulkAnswer& answer) {
  if (answer.status == 202 && !answer.location.empty()) return BulkStart::Taken;
  if (answer.transient || answer.status == 408 || answer.status == 425 || answer.status == 429 ||
      answer.status == 401 || (answer.status >= 500 && answer.status != 501)) {
    return BulkStart::Later;
  }
  switch (answer.status) {
    case 202:
    case 400:
    case 404:
    case 405:
    case 406:
    case 415:
    case 422:
    case 501: return BulkStart::OtherForm;
    default: return BulkStart::Refused;
  }
}

milliseconds poll_delay(std::uint64_t polls, const BulkAnswer& answer, milliseconds longest) {
  if (answer.retry_after_ms) {
    const milliseconds told(*answer.retry_after_ms);
    return answer.status == 202 ? std::clamp(told, milliseconds(100), longest) : std::max(told, milliseconds(100));
  }
  return std::min(longest, kFirstPoll * (std::int64_t{1} << std::min<std::uint64_t>(polls, 16)));
}

Instant next_since(const BulkJob& job, std::chrono::seconds overlap) {
  return std::min(job.transaction_time.value_or(job.asked_there), job.asked_there) - overlap;
}

BulkJob after(const BulkJob& job) {
  BulkJob next;
  next.form = job.form;
  next.loaded = job.loaded;
  next.since = job.since;
  next.complete_until = job.complete_until;
  next.given_up = job.given_up;
  next.problem = job.problem;
  // What the last one brought stays to be looked at until the next one begins.
  next.kind = job.kind;
  next.files = job.files;
  next.seen = job.seen;
  next.stored = job.stored;
  next.bad = job.bad;
  next.unasked = job.unasked;
  next.deleted = job.deleted;
  next.outcomes = job.outcomes;
  return next;
}

}  // namespace bhi::flow
