#include "flow/poll.h"

#include "base/failpoint.h"
#include "fhir/bundle.h"
#include "flow/pages.h"
#include "flow/query.h"
#include "flow/receive.h"
#include "flow/still_current.h"
#include "flow/time_walk.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Node;

constexpr std::chrono::minutes kOldestAnswer{10};  // that a server may give again for the same question
constexpr std::chrono::hours kBackdated{24};       // a date in the record lies before the moment it was entered

// What the cursor keeps: "<since> <server> <asked>".
struct Window {
  Instant since{};   // lower bound of the next window, by the server's clock
  Instant server{};  // the server's time when the last window was asked
  Instant asked{};   // our time then: only its distance to the next asking counts
};

std::string to_text(const Window& window) {
  return bhi::to_text(window.since) + " " + bhi::to_text(window.server) + " " + bhi::to_text(window.asked);
}

std::optional<Window> window_from(std::string_view text) {
  const std::size_t first = text.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : text.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto since = instant_from(text.substr(0, first));
  const auto server = instant_from(text.substr(first + 1, second - first - 1));
  const auto asked = instant_from(text.substr(second + 1));
  if (!since || !server || !asked) return std::nullopt;
  return Window{*since, *server, *asked};
}

// How far the server's clock went back since the last window, by our count of the time between. Records changed before
// the step carry times that lie ahead, records changed after it carry times behind the cursor; so the next window must
// begin earlier by the step. Zero when it runs as it should, within the overlap.
std::chrono::milliseconds step_back(const Window& last, Instant server, Instant now, std::chrono::seconds overlap) {
  const auto expected = last.server + std::max(now - last.asked, std::chrono::milliseconds{0});
  const auto step = expected - server;
  return step > overlap ? step : std::chrono::milliseconds{0};
}

Result<void> check_searchable(const Capabilities& capabilities, std::string_view type) {
  const TypeCapability* capability = capabilities.of(type);
  if (capability != nullptr && !capability->search && !capability->read_withheld.empty()) {
    return Error{Kind::Unsupported, std::string(type) + ": " + capability->read_withheld};
  }
  if (capability == nullptr || !capability->search) {
    return Error{Kind::Unsupported, std::string(type) + ": search is not declared by the EHR"};
  }
  if (std::ranges::find(capability->search_params, "_lastUpdated") == capability->search_params.end()) {
    return Error{Kind::Unsupported, std::string(type) + ": search by _lastUpdated is not declared by the EHR"};
  }
  return {};
}

// One window on its way: pages in, items kept, the cursor at the end.
class Walk {
 public:
  Walk(Store& store, Ehr& ehr, const PollSettings& settings, const PollChoice& choice, Instant now)
      : store_(store), ehr_(ehr), settings_(settings), choice_(choice), type_(choice.type), now_(now) {}

  Result<PollSummary> run() {
    BHI_TRY(const auto cursor, store_.cursor(settings_.source, cursor_name()));
    const auto last = cursor ? window_from(*cursor) : std::nullopt;
    std::optional<Instant> since = last ? std::optional(last->since) : std::nullopt;
    BHI_TRY(Page page, ask(since));
    Instant server = time_of(page);
    if (last) {
      const auto step = step_back(*last, server, now_, settings_.overlap);
      if (step.count() > 0) {
        note(Severity::Warning, "transient", "the server's clock went back; the window begins earlier by that step");
        since = last->since - step;
        BHI_TRY(page, ask(since));
        server = std::min(server, page.server_time.value_or(server));
      }
    }
    const Window next{server - settings_.overlap, server, now_};
    BHI_CHECK(walk(std::move(page), since, next));
    return std::move(summary_);
  }

 private:
  bool created() const { return choice_.mode == PollMode::CreatedDate; }
  std::string cursor_name() const { return created() ? type_ + "|created" : type_; }

  // When the answer was true, by the server's clock: it may be one that was found for the same question before.
  Instant time_of(const Page& page) const {
    const Instant told = page.server_time.value_or(now_);
    const Node* meta = page.bundle->root().find("meta");
    const auto found = meta == nullptr ? std::nullopt : instant_from(meta->text_of("lastUpdated"));
    return found && *found < told && told - *found <= kOldestAnswer ? *found : told;
  }

  Result<Page> ask(std::optional<Instant> since) { return ask(since, settings_.page_size, ""); }

  Result<Page> ask(std::optional<Instant> since, int count, const std::string& sort) {
    std::string query;
    const auto add = [&query](const std::string& parameter) { query += (query.empty() ? "" : "&") + parameter; };
    if (!sort.empty()) add("_sort=" + sort);
    if (since && created()) *since -= kBackdated;
    if (since) add(choice_.parameter + "=ge" + encoded(bhi::to_text(*since)));
    if (!settings_.filter.empty()) add(settings_.filter);
    return search_by(ehr_, choice_, count, query, summary_.count_refused);
  }

  Result<void> walk(Page page, std::optional<Instant> since, const Window& next) {
    if (choice_.mode == PollMode::LastUpdated && counts_positions(page.next)) {
      const auto in_order = [&](std::optional<Instant> from, int count) { return ask(from, count, choice_.parameter); };
      BHI_TRY(const auto walked, walk_by_time(ehr_, in_order, since, settings_.page_size, settings_.max_pages, type_,
                                              summary_.issues, [&](const Page& one, bool whole) {
                                                return keep(one, whole ? std::optional(next) : std::nullopt);
                                              }));
      if (walked) {
        summary_.complete = walked->complete;
        return {};
      }
      note(Severity::Warning, "processing", "pages are counted and cannot be had in order: changes may shift them");
    }
    BHI_TRY(const PageWalk walk, walk_pages(ehr_, std::move(page), settings_.max_pages, type_, summary_.issues,
                                            [&](const Page& one, bool whole) {
                                              return keep(one, whole ? std::optional(next) : std::nullopt);
                                            }));
    summary_.complete = walk.complete;
    return {};
  }

  Result<void> keep(const Page& page, const std::optional<Window>& next) {
    BHI_TRY(Received received, receive(page.bundle->root(), settings_.source, "poll", now_));
    std::erase_if(received.items, [](const InboxItem& item) { return item.resource.type == "OperationOutcome"; });
    BHI_CHECK(settle_order(store_, ehr_, received.items));
    ++summary_.pages;
    summary_.seen += received.items.size();
    std::ranges::move(received.issues, std::back_inserter(summary_.issues));
    Accepted batch;
    batch.items = std::move(received.items);
    if (next) batch.cursor = Cursor{settings_.source, cursor_name(), to_text(*next)};
    if (batch.items.empty() && !batch.cursor) return {};
    if (!batch.items.empty()) {
      batch.audit.push_back({"read", settings_.source, type_, std::to_string(batch.items.size()) + " by search", now_});
    }
    failpoint("poll.page");
    BHI_TRY(const AcceptOutcome outcome, store_.accept(batch));
    if (next) failpoint("poll.cursor");
    summary_.stored += outcome.stored;
    return {};
  }

  void note(Severity severity, std::string code, std::string text) {
    summary_.issues.push_back({severity, std::move(code), type_, std::move(text)});
  }

  Store& store_;
  Ehr& ehr_;
  const PollSettings& settings_;
  const PollChoice& choice_;
  std::string type_;
  Instant now_;
  PollSummary summary_;
};

// Of several forms with one url the newest: by date, then by the time of its last change there.
bool is_newer(const Node& a, const Node& b) {
  const auto updated = [](const Node& form) {
    const Node* meta = form.find("meta");
    return meta == nullptr ? std::string_view() : meta->text_of("lastUpdated");
  };
  return std::pair(a.text_of("date"), updated(a)) > std::pair(b.text_of("date"), updated(b));
}

const Node* choose_form(const Node& bundle, std::string_view url, std::string_view version) {
  const Node* chosen = nullptr;
  for (const Node& entry : fhir::each(bundle.find("entry"))) {
    const Node* form = entry.find("resource");
    // Checked again: a server may ignore a search parameter and answer with every form it has.
    if (form == nullptr || fhir::resource_type(*form) != "Questionnaire" || form->text_of("url") != url) continue;
    if (!version.empty() && form->text_of("version") != version) continue;
    if (chosen == nullptr || is_newer(*form, *chosen)) chosen = form;
  }
  return chosen;
}

Result<bool> keep_form(Store& store, const Node& form, std::string_view source, std::string_view canonical,
                       Instant now) {
  BHI_TRY(Received received, receive(form, source, "poll", now));
  if (received.items.size() != 1) {
    return Error{Kind::Incorrect,
                 "Questionnaire: " + (received.issues.empty() ? "not readable" : received.issues[0].text)};
  }
  ResourceCopy copy = std::move(received.items[0].resource);
  copy.url = canonical.substr(0, canonical.find('|'));
  BHI_CHECK(store.keep_copy(copy));
  BHI_CHECK(store.audit({"read", std::string(source), "Questionnaire/" + copy.id, "ok", now}));
  BHI_CHECK(store.requeue_waiting(canonical));
  return true;
}

}  // namespace

Result<PollSummary> poll(Store& store, Ehr& ehr, const Capabilities& capabilities, const PollSettings& settings,
                         std::string_view type, Instant now) {
  BHI_CHECK(check_searchable(capabilities, type));
  PollChoice choice = choose_poll(capabilities, type, {});
  return Walk(store, ehr, settings, choice, now).run();
}

Result<PollSummary> poll(Store& store, Ehr& ehr, const PollSettings& settings, const PollChoice& choice, Instant now) {
  return Walk(store, ehr, settings, choice, now).run();
}

Result<std::optional<Instant>> last_window(Store& store, std::string_view source, std::string_view type) {
  BHI_TRY(const auto cursor, store.cursor(source, type));
  const auto window = cursor ? window_from(*cursor) : std::nullopt;
  return window ? std::optional(window->asked) : std::nullopt;
}

Cursor window_cursor(std::string_view source, std::string_view type, Instant since, Instant server, Instant asked) {
  return {std::string(source), std::string(type), to_text(Window{since, server, asked})};
}

Result<bool> fetch_form(Store& store, Ehr& ehr, std::string_view source, std::string_view canonical, Instant now) {
  const std::size_t bar = canonical.find('|');
  const std::string_view url = canonical.substr(0, bar);
  const std::string_view version = bar == std::string_view::npos ? std::string_view() : canonical.substr(bar + 1);
  // Some name the form by its place on the server instead of its canonical.
  if (const auto place = fhir::parse_reference(url); place && place->base.empty() && place->type == "Questionnaire") {
    auto form = ehr.read("Questionnaire", place->id);
    if (!form && form.error().kind == Kind::NotFound) return false;
    BHI_TRY(const auto document, std::move(form));
    return keep_form(store, document->root(), source, canonical, now);
  }
  std::string query = "url=" + encoded(url);
  if (!version.empty()) query += "&version=" + encoded(version);
  BHI_TRY(const Page page, ehr.search("Questionnaire", query));
  const Node* form = choose_form(page.bundle->root(), url, version);
  if (form == nullptr) return false;
  return keep_form(store, *form, source, canonical, now);
}

}  // namespace bhi::flow
