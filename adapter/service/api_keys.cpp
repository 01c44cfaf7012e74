// The public keys of this adapter, for EHRs that check its signatures.
// https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
#include "service/answers.h"
#include "service/api.h"
#include "service/ehr_auth.h"
#include "service/log.h"

namespace bhi::service {

http::Response Api::key_set(const Call&) {
  const auto keys = key_set_of(parts_.settings);
  if (!keys) {  // which file has which problem is no news for strangers
    log_event(LogLevel::Error, "key set not readable", JsonObject().text("reason", keys.error().message));
    return error_answer(503, "transient", "the key set cannot be read at the moment");
  }
  auto answer = json_answer(200, *keys, "application/jwk-set+json");
  // Short: whoever rotates keys waits for it.
  answer.fields.push_back({"Cache-Control", "public, max-age=300"});
  return answer;
}

}  // namespace bhi::service
