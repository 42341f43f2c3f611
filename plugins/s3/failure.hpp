#pragma once
// From what a server answers to what the host has to do about it, in a sentence that says what, where and what to do.
// Pure.

#include <string>

#include <lshost/cpp/error.hpp>

#include "connection.hpp"
#include "http.hpp"
#include "times.hpp"

namespace lshost::s3 {

/// What was tried.
struct Attempt {
  std::string what;   ///< "put s3://bucket/key at https://host"
  std::string needs;  ///< the permission for it, "s3:PutObject"
  std::string region;
};

/// What a reply that is not 2xx means. Also for a 200 with <Error> in it, which a completed upload may have.
[[nodiscard]] Error to_error(const Attempt& attempt, const HttpReply& reply, SystemTime now);

/// What no reply at all means.
[[nodiscard]] Error to_error(const Attempt& attempt, const HttpFailure& failure);

/// "" if the reply has no <Error>.
[[nodiscard]] std::string error_code(const HttpReply& reply);

}  // namespace lshost::s3
