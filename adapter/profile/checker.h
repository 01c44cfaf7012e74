// One item against rules: a walk over the item's elements. What is wrong and what cannot be told is noted with its
// path.
#pragma once

#include "base/arena.h"
#include "fhirpath/expression.h"
#include "fhirpath/items.h"
#include "profile/profiles.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bhi::profile {

// What may be spent: values looked at, and profiles within profiles.
class Effort {
 public:
  bool spend() { return left_ > 0 && --left_ > 0; }
  bool exhausted() const { return left_ == 0; }
  int depth = 0;
  static constexpr int kMostDepth = 32;

 private:
  std::uint32_t left_ = 1'000'000;
};

enum class Match : std::uint8_t { No, Yes, Unknown, Open };  // Open: nothing is asked there

class Checker {
 public:
  Checker(const Profiles& profiles, const fhirpath::Environment& environment, Effort& effort, Verdict& verdict)
      : profiles_(profiles), environment_(environment), effort_(effort), verdict_(verdict) {}

  void conform(const fhirpath::Item& item, const Definition& definition, const std::string& path);

 private:
  using Item = fhirpath::Item;

  void base(const Item& item, const Definition& definition, const std::string& path);
  void structure(const Item& item, const std::string& path);
  void element(const Item& item, const ElementRule& rule, const std::string& path);
  void types(const Item& item, const ElementRule& rule, const std::string& path);
  void profiles(const Item& item, const AllowedType& allowed, const std::string& path);
  void targets(const Item& item, const AllowedType& allowed, const std::string& path);
  void aggregation(const Item& item, const AllowedType& allowed, const std::string& path);
  void values(const Item& item, const ElementRule& rule, const std::string& path);
  void constraints(const Item& item, const ElementRule& rule, const std::string& path);
  void holds(const Item& item, const ExpressionPtr& expression, const std::string& what, const std::string& path);
  void children(const Item& item, const ElementRule& rule, const std::string& path);
  void slices(fhirpath::Collection items, const ElementRule& rule, const std::string& path);
  void count(std::size_t found, const ElementRule& rule, const std::string& path);

  // slicing.cpp
  Match belongs(const Item& item, const ElementRule& sliced, const ElementRule& slice);
  Match fits(const Item& item, const Discriminator& discriminator, const ElementRule& slice);
  Match fits_value(const Item& item, std::string_view path, const ElementRule& slice);
  Match fits_type(const Item& item, const ElementRule& rule, bool resolved);
  Match fits_profile(const Item& item, const ElementRule& rule);
  Match conforms(const Item& item, std::string_view canonical);

  const fhir::TypeInfo* target_type(const Item& reference) const;
  void wrong(const std::string& path, std::string text);
  void unknown(const std::string& path, std::string text);

  const Profiles& profiles_;
  const fhirpath::Environment& environment_;
  Effort& effort_;
  Verdict& verdict_;
  Arena arena_;
  const Definition* definition_ = nullptr;
  Item resource_;
  fhirpath::Environment asking_;  // of invariants: the same with our %resource, and %context as they go
};

// The children of an item by the name of the element, typed.
void collect(const fhirpath::Item& parent, const fhir::Name& name, const fhir::Types& types, fhirpath::Items& out);

}  // namespace bhi::profile
