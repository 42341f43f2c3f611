#include "s3_replicator.hpp"

#include <algorithm>
#include <utility>

#include "object_source.hpp"
#include "part_sizes.hpp"
#include "patience.hpp"
#include "removal.hpp"
#include "replies.hpp"

namespace lshost::s3 {
namespace {

constexpr std::size_t kFirstRead = std::size_t{256} << 10U;

/// Up to `limit` bytes of a body whose size is not known, in memory that grows with it.
PartBuffer read_growing(Source& body, std::size_t limit) {
  PartBuffer all;
  all.reserve(std::min(kFirstRead, limit));
  for (;;) {
    all.size += read_fully(body, {all.bytes.get() + all.size, all.capacity - all.size});
    if (all.size < all.capacity || all.capacity == limit) return all;
    PartBuffer larger;
    larger.reserve(std::min(all.capacity * 4, limit));
    std::copy_n(all.bytes.get(), all.size, larger.bytes.get());
    larger.size = all.size;
    all = std::move(larger);
  }
}

PartBuffer read_known(Source& body, std::size_t size) {
  PartBuffer all;
  all.reserve(size);
  all.size = read_fully(body, {all.bytes.get(), size});
  return all;
}

}  // namespace

S3Replicator::S3Replicator(Context context) : S3Replicator(context, process_environment()) {}

S3Replicator::S3Replicator(Context context, Environment environment)
    : BlobReplicator(context),
      client_(std::make_shared<Client>(context, read_settings(context, environment), environment)),
      uploads_(*client_) {}

Headers S3Replicator::storage_headers() const {
  const Settings& settings = client_->settings();
  Headers headers;
  if (!settings.storage_class.empty()) headers.emplace_back("x-amz-storage-class", settings.storage_class);
  if (!settings.sse.empty()) headers.emplace_back("x-amz-server-side-encryption", settings.sse);
  if (!settings.sse_kms_key_id.empty()) {
    headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", settings.sse_kms_key_id);
  }
  return headers;
}

void S3Replicator::put_whole(const std::string& key, std::span<const std::byte> bytes, const Headers& headers) {
  client_->send(
      {.method = "PUT", .key = full(key), .headers = headers, .body = bytes, .verb = "put", .needs = "s3:PutObject"});
}

void S3Replicator::put_new_whole(const std::string& key, std::span<const std::byte> bytes) {
  try {
    put_whole(key, bytes, condition_.with_condition(storage_headers()));
  } catch (const Error& e) {
    if (condition_.server() == ConditionalPut::Server::unknown && e.Code() == LSHOST_E_UNSUPPORTED) {
      replaces();
      return put_whole(key, bytes, storage_headers());
    }
    throw;
  }
  if (condition_.server() != ConditionalPut::Server::unknown) return;
  try {
    put_whole(key, bytes, condition_.with_condition(storage_headers()));  // the same bytes: nothing changes
    replaces();
  } catch (const Error& e) {
    if (e.Code() == LSHOST_E_EXISTS) condition_.found(ConditionalPut::Server::keeps);  // else it stays unknown
  }
}

bool S3Replicator::is_there(const std::string& key) {
  const Call head{.method = "HEAD", .key = full(key), .verb = "look at", .needs = "s3:GetObject"};
  return client_->ask(head, client_->interrupt()).ok();
}

void S3Replicator::replaces() {
  condition_.found(ConditionalPut::Server::replaces);
  ctx.Warn("the server knows no conditional puts: a second host that stores into the same place would not be noticed");
}

void S3Replicator::Put(const std::string& key, Source& body, std::uint64_t size) {
  put(key, body, size, Mode::replace);
}

void S3Replicator::PutNew(const std::string& key, Source& body, std::uint64_t size) {
  put(key, body, size, Mode::keep);
}

void S3Replicator::put(const std::string& key, Source& body, std::uint64_t size, Mode mode) {
  const std::uint64_t part = part_size(size, client_->settings().part_size_bytes, 1);
  const auto first_size = static_cast<std::size_t>(std::min(size, part));
  PartBuffer first = size == kSizeUnknown ? read_growing(body, first_size) : read_known(body, first_size);
  if (first.size < first_size && size != kSizeUnknown) {
    throw Error(LSHOST_E_INVALID, "cannot put " + key + ": its body ended after " + std::to_string(first.size) +
                                      " of " + std::to_string(size) + " bytes");
  }
  if (first.size == size) expect_end(body, key);
  if (first.size == size || first.size < part) {
    return mode == Mode::keep ? put_new_whole(key, first.view()) : put_whole(key, first.view(), storage_headers());
  }
  // Servers heed the condition of an upload less often than that of a put.
  if (mode == Mode::keep && condition_.server() != ConditionalPut::Server::replaces && is_there(key)) {
    throw Error(LSHOST_E_EXISTS, "cannot put " + full(key) + ": there is such an object already");
  }
  const Headers completing = mode == Mode::keep ? condition_.with_condition({}) : Headers{};
  uploads_.put(full(key), std::move(first), body, size, {.begin = storage_headers(), .complete = completing});
}

std::unique_ptr<Source> S3Replicator::Get(const std::string& key, std::uint64_t offset, std::uint64_t length) {
  return std::make_unique<ObjectSource>(client_, full(key), offset, length);
}

void S3Replicator::List(const std::string& prefix, const std::function<void(const Blob&)>& each) {
  const std::string& own = client_->settings().prefix;
  Query query = {{"encoding-type", "url"}, {"list-type", "2"}, {"prefix", own + prefix}};
  for (;;) {
    const Call call{.query = query, .verb = "list \"" + own + prefix + "\" in", .needs = "s3:ListBucket"};
    const ListPage page =
        with_patience(ctx, query.size() > 3 ? client_->settings().retry_for : std::chrono::milliseconds(0),
                      [&] { return parse_list(client_->send(call).body); });
    for (const ListedObject& object : page.objects) {
      if (object.key.size() <= own.size() || !object.key.starts_with(own)) continue;  // the folder's own marker
      each({object.key.substr(own.size()), object.size, object.modified_ns});
    }
    if (page.next_token.empty()) return;
    query = {{"continuation-token", page.next_token},
             {"encoding-type", "url"},
             {"list-type", "2"},
             {"prefix", own + prefix}};
  }
}

void S3Replicator::Remove(std::span<const std::string> keys) {
  std::vector<std::string> all;
  all.reserve(keys.size());
  for (const std::string& key : keys) all.push_back(full(key));
  remove_objects(*client_, all);
}

}  // namespace lshost::s3
