// lshost/cpp/error.hpp - failures in C++, and the one way in which they cross the ABI.
// SPDX-License-Identifier: MIT
#pragma once

#include <lshost/abi.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace lshost::inline v1 {

/// A failure with what the host needs to react: a code, whether trying again may help, and one sentence for people
/// (lowercase, no full stop, what failed first and then why, no secrets).
class Error : public std::exception {
 public:
  /// `code`: LSHOST_E_*. `flags`: LSHOST_ERR_*.
  Error(std::int32_t code, std::string message, std::uint32_t flags = 0,
        std::chrono::milliseconds retry_after = std::chrono::milliseconds(0))
      : code_(code), flags_(flags), retry_after_(retry_after), message_(std::move(message)) {}

  /// The destination does not answer, and may do so later.
  static Error Retryable(std::string message) {
    return {LSHOST_E_UNAVAILABLE, std::move(message), LSHOST_ERR_RETRYABLE};
  }
  /// The configuration has to be changed.
  static Error Config(std::string message) { return {LSHOST_E_CONFIG, std::move(message), LSHOST_ERR_OPERATOR}; }
  /// Bytes at the destination are not what was stored there.
  static Error Corrupt(std::string message) { return {LSHOST_E_CORRUPT, std::move(message), LSHOST_ERR_OPERATOR}; }
  /// A failed system call: "what: No space left on device".
  static Error Errno(const std::string& what, int err = errno);

  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] std::int32_t Code() const noexcept { return code_; }
  [[nodiscard]] std::uint32_t Flags() const noexcept { return flags_; }
  [[nodiscard]] std::chrono::milliseconds RetryAfter() const noexcept { return retry_after_; }
  [[nodiscard]] bool IsRetryable() const noexcept { return (flags_ & LSHOST_ERR_RETRYABLE) != 0; }

 private:
  std::int32_t code_;
  std::uint32_t flags_;
  std::chrono::milliseconds retry_after_;
  std::string message_;
};

/// The host asked the replica to stop: let it pass, it ends the worker. Not a std::exception, so that a
/// `catch (const std::exception&)` around one round of work does not swallow it.
class Cancelled {};

/// The position asked for does not exist any more: go on with a snapshot of the current generation.
class Gone : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "the position is gone"; }
};

inline Error Error::Errno(const std::string& what, int err) {
  const std::string message = what + ": " + std::generic_category().message(err);
  switch (err) {
    case ENOENT:
    case ENOTDIR:
      return {LSHOST_E_NOT_FOUND, message, LSHOST_ERR_RETRYABLE};
    case EACCES:
    case EPERM:
    case EROFS:
      return {LSHOST_E_DENIED, message, LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR};
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {LSHOST_E_NO_SPACE, message, LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR};
    case EINVAL:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return {LSHOST_E_INVALID, message, LSHOST_ERR_OPERATOR};
    default:
      return {LSHOST_E_IO, message, LSHOST_ERR_RETRYABLE};
  }
}

namespace detail {

/// A struct of the other side in our size: what an older one does not have is zero. Its struct_size is what was said,
/// cut to ours.
template <class T>
[[nodiscard]] T CopyIn(const T& from) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T copy{};
  const std::size_t size = std::min<std::size_t>(from.struct_size, sizeof(T));
  std::memcpy(&copy, &from, size);
  copy.struct_size = static_cast<std::uint32_t>(size);
  return copy;
}

/// An lshost_error to hand to the other side.
struct ErrorOut : lshost_error {
  ErrorOut() noexcept : lshost_error{} { struct_size = sizeof(lshost_error); }
};

/// Cuts a sentence to at most `size` bytes without cutting a character in two.
inline std::string_view CutText(std::string_view text, std::size_t size) noexcept {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

/// Fills the other side's error, as far as it is there.
inline void FillError(lshost_error* err, std::int32_t code, std::uint32_t flags, std::chrono::milliseconds retry_after,
                      std::string_view message) noexcept {
  constexpr std::size_t kHead = offsetof(lshost_error, message);
  if (err == nullptr || err->struct_size <= kHead) return;
  err->code = code;
  err->flags = flags;
  err->retry_after_ms =
      static_cast<std::uint32_t>(std::clamp<std::chrono::milliseconds::rep>(retry_after.count(), 0, UINT32_MAX));
  const std::size_t room = std::min<std::size_t>(err->struct_size - kHead, sizeof err->message);
  const std::string_view text = CutText(message, room - 1);
  std::memcpy(err->message, text.data(), text.size());
  err->message[text.size()] = '\0';
}

/// Thrown through a listing when the host has seen enough; Guard turns it into what the host's sink said.
struct SinkStopped {
  std::int32_t result;
};

/// C++ to C: runs `fn`; whatever leaves it becomes a result and a filled error. Nothing ever escapes.
template <class Fn>
std::int32_t Guard(lshost_error* err, Fn&& fn) noexcept {
  constexpr std::chrono::milliseconds kNotSaid(0);
  try {
    std::forward<Fn>(fn)();
    return LSHOST_OK;
  } catch (const Cancelled&) {
    return LSHOST_CANCELLED;
  } catch (const Gone&) {
    return LSHOST_GONE;
  } catch (const SinkStopped& stopped) {
    return stopped.result;
  } catch (const Error& e) {
    const std::int32_t code = e.Code() < 0 ? e.Code() : LSHOST_E_INTERNAL;
    FillError(err, code, e.Flags(), e.RetryAfter(), e.what());
    return code;
  } catch (const std::bad_alloc&) {
    FillError(err, LSHOST_E_NO_MEMORY, LSHOST_ERR_RETRYABLE, kNotSaid, "out of memory");
    return LSHOST_E_NO_MEMORY;
  } catch (const std::exception& e) {
    FillError(err, LSHOST_E_INTERNAL, 0, kNotSaid, e.what());
    return LSHOST_E_INTERNAL;
  } catch (...) {
    FillError(err, LSHOST_E_INTERNAL, 0, kNotSaid, "an exception of unknown type");
    return LSHOST_E_INTERNAL;
  }
}

/// C to C++: returns LSHOST_OK, LSHOST_END or LSHOST_TIMEOUT; throws Cancelled, Gone or Error for the rest.
inline std::int32_t Check(std::int32_t result, const lshost_error& err) {
  if (result == LSHOST_CANCELLED) throw Cancelled{};
  if (result == LSHOST_GONE) throw Gone{};
  if (result >= 0) return result;
  throw Error(result, err.message[0] != '\0' ? err.message : "the host gave no reason", err.flags,
              std::chrono::milliseconds(err.retry_after_ms));
}

}  // namespace detail
}  // namespace lshost::inline v1
