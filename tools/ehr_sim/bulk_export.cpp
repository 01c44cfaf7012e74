#include "ehr_sim/bulk_export.h"

#include "ehr_sim/bulk_pack.h"
#include "ehr_sim/json_maker.h"
#include "fhir/bundle.h"
#include "fhir/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace bhi::sim {

namespace {

using fhir::Node;

constexpr std::uint64_t kGeneratedPatients = 100;
constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::array<std::string_view, 10> kUsualTypes = {
    "Patient",  "EpisodeOfCare",     "Questionnaire",         "Condition",  "Goal", "Medication",
    "CarePlan", "MedicationRequest", "QuestionnaireResponse", "Observation"};

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::string first_segment(std::string_view& path) {
  const auto end = std::min(path.find('/'), path.size());
  std::string segment(path.substr(0, end));
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

void add_words(std::string_view text, char separator, std::vector<std::string>& words) {
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

struct Wanted {
  std::vector<std::string> types;
  std::optional<Instant> since;
  std::set<std::string> patients;
  bool repeated = false, commas = false;
};

Result<Wanted> wanted_of(const Request& request) {
  Wanted wanted;
  std::vector<Parameter> given;
  if (request.method == "POST") {
    BHI_TRY(const auto document, fhir::read_json(request.body));
    for (const Node& one : fhir::each(document->root().find("parameter"))) {
      for (const char* value : {"valueString", "valueInstant", "valueCode"}) {
        if (one.find(value) != nullptr)
          given.push_back({std::string(one.text_of("name")), std::string(one.text_of(value))});
      }
      const Node* reference = one.find("valueReference");
      if (reference != nullptr)
        given.push_back({std::string(one.text_of("name")), std::string(reference->text_of("reference"))});
    }
  } else {
    BHI_TRY(given, parse_query(request.query));
  }
  int types = 0;
  for (const Parameter& one : given) {
    if (one.name == "_type") {
      ++types;
      wanted.commas = wanted.commas || one.value.find(',') != std::string::npos;
      add_words(one.value, ',', wanted.types);
    } else if (one.name == "_since") {
      wanted.since = instant_from(one.value);
      if (!wanted.since) return Error{Kind::Incorrect, "_since: expected an instant"};
    } else if (one.name == "patient") {
      wanted.patients.insert(one.value);
    }
  }
  wanted.repeated = types > 1;
  if (wanted.types.empty()) wanted.types.assign(kUsualTypes.begin(), kUsualTypes.end());
  return wanted;
}

std::string retry_after(std::string_view form, Instant now) {
  const Instant then = now + std::chrono::seconds(1);
  const auto epoch = then.time_since_epoch();
  if (form == "date") return http_date(then);
  if (form == "epoch_ms") return std::to_string(epoch.count());
  if (form == "epoch") return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(epoch).count());
  return std::string(form);
}

}  // namespace

struct BulkServer::Job {
  struct File {
    std::string type, body;
    std::uint64_t lines = 0, from = 0;  // of generated lines
    bool generated = false;
  };
  std::string name;
  Instant asked{};
  std::uint64_t asked_for = 0;   // status answers so far
  std::uint64_t generation = 0;  // manifests given: addresses of older ones end
  std::uint64_t downloads = 0;   // in this generation
  bool fails = false, forgotten = false;
  std::vector<File> output, deleted, outcomes;
};

std::string generated_line(std::uint64_t number, std::uint64_t bytes) {
  const std::string patient = "gen-" + std::to_string(number / 100 % kGeneratedPatients);
  const std::string id = "bulk-" + std::to_string(number);
  if (number < kGeneratedPatients) {
    return R"({"resourceType":"Patient","id":"gen-)" + std::to_string(number) + R"(","name":[{"family":"Generated)" +
           std::to_string(number) + R"("}]})";
  }
  if (number % 100 == 0) {
    const auto day = std::to_string(1 + number / 100 % 28);
    return R"({"resourceType":"Observation","id":")" + id +
           R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"44261-6"}]},"subject":{"reference":"Patient/)" +
           patient + R"("},"effectiveDateTime":"2026-)" + std::to_string(10 + number / 2800 % 2) + "-" +
           (day.size() == 1 ? "0" : "") + day + R"(T10:00:00Z","valueInteger":)" + std::to_string(number / 100 % 28) +
           "}";
  }
  std::string line =
      R"({"resourceType":"Observation","id":")" + id +
      R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/)" +
      patient + R"("},"effectiveDateTime":"2026-11-01T10:00:00Z","note":[{"text":")";
  const std::string end = R"("}]})";
  if (line.size() + end.size() < bytes)
    line.append(bytes - line.size() - end.size(), static_cast<char>('a' + number % 26));
  return line + end;
}

std::string BulkServer::kind_of(const Request& request) {
  const std::string_view path = request.path;
  if (path.starts_with("/fhir/") && (path.ends_with("/$export") || path.ends_with("/%24export"))) return "export";
  if (!path.starts_with(kBulkPath)) return "";
  return path.find("/file/") == std::string_view::npos ? "bulk-status" : "bulk-file";
}

bool BulkServer::needs_token(const std::string& kind) const {
  const std::lock_guard lock(mutex_);
  return kind != "bulk-file" || switches_.needs_token;
}

// Every resource of the type as it is now, one JSON text each.
Result<std::vector<std::string>> BulkServer::lines_of(const Request& request, const std::string& type) {
  std::vector<std::string> lines;
  Request search;
  search.method = "GET";
  search.path = "/fhir/" + type;
  search.query = "_count=500";
  search.base = request.base;
  search.inside = true;
  for (;;) {
    const Response page = simulator_.handle(search, Instant{} + std::chrono::hours(1));
    if (page.status != 200) return Error{Kind::Incorrect, "no such type"};
    BHI_TRY(const auto bundle, fhir::read_json(page.body, {.max_bytes = std::size_t{1} << 30}));
    for (const Node& entry : fhir::each(bundle->root().find("entry"))) {
      if (const Node* resource = entry.find("resource")) lines.push_back(fhir::write_json(*resource));
    }
    std::string next;
    for (const Node& link : fhir::each(bundle->root().find("link"))) {
      if (link.text_of("relation") == "next") next = link.text_of("url");
    }
    if (next.empty()) return lines;
    search.query = next.substr(next.find('?') + 1);
  }
}

BulkAnswered BulkServer::kick_off(const Request& request, Instant now) {
  last_kick_off_ =
      request.method + " " + request.path + (request.query.empty() ? "" : "?" + request.query) + request.body;
  if (switches_.busy > 0) {
    --switches_.busy;
    Response busy = refuse(429, "throttled", "one export at a time");
    if (!switches_.retry_after.empty())
      busy.headers.emplace_back("Retry-After", retry_after(switches_.retry_after, now));
    return {busy};
  }
  if (header(request.headers, "Prefer").find("respond-async") == std::string_view::npos) {
    return {refuse(400, "required", "Prefer: respond-async is wanted")};
  }
  const auto wanted = wanted_of(request);
  if (!wanted) return {refuse(wanted.error())};
  const std::string form = request.method == "POST" ? "post" : wanted->repeated ? "get-repeated" : "get";
  if (switches_.kick_off != "any" && form != switches_.kick_off) {
    return {refuse(400, "not-supported", "this server takes another form of kick-off")};
  }
  if (!wanted->patients.empty() && !switches_.patient)
    return {refuse(400, "not-supported", "patient is not understood")};

  std::set<std::string> members = wanted->patients;
  std::string_view place = std::string_view(request.path).substr(std::string_view("/fhir/").size());
  const bool group = place.starts_with("Group/");
  if (group && members.empty()) {
    place.remove_prefix(6);
    Request read;
    read.method = "GET";
    read.path = "/fhir/Group/" + first_segment(place);
    read.base = request.base;
    read.inside = true;
    const Response found = simulator_.handle(read, now);
    if (found.status != 200) return {refuse(404, "not-found", "no such Group")};
    const auto document = fhir::read_json(found.body);
    for (const Node& member : fhir::each((*document)->root().find("member"))) {
      if (const Node* entity = member.find("entity")) members.emplace(entity->text_of("reference"));
    }
  }

  auto job = std::make_shared<Job>();
  job->name = std::to_string(++last_job_);
  job->asked = now;
  job->fails = switches_.fails > 0;
  if (job->fails) --switches_.fails;
  job->forgotten = !job->fails && switches_.forgets > 0;
  if (job->forgotten) --switches_.forgets;
  auto types = wanted->types;
  if (switches_.all_types) types.assign(kUsualTypes.begin(), kUsualTypes.end());
  std::map<std::string, std::vector<std::string>> blocks;  // by patient, when organised by them
  std::uint64_t line_number = 0;
  for (const std::string& type : types) {
    auto lines = switches_.generate_bytes > 0 ? Result<std::vector<std::string>>(std::vector<std::string>())
                                              : lines_of(request, type);
    if (!lines) continue;  // as some servers do: an unknown type gives nothing
    std::vector<std::string> kept;
    for (const std::string& line : *lines) {
      const auto read = fhir::read_json(line);
      const Node& root = (*read)->root();
      const std::string patient = fhir::patient_reference(root);
      if ((group || !members.empty()) && !patient.empty() && !members.contains(patient)) continue;
      const Node* meta = root.find("meta");
      const auto updated = meta == nullptr ? std::nullopt : instant_from(meta->text_of("lastUpdated"));
      if (wanted->since && updated && *updated < *wanted->since) continue;
      if (switches_.bad_every > 0 && ++line_number % switches_.bad_every == 0)
        kept.emplace_back("{\"resourceType\": broken");
      if (switches_.organized) {
        blocks[patient].push_back(line);
      } else {
        kept.push_back(line);
      }
    }
    for (std::size_t at = 0; at < kept.size(); at += switches_.file_lines) {
      Job::File file{.type = type, .body = {}, .lines = std::min(switches_.file_lines, kept.size() - at)};
      for (std::size_t i = at; i < at + file.lines; ++i) file.body += kept[i] + "\n";
      job->output.push_back(std::move(file));
    }
  }
  if (switches_.organized) {
    Job::File file;
    for (const auto& [patient, lines] : blocks) {
      file.body += R"({"resourceType":"Parameters","parameter":[{"name":"header","valueReference":{"reference":")" +
                   patient + "\"}}]}\n";
      for (const std::string& line : lines) file.body += line + "\n";
      file.lines += lines.size() + 1;
    }
    job->output.push_back(std::move(file));
  }
  if (switches_.generate_bytes > 0) {
    const std::uint64_t lines = switches_.generate_bytes / switches_.generate_line;
    job->output.push_back({"Patient", "", std::min(lines, kGeneratedPatients), 0, true});
    const std::uint64_t half = lines / 2;
    job->output.push_back({"Observation", "", half - kGeneratedPatients, kGeneratedPatients, true});
    job->output.push_back({"Observation", "", lines - half, half, true});
  }
  for (const std::string& one : switches_.deleted) {
    Job::File file{.type = "Bundle", .body = {}, .lines = 1};
    file.body = R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":")" +
                one + "\"}}]}\n";
    job->deleted.push_back(std::move(file));
  }
  for (std::uint64_t i = 0; i < switches_.errors; ++i) {
    Job::File file{.type = "OperationOutcome", .body = {}, .lines = 1};
    file.body = R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing"}]})"
                "\n";
    job->outcomes.push_back(std::move(file));
  }
  if (!switches_.final_newline) {
    for (auto& file : job->output) {
      if (!file.body.empty()) file.body.pop_back();
    }
  }
  jobs_.emplace(job->name, job);
  const std::string_view base = request.base;
  Response response;
  response.status = 202;
  response.headers.emplace_back("Content-Location",
                                std::string(base.substr(0, base.size() - 5)) + std::string(kBulkPath) + job->name);
  return {response};
}

Response BulkServer::manifest(const Request& request, Job& job, std::uint64_t page, Instant now) {
  if (page == 0) ++job.generation, job.downloads = 0;
  const std::string origin(std::string_view(request.base).substr(0, request.base.size() - 5));
  const std::string here = origin + std::string(kBulkPath) + job.name;
  const std::string files_at = (switches_.files_at.empty() ? origin : switches_.files_at) + std::string(kBulkPath) +
                               job.name + "/file/" + std::to_string(job.generation) + "/";
  JsonMaker make;
  const auto list = [&](const char* kind, const std::vector<Job::File>& files, std::uint64_t from, std::uint64_t most) {
    std::vector<Node> nodes;
    for (std::uint64_t i = from; i < files.size() && i < from + most; ++i) {
      std::vector<fhir::Member> members = {make.member("url", make.text(files_at + kind + "/" + std::to_string(i)))};
      if (!files[i].type.empty()) members.push_back(make.member("type", make.text(files[i].type)));
      if (switches_.count) members.push_back(make.member("count", make.number(files[i].lines)));
      nodes.push_back(make.object(members));
    }
    return make.array(nodes);
  };
  const std::uint64_t most = switches_.page_files == 0 ? job.output.size() + 1 : switches_.page_files;
  const bool last = (page + 1) * most >= job.output.size();
  std::vector<fhir::Member> members = {
      make.member("transactionTime", make.text(to_text(switches_.end_time ? now : job.asked))),
      make.member("request", make.text(request.base)),
      make.member("requiresAccessToken", Node::boolean(switches_.needs_token)),
      make.member("output", list("output", job.output, page * most, most)),
      make.member("deleted",
                  list("deleted", page == 0 ? job.deleted : std::vector<Job::File>(), 0, job.deleted.size())),
      make.member(switches_.outcome_key,
                  list("outcome", page == 0 ? job.outcomes : std::vector<Job::File>(), 0, job.outcomes.size())),
  };
  const Node extension = make.object({make.member("https://ehr.example/note", make.text("x"))});
  members.push_back(make.member("extension", switches_.extension_list ? make.array({extension}) : extension));
  if (!last) {
    members.push_back(make.member("link", make.array({make.object({
                                              make.member("relation", make.text("next")),
                                              make.member("url", make.text(here + "/" + std::to_string(page + 1))),
                                          })})));
  }
  Response response;
  response.content_type = kPlainJson;
  response.body = fhir::write_json(make.object(members));
  if (switches_.expires) response.headers.emplace_back("Expires", http_date(now + std::chrono::hours(1)));
  if (switches_.export_status) response.headers.emplace_back("X-Export-Status", "200");
  return response;
}

BulkAnswered BulkServer::status(const Request& request, Job& job, std::string_view rest, Instant now) {
  if (request.method == "DELETE") {
    jobs_.erase(job.name);
    Response deleted;
    deleted.status = 202;
    return {deleted};
  }
  if (job.forgotten) return {refuse(404, "not-found", "no such export")};
  if (switches_.transient > 0) {
    --switches_.transient;
    return {refuse(500, "transient", "ask again")};
  }
  if (switches_.gateway > 0) {
    --switches_.gateway;
    Response gateway;
    gateway.status = 502;
    return {gateway};
  }
  if (++job.asked_for <= switches_.waits) {
    Response going;
    going.status = switches_.export_status ? 200 : 202;
    if (switches_.export_status) going.headers.emplace_back("X-Export-Status", "202");
    going.headers.emplace_back("X-Progress", std::to_string(job.asked_for) + " of " + std::to_string(switches_.waits));
    if (!switches_.retry_after.empty())
      going.headers.emplace_back("Retry-After", retry_after(switches_.retry_after, now));
    return {going};
  }
  if (job.fails) return {refuse(500, "exception", "the export has failed")};
  return {manifest(request, job, number_in(rest).value_or(0), now)};
}

BulkAnswered BulkServer::file(const Request& request, const Job& job, std::string_view rest) {
  if (has_header(request.headers, "Authorization") && !switches_.needs_token) {
    ++counts_["tokens_where_none_belongs"];
    return {refuse(400, "security", "a token does not belong here")};
  }
  if (switches_.redirect && request.query.empty()) {
    Response moved;
    moved.status = 307;
    moved.headers.emplace_back("Location", request.path + "?signed=1");
    return {moved};
  }
  const auto generation = number_in(first_segment(rest));
  const std::string kind = first_segment(rest);
  const auto at = number_in(first_segment(rest));
  const auto& files = kind == "output" ? job.output : kind == "deleted" ? job.deleted : job.outcomes;
  if (generation != job.generation || !at || *at >= files.size())
    return {refuse(410, "expired", "this address has expired")};
  const Job::File& found = files[*at];
  BulkAnswered answered;
  answered.response.content_type = "application/fhir+ndjson";
  if (found.generated) {
    const std::uint64_t bytes = switches_.generate_line;
    answered.stream = [number = found.from, end = found.from + found.lines, bytes]() mutable {
      std::string piece;
      while (number < end && piece.size() < kPiece) piece += generated_line(number++, bytes) + "\n";
      return piece;
    };
    return answered;
  }
  answered.response.body = found.body;
  if (!switches_.gzip.empty()) answered.response.body = packed(found.body);
  if (switches_.gzip == "encoding") answered.response.headers.emplace_back("Content-Encoding", "gzip");
  if (switches_.gzip == "bare") answered.response.content_type = "application/gzip";
  return answered;
}

BulkAnswered BulkServer::handle(const Request& request, Instant now) {
  const std::lock_guard lock(mutex_);
  const std::string kind = kind_of(request);
  ++counts_[kind == "export"             ? "kick_offs"
            : kind == "bulk-file"        ? "files"
            : request.method == "DELETE" ? "deletes"
                                         : "statuses"];
  if (kind == "export") return kick_off(request, now);
  std::string_view rest = std::string_view(request.path).substr(kBulkPath.size());
  const auto found = jobs_.find(first_segment(rest));
  if (found == jobs_.end()) return {refuse(404, "not-found", "no such export")};
  Job& job = *found->second;
  if (kind != "bulk-file") return status(request, job, rest, now);
  rest.remove_prefix(std::string_view("file/").size());
  const bool moved = switches_.redirect && request.query.empty();
  if (switches_.expire_after > 0 && !moved && ++job.downloads > switches_.expire_after) {
    return {refuse(410, "expired", "this address has expired")};
  }
  return file(request, job, rest);
}

}  // namespace bhi::sim
