#include "ehr_sim/capability.h"

#include "ehr_sim/json_maker.h"
#include "ehr_sim/search_parameters.h"
#include "fhir/json.h"

#include <array>
#include <utility>
#include <vector>

namespace bhi::sim {

namespace {

using fhir::Node;

constexpr std::array<std::string_view, 7> kTypeInteractions = {
    "read", "vread", "update", "delete", "history-instance", "create", "search-type"};
constexpr std::array<std::string_view, 2> kSystemInteractions = {"transaction", "batch"};

Node codes(std::span<const std::string_view> names, JsonMaker& make) {
  std::vector<Node> list;
  for (const std::string_view one : names) list.push_back(make.object({make.member("code", make.text(one))}));
  return make.array(list);
}

Node search_parameters(std::string_view type, JsonMaker& make) {
  std::vector<Node> list;
  for (const std::string_view owner : {std::string_view{}, type}) {
    for (const SearchParameter& row : parameters_of(owner)) {
      list.push_back(make.object({
          make.member("name", make.text(row.name)),
          make.member("type", make.text(name(row.kind))),
      }));
    }
  }
  return make.array(list);
}

Node export_operation(const char* name, JsonMaker& make) {
  return make.array({make.object({
      make.member("name", make.text("export")),
      make.member("definition", make.text(std::string("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/") + name)),
  })});
}

Node subscription_operations(JsonMaker& make) {
  std::vector<Node> list;
  for (const std::string_view name : {"status", "events"}) {
    const auto definition =
        "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-" + std::string(name);
    list.push_back(
        make.object({make.member("name", make.text(name)), make.member("definition", make.text(definition))}));
  }
  return make.array(list);
}

Node resource(std::string_view type, const Rules& rules, JsonMaker& make) {
  const Manners& manners = rules.profile.manners;
  std::vector<fhir::Member> members = {
      make.member("type", make.text(type)),
      make.member("interaction", codes(kTypeInteractions, make)),
      make.member("versioning", make.text("versioned")),
      make.member("readHistory", Node::boolean(true)),
      make.member("updateCreate", Node::boolean(rules.update_creates && manners.client_ids != ClientIds::None)),
      make.member("conditionalCreate", Node::boolean(true)),
      make.member("conditionalRead", make.text(manners.not_modified ? "not-match" : "not-supported")),
      make.member("conditionalUpdate", Node::boolean(false)),
      make.member("conditionalDelete", make.text("not-supported")),
      make.member("searchParam", search_parameters(type, make)),
  };
  if (type == "Patient") members.push_back(make.member("operation", export_operation("patient-export", make)));
  if (type == "Group") members.push_back(make.member("operation", export_operation("group-export", make)));
  if (type == "Subscription") members.push_back(make.member("operation", subscription_operations(make)));
  return make.object(members);
}

Node declared_resource(const ProfileType& type, JsonMaker& make) {
  constexpr std::array kCodes = std::to_array<std::pair<char, std::string_view>>(
      {{'r', "read"}, {'s', "search-type"}, {'c', "create"}, {'u', "update"}});
  std::vector<std::string_view> interactions;
  for (const auto& [letter, code] : kCodes) {
    if (type.allowed.find(letter) != std::string::npos) interactions.push_back(code);
  }
  std::vector<Node> parameters;
  for (const std::string& one : type.parameters) {
    const SearchParameter* known = find_parameter(type.type, one);
    parameters.push_back(make.object({
        make.member("name", make.text(one)),
        make.member("type", make.text(known == nullptr ? "special" : name(known->kind))),
    }));
  }
  return make.object({
      make.member("type", make.text(type.type)),
      make.member("interaction", codes(interactions, make)),
      make.member("updateCreate", Node::boolean(false)),
      make.member("conditionalCreate", Node::boolean(false)),
      make.member("searchParam", make.array(parameters)),
  });
}

}  // namespace

std::string capability_statement(std::string_view base, const Rules& rules, Instant started) {
  if (!rules.profile.statement.empty()) return rules.profile.statement;
  JsonMaker make;
  std::vector<Node> resources;
  const bool open = rules.profile.open();
  for (const ProfileType& type : rules.profile.types) resources.push_back(declared_resource(type, make));
  if (open) {
    for (const std::string_view type : resource_types()) resources.push_back(resource(type, rules, make));
  }
  std::vector<fhir::Member> members = {
      make.member("mode", make.text("server")),
      make.member("resource", make.array(resources)),
  };
  if (open) {
    members.push_back(make.member("interaction", codes(kSystemInteractions, make)));
    members.push_back(make.member("operation", export_operation("export", make)));
  }
  const Node rest = make.object(members);
  const Node statement = make.object({
      make.member("resourceType", make.text("CapabilityStatement")),
      make.member("status", make.text("active")),
      make.member("date", make.text(to_text(started))),
      make.member("kind", make.text("instance")),
      make.member("software", make.object({
                                  make.member("name", make.text("bhi-ehr-sim")),
                                  make.member("version", make.text(BHI_VERSION)),
                              })),
      make.member(
          "implementation",
          make.object({
              make.member("description", make.text("An EHR for tests and demonstrations; it holds invented persons")),
              make.member("url", make.text(base)),
          })),
      make.member("fhirVersion", make.text("4.0.1")),
      make.member("format", make.array({make.text("json"), make.text("application/fhir+json")})),
      make.member("rest", make.array({rest})),
  });
  return fhir::write_json(statement);
}

}  // namespace bhi::sim
