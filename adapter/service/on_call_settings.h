// Who is told when a safety event reached nobody: the options `on_call.*` as values.
#pragma once

#include <string>
#include <vector>

namespace bhi::service {

// One way to reach a person: a webhook, a command, or both. Neither: nobody is there.
struct OnCallContact {
  std::string webhook_url;
  std::string webhook_token_file;    // bearer token of the webhook; empty: none is sent
  std::vector<std::string> command;  // program and arguments, no shell

  bool configured() const { return !webhook_url.empty() || !command.empty(); }
};

struct OnCallSettings {
  OnCallContact first;
  OnCallContact backup;
  std::string link_base;  // under which people reach us: "https://bhi.example"; empty: links are paths
  std::string ca_file;    // authorities to trust for the webhooks; empty: the system's
  int repeat_secs = 0;
  int backup_after_secs = 0;        // from the first try
  int acknowledge_within_mins = 0;  // from when the event was raised
  int undelivered_after_secs = 0;   // from when its delivery was queued
  int timeout_secs = 0;             // of one request or command
};

}  // namespace bhi::service
