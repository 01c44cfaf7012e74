#include "ehr_sim/front.h"

#include "ehr_sim/fetch.h"
#include "ehr_sim/json_maker.h"
#include "ehr_sim/router.h"

#include <algorithm>
#include <charconv>

namespace bhi::sim {

namespace {

using fhir::Member;
using fhir::Node;

constexpr std::string_view kControlPath = "/_sim/";
constexpr std::size_t kUsualLog = 100;

// The word by which faults and counts know the aim of a request.
std::string kind_of(const Request& request) {
  if (auto bulk = BulkServer::kind_of(request); !bulk.empty()) return bulk;
  if (request.path == kTokenPath) return "token";
  if (request.path == kSmartPath) return "smart-configuration";
  const auto target = route(request.path);
  if (!target) return "";
  if (target->place == Place::System) return "Bundle";
  if (target->place == Place::Metadata) return "metadata";
  return target->type;
}

// The letter by which SMART's scopes call an interaction; '-': several, or none.
char interaction_of(const Request& request) {
  const auto target = route(request.path);
  if (!target || target->place == Place::System) return '-';
  const std::string_view method = request.method;
  if (target->place == Place::Search || (target->place == Place::Type && method != "POST")) return 's';
  if (method == "POST") return 'c';
  if (method == "PUT" || method == "PATCH") return 'u';
  return method == "DELETE" ? 'd' : 'r';
}

Response plain(const Node& node) {
  Response response;
  response.content_type = kPlainJson;
  response.body = fhir::write_json(node);
  return response;
}

Node texts(const std::vector<std::string>& list, JsonMaker& make) {
  std::vector<Node> nodes;
  for (const std::string& one : list) nodes.push_back(make.text(one));
  return make.array(nodes);
}

Node line_node(const LogLine& line, JsonMaker& make) {
  std::vector<Member> members = {
      make.member("number", make.number(line.number)),
      make.member("at", make.text(to_text(line.at))),
      make.member("method", make.text(line.method)),
      make.member("type", make.text(line.type)),
      make.member("path", make.text(line.path)),
      make.member("query", make.text(line.query)),
      make.member("status", make.number(static_cast<std::uint64_t>(line.status))),
  };
  if (!line.location.empty()) members.push_back(make.member("location", make.text(line.location)));
  if (!line.faults.empty()) members.push_back(make.member("faults", texts(line.faults, make)));
  return make.object(members);
}

}  // namespace

Front::Front(Simulator& simulator, Now now, Wait wait, Simulator::Forget forget)
    : simulator_(simulator),
      now_(std::move(now)),
      wait_(std::move(wait)),
      forget_(std::move(forget)),
      authority_(fetch),
      bulk_(simulator) {}

void Front::mark_start() { start_count_ = simulator_.version_count(); }

Delivery Front::handle(const Request& request) {
  if (request.path.starts_with(kControlPath)) return {control(request), false, std::nullopt};
  const std::string type = kind_of(request);
  Effect effect = faults_.take(request.method, type, asks_further_page(request));
  if (effect.wait_before.count() > 0) wait_(effect.wait_before);
  const Instant now = this->now();
  const bool bulk = !BulkServer::kind_of(request).empty();
  Stream stream;
  Response response;
  if (effect.instead) {
    response = *std::move(effect.instead);
  } else if (bulk) {
    BulkAnswered answered = answer_bulk(request, type, now);
    response = std::move(answered.response);
    stream = std::move(answered.stream);
  } else {
    response = answer(request, type, now, effect);
  }
  const auto skew = authority_.skew() + clock_.date_skew();
  if (skew.count() != 0 || clock_.changed()) response.headers.emplace_back("Date", http_date(now + skew));
  log_.add({
      .at = now,
      .method = request.method,
      .type = type,
      .path = request.path,
      .query = request.query,
      .status = response.status,
      .location = std::string(header(response.headers, "Location")),
      .faults = effect.names,
  });
  if (effect.wait_after.count() > 0) wait_(effect.wait_after);
  return {std::move(response), effect.lose_answer, effect.cut_at, std::move(stream)};
}

BulkAnswered Front::answer_bulk(const Request& request, const std::string& kind, Instant now) {
  if (bulk_.needs_token(kind)) {
    if (auto refused = authority_.check(request, kind, '-', now)) return {*std::move(refused)};
  }
  return bulk_.handle(request, now);
}

Response Front::show_bulk(const Request&) { return bulk_.show(); }

Response Front::change_bulk(const Request& request) {
  const auto settings = fhir::read_json(request.body);
  if (!settings) return refuse(settings.error());
  if (const auto set = bulk_.set((*settings)->root()); !set) return refuse(set.error());
  return bulk_.show();
}

Response Front::answer(const Request& asked, const std::string& type, Instant now, const Effect& effect) {
  Request request = asked;
  bool is_repeat = false;
  const bool is_empty = take_marks(request, is_repeat);
  request.timing = {clock_.next_stamp_skew(), effect.late, clock_.set_back()};
  if (request.path == kTokenPath) return authority_.token(request, now);
  if (request.path == kSmartPath) return authority_.configuration(request);
  if (auto refused = authority_.check(request, type, interaction_of(request), now)) return *std::move(refused);
  if (is_empty) return empty_page(request);
  if (subscriptions_ != nullptr) {
    if (auto answered = subscriptions_->operation(request, now)) return *std::move(answered);
  }
  Response response = simulator_.handle(request, now);
  if (effect.link != LinkFault::None && !is_repeat) {
    response = with_link_fault(std::move(response), request, effect.link, effect.link_to);
  }
  return type == "metadata" ? authority_.with_oauth_uris(std::move(response), request) : response;
}

Response Front::show_auth(const Request&) { return authority_.show(); }

Response Front::change_auth(const Request& request) {
  const auto settings = fhir::read_json(request.body);
  if (!settings) return refuse(settings.error());
  if (const auto set = authority_.set((*settings)->root()); !set) return refuse(set.error());
  return authority_.show();
}

Response Front::show_subscriptions(const Request&) {
  return subscriptions_ == nullptr ? refuse(404, "not-found", "no subscriptions are kept") : subscriptions_->show();
}

Response Front::change_subscriptions(const Request& request) {
  return subscriptions_ == nullptr ? show_subscriptions(request) : subscriptions_->change(request, now_());
}

Response Front::control(const Request& request) {
  struct Row {
    std::string_view method, name;
    Response (Front::*act)(const Request&);
  };
  static constexpr std::array kRows = std::to_array<Row>({
      {"GET", "auth", &Front::show_auth},
      {"POST", "auth", &Front::change_auth},
      {"GET", "clock", &Front::show_clock},
      {"POST", "clock", &Front::set_clock},
      {"GET", "bulk", &Front::show_bulk},
      {"POST", "bulk", &Front::change_bulk},
      {"POST", "faults", &Front::add_faults},
      {"POST", "load", &Front::load},
      {"GET", "log", &Front::show_log},
      {"POST", "pages", &Front::end_pages},
      {"POST", "reset", &Front::reset},
      {"GET", "stats", &Front::show_stats},
      {"GET", "subscriptions", &Front::show_subscriptions},
      {"POST", "subscriptions", &Front::change_subscriptions},
  });
  if (!request.from_loopback) return refuse(403, "forbidden", "the control side answers to loopback only");
  const std::string_view name = std::string_view(request.path).substr(kControlPath.size());
  const auto* row = std::ranges::find(kRows, name, &Row::name);
  if (row == kRows.end())
    return refuse(404, "not-found",
                  "the control side has stats, log, load, faults, clock, pages, bulk, auth, subscriptions and reset");
  if (row->method != request.method && row + 1 != kRows.end() && row[1].name == name) ++row;
  if (row->method != request.method) return refuse(405, "not-supported", "this one is a " + std::string(row->method));
  return (this->*row->act)(request);
}

Response Front::show_stats(const Request&) {
  JsonMaker make;
  std::vector<Node> requests;
  for (const RequestCount& one : log_.counts()) {
    requests.push_back(make.object({
        make.member("method", make.text(one.method)),
        make.member("type", make.text(one.type)),
        make.member("status", make.number(static_cast<std::uint64_t>(one.status))),
        make.member("count", make.number(one.count)),
    }));
  }
  std::vector<Node> types;
  for (const auto& one : simulator_.counts()) {
    types.push_back(make.object({
        make.member("type", make.text(one.type)),
        make.member("resources", make.number(one.resources)),
        make.member("deleted", make.number(one.deleted)),
        make.member("versions", make.number(one.versions)),
    }));
  }
  return plain(make.object({
      make.member("requests", make.array(requests)),
      make.member("types", make.array(types)),
      make.member("faults", make.number(faults_.size())),
  }));
}

Response Front::show_log(const Request& request) {
  const auto parameters = parse_query(request.query);
  if (!parameters) return refuse(parameters.error());
  std::size_t last = kUsualLog;
  for (const Parameter& given : *parameters) {
    const auto [end, error] = std::from_chars(given.value.data(), given.value.data() + given.value.size(), last);
    if (given.name != "last" || error != std::errc{}) return refuse(400, "invalid", "log: expected last=N");
  }
  JsonMaker make;
  std::vector<Node> lines;
  for (const LogLine& line : log_.last(last)) lines.push_back(line_node(line, make));
  return plain(make.object({make.member("log", make.array(lines))}));
}

Response Front::add_faults(const Request& request) {
  const auto settings = fhir::read_json(request.body);
  if (!settings) return refuse(settings.error());
  if (const auto added = faults_.add((*settings)->root()); !added) return refuse(added.error());
  JsonMaker make;
  return plain(make.object({make.member("faults", make.number(faults_.size()))}));
}

Response Front::load(const Request& request) {
  const auto document = fhir::read_json(request.body);
  if (!document) return refuse(document.error());
  const auto parameters = parse_query(request.query);
  std::chrono::seconds late{0};
  for (const Parameter& given : parameters ? *parameters : std::vector<Parameter>()) {
    int secs = 0;
    const auto [end, error] = std::from_chars(given.value.data(), given.value.data() + given.value.size(), secs);
    if (given.name != "late_secs" || error != std::errc{} || secs < 0) {
      return refuse(400, "invalid", "load: expected late_secs=N");
    }
    late = std::chrono::seconds(secs);
  }
  const auto loaded = simulator_.load((*document)->root(), now(), {clock_.next_stamp_skew(), late, clock_.set_back()});
  if (!loaded) return refuse(loaded.error());
  JsonMaker make;
  return plain(make.object({make.member("versions", make.number(*loaded))}));
}

Response Front::show_clock(const Request&) {
  JsonMaker make;
  return plain(make.object({make.member("now", make.text(to_text(now())))}));
}

Response Front::set_clock(const Request& request) {
  const auto settings = fhir::read_json(request.body);
  if (!settings) return refuse(settings.error());
  if (const auto set = clock_.set((*settings)->root(), now_()); !set) return refuse(set.error());
  return show_clock(request);
}

Response Front::end_pages(const Request& request) {
  const auto settings = fhir::read_json(request.body);
  const Node* expire = settings ? (*settings)->root().find("expire") : nullptr;
  if (expire == nullptr || expire->text() != "true")
    return refuse(400, "invalid", "pages: expected {\"expire\": true}");
  simulator_.expire_pages();
  return show_clock(request);
}

Response Front::reset(const Request& request) {
  bool data = false;
  if (!request.body.empty()) {
    const auto settings = fhir::read_json(request.body);
    if (!settings) return refuse(settings.error());
    const Node* wanted = (*settings)->root().find("data");
    data = wanted != nullptr && wanted->kind() == fhir::NodeKind::Boolean && wanted->as_boolean();
  }
  if (data) {
    if (const auto done = simulator_.roll_back(start_count_, forget_); !done) return refuse(done.error());
  }
  faults_.clear();
  clock_.reset();
  if (subscriptions_ != nullptr) subscriptions_->forget();
  log_.clear();
  JsonMaker make;
  return plain(make.object({make.member("reset", Node::boolean(true)), make.member("data", Node::boolean(data))}));
}

}  // namespace bhi::sim
