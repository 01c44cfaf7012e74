#include "ehr/transfers.h"

#include "base/fibers.h"

#include <memory>
#include <unordered_map>

namespace bhi::ehr {

namespace {

struct MultiCloser {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};

// The transfers of one thread. They share its connections.
class Transfers final : public Gathering {
 public:
  CURLcode perform(Fibers& fibers, CURL* handle) {
    if (!multi_) return CURLE_OUT_OF_MEMORY;
    Transfer transfer{fibers.self(), CURLE_OK};
    if (curl_multi_add_handle(multi_.get(), handle) != CURLM_OK) return CURLE_FAILED_INIT;
    open_.emplace(handle, &transfer);
    fibers.pause();
    return transfer.result;
  }

  void attend(Fibers& fibers, std::chrono::milliseconds patience) override {
    if (patience.count() > 0) {
      curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(patience.count()), nullptr);
    }
    int running = 0;
    const CURLMcode code = curl_multi_perform(multi_.get(), &running);
    if (code != CURLM_OK) return end_all(fibers);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) end(fibers, message->easy_handle, message->data.result);
    }
  }

  bool anybody() const override { return !open_.empty(); }
  bool comes_from_outside() const override { return true; }

 private:
  struct Transfer {
    Fibers::Fiber* fiber;
    CURLcode result;
  };

  void end(Fibers& fibers, CURL* handle, CURLcode result) {
    curl_multi_remove_handle(multi_.get(), handle);  // the message is gone with it
    const auto found = open_.find(handle);
    if (found == open_.end()) return;
    found->second->result = result;
    fibers.wake(found->second->fiber);
    open_.erase(found);
  }

  // libcurl itself is in trouble (memory): whatever was on its way is lost.
  void end_all(Fibers& fibers) {
    while (!open_.empty()) end(fibers, open_.begin()->first, CURLE_OUT_OF_MEMORY);
  }

  std::unique_ptr<CURLM, MultiCloser> multi_{curl_multi_init()};
  std::unordered_map<CURL*, Transfer*> open_;
};

}  // namespace

CURLcode perform(CURL* handle) {
  static const char owner = 0;
  Fibers* fibers = Fibers::here();
  if (fibers == nullptr) return curl_easy_perform(handle);
  return fibers->gathering<Transfers>(&owner).perform(*fibers, handle);
}

}  // namespace bhi::ehr
