// Where files lie that a person files by hand at an EHR: each with a signature beside it, readable by us alone.
//
//   NAME.json      the Bundle (flow/terms.h, OutboxFile)
//   NAME.json.jws  over its bytes: a JWS in the compact form with detached content (RFC 7515, appendix F), by the
//                  key whose public half stands in /.well-known/jwks.json
#pragma once

#include "base/result.h"
#include "ehr/signing_key.h"
#include "flow/terms.h"
#include "service/writing_settings.h"

#include <string>
#include <string_view>

namespace bhi::service {

// "HEADER..SIGNATURE"
Result<std::string> detached_jws(const ehr::SigningKey& key, std::string_view content);

// The key of the outbox files, read anew each time. Errors: those of a secret file and of SigningKey.
Result<ehr::SigningKey> outbox_key(const WritingOptions& options);

// Both files are durable when it returns; the same again overwrites them. The name of the file.
Result<std::string> write_outbox_file(const WritingOptions& options, const flow::OutboxFile& file);

}  // namespace bhi::service
