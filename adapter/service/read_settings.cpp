#include "service/read_settings.h"

#include "service/options.h"
#include "service/options_on_call.h"
#include "service/options_privacy.h"
#include "service/options_subscriptions.h"
#include "service/options_writing.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>
#include <vector>

namespace bhi::service {

namespace {

struct Mistake {
  int line = 0;
  int column = 0;
  std::string text;
};

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 60)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out + (text.size() > 60 ? "...'" : "'");
}

// Least number of single-letter edits; swapped neighbours count once.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

// Names that may stand directly under a section ("" or "sources[]."): options and further sections.
std::set<std::string> names_under(const std::string& section) {
  std::set<std::string> names;
  for (const auto& option : options()) {
    if (!option.path.starts_with(section)) continue;
    const auto rest = option.path.substr(section.size());
    names.insert(rest.substr(0, rest.find_first_of(".[")));
  }
  return names;
}

// What was meant by `name`: "did you mean ..."; empty when nothing is near.
std::string suggestion(const std::vector<std::string>& candidates, std::string_view name) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const bool begins = name.size() >= 3 && (candidate.starts_with(name) || name.starts_with(candidate));
    const auto far = begins ? 1 : distance(name, candidate);
    if (far < least) least = far, best = candidate;
  }
  return best.empty() ? "" : "did you mean `" + best + "`?";
}

std::string suggestion(const std::string& section, std::string_view name) {
  const auto names = names_under(section);
  const auto one = suggestion(std::vector(names.begin(), names.end()), name);
  if (!one.empty()) return one;
  std::string known;
  for (const auto& candidate : names) known += (known.empty() ? "known here: " : ", ") + candidate;
  return known;
}

class Reader {
 public:
  Settings read(const YAML::Node& root) {
    Settings settings;
    apply_defaults(settings);
    if (!root.IsMap()) {
      add(root, "expected options as `name: value`, found " + what(root));
      return settings;
    }
    read_section(root, "", "", settings);
    check_whole(settings, root);
    settle_privacy(settings);
    return settings;
  }

  std::vector<Mistake> mistakes;

 private:
  static std::string what(const YAML::Node& node) {
    if (!node.IsDefined() || node.IsNull()) return "nothing";
    if (node.IsMap()) return "a mapping";
    if (node.IsSequence()) return "a list";
    return quoted(node.Scalar());
  }

  void add(const YAML::Node& node, std::string text) {
    const auto mark = node.Mark();
    mistakes.push_back({mark.is_null() ? 1 : mark.line + 1, mark.is_null() ? 1 : mark.column + 1, std::move(text)});
  }

  // `section` as in the table ("sources[]."), `shown` as in the file ("sources[0].").
  template <typename Owner>
  void read_section(const YAML::Node& map, const std::string& section, const std::string& shown, Owner& owner) {
    std::set<std::string> seen;
    for (const auto& pair : map) {
      if (!pair.first.IsScalar()) {
        add(pair.first, shown + ": expected the name of an option, found " + what(pair.first));
        continue;
      }
      const auto& name = pair.first.Scalar();
      if (!seen.insert(name).second) {
        add(pair.first, shown + name + ": stands here twice");
        continue;
      }
      read_member(pair.first, pair.second, section, shown, name, owner);
    }
    for (const auto& option : options()) {
      if (!option.required || !option.path.starts_with(section)) continue;
      const auto rest = option.path.substr(section.size());
      if (rest.find('[') != std::string::npos) continue;
      const auto first = rest.substr(0, rest.find('.'));
      if (seen.contains(first)) continue;  // a section that is there reports its own gaps
      add(map, shown + rest + ": required, not given; expected " + option.expected);
    }
  }

  template <typename Owner>
  void read_member(const YAML::Node& key, const YAML::Node& value, const std::string& section, const std::string& shown,
                   const std::string& name, Owner& owner) {
    const auto path = section + name;
    const auto option = std::ranges::find(options(), path, &Option::path);
    if (option != options().end()) {
      if (const auto* set = std::get_if<Set<Owner>>(&option->set))
        read_value(value, *option, shown + name, *set, owner);
    } else if (has_prefix(path + ".")) {
      if (value.IsMap()) {
        read_section(value, path + ".", shown + name + ".", owner);
      } else if (!value.IsNull()) {
        add(value, shown + name + ": expected a mapping, found " + what(value));
      }
    } else if (has_prefix(path + "[]")) {
      read_list(value, path + "[].", shown + name, owner);
    } else {
      add(key, shown + name + ": unknown option; " + suggestion(section, name));
    }
  }

  static bool has_prefix(const std::string& prefix) {
    return std::ranges::any_of(options(), [&](const Option& option) { return option.path.starts_with(prefix); });
  }

  template <typename Owner>
  void read_value(const YAML::Node& value, const Option& option, const std::string& shown, const Set<Owner>& set,
                  Owner& owner) {
    Texts texts;
    bool good = option.list ? value.IsSequence() : value.IsScalar();
    if (value.IsScalar()) texts.push_back(value.Scalar());
    if (value.IsSequence() && option.list) {
      for (const auto& element : value) {
        if (!element.IsScalar() || !set(owner, {element.Scalar()})) {
          const auto meant = element.IsScalar() ? suggestion(option.words, element.Scalar()) : "";
          add(element, shown + ": expected " + option.expected + ", found " + what(element) +
                           (meant.empty() ? "" : "; " + meant));
          return;
        }
        texts.push_back(element.Scalar());
      }
    }
    good = good && set(owner, texts);
    if (good) return;
    const auto found =
        option.secret && value.IsScalar() ? std::to_string(value.Scalar().size()) + " characters" : what(value);
    add(value, shown + ": expected " + option.expected + ", found " + found);
  }

  void read_list(const YAML::Node& list, const std::string& section, const std::string& shown, Settings& settings) {
    if (list.IsNull()) return;
    if (!list.IsSequence()) {
      add(list, shown + ": expected a list (each item behind a '-'), found " + what(list));
      return;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& item = list[i];
      const auto place = shown + "[" + std::to_string(i) + "]";
      if (!item.IsMap()) {
        add(item, place + ": expected a mapping, found " + what(item));
      } else if (section == "tokens[].") {
        apply_defaults(settings.tokens.emplace_back());
        read_section(item, section, place + ".", settings.tokens.back());
        check_token(settings, item, place);
      } else {
        apply_defaults(settings.sources.emplace_back());
        read_section(item, section, place + ".", settings.sources.back());
        check_source(settings, item, place);
      }
    }
  }
  void read_list(const YAML::Node& list, const std::string& section, const std::string& shown, SourceSettings& source) {
    if (list.IsNull()) return;
    if (!list.IsSequence()) {
      add(list, shown + ": expected a list (each item behind a '-'), found " + what(list));
      return;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto place = shown + "[" + std::to_string(i) + "]";
      apply_defaults(source.subscriptions.emplace_back());
      if (list[i].IsMap()) {
        read_section(list[i], section, place + ".", source.subscriptions.back());
      } else {
        add(list[i], place + ": expected a mapping, found " + what(list[i]));
      }
    }
  }
  // Other lists of mappings stand nowhere.
  template <typename Owner>
  void read_list(const YAML::Node& list, const std::string&, const std::string& shown, Owner&) {
    add(list, shown + ": a list is not expected here");
  }

  void check_token(const Settings& settings, const YAML::Node& item, const std::string& place) {
    const auto& token = settings.tokens.back();
    for (auto other = settings.tokens.begin(); &*other != &token; ++other) {
      if (!token.name.empty() && other->name == token.name) add(item, place + ".name: used by another token");
      if (token.hash != Digest{} && other->hash == token.hash) add(item, place + ".hash: the same token twice");
    }
    if (!token.source.empty() && token.role != Role::Ehr) add(item, place + ".source: only for role `ehr`");
    if (!token.member.empty() && token.role != Role::BhiApp) add(item, place + ".member: only for role `bhi-app`");
    static const Digest kEmpty = sha256("");
    if (token.hash == kEmpty) add(item, place + ".hash: this is the hash of an empty token");
  }

  void check_bulk(const SourceSettings& source, const YAML::Node& item, const std::string& place) {
    const auto& bulk = source.bulk;
    if (bulk.use == BulkUse::Off) return;
    if (source.base_url.empty()) add(item, place + ".bulk.use: needs a base_url to export from");
    const bool group = bulk.level == flow::BulkLevel::Group;
    if (group && bulk.group.empty() && source.cohort_group.empty()) {
      add(item, place + ".bulk.group: required for bulk.level `group`");
    }
    if (!group && !bulk.group.empty()) add(item, place + ".bulk.group: belongs to bulk.level `group`");
    for (const auto& origin : bulk.file_origins) {
      if (is_plain(origin)) add(item, place + ".bulk.file_origins: expected https (http is for loopback)");
    }
  }

  void check_source(Settings& settings, const YAML::Node& item, const std::string& place) {
    const auto& source = settings.sources.back();
    for (auto other = settings.sources.begin(); &*other != &source; ++other) {
      if (!source.name.empty() && other->name == source.name) add(item, place + ".name: used by another source");
    }
    if (source.name == "bhi") add(item, place + ".name: 'bhi' is the BHI side itself");
    for (auto other = settings.sources.begin(); &*other != &source; ++other) {
      if (!source.drop_folder.empty() && other->drop_folder == source.drop_folder)
        add(item, place + ".drop_folder: used by another source");
    }
    check_auth(source, item, place);
    check_bulk(source, item, place);
    if ((source.cohort == CohortType::List) != !source.cohort_file.empty()) {
      add(item, place + ".cohort.file: belongs to cohort.type `list`");
    }
    if ((source.cohort == CohortType::Group) != !source.cohort_group.empty()) {
      add(item, place + ".cohort.group: belongs to cohort.type `group`");
    }
    if ((source.cohort == CohortType::Search) != !source.cohort_search.empty()) {
      add(item, place + ".cohort.search: belongs to cohort.type `search`");
    }
    settings.sources.back().types_listed = item["types"].IsDefined();
    for (const auto& mistake : check_writing(source)) add(item, place + "." + mistake);
    if (source.base_url.empty() && source.write_back) add(item, place + ".write_back: needs a base_url to write to");
    const bool plain = is_plain(source.base_url);
    if (plain && source.auth.type != AuthType::None) {
      add(item, place + ".base_url: a token goes over https only (http is for loopback)");
    } else if (plain && !source.allow_plain_http) {
      add(item, place + ".base_url: http is for loopback; use https (or allow_plain_http: true)");
    }
  }

  // Which options belong to which type of authorisation: needed, or of no meaning there.
  void check_auth(const SourceSettings& source, const YAML::Node& item, const std::string& place) {
    const auto& auth = source.auth;
    const bool bearer = auth.type == AuthType::Bearer;
    const bool smart = auth.type == AuthType::Smart;
    const bool secret = auth.type == AuthType::SecretBasic || auth.type == AuthType::SecretPost;
    struct Rule {
      const char* option;
      bool given, allowed, needed;
    };
    const Rule rules[] = {
        {"token_file", !auth.token_file.empty(), bearer, bearer},
        {"client_id", !auth.client_id.empty(), smart || secret, smart || secret},
        {"secret_file", !auth.secret_file.empty(), secret, secret},
        {"key_files", !auth.key_files.empty(), smart, smart},
        {"key_ids", !auth.key_ids.empty(), smart, false},
        {"jwks_url", !auth.jwks_url.empty(), smart, false},
        {"token_url", !auth.token_url.empty(), smart || secret, false},
        {"scopes", !auth.scopes.empty(), smart || secret, false},
        {"more_scopes", !auth.more_scopes.empty(), smart || secret, false},
    };
    for (const Rule& rule : rules) {
      const auto option = place + ".auth." + rule.option;
      if (rule.needed && !rule.given) add(item, option + ": required for this auth.type");
      if (rule.given && !rule.allowed) add(item, option + ": given, but of no meaning for this auth.type");
    }
    if (!auth.key_ids.empty() && auth.key_ids.size() != auth.key_files.size()) {
      add(item, place + ".auth.key_ids: expected one for each of key_files");
    }
    if (is_plain(auth.token_url)) add(item, place + ".auth.token_url: expected https (http is for loopback)");
    if (source.tls.cert_file.empty() != source.tls.key_file.empty()) {
      add(item, place + ".tls: cert_file and key_file belong together");
    }
    const bool away = source.base_url.starts_with("https://") && !is_local(source.base_url);
    if (away && auth.type == AuthType::None && source.tls.cert_file.empty()) {
      add(item, place + ".auth.type: `none` is for loopback and mutual TLS");
    }
  }

  static bool is_plain(std::string_view url) { return url.starts_with("http://") && !is_local(url); }

  static bool is_local(std::string_view url) {
    const auto start = url.find("//") + 2;
    auto host = url.substr(start, url.find('/', start) - start);
    if (host.starts_with('[')) return host.starts_with("[::1]");
    return Address{std::string(host.substr(0, host.find(':'))), 0}.loopback();
  }

  void check_whole(const Settings& settings, const YAML::Node& root) {
    if (!settings.listen.loopback() && settings.tokens.empty()) {
      add(root["listen"].IsDefined() ? root["listen"] : root,
          "listen: " + settings.listen.text() + " is not loopback, so at least one entry in `tokens` is required");
    }
    if (settings.listen.port != 0 && settings.listen.text() == settings.management.text()) {
      add(root["management"].IsDefined() ? root["management"] : root, "management: the same address as `listen`");
    }
    for (auto& mistake : check_on_call(settings)) add(root["on_call"], std::move(mistake));
    for (const auto& mistake : check_subscriptions(settings)) {
      const auto place = "sources[" + std::to_string(mistake.source) + "].subscriptions[" +
                         std::to_string(mistake.subscription) + "].";
      add(root["sources"][mistake.source]["subscriptions"][mistake.subscription], place + mistake.text);
    }
    for (std::size_t i = 0; i < settings.tokens.size(); ++i) {
      const auto& named = settings.tokens[i].source;
      if (!named.empty() && find_source(settings, named) == nullptr) {
        add(root["tokens"][i], "tokens[" + std::to_string(i) + "].source: no source is named " + quoted(named));
      }
    }
  }
};

Error joined(std::vector<Mistake> mistakes, std::string_view file) {
  std::ranges::stable_sort(mistakes, {}, [](const Mistake& m) { return std::pair(m.line, m.column); });
  std::string text;
  for (const auto& mistake : mistakes) {
    if (!text.empty()) text += '\n';
    text += std::string(file) + ":" + std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " +
            mistake.text;
  }
  return Error{Kind::Incorrect, text};
}

}  // namespace

Result<Settings> read_settings(std::string_view text, std::string_view file) {
  try {
    const auto documents = YAML::LoadAll(std::string(text));
    if (documents.size() != 1) {
      return Error{Kind::Incorrect,
                   std::string(file) + ":1:1: expected one YAML document, found " + std::to_string(documents.size())};
    }
    Reader reader;
    auto settings = reader.read(documents.front());
    if (!reader.mistakes.empty()) return joined(std::move(reader.mistakes), file);
    return settings;
  } catch (const YAML::Exception& problem) {
    return joined({{problem.mark.line + 1, problem.mark.column + 1, "not valid YAML: " + problem.msg}}, file);
  }
}

}  // namespace bhi::service
