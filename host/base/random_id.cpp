#include "base/random_id.hpp"

#include <sys/random.h>

#include "base/error.hpp"
#include "base/hex.hpp"

namespace lshost {

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    throw Error(ErrorCode::internal, "getrandom: the kernel gave no random bytes");
  }
  return value;
}

std::string random_id() { return to_hex16(random_u64()); }

}  // namespace lshost
