#include "service/options_on_call.h"

#include "service/on_call_settings.h"
#include "service/option_texts.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace bhi::service {

namespace {

using S = Settings;

Option row(const std::string& name, std::string_view fallback, std::string expected, std::string meaning, Set<S> set) {
  return option_row<S>("on_call." + name, fallback, std::move(expected), std::move(meaning), std::move(set));
}

Option number(std::string name, std::string_view fallback, std::string meaning, int OnCallSettings::*at, int least,
              int most) {
  return row(name, fallback, "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
             std::move(meaning), [=](S& settings, const Texts& texts) {
               int value = 0;
               if (!read_number(texts.front(), value) || value < least || value > most) return false;
               settings.on_call.*at = value;
               return true;
             });
}

Option path(std::string name, std::string meaning, std::function<std::string&(OnCallSettings&)> at) {
  return row(name, "", "the path of a file", std::move(meaning), [at = std::move(at)](S& settings, const Texts& texts) {
    if (!is_path(texts.front())) return false;
    at(settings.on_call) = texts.front();
    return true;
  });
}

// "https://alerts.example/hook?key=1". Notices hold no patient data, but the address and its token are secrets.
bool is_webhook(std::string_view url) {
  const bool printable = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  if (!printable || url.find('#') != std::string_view::npos || url.size() > 2000) return false;
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return false;
  const auto start = url.find("//") + 2;
  const auto authority = url.substr(start, url.find_first_of("/?", start) - start);
  if (authority.empty() || authority.find('@') != std::string_view::npos) return false;
  if (secure) return true;
  const auto host = authority.starts_with('[') ? authority.substr(0, authority.find(']') + 1)
                                               : authority.substr(0, authority.find(':'));
  return host == "[::1]" || Address{std::string(host), 0}.loopback();
}

Option webhook(std::string name, std::string meaning, OnCallContact OnCallSettings::*contact) {
  Option option = row(std::move(name), "", "an https URL (http on loopback)", std::move(meaning),
                      [contact](S& settings, const Texts& texts) {
                        if (!is_webhook(texts.front())) return false;
                        (settings.on_call.*contact).webhook_url = texts.front();
                        return true;
                      });
  option.secret = true;  // many services put their key into it
  return option;
}

Option command(std::string name, std::string meaning, OnCallContact OnCallSettings::*contact) {
  Option option = row(std::move(name), "", "a list: the absolute path of a program, then its arguments",
                      std::move(meaning), [contact](S& settings, const Texts& texts) {
                        auto& argv = (settings.on_call.*contact).command;
                        argv = texts;
                        return !texts.empty() && std::ranges::none_of(texts, &std::string::empty);
                      });
  option.list = true;
  return option;
}

}  // namespace

std::vector<Option> on_call_options() {
  using O = OnCallSettings;
  return {
      webhook("webhook_url",
              "where a notice is posted (JSON, no patient data) when a safety event could not be delivered or nobody "
              "acknowledged it in time",
              &O::first),
      path("webhook_token_file",
           "file that holds the webhook's bearer token, readable by nobody but its owner; read anew for every notice",
           [](O& o) -> std::string& { return o.first.webhook_token_file; }),
      command("command",
              "program that is run for a notice, beside the webhook or instead of it: no shell, the notice on its "
              "standard input, an environment of PATH alone; any exit code but 0 is a failure",
              &O::first),
      webhook("backup.webhook_url", "the same for who is told when the first does not answer", &O::backup),
      path("backup.webhook_token_file", "the token of that webhook",
           [](O& o) -> std::string& { return o.backup.webhook_token_file; }),
      command("backup.command", "the same, as a program", &O::backup),
      number("repeat_secs", "300", "a notice is repeated so often until the event is acknowledged", &O::repeat_secs, 1,
             86'400),
      number("backup_after_secs", "900",
             "from the first notice until the backup is told too; at once when the first cannot be told",
             &O::backup_after_secs, 1, 86'400),
      number("acknowledge_within_mins", "60",
             "from a positive safety event to a notice that nobody has acknowledged it, though the EHR has it",
             &O::acknowledge_within_mins, 1, 10'080),
      number("undelivered_after_secs", "120",
             "a safety artifact that is not verified at the EHR after so long counts as not delivered; one that is "
             "parked or dead does at once",
             &O::undelivered_after_secs, 1, 86'400),
      number("timeout_secs", "10", "for one request to a webhook, or one run of a command", &O::timeout_secs, 1, 120),
      row("link_base", "", "an http or https URL without user, query and fragment",
          "address under which people reach this adapter, for the link in a notice; without it the link is a path",
          [](S& settings, const Texts& texts) {
            if (!is_base_url(texts.front())) return false;
            settings.on_call.link_base = texts.front();
            return true;
          }),
      path("ca_file", "authorities to trust for the webhooks, as PEM, instead of the system's",
           [](O& o) -> std::string& { return o.ca_file; }),
  };
}

std::vector<std::string> check_on_call(const Settings& settings) {
  const auto& all = settings.on_call;
  std::vector<std::string> mistakes;
  if (all.backup.configured() && !all.first.configured())
    mistakes.push_back("on_call.backup: a backup needs somebody to stand behind; give webhook_url or command");
  for (const auto* contact : {&all.first, &all.backup}) {
    const std::string place = contact == &all.first ? "on_call." : "on_call.backup.";
    if (!contact->webhook_token_file.empty() && contact->webhook_url.empty())
      mistakes.push_back(place + "webhook_token_file: given, but of no meaning without webhook_url");
    if (!contact->command.empty() && !contact->command.front().starts_with('/'))
      mistakes.push_back(place + "command: expected the absolute path of a program first");
  }
  return mistakes;
}

}  // namespace bhi::service
