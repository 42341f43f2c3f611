#pragma once
// The configuration of a replica of type "s3", read and checked.

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include <lshost/cpp/context.hpp>
#include <lshost/cpp/extensions.hpp>

#include "endpoint.hpp"
#include "environment.hpp"
#include "sigv4.hpp"

namespace lshost::s3 {

struct Settings {
  Server server;
  std::string bucket;
  std::string prefix;  ///< "" or "a/b/": keys are put behind it
  std::string region;
  bool path_style = false;
  std::string access_key_id;  ///< empty: the credentials come from elsewhere
  Secret secret_access_key;
  Secret session_token;
  std::string profile;        ///< of the shared credentials file
  std::string ca_file;        ///< empty: the system's
  std::string storage_class;  ///< empty: the bucket's own
  std::string sse;            ///< empty: the bucket's own
  std::string sse_kms_key_id;
  std::uint64_t part_size_bytes = 0;
  std::uint32_t concurrency = 0;  ///< parts of one upload at once
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds timeout{};    ///< without a byte in either direction
  std::chrono::milliseconds retry_for{};  ///< how long a part of a large object is tried again by itself
};

/// The keys that a configuration may have.
[[nodiscard]] std::span<const ConfigKey> setting_keys();

/// Asks the host for every key. Throws Error::Config with the key and what to write instead.
[[nodiscard]] Settings read_settings(const Context& context, const Environment& environment);

}  // namespace lshost::s3
