#include "flow/preview.h"

#include "base/arena.h"
#include "fhir/json.h"
#include "flow/forgetful_store.h"
#include "flow/outbox_file.h"

#include <map>
#include <utility>

namespace bhi::flow {

namespace {

// Reads go through; a write is noted, and what it wrote is what is read from then on.
class NotingEhr final : public Ehr {
 public:
  NotingEhr(Ehr& ehr, std::string artifact) : ehr_(ehr), artifact_(std::move(artifact)) {}

  std::vector<WriteRequest> requests;

  Result<Capabilities> capabilities() override { return ehr_.capabilities(); }
  Result<Page> search(std::string_view type, std::string_view query) override { return ehr_.search(type, query); }
  Result<Page> next(std::string_view link) override { return ehr_.next(link); }
  Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) override {
    const auto found = written_.find(address(type, id));
    return found == written_.end() ? ehr_.read(type, id) : found->second;
  }
  Answer create(std::string_view type, std::string_view body, std::string_view if_none_exist) override {
    const std::string id = "new-" + std::to_string(written_.size() + 1);
    requests.push_back({artifact_, std::string(type) + " create", "POST", std::string(type), std::string(if_none_exist),
                        "", std::string(body)});
    return answer(201, type, id, body);
  }
  Answer update(std::string_view type, std::string_view id, std::string_view body, std::string_view if_match) override {
    requests.push_back({artifact_, std::string(type) + " update", "PUT", address(type, id), "", std::string(if_match),
                        std::string(body)});
    return answer(200, type, id, body);
  }

 private:
  static std::string address(std::string_view type, std::string_view id) {
    return std::string(type) + "/" + std::string(id);
  }

  Answer answer(int status, std::string_view type, std::string_view id, std::string_view body) {
    Answer answer;
    answer.what = Answer::What::Done;
    answer.status = status;
    answer.id = id;
    const auto sent = fhir::read_json(std::string(body));
    if (!sent) return answer;
    Arena arena;
    const auto kept = fhir::with((*sent)->root(), fhir::intern("id"), fhir::Node::string(id), arena);
    if (auto held = fhir::read_json(fhir::write_json(kept))) answer.body = *std::move(held);
    written_[address(type, id)] = answer.body;
    return answer;
  }

  Ehr& ehr_;
  std::string artifact_;
  std::map<std::string, fhir::DocumentPtr, std::less<>> written_;
};

}  // namespace

Result<Preview> preview(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities,
                        const OutboxItem& item, Instant now, const Terms& terms) {
  ForgetfulStore forgetful(store);
  NotingEhr noting(ehr, item.artifact);
  Preview seen;
  Terms rehearsed = terms;
  if (terms.file) {
    rehearsed.file = [&noting](const OutboxFile& file) -> Result<std::string> {
      noting.requests.push_back({file.artifact, std::string(kOutboxFile), "FILE", name_of(file), "", "", file.body});
      return name_of(file);
    };
  }
  BHI_TRY(seen.item, deliver(engine, forgetful, noting, capabilities, item, now, rehearsed));
  seen.requests = std::move(noting.requests);
  for (AuditEntry& entry : forgetful.audit_entries) {
    if (entry.action == "read") seen.reads.push_back(std::move(entry));
  }
  return seen;
}

std::string requests_line(const std::vector<WriteRequest>& requests) {
  std::string line;
  for (const WriteRequest& request : requests) line += (line.empty() ? "" : ", ") + request.method + " " + request.url;
  return line;
}

Result<OutboxItem> rehearse(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities,
                            const OutboxItem& item, Instant now, const Terms& terms) {
  BHI_TRY(Preview seen, preview(engine, store, ehr, capabilities, item, now, terms));
  Settled settled;
  settled.item = item;  // nothing was sent: attempts and what may be on the wire are as before
  settled.item.state = seen.item.state;
  settled.item.reason = seen.item.reason;
  settled.item.rung = seen.item.rung;
  settled.item.trouble = seen.item.trouble;
  settled.item.not_before = seen.item.not_before;
  if (!seen.requests.empty() || seen.item.state == OutboxState::Verified) {
    settled.item.state = OutboxState::Parked;
    settled.item.trouble = kDryRun;
    settled.item.reason =
        "dry run: " + (seen.requests.empty() ? "nothing to send, " + seen.item.reason : requests_line(seen.requests));
  }
  settled.audit = std::move(seen.reads);
  settled.audit.push_back({"dry-run", item.destination, item.artifact + "/" + item.care_id,
                           std::string(name(settled.item.state)) + ": " + settled.item.reason, now});
  BHI_CHECK(store.settle(settled));
  return settled.item;
}

}  // namespace bhi::flow
