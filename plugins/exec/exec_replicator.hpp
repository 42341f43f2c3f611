#pragma once
// The plugin "exec": the host's engine keeps a replica wherever four programs can put, get, list and remove objects.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include <lshost/blob_replicator.hpp>

#include "program.hpp"
#include "settings.hpp"

namespace lshost::exec {

/// How whole and how durable an object is when its program has ended with 0 is the program's business; what a program
/// is given is whole, or it is killed before it could take it for whole.
///
/// Threads: any, several calls at once; each runs a program of its own. Errors: Error, with the program, how it ended,
/// and its last words; Cancelled within a tenth of a second of a stop.
class ExecReplicator final : public BlobReplicator {
 public:
  /// Reads the configuration; runs nothing.
  explicit ExecReplicator(Context context);

  static std::span<const ConfigKey> Keys() { return keys(); }
  static const char* Summary() { return "programs of your choice: put, get, list and remove each run one"; }

  void Put(const std::string& key, Source& body, std::uint64_t size) override;
  [[nodiscard]] std::unique_ptr<Source> Get(const std::string& key, std::uint64_t offset,
                                            std::uint64_t length) override;
  void List(const std::string& prefix, const std::function<void(const Blob&)>& each) override;
  void Remove(std::span<const std::string> keys) override;
  [[nodiscard]] bool Parallel() const override { return settings_->is_parallel; }

 private:
  [[nodiscard]] std::unique_ptr<Program> run(const CommandTemplate& command, Values values,
                                             Program::Direction direction) const;
  [[nodiscard]] bool is_not_found(const End& end) const;
  void remove_one(const std::string& key) const;
  void remove_all(std::span<const std::string> keys) const;

  const std::shared_ptr<const Settings> settings_;
  const RunOptions options_;
};

}  // namespace lshost::exec
