// bhi queue: what a running adapter was or is to write to EHRs, and what a person may do about it, over its API.
// Exit codes: 0 done; 1 something was refused or not found; 2 usage, or the adapter cannot be asked.
#include "bhi/commands.h"
#include "ehr/http.h"
#include "fhir/json.h"
#include "service/ehr_auth.h"
#include "service/json_text.h"

#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

namespace bhi::tools {

namespace {

constexpr int kFine = 0;
constexpr int kRefused = 1;
constexpr int kUsage = 2;

int fail(const std::string& what, int code) {
  std::cerr << "bhi queue: " << what << "\n";
  return code;
}

// "a b" as it stands in an address.
std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == ',';
    const auto byte = static_cast<unsigned char>(c);
    plain ? out += c : out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

struct Told {
  int status = 0;
  std::string body;
  fhir::DocumentPtr json;
};

class Desk {
 public:
  Desk(std::unique_ptr<ehr::Http> http, std::string token) : http_(std::move(http)), token_(std::move(token)) {}

  // An Error says what a person can do about it. Kind Unavailable: the adapter cannot be asked at all.
  Result<Told> ask(ehr::Method method, const std::string& path, const std::string& body = {}) {
    ehr::Request request;
    request.method = method;
    request.url = http_->base() + path;
    request.bearer = token_;
    request.body = body;
    if (!body.empty()) request.headers = {"Content-Type: application/json"};
    const auto response = http_->send(request);
    if (response.what != ehr::Response::What::Answered) {
      return Error{Kind::Unavailable,
                   "no answer from " + http_->base() + ": " + response.reason + "; is the adapter running there?"};
    }
    if (response.status == 401) {
      return Error{Kind::Unavailable, token_.empty() ? "a token is asked for: --token-file with one of role operator"
                                                     : "the token is not known there"};
    }
    if (response.status == 403) {
      return Error{Kind::Unavailable, "the token's role does not allow this; expected one of role operator"};
    }
    Told told{response.status, response.body, nullptr};
    if (auto read = fhir::read_json(response.body)) told.json = *std::move(read);
    if (response.status >= 200 && response.status < 300 && told.json) return told;
    std::string why;
    if (told.json) {
      for (const auto& issue : fhir::each(told.json->root().find("issue"))) {
        why += (why.empty() ? "" : "; ") + std::string(issue.text_of("diagnostics"));
      }
    }
    return Error{Kind::Incorrect, std::to_string(response.status) + (why.empty() ? "" : ": " + why)};
  }

 private:
  std::unique_ptr<ehr::Http> http_;
  std::string token_;
};

int code_of(const Error& error) { return error.kind == Kind::Unavailable ? kUsage : kRefused; }

std::string number_of(const fhir::Node& item, std::string_view name) {
  const auto* value = item.find(name);
  return value == nullptr ? std::string() : std::string(value->text());
}

void print_item(const fhir::Node& item) {
  const auto* urgent = item.find("urgent");
  const bool is_urgent = urgent != nullptr && urgent->text() == "true";
  std::cout << std::right << std::setw(7) << number_of(item, "seq") << "  " << std::left << std::setw(11)
            << item.text_of("state") << std::setw(14) << item.text_of("destination") << std::setw(18)
            << (std::string(item.text_of("artifact")) + (is_urgent ? "!" : "")) << std::setw(23) << item.text_of("rung")
            << std::setw(11) << item.text_of("trouble") << item.text_of("reason") << "\n";
}

void print_head() {
  std::cout << std::right << std::setw(7) << "seq"
            << "  " << std::left << std::setw(11) << "state" << std::setw(14) << "to" << std::setw(18) << "what"
            << std::setw(23) << "way" << std::setw(11) << "trouble"
            << "reason\n";
}

std::string listing_path(const QueueOptions& options, const std::string& before) {
  std::string path = "/admin/outbox?limit=" + std::to_string(options.limit < 500 ? options.limit : 500);
  const auto add = [&path](std::string_view name, const std::string& value) {
    if (!value.empty()) path += "&" + std::string(name) + "=" + encoded(value);
  };
  add("state", options.state == "all" ? "" : options.state);
  add("destination", options.destination);
  add("patient", options.patient);
  add("artifact", options.artifact);
  add("trouble", options.trouble);
  add("before", before);
  return path;
}

// Items by pages until `limit`, or all of them; `each` is told of every one.
template <typename Each>
Result<bool> walk(Desk& desk, const QueueOptions& options, std::size_t limit, Each each) {
  std::string before;
  for (std::size_t count = 0; count < limit;) {
    BHI_TRY(const Told page, desk.ask(ehr::Method::Get, listing_path(options, before)));
    for (const auto& item : fhir::each(page.json->root().find("outbox"))) {
      if (count++ == limit) return true;
      each(item);
    }
    before = number_of(page.json->root(), "next");
    if (before.empty()) return false;
  }
  return true;
}

int list(Desk& desk, const QueueOptions& options) {
  std::string rows;
  std::size_t count = 0;
  if (!options.json) print_head();
  const auto more = walk(desk, options, options.limit, [&](const fhir::Node& item) {
    ++count;
    if (options.json) {
      rows += (rows.empty() ? "" : ",") + fhir::write_json(item);
    } else {
      print_item(item);
    }
  });
  if (!more) return fail(more.error().message, code_of(more.error()));
  if (options.json) {
    std::cout << "{\"outbox\":[" << rows << "]}\n";
  } else {
    std::cout << count << (count == 1 ? " item" : " items") << (*more ? ", there are more (--limit)" : "") << "\n";
  }
  return kFine;
}

int show(Desk& desk, const QueueOptions& options) {
  const auto path = "/admin/outbox/" + std::to_string(options.items.front());
  const auto told = desk.ask(ehr::Method::Get, path + (options.preview ? "" : "?preview=false"));
  if (!told) return fail(told.error().message, code_of(told.error()));
  if (options.json) {
    std::cout << told->body << "\n";
    return kFine;
  }
  const auto& root = told->json->root();
  const auto* item = root.find("item");
  for (const auto& member : item->members()) {
    std::cout << "  " << std::left << std::setw(14) << member.name->text << member.value.text() << "\n";
  }
  if (const auto problem = root.text_of("problem"); !problem.empty()) std::cout << "\nno preview: " << problem << "\n";
  const auto* would = root.find("would");
  if (would == nullptr) return kFine;
  std::cout << "\nDry run: nothing was sent. It would be " << would->text_of("state") << ": "
            << would->text_of("reason") << "\n";
  for (const auto& request : fhir::each(root.find("requests"))) {
    std::cout << "\n" << request.text_of("method") << " " << request.text_of("url") << "\n";
    for (const auto& [name, field] : {std::pair("if_match", "If-Match"), std::pair("if_none_exist", "If-None-Exist")}) {
      if (const auto value = request.text_of(name); !value.empty()) std::cout << field << ": " << value << "\n";
    }
    if (const auto* body = request.find("body")) std::cout << fhir::write_json_pretty(*body) << "\n";
  }
  return kFine;
}

// One act on each of the items; the first that cannot be asked ends it.
int act(Desk& desk, const QueueOptions& options, const std::vector<std::int64_t>& items, const std::string& what,
        const std::string& body) {
  bool all = true;
  for (const auto seq : items) {
    const auto told = desk.ask(ehr::Method::Post, "/admin/outbox/" + std::to_string(seq) + "/" + what, body);
    if (!told && code_of(told.error()) == kUsage) return fail(told.error().message, kUsage);
    all = all && told.ok();
    const auto* item = told ? told->json->root().find("item") : nullptr;
    const std::string after = item == nullptr ? "" : std::string(item->text_of("state"));
    if (options.json) {
      std::cout << service::JsonObject()
                       .number("seq", seq)
                       .flag("done", told.ok())
                       .text_if("state", after)
                       .text_if("problem", told ? "" : told.error().message)
                       .str()
                << "\n";
    } else {
      std::cout << seq << ": " << (told ? "now " + after : told.error().message) << "\n";
    }
  }
  return all ? kFine : kRefused;
}

int release(Desk& desk, QueueOptions options) {
  if (options.all != options.items.empty()) return fail("release: expected numbers of items, or --all", kUsage);
  if (!options.all) return act(desk, options, options.items, "release", {});
  if (options.trouble.empty() && options.destination.empty() && options.artifact.empty()) {
    return fail("release --all: expected --trouble, --destination or --artifact to say which", kUsage);
  }
  options.state = "parked";
  std::vector<std::int64_t> items;
  const auto more = walk(desk, options, SIZE_MAX, [&](const fhir::Node& item) {
    items.insert(items.begin(), std::stoll(number_of(item, "seq")));  // the oldest goes first
  });
  if (!more) return fail(more.error().message, code_of(more.error()));
  if (items.empty()) std::cout << "nothing of that kind is parked\n";
  return act(desk, options, items, "release", {});
}

int replicas(Desk& desk, const QueueOptions& options) {
  const auto told = desk.ask(ehr::Method::Get, "/admin/replicas");
  if (!told) return fail(told.error().message, code_of(told.error()));
  const auto& root = told->json->root();
  if (options.json) {
    std::cout << fhir::write_json(root) << "\n";
    return kFine;
  }
  if (root.find("replicas") == nullptr) {
    std::cout << "one daemon has this store and does everything\n";
    return kFine;
  }
  std::cout << std::left << std::setw(34) << "replica" << std::setw(12) << "partitions" << std::setw(14)
            << "seen, ms ago"
            << "  jobs\n";
  for (const auto& one : fhir::each(root.find("replicas"))) {
    std::string jobs;
    for (const auto& job : fhir::each(one.find("jobs"))) jobs += (jobs.empty() ? "" : " ") + std::string(job.text());
    std::cout << std::left << std::setw(34) << one.text_of("name") << std::setw(12) << number_of(one, "partitions")
              << std::setw(14) << number_of(one, "seen_ms") << "  " << jobs << "\n";
  }
  return kFine;
}

}  // namespace

int run_queue(const QueueOptions& options) {
  ehr::HttpSettings settings;
  settings.base_url = options.url;
  settings.ca_file = options.ca_file;
  settings.cert_file = options.cert_file;
  settings.key_file = options.key_file;
  auto http = ehr::Http::open(settings);
  if (!http) return fail("--url: " + http.error().message, kUsage);
  std::string token;
  if (!options.token_file.empty()) {
    auto read = service::read_secret(options.token_file);
    if (!read) return fail("--token-file: " + read.error().message, kUsage);
    token = *std::move(read);
  }
  Desk desk(*std::move(http), std::move(token));
  using What = QueueOptions::What;
  switch (options.what) {
    case What::List: return list(desk, options);
    case What::Show: return show(desk, options);
    case What::Release: return release(desk, options);
    case What::Discard:
      return act(desk, options, options.items, "discard", service::JsonObject().text("reason", options.reason).str());
    case What::Resolve:
      return act(desk, options, options.items, "resolve", service::JsonObject().text("keep", options.keep).str());
    case What::Filed: return act(desk, options, options.items, "filed", {});
    case What::Replicas: return replicas(desk, options);
  }
  return kUsage;
}

}  // namespace bhi::tools
