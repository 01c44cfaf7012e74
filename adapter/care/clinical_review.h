// Every fact in the tables of this room that no public source confirms and a clinician should look at before it is
// relied on: for a console to show, and to count.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

struct ReviewFlag {
  std::string table;  // instrument | watch-rule | pair-rule | long-use-rule | dose-limit | target | policy
  std::string row;    // id in that table: "c-ssrs-screener"
  std::string fact;   // in words
  bool operator==(const ReviewFlag&) const = default;
};

// In the order of the tables.
std::vector<ReviewFlag> facts_for_review();

bool needs_review(std::string_view table, std::string_view row);

}  // namespace bhi::care
