// The EHR's side of the API: FHIR resources come in. https://hl7.org/fhir/R4/http.html
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "fhir/release.h"
#include "fhir/types.h"
#include "fhir/xml.h"
#include "flow/intake.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"

namespace bhi::service {

struct Api::Expected {
  std::string type;  // empty: any
  std::string id;    // empty: any
};

namespace {

Error incorrect(std::string text) { return {Kind::Incorrect, std::move(text)}; }

fhir::ReadLimits read_limits(const LimitSettings& limits) {
  fhir::ReadLimits read;
  read.max_bytes = limits.max_body_bytes;
  read.max_depth = limits.max_depth;
  read.max_values = limits.max_values;
  return read;
}

Result<void> fits(const fhir::Node& root, std::string_view type, std::string_view id) {
  if (!type.empty() && fhir::resource_type(root) != type) {
    return incorrect("resourceType: expected the type that the address names, found another one");
  }
  if (!id.empty() && root.text_of("id") != id)
    return incorrect("id: expected the id that the address names, found another one");
  return {};
}

void tell(const flow::AcceptOutcome& accepted, Issues& issues) {
  const auto say = [&issues](std::size_t count, std::string_view what) {
    if (count == 0) return;
    issues.push_back({Severity::Information, "informational", "",
                      std::to_string(count) + (count == 1 ? " resource " : " resources ") + std::string(what)});
  };
  say(accepted.stored, "stored");
  say(accepted.unchanged, "unchanged");
  if (accepted.stored + accepted.unchanged == 0) {
    issues.push_back({Severity::Information, "informational", "", "there was nothing to store"});
  }
}

std::string transform_operation() {
  return JsonObject()
      .text("name", "transform")
      .text("definition", "http://hl7.org/fhir/OperationDefinition/StructureMap-transform")
      .text("documentation", "Read and search give the maps of this server itself.")
      .str();
}

}  // namespace

// Of the token, of the address, or the only one there is.
Result<std::string> Api::source_of(const Call& call) const {
  const auto& sources = parts_.settings.sources;
  const auto named = call.request.parameter("source");
  if (!call.caller.source.empty()) {
    if (named && *named != call.caller.source)
      return Error{Kind::Forbidden, "source: the token speaks for another source"};
    return call.caller.source;
  }
  if (named) {
    if (find_source(parts_.settings, *named) == nullptr)
      return incorrect("source: expected the name of a configured source, found another one");
    return std::string(*named);
  }
  if (sources.size() == 1) return sources.front().name;
  return incorrect(sources.empty() ? "source: none is configured"
                                   : "source: several are configured, so '?source=NAME' is required");
}

http::Response Api::take(const Call& call, const Expected& expected) {
  const auto source = source_of(call);
  if (!source.ok()) return error_answer(source.error());
  Issues left_out;
  const auto document = fhir::read_document(call.request.body, read_limits(parts_.settings.limits), &left_out);
  if (!document.ok()) {
    if (document.error().kind != Kind::Unsupported) return error_answer(document.error());
    return error_answer(422, "not-supported", document.error().message);
  }
  const auto& root = (*document)->root();
  if (const auto mark = fhir::r5_mark(root)) return outcome(422, {*mark});  // before the address: it is no R4 at all
  if (const auto fit = fits(root, expected.type, expected.id); !fit.ok()) return error_answer(fit.error());

  const auto now = parts_.now();
  auto received = flow::take_in(root, *source, "post", now, *parts_.engine.get()->types, left_out);
  if (!received.ok()) return error_answer(received.error());
  auto issues = std::move(received->issues);
  if (received->refused) return outcome(422, issues);

  flow::Accepted accepted;
  for (const auto& item : received->items) {
    accepted.audit.push_back({"accept", call.caller.name, item.resource.type + "/" + item.resource.id, "ok", now});
  }
  accepted.items = std::move(received->items);
  const auto kept = parts_.store.accept(accepted);
  if (!kept.ok()) return error_answer(kept.error());
  parts_.metrics.count(Metric::ReceivedResources, accepted.items.size(), {*source, "post"});
  parts_.metrics.count(Metric::StoredResources, kept->stored, {*source, "post"});
  parts_.metrics.count(Metric::UnchangedResources, kept->unchanged, {*source, "post"});
  if (kept->stored > 0) parts_.wake_lanes();
  // Stored with errors: it will be put aside with these reasons. It is not lost, so they are warnings here.
  for (auto& issue : issues) {
    if (issue.severity == Severity::Error) issue.severity = Severity::Warning;
  }
  tell(*kept, issues);
  return outcome(kept->stored > 0 ? 201 : 200, issues);
}

http::Response Api::post_any(const Call& call) { return take(call, {}); }
http::Response Api::post_typed(const Call& call) { return take(call, {call.at("type"), {}}); }
http::Response Api::put_typed(const Call& call) { return take(call, {call.at("type"), call.at("id")}); }

http::Response Api::read_copy(const Call& call) {
  const auto source = source_of(call);
  if (!source.ok()) return error_answer(source.error());
  const auto copy = parts_.store.resource(*source, call.at("type"), call.at("id"));
  if (!copy.ok()) return error_answer(copy.error());
  if (!copy->has_value()) return error_answer({Kind::NotFound, "nothing of this type and id was received"});
  if ((*copy)->body.empty()) return error_answer({Kind::NotFound, "it was deleted at the source"});
  return audited(call, (*copy)->type + "/" + (*copy)->id, json_answer(200, (*copy)->body, kFhirJson));
}

// https://hl7.org/fhir/R4/capabilitystatement.html: what this build does, no more.
http::Response Api::metadata(const Call&) {
  std::vector<std::string> resources;
  for (const auto name : fhir::Types::r4().names()) {
    const auto* type = fhir::Types::r4().find(name);
    if (type->kind != fhir::TypeKind::Resource || name == "Resource" || name == "DomainResource" || name == "Bundle")
      continue;
    const auto code = [](std::string_view text) { return JsonObject().text("code", text).str(); };
    JsonObject resource;
    resource.text("type", name)
        .raw("interaction", json_array({code("create"), code("update"), code("read")}))
        .text("versioning", "no-version")
        .flag("readHistory", false)
        .flag("updateCreate", true)
        .flag("conditionalCreate", false);
    if (name == "StructureMap") resource.raw("operation", json_array({transform_operation()}));
    resources.push_back(resource.str());
  }
  const auto rest =
      JsonObject()
          .text("mode", "server")
          .text("documentation",
                "Resources are taken over as the sender has them, with the sender's ids; read gives the last copy "
                "received. "
                "Entries of Bundles of any type are taken in; their request.method, ifMatch and ifNoneExist are not "
                "carried out.")
          .raw("resource", json_array(resources))
          .raw("interaction",
               json_array({JsonObject().text("code", "transaction").str(), JsonObject().text("code", "batch").str()}))
          .str();
  const auto software = JsonObject().text("name", "bhi-adapter").text("version", parts_.version).str();
  return json_answer(
      200,
      JsonObject()
          .text("resourceType", "CapabilityStatement")
          .text("status", "active")
          .text("date", to_text(parts_.now()))
          .text("kind", "instance")
          .raw("software", software)
          .raw("implementation", JsonObject().text("description", "bhi-adapter " + parts_.settings.instance_id).str())
          .text("fhirVersion", "4.0.1")
          .raw("format", json_array({quote("application/fhir+json"), quote("application/fhir+xml")}))
          .raw("rest", json_array({rest}))
          .str(),
      kFhirJson);
}

}  // namespace bhi::service
