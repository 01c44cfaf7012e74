// How a notification proves that it is the EHR's: a secret in a header field, or a signature over the bytes of its
// body.
#pragma once

#include "base/result.h"
#include "service/http/message.h"
#include "service/subscription_settings.h"

#include <string>

namespace bhi::service {

// The secret of a file: one line, at least 22 letters, digits and signs of base64 (128 bits), closed to others. No
// colon: Medplum cuts header values at the second one.
Result<std::string> read_hook_secret(const std::string& file);

// "Authorization: Bearer ..." for the Subscription; empty when the secret does not travel in a header.
std::string secret_header(const SubscriptionSettings& settings, const std::string& secret);

// True: proven. False: no secret is configured, so nothing can be. Error Forbidden: it is missing or wrong; the message
// does not say which; Fault: the secret cannot be read. The secret's file is read anew each time, so that a new one
// needs no restart.
Result<bool> proves(const SubscriptionSettings& settings, const http::Request& request);

}  // namespace bhi::service
