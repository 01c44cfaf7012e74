#include "flow/map_report.h"

#include "fhir/bundle.h"
#include "fhir/json.h"
#include "fhir/release.h"
#include "fhir/xml.h"
#include "flow/binding.h"
#include "flow/entity_line.h"
#include "flow/guard_look.h"
#include "flow/inbound.h"
#include "flow/record.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Node;

// One resource of the inputs and what came of it.
struct Item {
  const Node* resource = nullptr;
  std::string where;  // "file.json Bundle.entry[3]"
  std::string type;
  std::string id;
  std::string entity;  // care id, when it became a change
  std::string patient;
};

class Run {
 public:
  Run(const Engine& engine, std::string_view source, Instant now, MapTrace* trace)
      : engine_(engine), source_(source), now_(now), trace_(trace) {}

  void read(const InputText& input) {
    if (input.name.ends_with(".ndjson")) return read_lines(input);
    Issues left_out;
    auto document = fhir::read_document(input.text, kLimits, &left_out);
    if (document.ok()) return split(input.name, *std::move(document), left_out);
    unreadable(input.name, document.error());
  }

  MapReport finish() {
    for (const Item& item : items_) by_key_.try_emplace(item.type + "/" + item.id, item.resource);
    for (const Item& item : items_) {
      if (const std::string_view url = item.resource->text_of("url"); !url.empty())
        by_url_.try_emplace(std::string(url), item.resource);
    }
    for (Item& item : items_) map(item);
    for (auto& [patient, changes] : changes_) {
      if (const auto subject = subjects_.find(patient); subject != subjects_.end()) {
        changes.insert(changes.begin(), patient_by_reference(subject->second));
      }
      apply(changes);
    }
    // Of what was put aside, a self-harm answer still counts (as in work.cpp).
    for (const care::Entity& entity : care::apply({}, only_safety_, engine_.policy, now_).touched) {
      if (std::holds_alternative<care::SafetyEvent>(entity)) report_.care.push_back(entity);
    }
    return std::move(report_);
  }

 private:
  static constexpr fhir::ReadLimits kLimits{.max_bytes = std::size_t{1} << 30, .max_values = 200'000'000};

  void read_lines(const InputText& input) {
    std::size_t line_number = 0;
    std::string_view rest = input.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::string name = input.name + ":" + std::to_string(++line_number);
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      auto document = fhir::read_json(std::string(line), kLimits);
      if (document.ok())
        split(name, *std::move(document), {});
      else
        unreadable(name, document.error());
    }
  }

  void unreadable(const std::string& name, const Error& error) {
    report_.unreadable = true;
    const std::string code = error.kind == Kind::Unsupported ? "not-supported" : "structure";
    report_.issues.push_back({Severity::Fatal, code, name, error.message});
  }

  void split(const std::string& name, fhir::DocumentPtr document, const Issues& left_out) {
    if (const auto mark = fhir::r5_mark(document->root())) {
      report_.unreadable = true;
      report_.issues.push_back({Severity::Fatal, mark->code, name + " " + mark->path, mark->text});
      return;
    }
    auto entries = fhir::split(document->root(), arena_, left_out);
    if (!entries.ok()) return unreadable(name, entries.error());
    for (Issue& issue : entries->issues) {
      issue.path = name + (issue.path.empty() ? "" : " " + issue.path);
      report_.issues.push_back(std::move(issue));
    }
    for (fhir::Entry& entry : entries->entries) {
      if (entry.outcome || !entry.resource.is_object()) continue;
      Item& item = items_.emplace_back();
      item.resource = arena_.make<Node>(entry.resource);
      item.type = std::string(fhir::resource_type(entry.resource));
      item.id = std::string(entry.resource.text_of("id"));
      if (item.id.empty()) item.id = "sha256-" + fhir::content_hash(entry.resource).substr(0, 48);
      item.where = name + " " + (entry.path.empty() ? item.type : entry.path);
    }
    documents_.push_back(std::move(document));
  }

  void map(Item& item) {
    ++report_.read[item.type];
    mapping::Lineage lineage;
    const Surroundings around{
        [this](std::string_view type, std::string_view id) {
          return look_up(by_key_, std::string(type) + "/" + std::string(id));
        },
        [this](std::string_view url) { return look_up(by_url_, std::string(url.substr(0, url.find('|')))); },
        trace_ == nullptr ? nullptr : &lineage};
    const Node* meta = item.resource->find("meta");
    const Origin origin{source_, item.id, meta == nullptr ? "" : std::string(meta->text_of("versionId")),
                        meta == nullptr ? "" : std::string(meta->text_of("lastUpdated"))};
    Inbound inbound = map_inbound(engine_, *item.resource, origin, around, now_, arena_);
    for (Issue& issue : inbound.issues) {
      issue.path = name_of(item) + (issue.path.empty() ? "" : " " + issue.path);
      report_.issues.push_back(std::move(issue));
    }
    switch (inbound.what) {
      case Inbound::What::Left: return leave(item, Severity::Information, "informational", inbound.reason);
      case Inbound::What::Invalid:
        if (inbound.change) only_safety_.push_back(*std::move(inbound.change));
        return leave(item, Severity::Error, "processing", "not mapped: see its other issues");
      case Inbound::What::Waiting:
        // Without the form it may still be read in part; a self-harm answer must not get lost for want of a form.
        leave(item, Severity::Warning, "not-found", "its questionnaire is not among the inputs: " + inbound.reason);
        return;
      case Inbound::What::Change: break;
    }
    ++report_.mapped[item.type];
    std::visit(
        [&item](const auto& change) {
          if constexpr (requires { change.id; }) item.entity = change.id;
          if constexpr (requires { change.patient; })
            item.patient = change.patient;
          else
            item.patient = item.entity;
        },
        *inbound.change);
    if (inbound.subject) subjects_.try_emplace(item.patient, *std::move(inbound.subject));
    if (trace_ != nullptr) trace_->in.push_back({name_of(item), item.entity, *inbound.change, std::move(lineage)});
    auto& changes = changes_[item.patient];
    changes.push_back(*std::move(inbound.change));
    std::ranges::move(inbound.others, std::back_inserter(changes));
    by_entity_[item.entity] = &item;
  }

  void leave(const Item& item, Severity severity, std::string_view code, std::string text) {
    ++report_.left[item.type];
    report_.issues.push_back({severity, std::string(code), name_of(item), std::move(text)});
  }

  void apply(const std::vector<care::Change>& changes) {
    care::Applied applied = care::apply({}, changes, engine_.policy, now_);
    for (const std::string& id : applied.left) {
      if (const auto found = by_entity_.find(id); found != by_entity_.end()) {
        --report_.mapped[found->second->type];
        leave(*found->second, Severity::Information, "informational", "not one of the instruments that we follow");
      }
    }
    for (Issue& issue : applied.issues) report_.issues.push_back(named(std::move(issue)));
    Arena arena;
    const Node patient = applied.after.patient ? to_node(*applied.after.patient, arena) : Node();
    for (const care::Entity& entity : applied.touched) report_.care.push_back(entity);
    for (const care::Intent& intent : applied.intents) plan(intent, applied, patient.is_null() ? nullptr : &patient);
  }

  void plan(const care::Intent& intent, const care::Applied& applied, const Node* patient) {
    const auto entity = std::ranges::find(applied.touched, std::string_view(intent.id), id_of);
    if (entity == applied.touched.end()) return;
    const std::string path = std::string(care::kind_of(*entity)) + "/" + intent.id;
    if (patient_of(*entity).empty()) {
      report_.issues.push_back(
          {Severity::Warning, "not-found", path, "not written: no patient is known, somebody must assign it"});
      return;
    }
    const Verdict verdict = judged(*entity, applied.after.consents);
    for (const Redaction& redaction : verdict.redactions) {
      report_.issues.push_back({Severity::Information, "consent", path, redaction.path + ": " + redaction.why});
    }
    if (verdict.what != Verdict::What::Send) {
      report_.issues.push_back({Severity::Information, "consent", path, "not written: " + verdict.reason});
      return;
    }
    Arena arena;
    std::vector<mapping::Lineage> lineages;
    auto writes = plan_writes(engine_, name(intent.artifact), to_node(*entity, arena), patient, now_,
                              trace_ == nullptr ? nullptr : &lineages, &verdict);
    if (!writes.ok()) {
      report_.issues.push_back({Severity::Error, "processing", path, writes.error().message});
      return;
    }
    std::ranges::move(*writes, std::back_inserter(report_.writes));
    for (mapping::Lineage& lineage : lineages) trace_->out.push_back({*entity, std::move(lineage)});
  }

  // As the consent guard would say it of a practice that has said nothing of itself, to the source of the inputs.
  Verdict judged(const care::Entity& entity, const std::vector<care::Consent>& consents) const {
    GuardLook look;
    const auto add = [this](const std::vector<care::Source>& sources, std::vector<Ancestor>& to) {
      for (const care::Source& source : sources) {
        const Node* resource = look_up(by_key_, source.type + "/" + source.id);
        if (resource != nullptr) to.push_back(ancestor_of(*resource, source));
      }
    };
    const GuardSources sources = sources_for_guard(entity, source_);
    add(sources.ancestors, look.ancestors);
    add(sources.parts, look.parts);
    for (const care::Consent& consent : consents) look.consents.push_back({consent});
    const Privacy nothing_said;
    return judge(question_of(entity, look, source_, nothing_said, false, now_));
  }

  // "Screening/<care id>" of an issue, with the resource it came from in front.
  Issue named(Issue issue) const {
    const auto slash = issue.path.find('/');
    if (slash == std::string::npos) return issue;
    const std::string id = issue.path.substr(slash + 1, issue.path.find_first_of(" .[", slash) - slash - 1);
    if (const auto found = by_entity_.find(id); found != by_entity_.end())
      issue.path = name_of(*found->second) + " " + issue.path;
    return issue;
  }

  static std::string name_of(const Item& item) {
    return item.id.starts_with("sha256-") ? item.where : item.type + "/" + item.id;
  }

  static const Node* look_up(const std::map<std::string, const Node*>& index, const std::string& key) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : found->second;
  }

  const Engine& engine_;
  std::string source_;
  Instant now_;
  MapTrace* trace_;
  Arena arena_;
  std::vector<fhir::DocumentPtr> documents_;
  std::vector<Item> items_;
  std::map<std::string, const Node*> by_key_;
  std::map<std::string, const Node*> by_url_;
  std::map<std::string, const Item*> by_entity_;
  std::map<std::string, std::vector<care::Change>> changes_;  // by care id of the patient
  std::vector<care::Change> only_safety_;
  std::map<std::string, care::Source> subjects_;  // the same, as referred to
  MapReport report_;
};

Node text_node(std::string_view text, Arena& arena) { return Node::string(arena.copy(text)); }

Node object(std::initializer_list<std::pair<std::string_view, Node>> members, Arena& arena) {
  fhir::Member* kept = arena.array<fhir::Member>(members.size());
  std::size_t count = 0;
  for (const auto& [name, value] : members) kept[count++] = {&fhir::intern(name), value};
  return Node::object({kept, count});
}

Node list(const std::vector<Node>& nodes, Arena& arena) {
  return Node::array(arena.copy(std::span<const Node>(nodes)));
}

Node counts(const std::map<std::string, std::size_t>& by_type, Arena& arena) {
  std::vector<fhir::Member> members;
  for (const auto& [type, count] : by_type) {
    if (count != 0) members.push_back({&fhir::intern(type), Node::number(arena.copy(std::to_string(count)))});
  }
  return Node::object(arena.copy(std::span<const fhir::Member>(members)));
}

}  // namespace

MapReport map_files(const Engine& engine, std::span<const InputText> inputs, std::string_view source, Instant now,
                    MapTrace* trace) {
  Run run(engine, source, now, trace);
  for (const InputText& input : inputs) run.read(input);
  return run.finish();
}

std::string to_json(const MapReport& report) {
  Arena arena;
  std::vector<Node> care;
  for (const care::Entity& entity : report.care) care.push_back(to_node(entity, arena));
  std::vector<fhir::DocumentPtr> bodies;
  std::vector<Node> writes;
  for (const WriteRequest& write : report.writes) {
    auto body = fhir::read_json(write.body);
    if (body.ok()) bodies.push_back(*body);
    writes.push_back(object({{"artifact", text_node(write.artifact, arena)},
                             {"rung", text_node(write.rung, arena)},
                             {"method", text_node(write.method, arena)},
                             {"url", text_node(write.url, arena)},
                             {"body", body.ok() ? bodies.back()->root() : Node()}},
                            arena));
  }
  std::vector<Node> issues;
  for (const Issue& issue : report.issues) {
    issues.push_back(object({{"severity", text_node(name(issue.severity), arena)},
                             {"code", text_node(issue.code, arena)},
                             {"path", text_node(issue.path, arena)},
                             {"text", text_node(issue.text, arena)}},
                            arena));
  }
  const Node document = object({{"care", list(care, arena)},
                                {"writes", list(writes, arena)},
                                {"issues", list(issues, arena)},
                                {"counts", object({{"read", counts(report.read, arena)},
                                                   {"mapped", counts(report.mapped, arena)},
                                                   {"left", counts(report.left, arena)}},
                                                  arena)}},
                               arena);
  return fhir::write_json_pretty(document) + "\n";
}

namespace {}  // namespace

std::string to_text(const MapReport& report) {
  std::string text = "Care model\n";
  for (const care::Entity& entity : report.care)
    text += "  " + std::string(care::kind_of(entity)) + "  " + line_of(entity) + "\n";
  if (report.care.empty()) text += "  (nothing)\n";
  text += "\nWould be written to the EHR\n";
  for (const WriteRequest& write : report.writes)
    text += "  " + write.method + " " + write.url + "  (" + write.artifact + ", " + write.rung + ")\n";
  if (report.writes.empty()) text += "  (nothing)\n";
  std::size_t informations = 0;
  text += "\nIssues\n";
  for (const Issue& issue : report.issues) {
    if (issue.severity == Severity::Information)
      ++informations;
    else
      text += "  " + std::string(name(issue.severity)) + "  " + issue.path + ": " + issue.text + "\n";
  }
  text +=
      "  " + std::to_string(informations) + " informations (left resources with their reasons: --json)\n\nResources\n";
  for (const auto& [type, count] : report.read) {
    const auto of = [&type = type](const std::map<std::string, std::size_t>& counts) {
      const auto found = counts.find(type);
      return found == counts.end() ? std::size_t{0} : found->second;
    };
    char line[160];
    std::snprintf(line, sizeof line, "  %-26s read %5zu   mapped %5zu   left %5zu\n", type.c_str(), count,
                  of(report.mapped), of(report.left));
    text += line;
  }
  return text;
}

}  // namespace bhi::flow
