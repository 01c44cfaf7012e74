// Figures: one table, well-formed names, and what is counted is shown.
#include "service/metrics.h"

#include <gtest/gtest.h>

#include <set>

namespace bhi::service {
namespace {

TEST(Metrics, AreNamedAsAgreed) {
  std::set<std::string> names;
  for (const auto& row : metric_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.name.starts_with("bhi_")) << row.name;
    EXPECT_EQ(row.name.ends_with("_total"), row.form == MetricInfo::Form::Counter) << row.name;
    EXPECT_FALSE(row.help.empty());
  }
}

TEST(Metrics, ShowWhatWasCountedSetAndObserved) {
  Metrics metrics;
  metrics.count(Metric::HttpRequests, 2, {"GET", "/care/patients/{id}", "200"});
  metrics.set(Metric::LanesPending, 7);
  metrics.observe(Metric::CommitSeconds, std::chrono::microseconds(1500), {"accept"});
  const auto text = metrics.text();
  EXPECT_NE(text.find(R"(bhi_http_requests_total{method="GET",route="/care/patients/{id}",status="200"} 2)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("bhi_lanes_pending 7"), std::string::npos);
  EXPECT_NE(text.find(R"(bhi_store_commit_seconds_bucket{act="accept",le="0.0025"} 1)"), std::string::npos) << text;
  EXPECT_NE(text.find("bhi_quarantined_items_total 0"), std::string::npos) << "a counter shows before it counts";
}

}  // namespace
}  // namespace bhi::service
