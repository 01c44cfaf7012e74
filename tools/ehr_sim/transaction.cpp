#include "ehr_sim/transaction.h"

#include "ehr_sim/bundle_entry.h"
#include "ehr_sim/references.h"
#include "ehr_sim/search.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace bhi::sim {

namespace {

using fhir::Node;

// A transaction on its way: the entries, what each came to, and what their fullUrls stand for.
struct Transaction {
  std::vector<BundleEntry> entries;
  std::vector<Response> answers;
  ReferenceMap references;
  std::set<std::size_t> found;  // creates whose condition something already meets: nothing is written for them
};

Response refuse_entry(const BundleEntry& entry, const Response& refused) {
  const FirstIssue issue = first_issue(refused);
  return refuse(refused.status, issue.code.empty() ? "processing" : issue.code, entry.place() + ": " + issue.text,
                entry.place());
}

Result<std::vector<BundleEntry>> read_entries(const Node& bundle, std::string_view base) {
  std::vector<BundleEntry> entries;
  for (const Node& node : fhir::each(bundle.find("entry"))) {
    BHI_TRY(auto entry, read_entry(node, entries.size(), base));
    entries.push_back(std::move(entry));
  }
  return entries;
}

// No resource and no fullUrl may appear twice (https://hl7.org/fhir/R4/http.html#trules).
Result<void> check_identities(const std::vector<BundleEntry>& entries) {
  std::set<std::string> seen;
  for (const BundleEntry& entry : entries) {
    const bool names_one = entry.method == "PUT" || entry.method == "DELETE";
    if (names_one && !seen.insert(entry.type + "/" + entry.id).second) {
      return Error{Kind::Incorrect, entry.place() + ": the same resource appears twice"};
    }
    if (!entry.full_url.empty() && !seen.insert("fullUrl " + entry.full_url).second) {
      return Error{Kind::Incorrect, entry.place() + ": the same fullUrl appears twice"};
    }
  }
  return {};
}

// Gives every create its id, or the resource that its condition finds, before anything is written: only then are all
// references known. The answer that refuses, if any.
std::optional<Response> assign_ids(Transaction& work, Versions& versions, const Asked& asked) {
  std::map<std::string, std::string>
      promised;  // "Type?condition" -> id: two entries with one condition make one resource
  for (BundleEntry& entry : work.entries) {
    if (entry.method == "POST") {
      std::string* same = nullptr;
      if (!entry.if_none_exist.empty()) {
        const auto found = find_by_condition(entry.type, entry.if_none_exist, asked.base, versions);
        if (!found) return refuse({found.error().kind, entry.place() + ": " + found.error().message}, entry.place());
        if (found->size() > 1) {
          return refuse(412, "multiple-matches", entry.place() + ": ifNoneExist: several resources match",
                        entry.place());
        }
        same = &promised[entry.type + "?" + entry.if_none_exist];
        if (found->size() == 1) *same = found->front()->id;
        if (!same->empty()) work.found.insert(entry.index);
      }
      entry.id = same != nullptr && !same->empty() ? *same : versions.new_id(entry.type);
      if (same != nullptr) *same = entry.id;
    }
    if (!entry.full_url.empty() && !entry.id.empty())
      work.references.emplace(entry.full_url, entry.type + "/" + entry.id);
  }
  return std::nullopt;
}

Response run_entry(const BundleEntry& entry, const Transaction& work, Versions& versions, const Rules& rules,
                   const Asked& asked, const Handle& get) {
  if (entry.method == "GET") return get(as_request(entry, asked.base));
  if (entry.method == "DELETE") return remove(versions, entry.type, entry.id, entry.if_match, asked);
  if (work.found.contains(entry.index)) return written(*versions.newest(entry.type, entry.id), 200, asked);
  Arena arena;
  const Node resource = with_references(*entry.resource, work.references, arena);
  if (entry.method == "POST") return create(versions, entry.type, resource, {}, asked, entry.id);
  return update(versions, entry.type, entry.id, resource, entry.if_match, entry.if_none_match, rules, asked);
}

std::optional<Response> run(Transaction& work, Versions& versions, const Rules& rules, const Asked& asked,
                            const Handle& get) {
  if (auto refused = assign_ids(work, versions, asked)) return refused;
  for (const BundleEntry& entry : work.entries) {
    if (entry.resource == nullptr) continue;
    if (const auto added = add_conditional_references(*entry.resource, asked.base, versions, work.references); !added) {
      const int status = added.error().kind == Kind::Conflict ? 412 : 400;
      return refuse(status, "processing", entry.place() + ": " + added.error().message, entry.place());
    }
  }
  work.answers.resize(work.entries.size());
  for (const std::string_view method : {"DELETE", "POST", "PUT", "GET"}) {
    for (const BundleEntry& entry : work.entries) {
      if (entry.method != method) continue;
      Response answer = run_entry(entry, work, versions, rules, asked, get);
      // A read that finds nothing is an answer; a write that fails ends it all.
      if (answer.status >= 400 && entry.method != "GET") return refuse_entry(entry, answer);
      work.answers[entry.index] = std::move(answer);
    }
  }
  return std::nullopt;
}

// What of an answer's headers goes into the Bundle: some servers say the place alone, relative to their base.
Headers in_bundle(const Headers& headers, std::string_view base, const Manners& manners) {
  if (!manners.bare_locations) return headers;
  std::string_view place = header(headers, "Location");
  if (place.starts_with(base)) place.remove_prefix(std::min(base.size() + 1, place.size()));
  place = place.substr(0, place.find("/_history/"));
  return place.empty() ? Headers() : Headers{{"Location", std::string(place)}};
}

void add_answer(AnswerBundle& bundle, const BundleEntry& entry, const Response& answer, const Versions& versions,
                Resources resources, const Asked& asked) {
  if (entry.method == "GET") {
    const auto document = fhir::read_json(answer.body, {.max_depth = 128});
    const Node* shown = document ? &(*document)->root() : nullptr;
    const bool failed = answer.status >= 400;
    bundle.add(answer.status, answer.headers, {}, failed ? nullptr : shown, failed ? shown : nullptr);
    return;
  }
  const VersionPtr version = versions.newest(entry.type, entry.id);
  const bool include = resources == Resources::Included && version != nullptr && !version->deleted();
  bundle.add(answer.status, in_bundle(answer.headers, asked.base, asked.manners),
             version == nullptr ? "" : to_text(version->updated), include ? &version->document->root() : nullptr,
             nullptr);
}

}  // namespace

Response run_transaction(Versions& versions, const Node& bundle, const Rules& rules, const Asked& asked,
                         Resources resources, const Handle& get) {
  auto entries = read_entries(bundle, asked.base);
  if (!entries) return refuse(entries.error());
  if (const auto checked = check_identities(*entries); !checked) return refuse(checked.error());
  Transaction work;
  work.entries = *std::move(entries);
  const std::size_t before = versions.count();
  if (auto refused = run(work, versions, rules, asked, get)) {
    versions.roll_back(before);
    return *std::move(refused);
  }
  AnswerBundle answers;
  for (const BundleEntry& entry : work.entries) {
    add_answer(answers, entry, work.answers[entry.index], versions, resources, asked);
  }
  Response response;
  response.body = answers.text("transaction-response");
  return response;
}

Response run_batch(const Node& bundle, std::string_view base, Resources resources, const Manners& manners,
                   const Handle& handle) {
  AnswerBundle answers;
  std::size_t index = 0;
  for (const Node& node : fhir::each(bundle.find("entry"))) {
    const auto entry = read_entry(node, index++, base);
    const Response answer = entry ? handle(as_request(*entry, base)) : refuse(entry.error());
    const auto document = fhir::read_json(answer.body.empty() ? "{}" : answer.body, {.max_depth = 128});
    const Node* shown = document && !answer.body.empty() ? &(*document)->root() : nullptr;
    const bool failed = answer.status >= 400;
    const bool include = !failed && (resources == Resources::Included || (entry && entry->method == "GET"));
    const Node* meta = shown == nullptr || failed ? nullptr : shown->find("meta");
    answers.add(answer.status, in_bundle(answer.headers, base, manners),
                meta == nullptr ? "" : meta->text_of("lastUpdated"), include ? shown : nullptr,
                failed ? shown : nullptr);
  }
  Response response;
  response.body = answers.text("batch-response");
  return response;
}

}  // namespace bhi::sim
