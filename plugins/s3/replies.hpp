#pragma once
// S3's XML, read and written. Pure; what is read may come from anybody: no entity is expanded, nothing is followed, and
// every list is as long as its reply, which is bounded.
//
// Names are compared without their namespace, which differs between servers. Readers throw Error{unavailable,
// retryable} for what is no XML or another document: a proxy's page, a reply cut short.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lshost::s3 {

struct ListedObject {
  std::string key;  ///< decoded, in full
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;  ///< 0: not known
};

struct ListPage {
  std::vector<ListedObject> objects;
  std::string next_token;  ///< "": the last page
};
[[nodiscard]] ListPage parse_list(const std::string& xml);

/// An upload in parts that was begun and neither completed nor aborted.
struct PendingUpload {
  std::string key;
  std::string id;
  std::int64_t initiated_ns = 0;  ///< 0: not known
};
[[nodiscard]] std::vector<PendingUpload> parse_pending_uploads(const std::string& xml);

/// The id of an upload that was begun.
[[nodiscard]] std::string parse_begun_upload(const std::string& xml);

/// What <Error> says; empty members: nothing.
struct ErrorDocument {
  std::string code;
  std::string message;
  std::string region;
  std::string endpoint;
  std::string server_time;
};
/// nullopt: it is no such document.
[[nodiscard]] std::optional<ErrorDocument> parse_error(const std::string& xml);

/// Such a document.
[[nodiscard]] std::string error_document(const std::string& code, const std::string& message);

/// A key that a multi-delete did not remove.
struct UndeletedKey {
  std::string key;
  std::string code;
  std::string message;
};
[[nodiscard]] std::vector<UndeletedKey> parse_delete_result(const std::string& xml);

[[nodiscard]] std::string delete_document(std::span<const std::string> keys);

/// `etags`: of the parts 1, 2, 3 ...
[[nodiscard]] std::string complete_document(std::span<const std::string> etags);

}  // namespace lshost::s3
