#pragma once
// The two sides of the C ABI, told apart: results and errors against our exceptions, structs of their size against
// ours.
//
// Every function that a plugin can call runs in guard(); every result of a plugin goes through check(). Nothing else in
// the host turns one into the other.

#include <lshost/plugin.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace lshost::plugin {

/// What a plugin's negative result means to the host.
[[nodiscard]] ErrorCode code_of_result(std::int32_t result) noexcept;
/// What our failure means to a plugin: LSHOST_CANCELLED, LSHOST_GONE or LSHOST_E_*.
[[nodiscard]] std::int32_t result_of_code(ErrorCode code) noexcept;
/// LSHOST_ERR_* of our failure.
[[nodiscard]] std::uint32_t flags_of_code(ErrorCode code) noexcept;

/// Fills a plugin's error as far as it is there; `err` may be nullptr, or shorter than ours.
void fill_error(lshost_error* err, std::int32_t result, std::uint32_t flags, std::string_view message) noexcept;

/// The sentence in an error that a plugin filled, whether it ends in NUL or not.
[[nodiscard]] std::string message_of(const lshost_error& err);

/// An error to hand to a plugin.
struct ErrorOut : lshost_error {
  ErrorOut() noexcept : lshost_error{} { struct_size = sizeof(lshost_error); }
};

/// Runs what a plugin asked for; whatever leaves `fn` becomes a result and a filled error. `fn` returns a result.
template <class Fn>
std::int32_t guard(lshost_error* err, Fn&& fn) noexcept {
  try {
    return std::forward<Fn>(fn)();
  } catch (const Error& e) {
    const std::int32_t result = result_of_code(e.code());
    if (result < 0) fill_error(err, result, flags_of_code(e.code()), e.what());
    return result;
  } catch (const std::bad_alloc&) {
    fill_error(err, LSHOST_E_NO_MEMORY, LSHOST_ERR_RETRYABLE, "out of memory");
    return LSHOST_E_NO_MEMORY;
  } catch (const std::exception& e) {
    fill_error(err, LSHOST_E_INTERNAL, 0, e.what());
    return LSHOST_E_INTERNAL;
  } catch (...) {
    fill_error(err, LSHOST_E_INTERNAL, 0, "an exception of unknown type");
    return LSHOST_E_INTERNAL;
  }
}

/// Throws Error{the code that fits} with "context: the plugin's sentence" unless `result` is LSHOST_OK.
void check(std::int32_t result, const lshost_error& err, std::string_view context);

/// A struct of the other side in our size: what it does not have is zero. The copy's struct_size is what the other side
/// said, cut to ours. REQUIRES: from != nullptr.
template <class T>
[[nodiscard]] T copy_in(const T* from) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T copy{};
  const std::size_t size = std::min<std::size_t>(from->struct_size, sizeof(T));
  std::memcpy(&copy, from, size);
  copy.struct_size = static_cast<std::uint32_t>(size);
  return copy;
}

/// Fills a struct of the other side as far as it goes; its struct_size stays. Throws Error{invalid} if it is not there
/// or its struct_size was not set.
template <class T>
void copy_out(const T& from, T* to, std::string_view name) {
  static_assert(std::is_trivially_copyable_v<T>);
  constexpr std::size_t kHead = sizeof to->struct_size;
  if (to == nullptr || to->struct_size <= kHead) {
    throw Error(ErrorCode::invalid, std::string(name) + ": struct_size is not set");
  }
  const std::size_t size = std::min<std::size_t>(to->struct_size, sizeof(T));
  std::memcpy(reinterpret_cast<char*>(to) + kHead, reinterpret_cast<const char*>(&from) + kHead, size - kHead);
}

/// Text of the other side: nullptr is "".
[[nodiscard]] inline std::string_view text_of(const char* text) noexcept { return text == nullptr ? "" : text; }

}  // namespace lshost::plugin
