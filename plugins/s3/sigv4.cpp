#include "sigv4.hpp"

#include <algorithm>

#include "digest.hpp"

namespace lshost::s3 {
namespace {

constexpr const char* kAlgorithm = "AWS4-HMAC-SHA256";

std::string scope_text(const Scope& scope, const std::string& time) {
  return time.substr(0, 8) + '/' + scope.region + '/' + scope.service + "/aws4_request";
}

// Others stay unsigned: proxies may change them, and Google's server refuses some.
bool is_signed(const std::string& name) {
  return name == "host" || name == "range" || name == "content-md5" || name.starts_with("x-amz-");
}

}  // namespace

Canonical canonical_request(const Signable& request, const Headers& to_sign) {
  Headers sorted = to_sign;
  std::sort(sorted.begin(), sorted.end());
  Canonical canonical;
  std::string lines;
  for (const auto& [name, value] : sorted) {
    lines += name + ':' + value + '\n';
    canonical.signed_headers += (canonical.signed_headers.empty() ? "" : ";") + name;
  }
  canonical.text = request.method + '\n' + request.path + '\n' + request.query + '\n' + lines + '\n' +
                   canonical.signed_headers + '\n' + request.payload_hash;
  return canonical;
}

std::string string_to_sign(const std::string& canonical, const Scope& scope, const std::string& time) {
  return std::string(kAlgorithm) + '\n' + time + '\n' + scope_text(scope, time) + '\n' +
         to_hex(sha256(bytes_of(canonical)));
}

std::string signature(const std::string& string_to_sign, const Secret& secret, const Scope& scope,
                      const std::string& time) {
  Sha256 key = hmac_sha256(bytes_of("AWS4" + secret.reveal()), time.substr(0, 8));
  key = hmac_sha256(key, scope.region);
  key = hmac_sha256(key, scope.service);
  key = hmac_sha256(key, "aws4_request");
  return to_hex(hmac_sha256(key, string_to_sign));
}

Headers sign(const Signable& request, const Credentials& credentials, const Scope& scope, SystemTime now) {
  const std::string time = basic_time(now);
  Headers all = request.headers;
  all.emplace_back("x-amz-content-sha256", request.payload_hash);
  all.emplace_back("x-amz-date", time);
  if (!credentials.session_token.empty()) {
    all.emplace_back("x-amz-security-token", credentials.session_token.reveal());
  }
  Headers to_sign = {{"host", request.host}};
  std::copy_if(all.begin(), all.end(), std::back_inserter(to_sign),
               [](const auto& header) { return is_signed(header.first); });
  const Canonical canonical = canonical_request(request, to_sign);
  all.emplace_back(
      "authorization",
      std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + '/' + scope_text(scope, time) +
          ",SignedHeaders=" + canonical.signed_headers + ",Signature=" +
          signature(string_to_sign(canonical.text, scope, time), credentials.secret_access_key, scope, time));
  return all;
}

}  // namespace lshost::s3
