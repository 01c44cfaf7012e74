#include "flow/sweep.h"

#include "fhir/bundle.h"
#include "flow/pages.h"
#include "flow/query.h"
#include "flow/receive.h"
#include "flow/still_current.h"

#include <algorithm>
#include <map>
#include <utility>

namespace bhi::flow {

namespace {

constexpr int kAskedOften = 3;  // a record that is not found (404) is asked for so often

// What there was: id to how often it has not been found since. In the cursor as "id id~2 id".
using Known = std::map<std::string, int, std::less<>>;

std::string to_text(const Known& known) {
  std::string text;
  for (const auto& [id, absent] : known) {
    text += (text.empty() ? "" : " ") + id;
    if (absent > 0) text += "~" + std::to_string(absent);
  }
  return text;
}

Known known_from(std::string_view text) {
  Known known;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    const auto mark = word.find('~');
    int absent = 0;
    if (mark != std::string_view::npos) absent = word.size() == mark + 2 ? word[mark + 1] - '0' : 0;
    if (!word.empty()) known.emplace(word.substr(0, mark), std::clamp(absent, 0, kAskedOften));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return known;
}

class Sweep {
 public:
  Sweep(Store& store, Ehr& ehr, const PollSettings& settings, const PollChoice& choice, std::string_view patient,
        Instant now)
      : store_(store), ehr_(ehr), settings_(settings), choice_(choice), patient_(patient), now_(now) {}

  Result<SweepSummary> run() {
    BHI_TRY(const auto last, store_.cursor(settings_.source, cursor_name()));
    before_ = known_from(last.value_or(""));
    if (choice_.type == "Patient" && !patient_.empty()) {
      BHI_CHECK(confirm(patient_, 0));
      return finish(last);
    }
    BHI_CHECK(walk());
    if (!summary_.complete) return std::move(summary_);
    for (const auto& [id, absent] : before_) {
      if (now_there_.contains(id)) continue;
      if (auto confirmed = confirm(id, absent); !confirmed) {
        // What came is kept all the same: a record that cannot be confirmed must not hold up the others.
        BHI_CHECK(accept(last_));
        return std::move(confirmed).error();
      }
    }
    return finish(last);
  }

 private:
  std::string cursor_name() const { return "sweep|" + choice_.type + (patient_.empty() ? "" : "|" + patient_); }

  Result<void> walk() {
    std::string query = patient_.empty() ? "" : choice_.parameter + "=" + encoded(patient_);
    if (!settings_.filter.empty()) query += (query.empty() ? "" : "&") + settings_.filter;
    ++summary_.requests;
    BHI_TRY(Page first, search_by(ehr_, choice_, settings_.page_size, query, summary_.count_refused));
    BHI_TRY(const PageWalk walk,
            walk_pages(ehr_, std::move(first), settings_.max_pages, choice_.type, summary_.issues,
                       [this](const Page& page, bool whole) { return keep(page.bundle->root(), whole); }));
    summary_.requests += walk.pages - 1;
    summary_.complete = walk.complete;
    return {};
  }

  // The last page waits for what is confirmed after it, and for the new list: one transaction.
  Result<void> keep(const fhir::Node& bundle, bool whole) {
    BHI_TRY(Received received, receive(bundle, settings_.source, "poll", now_));
    std::erase_if(received.items, [](const InboxItem& item) { return item.resource.type == "OperationOutcome"; });
    BHI_CHECK(settle_order(store_, ehr_, received.items));
    for (const InboxItem& item : received.items) {
      if (item.resource.type == choice_.type) now_there_.insert_or_assign(item.resource.id, 0);
    }
    summary_.seen += received.items.size();
    std::ranges::move(received.issues, std::back_inserter(summary_.issues));
    if (received.items.empty()) return {};
    Accepted batch;
    batch.items = std::move(received.items);
    batch.audit.push_back(
        {"read", settings_.source, choice_.type, std::to_string(batch.items.size()) + " by sweep", now_});
    if (whole) {
      last_ = std::move(batch);
      return {};
    }
    return accept(batch);
  }

  Result<void> accept(const Accepted& batch) {
    if (batch.items.empty() && !batch.cursor) return {};
    BHI_TRY(const AcceptOutcome outcome, store_.accept(batch));
    summary_.stored += outcome.stored;
    return {};
  }

  // A record that was there, or a patient of the cohort: what the EHR says of it itself.
  Result<void> confirm(const std::string& id, int absent) {
    if (absent >= kAskedOften) {
      now_there_.insert_or_assign(id, absent);
      ++summary_.absent;
      return {};
    }
    ++summary_.requests;
    const auto read = ehr_.read(choice_.type, id);
    if (read) {
      ++summary_.seen;
      BHI_TRY(Received received, receive((*read)->root(), settings_.source, "poll", now_));
      std::ranges::move(received.items, std::back_inserter(last_.items));
      now_there_.insert_or_assign(id, 0);
      if (!is_patient(id)) note("a record that the search left out is still there");
      return {};
    }
    const Error& error = read.error();
    if (error.kind == Kind::NotFound && says_gone(error)) {
      ++summary_.deleted;
      now_there_.erase(id);
      InboxItem item;
      item.lane = settings_.source + "|" + (patient_.empty() ? choice_.type + "/" + id : "Patient/" + patient_);
      item.channel = "poll";
      item.received = now_;
      item.resource.source = settings_.source;
      item.resource.type = choice_.type;
      item.resource.id = id;
      last_.items.push_back(std::move(item));
      last_.audit.push_back({"read", settings_.source, choice_.type + "/" + id, "deleted there (410)", now_});
      return {};
    }
    if (error.kind == Kind::NotFound || error.kind == Kind::Forbidden) {
      ++summary_.absent;
      now_there_.insert_or_assign(id, absent + 1);
      note(error.kind == Kind::Forbidden ? "a record is no longer shown to us (403)"
                                         : "a record is no longer found (404); it is not taken for deleted");
      return {};
    }
    return error;  // not known at all: the sweep is done again
  }

  bool is_patient(const std::string& id) const { return choice_.type == "Patient" && id == patient_; }

  void note(std::string text) {
    summary_.issues.push_back({Severity::Warning, "incomplete", choice_.type, std::move(text)});
  }

  Result<SweepSummary> finish(const std::optional<std::string>& last) {
    const std::string there = to_text(now_there_);
    if (last_.items.empty() && last == there) return std::move(summary_);  // nothing to write
    last_.cursor = Cursor{settings_.source, cursor_name(), there};
    BHI_CHECK(accept(last_));
    return std::move(summary_);
  }

  Store& store_;
  Ehr& ehr_;
  const PollSettings& settings_;
  const PollChoice& choice_;
  const std::string patient_;
  const Instant now_;
  Known before_, now_there_;
  Accepted last_;
  SweepSummary summary_;
};

}  // namespace

Result<SweepSummary> sweep(Store& store, Ehr& ehr, const PollSettings& settings, const PollChoice& choice,
                           std::string_view patient, Instant now) {
  return Sweep(store, ehr, settings, choice, patient, now).run();
}

}  // namespace bhi::flow
