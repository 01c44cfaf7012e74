// How a source shows the EHR who we are: from the configuration to tokens, keys and certificates.
#pragma once

#include "base/result.h"
#include "ehr/signing_key.h"
#include "ehr/token_source.h"
#include "service/settings.h"

#include <memory>
#include <string>
#include <vector>

namespace bhi::service {

// A secret of one line: its file closed to others, its text printable, white space at the end left off.
Result<std::string> read_secret(const std::string& file);

// The keys of a source in their order: the first one signs, all are published. Read anew with each call, so that a
// replaced file needs no restart. Error: names the option and the file's problem, never its content.
Result<std::vector<ehr::SigningKey>> read_keys(const SourceSettings& source);

// The public halves of all sources' keys as a JSON Web Key Set.
Result<std::string> key_set_of(const Settings& settings);

// What a source asks the EHR to be allowed: to read what it polls and, with write_back, to write what we write.
std::vector<ehr::ScopeLane> lanes_of(const SourceSettings& source);

// For smart and client secrets; null for the other types. Opens no connection yet.
std::shared_ptr<ehr::TokenSource> token_source_of(const SourceSettings& source);

// TLS, timeouts and origin of requests to this source's EHR.
ehr::HttpSettings http_of(const SourceSettings& source);

}  // namespace bhi::service
