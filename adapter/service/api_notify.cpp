// Where EHRs call by themselves. Its own authentication: the secret of the subscription, no token of ours. Nothing is
// asked of the EHR here; what was told is durable before it is answered.
#include "base/failpoint.h"
#include "fhir/xml.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/hook_secret.h"
#include "service/json_text.h"
#include "service/log.h"
#include "service/subscription_book.h"

#include <algorithm>

namespace bhi::service {

namespace {

using What = flow::Notification::What;

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// Medplum's notice of a deletion, and the path of an R4 hook: "Patient/7".
Result<flow::Notification> about(std::string_view record, bool gone) {
  const auto name = flow::record_name(record, {});
  if (!name) return Error{Kind::Incorrect, "expected the name of a record as Type/id, found another text"};
  flow::Notification notification;
  notification.what = What::Resource;
  notification.named.push_back(*name);
  if (gone) notification.gone.push_back(*name);
  return notification;
}

http::Response answer(const Subscribed::Taken& taken, const flow::Notification& notification) {
  Issues issues = notification.issues;
  const auto say = [&issues](std::size_t count, const char* what) {
    if (count > 0) issues.push_back({Severity::Information, "informational", "", std::to_string(count) + what});
  };
  say(taken.stored, " stored");
  say(taken.unchanged, " unchanged");
  say(taken.to_fetch, " to be fetched");
  if (issues.empty()) {
    issues.push_back({Severity::Information, "informational", "", taken.repeated ? "known already" : "heard"});
  }
  return outcome(200, issues);
}

}  // namespace

http::Response Api::heard(const Call& call, std::string_view record) {
  auto* one = parts_.subscriptions == nullptr ? nullptr : parts_.subscriptions->find(call.at("subscription"));
  if (one == nullptr) return error_answer({Kind::NotFound, "no subscription has this address"});
  const auto count = [&](const char* outcome) {
    parts_.metrics.count(Metric::Notifications, 1, {one->settings().name, outcome});
  };
  const auto proven = proves(one->settings(), call.request);
  if (!proven.ok()) {
    count("refused");
    if (proven.error().kind == Kind::Forbidden) return error_answer(401, "login", proven.error().message);
    log_event(LogLevel::Error, "a notification cannot be checked",
              JsonObject().text("subscription", one->settings().name).text("reason", proven.error().message));
    return error_answer(proven.error());
  }

  const auto& body = call.request.body;
  const auto deleted = call.request.field("x-medplum-deleted-resource");
  const bool is_deletion = call.request.method == "DELETE" || deleted.has_value();
  fhir::DocumentPtr document;
  flow::Notification notification;
  const auto understand = [&]() -> Result<void> {
    if (is_deletion) {
      BHI_TRY(notification, about(record.empty() ? deleted.value_or("") : record, true));
      return {};
    }
    if (is_blank(body)) {
      if (!record.empty()) {
        BHI_TRY(notification, about(record, false));
      }
      return {};
    }
    fhir::ReadLimits limits;
    limits.max_bytes = parts_.settings.limits.max_body_bytes;
    limits.max_depth = parts_.settings.limits.max_depth;
    limits.max_values = parts_.settings.limits.max_values;
    BHI_TRY(document, fhir::read_document(body, limits));
    BHI_TRY(notification, flow::read_notification(document->root(), one->bases()));
    const bool is_record = notification.what == What::Resource;
    if (is_record && one->settings().kind == SubscriptionKind::Backport) {
      return Error{Kind::Incorrect, "body: expected a notification Bundle, found another resource"};
    }
    if (!record.empty() && (!is_record || notification.named.front().text() != record)) {
      return Error{Kind::Incorrect, "body: expected the record that the address names, found another one"};
    }
    return one->check(notification);
  };
  if (!is_deletion && !is_blank(body)) {
    if (const auto wrong = wrong_content(call.request, Body::Fhir); !wrong.empty()) {
      count("refused");
      return error_answer(415, "not-supported", wrong);
    }
  }
  if (const auto understood = understand(); !understood.ok()) {
    count("refused");
    return error_answer(understood.error());
  }

  failpoint("notify.before");
  const auto taken =
      one->take(parts_.store, document ? &document->root() : nullptr, notification, *proven, parts_.now());
  if (!taken.ok()) {
    count("failed");
    return error_answer(taken.error());
  }
  failpoint("notify.after");
  count(taken->repeated ? "repeated" : "taken");
  parts_.metrics.count(Metric::ReceivedResources, taken->records, {one->source().name, "notify"});
  parts_.metrics.count(Metric::StoredResources, taken->stored, {one->source().name, "notify"});
  parts_.metrics.count(Metric::UnchangedResources, taken->unchanged, {one->source().name, "notify"});
  if (taken->stored > 0) parts_.wake_lanes();
  if (taken->wants_work && parts_.wake_subscriptions) parts_.wake_subscriptions(one->source().name);
  return answer(*taken, notification);
}

http::Response Api::notify(const Call& call) { return heard(call, {}); }

http::Response Api::notify_record(const Call& call) { return heard(call, call.at("type") + "/" + call.at("id")); }

}  // namespace bhi::service
