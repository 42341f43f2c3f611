#pragma once
// One replicator that a plugin made, with its tables in our size, and its end.

#include <lshost/ext/health.h>
#include <lshost/ext/restore.h>
#include <lshost/ext/retention.h>
#include <lshost/module.h>

#include <memory>
#include <optional>
#include <string>

#include "plugin/plugin_type.hpp"
#include "plugin/replica_context.hpp"

namespace lshost::plugin {

/// Ownership: owns the plugin's replicator and the context it lives in; its destructor destroys first that, then this.
///            Streams that the plugin gave hold it, so that the replicator outlives them.
/// Threads:   as the C functions say; the tables do not change.
/// REQUIRES:  stopped when it is destroyed.
class Instance {
 public:
  /// Makes the replicator. Throws Error with the plugin's sentence, or {unsupported} where what it made is not whole.
  Instance(const PluginType& type, ReplicaSetup setup);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  [[nodiscard]] ReplicaContext& context() noexcept { return context_; }
  [[nodiscard]] lshost_replicator* self() const noexcept { return self_; }
  [[nodiscard]] const lshost_replicator& table() const noexcept { return table_; }
  /// "replica nightly-disk", for messages.
  [[nodiscard]] const std::string& label() const noexcept { return label_; }

  /// nullopt: the plugin does not have the extension, or not the functions that make it up.
  [[nodiscard]] const std::optional<lshost_restore>& restore() const noexcept { return restore_; }
  [[nodiscard]] const std::optional<lshost_retention>& retention() const noexcept { return retention_; }
  [[nodiscard]] const std::optional<lshost_health>& health() const noexcept { return health_; }

 private:
  void make(const PluginType& type);
  void read_tables();

  ReplicaContext context_;
  const std::string label_;
  lshost_replicator* self_ = nullptr;
  lshost_replicator table_{};
  std::optional<lshost_restore> restore_;
  std::optional<lshost_retention> retention_;
  std::optional<lshost_health> health_;
};

}  // namespace lshost::plugin
