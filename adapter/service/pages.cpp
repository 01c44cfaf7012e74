#include "service/pages.h"

#include "base/instant.h"
#include "fhir/json.h"
#include "flow/redact.h"
#include "service/answers.h"
#include "service/json_text.h"

#include <algorithm>

namespace bhi::service {

std::string shown(const flow::StoredEntity& entity) { return with_member(entity.body, "version", entity.version); }

http::Response entity_answer(int status, const flow::StoredEntity& entity) {
  auto response = json_answer(status, shown(entity));
  response.fields.push_back({"ETag", etag(entity.version)});
  return response;
}

http::Response entity_for(const Who& who, int status, flow::StoredEntity entity) {
  auto body = flow::redacted(entity, [&](std::string_view right) { return who.may(right); });
  if (!body.ok()) return error_answer(body.error());
  entity.body = *std::move(body);
  return entity_answer(status, entity);
}

http::Response page(std::string_view member, const std::vector<std::string>& elements, std::string_view next) {
  JsonObject answer;
  answer.raw(member, json_array(elements));
  return json_answer(200, answer.raw("next", next.empty() ? "null" : quote(next)).str());
}

std::string time_of(const flow::StoredEntity& entity) {
  const auto document = fhir::read_json(entity.body);
  if (!document.ok()) return {};
  const fhir::Node& root = (*document)->root();
  for (const std::string_view member : {"authored", "occurred", "starts", "start", "requested", "at", "date", "on"}) {
    if (const auto instant = instant_from(root.text_of(member))) return to_text(*instant);
  }
  const fhir::Node* recorded = root.find("recorded");
  const auto instant = recorded == nullptr ? std::nullopt : instant_from(recorded->text_of("at"));
  return instant ? to_text(*instant) : std::string();
}

http::Response written_answer(const Who& who, const Result<flow::Written>& written, bool is_post) {
  if (!written.ok()) {
    if (written.error().kind == Kind::Conflict && !is_post)
      return error_answer(412, "conflict", written.error().message);
    return error_answer(written.error());
  }
  if (!written->refused.empty()) {
    const bool taken = std::ranges::any_of(written->refused, [](const Issue& one) { return one.code == "conflict"; });
    return outcome(taken ? 409 : 422, written->refused);
  }
  auto answer = entity_for(who, is_post && written->changed ? 201 : 200, *written->entity);
  if (written->issues.empty()) return answer;
  std::vector<std::string> issues;
  for (const Issue& issue : written->issues) {
    issues.push_back(JsonObject()
                         .text("severity", name(issue.severity))
                         .text("code", issue.code)
                         .text("path", issue.path)
                         .text("text", issue.text)
                         .str());
  }
  answer.body.pop_back();
  answer.body += ",\"issues\":" + json_array(issues) + "}";
  return answer;
}

}  // namespace bhi::service
