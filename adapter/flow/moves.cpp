#include "flow/moves.h"

#include "care/model.h"
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/inbound.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace bhi::flow {

namespace {

using fhir::Node;

constexpr int kMostSteps = 16;  // of merges one after the other

bool is_own(const Engine& engine, const std::string& source, std::string_view base) {
  if (base.empty()) return true;
  const auto own = engine.bases.find(source);
  return own != engine.bases.end() && std::ranges::any_of(own->second, [base](std::string_view known) {
           if (known.ends_with('/')) known.remove_suffix(1);
           return known == base;
         });
}

// The id of a care patient at its source.
Result<std::string> patient_of_source(Store& store, std::string_view care_id) {
  BHI_TRY(const auto stored, store.entity("Patient", care_id));
  if (!stored) return std::string();
  BHI_TRY(const auto entity, entity_from_json(stored->body));
  const auto* patient = std::get_if<care::Patient>(&entity);
  return patient == nullptr ? std::string() : patient->source.id;
}

void take(const StoredEntity& row, std::string_view into, LoadedRecord& record, Arrived& arrived,
          care::Entity&& entity) {
  std::visit(
      [into](auto& value) {
        if constexpr (requires { value.patient; }) value.patient = std::string(into);
      },
      entity);
  arrived.rows.push_back({row.kind, row.id, std::string(into), row.version, to_json(entity)});
  record.versions[{row.kind, row.id}] = row.version;
  care::add(record.record, std::move(entity));
}

}  // namespace

PatientLinks patient_links(const Engine& engine, const Node& patient, const std::string& source) {
  PatientLinks links;
  for (const Node& link : fhir::each(patient.find("link"))) {
    const std::string_view type = link.text_of("type");
    const Node* other = link.find("other");
    const auto reference = fhir::parse_reference(other == nullptr ? "" : other->text_of("reference"));
    if (!reference || reference->type != "Patient" || !is_own(engine, source, reference->base)) continue;
    if (!fhir::is_safe_id(reference->id) || reference->id == patient.text_of("id")) continue;
    auto* list = type == "replaced-by" ? &links.replaced_by : type == "replaces" ? &links.replaces : nullptr;
    if (list == nullptr) continue;
    std::string id(reference->id);
    if (std::ranges::find(*list, id) == list->end()) list->push_back(std::move(id));
  }
  return links;
}

Result<std::string> Persons::replaced_by(const std::string& care_id) {
  BHI_TRY(const auto stored, store_.entity("Patient", care_id));
  if (!stored) return std::string();
  BHI_TRY(const auto entity, entity_from_json(stored->body));
  const auto* patient = std::get_if<care::Patient>(&entity);
  return patient == nullptr ? std::string() : patient->replaced_by;
}

Result<std::string> Persons::now(const std::string& care_id) {
  std::string at = care_id;
  for (int step = 0; step < kMostSteps; ++step) {
    auto known = known_.find(at);
    if (known == known_.end()) {
      BHI_TRY(auto next, replaced_by(at));
      known = known_.emplace(at, std::move(next)).first;
    }
    if (known->second.empty()) return at;
    at = known->second;
    if (at == care_id) break;
  }
  return care_id;
}

Result<bool> Persons::comes_by(const std::string& care_id, const std::string& through) {
  std::string at = care_id;
  for (int step = 0; step < kMostSteps && !at.empty(); ++step) {
    if (at == through) return true;
    const auto known = known_.find(at);
    if (known != known_.end()) {
      at = known->second;
    } else {
      BHI_TRY(at, replaced_by(at));
    }
  }
  return !at.empty();  // so many steps are a circle
}

Result<Merge> merge_of(const Engine& engine, Store& store, Persons& persons, const Node& patient,
                       const ResourceCopy& copy) {
  const std::string own = care_id(copy.source, "Patient", copy.id);
  const PatientLinks links = patient_links(engine, patient, copy.source);
  BHI_TRY(const std::string before, persons.replaced_by(own));
  if (links.replaced_by.size() > 1) {
    return Merge{Merge::What::Doubtful, "", "", "Patient.link: replaced by several records; a person has to decide"};
  }
  if (links.replaced_by.size() == 1) {
    const std::string& id = links.replaced_by.front();
    const std::string into = care_id(copy.source, "Patient", id);
    BHI_TRY(const bool circle, persons.comes_by(into, own));
    if (circle) return Merge{Merge::What::Doubtful, "", "", "Patient.link: the records replace each other in a circle"};
    return Merge{Merge::What::Into, into, id, ""};
  }
  if (before.empty()) return Merge{};
  BHI_TRY(const auto survivor, patient_of_source(store, before));
  BHI_TRY(const auto other, store.resource(copy.source, "Patient", survivor));
  if (other && !other->body.empty()) {
    BHI_TRY(const auto document, fhir::read_json(other->body));
    const auto replaces = patient_links(engine, document->root(), copy.source).replaces;
    if (std::ranges::find(replaces, copy.id) != replaces.end()) return Merge{Merge::What::Kept, before, survivor, ""};
  }
  const Node* active = patient.find("active");
  if (active != nullptr && active->text() == "false") return Merge{Merge::What::Kept, before, survivor, ""};
  return Merge{Merge::What::Undone, "", "",
               "Patient.link: no longer merged into another record; what was moved there stays there until the EHR "
               "sends it anew or a person corrects it"};
}

Result<std::vector<std::string>> replaced_here(const Engine& engine, Store& store, Persons& persons,
                                               const Node& patient, const ResourceCopy& copy) {
  const std::string own = care_id(copy.source, "Patient", copy.id);
  std::vector<std::string> replaced;
  for (std::string& id : patient_links(engine, patient, copy.source).replaces) {
    const std::string old = care_id(copy.source, "Patient", id);
    BHI_TRY(const std::string before, persons.replaced_by(old));
    BHI_TRY(const bool circle, persons.comes_by(own, old));
    if (!before.empty() || circle) continue;
    BHI_TRY(const auto held, store.resource(copy.source, "Patient", id));
    if (held && !held->body.empty()) {
      BHI_TRY(const auto document, fhir::read_json(held->body));
      const auto says = patient_links(engine, document->root(), copy.source).replaced_by;
      if (!says.empty() && says != std::vector{copy.id}) continue;  // its own word is nearer
    }
    replaced.push_back(std::move(id));
  }
  return replaced;
}

Result<void> absorb(Store& store, std::string_view from, std::string_view into, LoadedRecord& record,
                    Arrived& arrived) {
  BHI_TRY(const auto rows, store.record(from));
  for (const StoredEntity& row : rows) {
    if (row.kind == "Patient") continue;
    BHI_TRY(auto entity, entity_from_json(row.body));
    take(row, into, record, arrived, std::move(entity));
  }
  care::put_in_order(record.record);
  return {};
}

Result<void> adopt(Store& store, std::string_view kind, std::string_view id, std::string_view into,
                   LoadedRecord& record, Arrived& arrived) {
  BHI_TRY(const auto stored, store.entity(kind, id));
  if (!stored || stored->patient == into) return {};
  BHI_TRY(auto entity, entity_from_json(stored->body));
  take(*stored, into, record, arrived, std::move(entity));
  BHI_TRY(const auto events, store.entities_of(stored->patient, "SafetyEvent"));
  for (const StoredEntity& row : events) {
    BHI_TRY(auto event, entity_from_json(row.body));
    const auto* safety = std::get_if<care::SafetyEvent>(&event);
    if (safety == nullptr || safety->derived_from != id) continue;
    take(row, into, record, arrived, std::move(event));
  }
  care::put_in_order(record.record);
  return {};
}

std::pair<std::string_view, std::string_view> entity_of(const care::Change& change) {
  return std::visit(
      [](const auto& value) -> std::pair<std::string_view, std::string_view> {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, care::ScreeningReport>) {
          return {"Screening", value.id};
        } else if constexpr (std::is_constructible_v<care::Entity, T> && !std::is_same_v<T, care::Patient>) {
          return {care::kind_of<T>(), value.id};
        } else {
          return {};
        }
      },
      change);
}

bool is_merged_away(const std::vector<care::Change>& changes) {
  bool away = false;
  for (const care::Change& change : changes) {
    if (const auto* patient = std::get_if<care::Patient>(&change)) away = !patient->replaced_by.empty();
  }
  return away;
}

LoadedRecord only_patient(const LoadedRecord& record) {
  LoadedRecord only;
  only.record.patient = record.record.patient;
  for (const auto& [key, version] : record.versions) {
    if (key.first == "Patient") only.versions.emplace(key, version);
  }
  return only;
}

void add_arrived(Worked& worked, const Arrived& arrived) {
  for (const StoredEntity& row : arrived.rows) {
    const bool written = std::ranges::any_of(
        worked.entities, [&row](const StoredEntity& other) { return other.kind == row.kind && other.id == row.id; });
    if (!written) worked.entities.push_back(row);
  }
}

}  // namespace bhi::flow
