#include "flow/bulk_intake.h"

#include "base/failpoint.h"
#include "base/hash.h"
#include "fhir/bundle.h"
#include "flow/receive.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;

constexpr std::size_t kKeptOfBadLine = std::size_t{64} << 10;
constexpr std::uint64_t kMostAside = 1000;  // bad lines kept of one file; the rest is counted
constexpr std::string_view kChannel = "bulk";

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r") == std::string_view::npos; }

// The line before the resources of one patient, when the export is organised by them.
bool is_header(const Node& root) {
  if (fhir::resource_type(root) != "Parameters") return false;
  const auto parameters = fhir::each(root.find("parameter"));
  return std::ranges::any_of(parameters, [](const Node& one) { return one.text_of("name") == "header"; });
}

}  // namespace

std::string file_label(const BulkJob& job, std::string_view type) {
  return (type.empty() ? std::string("mixed") : std::string(type)) + " file " + std::to_string(job.file + 1) +
         " of page " + std::to_string(job.page + 1);
}

BulkIntake::BulkIntake(Store& store, const BulkIntakeSettings& settings, BulkJob& job, BulkContent content,
                       std::string type, std::function<Instant()> now, std::function<void(const BulkJob&)> moved_on)
    : store_(store),
      settings_(settings),
      job_(job),
      content_(content),
      type_(std::move(type)),
      now_(std::move(now)),
      moved_on_(std::move(moved_on)),
      skip_(job.lines),
      lines_(settings.limits.max_bytes),
      next_(job) {}

bool BulkIntake::take(std::string_view bytes) {
  return lines_.feed(bytes, [this](const BulkLine& one) { return line(one); });
}

Result<void> BulkIntake::finish() {
  if (!lines_.finish([this](const BulkLine& one) { return line(one); })) {
    if (error_) return *error_;
    return {};
  }
  if (last_line_ < skip_) {  // shorter than it was
    changed_ = true;
    return {};
  }
  return keep(true);
}

Result<void> BulkIntake::pause() {
  if (error_ || changed_ || last_line_ <= skip_) return {};
  return keep(false);
}

bool BulkIntake::line(const BulkLine& line) {
  last_line_ = line.number;
  if (line.number <= skip_) {
    changed_ = line.number == skip_ && lines_.digest() != job_.digest;
    return !changed_;
  }
  next_.lines = line.number;
  next_.digest = lines_.digest();
  batch_bytes_ += line.text.size();
  if (line.too_long) {
    put_aside(line, "longer than " + std::to_string(settings_.limits.max_bytes) + " bytes");
  } else if (!is_blank(line.text)) {
    auto read = fhir::read_json(std::string(line.text), settings_.limits);
    bool whole = true;
    if (!read) {
      put_aside(line, read.error().message);
    } else if (content_ == BulkContent::Output) {
      whole = read_output(line, (*read)->root());
    } else if (content_ == BulkContent::Outcomes) {
      read_outcome((*read)->root());
    } else {
      whole = read_deleted(line, (*read)->root());
    }
    if (!whole) return false;
  }
  if (batch_.items.size() + batch_.aside.size() < settings_.batch_items && batch_bytes_ < settings_.batch_bytes) {
    return true;
  }
  if (auto kept = keep(false); !kept) error_ = std::move(kept).error();
  return !error_;
}

bool BulkIntake::read_output(const BulkLine& line, const Node& root) {
  if (is_header(root)) return true;
  const std::string_view type = fhir::resource_type(root);
  if (!settings_.types.empty() && !type.empty() && type != "Bundle" && !settings_.types.contains(type)) {
    ++next_.unasked;
    return true;
  }
  auto received = receive(root, settings_.source, kChannel, now_());
  if (!received) {
    put_aside(line, received.error().message);
    return true;
  }
  if (received->items.empty() && !received->issues.empty()) {
    put_aside(line, received->issues.front().text);
    return true;
  }
  next_.seen += received->items.size();
  std::ranges::move(received->items, std::back_inserter(batch_.items));
  return true;
}

void BulkIntake::read_outcome(const Node& root) {
  for (const Node& issue : fhir::each(root.find("issue"))) {
    const std::string_view severity = issue.text_of("severity");
    if (severity != "error" && severity != "fatal") continue;
    ++next_.outcomes;
    next_.incomplete = true;
    next_.problem = "the EHR lists errors of the export";
  }
}

bool BulkIntake::read_deleted(const BulkLine& line, const Node& root) {
  bool understood = fhir::resource_type(root) == "Bundle";
  for (const Node& entry : fhir::each(root.find("entry"))) {
    const Node* request = entry.find("request");
    const auto target = request == nullptr || request->text_of("method") != "DELETE"
                            ? std::nullopt
                            : fhir::parse_reference(request->text_of("url"));
    if (!target || target->type.empty() || !fhir::is_safe_id(target->id)) {
      understood = false;
      continue;
    }
    if (!forget(target->type, target->id)) return false;
  }
  if (!understood) {
    next_.incomplete = true;
    next_.problem = "a list of deletions was not understood";
    put_aside(line, "a list of deletions: expected a Bundle whose entries have a request DELETE Type/id");
  }
  return true;
}

// False: an error of the store.
bool BulkIntake::forget(std::string_view type, std::string_view id) {
  const auto held = store_.resource(settings_.source, type, id);
  if (!held) {
    error_ = held.error();
    return false;
  }
  if (!*held || (*held)->body.empty()) return true;
  // Entered again since the export was made: what was polled meanwhile is newer than the deletion.
  const auto updated = instant_from((*held)->updated);
  if (updated && job_.transaction_time && *updated > *job_.transaction_time) return true;
  InboxItem item;
  const auto body = fhir::read_json((*held)->body);
  const std::string patient = body ? fhir::patient_reference((*body)->root()) : std::string();
  item.resource.source = settings_.source;
  item.resource.type = type;
  item.resource.id = id;
  item.lane = settings_.source + "|" + (patient.empty() ? item.resource.type + "/" + item.resource.id : patient);
  item.channel = kChannel;
  item.received = now_();
  batch_.audit.push_back({"read", settings_.source, item.resource.type + "/" + item.resource.id,
                          "deleted there (bulk export)", item.received});
  batch_.items.push_back(std::move(item));
  ++next_.deleted;
  return true;
}

void BulkIntake::put_aside(const BulkLine& line, std::string what) {
  ++next_.bad;
  if (++kept_aside_ > kMostAside) return;
  const std::string place = file_label(job_, type_) + ", line " + std::to_string(line.number);
  PutAside aside;
  aside.reason = place + ": " + what;
  aside.issues.push_back({Severity::Error, "structure", place, std::move(what)});
  ResourceCopy& copy = aside.item.resource;
  copy.source = settings_.source;
  copy.type = type_.empty() ? "Resource" : type_;
  copy.hash = to_hex(sha256(line.text));
  copy.id = "sha256-" + copy.hash.substr(0, 48);
  copy.body = line.text.substr(0, kKeptOfBadLine);
  aside.item.lane = copy.source + "|" + copy.type + "/" + copy.id;
  aside.item.channel = kChannel;
  aside.item.received = now_();
  batch_.audit.push_back({"quarantine", settings_.source, copy.type + "/" + copy.id, place, aside.item.received});
  batch_.aside.push_back(std::move(aside));
}

Result<void> BulkIntake::keep(bool at_end) {
  if (!batch_.items.empty()) {
    batch_.audit.push_back({"read", settings_.source, type_.empty() ? std::string("Bundle") : type_,
                            std::to_string(batch_.items.size()) + " by bulk export", now_()});
  }
  if (at_end) {
    ++next_.files;
    ++next_.file;
    next_.lines = next_.digest = 0;
  }
  next_.failures = 0;
  if (!next_.incomplete) next_.problem.clear();
  // What of this batch is news is known only afterwards: in the cursor `stored` stands a batch behind.
  batch_.cursor = Cursor{settings_.source, settings_.cursor, to_text(next_)};
  failpoint("bulk.lines");
  BHI_TRY(const AcceptOutcome outcome, store_.accept(batch_));
  next_.stored += outcome.stored;
  job_ = next_;
  batch_ = {};
  batch_bytes_ = 0;
  advanced_ = true;
  if (moved_on_) moved_on_(job_);
  return {};
}

}  // namespace bhi::flow
