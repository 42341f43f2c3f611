#include "engine/errors.hpp"

// The order matters: once both headers are read, lshost::Error means two classes.
// clang-format off
#include "base/error.hpp"
namespace {
using HostError = lshost::Error;
using HostCode = lshost::ErrorCode;
}  // namespace
#include <lshost/cpp/error.hpp>
// clang-format on

namespace lshost::engine {
namespace {

using SdkError = lshost::v1::Error;

SdkError translated(const HostError& e) {
  switch (e.code()) {
    case HostCode::invalid:
      return {LSHOST_E_INVALID, e.what(), LSHOST_ERR_OPERATOR};
    case HostCode::not_found:
      return {LSHOST_E_NOT_FOUND, e.what()};
    case HostCode::corrupt:
      return {LSHOST_E_CORRUPT, e.what(), LSHOST_ERR_OPERATOR};
    case HostCode::transient:
      return {LSHOST_E_UNAVAILABLE, e.what(), LSHOST_ERR_RETRYABLE};
    case HostCode::no_space:
      return {LSHOST_E_NO_SPACE, e.what(), LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR};
    case HostCode::denied:
      return {LSHOST_E_DENIED, e.what(), LSHOST_ERR_OPERATOR};
    case HostCode::unsupported:
      return {LSHOST_E_UNSUPPORTED, e.what(), LSHOST_ERR_OPERATOR};
    case HostCode::gone:
    case HostCode::cancelled:
    case HostCode::internal:
      break;
  }
  return {LSHOST_E_INTERNAL, e.what()};
}

}  // namespace

void rethrow_for_sdk() {
  try {
    throw;
  } catch (const HostError& e) {
    if (e.code() == HostCode::gone) throw Gone{};
    if (e.code() == HostCode::cancelled) throw Cancelled{};
    throw translated(e);
  }
}

void rethrow_as_config_error() {
  try {
    throw;
  } catch (const HostError& e) {
    throw SdkError::Config(e.what());
  }
}

}  // namespace lshost::engine
