// A value, or the reason why the work could not be done.
// gcc 12 has no std::expected in C++20 mode; this is the little of it that we use.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace bhi {

// What the caller can do about a failure. Closed list; every consequence of a kind is one table (see http_status).
enum class Kind {
  Incorrect,    // the request or input is wrong; repeating it is no use
  Forbidden,    // known caller or content, not allowed
  NotFound,     // the thing asked for is not there
  Conflict,     // somebody else changed it first; re-read and decide again
  Busy,         // too much at the moment; later (retry_after)
  Fault,        // our own side broke
  Unsupported,  // well-formed, but we do not do this
  Unavailable,  // a part outside of us does not answer
};

std::string_view name(Kind kind);
int http_status(Kind kind);

// Messages say what was expected, what was found, and where. They never carry names, notes, tokens or whole resources.
struct Error {
  Kind kind = Kind::Fault;
  std::string message;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return assert(ok()), std::get<0>(held_); }
  const T& value() const& { return assert(ok()), std::get<0>(held_); }
  T&& value() && { return assert(ok()), std::get<0>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return assert(!ok()), std::get<1>(held_); }
  Error&& error() && { return assert(!ok()), std::get<1>(std::move(held_)); }

 private:
  std::variant<T, Error> held_;
};

// Work that gives nothing back but may fail.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return assert(!ok()), *error_; }
  Error&& error() && { return assert(!ok()), std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace bhi

#define BHI_CONCAT_(a, b) a##b
#define BHI_CONCAT(a, b) BHI_CONCAT_(a, b)

// BHI_TRY(const auto map, parse_fml(text));  binds the value, or returns the error from the enclosing function.
#define BHI_TRY(declaration, expression) BHI_TRY_(BHI_CONCAT(bhi_try_, __LINE__), declaration, expression)
#define BHI_TRY_(held, declaration, expression)   \
  auto held = (expression);                       \
  if (!held.ok()) return std::move(held).error(); \
  declaration = std::move(held).value()

// BHI_CHECK(store.commit(batch));  the same for Result<void>.
#define BHI_CHECK(expression) BHI_CHECK_(BHI_CONCAT(bhi_check_, __LINE__), expression)
#define BHI_CHECK_(held, expression) \
  if (auto held = (expression); !held.ok()) return std::move(held).error()
