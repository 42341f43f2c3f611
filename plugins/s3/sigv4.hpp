#pragma once
// AWS Signature Version 4 for S3: pure functions from a request, keys and a time to the headers that prove them.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html; why not libcurl's own signer stands in
// docs/decisions/0004-s3-client.md. Nothing here knows what the request is for.

#include <string>

#include "http.hpp"
#include "secret.hpp"
#include "times.hpp"

namespace lshost::s3 {

/// A pair of keys, and the token that belongs to a temporary one.
struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  ///< empty: none

  bool operator==(const Credentials&) const = default;
};

/// What is signed.
struct Signable {
  std::string method;        ///< "GET"
  std::string path;          ///< encoded, with the leading '/'
  std::string query;         ///< encoded and sorted, without '?'
  std::string host;          ///< as in the Host header
  std::string payload_hash;  ///< hex of SHA-256
  Headers headers;           ///< further ones; those that begin with x-amz- and content-md5 are signed
};

/// In which name the signature is made.
struct Scope {
  std::string region;
  std::string service = "s3";
};

/// The headers to send: those of `request`, x-amz-*, and authorization.
[[nodiscard]] Headers sign(const Signable& request, const Credentials& credentials, const Scope& scope, SystemTime now);

// ---- the steps, for tests ----

/// A canonical request, and the names that it signs ("host;x-amz-date").
struct Canonical {
  std::string text;
  std::string signed_headers;
};
[[nodiscard]] Canonical canonical_request(const Signable& request, const Headers& to_sign);
[[nodiscard]] std::string string_to_sign(const std::string& canonical, const Scope& scope, const std::string& time);
[[nodiscard]] std::string signature(const std::string& string_to_sign, const Secret& secret, const Scope& scope,
                                    const std::string& time);

}  // namespace lshost::s3
