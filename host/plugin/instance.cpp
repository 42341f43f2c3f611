#include "plugin/instance.hpp"

#include <utility>

#include "base/error.hpp"
#include "plugin/abi.hpp"
#include "plugin/host_services.hpp"

namespace lshost::plugin {
namespace {

template <class Table>
std::optional<Table> find_table(lshost_replicator* self, const lshost_replicator& functions, const char* id) {
  if (functions.extension == nullptr) return std::nullopt;
  const auto* found = static_cast<const Table*>(functions.extension(self, id));
  if (found == nullptr) return std::nullopt;
  return copy_in(found);
}

/// "replicas.toml:12:3: " in front of what the plugin says about its configuration, unless it has such a place already.
std::string with_place(const std::string& message, const ReplicaSetup& setup, const std::string& place) {
  if (!setup.config_file.empty() && message.starts_with(setup.config_file + ":")) return message;
  return place + message;
}

}  // namespace

Instance::Instance(const PluginType& type, ReplicaSetup setup)
    : context_(std::move(setup)), label_("replica " + context_.setup().config.name) {
  make(type);
  read_tables();
}

Instance::~Instance() {
  if (self_ == nullptr) return;
  context_.request_stop();
  // The contract has them ended by stop; one that was spawned without a start ends now.
  (void)context_.threads().join(std::nullopt);
  table_.destroy(self_);
}

void Instance::make(const PluginType& type) {
  const ReplicaSetup& setup = context_.setup();
  const std::uint32_t flags = context_.info().flags;
  ErrorOut err;
  lshost_replicator* made = nullptr;
  const lshost_host* host = setup.services == nullptr ? &host_services() : setup.services;
  const std::int32_t result = type.table.create(type.self, host, context_.handle(), flags, &made, &err);
  if (result != LSHOST_OK) {
    const std::string place =
        context_.config().prefix(setup.config.location) + label_ + " (" + setup.config.type + "): ";
    std::string reason = message_of(err);
    if (reason.empty()) reason = "the plugin gave no reason (result " + std::to_string(result) + ")";
    throw Error(code_of_result(result), with_place(reason, setup, place));
  }
  if (made == nullptr) throw Error(ErrorCode::unsupported, type.library->path + ": create made nothing");
  table_ = copy_in(made);
  const bool is_whole = table_.name != nullptr && table_.type != nullptr && table_.snapshotting != nullptr &&
                        table_.start != nullptr && table_.stop != nullptr && table_.destroy != nullptr;
  if (!is_whole) {
    if (table_.destroy != nullptr) table_.destroy(made);
    throw Error(ErrorCode::unsupported, type.library->path +
                                            ": its replicator lacks a function; name, type, snapshotting, start, stop "
                                            "and destroy must be there");
  }
  self_ = made;
}

void Instance::read_tables() {
  restore_ = find_table<lshost_restore>(self_, table_, LSHOST_EXT_RESTORE);
  if (restore_ && (restore_->list == nullptr || restore_->open == nullptr)) restore_.reset();
  retention_ = find_table<lshost_retention>(self_, table_, LSHOST_EXT_RETENTION);
  if (retention_ && retention_->remove == nullptr) retention_.reset();
  health_ = find_table<lshost_health>(self_, table_, LSHOST_EXT_HEALTH);
  if (health_ && health_->probe == nullptr) health_.reset();
}

}  // namespace lshost::plugin
