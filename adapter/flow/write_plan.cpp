#include "flow/write_plan.h"

#include "fhir/bundle.h"
#include "fhir/json.h"
#include "fhirpath/text.h"
#include "flow/binding.h"
#include "flow/document_html.h"
#include "flow/held.h"
#include "flow/labels.h"
#include "flow/notices.h"
#include "mapping/lineage.h"

#include <algorithm>
#include <span>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

constexpr std::string_view kMaps = "http://bhi-adapter.org/fhir/StructureMap/";
constexpr std::string_view kModels = "http://bhi-adapter.org/fhir/StructureDefinition/care-";

Node object(std::initializer_list<std::pair<std::string_view, Node>> members, Arena& arena) {
  Member* made = arena.array<Member>(members.size());
  std::size_t size = 0;
  for (const auto& [name, value] : members) {
    if (!value.is_null()) made[size++] = {&fhir::intern(name), value};
  }
  return Node::object({made, size});
}

Node text(std::string_view value, Arena& arena) { return value.empty() ? Node() : Node::string(arena.copy(value)); }

// An instance of the logical model WriteContext.
Node context_node(const Engine& engine, const Artifact& artifact, std::string_view care_id, const WriteContext& context,
                  Instant now, Arena& arena) {
  std::vector<Node> origins;
  for (const std::string& origin : context.derived_from) origins.push_back(text(origin, arena));
  std::vector<Node> history;
  for (const WriteContext::State& step : context.history) {
    history.push_back(
        object({{"state", text(step.state, arena)}, {"start", text(step.start, arena)}, {"end", text(step.end, arena)}},
               arena));
  }
  std::vector<Node> members;
  for (const std::string& member : context.members) members.push_back(text(member, arena));
  std::vector<Node> documents;
  for (const WriteContext::Form& form : context.documents) {
    documents.push_back(object(
        {{"contentType", text(form.type, arena)}, {"data", text(form.data, arena)}, {"title", text(form.title, arena)}},
        arena));
  }
  const auto list = [&arena](const std::vector<Node>& nodes) {
    return nodes.empty() ? Node() : Node::array(arena.copy(std::span<const Node>(nodes)));
  };
  const Node version = context.version > 0 ? Node::number(arena.copy(std::to_string(context.version))) : Node();
  return object({{"patientReference", text(context.patient, arena)},
                 {"identifierSystem", text(engine.identifier_system(), arena)},
                 {"identifierValue", text(identifier_value(artifact.name, care_id), arena)},
                 {"derivedFrom", list(origins)},
                 {"members", list(members)},
                 {"removed", context.removed ? Node::boolean(true) : Node()},
                 {"replaces", text(context.replaces, arena)},
                 {"version", version},
                 {"documents", list(documents)},
                 {"now", text(to_text(now), arena)},
                 {"history", list(history)}},
                arena);
}

const fhir::TypeInfo* model(const Engine& engine, std::string_view kind) {
  return engine.types->find(std::string(kModels) + std::string(kind));
}

bool is_at(const Node& source, std::string_view destination) {
  return source.text_of("system") == destination && fhir::is_safe_id(source.text_of("id")) &&
         !source.text_of("type").empty() && !source.text_of("id").starts_with("sha256-");  // known by its content alone
}

std::string reference_of(const Node& source) {
  return std::string(source.text_of("type")) + "/" + std::string(source.text_of("id"));
}

std::string_view source_of(const Node& entity, std::string_view member) {
  const Node* source = entity.find("source");
  return source == nullptr ? std::string_view() : source->text_of(member);
}

WriteRequest request(const Engine& engine, const Artifact& artifact, const Node& entity, const Node& resource) {
  const std::string value = identifier_value(artifact.name, entity.text_of("id"));
  WriteRequest write;
  write.artifact = artifact.name;
  write.method = "POST";
  write.url = artifact.type;
  write.rung = write.url + " create";
  write.if_none_exist = "identifier=" + engine.identifier_system() + "|" + value;
  write.body = fhir::write_json(resource);
  return write;
}

Verdict judged_alone(const care::Entity& entity, const Node* home) {
  const Privacy nothing_said;
  return judge({entity, home == nullptr ? std::string_view() : home->text_of("system"), nothing_said, {}, {}, {}});
}

Node as_it_leaves(const Node& resource, const Verdict& verdict, Arena& arena) {
  return with_labels(with_notices(resource, verdict.notices, arena), verdict.labels, arena);
}

// Room for the lineage of one more write; null when nobody asks.
mapping::Lineage* next_of(std::vector<mapping::Lineage>* lineages) {
  return lineages == nullptr ? nullptr : &lineages->emplace_back();
}

}  // namespace

std::string identifier_value(std::string_view artifact, std::string_view care_id) {
  return std::string(artifact) + "/" + std::string(care_id);
}

Result<Node> render(const Engine& engine, const Artifact& artifact, const Node& entity, const WriteContext& context,
                    Instant now, Arena& arena, mapping::Lineage* lineage) {
  const std::string_view id = context.id.empty() ? entity.text_of("id") : std::string_view(context.id);
  const Node second = context_node(engine, artifact, id, context, now, arena);
  mapping::Input inputs[2];
  inputs[0].node = &entity;
  inputs[0].type = model(engine, artifact.kind);
  inputs[1].node = &second;
  inputs[1].type = model(engine, "WriteContext");
  mapping::World world;
  world.now = now;
  world.lineage = lineage;
  BHI_TRY(
      const mapping::Output output,
      engine.maps_of(context.destination).run(std::string(kMaps) + std::string(artifact.map), inputs, world, arena));
  Node resource = fhir::without(output.root, fhir::intern("id"), arena);
  resource = fhir::without(resource, fhir::intern("meta"), arena);
  if (fhir::resource_type(resource) != artifact.type) {
    resource = fhir::with(resource, fhir::intern("resourceType"), Node::string(artifact.type), arena);
  }
  return with_identifier(resource, engine.identifier_system(), identifier_value(artifact.name, id), arena);
}

Result<WriteContext> with_documents(const Engine& engine, const Artifact& artifact, const Node& entity,
                                    WriteContext context, Instant now, bool structured) {
  context.documents.clear();
  if (artifact.type != "DocumentReference") return context;
  const auto add = [&context](std::string type, const std::string& bytes, std::string title) {
    context.documents.push_back({std::move(type), fhirpath::encode(bytes, "base64").value_or(""), std::move(title)});
  };
  const std::string title = document_title(entity);
  const bool score_only = !made_here(entity);
  add("text/html", document_html(entity, {now, context.version, context.replaces, context.notice, score_only}), title);
  if (structured && artifact.kind == "CarePlan") {
    Arena arena;
    WriteContext own{context.patient, {}, context.destination};
    BHI_TRY(const Node plan, render(engine, *find_artifact("care-plan"), entity, own, now, arena));
    add("application/fhir+json", fhir::write_json(plan), title + " (FHIR)");
  }
  return context;
}

bool made_here(const Node& entity) { return source_of(entity, "system") == "bhi"; }

std::vector<std::string> origins_at(const Node& entity, std::string_view destination) {
  std::vector<std::string> origins;
  const auto add = [&](const Node& source) {
    if (!is_at(source, destination)) return;
    std::string reference = reference_of(source);
    if (std::ranges::find(origins, reference) == origins.end()) origins.push_back(std::move(reference));
  };
  if (const Node* source = entity.find("source")) add(*source);
  for (const Node& source : fhir::each(entity.find("derivedFrom"))) add(source);
  return origins;
}

Result<std::vector<WriteRequest>> plan_writes(const Engine& engine, std::string_view artifact_name, const Node& given,
                                              const Node* patient, Instant now, std::vector<mapping::Lineage>* lineages,
                                              const Verdict* verdict) {
  const Artifact* artifact = find_artifact(artifact_name);
  if (artifact == nullptr) {
    return Error{Kind::Unsupported, "no artifact is called '" + std::string(artifact_name) + "'"};
  }
  std::vector<WriteRequest> writes;
  const Node* home = patient == nullptr ? nullptr : patient->find("source");
  BHI_TRY(const ReadEntity read, entity_from(given));
  const Verdict own = verdict != nullptr ? *verdict : judged_alone(read.entity, home);
  if (own.what != Verdict::What::Send) return writes;
  if (home == nullptr || home->text_of("id").empty()) {
    return Error{Kind::NotFound, "the Patient is not at hand; a request needs its reference at the destination"};
  }
  const std::string_view destination = home->text_of("system");
  Arena arena;
  const Node entity = own.entity == read.entity ? given : to_node(own.entity, arena);
  WriteContext context{reference_of(*home), {}, std::string(destination)};
  if (artifact->kind == "Screening") {
    if (made_here(entity) && artifact->name == "screening-result") {
      const Artifact& answers = *find_artifact("questionnaire-response");
      BHI_TRY(const Node response, render(engine, answers, entity, context, now, arena, next_of(lineages)));
      writes.push_back(request(engine, answers, entity, as_it_leaves(response, own, arena)));
      context.derived_from = {writes.back().url + "?" + writes.back().if_none_exist};  // its id is not known yet
    } else {
      context.derived_from = origins_at(entity, destination);
    }
  }
  BHI_TRY(Node resource, render(engine, *artifact, entity, context, now, arena, next_of(lineages)));
  const bool held_there = source_of(entity, "type") == artifact->type && source_of(entity, "system") == destination;
  if (!held_there) {
    writes.push_back(request(engine, *artifact, entity, as_it_leaves(resource, own, arena)));
    return writes;
  }
  const std::string_view id = source_of(entity, "id");
  resource = fhir::with(with_notices(resource, own.notices, arena), fhir::intern("id"), Node::string(id), arena);
  WriteRequest write = request(engine, *artifact, entity, resource);
  write.method = "PUT";
  write.url += "/" + std::string(id);
  write.rung = std::string(artifact->type) + " update";
  write.if_none_exist.clear();
  write.if_match = source_of(entity, "version");
  writes.push_back(std::move(write));
  return writes;
}

}  // namespace bhi::flow
