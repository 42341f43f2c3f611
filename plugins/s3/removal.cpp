#include "removal.hpp"

#include <algorithm>

#include "digest.hpp"
#include "replies.hpp"

namespace lshost::s3 {
namespace {

// S3 takes 1000 in one request. Servers that remove one after the other before they answer need half a minute for that,
// which is as long as we wait without a byte (OpenStack Swift).
constexpr std::size_t kKeysMax = 250;

void remove_one(Client& client, const std::string& key) {
  const Call call{.method = "DELETE", .key = key, .verb = "remove", .needs = "s3:DeleteObject"};
  const HttpReply reply = client.ask(call, client.interrupt());
  if (reply.ok()) return;
  const Error error = client.error(call, reply);
  if (error.Code() != LSHOST_E_NOT_FOUND) throw Error(error);
}

/// As if the key had been removed alone and the server had said no.
Error undeleted_error(const Client& client, const UndeletedKey& undeleted) {
  const Call call{.method = "DELETE", .key = undeleted.key, .verb = "remove", .needs = "s3:DeleteObject"};
  HttpReply reply;
  reply.status = undeleted.code == "AccessDenied" ? 403 : 500;
  reply.body = error_document(undeleted.code, undeleted.message);
  return client.error(call, reply);
}

void check_result(const Client& client, const std::string& xml) {
  const auto undeleted = parse_delete_result(xml);
  const auto stays =
      std::find_if(undeleted.begin(), undeleted.end(), [](const UndeletedKey& key) { return key.code != "NoSuchKey"; });
  if (stays != undeleted.end()) throw undeleted_error(client, *stays);
}

void remove_batch(Client& client, std::span<const std::string> keys) {
  if (keys.size() == 1) return remove_one(client, keys.front());
  const std::string document = delete_document(keys);
  const Call call{.method = "POST",
                  .query = {{"delete", ""}},
                  .headers = {{"content-md5", to_base64(md5(bytes_of(document)))}},
                  .body = bytes_of(document),
                  .verb = "remove " + std::to_string(keys.size()) + " objects from",
                  .needs = "s3:DeleteObject"};
  const HttpReply reply = client.ask(call, client.interrupt());
  if (reply.status == 405 || reply.status == 501) {  // a server without this call
    for (const std::string& key : keys) remove_one(client, key);
    return;
  }
  if (!reply.ok()) throw client.error(call, reply);
  check_result(client, reply.body);
}

}  // namespace

void remove_objects(Client& client, std::span<const std::string> keys) {
  while (!keys.empty()) {
    const auto batch = keys.first(std::min(keys.size(), kKeysMax));
    remove_batch(client, batch);
    keys = keys.subspan(batch.size());
  }
}

}  // namespace lshost::s3
