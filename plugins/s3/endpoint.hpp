#pragma once
// Where a bucket is: from what the configuration says to the addresses that requests go to. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "uri.hpp"

namespace lshost::s3 {

/// A server: "https", "s3.eu-central-1.amazonaws.com".
struct Server {
  bool tls = true;
  std::string host;  ///< as the Host header has it: with a port unless it is the usual one; IPv6 in []

  /// "https://host".
  [[nodiscard]] std::string to_string() const { return (tls ? "https://" : "http://") + host; }
  bool operator==(const Server&) const = default;
};

/// Reads an `endpoint`: "https://host[:port]", or "host[:port]", which is https. Throws Error::Config.
[[nodiscard]] Server parse_endpoint(const std::string& text);
/// Amazon's server of a region.
[[nodiscard]] Server amazon_server(const std::string& region);
/// The region that a provider's endpoint names, or "auto" for those that have none. nullopt: not known.
[[nodiscard]] std::optional<std::string> region_of(const Server& server);

/// Throws Error::Config if no server takes such a name.
void check_bucket_name(const std::string& bucket);
/// False: the bucket can not be part of a host name, or no certificate for *.server matches it.
[[nodiscard]] bool fits_into_host_name(const std::string& bucket, bool tls);

/// One bucket at one server.
///
/// Threads: any; immutable.
class Bucket {
 public:
  /// `path_style`: https://server/bucket/key, otherwise https://bucket.server/key.
  Bucket(Server server, std::string name, bool path_style);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  /// The encoded path of an object; "" is the bucket itself.
  [[nodiscard]] std::string path(std::string_view key = "") const;
  /// The address for that path and an encoded query.
  [[nodiscard]] std::string url(const std::string& path, const std::string& query) const;
  /// "s3://bucket/key at https://server", for sentences.
  [[nodiscard]] std::string describe(std::string_view key = "") const;
  [[nodiscard]] const Server& server() const noexcept { return server_; }

 private:
  Server server_;
  std::string name_;
  bool path_style_;
  std::string host_;
};

}  // namespace lshost::s3
