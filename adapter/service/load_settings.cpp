// Settings from a file, and a look at what they name: folders, secrets, keys, forms.
#include "service/ehr_auth.h"
#include "service/files.h"
#include "service/hook_secret.h"
#include "service/outbox_folder.h"
#include "service/read_forms.h"
#include "service/read_settings.h"
#include "service/store_keys.h"
#include "store/open_store.h"

#include <cstddef>
#include <string>

namespace bhi::service {

Result<void> check_files(const Settings& settings) {
  std::string mistakes;
  const auto note = [&](const std::string& where, const Result<void>& found) {
    if (!found.ok()) mistakes += (mistakes.empty() ? "" : "\n") + where + ": " + found.error().message;
  };
  note("store.path", store::is_postgres(settings.store_path) ? store::check_address(settings.store_path)
                                                             : check_folder_of(settings.store_path));
  if (!settings.assets.empty()) note("assets", check_folder(settings.assets));
  if (!settings.maps_folder.empty()) note("maps.folder", check_folder(settings.maps_folder));
  if (const auto keys = read_store_keys(settings.store_key_files); !keys.ok()) {
    mistakes += (mistakes.empty() ? "" : "\n") + std::string("store.key_files: ") + keys.error().message;
  }
  if (const auto forms = load_forms(settings.forms_file); !forms.ok()) {
    mistakes += (mistakes.empty() ? "" : "\n") + std::string("policy.forms: ") + forms.error().message;
  }
  for (const auto* contact : {&settings.on_call.first, &settings.on_call.backup}) {
    const auto& file = contact->webhook_token_file;
    if (!file.empty()) note("on_call: webhook_token_file", check_secret_file(file));
  }
  for (std::size_t i = 0; i < settings.sources.size(); ++i) {
    const auto& source = settings.sources[i];
    const auto place = "sources[" + std::to_string(i) + "].";
    if (!source.drop_folder.empty()) note(place + "drop_folder", check_folder(source.drop_folder));
    if (!source.writing.outbox_folder.empty())
      note(place + "writing.outbox_folder", check_folder(source.writing.outbox_folder));
    const auto secret = [&](const char* option, const std::string& file) {
      if (!file.empty()) note(place + option, check_secret_file(file));
    };
    if (!source.writing.outbox_key_file.empty()) {
      const auto key = outbox_key(source.writing);
      note(place + "writing.outbox_key_file", key.ok() ? Result<void>() : key.error());
    }
    secret("auth.token_file", source.auth.token_file);
    secret("auth.secret_file", source.auth.secret_file);
    secret("tls.key_file", source.tls.key_file);
    for (std::size_t j = 0; j < source.subscriptions.size(); ++j) {
      const auto& file = source.subscriptions[j].secret_file;
      if (file.empty()) continue;
      const auto read = read_hook_secret(file);
      note(place + "subscriptions[" + std::to_string(j) + "].secret_file", read.ok() ? Result<void>() : read.error());
    }
    if (const auto keys = read_keys(source); !keys) note(place + "auth.key_files", keys.error());
  }
  if (mistakes.empty()) return {};
  return Error{Kind::Incorrect, mistakes};
}

Result<Settings> load_settings(const std::string& file) {
  BHI_TRY(const auto text, read_file(file));
  BHI_TRY(auto settings, read_settings(text, file));
  BHI_CHECK(check_files(settings));
  return settings;
}

}  // namespace bhi::service
