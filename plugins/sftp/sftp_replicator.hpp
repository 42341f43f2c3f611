#pragma once
// The plugin "sftp": the host's engine keeps a replica in a folder of an SSH server.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include <lshost/blob_replicator.hpp>

#include "remote.hpp"

namespace lshost::sftp {

/// Named objects as files: the key "a/b" is the file b in the folder a of `path`. Folders 0700, files 0600.
///
/// Threads: any, several calls at once; each has a connection for itself. Errors: Error, with the server, what was
/// tried, and what to do; Cancelled within a tenth of a second of a stop.
class SftpReplicator final : public BlobReplicator {
 public:
  /// Reads the configuration; connects with the first call.
  explicit SftpReplicator(Context context);
  /// For tests.
  SftpReplicator(Context context, Options options);

  static std::span<const ConfigKey> Keys();
  static const char* Summary() { return "a folder of an SSH server, by SFTP"; }

  void Put(const std::string& key, Source& body, std::uint64_t size) override;
  void PutNew(const std::string& key, Source& body, std::uint64_t size) override;
  [[nodiscard]] bool PutsNew() const override { return true; }
  [[nodiscard]] std::unique_ptr<Source> Get(const std::string& key, std::uint64_t offset,
                                            std::uint64_t length) override;
  void List(const std::string& prefix, const std::function<void(const Blob&)>& each) override;
  void Remove(std::span<const std::string> keys) override;
  [[nodiscard]] bool Parallel() const override { return true; }

 private:
  const std::shared_ptr<Remote> remote_;
};

}  // namespace lshost::sftp
