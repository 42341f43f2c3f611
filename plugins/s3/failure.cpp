#include "failure.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "replies.hpp"

namespace lshost::s3 {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kRetry = LSHOST_ERR_RETRYABLE;
constexpr std::uint32_t kOperator = LSHOST_ERR_OPERATOR;
// Somebody has to act, and when it is done at the server the same call succeeds: no restart is needed.
constexpr std::uint32_t kBoth = kRetry | kOperator;

/// What a code of S3 means to us.
struct Meaning {
  std::string_view s3_code;
  std::int32_t code;
  std::uint32_t flags;
  std::string_view why;   ///< "": the server's own words
  std::string_view hint;  ///< what to do; "": nothing
};

constexpr std::array kMeanings = std::to_array<Meaning>({
    {"NoSuchKey", LSHOST_E_NOT_FOUND, 0, "there is no such object", ""},
    {"NoSuchUpload", LSHOST_E_NOT_FOUND, kRetry, "the upload is gone", "did somebody abort it, or a lifecycle rule?"},
    {"NoSuchBucket", LSHOST_E_CONFIG, kBoth, "there is no such bucket", "create it, or correct bucket and endpoint"},
    {"InvalidBucketName", LSHOST_E_CONFIG, kOperator, "the server takes no such bucket name", "correct bucket"},

    {"InvalidAccessKeyId", LSHOST_E_DENIED, kBoth, "the access key is not known there",
     "check access-key-id and endpoint"},
    {"SignatureDoesNotMatch", LSHOST_E_DENIED, kBoth, "the signature is wrong",
     "check secret-access-key; it does not belong to this access-key-id"},
    {"InvalidToken", LSHOST_E_DENIED, kBoth, "the session token is not valid", "renew session-token and its keys"},
    {"ExpiredToken", LSHOST_E_DENIED, kBoth, "the session token has expired", "renew session-token and its keys"},
    {"TokenRefreshRequired", LSHOST_E_DENIED, kBoth, "the session token has expired",
     "renew session-token and its keys"},
    {"AccessDenied", LSHOST_E_DENIED, kBoth, "the keys may not do that", ""},
    {"AllAccessDisabled", LSHOST_E_DENIED, kBoth, "the bucket is disabled", "ask its provider"},
    {"AccountProblem", LSHOST_E_DENIED, kBoth, "the account has a problem", "ask its provider"},
    {"UserSuspended", LSHOST_E_DENIED, kBoth, "the account is suspended", "ask its provider"},
    {"NotSignedUp", LSHOST_E_DENIED, kBoth, "the account is not signed up", "ask its provider"},

    {"QuotaExceeded", LSHOST_E_NO_SPACE, kBoth, "the quota is used up", "raise it, or shorten retention"},
    {"InsufficientStorage", LSHOST_E_NO_SPACE, kBoth, "the server is full", "make room there"},
    {"InsufficientCapacity", LSHOST_E_NO_SPACE, kBoth, "the server is full", "make room there"},
    {"XMinioStorageFull", LSHOST_E_NO_SPACE, kBoth, "the server is full", "make room there"},
    {"XMinioAdminBucketQuotaExceeded", LSHOST_E_NO_SPACE, kBoth, "the quota is used up",
     "raise it, or shorten retention"},
    {"EntityTooLarge", LSHOST_E_NO_SPACE, kBoth, "the object is larger than the server takes",
     "raise its limit or quota"},
    {"EntityTooSmall", LSHOST_E_CONFIG, kBoth, "the parts are smaller than the server takes", "raise part-size"},

    {"SlowDown", LSHOST_E_UNAVAILABLE, kRetry, "the server asks us to slow down", ""},
    {"TooManyRequests", LSHOST_E_UNAVAILABLE, kRetry, "the server asks us to slow down", ""},
    {"ServiceUnavailable", LSHOST_E_UNAVAILABLE, kRetry, "the server is not available", ""},
    {"InternalError", LSHOST_E_UNAVAILABLE, kRetry, "the server has an error of its own", ""},
    {"RequestTimeout", LSHOST_E_UNAVAILABLE, kRetry, "the server waited too long for our bytes", ""},
    {"PreconditionFailed", LSHOST_E_EXISTS, kOperator, "there is such an object already", ""},
    {"ConditionalRequestConflict", LSHOST_E_UNAVAILABLE, kRetry, "the server is busy with the same thing", ""},
    {"OperationAborted", LSHOST_E_UNAVAILABLE, kRetry, "the server is busy with the same thing", ""},
    {"BadDigest", LSHOST_E_UNAVAILABLE, kRetry, "the bytes were changed on their way", ""},
    {"XAmzContentSHA256Mismatch", LSHOST_E_UNAVAILABLE, kRetry, "the bytes were changed on their way", ""},
    {"IncompleteBody", LSHOST_E_UNAVAILABLE, kRetry, "not all bytes arrived", ""},

    {"InvalidStorageClass", LSHOST_E_CONFIG, kOperator, "the server has no such storage class",
     "correct storage-class"},
    {"InvalidObjectState", LSHOST_E_UNSUPPORTED, kBoth, "the object is archived", "restore it at the server first"},
    {"InvalidRange", LSHOST_E_INVALID, 0, "the object is shorter than that", ""},
    {"NotImplemented", LSHOST_E_UNSUPPORTED, kOperator, "the server can not do that", ""},
});

bool is_about_region(const std::string& code) {
  constexpr std::array<std::string_view, 6> kCodes = {
      "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
      "InvalidRegion",     "Redirect"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

/// For replies without a document: of HEAD, of proxies and of load balancers.
std::string_view code_of_status(int status) {
  switch (status) {
    case 301:
    case 307:
    case 308:
      return "PermanentRedirect";
    case 401:
    case 403:
      return "AccessDenied";
    case 404:
      return "NoSuchKey";
    case 408:
      return "RequestTimeout";
    case 412:
      return "PreconditionFailed";
    case 413:
      return "EntityTooLarge";
    case 416:
      return "InvalidRange";
    case 429:
      return "TooManyRequests";
    case 501:
      return "NotImplemented";
    case 503:
      return "ServiceUnavailable";
    case 507:
      return "InsufficientStorage";
    default:
      return status >= 500 ? "InternalError" : "";
  }
}

/// A server's words as part of our sentence: one line, no full stop, not endless.
std::string quoted(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  text = std::string(detail::CutText(text, 200));
  while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
  return text;
}

/// " (503 SlowDown)".
std::string tag(int status, const std::string& code) {
  return " (" + std::to_string(status) + (code.empty() ? "" : ' ' + quoted(code)) + ")";
}

std::string sentence(const Attempt& attempt, std::string_view why, const std::string& tag, std::string_view hint) {
  return "cannot " + attempt.what + ": " + std::string(why) + tag + (hint.empty() ? "" : "; ") + std::string(hint);
}

Error region_error(const Attempt& attempt, const HttpReply& reply, const ErrorDocument& document) {
  std::string region = quoted(document.region);
  if (region.empty()) region = quoted(reply.header("x-amz-bucket-region"));
  std::string hint;
  if (!region.empty() && region != attempt.region) {
    hint = "set region = \"" + region + "\"";
  } else if (!document.endpoint.empty()) {
    hint = "set endpoint = \"https://" + quoted(document.endpoint) + "\", without the bucket";
  } else if (const std::string location = quoted(reply.header("location")); !location.empty()) {
    hint = "it says that the bucket is at " + location + "; correct endpoint or region";
  } else {
    hint = "correct endpoint or region; the server says: " + quoted(document.message);
  }
  return {LSHOST_E_CONFIG,
          sentence(attempt, "the bucket is not in region \"" + attempt.region + "\"", tag(reply.status, document.code),
                   hint),
          kOperator};
}

Error clock_error(const Attempt& attempt, const HttpReply& reply, const std::string& tagged, SystemTime now) {
  std::string why = "this machine's clock is too far from the server's";
  if (const auto theirs = parse_http_time(reply.header("date"))) {
    const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(now - *theirs).count();
    why += ", by " + std::to_string(ahead < 0 ? -ahead : ahead) + " s " + (ahead < 0 ? "(behind)" : "(ahead)");
  }
  return {LSHOST_E_DENIED, sentence(attempt, why, tagged, "set the clock; is its time service running?"), kBoth};
}

Error unknown_error(const Attempt& attempt, const HttpReply& reply, const ErrorDocument& document) {
  const std::string says = quoted(document.message.empty() ? "" : ": " + document.message);
  const std::string why = "the server refuses it" + says;
  return {reply.status >= 500 ? LSHOST_E_UNAVAILABLE : LSHOST_E_INVALID,
          sentence(attempt, why, tag(reply.status, document.code), ""), reply.status >= 500 ? kRetry : kBoth};
}

/// What a meaning says, completed with what only the attempt and the reply know.
Error meaning_error(const Meaning& meaning, const Attempt& attempt, const HttpReply& reply, const std::string& tagged,
                    SystemTime now) {
  std::string hint(meaning.hint);
  if (meaning.s3_code == "AccessDenied") hint = "allow them " + attempt.needs + " there";
  const auto retry_after = parse_retry_after(reply.header("retry-after"), now).value_or(milliseconds(0));
  return {meaning.code, sentence(attempt, meaning.why, tagged, hint), meaning.flags,
          (meaning.flags & kRetry) != 0 ? retry_after : milliseconds(0)};
}

}  // namespace

std::string error_code(const HttpReply& reply) {
  const auto document = parse_error(reply.body);
  return document ? document->code : "";
}

Error to_error(const Attempt& attempt, const HttpReply& reply, SystemTime now) {
  const ErrorDocument document = parse_error(reply.body).value_or(ErrorDocument{});
  const std::string code = document.code.empty() ? std::string(code_of_status(reply.status)) : document.code;
  const std::string tagged = tag(reply.status, document.code);
  // Servers say AuthorizationHeaderMalformed for other mistakes as well; a region makes it this one.
  if (is_about_region(code)) return region_error(attempt, reply, document);
  if (code == "RequestTimeTooSkewed" || code == "RequestExpired") return clock_error(attempt, reply, tagged, now);
  const auto is_it = [&](const Meaning& meaning) { return meaning.s3_code == code; };
  if (const auto found = std::find_if(kMeanings.begin(), kMeanings.end(), is_it); found != kMeanings.end()) {
    return meaning_error(*found, attempt, reply, tagged, now);
  }
  if (code.starts_with("KMS.")) {
    return {LSHOST_E_DENIED,
            sentence(attempt, quoted(document.message), tagged, "check sse-kms-key-id and its permissions"), kBoth};
  }
  return unknown_error(attempt, reply, document);
}

Error to_error(const Attempt& attempt, const HttpFailure& failure) {
  switch (failure.kind()) {
    case HttpFailure::Kind::untrusted:
      return {LSHOST_E_CONFIG,
              sentence(attempt, "the server's certificate is not trusted: " + quoted(failure.what()), "",
                       "set ca-file to the authority that signed it, or correct endpoint"),
              kBoth};
    case HttpFailure::Kind::local:
      return {LSHOST_E_CONFIG, sentence(attempt, quoted(failure.what()), "", ""), kBoth};
    case HttpFailure::Kind::unreachable:
      break;
  }
  return Error::Retryable(sentence(attempt, quoted(failure.what()), "", ""));
}

}  // namespace lshost::s3
