#pragma once
// The replicator "s3": put, get, list and remove in a bucket; the host's engine does the rest.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <lshost/blob_replicator.hpp>

#include "client.hpp"
#include "conditional_put.hpp"
#include "multipart.hpp"

namespace lshost::s3 {

/// One database's replica below one prefix of one bucket.
///
/// Threads: any, several at once. Errors: Error; Cancelled when the host stops the replica.
class S3Replicator final : public BlobReplicator {
 public:
  /// Reads the configuration; touches no network. `environment`: of the process, for credentials and region.
  explicit S3Replicator(Context context);
  S3Replicator(Context context, Environment environment);

  static std::span<const ConfigKey> Keys() { return setting_keys(); }
  static const char* Summary() { return "a bucket of Amazon S3, Ceph, or another server that speaks S3"; }

  /// What fits into one part is sent in one request; anything larger in parts, each tried again by itself.
  void Put(const std::string& key, Source& body, std::uint64_t size) override;
  void PutNew(const std::string& key, Source& body, std::uint64_t size) override;
  [[nodiscard]] bool PutsNew() const override { return true; }
  [[nodiscard]] std::unique_ptr<Source> Get(const std::string& key, std::uint64_t offset,
                                            std::uint64_t length) override;
  void List(const std::string& prefix, const std::function<void(const Blob&)>& each) override;
  void Remove(std::span<const std::string> keys) override;
  [[nodiscard]] bool Parallel() const override { return true; }

 private:
  [[nodiscard]] std::string full(const std::string& key) const { return client_->settings().prefix + key; }
  [[nodiscard]] Headers storage_headers() const;
  enum class Mode { replace, keep };  // what is there already
  void put(const std::string& key, Source& body, std::uint64_t size, Mode mode);
  void put_whole(const std::string& key, std::span<const std::byte> bytes, const Headers& headers);
  void put_new_whole(const std::string& key, std::span<const std::byte> bytes);
  [[nodiscard]] bool is_there(const std::string& key);
  void replaces();

  const std::shared_ptr<Client> client_;
  MultipartUploads uploads_;
  ConditionalPut condition_;
};

}  // namespace lshost::s3
