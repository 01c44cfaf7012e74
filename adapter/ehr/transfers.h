// One transfer at a time for whoever asks, several at once on a thread of fibers (base/fibers.h). Inside of `ehr` only.
#pragma once

#include <curl/curl.h>

namespace bhi::ehr {

// As curl_easy_perform(): the handle is done with when this returns.
CURLcode perform(CURL* handle);

}  // namespace bhi::ehr
