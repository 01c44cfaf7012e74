#include "flow/bulk.h"

#include "base/failpoint.h"
#include "flow/cohort.h"
#include "flow/deliver.h"
#include "flow/poll.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::flow {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kFileTries = 6;      // in a row without a line more; then the file is left out
constexpr std::uint64_t kManifestTries = 6;  // of reading it; then the export is given up
constexpr std::uint64_t kEndTries = 3;       // of telling the EHR that we are done
constexpr std::uint64_t kMostPages = 100'000;
constexpr std::size_t kMostJoined = 1000;  // more new members than this: everything is asked for
constexpr std::chrono::minutes kRefusedAgain{60};

struct FormName {
  BulkForm form;
  std::string_view name;
};
constexpr std::array kForms = std::to_array<FormName>({
    {BulkForm::Get, "get"},
    {BulkForm::Post, "post"},
    {BulkForm::GetRepeated, "get-repeated"},
});

// The forms worth a try, the one that worked last time first.
std::vector<FormName> forms_to_try(BulkForm wanted, std::string_view worked) {
  std::vector<FormName> forms;
  for (const FormName& one : kForms) {
    if (wanted == BulkForm::Auto || wanted == one.form) forms.push_back(one);
  }
  std::ranges::stable_partition(forms, [&](const FormName& one) { return one.name == worked; });
  return forms;
}

std::string joined_text(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : " ") + id;
  return text;
}

std::vector<std::string> ids_of(std::string_view text) {
  std::vector<std::string> ids;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) ids.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return ids;
}

Result<void> move(Store& store, const std::string& source, std::string name, std::string value) {
  Accepted batch;
  batch.cursor = Cursor{source, std::move(name), std::move(value)};
  BHI_TRY([[maybe_unused]] const auto moved, store.accept(batch));
  return {};
}

}  // namespace

BulkRun::BulkRun(BulkSettings settings, BulkJob job) : settings_(std::move(settings)), job_(std::move(job)) {
  intake_.source = settings_.source;
  intake_.cursor = bulk_cursor(settings_);
  intake_.types = {settings_.types.begin(), settings_.types.end()};
  intake_.limits = settings_.line_limits;
}

Result<BulkRun> BulkRun::open(Store& store, BulkSettings settings) {
  BHI_TRY(const auto text, store.cursor(settings.source, bulk_cursor(settings)));
  auto job = text ? bulk_job_from(*text) : std::nullopt;
  if (!job) {
    job.emplace();
    job->since = settings.since;
  }
  return BulkRun(std::move(settings), *std::move(job));
}

Result<BulkNews> BulkRun::advance(const BulkWorld& world) {
  const Instant now = world.now();
  if (now < job_.not_before) return BulkNews{.again = job_.not_before, .problem = job_.problem};
  if (job_.phase != BulkPhase::Idle && job_.phase != BulkPhase::Ending && now - job_.asked > settings_.give_up) {
    return give_up(world, "the export took longer than " + std::to_string(settings_.give_up.count()) + " hours");
  }
  switch (job_.phase) {
    case BulkPhase::Idle: return kick_off(world);
    case BulkPhase::Waiting: return ask_status(world);
    case BulkPhase::Files: return fetch(world);
    case BulkPhase::Ending: return end(world);
  }
  return BulkNews{.again = now};
}

Result<BulkNews> BulkRun::save(const BulkWorld& world, BulkNews news) {
  BHI_CHECK(move(world.store, settings_.source, bulk_cursor(settings_), to_text(job_)));
  news.again = std::max(job_.not_before, Instant{});
  return news;
}

Result<BulkNews> BulkRun::later(const BulkWorld& world, std::string problem, std::optional<std::int64_t> told_ms) {
  ++job_.failures;
  const auto wait = told_ms ? milliseconds(std::max<std::int64_t>(*told_ms, 100))
                            : retry_delay(static_cast<int>(std::min<std::uint64_t>(job_.failures, 100)),
                                          settings_.source + bulk_cursor(settings_));
  job_.not_before = world.now() + wait;
  job_.problem = problem;
  return save(world, {.problem = std::move(problem)});
}

Result<BulkNews> BulkRun::give_up(const BulkWorld& world, std::string problem) {
  job_.phase = BulkPhase::Ending;
  job_.failed = true;
  job_.failures = 0;
  job_.not_before = {};
  job_.problem = problem;
  page_.reset();
  return save(world, {.problem = std::move(problem)});
}

// ---- asking for an export -------------------------------------------------------------------------------------------

// Who has joined the group since the last export gets everything: what is older than `since` would be missing of them.
Result<void> BulkRun::choose_kind(const BulkWorld& world, std::vector<std::string>& joined) {
  job_.kind = job_.since ? BulkKind::Since : BulkKind::Full;
  if (settings_.level != BulkLevel::Group) return {};
  auto members = patients_of_group(world.ehr, settings_.group);
  if (!members) return {};  // some EHRs keep them to themselves
  std::ranges::sort(*members);
  const std::string name = intake_.cursor;
  BHI_TRY(const auto before, world.store.cursor(settings_.source, name + "|members"));
  BHI_CHECK(move(world.store, settings_.source, name + "|members-asked", joined_text(*members)));
  if (!job_.since || !before) return {};
  const auto known = ids_of(*before);
  std::ranges::set_difference(*members, known, std::back_inserter(joined));
  if (joined.empty()) return {};
  job_.kind = joined.size() > kMostJoined ? BulkKind::Full : BulkKind::NewMembers;
  if (job_.kind == BulkKind::Full) joined.clear();
  return {};
}

Result<BulkNews> BulkRun::kick_off(const BulkWorld& world) {
  std::vector<std::string> joined;
  BHI_CHECK(choose_kind(world, joined));
  std::string last = "the EHR takes no kick-off";
  auto forms = forms_to_try(settings_.form, job_.form);
  for (std::size_t i = 0; i < forms.size(); ++i) {
    const auto since = job_.kind == BulkKind::Since ? job_.since : std::nullopt;
    const Instant asked = world.now();
    auto answer = world.bulk.kick_off(bulk_ask(settings_, forms[i].form, since, joined));
    if (!answer) return later(world, "kick-off: " + answer.error().message, std::nullopt);
    failpoint("bulk.kickoff");
    switch (start_of(*answer)) {
      case BulkStart::Taken: {
        BulkJob next = after(job_);
        next.phase = BulkPhase::Waiting;
        next.files = next.seen = next.stored = next.bad = next.unasked = next.deleted = next.outcomes = 0;
        next.problem.clear();
        next.form = joined.empty() ? std::string(forms[i].name) : job_.form;
        next.status_url = answer->location;
        next.asked = asked;
        next.asked_there = answer->server_time ? std::min(*answer->server_time, asked + std::chrono::hours(24)) : asked;
        next.not_before = answer->retry_after_ms ? world.now() + poll_delay(0, *answer, settings_.longest_poll)
                                                 : world.now() + milliseconds(100);
        job_ = std::move(next);
        page_.reset();
        return save(world);
      }
      case BulkStart::Later: return later(world, "kick-off: " + answer->reason, answer->retry_after_ms);
      case BulkStart::OtherForm:
        last = answer->status == 202 ? "202 without Content-Location" : answer->reason;
        if (!joined.empty()) {  // `patient` is not understood: everything of everybody then
          joined.clear();
          job_.kind = BulkKind::Full;
          --i;
        }
        continue;
      case BulkStart::Refused: last = answer->reason; break;
    }
    break;
  }
  job_.not_before = world.now() + kRefusedAgain;
  job_.problem = "kick-off: " + last;
  return save(world, {.refused = true, .problem = job_.problem});
}

// ---- until the files are there --------------------------------------------------------------------------------------

Result<BulkNews> BulkRun::ask_status(const BulkWorld& world) {
  job_.page_url = job_.status_url;
  job_.page = 0;
  BulkNews news;
  BHI_TRY(const bool ready, read_page(world, news));
  if (!ready) return news;
  job_.transaction_time = page_->transaction_time;
  job_.phase = BulkPhase::Files;
  job_.pass = job_.file = job_.lines = job_.digest = job_.failures = job_.polls = 0;
  job_.not_before = {};
  job_.problem.clear();
  return save(world);
}

// The page of the manifest at job_.page_url. False: not now; `news` says when again.
Result<bool> BulkRun::read_page(const BulkWorld& world, BulkNews& news) {
  const auto not_now = [&news](Result<BulkNews> said) -> Result<bool> {
    BHI_TRY(news, std::move(said));
    return false;
  };
  const auto answer = world.bulk.ask(job_.page_url);
  if (!answer) {
    const Error& error = answer.error();
    const bool final = error.kind == Kind::Forbidden && error.message.find("origin") != std::string::npos;
    if (final) return not_now(give_up(world, "status: " + error.message));
    return not_now(later(world, "status: " + error.message, std::nullopt));
  }
  switch (state_of(*answer)) {
    case BulkState::Going:
      job_.not_before = world.now() + poll_delay(job_.polls, *answer, settings_.longest_poll);
      ++job_.polls;
      job_.failures = 0;
      job_.progress = answer->progress;
      if (!job_.incomplete) job_.problem.clear();
      return not_now(save(world));
    case BulkState::Later: return not_now(later(world, "status: " + answer->reason, answer->retry_after_ms));
    case BulkState::Gone:
      if (job_.page_url != job_.status_url) {  // a further page; from the first one again, what is kept stays kept
        job_.page_url = job_.status_url;
        job_.page = job_.file = job_.lines = job_.digest = 0;
        return not_now(later(world, "manifest: " + answer->reason, std::nullopt));
      }
      return not_now(give_up(world, "the EHR knows the export no longer: " + answer->reason));
    case BulkState::Failed: return not_now(give_up(world, "the export failed at the EHR: " + answer->reason));
    case BulkState::Ready: break;
  }
  auto manifest = answer->body ? bulk_manifest_from(answer->body->root())
                               : Result<BulkManifest>(Error{Kind::Incorrect, "manifest: expected JSON"});
  if (!manifest) {
    if (job_.failures + 1 >= kManifestTries) return not_now(give_up(world, manifest.error().message));
    return not_now(later(world, manifest.error().message, std::nullopt));
  }
  page_ = *std::move(manifest);
  page_expires_ = answer->expires;
  job_.has_deleted = job_.has_deleted || !page_->deleted.empty();
  return true;
}

// ---- the files ------------------------------------------------------------------------------------------------------

Result<BulkNews> BulkRun::fetch(const BulkWorld& world) {
  if (page_ && page_expires_ && world.now() >= *page_expires_) page_.reset();
  if (!page_) {
    BulkNews news;
    BHI_TRY(const bool ready, read_page(world, news));
    if (!ready) return news;
    // An address that has expired before it could be used helps nobody; it is tried all the same.
    if (page_expires_ && world.now() >= *page_expires_) page_expires_.reset();
  }
  const std::size_t outputs = page_->output.size();
  if (job_.pass == 0 && job_.file < outputs) return fetch_file(world, page_->output[job_.file], BulkContent::Output);
  if (job_.pass == 0 && job_.file < outputs + page_->outcomes.size()) {
    return fetch_file(world, page_->outcomes[job_.file - outputs], BulkContent::Outcomes);
  }
  if (job_.pass == 1 && job_.file < page_->deleted.size()) {
    return fetch_file(world, page_->deleted[job_.file], BulkContent::Deleted);
  }
  return next_page(world);
}

Result<BulkNews> BulkRun::next_page(const BulkWorld& world) {
  job_.file = job_.lines = job_.digest = job_.failures = 0;
  job_.not_before = {};
  if (!page_->next.empty()) {
    if (page_->next == job_.page_url || job_.page >= kMostPages) {
      return give_up(world, "the pages of the manifest go round in a circle");
    }
    job_.page_url = page_->next;
    ++job_.page;
    page_.reset();
    return save(world);
  }
  if (job_.pass == 0 && job_.has_deleted) {
    job_.pass = 1;
    if (job_.page > 0) page_.reset();
    job_.page_url = job_.status_url;
    job_.page = 0;
    return save(world);
  }
  job_.phase = BulkPhase::Ending;
  page_.reset();
  return save(world);
}

Result<BulkNews> BulkRun::skip_file(const BulkWorld& world, std::string problem) {
  ++job_.file;
  job_.lines = job_.digest = job_.failures = 0;
  job_.not_before = {};
  job_.incomplete = true;
  job_.problem = problem;
  return save(world, {.problem = std::move(problem)});
}

Result<BulkNews> BulkRun::fetch_file(const BulkWorld& world, const BulkFileEntry& file, BulkContent content) {
  const bool unasked = content == BulkContent::Output && !file.type.empty() && !intake_.types.empty() &&
                       !intake_.types.contains(file.type);
  if (unasked) {  // some EHRs export what nobody asked for
    job_.unasked += file.count.value_or(1);
    ++job_.file;
    job_.lines = job_.digest = 0;
    return save(world);
  }
  const std::string label = file_label(job_, file.type);
  BulkIntake intake(world.store, intake_, job_, content, file.type, world.now, world.moved_on);
  const BulkFile got = world.bulk.download(
      file.url, page_->needs_token, [&](std::string_view bytes) { return intake.take(bytes) && !world.stopping(); });
  const bool cut_short =
      got.what == BulkFile::What::Whole && file.count && intake.lines() < *file.count && job_.failures + 1 < kFileTries;
  const bool whole = got.what == BulkFile::What::Whole && !cut_short;
  if (!intake.error() && !intake.changed()) {
    const std::uint64_t failures = job_.failures;
    BHI_CHECK(whole ? intake.finish() : intake.pause());
    if (cut_short && !intake.advanced()) job_.failures = failures;
  }
  if (intake.error()) return *intake.error();
  if (intake.changed()) {  // not the file that was begun: all of it, what is known already is told by its content
    job_.lines = job_.digest = 0;
    return later(world, label + ": not the same lines as before; from its beginning again", std::nullopt);
  }
  if (whole && file.count && intake.lines() < *file.count) {
    job_.incomplete = true;
    job_.problem = label + ": fewer lines than the manifest counts";
    return save(world, {.problem = job_.problem});
  }
  if (whole) return BulkNews{.again = {}};
  if (got.what == BulkFile::What::Ended) return BulkNews{.again = world.now()};  // we are stopping
  const std::string problem = label + ": " + (cut_short ? "fewer lines than the manifest counts" : got.reason);
  if (got.what == BulkFile::What::Refused) return skip_file(world, problem);
  if (job_.failures + 1 >= kFileTries) {
    // Expired for good: only another export helps. Anything else: the others must not wait for this file.
    if (got.what == BulkFile::What::Expired) return give_up(world, problem);
    return skip_file(world, problem);
  }
  if (got.what == BulkFile::What::Expired) page_.reset();
  return later(world, problem, got.retry_after_ms);
}

// ---- the end --------------------------------------------------------------------------------------------------------

// What is known now, where it belongs. Done again after a kill it comes to the same.
Result<void> BulkRun::keep_end(const BulkWorld& world) {
  const std::string name = intake_.cursor;
  BHI_TRY(const auto members, world.store.cursor(settings_.source, name + "|members-asked"));
  if (members) BHI_CHECK(move(world.store, settings_.source, name + "|members", *members));
  if (job_.kind == BulkKind::NewMembers) return {};  // the others are as old as they were
  const Instant since = next_since(job_, settings_.overlap);
  if (settings_.begin_windows && !job_.loaded) {
    for (const std::string& type : settings_.types) {
      BHI_TRY(const auto window, last_window(world.store, settings_.source, type));
      if (window) continue;
      Accepted begin;
      begin.cursor = window_cursor(settings_.source, type, since, job_.asked_there, job_.asked);
      BHI_TRY([[maybe_unused]] const auto kept, world.store.accept(begin));
    }
  }
  job_.since = since;
  job_.complete_until = job_.asked - (job_.asked_there - std::min(job_.asked_there, since + settings_.overlap));
  return {};
}

Result<BulkNews> BulkRun::end(const BulkWorld& world) {
  const bool complete = !job_.failed && !job_.incomplete;
  if (complete) BHI_CHECK(keep_end(world));
  failpoint("bulk.end");
  if (const auto removed = world.bulk.remove(job_.status_url); !removed && job_.failures + 1 < kEndTries) {
    return later(world, "the end of the export: " + removed.error().message, std::nullopt);
  }
  failpoint("bulk.removed");
  const bool failed = job_.failed;
  const bool again_now = complete && job_.kind == BulkKind::NewMembers;
  BulkJob next = after(job_);
  next.loaded = job_.loaded || (!failed && job_.kind != BulkKind::NewMembers);
  next.given_up = failed ? job_.given_up + 1 : 0;
  if (complete) next.problem.clear();
  const auto rest =
      failed ? retry_delay(static_cast<int>(std::min<std::uint64_t>(next.given_up + 4, 100)), settings_.source)
             : milliseconds(settings_.interval);
  next.not_before = again_now ? Instant{} : world.now() + rest;
  job_ = std::move(next);
  return save(world, {.problem = job_.problem, .ended = !failed});
}

}  // namespace bhi::flow
