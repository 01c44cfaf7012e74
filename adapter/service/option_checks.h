// The kinds of values in the table of options: how a text becomes a value, what is refused, and what is said then.
#pragma once

#include "service/option_texts.h"
#include "service/options.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bhi::service {

template <typename Value>
using Words = std::vector<std::pair<std::string_view, Value>>;

// How a text becomes a value, and how that is said to people.
template <typename Owner>
struct Check {
  std::string expected;
  Set<Owner> set;
  bool list = false;
};

// `at` gives the field of the owner.
template <typename Owner, typename At>
Check<Owner> whole(At at, long long least, long long most) {
  return {"a whole number from " + std::to_string(least) + " to " + std::to_string(most),
          [=](Owner& owner, const Texts& texts) {
            long long number = 0;
            if (!read_number(texts.front(), number) || number < least || number > most) return false;
            at(owner) = static_cast<std::remove_reference_t<decltype(at(owner))>>(number);
            return true;
          }};
}

template <typename Owner, typename At, typename Value>
Check<Owner> one_of(At at, Words<Value> words) {
  std::string expected = "one of";
  for (const auto& [word, value] : words) expected += (word == words.front().first ? " " : ", ") + std::string(word);
  return {expected, [=](Owner& owner, const Texts& texts) {
            const auto found = std::ranges::find(words, texts.front(), &std::pair<std::string_view, Value>::first);
            if (found == words.end()) return false;
            at(owner) = found->second;
            return true;
          }};
}

template <typename Owner, typename At, typename Read>
Check<Owner> read_by(At at, std::string expected, Read read) {
  return {std::move(expected), [=](Owner& owner, const Texts& texts) { return read(texts.front(), at(owner)); }};
}

template <typename Owner, typename At, typename Allowed>
Check<Owner> text_if(At at, std::string expected, Allowed allowed) {
  return {std::move(expected), [=](Owner& owner, const Texts& texts) {
            if (!allowed(texts.front())) return false;
            at(owner) = texts.front();
            return true;
          }};
}

template <typename Owner, typename At>
Check<Owner> path(At at, std::string what) {
  return text_if<Owner>(at, std::move(what), is_path);
}

template <typename Owner, typename At>
Check<Owner> name_text(At at) {
  return text_if<Owner>(at, "a name of letters, digits, '-', '_', '.', at most 64 characters", is_name);
}

// A list of texts that each must pass; repeats count once.
template <typename Owner, typename At>
Check<Owner> list_of(At at, std::string_view expected, bool (*accepts)(std::string_view)) {
  return {std::string(expected),
          [=](Owner& owner, const Texts& texts) {
            std::vector<std::string> list;
            for (const auto& text : texts) {
              if (!accepts(text)) return false;
              if (std::ranges::find(list, text) == list.end()) list.push_back(text);
            }
            at(owner) = std::move(list);
            return true;
          },
          true};
}

}  // namespace bhi::service
