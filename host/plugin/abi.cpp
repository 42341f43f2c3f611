#include "plugin/abi.hpp"

namespace lshost::plugin {

ErrorCode code_of_result(std::int32_t result) noexcept {
  switch (result) {
    case LSHOST_CANCELLED:
      return ErrorCode::cancelled;
    case LSHOST_GONE:
      return ErrorCode::gone;
    case LSHOST_E_INVALID:
    case LSHOST_E_CONFIG:
    case LSHOST_E_EXISTS:
      return ErrorCode::invalid;
    case LSHOST_E_NOT_FOUND:
      return ErrorCode::not_found;
    case LSHOST_E_DENIED:
      return ErrorCode::denied;
    case LSHOST_E_UNAVAILABLE:
    case LSHOST_E_IO:
    case LSHOST_E_NO_MEMORY:
    case LSHOST_TIMEOUT:
      return ErrorCode::transient;
    case LSHOST_E_NO_SPACE:
      return ErrorCode::no_space;
    case LSHOST_E_CORRUPT:
      return ErrorCode::corrupt;
    case LSHOST_E_UNSUPPORTED:
      return ErrorCode::unsupported;
    default:
      return ErrorCode::internal;  // also results of a later minor version
  }
}

std::int32_t result_of_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid:
      return LSHOST_E_INVALID;
    case ErrorCode::not_found:
      return LSHOST_E_NOT_FOUND;
    case ErrorCode::corrupt:
      return LSHOST_E_CORRUPT;
    case ErrorCode::transient:
      return LSHOST_E_IO;
    case ErrorCode::no_space:
      return LSHOST_E_NO_SPACE;
    case ErrorCode::denied:
      return LSHOST_E_DENIED;
    case ErrorCode::gone:
      return LSHOST_GONE;
    case ErrorCode::cancelled:
      return LSHOST_CANCELLED;
    case ErrorCode::unsupported:
      return LSHOST_E_UNSUPPORTED;
    case ErrorCode::internal:
      return LSHOST_E_INTERNAL;
  }
  return LSHOST_E_INTERNAL;
}

std::uint32_t flags_of_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::transient:
      return LSHOST_ERR_RETRYABLE;
    case ErrorCode::no_space:
    case ErrorCode::denied:
      return LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR;
    case ErrorCode::invalid:
      return LSHOST_ERR_OPERATOR;
    case ErrorCode::not_found:
    case ErrorCode::corrupt:
    case ErrorCode::gone:
    case ErrorCode::cancelled:
    case ErrorCode::unsupported:
    case ErrorCode::internal:
      return 0;
  }
  return 0;
}

namespace {

/// At most `size` bytes of a text, not ending inside a UTF-8 character.
std::string_view cut(std::string_view text, std::size_t size) noexcept {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace

void fill_error(lshost_error* err, std::int32_t result, std::uint32_t flags, std::string_view message) noexcept {
  constexpr std::size_t kHead = offsetof(lshost_error, message);
  if (err == nullptr || err->struct_size <= kHead) return;
  err->code = result;
  err->flags = flags;
  err->retry_after_ms = 0;
  const std::size_t room = std::min<std::size_t>(err->struct_size - kHead, sizeof err->message);
  const std::string_view text = cut(message, room - 1);
  std::memcpy(err->message, text.data(), text.size());
  err->message[text.size()] = '\0';
}

std::string message_of(const lshost_error& err) { return {err.message, ::strnlen(err.message, sizeof err.message)}; }

void check(std::int32_t result, const lshost_error& err, std::string_view context) {
  if (result == LSHOST_OK) return;
  std::string reason = message_of(err);
  if (result == LSHOST_CANCELLED) reason = "stopped";
  if (result == LSHOST_GONE) reason = "the position is gone";
  if (reason.empty()) reason = "the plugin gave no reason (result " + std::to_string(result) + ")";
  throw Error(code_of_result(result), std::string(context) + ": " + reason);
}

}  // namespace lshost::plugin
