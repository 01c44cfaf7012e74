#include "flow/record.h"

#include "flow/binding.h"

#include <algorithm>
#include <variant>

namespace bhi::flow {

namespace {

OutboxItem outbox_item(const care::Intent& intent, const care::Applied& applied, const LoadedRecord& before,
                       const Worked& worked, const Destinations& destinations, std::string_view fallback_source,
                       Instant now) {
  OutboxItem item;
  item.artifact = std::string(name(intent.artifact));
  item.care_id = intent.id;
  item.urgent = intent.urgent;
  item.created = now;
  item.reason = intent.reason;
  item.destination = applied.after.patient ? applied.after.patient->source.system : std::string(fallback_source);
  for (const care::Entity& entity : applied.touched) {
    if (id_of(entity) == intent.id) item.patient = std::string(patient_of(entity));
  }
  if (item.patient.empty() && applied.after.patient) item.patient = applied.after.patient->id;
  for (const StoredEntity& entity : worked.entities) {
    if (entity.id == intent.id) item.care_version = entity.version + 1;
  }
  if (item.care_version == 0) {
    for (const auto& [key, version] : before.versions) {
      if (key.second == intent.id) item.care_version = version;
    }
  }
  const auto park = [&item](std::string_view why) {
    item.state = OutboxState::Parked;
    item.reason = std::string(why);
  };
  if (!destinations.allows(item.destination))
    park("write-back is not allowed for this source (sources[].write_back)");
  else if (item.patient.empty())
    park("no patient: assign the screening to one first");
  return item;
}

}  // namespace

std::int64_t LoadedRecord::version_of(std::string_view kind, std::string_view id) const {
  const auto found = versions.find({std::string(kind), std::string(id)});
  return found == versions.end() ? 0 : found->second;
}

bool Destinations::allows(std::string_view source) const {
  return std::ranges::find(writable, source) != writable.end();
}

std::string_view id_of(const care::Entity& entity) {
  return std::visit([](const auto& value) { return std::string_view(value.id); }, entity);
}

std::string_view patient_of(const care::Entity& entity) {
  return std::visit(
      [](const auto& value) {
        if constexpr (requires { value.patient; })
          return std::string_view(value.patient);
        else
          return std::string_view(value.id);
      },
      entity);
}

Result<LoadedRecord> load_record(Store& store, std::string_view patient) {
  BHI_TRY(const auto stored, store.record(patient));
  LoadedRecord loaded;
  for (const StoredEntity& row : stored) {
    BHI_TRY(auto entity, entity_from_json(row.body));
    loaded.versions[{row.kind, row.id}] = row.version;
    care::add(loaded.record, std::move(entity));
  }
  care::put_in_order(loaded.record);
  return loaded;
}

void add_applied(Worked& worked, const care::Applied& applied, const LoadedRecord& before,
                 const Destinations& destinations, std::string_view fallback_source, Instant now) {
  worked.at = now;
  for (const care::Entity& entity : applied.touched) {
    StoredEntity row;
    row.kind = std::string(care::kind_of(entity));
    row.id = std::string(id_of(entity));
    row.patient = std::string(patient_of(entity));
    row.version = before.version_of(row.kind, row.id);
    row.body = to_json(entity);
    worked.entities.push_back(std::move(row));
  }
  for (const care::Intent& intent : applied.intents) {
    OutboxItem item = outbox_item(intent, applied, before, worked, destinations, fallback_source, now);
    // A source without write-back would only pile up parked rows; a safety notice is kept, so that somebody sees it.
    if (!destinations.allows(item.destination) && !item.urgent) continue;
    worked.outbox.push_back(std::move(item));
  }
}

}  // namespace bhi::flow
