#include "multipart.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <lshost/blob_replicator.hpp>

#include "digest.hpp"
#include "part_sizes.hpp"
#include "patience.hpp"

namespace lshost::s3 {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 1h;
// Three days: longer than any upload takes that is still going on, in this process or in another.
constexpr std::int64_t kStaleAfterNs = std::int64_t{3} * 24 * 3600 * 1'000'000'000;
constexpr auto kAbortWithin = 3s;

/// Keeps a call from outlasting a stop of the host by more than a moment.
Interrupt deadline(std::chrono::milliseconds limit) {
  return [until = std::chrono::steady_clock::now() + limit] {
    if (std::chrono::steady_clock::now() > until) throw Cancelled();
  };
}

std::int64_t server_time_ns(const HttpReply& reply) {
  const auto time = parse_http_time(reply.header("date")).value_or(std::chrono::system_clock::now());
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

std::string unquoted(const std::string& etag) {
  return etag.size() >= 2 && etag.front() == '"' && etag.back() == '"' ? etag.substr(1, etag.size() - 2) : etag;
}

/// The bytes that 32 hex digits stand for. nullopt: it is something else, as with encryption by KMS.
std::optional<std::string> md5_bytes(const std::string& etag) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < etag.size(); i += 2) bytes += decode('%' + etag.substr(i, 2));
  return etag.size() == 32 && bytes.size() == 16 ? std::optional(bytes) : std::nullopt;
}

}  // namespace

bool is_etag_of(const std::string& etag, std::span<const std::string> parts) {
  const std::string ending = '-' + std::to_string(parts.size());
  if (!etag.ends_with(ending)) return false;
  std::string all;
  for (const std::string& part : parts) {
    const auto bytes = md5_bytes(unquoted(part));
    if (!bytes) return true;
    all += *bytes;
  }
  return etag == to_hex(md5(bytes_of(all))) + ending;
}

std::size_t read_fully(Source& body, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::size_t count = body.Read(into.subspan(done));
    if (count == 0) break;
    done += count;
  }
  return done;
}

void expect_end(Source& body, const std::string& key) {
  std::byte extra{};
  if (body.Read({&extra, 1}) == 0) return;
  throw Error(LSHOST_E_INVALID, "cannot put " + key + ": its body is longer than its size");
}

std::vector<PendingUpload> stale_uploads(std::vector<PendingUpload> uploads, std::int64_t now_ns,
                                         const std::set<std::string>& own) {
  std::erase_if(uploads, [&](const PendingUpload& upload) {
    return upload.initiated_ns == 0 || upload.initiated_ns > now_ns - kStaleAfterNs || own.contains(upload.id);
  });
  return uploads;
}

void MultipartUploads::put(const std::string& key, PartBuffer first, Source& body, std::uint64_t size,
                           const UploadHeaders& headers) {
  abort_stale();
  const std::string id = begin(key, headers.begin);
  try {
    PartUploader uploader(client_, key, id);
    std::uint64_t done = first.size;
    uploader.add_first(std::move(first));
    for (std::uint32_t number = 2; done < size; ++number) {
      std::uint64_t wanted = part_size(size, client_.settings().part_size_bytes, number);
      if (size != kSizeUnknown) wanted = std::min(wanted, size - done);
      PartBuffer part = uploader.take_buffer(static_cast<std::size_t>(wanted));
      part.size = read_fully(body, {part.bytes.get(), static_cast<std::size_t>(wanted)});
      if (part.size == 0) break;
      if (number > kPartsMax) {
        throw Error::Config("cannot put " + key + ": it has more than 10000 parts; raise part-size");
      }
      done += part.size;
      const bool is_last = part.size < wanted;
      uploader.add(std::move(part));
      if (is_last) break;
    }
    if (size != kSizeUnknown && done != size) {
      throw Error(LSHOST_E_INVALID, "cannot put " + key + ": its body ended after " + std::to_string(done) + " of " +
                                        std::to_string(size) + " bytes");
    }
    if (size != kSizeUnknown) expect_end(body, key);
    complete(key, id, uploader.etags(), done, headers.complete);
  } catch (...) {
    abort(key, id);
    throw;
  }
  const std::lock_guard hold(mutex_);
  own_.erase(id);
}

std::string MultipartUploads::begin(const std::string& key, const Headers& storage) {
  const Call call{.method = "POST",
                  .key = key,
                  .query = {{"uploads", ""}},
                  .headers = storage,
                  .verb = "begin an upload of",
                  .needs = "s3:PutObject"};
  std::string id = parse_begun_upload(client_.send(call).body);
  const std::lock_guard hold(mutex_);
  own_.insert(id);
  return id;
}

void MultipartUploads::complete(const std::string& key, const std::string& id, std::span<const std::string> etags,
                                std::uint64_t size, const Headers& headers) {
  const std::string document = complete_document(etags);
  const Call call{.method = "POST",
                  .key = key,
                  .query = {{"uploadId", id}},
                  .headers = headers,
                  .body = bytes_of(document),
                  .verb = "complete the upload of",
                  .needs = "s3:PutObject"};
  with_patience(client_.context(), client_.settings().retry_for, [&] {
    const HttpReply reply = client_.ask(call, client_.interrupt());
    const std::string code = error_code(reply);  // it may be in a 200, too: that is sent before the work is done
    if (reply.ok() && code.empty()) return;
    // It may have been done before, and only the reply was lost: libcurl, too, sends again what a kept connection lost.
    if (code == "NoSuchUpload" && is_stored(key, etags, size)) return;
    throw client_.error(call, reply);
  });
}

/// True: the object there was made of these parts, and is as long.
bool MultipartUploads::is_stored(const std::string& key, std::span<const std::string> etags, std::uint64_t size) {
  const Call call{.method = "HEAD", .key = key, .verb = "look at", .needs = "s3:GetObject"};
  const HttpReply head = client_.ask(call, client_.interrupt());
  return head.ok() && is_etag_of(unquoted(head.header("etag")), etags) &&
         head.header("content-length") == std::to_string(size);
}

void MultipartUploads::abort(const std::string& key, const std::string& id) noexcept {
  try {
    {
      const std::lock_guard hold(mutex_);
      own_.erase(id);
    }
    // Also while the host stops the replica: whoever is asked to stop in the middle of a snapshot leaves nothing
    // behind.
    const Call call{.method = "DELETE",
                    .key = key,
                    .query = {{"uploadId", id}},
                    .verb = "abort the upload of",
                    .needs = "s3:AbortMultipartUpload"};
    const HttpReply reply = client_.ask(call, deadline(kAbortWithin));
    if (!reply.ok() && error_code(reply) != "NoSuchUpload") throw client_.error(call, reply);
  } catch (const std::exception& failure) {
    client_.context().Warn("an upload was left unfinished; it is aborted when it is three days old",
                           {{"key", key}, {"reason", failure.what()}});
  } catch (const Cancelled&) {
    client_.context().Warn("an upload was left unfinished; it is aborted when it is three days old", {{"key", key}});
  }
}

bool MultipartUploads::is_time_to_look() {
  if (client_.settings().prefix.empty()) return false;  // others may work in the rest of the bucket
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard hold(mutex_);
  if (look_next_ > now) return false;
  look_next_ = now + kLookEvery;
  return true;
}

/// Best effort: the keys may be good for putting only, and not every server can list uploads.
void MultipartUploads::abort_stale() noexcept {
  try {
    if (!is_time_to_look()) return;
    const Call call{.query = {{"uploads", ""}, {"prefix", client_.settings().prefix}, {"encoding-type", "url"}},
                    .verb = "list the uploads in",
                    .needs = "s3:ListBucketMultipartUploads"};
    const HttpReply reply = client_.ask(call, deadline(kAbortWithin));
    if (!reply.ok()) return;
    std::set<std::string> own;
    {
      const std::lock_guard hold(mutex_);
      own = own_;
    }
    for (const auto& upload : stale_uploads(parse_pending_uploads(reply.body), server_time_ns(reply), own)) {
      client_.context().Info("aborting an upload that was left unfinished", {{"key", upload.key}});
      abort(upload.key, upload.id);
    }
  } catch (const std::exception& failure) {
    client_.context().Debug("cannot look for unfinished uploads", {{"reason", failure.what()}});
  } catch (const Cancelled&) {
    client_.context().Debug("looking for unfinished uploads took too long");
  }
}

}  // namespace lshost::s3
