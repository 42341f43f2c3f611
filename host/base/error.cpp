#include "base/error.hpp"

#include <system_error>

namespace lshost {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid:
      return "invalid";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::corrupt:
      return "corrupt";
    case ErrorCode::transient:
      return "transient";
    case ErrorCode::no_space:
      return "no_space";
    case ErrorCode::denied:
      return "denied";
    case ErrorCode::gone:
      return "gone";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::internal:
      return "internal";
  }
  return "unknown";
}

namespace {

ErrorCode code_of_errno(int err) noexcept {
  switch (err) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorCode::no_space;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::denied;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
    case ELOOP:
    case EEXIST:
    case ENOTEMPTY:
    case EXDEV:
    case ENXIO:  // a pipe that nobody reads, a device without a driver
    case ENODEV:
      return ErrorCode::invalid;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::unsupported;
    case EBADF:
    case EFAULT:
      return ErrorCode::internal;
    default:
      return ErrorCode::transient;
  }
}

}  // namespace

void throw_errno(std::string_view op, std::string_view path, int err) {
  throw Error(code_of_errno(err),
              std::string(op) + " " + std::string(path) + ": " + std::generic_category().message(err));
}

}  // namespace lshost
